"""A saved plan is applied only while the manifests are those that it was made from, where `apply` is told to look."""

from __future__ import annotations

import json

import pytest

from tests.commands.shell import MOVES, Shell

WITH_VARIABLE = MOVES.replace("detector:v1", "detector:v${number}")


@pytest.fixture
def planned(shell: Shell) -> Shell:
    assert shell("plan", "moves.yaml", "-o", "plan.json").code == 0
    return shell


def test_the_same_manifests_elsewhere_are_the_same(planned: Shell) -> None:
    (planned.folder / "merged").mkdir()
    planned.write("merged/other-name.yaml", MOVES)
    answer = planned("apply", "plan.json", "--expect-manifests", "merged")
    assert answer.code == 0, answer.err
    assert planned.aliases()["production"] == 1


def test_other_contents_are_refused_before_any_write(planned: Shell) -> None:
    planned.write("moves.yaml", MOVES.replace("detector:v2", "detector:v3"))
    answer = planned("apply", "plan.json", "--expect-manifests", "moves.yaml")
    assert answer.code == 5
    assert "not those that this plan was made from: not in the plan as it is now: moves.yaml" in answer.err
    assert planned.aliases() == {"production": 0, "staging": 1, "shadow": 0}


def test_a_file_more_and_a_file_less_are_refused(planned: Shell) -> None:
    planned.write("more.yaml", "apiVersion: regsync/v1\nregistries: {dataset: {description: More}}\n")
    more = planned("apply", "plan.json", "--expect-manifests", "moves.yaml", "--expect-manifests", "more.yaml")
    assert more.code == 5
    assert "as it is now: more.yaml" in more.err
    less = planned("apply", "plan.json", "--expect-manifests", "more.yaml")
    assert less.code == 5
    assert "not here as it was: moves.yaml" in less.err


def test_other_variables_are_refused(shell: Shell) -> None:
    shell.write("moves.yaml", WITH_VARIABLE)
    assert shell("plan", "moves.yaml", "--var", "number=1", "-o", "plan.json").code == 0
    other = shell("apply", "plan.json", "--expect-manifests", "moves.yaml", "--var", "number=0")
    assert other.code == 5
    assert "variables" in other.err
    assert shell("apply", "plan.json", "--expect-manifests", "moves.yaml", "--var", "number=1").code == 0


def test_another_organization_option_is_refused(planned: Shell) -> None:
    answer = planned("--organization", "acme", "apply", "plan.json", "--expect-manifests", "moves.yaml")
    assert answer.code == 5
    assert "organization differ" in answer.err


def test_broken_manifests_are_an_error_with_places(planned: Shell) -> None:
    planned.write("moves.yaml", "apiVersion: regsync/v1\nregistries: 1\n")
    answer = planned("apply", "plan.json", "--expect-manifests", "moves.yaml")
    assert answer.code == 1
    assert "moves.yaml:2:" in answer.err


def test_it_goes_with_a_saved_plan_that_was_made_from_manifests(planned: Shell) -> None:
    answer = planned("apply", "moves.yaml", "--expect-manifests", "moves.yaml")
    assert answer.code == 1
    assert "goes with a saved plan" in answer.err
    assert planned("apply", "plan.json", "--receipt", "receipt.json").code == 0
    assert planned("undo", "receipt.json", "-o", "undo.json").code == 3
    assert json.loads((planned.folder / "undo.json").read_text())["undoes"]
    undo = planned("apply", "undo.json", "--expect-manifests", "moves.yaml")
    assert undo.code == 1
    assert "takes back a receipt" in undo.err


def test_finishing_what_was_cut_short_needs_the_same_manifests(planned: Shell) -> None:
    assert planned("apply", "plan.json", "--expect-manifests", "moves.yaml").code == 0
    again = planned("apply", "plan.json", "--expect-manifests", "moves.yaml")
    assert (again.code, again.out) == (0, "Already applied: every result of this plan is there.\n")
