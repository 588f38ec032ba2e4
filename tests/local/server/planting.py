"""Artifacts and registries put into a registry file directly, for tests that need many or do not care how they came."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from regsync.local.store import accounts, contents, projects, registries, sequences
from regsync.local.store.artifacts import Version
from regsync.local.store.database import Store, open_store
from regsync.local.store.ids import Kind, encode
from regsync.local.store.registries import Registry
from tests.interop.worlds import ORGANIZATION, TEAM, make_world


@contextmanager
def impatient_store(path: Path) -> Iterator[Store]:
    """A new registry file with people and a registry `rush`, opened by somebody who does not wait for others."""
    make_world(path)
    store = open_store(path, timeout=0.05)
    try:
        plant_registry(store, "rush")
        yield store
    finally:
        store.close()


def plant_versions(store: Store, name: str, count: int, content: str | None = None) -> list[Version]:
    """Versions of an artifact of the team."""
    staged = [contents.stage_bytes(store, f"{content or name} {number}".encode()) for number in range(count)]
    with store.write() as tx:
        project = projects.ensure(tx, TEAM, "planted")
        return [
            sequences.log(tx, project, name, "model", files={"file.txt": one}, metadata={"n": number})[0]
            for number, one in enumerate(staged)
        ]


def plant_registry(store: Store, name: str) -> Registry:
    """A registry that the whole organization sees."""
    with store.write() as tx:
        return registries.create(tx, accounts.organization(tx, ORGANIZATION), name)


def artifact_id(version: Version) -> str:
    """The id of a version, as clients have it."""
    return encode(Kind.ARTIFACT, version.id)
