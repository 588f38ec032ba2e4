"""What the acting user sees and may do: the one place that decides it. Every path to an object asks here.

An object that the actor does not see is treated as one that does not exist: the same error, the same words, no count, no name.
A version has many places: the project where it was logged, and each registry that links it. The actor has a role at each
place, and **a link lends no more than its linker had**: whoever links a version must be able to read its files, and people of
the registry get at most the linker's role for the version through that link. So nobody gains by linking what they see.

Sources: "Configure registry access" in the W&B documentation (role permissions; a user's effective role is the
highest of those that they have). Assumed, because nobody published it: in a registry that the whole organization
sees, a member of the organization has their organization role; a team that is a member of a registry gives its role
to everyone in the team; an organization admin reads and writes every team's projects.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NoReturn

from regsync.local.store.database import Transaction
from regsync.local.store.errors import Forbidden, NotFound
from regsync.names import Role, Visibility


def strongest(roles: Iterable[str]) -> Role | None:
    """The role that counts where somebody has several."""
    return min((Role(role) for role in roles), key=lambda role: role.strength, default=None)


def organization_role(tx: Transaction, organization_id: int) -> Role | None:
    """The actor's role in an organization; None for a stranger."""
    if tx.actor.is_owner:
        return Role.ADMIN
    return tx.once((organization_role, organization_id), lambda: _organization_role(tx, organization_id))


def _organization_role(tx: Transaction, organization_id: int) -> Role | None:
    row = tx.one(
        "SELECT role FROM organization_members WHERE organization_id = ? AND user_id = ?",
        organization_id,
        tx.actor.user_id,
    )
    return Role(row["role"]) if row else None


def sees_organization(tx: Transaction, organization_id: int) -> bool:
    """Whether the actor may know that there is such an organization: its people, and guests of one of its registries.

    Guests learn its name. Who else is in it, and its teams, is for `organization_role` to allow.
    """
    return organization_role(tx, organization_id) is not None or tx.once(
        (sees_organization, organization_id), lambda: _is_guest(tx, organization_id)
    )


def _is_guest(tx: Transaction, organization_id: int) -> bool:
    return bool(
        tx.value(
            """SELECT 1 FROM registry_user_members m JOIN projects p ON p.id = m.project_id
               JOIN entities e ON e.id = p.entity_id WHERE m.user_id = ? AND e.organization_id = ? LIMIT 1""",
            tx.actor.user_id,
            organization_id,
        )
    )


def registry_role(tx: Transaction, project_id: int, organization_id: int, visibility: str) -> Role | None:
    """The actor's effective role in a registry; None where the registry must look absent.

    A guest, who is a member of the registry and in another organization, has that role and no other.
    """
    in_organization = organization_role(tx, organization_id)
    if in_organization is Role.ADMIN:
        return in_organization
    roles = [*tx.once((registry_role, project_id), lambda: _registry_roles(tx, project_id))]
    if in_organization is not None and visibility == Visibility.ORGANIZATION:
        roles.append(in_organization)
    return strongest(roles)


def _registry_roles(tx: Transaction, project_id: int) -> list[str]:
    rows = tx.all(
        """SELECT role FROM registry_user_members WHERE project_id = :project AND user_id = :user
           UNION ALL
           SELECT m.role FROM registry_team_members m JOIN team_members t USING (entity_id)
           WHERE m.project_id = :project AND t.user_id = :user""",
        {"project": project_id, "user": tx.actor.user_id},
    )
    return [row["role"] for row in rows]


SEES_REGISTRY = """(:owner
  OR EXISTS (SELECT 1 FROM registry_user_members m WHERE m.project_id = r.project_id AND m.user_id = :user)
  OR (o.id IN (SELECT organization_id FROM organization_members WHERE user_id = :user)
  AND EXISTS (SELECT 1 FROM organization_members mine WHERE mine.organization_id = o.id AND mine.user_id = :user AND (
    mine.role = 'admin' OR r.visibility = 'organization'
    OR EXISTS (SELECT 1 FROM registry_team_members m JOIN team_members t USING (entity_id)
               WHERE m.project_id = r.project_id AND t.user_id = :user)))))"""
"""SQL: whether the actor (`viewer`) sees a registry `r` of an organization `o`, as `registry_role` says. For lists that are cut."""


def viewer(tx: Transaction) -> dict[str, int | None]:
    """The parameters of `SEES_REGISTRY`."""
    return {"owner": int(tx.actor.is_owner), "user": tx.actor.user_id}


def entity_role(tx: Transaction, entity_id: int) -> Role | None:
    """The actor's role in the projects of a user's or a team's entity; None where they must look absent.

    The entity of an organization holds registries only; ask `registry_role` about each of those.
    """
    if tx.actor.is_owner:
        return Role.ADMIN
    return tx.once((entity_role, entity_id), lambda: _entity_role(tx, entity_id))


def _entity_role(tx: Transaction, entity_id: int) -> Role | None:
    row = tx.one(
        """SELECT e.kind, t.role AS team_role, o.role AS organization_role, u.id IS NOT NULL AS own
           FROM entities e
           LEFT JOIN team_members t ON t.entity_id = e.id AND t.user_id = :user
           LEFT JOIN organization_members o ON o.organization_id = e.organization_id AND o.user_id = :user
           LEFT JOIN users u ON u.entity_id = e.id AND u.id = :user
           WHERE e.id = :entity""",
        {"entity": entity_id, "user": tx.actor.user_id},
    )
    if row is None or row["kind"] == "organization":
        return None
    if row["own"] or row["organization_role"] == Role.ADMIN:
        return Role.ADMIN
    return Role(row["team_role"]) if row["team_role"] else None


def version_role(tx: Transaction, artifact_id: int, entity_id: int) -> Role | None:
    """The actor's role for a version: the strongest of what its own project and the links to it give.

    `entity_id` is that of the project where it was logged. None where the version must look absent; a restricted viewer
    sees the version and must not read its files.
    """
    own = entity_role(tx, entity_id)
    if own is Role.ADMIN:
        return own
    return strongest(found for found in (own, lent_roles(tx, [artifact_id]).get(artifact_id)) if found)


def lent_roles(tx: Transaction, artifacts: Iterable[int]) -> dict[int, Role]:
    """The actor's role for each version that a link lends them one for: the strongest of all links to it."""
    rows = tx.all(
        """SELECT DISTINCT m.artifact_id, m.lends, c.project_id, e.organization_id, r.visibility
           FROM json_each(?) k CROSS JOIN memberships m ON m.artifact_id = k.value
           JOIN collections c ON c.id = m.collection_id JOIN registries r USING (project_id)
           JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id""",
        json.dumps([*artifacts]),
    )
    registries = {row["project_id"]: (row["organization_id"], row["visibility"]) for row in rows}
    roles = {key: registry_role(tx, key, *about) for key, about in registries.items()}
    found: dict[int, Role] = {}
    for row in rows:
        lent = weaker(roles[row["project_id"]], Role(row["lends"]))
        known = found.get(row["artifact_id"])
        if lent is not None and (known is None or lent.strength < known.strength):
            found[row["artifact_id"]] = lent
    return found


def weaker(first: Role | None, second: Role) -> Role | None:
    """The role that two limits leave together."""
    return None if first is None else max(first, second, key=lambda role: role.strength)


def is_server_admin(tx: Transaction) -> bool:
    """Whether the actor may know of all users and of the names of their keys. It gives no role in any organization."""
    return tx.actor.is_owner or bool(
        tx.value("SELECT 1 FROM users WHERE id = ? AND server_admin = 1", tx.actor.user_id)
    )


def sees_user(tx: Transaction, user_id: int) -> bool:
    """Whether the actor may know that there is such a user: themselves, and the people of their organizations.

    An admin of the server may know of everybody.
    """
    return (
        is_server_admin(tx)
        or user_id == tx.actor.user_id
        or bool(
            tx.value(
                """SELECT 1 FROM organization_members theirs JOIN organization_members mine USING (organization_id)
                   WHERE theirs.user_id = ? AND mine.user_id = ?""",
                user_id,
                tx.actor.user_id,
            )
        )
    )


def sees_entity(tx: Transaction, entity_id: int) -> bool:
    """Whether the actor may know that there is such an entity: a team or the organization's own, or a user whom they see."""
    row = tx.one(
        """SELECT e.kind, e.organization_id, u.id AS user_id FROM entities e LEFT JOIN users u ON u.entity_id = e.id
           WHERE e.id = ?""",
        entity_id,
    )
    if row is None:
        return False
    if row["kind"] == "user":
        return sees_user(tx, row["user_id"])
    if row["kind"] == "organization":
        return sees_organization(tx, row["organization_id"])
    return organization_role(tx, row["organization_id"]) is not None


def sees_place(tx: Transaction, project_id: int) -> bool:
    """Whether a project or a registry is there for the actor."""
    row = tx.one(
        """SELECT p.entity_id, e.organization_id, r.visibility FROM projects p JOIN entities e ON e.id = p.entity_id
           LEFT JOIN registries r ON r.project_id = p.id WHERE p.id = ?""",
        project_id,
    )
    if row is None:
        return False
    if row["visibility"] is None:
        return entity_role(tx, row["entity_id"]) is not None
    return registry_role(tx, project_id, row["organization_id"], row["visibility"]) is not None


def sees_collection(tx: Transaction, collection_id: int) -> bool:
    """Whether a collection of either kind is there for the actor."""
    project_id = tx.value("SELECT project_id FROM collections WHERE id = ?", collection_id)
    return project_id is not None and sees_place(tx, project_id)


def seen_collections(tx: Transaction, keys: Iterable[int]) -> set[int]:
    """Those of many collections for which `sees_collection` is true."""
    rows = [
        *tx.tuples(
            "SELECT id, project_id FROM collections WHERE id IN (SELECT value FROM json_each(?))", json.dumps([*keys])
        )
    ]
    visible = {place for place in {project_id for _, project_id in rows} if sees_place(tx, place)}
    return {key for key, project_id in rows if project_id in visible}


def sees_version(tx: Transaction, artifact_id: int) -> bool:
    """Whether an artifact version is there for the actor, where it was logged or through a link."""
    entity_id = tx.value(
        """SELECT p.entity_id FROM artifacts a JOIN collections c ON c.id = a.sequence_id
           JOIN projects p ON p.id = c.project_id WHERE a.id = ?""",
        artifact_id,
    )
    return entity_id is not None and version_role(tx, artifact_id, entity_id) is not None


def readable_entities(tx: Transaction) -> frozenset[int] | None:
    """Keys of the user and team entities whose projects the actor can read; None means all of them."""
    if tx.actor.is_owner:
        return None
    rows = tx.all(
        """SELECT entity_id AS id FROM team_members WHERE user_id = :user
           UNION SELECT entity_id FROM users WHERE id = :user
           UNION SELECT e.id FROM entities e JOIN organization_members o USING (organization_id)
                 WHERE e.kind = 'team' AND o.user_id = :user AND o.role = 'admin'""",
        {"user": tx.actor.user_id},
    )
    return frozenset(row["id"] for row in rows)


def require(role: Role | None, at_least: Role, doing: str, what: str) -> None:
    """Raise `Forbidden` unless `role` is at least that strong, `NotFound` where there is no role at all.

    `doing` ends a sentence: "permission denied: a viewer cannot <doing>".
    """
    if role is None:
        missing(what)
    if role.strength > at_least.strength:
        raise Forbidden(
            f"permission denied: {what}: a {role.replace('_', ' ')} cannot {doing}",
            hint=f"this needs the role {at_least.replace('_', ' ')}",
        )


def missing(what: str) -> NoReturn:
    """Raise `NotFound` in words that do not tell absent from invisible."""
    raise NotFound(f"{what}: missing, or not visible to this key")
