"""Collections of both kinds: portfolios (a registry's collections, holding links) and sequences (the versions logged
under one name in a user's or team's project). A collection of links has one type, which never changes.

A team's project may have portfolios too, as in W&B's older model registry. They hold links to what their own team logged, so a
link there lends nobody anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import starmap
from sqlite3 import Row

from regsync.local.store import events
from regsync.local.store.access import entity_role, missing, registry_role, require
from regsync.local.store.database import Transaction, json_parameter
from regsync.local.store.errors import AlreadyExists, Conflict, Invalid
from regsync.local.store.projects import Project
from regsync.local.store.registries import Registry, accepts, protected_aliases
from regsync.names import (
    ARTIFACT_TYPE_RULE,
    COLLECTION_RULE,
    MAX_TAGS_PER_CALL,
    REGISTRY_PREFIX,
    TAG_RULE,
    Role,
    artifact_type_problem,
)
from regsync.slots import dataclass


@dataclass(frozen=True, slots=True)
class Collection:
    """A portfolio or a sequence. `next_index` is what the next link or logged version gets.

    `organization` is the display name, or "" in a user's own project; `visibility` is None for a sequence.
    """

    id: int
    kind: str
    name: str
    type: str
    type_id: int
    description: str | None
    next_index: int
    project_id: int
    project: str
    entity_id: int
    entity: str
    entity_kind: str
    organization_id: int | None
    organization: str
    visibility: str | None
    created_at: str
    updated_at: str

    @property
    def is_portfolio(self) -> bool:
        """Whether this holds links rather than the versions themselves."""
        return self.kind == "portfolio"

    @property
    def in_registry(self) -> bool:
        """Whether this is in a registry rather than in a project of a user or a team."""
        return self.visibility is not None

    @property
    def address(self) -> str:
        """`model/fraud-detector` in a registry, `entity/project/name` elsewhere."""
        if self.in_registry:
            return f"{self.project.removeprefix(REGISTRY_PREFIX)}/{self.name}"
        return f"{self.entity}/{self.project}/{self.name}"


_COLLECTION = """SELECT c.id, c.kind, c.name, t.name AS type, c.type_id, c.description, c.next_index, c.project_id,
      p.name AS project, p.entity_id, e.name AS entity, e.kind AS entity_kind, e.organization_id,
      coalesce(o.name, '') AS organization, r.visibility, c.created_at, c.updated_at
    FROM collections c JOIN artifact_types t ON t.id = c.type_id JOIN projects p ON p.id = c.project_id
      JOIN entities e ON e.id = p.entity_id LEFT JOIN organizations o ON o.id = e.organization_id
      LEFT JOIN registries r ON r.project_id = p.id"""


def _collection(row: Row) -> Collection:
    return Collection(*row)


def role(tx: Transaction, collection: Collection) -> Role | None:
    """The actor's role for what is in the collection; None where it must look absent."""
    if collection.visibility is None or collection.organization_id is None:
        return entity_role(tx, collection.entity_id)
    return registry_role(tx, collection.project_id, collection.organization_id, collection.visibility)


def _require(tx: Transaction, collection: Collection, at_least: Role, doing: str) -> None:
    require(role(tx, collection), at_least, doing, f"collection {collection.address}")


def find(tx: Transaction, place: Registry | Project, name: str) -> Collection | None:
    """The collection of that name in a registry or a project (which the caller has got, so it is visible), or None."""
    row = tx.one(f"{_COLLECTION} WHERE c.project_id = ? AND c.name = ?", place.id, name)
    return _collection(row) if row else None


def named(tx: Transaction, place: Registry | Project, names: Iterable[str]) -> dict[str, Collection]:
    """As `find`, for many names: the collections that there are, by name."""
    chosen = "c.name IN (SELECT value FROM json_each(?))"
    rows = tx.tuples(f"{_COLLECTION} WHERE c.project_id = ? AND {chosen}", place.id, json_parameter([*names]))
    return {found.name: found for found in starmap(Collection, rows)}


def get(tx: Transaction, place: Registry | Project, name: str) -> Collection:
    """The collection of that name in a registry or a project. Raises `NotFound`."""
    return find(tx, place, name) or missing(f"collection {name!r} in {place.name}")


def by_id(tx: Transaction, key: int) -> Collection:
    """The collection with that integer key. Raises `NotFound`."""
    row = tx.one(f"{_COLLECTION} WHERE c.id = ?", key)
    if row is None or role(tx, _collection(row)) is None:
        missing("collection")
    return _collection(row)


def by_ids(tx: Transaction, keys: Iterable[int]) -> dict[int, Collection]:
    """The collections with those integer keys that the actor sees, by key."""
    chosen = "c.id IN (SELECT value FROM json_each(?))"
    rows = tx.tuples(f"{_COLLECTION} WHERE {chosen}", json.dumps([*keys]))
    found = [Collection(*row) for row in rows]
    places = {each.project_id: each for each in found}
    seen = {key for key, each in places.items() if role(tx, each) is not None}
    return {each.id: each for each in found if each.project_id in seen}


def types_of(tx: Transaction, keys: Iterable[int]) -> dict[int, int]:
    """The key of the type of each collection of those integer keys, whoever acts."""
    rows = tx.tuples(
        "SELECT id, type_id FROM collections WHERE id IN (SELECT value FROM json_each(?))", json.dumps([*keys])
    )
    return dict(rows)


def within(tx: Transaction, place: Registry | Project) -> list[Collection]:
    """The collections of a registry or a project, by name."""
    return [_collection(row) for row in tx.all(f"{_COLLECTION} WHERE c.project_id = ? ORDER BY c.name", place.id)]


def type_id(tx: Transaction, project_id: int, name: str, *, internal: bool = False) -> int:
    """The key of an artifact type in a project, recorded as in use where it is new there. Raises `Invalid`.

    `internal`: types that W&B keeps for itself are taken too, as its client logs tables (`run_table`) and code.
    """
    found: int | None = tx.value("SELECT id FROM artifact_types WHERE project_id = ? AND name = ?", project_id, name)
    if found is not None:
        return found
    problem = ARTIFACT_TYPE_RULE.problem(name) if internal else artifact_type_problem(name)
    if problem:
        raise Invalid(f"artifact type {name!r} {problem}")
    return tx.run(
        "INSERT INTO artifact_types (project_id, name, created_at) VALUES (?, ?, ?)", project_id, name, tx.now
    )


def require_in(tx: Transaction, place: Registry | Project, doing: str) -> None:
    """Raise `Forbidden` or `NotFound` unless the actor may change what is in a registry or a project."""
    if isinstance(place, Registry):
        own = registry_role(tx, place.id, place.organization_id, place.visibility)
        require(own, Role.MEMBER, doing, f"registry {place.name}")
    else:
        require(entity_role(tx, place.entity_id), Role.MEMBER, doing, f"project {place}")


def use_type(tx: Transaction, place: Registry | Project, name: str) -> int:
    """The key of an artifact type that a registry accepts, or of any type of a project, for a collection to be made of it.

    Raises `Forbidden`, `Invalid`.
    """
    require_in(tx, place, "create collections")
    check_type(tx, place, name)
    return type_id(tx, place.id, name)


def create(
    tx: Transaction, place: Registry | Project, name: str, type_name: str, *, description: str | None = None
) -> Collection:
    """Make an empty collection of links in a registry or a project.

    Raises `AlreadyExists`, `Forbidden`, `Invalid` (a type not accepted here).
    """
    require_in(tx, place, "create collections")
    if find(tx, place, name):
        where = f"registry {place.name}" if isinstance(place, Registry) else f"project {place}"
        raise AlreadyExists(f"collection {name!r} already exists in {where}")
    check_type(tx, place, type_name)
    made = insert(tx, "portfolio", place.id, name, type_name, description=description)
    tx.record(
        "create-collection", made.organization, made.address, None, {"type": type_name, "description": description}
    )
    return made


def check_type(tx: Transaction, place: Registry | Project, type_name: str) -> None:
    """Raise `Invalid` where a registry does not accept artifacts of that type. Projects accept all."""
    if isinstance(place, Registry) and not accepts(tx, place, type_name):
        raise Invalid(
            f"artifact type {type_name!r} is not accepted by registry {place.name}",
            hint="an admin can add it to the registry's accepted types; that cannot be taken back",
        )


def insert(
    tx: Transaction,
    kind: str,
    project_id: int,
    name: str,
    type_name: str,
    *,
    description: str | None,
    internal: bool = False,
) -> Collection:
    """Make a collection without asking for a role and without an event: the callers in this package do both."""
    check_name(name)
    key = tx.run(
        """INSERT INTO collections (project_id, kind, name, type_id, description, created_at, updated_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        project_id,
        kind,
        name,
        type_id(tx, project_id, type_name, internal=internal),
        description,
        tx.now,
        tx.now,
    )
    return by_id(tx, key)


def check_name(name: str) -> None:
    """Raise `Invalid` for an illegal collection name."""
    problem = COLLECTION_RULE.problem(name)
    if problem:
        raise Invalid(f"collection name {name!r} {problem}")


def rename(tx: Transaction, collection: Collection, name: str) -> Collection:
    """Give a collection another name; id, links and indices stay. Raises `AlreadyExists`, `Forbidden`, `Invalid`."""
    _require(tx, collection, Role.MEMBER, "rename collections")
    if name == collection.name:
        return collection
    check_name(name)
    if tx.value("SELECT 1 FROM collections WHERE project_id = ? AND name = ?", collection.project_id, name):
        raise AlreadyExists(f"collection {name!r} already exists in {collection.project}")
    tx.run("UPDATE collections SET name = ?, updated_at = ? WHERE id = ?", name, tx.now, collection.id)
    tx.record("rename-collection", collection.organization, collection.address, collection.name, name)
    return by_id(tx, collection.id)


def set_description(tx: Transaction, collection: Collection, description: str | None) -> Collection:
    """Change the description; None and "" differ. Raises `Forbidden`."""
    _require(tx, collection, Role.MEMBER, "edit the description")
    if collection.description == description:
        return collection
    tx.run("UPDATE collections SET description = ?, updated_at = ? WHERE id = ?", description, tx.now, collection.id)
    tx.record("describe-collection", collection.organization, collection.address, collection.description, description)
    return by_id(tx, collection.id)


def tags(tx: Transaction, collection: Collection) -> list[str]:
    """The collection's tags, by name."""
    rows = tx.all("SELECT tag FROM collection_tags WHERE collection_id = ? ORDER BY tag", collection.id)
    return [row["tag"] for row in rows]


def tags_of(tx: Transaction, keys: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The tags of many collections, by their keys."""
    found: dict[int, list[str]] = {key: [] for key in keys}
    rows = tx.tuples(
        """SELECT t.collection_id, t.tag FROM json_each(?) k JOIN collection_tags t ON t.collection_id = k.value
           ORDER BY t.tag""",
        json.dumps([*found]),
    )
    for key, tag in rows:
        found[key].append(tag)
    return {key: tuple(names) for key, names in found.items()}


def check_tags(tags: Iterable[str]) -> list[str]:
    """Tags without repetition, sorted. Raises `Invalid` for an illegal one, or for more than one call may carry."""
    unique = sorted(set(tags))
    if len(unique) > MAX_TAGS_PER_CALL:
        raise Invalid(f"{len(unique)} tags at once; at most {MAX_TAGS_PER_CALL} are allowed")
    for tag in unique:
        problem = TAG_RULE.problem(tag)
        if problem:
            raise Invalid(f"tag {tag!r} {problem}")
    return unique


def add_tags(tx: Transaction, collection: Collection, new: Iterable[str]) -> None:
    """Put tags (at most 20 a call) on a collection; those that it has already are left alone. Raises `Forbidden`, `Invalid`."""
    _require(tx, collection, Role.MEMBER, "add tags")
    before = tags(tx, collection)
    added = [tag for tag in check_tags(new) if tag not in before]
    if not added:
        return
    tx.many("INSERT INTO collection_tags (collection_id, tag) VALUES (?, ?)", [(collection.id, tag) for tag in added])
    _touch(tx, collection)
    tx.record("tag-collection", collection.organization, collection.address, before, sorted([*before, *added]))


def remove_tags(tx: Transaction, collection: Collection, old: Iterable[str]) -> None:
    """Take tags (at most 20 a call) off a collection; those that it does not have are left alone. Raises `Forbidden`."""
    _require(tx, collection, Role.MEMBER, "remove tags")
    before = tags(tx, collection)
    removed = [tag for tag in check_tags(old) if tag in before]
    if not removed:
        return
    tx.many(
        "DELETE FROM collection_tags WHERE collection_id = ? AND tag = ?", [(collection.id, tag) for tag in removed]
    )
    _touch(tx, collection)
    after = [tag for tag in before if tag not in removed]
    tx.record("tag-collection", collection.organization, collection.address, before, after)


def delete(tx: Transaction, place: Registry | Project, collection: Collection) -> None:
    """Remove a collection of links with its links and aliases; sources stay.

    Raises `Forbidden`, also to members where it holds a protected alias.
    """
    _require(tx, collection, Role.MEMBER, "delete collections")
    held = tx.all("SELECT name FROM aliases WHERE collection_id = ?", collection.id)
    guarded = protected_aliases(tx, place) if isinstance(place, Registry) else []
    protected = sorted({row["name"] for row in held} & set(guarded))
    if protected:
        _require(tx, collection, Role.ADMIN, f"delete a collection that holds a protected alias ({protected[0]})")
    links = tx.value("SELECT count(*) FROM memberships WHERE collection_id = ?", collection.id)
    events.record_unbound(tx, place.id, collection.id)
    tx.run("DELETE FROM collections WHERE id = ?", collection.id)
    before = {"type": collection.type, "links": links, "aliases": sorted(row["name"] for row in held)}
    tx.record("delete-collection", collection.organization, collection.address, before, None)


def take_index(tx: Transaction, collection: Collection) -> int:
    """The next index of a collection, used up by this call and never handed out again."""
    return tx.change(
        "UPDATE collections SET next_index = next_index + 1, updated_at = ? WHERE id = ? RETURNING next_index - 1",
        tx.now,
        collection.id,
    )


def _touch(tx: Transaction, collection: Collection) -> None:
    tx.run("UPDATE collections SET updated_at = ? WHERE id = ?", tx.now, collection.id)


def require_portfolio(collection: Collection) -> None:
    """Raise `Conflict` for a collection that holds versions rather than links."""
    if not collection.is_portfolio:
        raise Conflict(f"{collection.address} is an artifact's own sequence, not a collection of links")
