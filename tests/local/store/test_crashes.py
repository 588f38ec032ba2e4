"""A process that is killed in the middle of a write leaves the registry as it was before that write."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from regsync.local.store import aliases, collections, events, links
from regsync.local.store.database import open_store
from regsync.local.store.errors import ReadOnly, RegistryError
from tests.local.processes import as_nobody, begun
from tests.local.world import World, dump, make_world


@pytest.fixture
def shared() -> Iterator[World]:
    """A world in a folder that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="regsync-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        world = make_world(folder / "registry.db")
        world.registry("model")
        world.log(count=5)
        world.store.close()
        yield world
        folder.chmod(0o755)


def journal(world: World) -> Path:
    return world.store.path.with_name("registry.db-journal")


def test_half_a_transaction_is_rolled_back_by_whoever_reads_next(shared: World) -> None:
    before, content = dump(shared.store), shared.store.path.read_bytes()
    shared.store.close()
    with begun("half", str(shared.store.path)):
        pass
    assert journal(shared).stat().st_size > 0, "the journal is hot"
    assert shared.store.path.read_bytes() != content, "and pages of the transaction are in the file"
    reader = open_store(shared.store.path, read_only=True)
    assert dump(reader) == before
    assert reader.path.read_bytes() == content
    assert not journal(shared).exists()


def test_where_it_cannot_be_rolled_back_that_is_said_and_nothing_is_read(shared: World) -> None:
    with begun("half", str(shared.store.path)):
        pass
    content = shared.store.path.read_bytes()
    shared.store.path.chmod(0o444)
    journal(shared).chmod(0o444)
    shared.store.path.parent.chmod(0o555)

    def act() -> str:
        try:
            with open_store(shared.store.path, read_only=True).read() as tx:
                return f"read {tx.value('SELECT count(*) FROM collections')} collections"
        except RegistryError as error:
            return f"{type(error).__name__}: {error}"

    told = as_nobody(act)
    assert told.startswith(ReadOnly.__name__), told
    assert "registry.db: " in told
    assert shared.store.path.read_bytes() == content


def test_killed_at_random_moments(shared: World) -> None:
    """Twelve times; afterwards the file is sound, and its history tells where every alias is."""
    chance = random.Random(20260101)
    for _ in range(12):
        with begun("endless", str(shared.store.path)) as process:
            # A poll of the file by a second process is the pause: no clock decides where the kill falls.
            for _ in range(chance.randrange(1, 30)):
                shared.read(events.last)
            process.kill()
            process.wait()
        with shared.store.read() as tx:
            assert tx.value("PRAGMA integrity_check") == "ok"
            assert tx.all("PRAGMA foreign_key_check") == []
            told: dict[str, int] = {}
            for event in events.since(tx):
                if event.kind == "set-alias" and event.address.startswith("model/"):
                    told[event.address] = event.after
                elif event.kind == "remove-alias":
                    assert told.pop(event.address) == event.before
            collection = collections.find(tx, shared.get(tx), "fraud")
            assert collection is not None
            assert told == {f"model/fraud:{k}": v for k, v in aliases.of_collection(tx, collection).items()}
            assert all(link.index < collection.next_index for link in links.of_collection(tx, collection))


def test_killed_while_it_was_made(tmp_path: Path) -> None:
    """What is left of a registry whose making was cut short is an empty file; making it again works."""
    path = tmp_path / "registry.db"
    path.touch()
    world = make_world(path)
    world.registry("model")
    world.store.close()
