"""Planting the artifacts of a seed: many versions, few statements."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regsync.local.seed.document import Seed, SeedArtifact, SeedVersion
from regsync.local.seed.planted import Report
from regsync.local.store import aliases, collections, contents, metrics, projects
from regsync.local.store.artifacts import COMMITTED, ManifestEntry
from regsync.local.store.contents import Staged
from regsync.local.store.database import Store, Transaction, to_json
from regsync.local.store.errors import Refused
from regsync.local.store.projects import Project
from regsync.local.store.sequences import digest_of, file_entry
from regsync.names import LATEST, Digest

MADE_UP_FILE = "made-up.txt"
"""The only file of a version for which the seed lists none; it holds the version's name, so that digests differ."""
_SECONDS_A_DAY = 24 * 60 * 60
Files = Mapping[int, Mapping[str, Staged]]
"""The files that a seed lists, by the identity of their version in it."""


def stage_files(store: Store, seed: Seed) -> Files:
    """Get the files that a seed lists ready, before the registry is locked."""
    return {
        id(version): {path: contents.stage_bytes(store, text.encode()) for path, text in version.files.items()}
        for artifact in seed.artifacts
        for version in artifact.versions
        if version.files is not None
    }


@dataclass(slots=True)
class _Sequence:
    """A sequence as it is: `digests` by number, deleted versions included."""

    key: int
    project: int
    type: str
    next_index: int
    digests: dict[int, str] = field(default_factory=dict)
    metadata: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Rows:
    """What is to be inserted, by table."""

    collections: list[tuple[Any, ...]] = field(default_factory=list)
    artifacts: list[tuple[Any, ...]] = field(default_factory=list)
    files: list[tuple[Any, ...]] = field(default_factory=list)
    contents: list[tuple[int, Staged]] = field(default_factory=list)
    tags: list[tuple[Any, ...]] = field(default_factory=list)
    memberships: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)


def next_key(tx: Transaction, table: str) -> int:
    """The key that the next row of a table gets; the caller must be the one writer, and use the keys in order."""
    return int(tx.value("SELECT seq FROM sqlite_sequence WHERE name = ?", table) or 0) + 1


def plant_artifacts(tx: Transaction, artifacts: Sequence[SeedArtifact], files: Files, report: Report) -> None:
    """Add the artifacts and versions of a seed that are not there yet."""
    known = _projects(tx, artifacts, report)
    if report.problems:
        return
    there = _sequences(tx, {project.id for project in known.values()})
    rows = _Rows()
    next_collection, next_artifact = next_key(tx, "collections"), next_key(tx, "artifacts")
    for artifact in artifacts:
        project = known[artifact.entity, artifact.project]
        sequence = there.get((project.id, artifact.name))
        report.count("artifact", made=sequence is None)
        if sequence is None:
            sequence = _Sequence(next_collection, project.id, artifact.type, 0)
            type_id = collections.type_id(tx, project.id, artifact.type)
            rows.collections.append((next_collection, project.id, artifact.name, type_id, tx.now, tx.now))
            next_collection += 1
        elif sequence.type != artifact.type:
            message = f"{artifact} is there with type {sequence.type!r}, not {artifact.type!r}"
            report.problem(message, artifact.origin, "the type never changes")
            continue
        next_artifact = _versions(tx, artifact, sequence, files, rows, report, next_artifact)
    if not report.problems:
        _insert(tx, rows)
        grown = {sequence for sequence, *_ in rows.memberships}
        for artifact in artifacts:
            _point_aliases(tx, known[artifact.entity, artifact.project], artifact, grown, report)


def _projects(tx: Transaction, artifacts: Sequence[SeedArtifact], report: Report) -> dict[tuple[str, str], Project]:
    found: dict[tuple[str, str], Project] = {}
    for artifact in artifacts:
        place = (artifact.entity, artifact.project)
        try:
            if place not in found:
                found[place] = projects.ensure(tx, *place)
        except Refused as error:
            report.problem(f"{artifact}: {error}", artifact.origin, error.hint or "list the team under `teams:`")
    return found


def _sequences(tx: Transaction, project_ids: set[int]) -> dict[tuple[int, str], _Sequence]:
    chosen = json.dumps(sorted(project_ids))
    found: dict[tuple[int, str], _Sequence] = {}
    by_key: dict[int, _Sequence] = {}
    for project_id, name, *rest in tx.tuples(
        """SELECT c.project_id, c.name, c.id, t.name, c.next_index FROM collections c JOIN artifact_types t ON t.id = c.type_id
           WHERE c.project_id IN (SELECT value FROM json_each(?))""",
        chosen,
    ):
        found[project_id, name] = by_key[rest[0]] = _Sequence(rest[0], project_id, *rest[1:])
    for key, number, digest, metadata in tx.tuples(
        """SELECT a.sequence_id, a.version_index, a.digest, a.metadata FROM artifacts a JOIN collections c ON c.id = a.sequence_id
           WHERE c.project_id IN (SELECT value FROM json_each(?)) AND a.version_index IS NOT NULL""",
        chosen,
    ):
        by_key[key].digests[number] = digest
        by_key[key].metadata[number] = metadata
    return found


def _versions(
    tx: Transaction,
    artifact: SeedArtifact,
    sequence: _Sequence,
    files: Files,
    rows: _Rows,
    report: Report,
    next_artifact: int,
) -> int:
    """Collect the rows of an artifact's new versions; the next free key."""
    seen: dict[str, int] = {}
    path = str(artifact)
    for number, version in enumerate(artifact.versions):
        staged = files.get(id(version))
        if staged is None:
            staged = {MADE_UP_FILE: _made_up(path, number)}
        entries = [file_entry(name, content) for name, content in sorted(staged.items())]
        digest = digest_of(entries)
        first = seen.setdefault(digest, number)
        made = number not in sequence.digests
        report.count("version", made=made)
        if first != number:
            message = f"{path}:v{number} has the same files as v{first}; W&B would make no new version of it"
            report.problem(message, version.origin, "give each version files of its own")
        elif made:
            _collect(tx, rows, sequence, version, (next_artifact, number, digest, path), entries, staged)
            next_artifact += 1
        elif sequence.digests[number] != digest:
            report.problem(f"{path}:v{number} is there with other content", version.origin, "use a new registry file")
        else:
            report.left(f"the metadata of {path}:v{number}", json.loads(sequence.metadata[number]), version.metadata)
    return next_artifact


def _made_up(path: str, number: int) -> Staged:
    return contents.inline(f"{path} v{number}\n".encode())


def _collect(
    tx: Transaction,
    rows: _Rows,
    sequence: _Sequence,
    version: SeedVersion,
    identity: tuple[int, int, Digest, str],
    entries: Sequence[ManifestEntry],
    staged: Mapping[str, Staged],
) -> None:
    key, number, digest, path = identity
    metadata = to_json(version.metadata) if version.metadata else "{}"
    ttl = None if version.ttl_days is None else version.ttl_days * _SECONDS_A_DAY
    size = sum(entry.size for entry in entries)
    about = (digest, size, len(entries), metadata, version.description, ttl, tx.now, tx.now)
    rows.artifacts.append((key, sequence.key, number, COMMITTED, *about))
    rows.files.extend((key, *entry) for entry in entries)
    rows.contents.extend((sequence.project, content) for content in staged.values())
    rows.tags.extend((key, tag) for tag in version.tags)
    rows.memberships.append((sequence.key, key, number, tx.now))
    rows.events.append((tx.now, tx.actor.name, sequence.key, f"{path}:v{number}", digest))


def _insert(tx: Transaction, rows: _Rows) -> None:
    tx.many(
        """INSERT INTO collections (id, project_id, kind, name, type_id, created_at, updated_at)
           VALUES (?, ?, 'sequence', ?, ?, ?, ?)""",
        rows.collections,
    )
    tx.many(
        """INSERT INTO artifacts (id, sequence_id, version_index, state, digest, size, file_count, metadata, description,
             ttl_seconds, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        rows.artifacts,
    )
    tx.many(
        """INSERT INTO artifact_files (artifact_id, path, digest, size, ref, content_md5, fields)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        rows.files,
    )
    contents.give_all(tx, rows.contents)
    tx.many("INSERT INTO artifact_tags (artifact_id, tag) VALUES (?, ?)", rows.tags)
    tx.many(
        "INSERT INTO memberships (collection_id, artifact_id, version_index, created_at) VALUES (?, ?, ?, ?)",
        rows.memberships,
    )
    metrics.settle(tx, (key for _, key, _, _ in rows.memberships))
    tx.many(
        """INSERT INTO events (at, actor, kind, organization, address, after)
           SELECT ?1, ?2, 'log-version', coalesce(o.name, ''), ?4, json_object('digest', ?5, 'type', t.name)
           FROM collections c JOIN artifact_types t ON t.id = c.type_id JOIN projects p ON p.id = c.project_id
             JOIN entities e ON e.id = p.entity_id LEFT JOIN organizations o ON o.id = e.organization_id WHERE c.id = ?3""",
        rows.events,
    )
    tx.many(
        "UPDATE collections SET next_index = max(next_index, ?2 + 1) WHERE id = ?1",
        [(sequence, number) for sequence, _, number, _ in rows.memberships],
    )


def _point_aliases(
    tx: Transaction, project: Project, artifact: SeedArtifact, grown: Container[int], report: Report
) -> None:
    """Set `latest` where versions were added (to the sequences `grown`), and the source aliases that are not set."""
    sequence = collections.get(tx, project, artifact.name)
    there = aliases.of_collection(tx, sequence)
    wanted = {name: number for number, version in enumerate(artifact.versions) for name in version.aliases}
    if sequence.id in grown:
        there.pop(LATEST, None)
        wanted[LATEST] = sequence.next_index - 1
    for name, number in wanted.items():
        if name in there:
            report.left(f"the alias {sequence.address}:{name}", f"v{there[name]}", f"v{number}")
            continue
        held = aliases.holder(tx, sequence, f"v{number}")
        if held is not None:
            aliases.point(tx, sequence, name, held.membership_id, held.index)
