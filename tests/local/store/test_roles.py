"""What each role may do in a registry: the table of "Configure registry access" in the W&B documentation, row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from typing import TypeVar

import pytest

from regsync.local.server.mutations import places
from regsync.local.store import aliases, artifacts, collections, links, members, registries
from regsync.local.store.database import CONTENTS, Transaction
from regsync.local.store.errors import Forbidden
from regsync.names import Role, Visibility
from tests.local.world import World

T = TypeVar("T")
Act = Callable[[World, Transaction], object]


def _link_another(world: World, tx: Transaction) -> object:
    return links.link(tx, world.get(tx), "fraud", artifacts.by_id(tx, 3))


def _unlink(world: World, tx: Transaction, key: int) -> object:
    return links.unlink(tx, world.get(tx), world.collection(tx), artifacts.by_id(tx, key))


TABLE: dict[str, tuple[Role, Act]] = {
    "see a collection": (Role.RESTRICTED_VIEWER, lambda w, tx: w.collection(tx)),
    "see a linked version": (Role.RESTRICTED_VIEWER, lambda w, tx: links.get(tx, w.collection(tx), "v0")),
    "see settings and members": (Role.RESTRICTED_VIEWER, lambda w, tx: members.members(tx, w.get(tx))),
    "create a collection": (Role.MEMBER, lambda w, tx: collections.create(tx, w.get(tx), "new", "model")),
    "describe a collection": (Role.MEMBER, lambda w, tx: collections.set_description(tx, w.collection(tx), "x")),
    "rename a collection": (Role.MEMBER, lambda w, tx: collections.rename(tx, w.collection(tx), "y")),
    "tag a collection": (Role.MEMBER, lambda w, tx: collections.add_tags(tx, w.collection(tx), ["t"])),
    "untag a collection": (Role.MEMBER, lambda w, tx: collections.remove_tags(tx, w.collection(tx), ["old"])),
    "set an alias": (Role.MEMBER, lambda w, tx: aliases.set_aliases(tx, w.collection(tx), 1, ["canary"])),
    "move an alias": (Role.MEMBER, lambda w, tx: aliases.set_aliases(tx, w.collection(tx), 1, ["shadow"])),
    "remove an alias": (Role.MEMBER, lambda w, tx: aliases.remove_aliases(tx, w.collection(tx), ["shadow"])),
    "link": (Role.MEMBER, _link_another),
    "unlink": (Role.MEMBER, lambda w, tx: _unlink(w, tx, 2)),
    "delete a collection": (Role.MEMBER, lambda w, tx: collections.delete(tx, w.get(tx), w.collection(tx, "plain"))),
    "describe the registry": (Role.MEMBER, lambda w, tx: registries.set_description(tx, w.get(tx), "x")),
    "rename the registry": (Role.MEMBER, lambda w, tx: registries.rename(tx, w.get(tx), "z")),
    "set a protected alias": (
        Role.ADMIN,
        lambda w, tx: aliases.set_aliases(tx, w.collection(tx), 1, ["staging"]),
    ),
    "move a protected alias": (
        Role.ADMIN,
        lambda w, tx: aliases.set_aliases(tx, w.collection(tx), 1, ["production"]),
    ),
    "remove a protected alias": (
        Role.ADMIN,
        lambda w, tx: aliases.remove_aliases(tx, w.collection(tx), ["production"]),
    ),
    "link under a protected alias": (
        Role.ADMIN,
        lambda w, tx: links.link(tx, w.get(tx), "fraud", artifacts.by_id(tx, 3), ["production"]),
    ),
    "unlink what carries a protected alias": (Role.ADMIN, lambda w, tx: _unlink(w, tx, 1)),
    "delete a collection that holds a protected alias": (
        Role.ADMIN,
        lambda w, tx: collections.delete(tx, w.get(tx), w.collection(tx)),
    ),
    "protect an alias": (Role.ADMIN, lambda w, tx: registries.protect(tx, w.get(tx), "canary")),
    "unprotect an alias": (Role.ADMIN, lambda w, tx: registries.unprotect(tx, w.get(tx), "production")),
    "add accepted types": (Role.ADMIN, lambda w, tx: registries.allow_types(tx, w.get(tx), ["dataset"])),
    "accept all types": (Role.ADMIN, lambda w, tx: registries.allow_all_types(tx, w.get(tx))),
    "restrict": (Role.ADMIN, lambda w, tx: registries.set_visibility(tx, w.get(tx), Visibility.RESTRICTED)),
    "give a role": (Role.ADMIN, lambda w, tx: members.set_member(tx, w.get(tx), "bob", Role.ADMIN)),
    "take a role": (Role.ADMIN, lambda w, tx: members.remove_member(tx, w.get(tx), "vera")),
    "delete the registry": (Role.ADMIN, lambda w, tx: registries.delete(tx, w.get(tx))),
}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("what", TABLE)
def test_role_permissions(world: World, what: str, role: Role) -> None:
    """`vera` has no more in the organization than a viewer; here she gets exactly one role in a restricted registry."""
    needed, act = TABLE[what]
    world.registry("model", artifact_types=["model"])
    first, second, _ = world.log(count=3)
    world.protect("production", "staging")
    world.link(first, ["production"])
    world.link(second, ["shadow"])
    world.link(second, collection="plain")
    world.write(lambda tx: collections.add_tags(tx, world.collection(tx), ["old"]))
    world.write(lambda tx: members.set_member(tx, world.get(tx), "vera", role))
    if role is Role.RESTRICTED_VIEWER:
        world.write(lambda tx: tx.run("UPDATE organization_members SET role = 'viewer'"))
        world.write(lambda tx: registries.set_visibility(tx, world.get(tx), Visibility.RESTRICTED))
    if role.strength <= needed.strength:
        world.write(lambda tx: act(world, tx), by="vera")
        return
    before = world.aliases(), world.indices()
    with pytest.raises(Forbidden, match="permission denied"):
        world.write(lambda tx: act(world, tx), by="vera")
    assert (world.aliases(), world.indices()) == before


def test_a_role_that_a_transaction_takes_or_gives_counts_from_there_on(world: World) -> None:
    world.registry("model", artifact_types=["model"])
    first, second, _ = world.log(count=3)
    world.write(lambda tx: members.set_member(tx, world.get(tx), "bob", Role.ADMIN))

    def change(tx: Transaction) -> None:
        links.link(tx, world.get(tx), "fraud", first)
        with pytest.raises(RuntimeError), tx.savepoint():
            members.set_member(tx, world.get(tx), "bob", Role.VIEWER)
            tx.run("UPDATE organization_members SET role = 'viewer' WHERE user_id = ?", world.actors["bob"].user_id)
            with pytest.raises(Forbidden):
                links.link(tx, world.get(tx), "fraud", second)
            raise RuntimeError
        links.link(tx, world.get(tx), "fraud", second)

    world.write(change, by="bob")
    assert world.indices() == [0, 1]


class Watched(Transaction):
    """Notes which tables are read for what `once` keeps."""

    read: set[str]

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        def watch(action: int, table: str | None, *_: object) -> int:
            if action == sqlite3.SQLITE_READ and table:
                self.read.add(table)
            return sqlite3.SQLITE_OK

        def noted() -> T:
            self._connection.set_authorizer(watch)
            try:
                return make()
            finally:
                self._connection.set_authorizer(None)

        return super().once(key, noted)


@pytest.mark.parametrize("user", ["alice", "bob", "vera"])
def test_what_is_found_out_once_does_not_depend_on_contents(world: World, user: str) -> None:
    """Otherwise it would have to be found out again after each link and each alias."""
    world.registry("model")
    version = world.log()[0]
    world.write(lambda tx: members.set_member(tx, world.get(tx), "bob", Role.ADMIN))

    def act(tx: Transaction) -> set[str]:
        watched = Watched(tx._connection, tx.actor, tx.files, tx.now, writing=True)
        watched.read = set()
        place = places.linkable(watched, "acme-org", "wandb-registry-model")
        try:
            link, _ = links.link(watched, place, "fraud", version, ["canary"])
            collection = collections.get(watched, place, "fraud")
            aliases.set_aliases(watched, collection, link.index, ["canary", "production"])
            collections.add_tags(watched, collection, ["new"])
        except Forbidden:
            assert user == "vera"
        return watched.read

    read = world.write(act, by=user)
    assert {"organization_members", "entities"} <= read
    assert not read & CONTENTS


def test_links_and_aliases_do_not_make_a_role_be_asked_for_again(world: World) -> None:
    world.registry("model")
    versions = world.log(count=3)
    asked = []

    def act(tx: Transaction) -> None:
        tx._connection.set_trace_callback(
            lambda text: asked.append(text) if "FROM organization_members" in text else None
        )
        for number, version in enumerate(versions):
            place = places.linkable(tx, "acme-org", "wandb-registry-model")
            links.link(tx, place, "fraud", version, [f"a{number}"])
        assert len(asked) == 1
        members.set_member(tx, world.get(tx), "vera", Role.MEMBER)
        links.link(tx, places.linkable(tx, "acme-org", "wandb-registry-model"), "other", versions[0])
        tx._connection.set_trace_callback(None)
        assert len(asked) > 1

    world.write(act, by="alice")


def test_contents_are_for_viewers_and_not_for_restricted_viewers(world: World) -> None:
    world.registry("model", visibility=Visibility.RESTRICTED)
    version = world.log()[0]
    world.link(version)
    world.write(lambda tx: tx.run("DELETE FROM team_members WHERE user_id = ?", world.actors["vera"].user_id))
    world.write(lambda tx: members.set_member(tx, world.get(tx), "vera", Role.RESTRICTED_VIEWER))
    seen = world.read(lambda tx: artifacts.by_id(tx, version.id), by="vera")
    assert seen.digest == version.digest
    with pytest.raises(Forbidden, match="cannot read file contents"):
        world.read(lambda tx: artifacts.entry(tx, version, "data.txt"), by="vera")
    world.write(lambda tx: members.set_member(tx, world.get(tx), "vera", Role.VIEWER))
    assert world.read(lambda tx: artifacts.entry(tx, version, "data.txt"), by="vera").size == version.size
