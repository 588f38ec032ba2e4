"""Guarantee 7 where it is hard: renames with deletions, links that move `latest`, plans that were applied and taken back before.

Each is cut at every point of its apply; the same command again, with no more consent than before, finishes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from regsync.local.store import aliases, artifacts, collections
from regsync.local.store.database import Transaction
from tests.backends.wandb.script import DETECTOR
from tests.backends.wandb.worlds import KEYS, PEOPLE, write_world
from tests.guarantees.grounds import Ended, Job, Zygote
from tests.guarantees.test_staleness import Person, as_person

Json = dict[str, Any]


def versions(*numbers: int) -> list[str]:
    return [f"{DETECTOR}:v{number}" for number in numbers]


class Copy:
    """A working copy with a manifest, and a registry that is as at first whenever it is wanted so."""

    def __init__(self, folder: Path, zygote: Zygote, registries: Json, manifest: Json) -> None:
        self.folder, self.zygote = folder, zygote
        self.first = write_world(folder / "first.db", {**PEOPLE, "registries": registries})
        self.declare(manifest)
        self.reset()

    @property
    def file(self) -> Path:
        return self.folder / "registry.db"

    def declare(self, manifest: Json) -> None:
        text = yaml.safe_dump({"apiVersion": "regsync/v1", "organization": "acme", "registries": manifest})
        (self.folder / "registry.yaml").write_text(text, encoding="utf-8")

    def reset(self) -> None:
        shutil.copy(self.first, self.file)
        for path in (self.folder / ".regsync").rglob("*"):
            if path.is_file():
                path.unlink()

    def run(self, *arguments: str, cut: int = 0) -> Ended:
        environment = {"HOME": str(self.folder), "WANDB_API_KEY": KEYS["alice"]}
        backend = ["--backend", "local:registry.db"]
        return self.zygote.run(Job(self.folder, environment, [*backend, *arguments], cut, batch=1))

    def cut_all_over(self, *command: str, plan: tuple[str, ...] = ()) -> None:
        """Kill the command at every fourth point; run it again. `plan`: what makes its plan each time."""
        points = len(self._fresh(plan).run(*command).points)
        assert points > 20
        for number in range(2, points + 1, 4):
            assert self._fresh(plan).run(*command, cut=number).killed
            again = self.run(*command)
            assert again.code == 0, (number, again.out, again.err)
            assert self.run("plan", "registry.yaml", "--detailed-exitcode").code == 0

    def _fresh(self, plan: tuple[str, ...]) -> Copy:
        self.reset()
        assert not plan or self.run(*plan).code == 0
        return self


MANIFESTS = ("apply", "registry.yaml", "--auto-approve")


def test_a_deletion_in_a_registry_that_is_renamed_by_the_same_plan(quick: Path, zygote: Zygote) -> None:
    live = {
        "old": {
            "members": {"bob": "member"},
            "collections": {
                "doomed": {"type": "model", "versions": versions(0), "aliases": {"a": "v0"}},
                "before": {"type": "model", "versions": versions(1)},
            },
        }
    }
    wanted = {
        "new": {
            "previously": "old",
            "members": {"bob": "absent"},
            "collections": {
                "doomed": "absent",
                "after": {"type": "model", "previously": "before", "aliases": {"b": "v0"}},
            },
        }
    }
    copy = Copy(quick, zygote, live, wanted)
    consents = ("--allow", "delete-collection=1")
    copy.cut_all_over("apply", "plan.json", plan=("plan", "registry.yaml", "-o", "plan.json", *consents))
    copy.cut_all_over(*MANIFESTS, *consents)


@pytest.mark.parametrize("linked", [(), (4,)], ids=["a new collection", "one that has links"])
def test_links_that_move_latest_back_and_forth(quick: Path, zygote: Zygote, linked: tuple[int, ...]) -> None:
    """An older version is linked last. What a cut run has linked is no reason to ask for a consent that was not needed before."""
    live = {"model": {"collections": {"c": {"type": "model", "versions": versions(*linked)}} if linked else {}}}
    block = {"type": "model", "versions": versions(*linked, 5), "aliases": {"stable": versions(2)[0]}}
    copy = Copy(quick, zygote, live, {"model": {"collections": {"c": block}}})
    asked = copy.run("plan", "registry.yaml")
    consents = ("--allow", "latest-moves=1") if linked else ()
    assert asked.code == (3 if linked else 0), asked.out
    copy.cut_all_over(*MANIFESTS, *consents)


def test_latest_that_falls_behind_what_is_linked_before_is_asked_about_at_once(quick: Path, zygote: Zygote) -> None:
    live = {"model": {"collections": {"c": {"type": "model", "versions": versions(0)}}}}
    block = {"type": "model", "versions": versions(0, 5), "aliases": {"stable": versions(2)[0]}}
    shown = Copy(quick, zygote, live, {"model": {"collections": {"c": block}}}).run("plan", "registry.yaml")
    assert shown.code == 3
    assert f"latest moves from v0 ({DETECTOR}:v0) to {DETECTOR}:v2, an older version than {DETECTOR}:v5" in shown.out


def test_what_a_finished_apply_has_linked_is_asked_about_as_ever(quick: Path, zygote: Zygote) -> None:
    block = {"type": "model", "versions": versions(5), "aliases": {"stable": versions(2)[0]}}
    copy = Copy(quick, zygote, {"model": {}}, {"model": {"collections": {"c": block}}})
    assert copy.run(*MANIFESTS).code == 0
    as_person(copy.file, lambda person: aliases.remove_aliases(person.tx, person.collection("c"), ["stable"]))
    as_person(copy.file, lambda person: person.unlink(2, "c"))
    refused = copy.run(*MANIFESTS)
    assert refused.code == 3 and "latest-moves" in refused.err, refused


# Applied before ----------------------------------------------------------------------------------------------------------

LIVE = {
    "model": {"collections": {"c": {"type": "model", "versions": versions(0, 1), "aliases": {"a": "v0", "b": "v0"}}}}
}
MOVES = {"model": {"collections": {"c": {"type": "model", "description": "d", "aliases": {"a": "v1", "b": "v1"}}}}}


@contextmanager
def taken_back(folder: Path, zygote: Zygote) -> Iterator[Copy]:
    """The plan was applied, and then undone: the registry is as before, and so the next plan is the same, byte for byte."""
    copy = Copy(folder, zygote, LIVE, MOVES)
    assert copy.run("plan", "registry.yaml", "-o", "plan.json").code == 0
    first = told(copy)
    assert copy.run("apply", "plan.json", "--receipt", "receipt.json").code == 0
    assert copy.run("undo", "receipt.json", "-o", "undo.json").code == 0
    assert copy.run("apply", "undo.json").code == 0
    assert copy.run("apply", "plan.json").code == 5, "nobody has planned it again"
    yield copy
    assert told(copy) == first


def told(copy: Copy) -> dict[str, Any]:
    """The plan, but for who moved what by hand since the last apply: that is told of the moves that these tests make."""
    document: dict[str, Any] = json.loads((copy.folder / "plan.json").read_text(encoding="utf-8"))
    del document["digest"], document["moved_by_hand"]
    for operation in document["operations"]:
        operation["notes"] = [each for each in operation["notes"] if not each.startswith("moved by hand")]
    return document


@pytest.mark.parametrize("how", ["-o", "--format json"])
def test_it_can_be_planned_again_and_cut_anywhere(quick: Path, zygote: Zygote, how: str) -> None:
    with taken_back(quick, zygote) as copy:
        number = 1
        while True:
            planned = copy.run("plan", "registry.yaml", *(["-o", "plan.json"] if how == "-o" else ["--format", "json"]))
            assert planned.code == 0
            if how != "-o":
                (copy.folder / "plan.json").write_text(planned.out, encoding="utf-8")
            cut = copy.run("apply", "plan.json", cut=number)
            again = copy.run("apply", "plan.json")
            assert again.code == 0, (number, again.err)
            if not cut.killed:
                break
            undone(copy)
            number += 9
        assert number > 20


def undone(copy: Copy) -> None:
    """Everything back to the first state, by hand."""

    def back(person: Person) -> None:
        collection = person.collection("c")
        collections.set_description(person.tx, collection, None)
        aliases.set_aliases(person.tx, collection, 0, ["a", "b"])

    as_person(copy.file, back)


def test_the_hint_names_a_way_that_works(quick: Path, zygote: Zygote) -> None:
    """Planned in another working copy, where no note of it can arrive."""
    with taken_back(quick, zygote) as copy:
        refused = copy.run("apply", "plan.json")
        assert (
            "plan again in this working copy and review the new plan, or apply the manifests themselves" in refused.err
        )
        assert copy.run("apply", "registry.yaml", "--auto-approve").code == 0


# What is to be linked ----------------------------------------------------------------------------------------------------


def delete_source(number: int) -> Any:
    def act(person: Person) -> None:
        tx: Transaction = person.tx
        artifacts.delete(tx, person.source(number))

    return act


def change_source(person: Person) -> None:
    person.tx.run("UPDATE artifacts SET digest = ? WHERE id = ?", "e" * 32, person.source(3).id)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (delete_source(3), f"{DETECTOR}:v3 was deleted"),
        (change_source, f"{DETECTOR}:v3 is another version than it was"),
    ],
    ids=["deleted", "changed"],
)
def test_a_source_that_is_not_what_it_was_makes_a_plan_stale(quick: Path, zygote: Zygote, act: Any, words: str) -> None:
    """Before the first write: the alias that could be moved is not."""
    wanted = {"model": {"collections": {"c": {"type": "model", "aliases": {"a": "v1", "canary": versions(3)[0]}}}}}
    copy = Copy(quick, zygote, LIVE, wanted)
    assert copy.run("plan", "registry.yaml", "-o", "plan.json").code == 0
    as_person(copy.file, act)
    before = copy.file.read_bytes()
    stale = copy.run("apply", "plan.json")
    assert stale.code == 5, stale.err
    assert words in stale.err
    assert copy.file.read_bytes() == before


def test_a_receipt_that_ended_stale_does_not_promise_that_running_again_finishes(quick: Path, zygote: Zygote) -> None:
    copy = Copy(quick, zygote, LIVE, MOVES)
    assert copy.run("plan", "registry.yaml", "-o", "plan.json").code == 0
    points = copy.run("apply", "plan.json").points
    copy.reset()
    assert copy.run("plan", "registry.yaml", "-o", "plan.json").code == 0
    last = len(points) - points[::-1].index("before perform")
    job = Job(copy.folder, {"HOME": str(quick)}, ["--backend", "local:registry.db", "apply", "plan.json"], last, 1)
    with zygote.stopped(job) as stopped:
        as_person(copy.file, lambda person: person.link(5, "c"))
        as_person(copy.file, lambda person: person.move("b", 2, "c"))
    assert stopped.ended is not None and stopped.ended.code == 4, stopped.ended
    assert "look at it, then plan again" in stopped.ended.out
    assert "Run the same command again" not in stopped.ended.out
    (receipt,) = (copy.folder / ".regsync" / "receipts").iterdir()
    for format_ in ("markdown", "html"):
        assert "plan again" in copy.run("show", str(receipt), "--format", format_).out
    assert json.loads(receipt.read_text())["result"] == "stale"
    assert copy.run("apply", "plan.json").code == 5
