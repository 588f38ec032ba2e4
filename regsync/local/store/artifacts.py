"""Artifact versions: finding them, and what may be changed about one that exists. `sequences.py` makes new ones.

Description, metadata, tags and time to live belong to the version itself, so a source and its links share them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from sqlite3 import Row
from typing import Any

from regsync.local.store import aliases, collections, metrics
from regsync.local.store.access import entity_role, lent_roles, missing, registry_role, require, version_role
from regsync.local.store.database import Json, Transaction, to_json
from regsync.local.store.errors import Conflict, Invalid, Refused
from regsync.names import MAX_METADATA_KEYS, REGISTRY_PREFIX, Role, SourceRef
from regsync.slots import NamedTuple

PENDING, COMMITTED, DELETED = "PENDING", "COMMITTED", "DELETED"


class Version(NamedTuple):
    """An artifact version; `str(version)` is its full name, which is not for everybody: errors say `shown`.

    `index` is None while it is PENDING; `organization` is the display name, "" for a personal project.

    `size` is in bytes. `ttl_seconds`: None inherits, 0 is switched off. `metadata` is a JSON object.
    """

    id: int
    sequence_id: int
    project_id: int
    entity_id: int
    entity: str
    entity_kind: str
    organization_id: int | None
    organization: str
    project: str
    name: str
    type: str
    index: int | None  # type: ignore[assignment]  # hides the method of tuples
    state: str
    digest: str
    digest_algorithm: str
    size: int
    file_count: int
    metadata_json: str
    description: str | None
    ttl_seconds: int | None
    manifest_key: str | None
    run_id: int | None
    user_id: int | None
    created_at: str
    updated_at: str
    history_step: int | None

    def __str__(self) -> str:
        number = "pending" if self.index is None else f"v{self.index}"
        return f"{self.entity}/{self.project}/{self.name}:{number}"

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata as a fresh dictionary."""
        loaded: dict[str, Any] = json.loads(self.metadata_json)
        return loaded


class ManifestEntry(NamedTuple):
    """A file of a version: `digest` as the manifest has it; `content_md5` (hex) is its content's key, None for a reference."""

    path: str
    digest: str
    size: int
    ref: str | None = None
    content_md5: str | None = None
    fields: str | None = None


_VERSION = """SELECT a.id, a.sequence_id, c.project_id, p.entity_id, e.name AS entity, e.kind, e.organization_id,
      coalesce(o.name, '') AS organization,
      p.name AS project, c.name, t.name AS type, a.version_index, a.state, a.digest, a.digest_algorithm, a.size,
      a.file_count, a.metadata, a.description, a.ttl_seconds, a.manifest_key, a.run_id, a.user_id, a.created_at, a.updated_at,
      a.history_step
    FROM artifacts a JOIN collections c ON c.id = a.sequence_id JOIN artifact_types t ON t.id = c.type_id
      JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id
      LEFT JOIN organizations o ON o.id = e.organization_id"""


def _version(row: Row) -> Version:
    return Version._make(row)


def by_id(tx: Transaction, key: int) -> Version:
    """The version with that integer key, if the actor can read its project or a registry that links it. Raises `NotFound`."""
    row = tx.one(f"{_VERSION} WHERE a.id = ?", key)
    if row is None or role(tx, _version(row)) is None:
        missing("artifact")
    return _version(row)


def by_ids(tx: Transaction, keys: Iterable[int]) -> dict[int, Version]:
    """The versions with those integer keys that the actor sees, by key. A role in a version's own project shows it already."""
    rows = tx.tuples(f"{_VERSION} WHERE a.id IN (SELECT value FROM json_each(?))", json.dumps([*keys]))  # noqa: S608
    found = [*map(Version._make, rows)]
    own = {key: entity_role(tx, key) for key in {each.entity_id for each in found}}
    lent = lent_roles(tx, [each.id for each in found if not own[each.entity_id]])
    return {each.id: each for each in found if own[each.entity_id] or each.id in lent}


def by_client_id(tx: Transaction, client_id: str) -> Version:
    """The version that a client made under an id of its own: the actor's own first, and what they cannot see never counts.

    Raises `NotFound`.
    """
    rows = tx.all(
        f"{_VERSION} WHERE a.client_id = ? ORDER BY a.user_id IS ? DESC, a.id DESC", client_id, tx.actor.user_id
    )
    for row in rows:
        if role(tx, _version(row)) is not None:
            return _version(row)
    return missing("artifact")


def resolve(tx: Transaction, ref: SourceRef) -> Version:
    """The version that a full name means now: `entity/project/name:v3`, or with a source alias. Raises `NotFound`."""
    row = tx.one(
        """SELECT c.id, p.entity_id FROM collections c JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id
           WHERE e.name = ? AND p.name = ? AND c.name = ? AND c.kind = 'sequence'""",
        ref.entity,
        ref.project,
        ref.artifact,
    )
    if row is None or entity_role(tx, row["entity_id"]) is None:
        missing(f"artifact {ref.entity}/{ref.project}/{ref.artifact}")
    found = aliases.holder(tx, collections.by_id(tx, row["id"]), ref.version)
    if found is None:
        missing(f"artifact {ref}")
    return by_id(tx, found.artifact_id)


def role(tx: Transaction, version: Version) -> Role | None:
    """The actor's strongest role for a version: through its own project, or through any registry that links it."""
    return version_role(tx, version.id, version.entity_id)


def source_is_visible(tx: Transaction, version: Version) -> bool:
    """Whether the actor can read the version's own project. Where not, W&B shows its entity and project as empty."""
    return entity_role(tx, version.entity_id) is not None


def shown(tx: Transaction, version: Version) -> str:
    """How an error names a version: in full, or by its name alone where the actor cannot see where it was logged."""
    return f"artifact {version if source_is_visible(tx, version) else version.name}"


def entries(tx: Transaction, version: Version, most: int | None = None, skip: int = 0) -> list[ManifestEntry]:
    """The files of a version, by path; at most so many, after those that are skipped."""
    rows = tx.all(
        """SELECT path, digest, size, ref, content_md5, fields FROM artifact_files
           WHERE artifact_id = ? ORDER BY path LIMIT ? OFFSET ?""",
        version.id,
        -1 if most is None else most,
        skip,
    )
    return [ManifestEntry(*row) for row in rows]


def entry(tx: Transaction, version: Version, path: str) -> ManifestEntry:
    """One file of a version. Raises as `require_contents`, and `NotFound`."""
    require_contents(tx, version)
    row = tx.one(
        """SELECT path, digest, size, ref, content_md5, fields FROM artifact_files
           WHERE artifact_id = ? AND path = ?""",
        version.id,
        path,
    )
    return ManifestEntry(*row) if row else missing(f"file {path!r} of {shown(tx, version)}")


def may_read_contents(tx: Transaction, version: Version) -> bool:
    """Whether `require_contents` lets the actor through."""
    try:
        require_contents(tx, version)
    except Refused:
        return False
    return True


def require_contents(tx: Transaction, version: Version) -> None:
    """Raise `Forbidden` to a restricted viewer, who may not read file contents."""
    require(role(tx, version), Role.VIEWER, "read file contents", shown(tx, version))


def tags(tx: Transaction, version: Version) -> list[str]:
    """The version's tags, by name. Source and links share them."""
    return [
        row["tag"] for row in tx.all("SELECT tag FROM artifact_tags WHERE artifact_id = ? ORDER BY tag", version.id)
    ]


def change_tags(tx: Transaction, version: Version, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
    """Put tags on a version and take others off, at most 20 of each. Raises `Forbidden`, `Invalid`."""
    _require_edit(tx, version, "change tags")
    before = tags(tx, version)
    added = [tag for tag in collections.check_tags(add) if tag not in before]
    removed = [tag for tag in collections.check_tags(remove) if tag in before and tag not in added]
    if not added and not removed:
        return
    tx.many("INSERT INTO artifact_tags (artifact_id, tag) VALUES (?, ?)", [(version.id, tag) for tag in added])
    tx.many("DELETE FROM artifact_tags WHERE artifact_id = ? AND tag = ?", [(version.id, tag) for tag in removed])
    _touch(tx, version)
    _record(tx, "tag-version", version, before, tags(tx, version))


def set_description(tx: Transaction, version: Version, description: str | None) -> None:
    """Change the description, for the source and all its links. Raises `Forbidden`."""
    _require_edit(tx, version, "edit the description")
    if version.description == description:
        return
    tx.run("UPDATE artifacts SET description = ? WHERE id = ?", description, version.id)
    _touch(tx, version)
    _record(tx, "describe-version", version, version.description, description)


def set_metadata(tx: Transaction, version: Version, metadata: Mapping[str, Any]) -> None:
    """Replace the metadata, for the source and all its links. Raises `Forbidden`, `Invalid` (over 100 keys)."""
    _require_edit(tx, version, "edit the metadata")
    check_metadata(metadata)
    if version.metadata == metadata:
        return
    tx.run("UPDATE artifacts SET metadata = ? WHERE id = ?", to_json(metadata), version.id)
    metrics.settle(tx, [version.id])
    _touch(tx, version)
    _record(tx, "set-metadata", version, version.metadata, metadata)


def set_ttl(tx: Transaction, version: Version, seconds: int | None) -> None:
    """Set the time to live: seconds, 0 to switch it off, None to inherit. Raises `Forbidden`."""
    _require_edit(tx, version, "change the time to live")
    _store_ttl(tx, version, seconds)


def switch_off_ttl(tx: Transaction, version: Version) -> None:
    """What linking does to the source. Unlinking does not bring the time to live back."""
    if version.ttl_seconds:
        _store_ttl(tx, version, 0)


def delete(tx: Transaction, version: Version, *, with_aliases: bool = False) -> None:
    """Delete a source version. Links to it stay behind, dangling; its number is not used again.

    Raises `Conflict`, whoever acts, where a link to it carries a protected alias; `Conflict` where it has aliases of its
    own (`latest` included) and not `with_aliases`; `Forbidden`.
    """
    require(entity_role(tx, version.entity_id), Role.MEMBER, "delete artifacts", shown(tx, version))
    if by_id(tx, version.id).state == DELETED:
        missing(f"artifact {version}")
    guard = tx.one(
        """SELECT p.name AS project, c.name AS collection, a.name AS alias, c.project_id, e.organization_id, g.visibility
           FROM memberships m
           JOIN aliases a ON a.membership_id = m.id JOIN collections c ON c.id = m.collection_id
           JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id
           JOIN registries g ON g.project_id = p.id
           JOIN registry_protected_aliases r ON r.project_id = c.project_id AND r.alias = a.name
           WHERE m.artifact_id = ? ORDER BY p.name, c.name, a.name""",
        version.id,
    )
    if guard:
        place = f"{guard['project'].removeprefix(REGISTRY_PREFIX)}/{guard['collection']}:{guard['alias']}"
        seen = registry_role(tx, guard["project_id"], guard["organization_id"], guard["visibility"]) is not None
        raise Conflict(
            f"artifact {version} cannot be deleted: it is linked under "
            + (f"the protected alias {place}" if seen else "a protected alias, in a registry not visible to this key"),
            hint="an admin of that registry must take the alias off first",
        )
    sequence = collections.by_id(tx, version.sequence_id)
    own = tx.one("SELECT id FROM memberships WHERE collection_id = ? AND artifact_id = ?", sequence.id, version.id)
    held = aliases.of_membership(tx, own["id"]) if own else []
    if held and not with_aliases:
        raise Conflict(
            f"artifact {version} has aliases ({', '.join(held)}); delete them with it, or take them off first"
        )
    tx.run("DELETE FROM memberships WHERE collection_id = ? AND artifact_id = ?", sequence.id, version.id)
    tx.run("UPDATE artifacts SET state = ?, updated_at = ? WHERE id = ?", DELETED, tx.now, version.id)
    metrics.settle(tx, [version.id])
    _record(tx, "delete-version", version, {"digest": version.digest, "aliases": held}, None)
    aliases.settle_latest(tx, sequence)


def check_metadata(metadata: Mapping[str, Any]) -> None:
    """Raise `Invalid` for more top-level keys than W&B takes."""
    if len(metadata) > MAX_METADATA_KEYS:
        raise Invalid(f"metadata has {len(metadata)} top-level keys; at most {MAX_METADATA_KEYS} are allowed")


def _require_edit(tx: Transaction, version: Version, doing: str) -> None:
    require(role(tx, version), Role.MEMBER, doing, shown(tx, version))


def _store_ttl(tx: Transaction, version: Version, seconds: int | None) -> None:
    if version.ttl_seconds == seconds:
        return
    tx.run("UPDATE artifacts SET ttl_seconds = ? WHERE id = ?", seconds, version.id)
    _record(tx, "set-ttl", version, version.ttl_seconds, seconds)


def _touch(tx: Transaction, version: Version) -> None:
    tx.run("UPDATE artifacts SET updated_at = ? WHERE id = ?", tx.now, version.id)


def _record(tx: Transaction, kind: str, version: Version, before: Json, after: Json) -> None:
    tx.record(kind, version.organization, str(version), before, after)
