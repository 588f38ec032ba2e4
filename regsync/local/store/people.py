"""Users whom admins make through the server, and what is told of members: addresses, and whether a person or a machine uses the account.

Nobody is sent anything: whoever was made by their address has no key until the owner of the file gives them one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from regsync.local.store import accounts, user_keys
from regsync.local.store.access import entity_role, is_server_admin, organization_role, require, weaker
from regsync.local.store.accounts import Entity, Organization, User
from regsync.local.store.database import Transaction
from regsync.local.store.errors import AlreadyExists, Forbidden, Invalid
from regsync.names import Role
from regsync.slots import dataclass

LONGEST_ADDRESS = 254
"""Characters of an e-mail address."""
_ADDRESS = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+")


@dataclass(frozen=True, slots=True)
class About:
    """What is told of a user beside their name."""

    email: str | None
    is_service: bool


def about(tx: Transaction, users: Iterable[User]) -> dict[int, About]:
    """What is told of these users, by their keys."""
    rows = tx.all(
        "SELECT id, email, is_service FROM users WHERE id IN (SELECT value FROM json_each(?))",
        json.dumps([user.id for user in users]),
    )
    return {row["id"]: About(row["email"], bool(row["is_service"])) for row in rows}


def by_address(tx: Transaction, email: str) -> User | None:
    """The user of that e-mail address, whoever acts."""
    key = tx.value("SELECT id FROM users WHERE email = ?", email.casefold())
    return None if key is None else accounts.user_by_id(tx, key)


def add_by_address(tx: Transaction, email: str, *, server_admin: bool = False) -> User:
    """Make a user of no organization, named after the part of the address before the @; a number is added where that is taken.

    Raises `Forbidden` to anyone but an admin of the server, `AlreadyExists` for an address that somebody has, `Invalid`.
    """
    if not is_server_admin(tx):
        raise Forbidden("permission denied: only an admin of the server adds users")
    if len(email) > LONGEST_ADDRESS or not email.isprintable() or not _ADDRESS.fullmatch(email):
        raise Invalid(f"{email[:LONGEST_ADDRESS]!r} is not an e-mail address")
    if by_address(tx, email) is not None:
        raise AlreadyExists(f"a user with the address {email!r} already exists")
    made = accounts.add_keyless(tx, _free_name(tx, email.partition("@")[0]), server_admin=server_admin)
    tx.run("UPDATE users SET email = ? WHERE id = ?", email.casefold(), made.id)
    return made


def add_service_account(tx: Transaction, team: Entity, description: str) -> User:
    """Make an account for a team's machines, named after its description, and put it into the team and its organization.

    Its role in the organization is member, or its maker's where that is weaker. Raises `Forbidden` to anyone but an admin of
    the team, `Invalid` for a description that names nothing.
    """
    require(entity_role(tx, team.id), Role.ADMIN, "add service accounts", f"team {team.name}")
    if team.organization_id is None or team.kind != "team":
        raise Invalid(f"{team.name} is not a team: service accounts belong to teams")
    role = weaker(organization_role(tx, team.organization_id), Role.MEMBER) or Role.VIEWER
    made = accounts.add_keyless(tx, _free_name(tx, description))
    tx.run("UPDATE users SET is_service = 1 WHERE id = ?", made.id)
    tx.run(
        "INSERT INTO organization_members (organization_id, user_id, role) VALUES (?, ?, ?)",
        team.organization_id,
        made.id,
        role,
    )
    organization = accounts.organization_by_id(tx, team.organization_id)
    tx.record("set-organization-member", organization.name, made.name, None, role)
    accounts.set_team_member(tx, team, made, Role.MEMBER)
    return made


def invite(tx: Transaction, team: Entity, user: User, role: Role) -> None:
    """Put a user into a team; one whom an admin of the organization invites joins the organization with that. Raises as its parts do."""
    organization = accounts.organization_by_id(tx, team.organization_id or 0)
    if organization_role(tx, organization.id) is Role.ADMIN and not _is_inside(tx, organization, user):
        accounts.set_organization_member(tx, organization, user, Role.MEMBER)
    accounts.set_team_member(tx, team, user, role)


def give_key(tx: Transaction, user: User, description: str | None = None) -> str:
    """One more key of a user, for the owner of the file to hand on. Raises `Forbidden` to anyone else, `Conflict`."""
    if not tx.actor.is_owner:
        raise Forbidden("permission denied: only the owner of the registry file makes keys of others")
    return user_keys.make_for(tx, user, description)[1]


def _is_inside(tx: Transaction, organization: Organization, user: User) -> bool:
    return any(name == organization.name for name, _ in accounts.organizations_of(tx, user))


def _free_name(tx: Transaction, text: str) -> str:
    base = re.sub(r"[^a-z0-9_-]+", "-", text.casefold()).strip("-_")[:100]
    if not base:
        raise Invalid(f"{text[:100]!r} has no letter or digit to make a user name of")
    name, number = base, 2
    while tx.value("SELECT 1 FROM entities WHERE name = ?", name):
        name, number = f"{base}-{number}", number + 1
    return name
