"""Habits of the hands: what people type out of habit is done, or answered with what they meant."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
import pytest

from regsync.commands import COMMANDS, GROUPS, cli
from tests.commands.shell import Shell, shell
from tests.docs.test_docs import every_command

__all__ = ["shell"]


@pytest.fixture
def folder(shell: Shell) -> Iterator[Shell]:
    """A folder with one manifest, and YAML of other tools beside it: the quickstart's own seed, say."""
    for path in shell.folder.glob("*.yaml"):
        if path.name not in {"moves.yaml", "seed.yaml"}:
            path.unlink()
    shell.write("seed.yaml", "organization: acme\nusers: {alice: {api_key: x}}\nregistries: {model: {}}\n")
    shell.write("mkdocs.yml", "site_name: docs\n")
    shell.write("deploy.yaml", "apiVersion: apps/v1\nkind: Deployment\n")
    yield shell


@pytest.mark.parametrize(
    "command",
    [["plan"], ["drift"], ["validate"], ["render"], ["graph"], ["why", "model/fraud:production"], ["apply", "--auto-approve"],
     ["promote", "model/fraud", "--from", "production", "--to", "staging"]],
    ids=lambda command: str(command[0]),
)  # fmt: skip
def test_the_current_folder_is_read_and_other_yaml_in_it_is_named_and_passed_over(
    folder: Shell, command: list[str]
) -> None:
    answer = folder(*command)
    assert answer.code == (2 if command == ["drift"] else 0), answer.err
    assert "passed over" in answer.err
    for name in ("seed.yaml", "mkdocs.yml", "deploy.yaml"):
        assert name in answer.err


@pytest.mark.parametrize(
    "start", ["apiVersion: regsnc/v1\n", "apiVersion: Regsync/v1\n", "", "apiversion: regsync/v1\n"]
)
def test_what_looks_like_a_manifest_is_never_passed_over(folder: Shell, start: str) -> None:
    folder.write("typing-error.yaml", f"{start}registries: {{model: {{}}}}\n")
    answer = folder("plan")
    if start == "apiVersion: regsnc/v1\n":
        assert "typing-error.yaml" in answer.err
    else:
        assert answer.code == 1
        assert "typing-error.yaml" in answer.err


def test_help_as_a_command(shell: Shell) -> None:
    assert shell("help", "plan").out == shell("plan", "-h").out
    assert "user add" in shell("help", "local", "user", "add").out
    wrong = shell("help", "plna")
    assert wrong.code == 1
    assert "did you mean 'plan'" in wrong.err


def test_every_command_stands_in_one_group_and_has_an_example() -> None:
    assert sorted(name for group in GROUPS.values() for name in group) == sorted(COMMANDS)
    for name, command in every_command(cli, "regsync"):
        if name != "regsync":
            with click.Context(command, info_name=name, **cli.context_settings) as context:
                text = command.get_help(context)
            assert "Example:\n" in text, name
            if not isinstance(command, click.Group) and name != "regsync completion":
                assert f"{name.split()[-1]} " in text[text.index("Example:") :] + " ", name


def test_one_dash_is_answered_with_two(shell: Shell) -> None:
    for given, meant in (("-out=p.json", "--out=p.json"), ("-target=model", "--target=model"), ("-out", "--out")):
        answer = shell("plan", "moves.yaml", given)
        assert answer.code == 1
        assert meant in answer.err
    assert not (shell.folder / "ut=p.json").exists()


def test_a_saved_plan_is_no_manifest(shell: Shell) -> None:
    assert shell("plan", "moves.yaml", "-o", "p.json").code == 0
    answer = shell("plan", "p.json")
    assert answer.code == 1
    assert "p.json is a saved plan" in answer.err
    assert "regsync apply p.json" in answer.err


def test_a_key_of_wandb_beside_no_registry_file_names_the_backend(shell: Shell) -> None:
    answer = shell("--backend", "local", "plan", "moves.yaml", WANDB_API_KEY="k" * 40, REGSYNC_BACKEND="")
    if (shell.folder / ".regsync" / "registry.db").exists():
        (shell.folder / ".regsync" / "registry.db").unlink()
        answer = shell("--backend", "local", "plan", "moves.yaml", WANDB_API_KEY="k" * 40)
    assert answer.code == 1
    assert "--backend wandb" in answer.err


def test_the_newest_receipt_is_listed_first_and_taken_back(shell: Shell) -> None:
    assert "nothing was applied from here" in shell("receipts").err
    assert shell("undo", "--last").code == 1
    assert shell("apply", "moves.yaml", "--auto-approve").code == 0
    listed = json.loads(shell("receipts", "--format", "json").out)["receipts"]
    assert [each["result"] for each in listed] == ["done"]
    assert listed[0]["file"] in shell("receipts").out
    undone = shell("undo", "--last", "--allow", "unlink-version", "--allow", "latest-moves", "-o", "undo.json")
    assert undone.code == 0, undone.out
    assert "The manifests still ask for what this takes back" in undone.out
    assert "next: `regsync apply undo.json`" in undone.err
    assert shell("apply", "undo.json").code == 0
    assert len(json.loads(shell("receipts", "--format", "json").out)["receipts"]) == 2
    both = shell("undo", "--last", listed[0]["file"])
    assert both.code == 1


def test_the_state_folder_lies_at_the_root_of_the_repository(shell: Shell) -> None:
    (shell.folder / ".git").mkdir()
    below = shell.folder / "registries"
    below.mkdir()
    registry = shell.folder / ".regsync" / "registry.db"
    answer = Shell(below)("--backend", f"local:{registry}", "apply", "../moves.yaml", "--auto-approve")
    assert answer.code == 0, answer.err
    assert list((shell.folder / ".regsync" / "receipts").glob("*.json"))
    assert not (below / ".regsync").exists()


def test_verbose_says_something_on_a_file(shell: Shell) -> None:
    assert "the registry is the file" in shell("-v", "plan", "moves.yaml").err


def test_an_apply_ends_with_the_way_back_and_a_plan_with_the_way_on(shell: Shell) -> None:
    planned = shell("plan", "moves.yaml", "-o", "plan.json")
    assert planned.err.splitlines()[-1] == "next: `regsync apply plan.json`"
    applied = shell("apply", "plan.json")
    assert applied.err.splitlines()[-1].startswith("to take it back: `regsync undo .regsync/receipts/")


def test_a_new_alias_is_asked_about_and_a_typing_error_is_named(shell: Shell) -> None:
    before = (shell.folder / "moves.yaml").read_text()
    for command in (
        ["promote", "model/fraud", "--from", "staging", "--to", "prodution", "moves.yaml"],
        ["set", "model/fraud:prodution=v1", "moves.yaml"],
    ):
        answer = shell(*command)
        assert answer.code == 1
        assert "did you mean 'production'" in answer.err
        assert "--yes" in answer.err
        assert (shell.folder / "moves.yaml").read_text() == before
    assert shell("promote", "model/fraud", "--from", "staging", "--to", "canary", "moves.yaml").code == 1
    assert shell("promote", "model/fraud", "--from", "staging", "--to", "canary", "--yes", "moves.yaml").code == 0
    assert shell("set", "model/fraud:blue=v1", "moves.yaml").code == 0


def test_on_a_runner_nothing_printed_is_a_command(shell: Shell) -> None:
    hostile = "::set-output name=x::y ##[add-path]z"
    shell.write(
        "hostile.yaml",
        "apiVersion: regsync/v1\nregistries: {model: {collections: {fraud: {aliases: {staging: v0}, description: "
        f"'{hostile}'}}}}}}}}\n",
    )
    for command in (["plan", "hostile.yaml"], ["plan", "hostile.yaml", "--format", "markdown"], ["render", "hostile.yaml"],
                    ["plan", "::error::x.yaml"], ["plan", "##[x].yaml"], ["why", "::model"]):  # fmt: skip
        answer = shell(*command, GITHUB_ACTIONS="true")
        for line in (answer.out + answer.err).splitlines():
            assert not line.lstrip().startswith("::")
            assert "##[" not in line
    on_runner, at_home = (
        shell("plan", "hostile.yaml", "--format", "json", **env) for env in ({"GITHUB_ACTIONS": "true"}, {})
    )
    assert "##[" not in on_runner.out
    assert json.loads(on_runner.out) == json.loads(at_home.out)
