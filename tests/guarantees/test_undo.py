"""Undo leads back from whole and partial applies, and names each thing that it cannot bring back."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from regsync.core.canonical import canonical_json, document_digest
from regsync.core.live import LiveRegistry
from regsync.local.store import aliases
from tests.backends.wandb import script
from tests.backends.wandb.worlds import PEOPLE, everything, served, write_world
from tests.budget import is_torture, some
from tests.guarantees import history
from tests.guarantees.grounds import EVERY_CONSENT, Ended, Grounds, Zygote
from tests.guarantees.test_staleness import as_person

Json = dict[str, Any]
DETECTOR = script.DETECTOR
SEED: Json = {
    **PEOPLE,
    "registries": {
        "model": {
            "description": "as it was",
            "artifact_types": ["model"],
            "protected_aliases": ["production", "legacy"],
            "members": {"bob": "viewer", "carol": "member"},
            "collections": {
                "fraud": {
                    "type": "model",
                    "description": "as it was",
                    "tags": ["old"],
                    "versions": [f"{DETECTOR}:v0", f"{DETECTOR}:v1"],
                    "aliases": {"production": "v0", "staging": "v1", "shadow": "v1"},
                },
                "older": {"type": "model", "versions": [f"{DETECTOR}:v4"], "aliases": {"keep": "v0"}},
            },
        },
        "first name": {"collections": {"rows": {"type": "dataset"}}},
    },
}
REVERSIBLE: Json = {
    "registries": {
        "fresh": {
            "protected_aliases": ["golden"],
            "collections": {"c": {"type": "model", "tags": ["one"], "aliases": {"golden": f"{DETECTOR}:v2"}}},
        },
        "model": {
            "description": "as it is now",
            "protected_aliases": ["production", "staging", {"legacy": "absent"}],
            "members": {"bob": "admin", "carol": "absent", "team:acme-ml": "member"},
            "collections": {
                "fraud": {
                    "type": "model",
                    "description": "as it is now",
                    "tags": ["new", {"old": "absent"}],
                    "versions": [f"{DETECTOR}:v3"],
                    "aliases": {"production": f"{DETECTOR}:v5", "staging": "v0", "shadow": "absent", "canary": "v1"},
                },
                "newer": {"type": "model", "previously": "older", "aliases": {"keep": f"{DETECTOR}:v0"}},
                "made": {"type": "model", "aliases": {"best": f"{DETECTOR}:v1"}},
            },
        },
        "second name": {"previously": "first name"},
    }
}


def without_counters(file: Path) -> dict[str, LiveRegistry]:
    """What undo promises: everything but the indices that are used up."""
    found = copy.deepcopy(everything(file).registries)
    for registry in found.values():
        for collection in registry.collections.values():
            collection.next_index = None
    return found


@contextmanager
def prepared(
    folder: Path, zygote: Zygote, manifest: Json, *, seed: Json = SEED, over_http: bool = False
) -> Iterator[Grounds]:
    grounds = Grounds(folder, zygote, batch=0 if over_http else 1)
    write_world(grounds.file, seed)
    with served(grounds.file) as url:
        grounds.prepare(seed, manifest, f"wandb:{url}" if over_http else "local:registry.db")
        yield grounds


def undo(grounds: Grounds, receipt: Path, *consents: str) -> Ended:
    return grounds.run(
        ["--backend", grounds.backend, "undo", str(receipt), "-o", "undo.json", *(consents or EVERY_CONSENT)]
    )


def apply_undo(grounds: Grounds) -> Ended:
    return grounds.run(["--backend", grounds.backend, "apply", "undo.json"])


def receipts(grounds: Grounds) -> list[Path]:
    """The newest first."""
    return sorted((grounds.state / "receipts").glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)


BACKENDS = pytest.mark.parametrize("over_http", [False, True], ids=["file", "http"])


@BACKENDS
def test_a_whole_apply(quick: Path, zygote: Zygote, over_http: bool) -> None:
    with prepared(quick, zygote, REVERSIBLE, over_http=over_http) as grounds:
        before = without_counters(grounds.file)
        assert grounds.run(grounds.saved).code == 0
        (receipt,) = receipts(grounds)
        shown = undo(grounds, receipt)
        assert shown.code == 0, shown.err
        assert "Cannot be taken back" not in shown.out
        done = apply_undo(grounds)
        assert done.code == 0, done.out
        assert without_counters(grounds.file) == before
        history.check_receipts(history.events(grounds.file, grounds.before), history.receipts_in(grounds.state))
        # The first plan was overruled by the undo: it is not done again unseen.
        assert grounds.run(grounds.saved).code == 5


@pytest.mark.share
@BACKENDS
def test_an_apply_that_was_stopped_at_every_point(quick: Path, zygote: Zygote, over_http: bool) -> None:
    with prepared(quick, zygote, REVERSIBLE, over_http=over_http) as grounds:
        before = without_counters(grounds.file)
        points = len(grounds.run(grounds.saved).points)
        partial = 0
        for number in some(range(2, points + 1, 5), 3):
            grounds.reset()
            stopped = grounds.interrupt(grounds.saved, at=number)
            assert stopped.code in (0, 1, 4, 130), stopped
            for receipt in receipts(grounds):
                partial += stopped.code == 4
                assert undo(grounds, receipt).code == 0
                assert apply_undo(grounds).code == 0
            assert without_counters(grounds.file) == before, number
        assert partial > (5 if is_torture() else 1)


def test_an_apply_that_was_killed_and_finished(quick: Path, zygote: Zygote) -> None:
    """It left two receipts; taken back one after the other, the newest first, they lead back."""
    with prepared(quick, zygote, REVERSIBLE) as grounds:
        before = without_counters(grounds.file)
        points = len(grounds.run(grounds.saved).points)
        both = 0
        for number in range(points // 7, points, points // 7):
            grounds.reset()
            assert grounds.run(grounds.saved, cut=number).killed
            assert grounds.run(grounds.saved).code == 0
            found = receipts(grounds)
            both += len(found) == 2
            for receipt in found:
                assert undo(grounds, receipt).code == 0
                assert apply_undo(grounds).code == 0
            assert without_counters(grounds.file) == before
        assert both >= 4


def test_each_thing_that_cannot_be_taken_back_is_named(quick: Path, zygote: Zygote) -> None:
    with prepared(quick, zygote, script.MANIFEST, seed=script.SEED) as grounds:
        plan = json.loads((grounds.folder / "plan.json").read_text())
        foretold = {(lost["operation"], lost["why"]) for lost in plan["undo"]["irrevocable"]}
        assert grounds.run(grounds.saved).code == 0
        (receipt,) = receipts(grounds)
        shown = undo(grounds, receipt)
        _, _, lost = shown.out.partition("Cannot be taken back\n")
        for words in (
            "model: a restricted registry cannot be opened to the organization again",
            "model: an accepted artifact type cannot be removed",
            "model/detector: linked again, the version would not be v2 any more",
            "model/doomed: a deleted collection cannot be brought back: its links get other indices",
            "gone: a deleted registry cannot be brought back: its collections and indices are lost",
        ):
            assert words in lost, shown.out
        told = json.loads((grounds.folder / "undo.json").read_text())["undo"]["irrevocable"]
        assert {(each["operation"], each["why"]) for each in told} == foretold
        assert len(foretold) == 5
        assert apply_undo(grounds).code == 0
        after, goal = without_counters(grounds.file), without_counters(grounds.folder / "first.db")
        after["model"].visibility, after["model"].artifact_types = (
            goal["model"].visibility,
            goal["model"].artifact_types,
        )
        for lost_name in ("model/detector", "model/doomed"):
            place, _, name = lost_name.partition("/")
            after[place].collections.pop(name, None)
            goal[place].collections.pop(name)
        goal.pop("gone")
        assert after == goal, "everything else is back"


def test_side_effects_that_stay_are_said(quick: Path, zygote: Zygote) -> None:
    with prepared(quick, zygote, REVERSIBLE) as grounds:
        assert grounds.run(grounds.saved).code == 0
        (receipt,) = receipts(grounds)
        shown = " ".join(undo(grounds, receipt).out.split())
        assert "The index stays used up; a TTL that linking turned off is not restored." in shown
        assert "Automations that linking has started are not taken back." in shown
        assert (
            "Automations that the move has started are not taken back, and moving it back starts them again." in shown
        )
        assert "Automations that setting the alias has started are not taken back." in shown


def test_consent_is_needed_for_the_way_back_as_well(quick: Path, zygote: Zygote) -> None:
    with prepared(quick, zygote, REVERSIBLE) as grounds:
        assert grounds.run(grounds.saved).code == 0
        (receipt,) = receipts(grounds)
        refused = undo(grounds, receipt, "--allow", "remove-alias=1")
        assert refused.code == 3
        assert "--allow remove-protected-alias=2" in refused.out, refused.out
        assert apply_undo(grounds).code == 3


def test_what_others_have_put_there_since_is_left_alone(quick: Path, zygote: Zygote) -> None:
    with prepared(quick, zygote, REVERSIBLE) as grounds:
        assert grounds.run(grounds.saved).code == 0
        (receipt,) = receipts(grounds)
        as_person(grounds.file, lambda person: person.link(5, "made"))
        as_person(grounds.file, lambda person: person.move("production", 0))
        shown = undo(grounds, receipt)
        assert shown.code == 0
        assert "model/made: model/made holds v1 by now, which was not put there with it" in shown.out
        assert apply_undo(grounds).code == 0
        live = everything(grounds.file).registries["model"]
        assert live.collections["fraud"].aliases["production"] == 0
        assert [version.source for version in live.collections["made"].links.values()] == [f"{DETECTOR}:v5"]
        assert not live.collections["made"].aliases


def test_what_others_have_moved_since_is_named_and_left(quick: Path, zygote: Zygote) -> None:
    with prepared(quick, zygote, REVERSIBLE) as grounds:
        assert grounds.run(grounds.saved).code == 0
        (receipt,) = receipts(grounds)
        as_person(grounds.file, lambda person: person.move("production", 1))
        as_person(grounds.file, lambda person: aliases.remove_aliases(person.tx, person.collection(), ["canary"]))
        shown = undo(grounds, receipt)
        assert "model/fraud:production: it has changed since: it points at v1" in shown.out, shown.out
        assert apply_undo(grounds).code == 0
        live = everything(grounds.file).registries["model"].collections["fraud"]
        assert (live.aliases["production"], live.aliases["staging"]) == (1, 1)


def test_a_version_that_was_linked_again_is_found_under_its_new_index(quick: Path, zygote: Zygote) -> None:
    """Somebody unlinks and links the version that the alias came from: the alias goes back to it all the same."""
    with prepared(quick, zygote, REVERSIBLE) as grounds:
        assert grounds.run(grounds.saved).code == 0
        (receipt,) = receipts(grounds)
        as_person(grounds.file, lambda person: aliases.remove_aliases(person.tx, person.collection(), ["staging"]))
        as_person(grounds.file, lambda person: person.unlink(0))
        as_person(grounds.file, lambda person: person.link(0))
        shown = undo(grounds, receipt)
        assert shown.code == 0, shown.err
        assert apply_undo(grounds).code == 0
        live = everything(grounds.file).registries["model"].collections["fraud"]
        assert live.links[live.aliases["production"]].source == f"{DETECTOR}:v0"
        assert live.aliases["production"] > 1


# The receipt itself ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "sign", "code"),
    [
        (lambda r: r["operations"][0].update(status="skipped"), False, 5),
        (lambda r: r["destination"].update(user="bob"), True, 5),
        (lambda r: r["destination"].update(url="local:/elsewhere"), True, 5),
        (lambda r: r.update(format="regsync/receipt/v9"), True, 1),
        (lambda r: r.update(format="regsync/plan/v1"), True, 1),
        (lambda r: r.update(destination=[]), True, 1),
        (lambda r: r.update(manifest="x"), True, 1),
        (lambda r: r.update(operations=7), True, 1),
        (lambda r: r.update(bindings=[1]), True, 1),
        (lambda r: r["operations"][0].update(kind="drop-table"), True, 1),
        (lambda r: r["operations"][0].update(address="../../etc"), True, 1),
        (lambda r: r["operations"][0].update(status="fine"), True, 1),
    ],
)
def test_a_receipt_that_is_none(quick: Path, zygote: Zygote, change: Any, sign: bool, code: int) -> None:
    with prepared(quick, zygote, REVERSIBLE) as grounds:
        assert grounds.run(grounds.saved).code == 0
        (path,) = receipts(grounds)
        document = json.loads(path.read_text())
        change(document)
        if sign:
            document["digest"] = document_digest(document)
        other = grounds.folder / "other.json"
        other.write_text(canonical_json(document))
        ended = undo(grounds, other)
        assert ended.code == code, ended.err
        assert "error: this receipt" in ended.err or "error: this is not a receipt" in ended.err, ended.err
        assert not (grounds.folder / "undo.json").exists()
