"""Logging artifacts: a name in a project is a sequence, whose versions are numbered v0, v1, … as they are committed.

Content that the sequence has already (the same digest) is that version; no new one is made. Assumed, because nobody
published it: this holds for any version of the sequence that is not deleted, not for the latest one only.

`log` does it all at once. A server, whose clients upload in steps, uses `begin`, `set_entries` and `commit`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from regsync.local.store import aliases, collections, contents, metrics
from regsync.local.store.access import missing
from regsync.local.store.artifacts import (
    COMMITTED,
    DELETED,
    PENDING,
    ManifestEntry,
    Version,
    by_id,
    check_metadata,
    delete,
    require_contents,
    shown,
)
from regsync.local.store.collections import Collection
from regsync.local.store.contents import Staged
from regsync.local.store.database import Transaction, to_json
from regsync.local.store.digests import entry_digest, manifest_digest
from regsync.local.store.errors import Conflict, Invalid, NotFound
from regsync.local.store.projects import Project, Run, require_write
from regsync.names import LATEST, Digest, alias_problem

DIGEST_ALGORITHM = "MANIFEST_MD5"
"""How the digest of a version is made from its manifest; the client's other one needs a package that is not here."""


def find(tx: Transaction, project: Project, name: str) -> Collection | None:
    """The sequence of that name in a project, or None."""
    found = collections.find(tx, project, name)
    return found if found and not found.is_portfolio else None


def ensure(
    tx: Transaction,
    project: Project,
    name: str,
    type_name: str,
    *,
    description: str | None = None,
    client_id: str | None = None,
    internal: bool = False,
) -> Collection:
    """The sequence of that name and type, made where it is missing. Raises `Forbidden`, `Invalid`, `Conflict` (another type).

    `internal`: as `collections.type_id` has it.
    """
    require_write(tx, project.entity_id, f"project {project}")
    found = collections.find(tx, project, name)
    if found is None:
        found = collections.insert(
            tx, "sequence", project.id, name, type_name, description=description, internal=internal
        )
        tx.run("UPDATE collections SET client_id = ? WHERE id = ?", client_id, found.id)
    elif found.is_portfolio:
        raise Conflict(f"{found.address} is a collection of links; log the artifact under another name")
    elif found.type != type_name:
        raise Conflict(f"artifact {found.address} has type {found.type!r}, not {type_name!r}")
    return found


def by_client_id(tx: Transaction, client_id: str) -> Collection:
    """The sequence that a client made under an id of its own; what the actor cannot see never counts. Raises `NotFound`."""
    for row in tx.all("SELECT id FROM collections WHERE client_id = ? ORDER BY id DESC", client_id):
        try:
            return collections.by_id(tx, row["id"])
        except NotFound:
            continue
    return missing("artifact")


def join(
    tx: Transaction,
    sequence: Collection,
    distributed_id: str,
    digest: str,
    *,
    metadata: Mapping[str, Any] | None = None,
    names: Iterable[str] = (),
    **given: Any,
) -> tuple[Version, bool]:
    """The PENDING version that several runs log together under one id, begun where there is none; as `begin` otherwise.

    Each says which files it adds (`set_entries`); whoever commits ends it, and the next to come begins another version. Aliases add up,
    and metadata is that of the last who gave some. Raises as `begin`.
    """
    require_write(tx, sequence.entity_id, f"project {sequence.entity}/{sequence.project}")
    key = tx.value(
        "SELECT id FROM artifacts WHERE sequence_id = ? AND distributed_id = ? AND state = ?",
        sequence.id,
        distributed_id,
        PENDING,
    )
    if key is None:
        version, made = begin(tx, sequence, digest, metadata=metadata, names=names, known=False, **given)
        tx.run("UPDATE artifacts SET distributed_id = ? WHERE id = ?", distributed_id, version.id)
        return version, made
    check_metadata(metadata or {})
    before = json.loads(tx.value("SELECT pending_aliases FROM artifacts WHERE id = ?", key) or "[]")
    tx.run(
        "UPDATE artifacts SET pending_aliases = ?, metadata = coalesce(?, metadata), updated_at = ? WHERE id = ?",
        to_json(sorted({*before, *_check_names(names)})),
        to_json(metadata) if metadata else None,
        tx.now,
        key,
    )
    return by_id(tx, key), False


def build_on(tx: Transaction, version: Version, base: Version) -> None:
    """Say that a PENDING version has all files of another one, but for those that it brings itself. Raises `Conflict`, `Forbidden`."""
    require_write(tx, version.entity_id, shown(tx, version))
    require_contents(tx, base)
    if version.state != PENDING or base.state != COMMITTED:
        raise Conflict(f"artifact {shown(tx, version)}: a version that is being logged builds on one that is complete")
    tx.run("UPDATE artifacts SET base_id = ? WHERE id = ?", base.id, version.id)


def begin(
    tx: Transaction,
    sequence: Collection,
    digest: str,
    *,
    digest_algorithm: str = DIGEST_ALGORITHM,
    metadata: Mapping[str, Any] | None = None,
    description: str | None = None,
    ttl_seconds: int | None = None,
    names: Iterable[str] = (),
    run: Run | None = None,
    history_step: int | None = None,
    client_id: str | None = None,
    known: bool = True,
) -> tuple[Version, bool]:
    """A PENDING version, and True; or the version that has this digest already (unless not `known`), and False.

    `names` are source aliases, set at once on an existing version and otherwise on `commit`; `latest` is always set.
    Raises `Forbidden`, `Invalid`.
    """
    require_write(tx, sequence.entity_id, f"project {sequence.entity}/{sequence.project}")
    if digest_algorithm != DIGEST_ALGORITHM:
        raise Invalid(f"digests by {digest_algorithm} are not supported by this server; it knows {DIGEST_ALGORITHM}")
    wanted = _check_names(names)
    same = tx.value(
        "SELECT id FROM artifacts WHERE sequence_id = ? AND digest = ? AND state = ? ORDER BY version_index",
        sequence.id,
        digest,
        COMMITTED,
    )
    if same is not None and known:
        found = by_id(tx, same)
        _point(tx, sequence, found, wanted)
        return found, False
    check_metadata(metadata or {})
    key = tx.run(
        """INSERT INTO artifacts (sequence_id, state, digest, digest_algorithm, metadata, description, ttl_seconds,
             pending_aliases, client_id, run_id, history_step, user_id, created_at, updated_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        sequence.id,
        PENDING,
        digest,
        digest_algorithm,
        to_json(metadata or {}),
        description,
        ttl_seconds,
        to_json(wanted),
        client_id,
        run.id if run else None,
        history_step if run else None,
        tx.actor.user_id,
        tx.now,
        tx.now,
    )
    return by_id(tx, key), True


def set_entries(
    tx: Transaction, version: Version, entries: Iterable[ManifestEntry], *, manifest_key: str | None = None
) -> None:
    """Say which files a PENDING version has; replaces what was said before. `manifest_key`: content key of the manifest itself.

    A version that several runs log together gets these files beside those that it has; one that builds on another, beside those
    of the other. Contents must have been added, or come before `commit`. Raises `Conflict` for a version that is not pending.
    """
    require_write(tx, version.entity_id, shown(tx, version))
    if version.state != PENDING:
        raise Conflict(f"artifact {version} is committed; its files cannot change")
    base, together = _parts(tx, version)
    if not together:
        tx.run("DELETE FROM artifact_files WHERE artifact_id = ?", version.id)
    if base is not None:
        if by_id(tx, base).state != COMMITTED:
            raise Conflict(f"artifact {shown(tx, version)}: the version that it builds on was deleted")
        tx.run(
            """INSERT OR IGNORE INTO artifact_files (artifact_id, path, digest, size, ref, content_md5, fields)
               SELECT ?, path, digest, size, ref, content_md5, fields FROM artifact_files WHERE artifact_id = ?""",
            version.id,
            base,
        )
    tx.many(
        """INSERT OR REPLACE INTO artifact_files (artifact_id, path, digest, size, ref, content_md5, fields)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        [(version.id, *entry) for entry in entries],
    )
    tx.run(
        """UPDATE artifacts SET manifest_key = ?, (size, file_count) =
             (SELECT coalesce(sum(size), 0), count(*) FROM artifact_files WHERE artifact_id = ?) WHERE id = ?""",
        None if together or base is not None else manifest_key,  # The whole is in no manifest that a client sent.
        version.id,
        version.id,
    )


def commit(tx: Transaction, version: Version) -> Version:
    """Give a PENDING version its number, `latest` and the aliases it was begun with. A committed one is left as it is.

    Raises `Conflict` where a file's content was not uploaded to this project (and the actor cannot read it elsewhere), or the
    version was deleted; `Invalid` where the digest that it was begun with is not that of its files.
    """
    require_write(tx, version.entity_id, shown(tx, version))
    if version.state == COMMITTED:
        return version
    if version.state == DELETED:
        raise Conflict(f"artifact {version} was deleted")
    _check_files(tx, version)
    sequence = collections.by_id(tx, version.sequence_id)
    index = collections.take_index(tx, sequence)
    tx.run(
        "UPDATE artifacts SET state = ?, version_index = ?, updated_at = ? WHERE id = ?",
        COMMITTED,
        index,
        tx.now,
        version.id,
    )
    tx.run(
        "INSERT INTO memberships (collection_id, artifact_id, version_index, user_id, created_at) VALUES (?, ?, ?, ?, ?)",
        sequence.id,
        version.id,
        index,
        version.user_id,
        tx.now,
    )
    metrics.settle(tx, [version.id])
    done = by_id(tx, version.id)
    tx.record("log-version", sequence.organization, str(done), None, {"digest": done.digest, "type": done.type})
    wanted = tx.value("SELECT pending_aliases FROM artifacts WHERE id = ?", version.id)
    _point(tx, sequence, done, json.loads(wanted or "[]"))
    tx.run("UPDATE artifacts SET pending_aliases = NULL WHERE id = ?", version.id)
    return done


def log(
    tx: Transaction,
    project: Project,
    name: str,
    type_name: str,
    *,
    files: Mapping[str, Staged] | None = None,
    metadata: Mapping[str, Any] | None = None,
    description: str | None = None,
    ttl_seconds: int | None = None,
    names: Iterable[str] = (),
    run: Run | None = None,
) -> tuple[Version, bool]:
    """Log a version with its files (by path) and source aliases; the version, and whether it is new.

    Raises `Forbidden`, `Invalid`, `Conflict` (the name has another type).
    """
    sequence = ensure(tx, project, name, type_name)
    staged = files or {}
    for content in staged.values():
        contents.give(tx, project.id, content)
    entries = [file_entry(path, content) for path, content in sorted(staged.items())]
    version, made = begin(
        tx,
        sequence,
        digest_of(entries),
        metadata=metadata,
        description=description,
        ttl_seconds=ttl_seconds,
        names=names,
        run=run,
    )
    if made:
        set_entries(tx, version, entries)
        version = commit(tx, version)
    return version, made


def change_type(tx: Transaction, sequence: Collection, type_name: str) -> Collection:
    """Give a sequence, and so all of its versions, another type. Links keep it from changing: their collections hold its type.

    Raises `Forbidden`, `Invalid`, `Conflict` while a version of it is linked.
    """
    require_write(tx, sequence.entity_id, f"artifact {sequence.address}")
    if type_name == sequence.type:
        return sequence
    linked = """SELECT 1 FROM artifacts a JOIN memberships m ON m.artifact_id = a.id
                WHERE a.sequence_id = ?1 AND m.collection_id <> ?1 AND a.state <> 'DELETED'"""
    if tx.value(linked, sequence.id):
        raise Conflict(
            f"artifact {sequence.address}: its versions are linked to collections of type {sequence.type!r}",
            hint="unlink them first",
        )
    key = collections.type_id(tx, sequence.project_id, type_name)
    tx.run("UPDATE collections SET type_id = ?, updated_at = ? WHERE id = ?", key, tx.now, sequence.id)
    tx.record("change-type", sequence.organization, sequence.address, sequence.type, type_name)
    return collections.by_id(tx, sequence.id)


def delete_sequence(tx: Transaction, sequence: Collection) -> None:
    """Delete every version of a sequence, and free its name. Raises as `artifacts.delete`; then nothing is deleted."""
    require_write(tx, sequence.entity_id, f"artifact {sequence.address}")
    for row in tx.all("SELECT id FROM artifacts WHERE sequence_id = ? AND state <> ?", sequence.id, DELETED):
        delete(tx, by_id(tx, row["id"]), with_aliases=True)
    freed = f"{sequence.name[:80]} (deleted {sequence.id})"
    tx.run("UPDATE collections SET name = ?, client_id = NULL, updated_at = ? WHERE id = ?", freed, tx.now, sequence.id)
    tx.record("delete-sequence", sequence.organization, sequence.address, {"type": sequence.type}, None)


def file_entry(path: str, content: Staged) -> ManifestEntry:
    """The manifest entry of a file whose content is kept here."""
    return ManifestEntry(path, entry_digest(content.md5), content.size, content_md5=content.md5)


def digest_of(entries: Iterable[ManifestEntry]) -> Digest:
    """The digest of a version with these files, as the client computes it."""
    return manifest_digest((entry.path, entry.digest) for entry in entries)


def _check_files(tx: Transaction, version: Version) -> None:
    rows = tx.all(
        """SELECT path, content_md5 FROM artifact_files f WHERE artifact_id = ? AND content_md5 IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM project_contents WHERE project_id = ? AND md5 = f.content_md5) ORDER BY path""",
        version.id,
        version.project_id,
    )
    for row in rows:
        if not contents.adopt(tx, version.project_id, row["content_md5"]):
            raise Conflict(f"artifact {version}: the content of {row['path']!r} has not been uploaded")
    found = manifest_digest(tx.tuples("SELECT path, digest FROM artifact_files WHERE artifact_id = ?", version.id))
    if any(_parts(tx, version)):
        tx.run("UPDATE artifacts SET digest = ? WHERE id = ?", found, version.id)
    elif found != version.digest:
        raise Invalid(
            f"artifact {version}: its manifest has the digest {found}, and not {version.digest} as the client said",
            hint="log the artifact again; the digest is made from the paths and the digests of its files",
        )


def _parts(tx: Transaction, version: Version) -> tuple[int | None, bool]:
    """The key of the version that it builds on, and whether several runs log it together."""
    row = tx.one("SELECT base_id, distributed_id FROM artifacts WHERE id = ?", version.id)
    return (None, False) if row is None else (row["base_id"], row["distributed_id"] is not None)


def _check_names(names: Iterable[str]) -> list[str]:
    wanted = sorted(set(names) - {LATEST})
    for name in wanted:
        problem = alias_problem(name)
        if problem:
            raise Invalid(f"alias {name!r} {problem}")
    return wanted


def _point(tx: Transaction, sequence: Collection, version: Version, names: Iterable[str]) -> None:
    held = aliases.holder(tx, sequence, f"v{version.index}")
    if held is None:
        missing(f"artifact {version}")
    for name in (LATEST, *names):
        aliases.point(tx, sequence, name, held.membership_id, held.index)
