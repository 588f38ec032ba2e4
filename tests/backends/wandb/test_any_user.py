"""A plan that one user made, with few rights, and another applies: as CI does, with two keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.wandb.script import SEED
from tests.backends.wandb.test_command import Line
from tests.backends.wandb.worlds import served, write_world

MANIFEST = """\
apiVersion: regsync/v1
registries:
  model:
    collections:
      detector:
        type: model
        aliases: {staging: v0}
"""


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with served(write_world(tmp_path / "registry.db", SEED)) as url:
        made = Line(tmp_path, url)
        made.manifest = tmp_path / "two-keys.yaml"
        made.manifest.write_text(MANIFEST)
        yield made


def test_the_key_that_writes_takes_the_plan_of_the_key_that_reads(line: Line) -> None:
    manifest = str(line.manifest)
    assert line.run("plan", manifest, "-o", "plan.json", user="bob")[0] == 0
    reader = json.loads((line.folder / "plan.json").read_text())["destination"]["user"]
    code, _, shown = line.run("apply", "plan.json")
    assert code == 5 and "another destination" in shown
    code, _, shown = line.run("apply", "plan.json", "--any-user", "--expect-manifests", manifest)
    assert code == 0, shown
    assert f"made as {reader}, applied as alice" in shown
    assert line.run("plan", manifest, "--detailed-exitcode")[0] == 0
    code, out, _ = line.run("apply", "plan.json", "--any-user")
    assert code == 0 and "Already applied" in out


def test_it_is_still_stale_where_something_moved(line: Line) -> None:
    assert line.run("plan", str(line.manifest), "-o", "plan.json", user="bob")[0] == 0
    other = line.folder / "other.yaml"
    other.write_text(MANIFEST.replace("staging: v0", "staging: absent"))
    assert line.run("apply", str(other), "--auto-approve", "--allow", "remove-alias")[0] == 0
    code, _, shown = line.run("apply", "plan.json", "--any-user")
    assert code == 5 and "stale" in shown


def test_it_goes_with_a_saved_plan(line: Line) -> None:
    code, _, shown = line.run("apply", str(line.manifest), "--any-user")
    assert code == 1 and "goes with a saved plan" in shown


MEMBERS = {
    "removes whoever is not listed": "  model:\n    members: {carol: member}\n    unlisted: {members: remove}\n",
    "gives a role to one of the two": "  model:\n    members: {bob: member}\n",
    "makes a registry with members": "  fresh:\n    members: {carol: viewer}\n",
}


@pytest.mark.parametrize("what", MEMBERS)
def test_whose_key_it_is_must_make_no_difference(line: Line, what: str) -> None:
    """alice plans, bob would apply: he would make himself an admin, or take his own role away without having been asked."""
    line.manifest.write_text("apiVersion: regsync/v1\nregistries:\n" + MEMBERS[what])
    consents = ["--allow", "irreversible", "--allow", "mass-change"]
    assert line.run("plan", str(line.manifest), "-o", "plan.json", *consents)[0] == 0
    before = (line.folder / "registry.db").read_bytes()
    code, _, shown = line.run("apply", "plan.json", "--any-user", user="bob")
    assert code == 5 and "whose key applies it makes a difference to this plan" in shown, shown
    assert (line.folder / "registry.db").read_bytes() == before


def test_the_receipt_names_the_plan_that_was_reviewed(line: Line) -> None:
    assert line.run("plan", str(line.manifest), "-o", "plan.json", user="bob")[0] == 0
    assert line.run("apply", "plan.json", "--any-user", "--receipt", "receipt.json")[0] == 0
    plan, receipt = (json.loads((line.folder / name).read_text()) for name in ("plan.json", "receipt.json"))
    assert receipt["plan"] == plan["digest"]


def test_a_change_that_was_taken_back_can_be_planned_and_taken_over_again(line: Line) -> None:
    def plan_and_apply() -> int:
        assert line.run("plan", str(line.manifest), "-o", "plan.json", user="bob")[0] == 0
        return line.run("apply", "plan.json", "--any-user", "--receipt", "receipt.json")[0]

    assert plan_and_apply() == 0
    assert line.run("undo", "receipt.json", "-o", "undo.json")[0] == 0
    assert line.run("apply", "undo.json")[0] == 0
    assert line.run("apply", "plan.json", "--any-user")[0] == 5
    assert plan_and_apply() == 0
