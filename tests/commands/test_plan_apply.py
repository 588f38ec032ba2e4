"""The daily work: plan, save, show, apply, plan again; and what each command answers to a script."""

from __future__ import annotations

import json

from tests.commands.shell import Shell


def test_plan_apply_plan(shell: Shell) -> None:
    planned = shell("plan", "moves.yaml", "-o", "plan.json")
    assert planned.code == 0
    assert "move alias 🔒 production" in planned.out
    assert "v0 → v1 (acme-ml/fraud/detector:v0 → v1)" in planned.out
    assert "1 to add, 2 to change, 0 to remove" in planned.out
    assert shell.aliases() == {"production": 0, "staging": 1, "shadow": 0}, "planning never writes"

    applied = shell("apply", "plan.json")
    assert applied.code == 0
    assert "Apply done: 3 done." in applied.out
    assert shell.aliases() == {"production": 1, "staging": 2, "shadow": 0}

    again = shell("plan", "moves.yaml", "--detailed-exitcode")
    assert again.code == 0
    assert "No changes" in again.out


def test_exit_codes_for_scripts(shell: Shell) -> None:
    assert shell("plan", "moves.yaml").code == 0
    assert shell("plan", "moves.yaml", "--detailed-exitcode").code == 2
    assert shell("drift", "moves.yaml").code == 2
    assert shell("apply", "moves.yaml", "--auto-approve").code == 0
    assert shell("plan", "moves.yaml", "--detailed-exitcode").code == 0
    assert shell("drift", "moves.yaml").code == 0
    assert shell("apply", "moves.yaml", "--auto-approve").out == "Nothing to do: live is as declared.\n"


def test_usage_errors_are_exit_1_and_name_what_was_meant(shell: Shell) -> None:
    for args in (["plna"], ["plan", "moves.yaml", "--formt", "json"], ["local", "seeed"], ["show"]):
        answer = shell(*args)
        assert answer.code == 1, args
        assert answer.out == ""
    assert "did you mean 'plan'" in shell("plna", "moves.yaml").err
    assert shell("--help").code == 0
    assert shell("--version").out.startswith("regsync ")


def test_json_on_stdout_is_the_saved_plan_and_nothing_else(shell: Shell) -> None:
    answer = shell("plan", "moves.yaml", "--format", "json", "-o", "plan.json")
    assert json.loads(answer.out) == shell.json("plan.json")
    assert shell("show", "plan.json", "--format", "json").out == answer.out
    assert shell("show", "plan.json").out == shell("plan", "moves.yaml").out


def test_the_same_plan_is_the_same_bytes(shell: Shell) -> None:
    for name in ("one.json", "two.json"):
        shell("plan", "moves.yaml", "-o", name)
    assert (shell.folder / "one.json").read_bytes() == (shell.folder / "two.json").read_bytes()


def test_without_a_terminal_nothing_is_applied_unasked(shell: Shell) -> None:
    answer = shell("apply", "moves.yaml")
    assert answer.code == 1
    assert "--auto-approve" in answer.err
    assert shell.aliases()["production"] == 0


def test_a_hazard_needs_consent_by_name_and_number(shell: Shell, edit: object) -> None:
    shell.write(
        "remove.yaml",
        "apiVersion: regsync/v1\nregistries: {model: {collections: {fraud: {aliases: {shadow: absent}}}}}\n",
    )
    refused = shell("plan", "remove.yaml", "-o", "plan.json")
    assert refused.code == 3
    assert "--allow remove-alias=1" in refused.out
    assert shell.json("plan.json")["applyable"] is False
    applied = shell("apply", "plan.json")
    assert applied.code == 3
    assert "--allow remove-alias=1" in applied.err
    assert "shadow" in shell.aliases()
    assert shell("plan", "remove.yaml", "--allow", "remove-alias=1", "-o", "plan.json").code == 0
    assert shell("apply", "plan.json").code == 0
    assert "shadow" not in shell.aliases()


def test_target_and_exclude_cut_the_plan_down_and_say_so(shell: Shell) -> None:
    only = shell("plan", "moves.yaml", "--target", "model/fraud:staging", "--format", "json")
    kinds = [(op["kind"], op["address"]) for op in json.loads(only.out)["operations"]]
    assert kinds == [("link-version", "model/fraud"), ("set-alias", "model/fraud:staging")]
    assert json.loads(only.out)["complete"] is False
    rest = shell("plan", "moves.yaml", "--exclude", "model/fraud:staging", "--format", "json")
    assert [op["address"] for op in json.loads(rest.out)["operations"]] == ["model/fraud:production"]
    wrong = shell("plan", "moves.yaml", "--target", "model/fruad")
    assert wrong.code == 1
    assert "model/fruad is not declared" in wrong.err


def test_drift_tells_who_moved(shell: Shell, edit: object) -> None:
    assert shell("apply", "moves.yaml", "--auto-approve").code == 0
    shell.write(
        "person.yaml", "apiVersion: regsync/v1\nregistries: {model: {collections: {fraud: {aliases: {staging: v0}}}}}\n"
    )
    assert shell("apply", "person.yaml", "--auto-approve", REGSYNC_STATE_DIR="elsewhere").code == 0
    answer = shell("drift", "moves.yaml")
    assert answer.code == 2
    assert "alice moved it in the registry since the last apply" in answer.out


def test_why_names_the_line_the_live_value_and_the_rule(shell: Shell) -> None:
    answer = shell("why", "model/fraud:production", "moves.yaml")
    assert "moves.yaml:9:11" in answer.out
    assert "v0 = acme-ml/fraud/detector:v0" in answer.out
    assert "an apply would change it" in answer.out
    assert "unlisted aliases are kept" in shell("why", "model/fraud:shadow", "moves.yaml").out


def test_undo_leads_back(shell: Shell) -> None:
    before = shell.aliases()
    shell("apply", "moves.yaml", "--auto-approve", "--receipt", "receipt.json")
    refused = shell("undo", "receipt.json", "-o", "undo.json")
    assert refused.code == 3
    assert "unlink-version" in refused.out
    allowed = shell(
        "undo", "receipt.json", "-o", "undo.json", "--allow", "unlink-version=1", "--allow", "latest-moves=1"
    )
    assert allowed.code == 0, allowed.out
    assert shell("apply", "undo.json").code == 0
    assert shell.aliases() == before


def test_quiet_says_nothing_but_errors(shell: Shell) -> None:
    assert shell("-q", "apply", "moves.yaml", "--auto-approve").err == ""


def test_completion_scripts(shell: Shell) -> None:
    for name in ("bash", "zsh", "fish"):
        answer = shell("completion", name)
        assert answer.code == 0
        assert "_REGSYNC_COMPLETE" in answer.out


def test_why_says_what_goes_with_its_parent_and_what_is_no_address_at_all(shell: Shell) -> None:
    shell.write("gone.yaml", "apiVersion: regsync/v1\nregistries: {model: {collections: {fraud: absent}}}\n")
    gone = shell("why", "model/fraud:production", "gone.yaml")
    assert "its collection is declared absent" in gone.out
    assert "delete collection model/fraud" in gone.out
    assert "v0 = acme-ml/fraud/detector:v0" in shell("why", "model/other:production", "gone.yaml").out
    assert "v1 = acme-ml/fraud/detector:v1" in shell("why", "model/fraud:latest", "moves.yaml").out
    typo = shell("why", "modle/fraud", "moves.yaml")
    assert typo.code == 1
    assert "did you mean 'model'" in typo.err


def test_a_change_that_was_taken_back_can_be_planned_and_applied_again(shell: Shell) -> None:
    """The second plan is the first one, byte for byte: what tells them apart is that somebody planned again."""
    body = "apiVersion: regsync/v1\nregistries: {model: {collections: {fraud: {aliases: {production: v1}}}}}\n"
    shell.write("move.yaml", body)
    shell("plan", "move.yaml", "-o", "plan.json")
    shell("apply", "plan.json", "--receipt", "receipt.json")
    assert shell("undo", "receipt.json", "-o", "undo.json").code == 0
    assert shell("apply", "undo.json").code == 0
    assert shell("apply", "plan.json").code == 5, "the old plan is not applied a second time"
    assert shell("plan", "move.yaml", "-o", "again.json").code == 0
    assert shell.json("again.json") == shell.json("plan.json")
    assert shell("apply", "again.json").code == 0
    assert shell.aliases()["production"] == 1
    shell.write("back.yaml", body.replace("v1}}}}", "v0}}}}"))
    assert shell("apply", "back.yaml", "--auto-approve").code == 0
    assert shell("apply", "move.yaml", "--auto-approve").code == 0
