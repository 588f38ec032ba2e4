"""Organizations, teams, users and keys."""

from __future__ import annotations

import pytest

from regsync.local.store import accounts, identities
from regsync.local.store.errors import AlreadyExists, Forbidden, Invalid, NotFound, Unauthorized
from regsync.names import Role
from tests.local.world import World, key_of


def test_an_organization_has_a_display_name_and_another_name_for_its_entity(world: World) -> None:
    acme = world.read(lambda tx: accounts.organization(tx, "acme"))
    assert (acme.name, acme.entity) == ("acme", "acme-org")
    made = [world.write(lambda tx, n=name: accounts.add_organization(tx, n)) for name in ("A C.M.E", "a-c-m-e", "日本")]  # type: ignore[misc]
    assert [each.entity for each in made] == ["a-c-m-e-org", "a-c-m-e-org-2", "org"]


def test_a_name_is_taken_once_among_users_teams_and_organizations(world: World) -> None:
    with pytest.raises(AlreadyExists, match="please use a different name"):
        world.write(lambda tx: accounts.add_user(tx, "acme-ml"))
    with pytest.raises(AlreadyExists, match="please use a different name"):
        world.write(lambda tx: accounts.add_team(tx, world.acme(tx), "bob"))
    with pytest.raises(AlreadyExists):
        world.write(lambda tx: accounts.add_organization(tx, "acme"))


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "x" * 129, "tab\there"])
def test_illegal_names(world: World, name: str) -> None:
    for add in (
        lambda tx: accounts.add_user(tx, name),
        lambda tx: accounts.add_team(tx, world.acme(tx), name),
        lambda tx: accounts.add_organization(tx, name),
    ):
        with pytest.raises(Invalid):
            world.write(add)


@pytest.mark.parametrize("key", ["short", "x" * 39, "x" * 40 + " ", "x" * 40 + ":", "é" * 40, "x" * 40 + "\n"])
def test_keys_that_the_client_would_refuse(world: World, key: str) -> None:
    with pytest.raises(Invalid, match="API key"):
        world.write(lambda tx: accounts.add_user(tx, "zoe", key))


def test_a_key_is_made_up_where_none_is_given_and_only_its_hash_is_kept(world: World) -> None:
    _, key = world.write(lambda tx: accounts.add_user(tx, "zoe"))
    assert len(key) >= 40
    assert world.read(lambda tx: identities.authenticate(tx, key)).name == "zoe"
    assert key.encode() not in world.store.path.read_bytes()


def test_a_key_decides_who_acts(world: World) -> None:
    assert world.read(lambda tx: identities.authenticate(tx, key_of("bob"))) == world.actors["bob"]
    with pytest.raises(Unauthorized, match="invalid API key"):
        world.read(lambda tx: identities.authenticate(tx, key_of("nobody")))
    with pytest.raises(AlreadyExists, match="belongs to another user"):
        world.write(lambda tx: accounts.add_user(tx, "zoe", key_of("bob")))


def test_only_members_of_the_organization_can_be_in_its_teams(world: World) -> None:
    with pytest.raises(Invalid, match=r"mallory.*not in organization 'acme'"):
        world.write(
            lambda tx: accounts.set_team_member(tx, accounts.entity(tx, "acme-ml"), accounts.user(tx, "mallory"))
        )


def test_restricted_viewer_is_a_role_in_registries_only(world: World) -> None:
    with pytest.raises(Invalid, match="in registries only"):
        world.write(
            lambda tx: accounts.set_organization_member(
                tx, world.acme(tx), accounts.user(tx, "bob"), Role.RESTRICTED_VIEWER
            )
        )


def test_setting_up_is_for_the_owner_and_admins(world: World) -> None:
    for act in (lambda tx: accounts.add_user(tx, "zoe"), lambda tx: accounts.add_organization(tx, "zoo")):
        with pytest.raises(Forbidden):
            world.write(act, by="alice")
    world.write(lambda tx: accounts.add_team(tx, world.acme(tx), "made-by-alice"), by="alice")
    with pytest.raises(Forbidden, match="a member cannot add teams"):
        world.write(lambda tx: accounts.add_team(tx, world.acme(tx), "made-by-bob"), by="bob")


def test_an_organization_looks_absent_to_strangers_who_are_told_their_own(world: World) -> None:
    with pytest.raises(NotFound, match=r"'acme'.*known: other.*missing, or not visible to this key"):
        world.read(lambda tx: accounts.organization(tx, "acme"), by="mallory")
    assert [each.name for each in world.read(accounts.organizations, by="mallory")] == ["other"]
    assert [each.name for each in world.read(accounts.organizations)] == ["acme", "other"]


def test_teams_and_their_members_are_listed_by_name(world: World) -> None:
    team = world.read(lambda tx: accounts.entity(tx, "acme-ml"))
    everyone = world.read(lambda tx: accounts.team_members(tx, team))
    assert [(user.name, role) for user, role in everyone] == [(name, Role.MEMBER) for name in ("alice", "bob", "vera")]
    bob = world.read(lambda tx: accounts.user(tx, "bob"))
    assert world.read(lambda tx: accounts.teams_of_user(tx, bob)) == [team]
