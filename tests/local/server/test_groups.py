"""Mutations of one document share a transaction: each succeeds or fails by itself, and nothing is told that is not kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from regsync.local.server import session as session_module
from regsync.local.server.addresses import Addresses, Signer
from regsync.local.server.engine import Answer, execute
from regsync.local.server.root import Root
from regsync.local.server.session import Session
from regsync.local.store.database import Store, open_store
from regsync.local.store.errors import DiskFull, Locked
from tests.local.server.planting import artifact_id, impatient_store, plant_versions
from tests.local.server.test_documents import link


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Store]:
    with impatient_store(tmp_path / "registry.db") as store:
        yield store


def told(store: Store, document: str) -> Answer:
    with store.read() as tx:
        actor = tx.actor
    with Session(store, actor, Addresses("http://here", Signer())) as session:
        return execute(document, None, None, Root(session))


def linked(store: Store) -> int:
    with store.read() as tx:
        return int(tx.value("SELECT count(*) FROM events WHERE kind = 'link-version'"))


def test_one_that_fails_takes_back_nothing_but_itself(impatient: Store) -> None:
    first, second = (artifact_id(version) for version in plant_versions(impatient, "rush", 2))
    before = linked(impatient)
    document = (
        f"mutation {{ {link(0, first, 'rush', 'a')} {link(1, first, 'rush', 'v7')} {link(2, second, 'rush', 'b')} }}"
    )
    answer = told(impatient, document)
    assert [error["path"] for error in answer.body["errors"]] == [["m1"]]
    assert [answer.body["data"][name] is not None for name in ("m0", "m1", "m2")] == [True, False, True]
    assert linked(impatient) == before + 2


def test_what_cannot_be_committed_is_not_told_as_done(impatient: Store) -> None:
    (version,) = plant_versions(impatient, "rush", 1)
    before = linked(impatient)
    reader = open_store(impatient.path)
    with reader.read() as tx, pytest.raises(Locked):
        assert tx.value("SELECT 1 FROM instance") == 1
        told(impatient, f"mutation {{ {link(0, artifact_id(version), 'rush', 'a')} }}")
    reader.close()
    assert linked(impatient) == before


def test_a_disk_that_fills_up_in_the_middle_leaves_nothing_told_as_done(
    impatient: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite takes back the whole transaction then, the mutations that had succeeded included."""
    monkeypatch.setattr(session_module, "GROUP_SECONDS", 600)  # One group, however slow the machine is.
    versions = [artifact_id(version) for version in plant_versions(impatient, "rush", 40)]
    before = linked(impatient)
    with impatient.read() as tx:
        pages = tx.value("PRAGMA page_count")
        tx.value(f"PRAGMA max_page_count = {pages + 1}")
    fields = " ".join(link(n, one, "rush", f"{n}-{'x' * 100}") for n, one in enumerate(versions))
    with pytest.raises(DiskFull):
        told(impatient, f"mutation {{ {fields} }}")
    assert linked(impatient) == before
