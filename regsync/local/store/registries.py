"""Registries: projects named `wandb-registry-<name>` of an organization's entity.

Facts: "Create a registry" and "Configure registry access" in the W&B documentation, `wandb/apis/public/registries/`.
Whoever creates a registry becomes a member of it with the role admin (`tests/system_tests/test_registries/` of the client).
Assumed, because nobody published it: only admins delete registries; the list of accepted types governs links made from now on.
"""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Row

from regsync.local.store.access import SEES_REGISTRY, missing, organization_role, registry_role, require, viewer
from regsync.local.store.accounts import Organization
from regsync.local.store.database import Transaction
from regsync.local.store.errors import AlreadyExists, Conflict, Invalid
from regsync.names import (
    REGISTRY_PREFIX,
    REGISTRY_RULE,
    Role,
    Visibility,
    alias_problem,
    artifact_type_problem,
)
from regsync.slots import dataclass


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry. `id` is the key of its project, `name` is without `wandb-registry-`, `organization` the display name.

    `description`: None, "" and text are three values. Accepted types and protected aliases are read by functions.
    """

    id: int
    organization_id: int
    organization: str
    entity: str
    name: str
    description: str | None
    visibility: Visibility
    all_types: bool
    created_at: str
    updated_at: str

    @property
    def project_name(self) -> str:
        """The name of the registry's project."""
        return REGISTRY_PREFIX + self.name


_COLUMNS = """SELECT p.id, o.id AS organization_id, o.name AS organization, e.name AS entity, p.name, p.description,
      r.visibility, r.all_types, p.created_at, p.updated_at"""
_REGISTRY = f"""{_COLUMNS} FROM registries r JOIN projects p ON p.id = r.project_id JOIN entities e ON e.id = p.entity_id
      JOIN organizations o ON o.id = e.organization_id"""


def _registry(row: Row) -> Registry:
    return Registry(
        row["id"],
        row["organization_id"],
        row["organization"],
        row["entity"],
        row["name"].removeprefix(REGISTRY_PREFIX),
        row["description"],
        Visibility(row["visibility"]),
        bool(row["all_types"]),
        row["created_at"],
        row["updated_at"],
    )


def role(tx: Transaction, registry: Registry) -> Role | None:
    """The actor's effective role; None where the registry must look absent."""
    return registry_role(tx, registry.id, registry.organization_id, registry.visibility)


def visible(tx: Transaction, organization: Organization) -> list[Registry]:
    """The registries of an organization that the actor can see, by name."""
    sql = f"{_REGISTRY} WHERE o.id = :organization AND {SEES_REGISTRY} ORDER BY p.name"
    return [*map(_registry, tx.all(sql, {**viewer(tx), "organization": organization.id}))]


def search(tx: Transaction, text: str, *, most: int, skip: int = 0) -> list[Registry]:
    """At most so many registries that the actor sees, of all organizations, by organization and name, after `skip` others.

    Those with `text` in their name or description, whatever its case; "" for all. A search looks at each registry, and no
    further than it needs to.
    """
    sql = f"""{_COLUMNS} FROM organizations o CROSS JOIN entities e ON e.id = o.entity_id
      CROSS JOIN projects p ON p.entity_id = e.id CROSS JOIN registries r ON r.project_id = p.id
    WHERE {SEES_REGISTRY} AND (:text = '' OR instr(folded(substr(p.name, :prefix)), :text) OR instr(folded(p.description), :text))
    ORDER BY o.name, p.name LIMIT :most OFFSET :skip"""
    given = {"text": text.casefold(), "prefix": len(REGISTRY_PREFIX) + 1, "most": most, "skip": skip}
    return [*map(_registry, tx.all(sql, {**viewer(tx), **given}))]


def find(tx: Transaction, organization: Organization, name: str) -> Registry | None:
    """The registry (name without prefix), or None where there is none or it is not visible to the actor."""
    row = tx.one(f"{_REGISTRY} WHERE e.id = ? AND p.name = ?", organization.entity_id, REGISTRY_PREFIX + name)
    found = _registry(row) if row else None
    return found if found and role(tx, found) is not None else None


def get(tx: Transaction, organization: Organization, name: str) -> Registry:
    """The registry (name without prefix). Raises `NotFound`."""
    return find(tx, organization, name) or missing(f"registry {name!r}")


def by_id(tx: Transaction, key: int) -> Registry:
    """The registry whose project has that integer key. Raises `NotFound`."""
    row = tx.one(f"{_REGISTRY} WHERE p.id = ?", key)
    if row is None or role(tx, _registry(row)) is None:
        missing("registry")
    return _registry(row)


def create(
    tx: Transaction,
    organization: Organization,
    name: str,
    *,
    description: str | None = None,
    visibility: Visibility = Visibility.ORGANIZATION,
    artifact_types: Iterable[str] | None = None,
) -> Registry:
    """Make a registry. No `artifact_types` (None or empty) means that every type is accepted.

    Raises `AlreadyExists` (also for one that the actor cannot see), `Forbidden`, `Invalid`, `NotFound`.
    """
    own_role = organization_role(tx, organization.id)
    require(own_role, Role.MEMBER, "create registries", f"organization {organization.name}")
    _check_registry_name(name)
    types = sorted(set(artifact_types or ()))
    _check_types(types)
    _check_free(tx, organization.entity_id, name)
    key = tx.run(
        """INSERT INTO projects (entity_id, name, description, created_by, created_at, updated_at)
           VALUES (?, ?, ?, ?, ?, ?)""",
        organization.entity_id,
        REGISTRY_PREFIX + name,
        description,
        tx.actor.user_id,
        tx.now,
        tx.now,
    )
    tx.run(
        "INSERT INTO registries (project_id, visibility, all_types) VALUES (?, ?, ?)", key, visibility, int(not types)
    )
    _accept(tx, key, types)
    if tx.actor.user_id is not None:
        tx.run(
            "INSERT INTO registry_user_members (project_id, user_id, role) VALUES (?, ?, 'admin')",
            key,
            tx.actor.user_id,
        )
    after = {"description": description, "visibility": visibility, "artifact_types": types or None}
    tx.record("create-registry", organization.name, name, None, after)
    return by_id(tx, key)


def set_description(tx: Transaction, registry: Registry, description: str | None) -> Registry:
    """Change the description; None and "" differ. Raises `Forbidden`."""
    require(role(tx, registry), Role.MEMBER, "edit the description", f"registry {registry.name}")
    if registry.description == description:
        return registry
    tx.run("UPDATE projects SET description = ?, updated_at = ? WHERE id = ?", description, tx.now, registry.id)
    _record(tx, "describe-registry", registry, {"description": registry.description}, {"description": description})
    return by_id(tx, registry.id)


def set_visibility(tx: Transaction, registry: Registry, visibility: Visibility) -> Registry:
    """Restrict a registry to its members. Raises `Conflict` the other way round: W&B cannot do that; and `Forbidden`."""
    require(role(tx, registry), Role.ADMIN, "change the visibility", f"registry {registry.name}")
    if registry.visibility == visibility:
        return registry
    if registry.visibility is Visibility.RESTRICTED:
        raise Conflict(f"registry {registry.name}: a restricted registry cannot be opened to the organization again")
    tx.run("UPDATE registries SET visibility = ? WHERE project_id = ?", visibility, registry.id)
    _touch(tx, registry)
    _record(tx, "set-visibility", registry, registry.visibility, visibility)
    return by_id(tx, registry.id)


def rename(tx: Transaction, registry: Registry, name: str) -> Registry:
    """Give a registry another name; its id, collections and links stay. Raises `AlreadyExists`, `Forbidden`, `Invalid`."""
    require(role(tx, registry), Role.MEMBER, "rename the registry", f"registry {registry.name}")
    if name == registry.name:
        return registry
    _check_registry_name(name)
    _check_free(tx, tx.value("SELECT entity_id FROM projects WHERE id = ?", registry.id), name)
    tx.run("UPDATE projects SET name = ?, updated_at = ? WHERE id = ?", REGISTRY_PREFIX + name, tx.now, registry.id)
    _record(tx, "rename-registry", registry, registry.name, name)
    return by_id(tx, registry.id)


def delete(tx: Transaction, registry: Registry) -> None:
    """Remove a registry with its collections and links. Source artifacts stay as they are. Raises `Forbidden`."""
    from regsync.local.store.events import record_unbound

    require(role(tx, registry), Role.ADMIN, "delete the registry", f"registry {registry.name}")
    counts = tx.one(
        """SELECT count(DISTINCT c.id) AS collections, count(m.id) AS links
           FROM collections c LEFT JOIN memberships m ON m.collection_id = c.id WHERE c.project_id = ?""",
        registry.id,
    )
    record_unbound(tx, registry.id)
    tx.run("DELETE FROM projects WHERE id = ?", registry.id)
    _record(tx, "delete-registry", registry, dict(counts) if counts else None, None)


def accepted_types(tx: Transaction, registry: Registry) -> list[str]:
    """The types that a registry was told to accept, by name. Empty where it accepts all."""
    rows = tx.all("SELECT name FROM artifact_types WHERE project_id = ? AND accepted ORDER BY name", registry.id)
    return [row["name"] for row in rows]


def accepts(tx: Transaction, registry: Registry, type_name: str) -> bool:
    """Whether artifacts of that type may be linked here."""
    return registry.all_types or bool(
        tx.value("SELECT 1 FROM artifact_types WHERE project_id = ? AND name = ? AND accepted", registry.id, type_name)
    )


def allow_types(tx: Transaction, registry: Registry, types: Iterable[str]) -> Registry:
    """Add accepted types; from then on only listed types are accepted. None can ever be taken away. Raises `Forbidden`, `Invalid`."""
    require(role(tx, registry), Role.ADMIN, "edit the accepted artifact types", f"registry {registry.name}")
    before = accepted_types(tx, registry)
    new = sorted(set(types) - set(before))
    _check_types(new)
    if not new and not (registry.all_types and before):
        return registry
    _accept(tx, registry.id, new)
    tx.run("UPDATE registries SET all_types = 0 WHERE project_id = ?", registry.id)
    _touch(tx, registry)
    old = None if registry.all_types else before
    _record(tx, "allow-types", registry, old, sorted({*before, *new}))
    return by_id(tx, registry.id)


def allow_all_types(tx: Transaction, registry: Registry) -> Registry:
    """Accept every type. The list is kept and counts again once `allow_types` is called. Raises `Forbidden`."""
    require(role(tx, registry), Role.ADMIN, "edit the accepted artifact types", f"registry {registry.name}")
    if registry.all_types:
        return registry
    tx.run("UPDATE registries SET all_types = 1 WHERE project_id = ?", registry.id)
    _touch(tx, registry)
    _record(tx, "allow-types", registry, accepted_types(tx, registry), None)
    return by_id(tx, registry.id)


def protected_aliases(tx: Transaction, registry: Registry) -> list[str]:
    """The aliases that only admins may put on, move or take off here, by name."""
    rows = tx.all("SELECT alias FROM registry_protected_aliases WHERE project_id = ? ORDER BY alias", registry.id)
    return [row["alias"] for row in rows]


def protect(tx: Transaction, registry: Registry, alias: str) -> None:
    """Put an alias on the list. Raises `Forbidden`, `Invalid`."""
    require(role(tx, registry), Role.ADMIN, "edit the protected aliases", f"registry {registry.name}")
    problem = alias_problem(alias)
    if problem:
        raise Invalid(f"alias {alias!r} {problem}")
    if alias in protected_aliases(tx, registry):
        return
    tx.run("INSERT INTO registry_protected_aliases (project_id, alias) VALUES (?, ?)", registry.id, alias)
    _touch(tx, registry)
    _record(tx, "protect-alias", registry, None, alias)


def unprotect(tx: Transaction, registry: Registry, alias: str) -> None:
    """Take an alias off the list; where it points stays. Raises `Forbidden`, `NotFound`."""
    require(role(tx, registry), Role.ADMIN, "edit the protected aliases", f"registry {registry.name}")
    if alias not in protected_aliases(tx, registry):
        missing(f"protected alias {alias!r} of registry {registry.name}")
    tx.run("DELETE FROM registry_protected_aliases WHERE project_id = ? AND alias = ?", registry.id, alias)
    _touch(tx, registry)
    _record(tx, "unprotect-alias", registry, alias, None)


def _record(tx: Transaction, kind: str, registry: Registry, before: object, after: object) -> None:
    tx.record(kind, registry.organization, registry.name, before, after)  # type: ignore[arg-type]


def _touch(tx: Transaction, registry: Registry) -> None:
    tx.run("UPDATE projects SET updated_at = ? WHERE id = ?", tx.now, registry.id)


def _check_registry_name(name: str) -> None:
    problem = REGISTRY_RULE.problem(name)
    if problem:
        raise Invalid(f"registry name {name!r} {problem}")


def _check_free(tx: Transaction, entity_id: int, name: str) -> None:
    if tx.value("SELECT 1 FROM projects WHERE entity_id = ? AND name = ?", entity_id, REGISTRY_PREFIX + name):
        raise AlreadyExists(f"registry name {name!r} is not available; please use a different name")


def _check_types(types: Iterable[str]) -> None:
    for name in types:
        problem = artifact_type_problem(name)
        if problem:
            raise Invalid(f"artifact type {name!r} {problem}")


def _accept(tx: Transaction, project_id: int, types: Iterable[str]) -> None:
    tx.many(
        """INSERT INTO artifact_types (project_id, name, accepted, created_at) VALUES (?, ?, 1, ?)
           ON CONFLICT (project_id, name) DO UPDATE SET accepted = 1""",
        [(project_id, name, tx.now) for name in types],
    )
