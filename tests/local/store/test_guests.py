"""Guests: members of one registry who are in another organization of the same server. They see that registry, and nothing else."""

from __future__ import annotations

import pytest

from regsync.local.store import accounts, members, registries
from regsync.local.store.access import sees_entity, sees_organization
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Forbidden, Invalid, NotFound
from regsync.names import Role, Visibility
from tests.local.world import World


@pytest.fixture
def host(world: World) -> World:
    """alice is in mallory's organization too, so she sees her; bob is an admin of the registry `model` and sees her as well."""
    world.registry("model", visibility=Visibility.RESTRICTED)
    world.registry("open")
    world.registry("closed", visibility=Visibility.RESTRICTED)

    def meet(tx: Transaction) -> None:
        for name in ("alice", "bob"):
            accounts.set_organization_member(
                tx, accounts.organization(tx, "other"), accounts.user(tx, name), Role.MEMBER
            )
        members.set_member(tx, world.get(tx), "bob", Role.ADMIN)

    world.write(meet)
    return world


def let_in(world: World, by: str | None, role: Role = Role.VIEWER) -> None:
    world.write(lambda tx: members.set_member(tx, world.get(tx), "mallory", role), by)


def test_a_guest_sees_the_one_registry_and_no_more(host: World) -> None:
    (version,) = host.log()
    host.link(version, ["staging"])
    with pytest.raises(NotFound):
        host.read(host.acme, "mallory")
    let_in(host, "alice")
    acme = host.read(host.acme, "mallory")
    assert [each.name for each in host.read(lambda tx: registries.visible(tx, acme), "mallory")] == ["model"]
    assert [each.name for each in host.read(lambda tx: registries.search(tx, "", most=9), "mallory")] == ["model"]
    assert host.read(lambda tx: registries.role(tx, host.get(tx)), "mallory") is Role.VIEWER
    assert host.read(lambda tx: host.collection(tx).name, "mallory") == "fraud"
    for hidden in ("open", "closed"):
        with pytest.raises(NotFound):
            host.read(lambda tx, name=hidden: host.get(tx, name), "mallory")  # type: ignore[misc]
    team = host.read(lambda tx: accounts.entity(tx, "acme-ml"))
    assert not host.read(lambda tx: sees_entity(tx, team.id), "mallory")
    assert [each.name for each in host.read(accounts.organizations, "mallory")] == ["other"]
    with pytest.raises(NotFound):
        host.write(lambda tx: registries.create(tx, acme, "hers"), "mallory")


def test_who_was_let_in_and_is_taken_out_sees_nothing_again(host: World) -> None:
    let_in(host, "alice", Role.ADMIN)
    host.write(lambda tx: members.remove_member(tx, host.get(tx), "mallory"), "bob")
    assert not host.read(lambda tx: sees_organization(tx, 1), "mallory")
    with pytest.raises(NotFound):
        host.read(host.acme, "mallory")


def test_only_an_admin_of_the_organization_lets_guests_in_and_only_whom_they_see(host: World) -> None:
    with pytest.raises(Forbidden, match="only an admin of acme lets them in"):
        let_in(host, "bob")
    let_in(host, "alice", Role.ADMIN)
    let_in(host, "bob", Role.VIEWER)
    host.write(lambda tx: members.remove_member(tx, host.get(tx), "mallory"))
    host.write(lambda tx: tx.run("DELETE FROM organization_members WHERE organization_id = 2 AND user_id < 4"))
    with pytest.raises(Invalid, match="no such user or team in organization 'acme'"):
        let_in(host, "alice")
    let_in(host, None)


def test_a_guest_who_is_an_admin_of_the_registry_lets_nobody_else_in(host: World) -> None:
    let_in(host, "alice", Role.ADMIN)

    def add_eve(tx: Transaction) -> None:
        eve, _ = accounts.add_user(tx, "eve")
        accounts.set_organization_member(tx, accounts.organization(tx, "other"), eve, Role.MEMBER)

    host.write(add_eve)
    with pytest.raises(Forbidden):
        host.write(lambda tx: members.set_member(tx, host.get(tx), "eve", Role.VIEWER), "mallory")
