"""A saved plan is applied only where the manifests that are at hand give the same again: the file itself is not trusted."""

from __future__ import annotations

import json

import pytest

from regsync.core.canonical import canonical_json, document_digest
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


def forged(shell: Shell, manifest: str, *options: str) -> list[str]:
    """A plan that was made from another manifest, with the block of the manifest and the digest of the one that was reviewed."""
    real = shell.json("plan.json")
    shell.write("other.yaml", manifest)
    assert shell("plan", "other.yaml", "-o", "forged.json", *options).code == 0
    plan = shell.json("forged.json")
    plan["manifest"], plan["desired"] = real["manifest"], real["desired"]
    plan["digest"] = document_digest(plan)
    shell.write("forged.json", canonical_json(plan) + "\n")
    return ["apply", "forged.json", "--expect-manifests", "moves.yaml"]


FORGED = {
    "an alias that goes elsewhere": (
        MOVES.replace("detector:v1", "detector:v5"),
        "model/fraud:production would be set to",
    ),
    "an alias that the manifests do not name": (
        MOVES + "          shadow: acme-ml/fraud/detector:v1\n",
        "model/fraud:shadow: planning again does not give set-alias any more",
    ),
    "a collection that the manifests are not about": (
        MOVES + "      other:\n        type: model\n        tags: [taken]\n",
        "model/other: the manifests do not ask for",
    ),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_plan_with_the_reviewed_manifests_in_it_is_refused(planned: Shell, what: str) -> None:
    manifest, words = FORGED[what]
    before = planned.aliases()
    answer = planned(*forged(planned, manifest, "--allow", "mass-change"))
    assert answer.code == 5, answer
    assert "this plan is stale" in answer.err
    assert words in answer.err, answer.err
    assert planned.aliases() == before


REMOVES = MOVES.replace("staging: acme-ml/fraud/detector:v2", "shadow: absent")


def test_a_consent_that_only_the_plan_file_tells_of_is_none(shell: Shell) -> None:
    """`--allow` was given where the plan was made; whoever writes plan files could have written it in."""
    shell.write("moves.yaml", REMOVES)
    assert shell("plan", "moves.yaml", "-o", "plan.json", "--allow", "remove-alias=1").code == 0
    expecting = ["apply", "plan.json", "--expect-manifests", "moves.yaml"]
    refused = shell(*expecting)
    assert refused.code == 3
    assert "the manifests do not consent to what this plan does" in refused.err
    assert "--allow remove-alias=1" in refused.err
    assert "shadow" in shell.aliases()
    assert shell(*expecting, "--allow", "remove-alias=1").code == 0
    assert "shadow" not in shell.aliases()


def test_a_plan_of_a_part_needs_no_more_than_its_part(shell: Shell) -> None:
    assert shell("plan", "moves.yaml", "--target", "model/fraud:staging", "-o", "plan.json").code == 0
    answer = shell("apply", "plan.json", "--expect-manifests", "moves.yaml")
    assert answer.code == 0, answer.err
    assert shell.aliases() == {"production": 0, "staging": 2, "shadow": 0}


def test_finishing_what_was_cut_short_needs_the_same_manifests(planned: Shell) -> None:
    assert planned("apply", "plan.json", "--expect-manifests", "moves.yaml").code == 0
    again = planned("apply", "plan.json", "--expect-manifests", "moves.yaml")
    assert (again.code, again.out) == (0, "Already applied: every result of this plan is there.\n")
