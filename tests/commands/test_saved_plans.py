"""A saved plan is applied exactly, on the place it was made for, or not at all; a refusal changes nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from regsync.core.canonical import canonical_json, document_digest
from tests.commands.shell import Shell


@pytest.fixture
def planned(shell: Shell) -> Iterator[Shell]:
    """With `plan.json`. Every test here ends in a refusal, and then nothing in the registry may have changed."""
    assert shell("plan", "moves.yaml", "-o", "plan.json").code == 0
    before = (shell.folder / ".regsync" / "registry.db").read_bytes()
    yield shell
    assert (shell.folder / ".regsync" / "registry.db").read_bytes() == before


def test_cut_short(planned: Shell) -> None:
    text = (planned.folder / "plan.json").read_text(encoding="utf-8")
    for length in (0, 1, len(text) // 2, len(text) - 2):
        planned.write("plan.json", text[:length])
        for command in ("apply", "show"):
            answer = planned(command, "plan.json")
            assert answer.code == 1
            assert "plan.json is not whole" in answer.err


@pytest.mark.parametrize(
    "text", ["[]", "{}", "null", '{"format": 7}', '{"format": "regsync/receipt/v1"}', "NaN", "[" * 100_000]
)
def test_not_a_plan(planned: Shell, text: str) -> None:
    planned.write("plan.json", text)
    assert planned("apply", "plan.json").code == 1


def test_binary(planned: Shell) -> None:
    (planned.folder / "plan.json").write_bytes(bytes(range(256)))
    assert planned("apply", "plan.json").code == 1


def test_of_a_newer_format(planned: Shell) -> None:
    plan = planned.json("plan.json") | {"format": "regsync/plan/v2"}
    planned.write("plan.json", json.dumps(plan))
    answer = planned("apply", "plan.json")
    assert answer.code == 1
    assert "has format regsync/plan/v2" in answer.err


def test_edited_by_hand(planned: Shell) -> None:
    plan = planned.json("plan.json")
    plan["operations"][-1]["address"] = "model/other:production"
    planned.write("plan.json", json.dumps(plan))
    answer = planned("apply", "plan.json")
    assert answer.code == 5
    assert "was changed after it was made" in answer.err


def test_edited_so_that_it_is_applyable(planned: Shell) -> None:
    """The digest is no signature: whoever edits a plan can recompute it. What is live still has the last word."""
    plan = planned.json("plan.json")
    plan["operations"][-1]["before"]["artifact_id"] = "somebody-else"
    plan["digest"] = document_digest(plan)
    planned.write("plan.json", canonical_json(plan))
    answer = planned("apply", "plan.json")
    assert answer.code == 5


def test_malformed_with_a_fitting_digest(planned: Shell) -> None:
    for damage in ({"operations": [{}]}, {"destination": {}}, {"read": None}, {"hazards": 3}):
        plan = planned.json("plan.json") | damage
        plan["digest"] = document_digest(plan)
        planned.write("broken.json", canonical_json(plan))
        answer = planned("apply", "broken.json")
        assert answer.code == 1
        assert "malformed" in answer.err


def test_for_another_file(planned: Shell) -> None:
    shutil.copy(planned.folder / ".regsync" / "registry.db", planned.folder / "copy.db")
    answer = planned("--backend", "local:copy.db", "apply", "plan.json")
    assert answer.code == 5
    assert "another destination" in answer.err
    assert "copy.db" in answer.err


def test_for_another_registry_at_the_same_path(shell: Shell) -> None:
    shell("plan", "moves.yaml", "-o", "plan.json")
    shutil.rmtree(shell.folder / ".regsync")
    assert shell("local", "seed", "seed.yaml").code == 0
    answer = shell("apply", "plan.json")
    assert answer.code == 5
    assert "instance" in answer.err


def test_options_that_would_widen_it(planned: Shell) -> None:
    assert planned("apply", "plan.json", "--allow", "remove-alias").code == 1
    assert planned("apply", "plan.json", "moves.yaml").code == 1
    assert planned("apply", "plan.json", "--var", "a=b").code == 1


def test_applied_twice_writes_nothing_the_second_time(shell: Shell) -> None:
    shell("plan", "moves.yaml", "-o", "plan.json")
    assert shell("apply", "plan.json").code == 0
    before = (shell.folder / ".regsync" / "registry.db").read_bytes()
    again = shell("apply", "plan.json")
    assert again.code == 0
    assert "Already applied" in again.out
    assert (shell.folder / ".regsync" / "registry.db").read_bytes() == before


def test_applied_and_taken_back_by_somebody(shell: Shell) -> None:
    shell("plan", "moves.yaml", "-o", "plan.json")
    assert shell("apply", "plan.json").code == 0
    shell.write(
        "back.yaml",
        "apiVersion: regsync/v1\nregistries: {model: {collections: {fraud: {aliases: {production: v0}}}}}\n",
    )
    assert shell("apply", "back.yaml", "--auto-approve").code == 0
    answer = shell("apply", "plan.json")
    assert answer.code == 5
    assert "was applied before" in answer.err
    assert shell.aliases()["production"] == 0


def test_something_moved_that_it_stands_on(shell: Shell) -> None:
    shell("plan", "moves.yaml", "-o", "plan.json")
    shell.write(
        "person.yaml", "apiVersion: regsync/v1\nregistries: {model: {collections: {fraud: {aliases: {staging: v0}}}}}\n"
    )
    assert shell("apply", "person.yaml", "--auto-approve").code == 0
    answer = shell("apply", "plan.json")
    assert answer.code == 5
    assert "model/fraud:staging was moved from v1 to v0 (" in answer.err
    assert shell.aliases()["production"] == 0


def test_something_moved_that_no_operation_stands_on(shell: Shell) -> None:
    shell("plan", "moves.yaml", "-o", "plan.json")
    shell.write(
        "person.yaml", "apiVersion: regsync/v1\nregistries: {model: {collections: {fraud: {aliases: {shadow: v1}}}}}\n"
    )
    assert shell("apply", "person.yaml", "--auto-approve").code == 0
    assert shell("apply", "plan.json").code == 0
    assert shell.aliases() == {"production": 1, "staging": 2, "shadow": 1}


def test_something_moved_outside_of_its_scope(shell: Shell) -> None:
    shell("plan", "moves.yaml", "-o", "plan.json")
    shell.write(
        "person.yaml",
        "apiVersion: regsync/v1\n"
        "registries: {model: {collections: {other: {aliases: {production: acme-ml/fraud/detector:v5}}}}}\n",
    )
    assert shell("apply", "person.yaml", "--auto-approve").code == 0
    assert shell("apply", "plan.json").code == 0
