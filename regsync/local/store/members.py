"""Who was given a role in a registry: users, and teams (whose role counts for everyone in the team).

Roles that come with the organization are not in this list; `registries.role` takes them into account.
"""

from __future__ import annotations

from regsync.local.store.access import missing, organization_role, require, sees_user
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Conflict, Forbidden, Invalid
from regsync.local.store.registries import Registry, role
from regsync.names import TEAM_PREFIX, Member, Role
from regsync.slots import NamedTuple


class RegistryMember(NamedTuple):
    """A user (`key` of the user) or a team (`key` of its entity) with their role. `member` is `alice` or `team:ml`."""

    member: Member
    role: Role
    key: int

    @property
    def is_team(self) -> bool:
        """Whether this is a team."""
        return self.member.startswith(TEAM_PREFIX)


def members(tx: Transaction, registry: Registry) -> list[RegistryMember]:
    """The users and then the teams that were given a role, each by name."""
    users = tx.all(
        """SELECT u.name, m.role, u.id FROM registry_user_members m JOIN users u ON u.id = m.user_id
           WHERE m.project_id = ? ORDER BY u.name""",
        registry.id,
    )
    teams = tx.all(
        """SELECT ? || e.name AS name, m.role, e.id FROM registry_team_members m JOIN entities e ON e.id = m.entity_id
           WHERE m.project_id = ? ORDER BY e.name""",
        TEAM_PREFIX,
        registry.id,
    )
    return [RegistryMember(Member(row["name"]), Role(row["role"]), row["id"]) for row in (*users, *teams)]


class _Table(NamedTuple):
    """The statements over one of the two tables of members; each takes the registry's key and the member's."""

    read: str
    write: str
    remove: str


_USERS = _Table(
    "SELECT role FROM registry_user_members WHERE project_id = ? AND user_id = ?",
    """INSERT INTO registry_user_members (project_id, user_id, role) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET role = excluded.role""",
    "DELETE FROM registry_user_members WHERE project_id = ? AND user_id = ?",
)
_TEAMS = _Table(
    "SELECT role FROM registry_team_members WHERE project_id = ? AND entity_id = ?",
    """INSERT INTO registry_team_members (project_id, entity_id, role) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET role = excluded.role""",
    "DELETE FROM registry_team_members WHERE project_id = ? AND entity_id = ?",
)


def set_member(tx: Transaction, registry: Registry, member: str, new_role: Role) -> None:
    """Give a user or a team a role, or another role. Raises `Forbidden`, `Invalid` for a stranger to the organization."""
    require(role(tx, registry), Role.ADMIN, "change members", f"registry {registry.name}")
    table, key = _place(tx, registry, member)
    before = tx.value(table.read, registry.id, key)
    if before == new_role:
        return
    tx.run(table.write, registry.id, key, new_role)
    old = None if before is None else {member: before}
    tx.record("set-member", registry.organization, registry.name, old, {member: new_role})


def add_member(tx: Transaction, registry: Registry, member: str) -> None:
    """Add a user or a team with the role that W&B gives at first: restricted viewer. Raises as `set_member`, and `Conflict`."""
    if any(known.member == member for known in members(tx, registry)):
        raise Conflict(f"{member} is already a member of registry {registry.name}")
    set_member(tx, registry, member, Role.RESTRICTED_VIEWER)


def remove_member(tx: Transaction, registry: Registry, member: str) -> None:
    """Take a user's or a team's role away. Raises `Forbidden`, `NotFound`."""
    require(role(tx, registry), Role.ADMIN, "change members", f"registry {registry.name}")
    table, key = _place(tx, registry, member)
    before = tx.value(table.read, registry.id, key)
    if before is None:
        missing(f"member {member} of registry {registry.name}")
    tx.run(table.remove, registry.id, key)
    tx.record("remove-member", registry.organization, registry.name, {member: before}, None)


def _place(tx: Transaction, registry: Registry, member: str) -> tuple[_Table, int]:
    """Which table a member is in, and their key. Raises `Invalid` for whom the actor does not see, and for another organization's team.

    A user of another organization is a guest; an admin of the registry's organization lets them in. Raises `Forbidden` to others.
    """
    if member.startswith(TEAM_PREFIX):
        key = tx.value(
            "SELECT id FROM entities WHERE kind = 'team' AND name = ? AND organization_id = ?",
            member.removeprefix(TEAM_PREFIX),
            registry.organization_id,
        )
    else:
        key = _user(tx, registry, member)
    if key is None:
        raise Invalid(f"{member}: no such user or team in organization {registry.organization!r}")
    return (_TEAMS if member.startswith(TEAM_PREFIX) else _USERS), key


def _user(tx: Transaction, registry: Registry, name: str) -> int | None:
    row = tx.one(
        """SELECT u.id, m.role IS NOT NULL AS inside, r.role IS NOT NULL AS guest FROM users u
           LEFT JOIN organization_members m ON m.user_id = u.id AND m.organization_id = ?
           LEFT JOIN registry_user_members r ON r.user_id = u.id AND r.project_id = ? WHERE u.name = ?""",
        registry.organization_id,
        registry.id,
        name,
    )
    if row is None or not (row["inside"] or row["guest"] or sees_user(tx, row["id"])):
        return None
    if not (row["inside"] or row["guest"]) and organization_role(tx, registry.organization_id) is not Role.ADMIN:
        raise Forbidden(
            f"permission denied: {name} is in another organization, and only an admin of {registry.organization} lets them in"
        )
    key: int = row["id"]
    return key
