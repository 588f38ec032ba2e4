"""Aliases: one version at a time, moved in one step, reserved and protected ones guarded."""

from __future__ import annotations

import pytest

from regsync.local.store import aliases, events, links
from regsync.local.store.errors import Forbidden, Invalid, NotFound
from tests.local.world import World


@pytest.fixture(autouse=True)
def three_links(world: World) -> None:
    world.registry("model")
    for version in world.log(count=3):
        world.link(version)


def test_setting_an_alias_that_another_version_holds_moves_it_in_one_step(world: World) -> None:
    world.set_alias("production", 0)
    before = world.read(events.last)
    world.set_alias("production", 2)
    assert world.aliases() == {"latest": 2, "production": 2}
    moved = world.read(lambda tx: events.since(tx, before))
    assert [(event.kind, event.address, event.before, event.after) for event in moved] == [
        ("set-alias", "model/fraud:production", 0, 2)
    ]


def test_setting_an_alias_where_it_is_does_nothing(world: World) -> None:
    world.set_alias("production", 1)
    before = world.read(events.last)
    world.set_alias("production", 1)
    assert world.read(events.last) == before


def test_one_version_may_carry_many_aliases(world: World) -> None:
    for name in ("a", "b", "production candidate", "ü", "x" * 128):
        world.set_alias(name, 1)
    assert len(world.aliases()) == 6


@pytest.mark.parametrize("name", ["latest", "v0", "v3", "v12", "v007"])
def test_the_registry_sets_latest_and_numbers_itself(world: World, name: str) -> None:
    with pytest.raises(Invalid, match="belongs to the server"):
        world.set_alias(name, 0)
    with pytest.raises(Invalid, match="belongs to the server"):
        world.remove_alias(name)


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "x" * 129, "a\nb"])
def test_illegal_names(world: World, name: str) -> None:
    with pytest.raises(Invalid, match="alias"):
        world.set_alias(name, 0)


@pytest.mark.parametrize("name", ["v", "version1", "V3", "LATEST", "v3-rc", "v 3"])
def test_names_that_only_look_reserved(world: World, name: str) -> None:
    world.set_alias(name, 0)
    assert world.aliases()[name] == 0


def test_all_of_a_call_or_nothing(world: World) -> None:
    world.protect("production")
    with pytest.raises(Forbidden):
        world.write(lambda tx: aliases.set_aliases(tx, world.collection(tx), 0, ["a", "production"]), by="bob")
    with pytest.raises(Invalid):
        world.write(lambda tx: aliases.set_aliases(tx, world.collection(tx), 0, ["a", "b/c"]))
    assert world.aliases() == {"latest": 2}
    world.set_alias("a", 0)
    with pytest.raises(NotFound, match="model/fraud:b"):
        world.write(lambda tx: aliases.remove_aliases(tx, world.collection(tx), ["a", "b"]))
    assert world.aliases() == {"latest": 2, "a": 0}


def test_there_must_be_a_version_of_that_index(world: World) -> None:
    with pytest.raises(NotFound, match="model/fraud:v7"):
        world.set_alias("production", 7)


def test_removing_can_insist_on_the_version_that_holds_it(world: World) -> None:
    world.set_alias("a", 1)
    with pytest.raises(NotFound):
        world.write(lambda tx: aliases.remove_aliases(tx, world.collection(tx), ["a"], index=0))
    world.write(lambda tx: aliases.remove_aliases(tx, world.collection(tx), ["a"], index=1))
    assert world.aliases() == {"latest": 2}


def test_protecting_an_alias_that_is_set_already_guards_it_from_then_on(world: World) -> None:
    world.set_alias("production", 0, by="bob")
    world.protect("production", by="alice")
    for act in (
        lambda: world.set_alias("production", 1, by="bob"),
        lambda: world.remove_alias("production", by="bob"),
    ):
        with pytest.raises(Forbidden, match="a member cannot change the protected alias 'production'"):
            act()
    world.set_alias("production", 1, by="alice")
    assert world.aliases()["production"] == 1


def test_protected_in_one_registry_is_ordinary_in_another(world: World) -> None:
    world.registry("dataset")
    world.protect("production")
    version = world.log()[0]

    world.write(lambda tx: links.link(tx, world.get(tx, "dataset"), "fraud", version, ["production"]), by="bob")
