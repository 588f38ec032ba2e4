"""Drift tells which side moved since the last apply, as far as a receipt tells; and says so where none does."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from regsync.core.canonical import canonical_json, document_digest
from regsync.local.store import aliases, collections, members, registries
from regsync.names import Role
from tests.backends.wandb.worlds import KEYS, write_world
from tests.guarantees import history
from tests.guarantees.grounds import EVERY_CONSENT, Ended, Job, Zygote
from tests.guarantees.test_staleness import Person, as_person
from tests.guarantees.test_undo import DETECTOR, SEED

Json = dict[str, Any]
MANIFEST: Json = {
    "registries": {
        "model": {
            "description": "as declared",
            "members": {"bob": "viewer"},
            "collections": {
                "fraud": {
                    "type": "model",
                    "tags": ["old"],
                    "aliases": {"production": "v1", "staging": f"{DETECTOR}:v2", "shadow": "absent"},
                    "unlisted": {"aliases": "remove"},
                }
            },
        }
    }
}


@dataclass(frozen=True, slots=True)
class Here:
    """A working copy whose manifest has been applied."""

    folder: Path
    zygote: Zygote

    @property
    def file(self) -> Path:
        return self.folder / "registry.db"

    def run(self, *arguments: str) -> Ended:
        environment = {"HOME": str(self.folder), "WANDB_API_KEY": KEYS["alice"]}
        return self.zygote.run(Job(self.folder, environment, ["--backend", "local:registry.db", *arguments]))

    def declare(self, change: Callable[[Json], object] = lambda _: None) -> None:
        manifest = deepcopy(MANIFEST)
        change(manifest["registries"]["model"])
        text = yaml.safe_dump({"apiVersion": "regsync/v1", "organization": "acme", **manifest}, sort_keys=False)
        (self.folder / "registry.yaml").write_text(text, encoding="utf-8")

    def apply(self) -> None:
        ended = self.run("apply", "registry.yaml", "--auto-approve", *EVERY_CONSENT)
        assert ended.code == 0, ended.err

    def drift(self) -> dict[str, str]:
        """Kind and address of each difference → who moved."""
        ended = self.run("drift", "registry.yaml", "--format", "json")
        found = json.loads(ended.out)["differences"]
        assert ended.code == (2 if found else 0), ended.err
        return {f"{each['kind']} {each['address']}": each["moved"] for each in found}


@pytest.fixture
def here(tmp_path: Path, zygote: Zygote) -> Here:
    made = Here(tmp_path, zygote)
    write_world(made.file, SEED)
    made.declare()
    made.apply()
    assert made.drift() == {}
    return made


def fraud(registry: Json) -> Json:
    found: Json = registry["collections"]["fraud"]
    return found


BY_A_PERSON: dict[str, tuple[Callable[[Person], object], str]] = {
    "moved": (lambda p: p.move("production", 0), "set-alias model/fraud:production"),
    "removed": (
        lambda p: aliases.remove_aliases(p.tx, p.collection(), ["staging"]),
        "set-alias model/fraud:staging",
    ),
    "set again that was to be absent": (lambda p: p.move("shadow", 1), "remove-alias model/fraud:shadow"),
    "a new one that nobody lists": (lambda p: p.move("extra", 1), "remove-alias model/fraud:extra"),
    "a tag": (lambda p: collections.remove_tags(p.tx, p.collection(), ["old"]), "add-tags model/fraud"),
    "a member": (lambda p: members.set_member(p.tx, p.model, "bob", Role.ADMIN), "set-member model"),
    "a description": (lambda p: registries.set_description(p.tx, p.model, "x"), "update-registry model"),
}


@pytest.mark.parametrize("what", BY_A_PERSON)
def test_live_moved(here: Here, what: str) -> None:
    act, difference = BY_A_PERSON[what]
    as_person(here.file, act)
    assert here.drift() == {difference: "live"}


IN_THE_MANIFEST: dict[str, tuple[Callable[[Json], object], str]] = {
    "moved": (lambda r: fraud(r)["aliases"].update(production="v0"), "set-alias model/fraud:production"),
    "wanted gone": (lambda r: fraud(r)["aliases"].update(staging="absent"), "remove-alias model/fraud:staging"),
    "wanted after all": (lambda r: fraud(r)["aliases"].update(shadow="v0"), "set-alias model/fraud:shadow"),
    "a new one": (lambda r: fraud(r)["aliases"].update(new="v0"), "set-alias model/fraud:new"),
    "a tag": (lambda r: fraud(r).update(tags=["old", "new"]), "add-tags model/fraud"),
    "a member": (lambda r: r.update(members={"bob": "member"}), "set-member model"),
    "a description": (lambda r: r.update(description="another"), "update-registry model"),
}


@pytest.mark.parametrize("what", IN_THE_MANIFEST)
def test_the_manifest_moved(here: Here, what: str) -> None:
    change, difference = IN_THE_MANIFEST[what]
    here.declare(change)
    assert here.drift() == {difference: "manifest"}


def test_both_moved(here: Here) -> None:
    as_person(here.file, lambda person: person.move("production", 2))
    here.declare(lambda registry: fraud(registry)["aliases"].update(production="v0"))
    assert here.drift() == {"set-alias model/fraud:production": "both"}


def test_nobody_can_tell_which(here: Here) -> None:
    """The collection has changed, and the manifests have changed: a tag may be either's."""
    as_person(here.file, lambda person: collections.set_description(person.tx, person.collection(), "by a person"))
    here.declare(lambda registry: fraud(registry).update(tags=["old", "new"]))
    assert here.drift() == {"add-tags model/fraud": "unknown"}


def test_without_a_receipt(here: Here) -> None:
    as_person(here.file, lambda person: person.move("production", 0))
    shutil.rmtree(here.folder / ".regsync")
    assert here.drift() == {"set-alias model/fraud:production": "unknown"}
    assert "no receipt is at hand; in the registry, local:owner moved it last" in here.run("drift", "registry.yaml").out


def test_an_apply_that_found_nothing_to_do_counts(here: Here) -> None:
    """Somebody did in the web app what the manifest then said. From there on it is the last that was seen."""
    as_person(here.file, lambda person: person.move("production", 2))
    here.declare(lambda registry: fraud(registry)["aliases"].update(production="v2"))
    here.apply()
    as_person(here.file, lambda person: person.move("production", 0))
    assert here.drift() == {"set-alias model/fraud:production": "live"}


def test_after_an_undo_the_manifest_is_ahead(here: Here) -> None:
    here.declare(lambda registry: fraud(registry)["aliases"].update(production="v0"))
    here.apply()
    receipt = max((here.folder / ".regsync" / "receipts").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    assert here.run("undo", str(receipt), "-o", "undo.json", *EVERY_CONSENT).code == 0
    assert here.run("apply", "undo.json").code == 0
    assert here.drift() == {"set-alias model/fraud:production": "manifest"}


def test_receipts_of_another_registry_count_for_nothing(here: Here, tmp_path: Path) -> None:
    """Not even one at the same path: the file was made anew."""
    here.file.unlink()
    write_world(here.file, SEED)
    assert set(here.drift().values()) == {"unknown"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda r: r.update(bindings={"model/fraud:production": 7}),
        lambda r: r.update(bindings=[]),
        lambda r: r.update(fingerprints=None),
        lambda r: r.update(destination="local"),
        lambda r: r.update(finished_at=9),
        lambda r: r.pop("agrees"),
    ],
)
def test_receipts_that_are_none_are_passed_over(here: Here, damage: Callable[[Json], object]) -> None:
    as_person(here.file, lambda person: person.move("production", 0))
    (path,) = (here.folder / ".regsync" / "receipts").glob("*.json")
    document = json.loads(path.read_text())
    damage(document)
    document["digest"] = document_digest(document)
    path.write_text(canonical_json(document))
    (path.parent / "note.json").write_text("[" * 100_000)
    (path.parent / "other.json").write_bytes(b"\xff\xfe")
    assert here.drift() == {"set-alias model/fraud:production": "unknown"}


def test_a_changed_receipt_is_passed_over(here: Here) -> None:
    """It would have said that the manifest moved."""
    as_person(here.file, lambda person: person.move("production", 0))
    (path,) = (here.folder / ".regsync" / "receipts").glob("*.json")
    document = json.loads(path.read_text())
    document["bindings"]["model/fraud:production"] = document["bindings"]["model/fraud:staging"]
    path.write_text(canonical_json(document))
    assert here.drift() == {"set-alias model/fraud:production": "unknown"}


def test_nobody_is_blamed_for_what_an_interrupted_apply_did(here: Here) -> None:
    """Its journal is still there, and then its receipt, for which nobody looked; what it did was not somebody else's doing."""
    here.apply()
    here.declare(
        lambda block: block["collections"]["fraud"]["aliases"].update(production=f"{DETECTOR}:v5", staging="v0")
    )
    command = ["--backend", "local:registry.db", "apply", "registry.yaml", "--auto-approve", *EVERY_CONSENT]
    environment = {"HOME": str(here.folder), "WANDB_API_KEY": KEYS["alice"]}
    points = here.zygote.run(Job(here.folder, environment, command, 10**6, 1)).points
    with history.connect(here.file) as db:
        moved = db.execute("SELECT count(*) FROM events WHERE kind = 'set-alias'").fetchone()[0]
    assert points and moved
    here.declare()
    here.apply()
    here.declare(
        lambda block: block["collections"]["fraud"]["aliases"].update(production=f"{DETECTOR}:v5", staging="v0")
    )
    assert here.zygote.run(Job(here.folder, environment, command, points.index("after perform") + 1, 1)).killed
    here.declare()
    assert set(here.drift().values()) == {"unknown"}
    here.run("apply", "registry.yaml")  # Nobody is there to approve it; but the receipt is written now.
    assert set(here.drift().values()) == {"unknown"}


def test_a_clock_that_goes_back_blames_nobody(here: Here) -> None:
    """The last apply is the last one that was made here, whatever the clock said."""
    (first,) = (here.folder / ".regsync" / "receipts").glob("*.json")
    document = json.loads(first.read_text())
    document |= {"finished_at": "2999-01-01T00:00:00Z", "started_at": "2999-01-01T00:00:00Z"}
    document["order"] = "2999-01-01T00:00:00.000000Z"
    document["digest"] = document_digest(document)
    first.write_text(canonical_json(document))
    here.declare(lambda registry: fraud(registry)["aliases"].update(production="v0"))
    here.apply()
    here.declare()
    assert here.drift() == {"set-alias model/fraud:production": "manifest"}


def test_what_lies_among_the_receipts_and_is_none_ends_nothing(here: Here) -> None:
    receipts = here.folder / ".regsync" / "receipts"
    (receipts / "gone.json").symlink_to("nowhere")
    (receipts / "loop.json").symlink_to("loop.json")
    (receipts / "device.json").symlink_to("/dev/zero")
    (receipts / "folder.json").mkdir()
    os.mkfifo(receipts / "pipe.json")
    as_person(here.file, lambda person: person.move("production", 0))
    assert here.drift() == {"set-alias model/fraud:production": "live"}
    here.apply()
    assert here.drift() == {}
