"""Registries: names, settings, visibility, types, members."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from regsync.local.store import accounts, collections, links, members, registries
from regsync.local.store.database import Transaction
from regsync.local.store.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from regsync.names import Role, Visibility
from tests.local.world import World


@pytest.mark.parametrize("name", ["model", "Golden Datasets", "x" * 113, "prod-eu_2.1"])
def test_legal_names(world: World, name: str) -> None:
    made = world.registry(name)
    assert (made.name, made.project_name) == (name, f"wandb-registry-{name}")


@pytest.mark.parametrize("name", ["", "x" * 114, *(f"a{c}b" for c in "/\\#?%:\r\n")])
def test_illegal_names(world: World, name: str) -> None:
    with pytest.raises(Invalid, match="registry name"):
        world.registry(name)


def test_a_name_is_taken_once_even_by_a_registry_that_one_cannot_see(world: World) -> None:
    world.registry("secret", visibility=Visibility.RESTRICTED)
    assert world.read(lambda tx: registries.find(tx, world.acme(tx), "secret"), by="bob") is None
    with pytest.raises(AlreadyExists, match="please use a different name"):
        world.write(lambda tx: registries.create(tx, world.acme(tx), "secret"), by="bob")


@pytest.mark.parametrize("description", [None, "", "text", "多\nline"])
def test_null_empty_and_text_are_three_descriptions(world: World, description: str | None) -> None:
    world.registry("model", description="before")
    world.write(lambda tx: registries.set_description(tx, world.get(tx), description))
    assert world.read(world.get).description == description


def test_no_types_means_every_type_and_types_are_only_ever_added(world: World) -> None:
    world.registry("all")
    world.registry("model", artifact_types=["model", "dataset"])
    types = lambda name: world.read(lambda tx: registries.accepted_types(tx, world.get(tx, name)))  # noqa: E731
    assert (types("all"), types("model")) == ([], ["dataset", "model"])
    assert world.read(lambda tx: world.get(tx, "all")).all_types
    world.write(lambda tx: registries.allow_types(tx, world.get(tx), ["eval"]))
    assert types("model") == ["dataset", "eval", "model"]
    world.write(lambda tx: registries.allow_types(tx, world.get(tx, "all"), ["model"]))
    assert not world.read(lambda tx: world.get(tx, "all")).all_types
    world.write(lambda tx: registries.allow_all_types(tx, world.get(tx)))
    assert types("model") == ["dataset", "eval", "model"], "a saved type is never removed"


@pytest.mark.parametrize("name", ["job", "run_table", "code", "wandb-history", "a/b", "a:b", "x" * 129])
def test_types_that_wandb_keeps_or_forbids(world: World, name: str) -> None:
    with pytest.raises(Invalid, match="artifact type"):
        world.registry("model", artifact_types=[name])


def test_only_accepted_types_are_linked_and_made_into_collections(world: World) -> None:
    world.registry("model", artifact_types=["model"])
    data = world.log("table", type_="dataset")[0]
    with pytest.raises(Invalid, match="'dataset' is not accepted by registry model"):
        world.link(data)
    with pytest.raises(Invalid, match="'dataset' is not accepted"):
        world.write(lambda tx: collections.create(tx, world.get(tx), "tables", "dataset"))
    world.write(lambda tx: registries.allow_types(tx, world.get(tx), ["dataset"]))
    assert world.link(data).index == 0


def test_a_restricted_registry_never_opens_again(world: World) -> None:
    world.registry("model")
    world.write(lambda tx: registries.set_visibility(tx, world.get(tx), Visibility.RESTRICTED))
    with pytest.raises(Conflict, match="cannot be opened"):
        world.write(lambda tx: registries.set_visibility(tx, world.get(tx), Visibility.ORGANIZATION))


def test_renaming_keeps_everything(world: World) -> None:
    before = world.registry("old")
    world.write(lambda tx: registries.rename(tx, world.get(tx, "old"), "model"))
    after = world.read(world.get)
    assert after.id == before.id
    with pytest.raises(NotFound):
        world.read(lambda tx: world.get(tx, "old"))
    world.registry("old")
    with pytest.raises(AlreadyExists):
        world.write(lambda tx: registries.rename(tx, world.get(tx, "old"), "model"))


def test_deleting_removes_collections_and_links_but_never_sources(world: World) -> None:
    world.registry()
    version = world.log()[0]
    world.link(version, ["production"])
    world.write(lambda tx: registries.delete(tx, world.get(tx)))
    assert world.version("acme-ml/fraud/detector:v0") == version
    assert world.read(lambda tx: tx.value("SELECT count(*) FROM collections WHERE kind = 'portfolio'")) == 0
    world.registry()
    assert world.link(version).index == 0, "a new registry of the name starts anew"


# Who sees what ---------------------------------------------------------------------------------------------------


def test_a_restricted_registry_looks_absent_to_all_but_members_and_organization_admins(world: World) -> None:
    world.registry("model", visibility=Visibility.RESTRICTED)
    sees = lambda name: world.read(lambda tx: registries.find(tx, world.acme(tx), "model"), by=name) is not None  # noqa: E731
    assert (sees("alice"), sees("bob"), sees("vera")) == (True, False, False)
    world.write(lambda tx: members.set_member(tx, world.get(tx), "bob", Role.VIEWER), by="alice")
    assert sees("bob")
    world.write(lambda tx: members.set_member(tx, world.get(tx), "team:acme-ml", Role.RESTRICTED_VIEWER))
    assert sees("vera"), "a team's role counts for everyone in it"
    world.write(lambda tx: members.remove_member(tx, world.get(tx), "bob"))
    role = world.read(lambda tx: registries.role(tx, world.get(tx)), by="bob")
    assert role is Role.RESTRICTED_VIEWER


def test_nothing_of_a_restricted_registry_shows(world: World) -> None:
    registry = world.registry("model", visibility=Visibility.RESTRICTED)
    version = world.log(entity="acme-ml")[0]
    link = world.link(version)
    attempts: list[Callable[[Transaction], object]] = [
        lambda tx: registries.by_id(tx, registry.id),
        lambda tx: registries.get(tx, world.acme(tx), "model"),
        lambda tx: collections.by_id(tx, link.collection_id),
        lambda tx: links.link(tx, registry, "fraud", version),
        lambda tx: registries.delete(tx, registry),
        lambda tx: registries.set_description(tx, registry, "x"),
        lambda tx: members.set_member(tx, registry, "bob", Role.ADMIN),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound, match="missing, or not visible to this key"):
            world.write(attempt, by="bob")
    assert world.read(lambda tx: registries.visible(tx, world.acme(tx)), by="bob") == []


def test_the_strongest_role_counts(world: World) -> None:
    world.registry("model")
    role = lambda name: world.read(lambda tx: registries.role(tx, world.get(tx)), by=name)  # noqa: E731
    assert (role("alice"), role("bob"), role("vera")) == (Role.ADMIN, Role.MEMBER, Role.VIEWER)
    for name, given in (("alice", Role.VIEWER), ("bob", Role.VIEWER), ("vera", Role.ADMIN)):
        world.write(lambda tx, n=name, r=given: members.set_member(tx, world.get(tx), n, r))  # type: ignore[misc]
    assert (role("alice"), role("bob"), role("vera")) == (Role.ADMIN, Role.MEMBER, Role.ADMIN)


def test_who_creates_a_registry_is_its_admin(world: World) -> None:
    made = world.write(
        lambda tx: registries.create(tx, world.acme(tx), "bobs", visibility=Visibility.RESTRICTED), by="bob"
    )
    assert world.read(lambda tx: registries.role(tx, made), by="bob") is Role.ADMIN
    assert [tuple(each[:2]) for each in world.read(lambda tx: members.members(tx, made))] == [("bob", Role.ADMIN)]


def test_members_come_from_the_organization(world: World) -> None:
    world.registry()
    for stranger in ("team:other-ml", "nobody", "team:bob", "team:acme-org"):
        with pytest.raises(Invalid, match="no such user or team in organization 'acme'"):
            world.write(lambda tx, who=stranger: members.set_member(tx, world.get(tx), who, Role.VIEWER))  # type: ignore[misc]


def test_adding_a_member_gives_the_weakest_role_at_first(world: World) -> None:
    world.registry()
    world.write(lambda tx: members.add_member(tx, world.get(tx), "bob"))
    assert world.read(lambda tx: members.members(tx, world.get(tx)))[0].role is Role.RESTRICTED_VIEWER
    with pytest.raises(Conflict, match="already a member"):
        world.write(lambda tx: members.add_member(tx, world.get(tx), "bob"))
    world.write(lambda tx: members.remove_member(tx, world.get(tx), "bob"))
    with pytest.raises(NotFound):
        world.write(lambda tx: members.remove_member(tx, world.get(tx), "bob"))


def test_the_list_of_protected_aliases_belongs_to_one_registry(world: World) -> None:
    world.registry("model")
    world.registry("dataset")
    world.protect("production", "staging")
    listed = lambda name: world.read(lambda tx: registries.protected_aliases(tx, world.get(tx, name)))  # noqa: E731
    assert (listed("model"), listed("dataset")) == (["production", "staging"], [])
    with pytest.raises(Forbidden, match="a member cannot edit the protected aliases"):
        world.protect("canary", by="bob")
    for reserved in ("latest", "v3"):
        with pytest.raises(Invalid, match="belongs to the server"):
            world.protect(reserved)
    world.write(lambda tx: registries.unprotect(tx, world.get(tx), "staging"))
    assert listed("model") == ["production"]
    with pytest.raises(NotFound):
        world.write(lambda tx: registries.unprotect(tx, world.get(tx), "staging"))


def test_lists_show_what_each_role_sees_and_nothing_else(world: World) -> None:
    """Every combination of what the rule looks at; an organization that is somebody else's as well."""
    for visibility in Visibility:
        for user in (None, *Role):
            for team in (None, Role.RESTRICTED_VIEWER):
                name = f"{visibility[:2]} {user or 'no'} {team or 'no'}"
                world.registry(name, visibility=visibility, description=f"Ünder {name}")
                given = (("bob", user), ("team:acme-ml", team))
                for member, role in given:
                    if role is not None:
                        world.write(lambda tx, n=name, m=member, r=role: members.set_member(tx, world.get(tx, n), m, r))  # type: ignore[misc]
    others = [world.read(lambda tx: accounts.organization(tx, "other"))]
    world.write(lambda tx: registries.create(tx, others[0], "theirs", description="under the sea"))
    for somebody in (None, "alice", "bob", "vera", "mallory"):
        with world.store.read() as tx:
            places = accounts.organizations(tx)
            everything = [found for place in places for found in registries.visible(tx, place)]
        with world.store.read(world.actor(somebody)) as tx:
            seen = [found for found in everything if registries.role(tx, found) is not None]
            assert [found for place in places for found in registries.visible(tx, place)] == seen
            assert registries.search(tx, "", most=99) == seen
            assert registries.search(tx, "", most=3, skip=2) == seen[2:5]
            assert registries.search(tx, "üNDER RE", most=99) == [each for each in seen if each.name.startswith("re")]
            assert registries.search(tx, "wandb-", most=99) == [], "the prefix is no part of the name"
