"""What a person changes on a page is what the manifest beside it says; refusals are the store's; two people at once are both asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from regsync.local.changing import contents, managed, settings
from regsync.local.changing.change import AsksFirst, Change, Place, in_git
from regsync.local.store import accounts, collections, members, registries
from regsync.local.store.actor import Actor
from regsync.local.store.database import Transaction, open_store
from regsync.local.store.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from regsync.names import Role, SourceRef, Visibility
from tests.backends.wandb.script import DETECTOR, SEED
from tests.backends.wandb.worlds import local_apply, local_plan, write_world
from tests.local.world import World

MODEL = Place("acme", "model")
V3 = SourceRef("acme-ml", "fraud", "detector", "v3")

CHANGES: dict[str, Change] = {
    "create a registry": settings.CreateRegistry(
        Place("acme", "Golden Datasets"), "for ${all}", Visibility.RESTRICTED, ("dataset",)
    ),
    "create an open registry": settings.CreateRegistry(Place("acme", "open")),
    "describe": settings.DescribeRegistry(MODEL, "two\nlines: ${x}"),
    "restrict": settings.SetVisibility(MODEL, Visibility.RESTRICTED),
    "allow a type": settings.AllowTypes(MODEL, ("dataset",)),
    "protect": settings.Protect(MODEL, ("golden", "staging")),
    "unprotect": settings.Unprotect(MODEL, "legacy"),
    "give a role": settings.SetMember(MODEL, "bob", Role.ADMIN),
    "give a team a role": settings.SetMember(MODEL, "team:acme-ml", Role.MEMBER),
    "take a role": settings.RemoveMember(MODEL, "bob"),
    "create a collection": contents.CreateCollection(MODEL, "yes", "model", "1.0"),
    "delete an empty collection": contents.DeleteCollection(Place("acme", "first name"), "rows"),
    "link": contents.LinkVersion(MODEL, "detector", V3),
    "link under aliases": contents.LinkVersion(MODEL, "detector", V3, ("golden", "on"), {}),
    "link and move": contents.LinkVersion(MODEL, "detector", V3, ("production",), {"production": 0}),
    "add aliases": contents.SetAliases(MODEL, "detector", 1, ("golden", "second one")),
    "move": contents.SetAliases(MODEL, "detector", 2, ("production",), {"production": 0}),
    "take an alias off": contents.RemoveAlias(MODEL, "detector", "unused", 1),
}


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return write_world(tmp_path / "registry.db", SEED)


@pytest.fixture
def world(registry: Path) -> World:
    made = World(open_store(registry))
    for name in ("alice", "bob", "carol"):
        user = made.read(lambda tx, name=name: accounts.user(tx, name))  # type: ignore[misc]
        made.actors[name] = Actor(user.id, name)
    return made


@pytest.mark.parametrize("name", CHANGES)
def test_the_manifest_says_the_same(world: World, registry: Path, tmp_path: Path, name: str) -> None:
    change = CHANGES[name]
    manifest = tmp_path / "change.yaml"
    manifest.write_text(world.read(lambda tx: in_git(change, tx), "alice"), encoding="utf-8")
    assert local_plan(registry, manifest).operations
    world.write(change.carry_out, "alice")
    assert local_plan(registry, manifest).operations == ()
    assert world.read(lambda tx: in_git(change, tx), "alice") or name.startswith("delete")


def test_what_no_manifest_can_say_has_none(world: World) -> None:
    change = contents.SetAliases(MODEL, "detector", 1, ("${team}",))
    assert world.read(lambda tx: in_git(change, tx), "alice") == ""


REFUSED: dict[str, tuple[str, Change, type[Refused], str]] = {
    "a viewer creates a collection": ("carol", contents.CreateCollection(MODEL, "x", "model"), Forbidden, "viewer"),
    "a member protects": ("bob", settings.Protect(MODEL, ("golden",)), Forbidden, "edit the protected aliases"),
    "a member moves a protected alias": (
        "bob",
        contents.SetAliases(MODEL, "detector", 1, ("production",)),
        Forbidden,
        "change the protected alias 'production'",
    ),
    "an alias of the server": ("alice", contents.SetAliases(MODEL, "detector", 1, ("latest",)), Invalid, "latest"),
    "no alias": ("alice", contents.SetAliases(MODEL, "detector", 1, ()), Invalid, "no alias was given"),
    "another type": (
        "alice",
        contents.LinkVersion(MODEL, "detector", SourceRef("acme-ml", "fraud", "rows", "v0")),
        Invalid,
        "has type 'dataset'",
    ),
    "a type that is not accepted": ("alice", contents.CreateCollection(MODEL, "x", "dataset"), Invalid, "not accepted"),
    "a collection that is not empty": ("alice", contents.DeleteCollection(MODEL, "detector"), Conflict, "3 versions"),
    "a name in use": ("alice", settings.CreateRegistry(MODEL), Conflict, "not available"),
    "a stranger as a member": ("alice", settings.SetMember(MODEL, "mallory", Role.ADMIN), Invalid, "no such user"),
    "a registry that is not there": ("alice", settings.DescribeRegistry(Place("acme", "nix"), ""), NotFound, "missing"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_are_the_stores(world: World, name: str) -> None:
    who, change, kind, words = REFUSED[name]
    world.write(lambda tx: members.set_member(tx, MODEL.get(tx), "carol", Role.VIEWER))
    world.write(lambda tx: accounts.set_organization_member(
        tx, accounts.organization(tx, "acme"), accounts.user(tx, "carol"), Role.VIEWER
    ))  # fmt: skip
    with pytest.raises(kind, match=words):
        world.write(change.carry_out, who)


def test_a_move_is_agreed_to_from_one_version_only(world: World) -> None:
    move = contents.SetAliases(MODEL, "detector", 2, ("staging",))
    with pytest.raises(AsksFirst, match="this moves staging from v1") as asked:
        world.write(move.carry_out, "bob")
    agreed = replace(move, seen=asked.value.moves)
    world.write(contents.SetAliases(MODEL, "detector", 0, ("staging",), {"staging": 1}).carry_out, "alice")
    with pytest.raises(AsksFirst, match="this moves staging from v0") as again:
        world.write(agreed.carry_out, "bob")
    world.write(replace(move, seen=again.value.moves).carry_out, "bob")
    assert world.aliases("detector")["staging"] == 2


def test_an_alias_comes_off_the_version_that_was_shown(world: World) -> None:
    world.write(contents.SetAliases(MODEL, "detector", 0, ("staging",), {"staging": 1}).carry_out, "alice")
    with pytest.raises(Conflict, match="staging is on v0 by now, no more on v1"):
        world.write(contents.RemoveAlias(MODEL, "detector", "staging", 1).carry_out, "bob")
    assert world.aliases("detector")["staging"] == 0


def test_what_a_plan_set_is_known_as_managed(world: World, registry: Path, tmp_path: Path) -> None:
    def of(inner: str) -> Callable[[Transaction], managed.Managed | None]:
        return lambda tx: managed.last_plan(tx, MODEL, inner)

    assert world.read(of("/detector:production"), "alice") is None
    manifest = tmp_path / "registry.yaml"
    manifest.write_text(
        f"apiVersion: regsync/v1\nregistries: {{model: {{collections: {{detector: {{aliases: {{production: '{DETECTOR}:v3'}}}}}}}}}}\n"
    )
    plan = local_plan(registry, manifest)
    local_apply(registry, plan, tmp_path / "state")
    found = world.read(of("/detector:production"), "alice")
    assert found is not None
    assert (found.plan, found.actor) == (plan.reviewed or found.plan, "alice")
    assert world.read(of("/detector:staging"), "alice") is None


def test_what_a_plan_set_stays_managed_under_other_names(world: World) -> None:
    """A plan sets an alias and a description; then people rename the collection and the registry."""
    by_plan = Actor(world.actors["alice"].user_id, "alice", plan="sha256:" + "a" * 64, commit="c0ffee1")
    place = contents.SetAliases(MODEL, "detector", 1, ("golden",))
    with world.store.write(by_plan) as tx:
        place.carry_out(tx)
        registries.set_description(tx, MODEL.get(tx), "by a plan")

    def rename(tx: Transaction) -> None:
        registry = MODEL.get(tx)
        collections.rename(tx, collections.get(tx, registry, "detector"), "better")
        registries.rename(tx, registry, "models")

    world.write(rename, "alice")
    now = Place("acme", "models")
    for inner in ("", "/better:golden"):
        found = world.read(lambda tx, inner=inner: managed.last_plan(tx, now, inner), "alice")  # type: ignore[misc]
        assert found, inner
        assert (found.plan, found.commit, found.actor) == (by_plan.plan, "c0ffee1", "alice")
    assert world.read(lambda tx: managed.last_plan(tx, now, "/better:staging"), "alice") is None

    def again(tx: Transaction) -> None:
        """Another registry of the old name, with a collection of the old name, was set by nobody."""
        made = registries.create(tx, accounts.organization(tx, "acme"), "model")
        collections.create(tx, made, "detector", "model")

    world.write(again, "alice")
    for inner in ("", "/detector:golden"):
        assert world.read(lambda tx, inner=inner: managed.last_plan(tx, MODEL, inner), "alice") is None  # type: ignore[misc]
