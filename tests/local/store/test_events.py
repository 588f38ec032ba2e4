"""The history is complete, true and unchangeable; and the same calls make the same registry."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from regsync.local.store import aliases, collections, events, members, registries
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Invalid
from regsync.local.store.ids import Kind, decode, encode
from regsync.names import Role
from tests.local.world import World, dump, make_world


def history(world: World) -> list[tuple[str, str, str]]:
    return [(event.actor, event.kind, event.address) for event in world.read(events.since)]


def some_calls(world: World) -> None:
    world.registry("model", artifact_types=["model"])
    world.protect("production")
    versions = world.log(count=3)
    world.link(versions[1], ["production", "staging"])
    world.link(versions[0], by="bob")
    world.set_alias("staging", 1, by="bob")
    world.remove_alias("staging", by="bob")
    world.write(lambda tx: members.set_member(tx, world.get(tx), "bob", Role.VIEWER), by="alice")
    world.unlink(versions[1], by="alice")
    world.write(lambda tx: collections.delete(tx, world.get(tx), world.collection(tx)))
    world.write(lambda tx: registries.delete(tx, world.get(tx)))


def test_who_did_what_in_order(world: World) -> None:
    before = len(history(world))
    some_calls(world)
    told = [each for each in history(world)[before:] if "detector" not in each[2]]
    assert told == [
        ("", "create-registry", "model"),
        ("", "protect-alias", "model"),
        ("", "create-collection", "model/fraud"),
        ("", "link-version", "model/fraud:v0"),
        ("", "set-alias", "model/fraud:latest"),
        ("", "set-alias", "model/fraud:production"),
        ("", "set-alias", "model/fraud:staging"),
        ("bob", "link-version", "model/fraud:v1"),
        ("bob", "set-alias", "model/fraud:latest"),
        ("bob", "set-alias", "model/fraud:staging"),
        ("bob", "remove-alias", "model/fraud:staging"),
        ("alice", "set-member", "model"),
        ("alice", "remove-alias", "model/fraud:production"),
        ("alice", "unlink-version", "model/fraud:v0"),
        ("", "remove-alias", "model/fraud:latest"),
        ("", "delete-collection", "model/fraud"),
        ("", "delete-registry", "model"),
    ]


def test_a_change_that_fails_leaves_no_event(world: World) -> None:
    world.registry("model")
    before = world.read(events.last)

    def act(tx: Transaction) -> None:
        collections.create(tx, world.get(tx), "fine", "model")
        collections.create(tx, world.get(tx), "not/fine", "model")

    with pytest.raises(Invalid):
        world.write(act)
    assert world.read(events.last) == before
    assert world.read(lambda tx: collections.within(tx, world.get(tx))) == []


def test_a_savepoint_takes_back_its_own_part_only(world: World) -> None:
    world.registry("model")

    def act(tx: Transaction) -> None:
        collections.create(tx, world.get(tx), "one", "model")
        with pytest.raises(Invalid), tx.savepoint():
            collections.create(tx, world.get(tx), "two", "model")
            collections.create(tx, world.get(tx), "not/fine", "model")

    world.write(act)
    assert [each.name for each in world.read(lambda tx: collections.within(tx, world.get(tx)))] == ["one"]
    assert [kind for _, kind, _ in history(world)][-1] == "create-collection"


@pytest.mark.parametrize("statement", ["UPDATE events SET actor = 'nobody'", "DELETE FROM events"])
def test_history_cannot_be_rewritten(world: World, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="the event history is never"):
        world.write(lambda tx: tx.run(statement))


def test_an_event_tells_the_plan_that_its_actor_named(world: World) -> None:
    world.registry("model")
    seen = world.read(events.last)
    with world.store.write(replace(world.actors["alice"], plan="sha256:ab", commit="c0ffee1")) as tx:
        registries.delete(tx, world.get(tx, "model"))
    world.registry("model")
    told = [(event.kind, event.plan, event.commit) for event in world.read(lambda tx: events.since(tx, seen))]
    assert told[0] == ("delete-registry", "sha256:ab", "c0ffee1")
    assert told[1] == ("create-registry", "", "")


def test_events_can_be_followed(world: World) -> None:
    seen = world.read(events.last)
    world.registry("model")
    world.registry("dataset")
    first = world.read(lambda tx: events.since(tx, seen, limit=1))
    assert [event.address for event in first] == ["model"]
    rest = world.read(lambda tx: events.since(tx, first[-1].seq))
    assert [(event.address, event.organization, event.after["visibility"]) for event in rest] == [
        ("dataset", "acme", "organization")
    ]


def test_the_same_calls_make_the_same_registry(tmp_path: Path) -> None:
    """Ids, digests, times and history: everything but the instance id."""
    made = []
    for name in ("a.db", "b.db"):
        world = make_world(tmp_path / name)
        some_calls(world)
        some_calls(world)
        made.append(dump(world.store))
        world.store.close()
    assert made[0] == made[1]


def test_two_files_are_two_instances(tmp_path: Path) -> None:
    worlds = [make_world(tmp_path / name) for name in ("a.db", "b.db")]
    uuids = {world.read(lambda tx: tx.value("SELECT uuid FROM instance")) for world in worlds}
    assert len(uuids) == 2
    for world in worlds:
        world.store.close()


def test_ids_are_opaque_and_typed() -> None:
    assert encode(Kind.USER, 7) == "VXNlcjo3"
    assert decode("VXNlcjo3", Kind.USER) == 7
    for wrong in ("VXNlcjo3", "", "nonsense", "QXJ0aWZhY3Q6eA==", "QXJ0aWZhY3Q6LTE=", "ü", "QXJ0aWZhY3Q6" * 9):
        with pytest.raises(Invalid, match="is not the id of a Artifact"):
            decode(wrong, Kind.ARTIFACT)


def test_aliases_of_one_membership(world: World) -> None:
    world.registry("model")
    link = world.link(world.log()[0], ["b", "a"])
    assert world.read(lambda tx: aliases.of_membership(tx, link.id)) == ["a", "b", "latest"]
