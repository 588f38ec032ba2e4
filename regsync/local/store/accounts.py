"""Organizations, teams and users.

An organization has two names: the display name that people type (`acme`), and the name of the entity that holds its
registries. W&B keeps them apart, and so does this store: the entity is `acme-org` (letters and digits of the display
name, lower case, `-` for the rest, and `-org`), with a number after it where that is taken.

Setting accounts up is the work of the file's owner or of an organization admin.
"""

from __future__ import annotations

import re
from sqlite3 import Row

from regsync.local.store.access import entity_role, missing, organization_role, require, sees_organization
from regsync.local.store.actor import Actor
from regsync.local.store.database import Transaction
from regsync.local.store.errors import AlreadyExists, Forbidden, Invalid
from regsync.names import ENTITY_RULE, Role
from regsync.slots import dataclass

ORGANIZATION_ROLES = (Role.ADMIN, Role.MEMBER, Role.VIEWER)
"""The roles that a person can have in an organization or a team. `restricted_viewer` exists in registries only."""


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization: `name` is the display name, `entity` the name of the entity that holds its registries."""

    id: int
    name: str
    entity_id: int
    entity: str


@dataclass(frozen=True, slots=True)
class User:
    """A person or a service account. `entity_id` is their personal entity, which has the same name."""

    id: int
    name: str
    entity_id: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A namespace for projects. `kind` is user, team or organization; `organization_id` is None for a user's own."""

    id: int
    name: str
    kind: str
    organization_id: int | None


_ORGANIZATION = (
    "SELECT o.id, o.name, o.entity_id, e.name AS entity FROM organizations o JOIN entities e ON e.id = o.entity_id"
)


def _organization(row: Row) -> Organization:
    return Organization(row["id"], row["name"], row["entity_id"], row["entity"])


def organizations(tx: Transaction) -> list[Organization]:
    """The organizations that the actor belongs to (all of them, for the owner), by name."""
    every = [_organization(row) for row in tx.all(f"{_ORGANIZATION} ORDER BY o.name")]
    return [known for known in every if organization_role(tx, known.id) is not None]


def organization(tx: Transaction, name: str) -> Organization:
    """The organization with that display name, for guests of its registries too. Raises `NotFound`, naming those that there are."""
    row = tx.one(f"{_ORGANIZATION} WHERE o.name = ?", name)
    if row is None or not sees_organization(tx, row["id"]):
        known = ", ".join(known.name for known in organizations(tx)) or "none"
        missing(f"organization {name!r} (known: {known})")
    return _organization(row)


def organization_by_id(tx: Transaction, key: int) -> Organization:
    """The organization with that integer key, whoever acts. Raises `NotFound`."""
    row = tx.one(f"{_ORGANIZATION} WHERE o.id = ?", key)
    if row is None:
        missing("organization")
    return _organization(row)


def organization_of_entity(tx: Transaction, name: str) -> Organization | None:
    """The organization whose own entity (`acme-org`) or team has that name and that the actor belongs to, if there is one.

    By its own entity guests of its registries find it too.
    """
    key = tx.value("SELECT organization_id FROM entities WHERE name = ?", name)
    row = tx.one(f"{_ORGANIZATION} WHERE o.id = ?", key)
    if row is None:
        return None
    seen = sees_organization(tx, row["id"]) if row["entity"] == name else organization_role(tx, row["id"]) is not None
    return _organization(row) if seen else None


def add_organization(tx: Transaction, name: str) -> Organization:
    """Make an organization. Raises `AlreadyExists`, `Invalid`, or `Forbidden` to anyone but the owner."""
    if not tx.actor.is_owner:
        raise Forbidden("permission denied: only the owner of the registry file adds organizations")
    check_name("organization", name)
    if tx.value("SELECT 1 FROM organizations WHERE name = ?", name):
        raise AlreadyExists(f"organization {name!r} already exists")
    entity_id = _add_entity(tx, _free_entity_name(tx, name), "organization")
    key = tx.run("INSERT INTO organizations (name, entity_id, created_at) VALUES (?, ?, ?)", name, entity_id, tx.now)
    tx.run("UPDATE entities SET organization_id = ? WHERE id = ?", key, entity_id)
    made = organization_by_id(tx, key)
    tx.record("create-organization", name, "", None, {"entity": made.entity})
    return made


def set_organization_member(tx: Transaction, organization: Organization, user: User, role: Role) -> None:
    """Add a user to an organization or change their role there. Raises `Forbidden`, `Invalid`."""
    require(organization_role(tx, organization.id), Role.ADMIN, "change members", f"organization {organization.name}")
    _check_role(role)
    before = tx.value(
        "SELECT role FROM organization_members WHERE organization_id = ? AND user_id = ?", organization.id, user.id
    )
    if before == role:
        return
    tx.run(
        """INSERT INTO organization_members (organization_id, user_id, role) VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET role = excluded.role""",
        organization.id,
        user.id,
        role,
    )
    tx.record("set-organization-member", organization.name, user.name, before, role)


def organization_members(tx: Transaction, organization: Organization) -> list[tuple[User, Role]]:
    """Everybody in an organization, by name."""
    rows = tx.all(
        """SELECT u.id, u.name, u.entity_id, m.role FROM organization_members m JOIN users u ON u.id = m.user_id
           WHERE m.organization_id = ? ORDER BY u.name""",
        organization.id,
    )
    return [(User(row["id"], row["name"], row["entity_id"]), Role(row["role"])) for row in rows]


def add_user(tx: Transaction, name: str, api_key: str | None = None, *, server_admin: bool = False) -> tuple[User, str]:
    """Make a user with their personal entity; the user and their API key.

    Without `api_key` one is made up; it cannot be read back later, for only its hash is kept. Raises `Invalid` for a
    key under 40 characters (the W&B client refuses those), `AlreadyExists`, and `Forbidden` to anyone but the owner.
    """
    if not tx.actor.is_owner:
        raise Forbidden("permission denied: only the owner of the registry file adds users")
    from regsync.local.store import identities, keys

    check_name("user name", name)
    key = api_key or keys.make_up()
    identities.check_api_key(key)
    if api_key is not None and identities.holder(tx, key) is not None:
        raise AlreadyExists("this API key belongs to another user", hint="give every user a key of their own")
    made = add_keyless(tx, name, server_admin=server_admin)
    tx.run(
        "UPDATE users SET key_hash = ? WHERE id = ?",
        keys.fast(key) if api_key is None else identities.slow(tx, key),
        made.id,
    )
    return made, key


def add_keyless(tx: Transaction, name: str, *, server_admin: bool = False) -> User:
    """Make a user who has no key yet. Who may do so is for the caller to ask. Raises `Invalid`, `AlreadyExists`."""
    from regsync.local.store.keys import NONE

    check_name("user name", name)
    if tx.value("SELECT 1 FROM entities WHERE name = ?", name):
        raise AlreadyExists(f"{name!r} already exists; please use a different name")
    entity_id = _add_entity(tx, name, "user")
    user_id = tx.run(
        "INSERT INTO users (name, entity_id, key_hash, server_admin, created_at) VALUES (?, ?, ?, ?, ?)",
        name,
        entity_id,
        f"{NONE}={name}",
        server_admin,
        tx.now,
    )
    tx.record("create-user", "", name, None, {"name": name, **({"server_admin": True} if server_admin else {})})
    return User(user_id, name, entity_id)


def actor(tx: Transaction, user_name: str) -> Actor:
    """The actor for a user by name, for tests and for acting on somebody's behalf. Raises `NotFound`."""
    found = user(tx, user_name)
    return Actor(found.id, found.name)


def user(tx: Transaction, name: str) -> User:
    """A user by name. Raises `NotFound`."""
    row = tx.one("SELECT id, name, entity_id FROM users WHERE name = ?", name)
    if row is None:
        missing(f"user {name!r}")
    return User(row["id"], row["name"], row["entity_id"])


def user_by_id(tx: Transaction, key: int) -> User:
    """A user by integer key. Raises `NotFound`."""
    row = tx.one("SELECT id, name, entity_id FROM users WHERE id = ?", key)
    if row is None:
        missing("user")
    return User(row["id"], row["name"], row["entity_id"])


def users(tx: Transaction) -> list[User]:
    """Every user of the file, by name. Raises `Forbidden` to anyone but the owner."""
    if not tx.actor.is_owner:
        raise Forbidden("permission denied: only the owner of the registry file lists all users")
    return everybody(tx)


def everybody(tx: Transaction) -> list[User]:
    """Every user of the file, by name, whoever acts."""
    rows = tx.all("SELECT id, name, entity_id FROM users ORDER BY name")
    return [User(row["id"], row["name"], row["entity_id"]) for row in rows]


def is_server_admin(tx: Transaction, user: User) -> bool:
    """Whether a user is an admin of the server, whoever acts."""
    return bool(tx.value("SELECT server_admin FROM users WHERE id = ?", user.id))


def organizations_of(tx: Transaction, user: User) -> list[tuple[str, Role]]:
    """The organizations that a user is in, whoever acts: display name and role, by name."""
    rows = tx.all(
        """SELECT o.name, m.role FROM organization_members m JOIN organizations o ON o.id = m.organization_id
           WHERE m.user_id = ? ORDER BY o.name""",
        user.id,
    )
    return [(row["name"], Role(row["role"])) for row in rows]


def default_entity(tx: Transaction) -> str:
    """Where the acting user's runs go that name no entity: their choice while they may log there, else their own entity."""
    chosen = tx.one(
        "SELECT e.id, e.name FROM users u JOIN entities e ON e.id = u.default_entity WHERE u.id = ?", tx.actor.user_id
    )
    role = entity_role(tx, chosen["id"]) if chosen else None
    return chosen["name"] if chosen and role in (Role.ADMIN, Role.MEMBER) else tx.actor.name


def set_default_entity(tx: Transaction, name: str) -> None:
    """Choose where the acting user's runs go by default: their own entity or a team's. Raises `NotFound`, `Forbidden`."""
    row = tx.one("SELECT id FROM entities WHERE name = ?", name)
    role = entity_role(tx, row["id"]) if row else None
    require(role, Role.MEMBER, "log runs and artifacts", f"entity {name!r}")
    tx.run("UPDATE users SET default_entity = ? WHERE id = ?", row["id"] if row else None, tx.actor.user_id)


def add_team(tx: Transaction, organization: Organization, name: str) -> Entity:
    """Make a team. Raises `AlreadyExists`, `Invalid`, `Forbidden`."""
    require(organization_role(tx, organization.id), Role.ADMIN, "add teams", f"organization {organization.name}")
    check_name("team name", name)
    if tx.value("SELECT 1 FROM entities WHERE name = ?", name):
        raise AlreadyExists(f"{name!r} already exists; please use a different name")
    key = _add_entity(tx, name, "team", organization.id)
    tx.record("create-team", organization.name, name, None, {"name": name})
    return Entity(key, name, "team", organization.id)


def entity(tx: Transaction, name: str) -> Entity:
    """A user's, team's or organization's entity by name, whoever acts. Raises `NotFound`."""
    row = tx.one("SELECT id, name, kind, organization_id FROM entities WHERE name = ?", name)
    if row is None:
        missing(f"entity {name!r}")
    return Entity(row["id"], row["name"], row["kind"], row["organization_id"])


def entity_by_id(tx: Transaction, key: int) -> Entity:
    """An entity by integer key, whoever acts. Raises `NotFound`."""
    row = tx.one("SELECT id, name, kind, organization_id FROM entities WHERE id = ?", key)
    if row is None:
        missing("entity")
    return Entity(row["id"], row["name"], row["kind"], row["organization_id"])


def teams(tx: Transaction, organization: Organization) -> list[Entity]:
    """The teams of an organization, by name."""
    rows = tx.all(
        "SELECT id, name FROM entities WHERE kind = 'team' AND organization_id = ? ORDER BY name", organization.id
    )
    return [Entity(row["id"], row["name"], "team", organization.id) for row in rows]


def teams_of_user(tx: Transaction, user: User) -> list[Entity]:
    """The teams that a user is in, by name."""
    rows = tx.all(
        """SELECT e.id, e.name, e.organization_id FROM team_members t JOIN entities e ON e.id = t.entity_id
           WHERE t.user_id = ? ORDER BY e.name""",
        user.id,
    )
    return [Entity(row["id"], row["name"], "team", row["organization_id"]) for row in rows]


def set_team_member(tx: Transaction, team: Entity, user: User, role: Role = Role.MEMBER) -> None:
    """Add a user to a team or change their role there. Raises `Invalid` for a user outside of the team's organization."""
    require(entity_role(tx, team.id), Role.ADMIN, "change members", f"team {team.name}")
    _check_role(role)
    name = tx.value("SELECT name FROM organizations WHERE id = ?", team.organization_id)
    if not tx.value(
        "SELECT 1 FROM organization_members WHERE organization_id = ? AND user_id = ?", team.organization_id, user.id
    ):
        raise Invalid(
            f"user {user.name!r} is not in organization {name!r}, so not in its team {team.name!r} either",
            hint=f"add the user first: regsync local org add {name} --member {user.name}:member",
        )
    before = tx.value("SELECT role FROM team_members WHERE entity_id = ? AND user_id = ?", team.id, user.id)
    if before == role:
        return
    tx.run(
        """INSERT INTO team_members (entity_id, user_id, role) VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET role = excluded.role""",
        team.id,
        user.id,
        role,
    )
    tx.record("set-team-member", name, f"{team.name}/{user.name}", before, role)


def remove_team_member(tx: Transaction, team: Entity, user: User) -> None:
    """Take a user out of a team. Raises `Forbidden`, and `NotFound` where they are not in it."""
    require(entity_role(tx, team.id), Role.ADMIN, "change members", f"team {team.name}")
    before = tx.value("SELECT role FROM team_members WHERE entity_id = ? AND user_id = ?", team.id, user.id)
    if before is None:
        missing(f"member {user.name!r} of team {team.name!r}")
    tx.run("DELETE FROM team_members WHERE entity_id = ? AND user_id = ?", team.id, user.id)
    name = tx.value("SELECT name FROM organizations WHERE id = ?", team.organization_id)
    tx.record("remove-team-member", name, f"{team.name}/{user.name}", before, None)


def team_members(tx: Transaction, team: Entity) -> list[tuple[User, Role]]:
    """Everybody in a team: people by name, then service accounts in the order in which they were made.

    The client takes the last one for the service account that it just made (`Team.create_service_account` of 0.31).
    """
    rows = tx.all(
        """SELECT u.id, u.name, u.entity_id, t.role FROM team_members t JOIN users u ON u.id = t.user_id
           WHERE t.entity_id = ? ORDER BY u.is_service, iif(u.is_service, u.id, 0), u.name""",
        team.id,
    )
    return [(User(row["id"], row["name"], row["entity_id"]), Role(row["role"])) for row in rows]


def check_name(noun: str, name: str) -> None:
    """Raise `Invalid` for a name that no user, team or organization can have; `noun` starts the message."""
    problem = ENTITY_RULE.problem(name)
    if problem:
        raise Invalid(f"{noun} {name!r} {problem}")


def _check_role(role: Role) -> None:
    if role not in ORGANIZATION_ROLES:
        raise Invalid(f"{role} is a role in registries only", hint="use admin, member or viewer")


def _free_entity_name(tx: Transaction, display_name: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", display_name.lower()).strip("-")[:100]
    base = f"{slug}-org" if slug else "org"
    name, number = base, 2
    while tx.value("SELECT 1 FROM entities WHERE name = ?", name):
        name, number = f"{base}-{number}", number + 1
    return name


def _add_entity(tx: Transaction, name: str, kind: str, organization_id: int | None = None) -> int:
    return tx.run(
        "INSERT INTO entities (name, kind, organization_id, created_at) VALUES (?, ?, ?, ?)",
        name,
        kind,
        organization_id,
        tx.now,
    )
