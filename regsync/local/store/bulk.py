"""Reading much at once, in few queries: what planning needs. Rows are plain named tuples, in a stable order.

Whoever calls has got the registry, so it is visible to the actor; a link's source is "" where the actor cannot read it.
"""

from __future__ import annotations

import json
from collections.abc import Collection as Names
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, starmap
from typing import NamedTuple

from regsync.local.store.access import readable_entities
from regsync.local.store.artifacts import DELETED
from regsync.local.store.database import Transaction
from regsync.local.store.registries import Registry
from regsync.names import SourceRef


class CollectionRow(NamedTuple):
    """A collection: its key, and its settings."""

    key: int
    name: str
    type: str
    description: str | None
    next_index: int


class SequenceRow(NamedTuple):
    """An artifact whose versions are linked: `path` is `entity/project/name:v`, or "" where the actor cannot read it."""

    path: str
    type: str


class SourceRow(NamedTuple):
    """What there is of one reference: keys are None from the first part of the name that does not exist (or is not visible)."""

    kind: str | None
    organization_id: int | None
    project: int | None
    sequence: int | None
    artifact: int | None
    number: int | None
    state: str | None
    digest: str | None
    type: str | None


_COLLECTIONS = """
SELECT c.id, c.name, t.name, c.description, c.next_index FROM collections c JOIN artifact_types t ON t.id = c.type_id
WHERE c.project_id = ?1 AND (?2 IS NULL OR c.name IN (SELECT value FROM json_each(?2))) ORDER BY c.name
"""
_CHOSEN = "c.project_id = ?1 AND (?2 IS NULL OR c.name IN (SELECT value FROM json_each(?2)))"
# Sorted by the collection's name, rows come in the order of SQLite's own indexes, and nothing has to be sorted.
_LINKS = f"""
SELECT m.collection_id, m.version_index, a.id, a.sequence_id, a.version_index, a.digest
FROM collections c JOIN memberships m ON m.collection_id = c.id JOIN artifacts a ON a.id = m.artifact_id
WHERE {_CHOSEN} ORDER BY c.name, m.version_index
"""  # noqa: S608 - a constant of this package
_SEQUENCES = """
SELECT s.id, e.id, e.name || '/' || p.name || '/' || s.name || ':v', t.name
FROM collections s JOIN artifact_types t ON t.id = s.type_id JOIN projects p ON p.id = s.project_id
  JOIN entities e ON e.id = p.entity_id
WHERE s.id IN (SELECT value FROM json_each(?))
"""
_ALIASES = f"""
SELECT c.id, json_group_object(x.name, m.version_index)
FROM collections c JOIN aliases x ON x.collection_id = c.id JOIN memberships m ON m.id = x.membership_id
WHERE {_CHOSEN} GROUP BY c.name
"""  # noqa: S608 - a constant of this package
_TAGS = """
SELECT g.collection_id, g.tag FROM collections c JOIN collection_tags g ON g.collection_id = c.id
WHERE c.project_id = ?1 AND (?2 IS NULL OR c.name IN (SELECT value FROM json_each(?2)))
ORDER BY g.collection_id, g.tag
"""


_LINKS_AT_ONCE = 10_000


def _chosen(names: Names[str] | None) -> str | None:
    return None if names is None else json.dumps(sorted(names))


def collections(tx: Transaction, registry: Registry, names: Names[str] | None) -> Iterator[CollectionRow]:
    """The collections of a registry (those of the given names, or with None all), by name."""
    return starmap(CollectionRow, tx.tuples(_COLLECTIONS, registry.id, _chosen(names)))


def count(tx: Transaction, registry: Registry) -> int:
    """How many collections a registry has."""
    return int(tx.value("SELECT count(*) FROM collections WHERE project_id = ?", registry.id))


def links(
    tx: Transaction, registry: Registry, names: Names[str] | None
) -> Iterator[tuple[int, int, int, SequenceRow, int, str]]:
    """The links of those collections, by the collection's name and index.

    The collection's key, the index, the version's key, its artifact and its number in that, its digest.
    """
    readable = readable_entities(tx)
    known: dict[int, SequenceRow] = {}
    rows = tx.tuples(_LINKS, registry.id, _chosen(names))
    # Artifacts have many links: they are looked up apart, those of many links at a time.
    while some := list(islice(rows, _LINKS_AT_ONCE)):
        unknown = {row[3] for row in some} - known.keys()
        for key, entity, path, kind in tx.tuples(_SEQUENCES, json.dumps(list(unknown))) if unknown else ():
            known[key] = SequenceRow(path if readable is None or entity in readable else "", kind)
        for key, number, artifact, sequence, version, digest in some:
            yield key, number, artifact, known[sequence], version, digest


def aliases(tx: Transaction, registry: Registry, names: Names[str] | None) -> Iterator[tuple[int, dict[str, int]]]:
    """The aliases of those collections that have any, `latest` included: the collection, and the index of each alias by name."""
    for key, found in tx.tuples(_ALIASES, registry.id, _chosen(names)):
        yield key, json.loads(found)


def tags(tx: Transaction, registry: Registry, names: Names[str] | None) -> Iterator[tuple[int, str]]:
    """The tags of those collections: collection, tag."""
    return tx.tuples(_TAGS, registry.id, _chosen(names))


_SOURCES = """
WITH wanted AS (
  SELECT key, value ->> 0 AS entity, value ->> 1 AS project, value ->> 2 AS artifact, value ->> 3 AS alias, value ->> 4 AS number
  FROM json_each(?)
), found AS (
  SELECT w.key, e.id AS entity_id, e.kind, e.organization_id, p.id AS project_id, c.id AS sequence_id, c.type_id,
    CASE WHEN w.number IS NULL
      THEN (SELECT m.artifact_id FROM aliases x JOIN memberships m ON m.id = x.membership_id
            WHERE x.collection_id = c.id AND x.name = w.alias)
      ELSE (SELECT a.id FROM artifacts a WHERE a.sequence_id = c.id AND a.version_index = w.number) END AS artifact_id
  FROM wanted w LEFT JOIN entities e ON e.name = w.entity
    LEFT JOIN projects p ON p.entity_id = e.id AND p.name = w.project
    LEFT JOIN collections c ON c.project_id = p.id AND c.name = w.artifact AND c.kind = 'sequence'
)
SELECT f.key, f.entity_id, f.kind, f.organization_id, f.project_id, f.sequence_id, f.artifact_id, a.version_index, a.state,
  a.digest, t.name
FROM found f LEFT JOIN artifacts a ON a.id = f.artifact_id LEFT JOIN artifact_types t ON t.id = f.type_id ORDER BY f.key
"""


def sources(tx: Transaction, refs: Iterable[SourceRef]) -> Mapping[SourceRef, SourceRow]:
    """What each reference means now, deleted versions included (`state`). Every reference is a key of the answer."""
    wanted = list(dict.fromkeys(refs))
    readable = readable_entities(tx)
    answer = {}
    asked = json.dumps([[ref.entity, ref.project, ref.artifact, ref.version, ref.number] for ref in wanted])
    for key, entity, *rest in tx.tuples(_SOURCES, asked):
        visible = readable is None or entity in readable
        row = SourceRow(*rest) if visible else SourceRow(rest[0], rest[1], *(None,) * 7)
        answer[wanted[key]] = row
    return answer


class Details(NamedTuple):
    """What is known of a version beyond its identity: JSON metadata, size in bytes, time to live in seconds, its run."""

    artifact: int
    metadata: str
    size: int
    created_at: str
    ttl_seconds: int | None
    run: str | None
    commit: str | None
    run_id: int | None
    entity_id: int


_DETAILS = f"""
SELECT a.id, a.metadata, a.size, a.created_at, a.ttl_seconds, e.name || '/' || p.name || '/' || r.name, r.git_commit, r.id, p.entity_id
FROM artifacts a JOIN collections c ON c.id = a.sequence_id JOIN projects p ON p.id = c.project_id
  JOIN entities e ON e.id = p.entity_id LEFT JOIN runs r ON r.id = a.run_id
WHERE a.state <> '{DELETED}' AND a.id IN (SELECT value FROM json_each(?)) ORDER BY a.id
"""  # noqa: S608 - a constant of this package


def details(tx: Transaction, artifacts: Iterable[int]) -> list[Details]:
    """Evidence about versions, by key; the run only where the actor can read the source. Deleted ones are left out.

    Whoever calls has seen these versions in a registry or resolved them, so they are visible to the actor.
    """
    readable = readable_entities(tx)
    found = []
    for row in starmap(Details, tx.tuples(_DETAILS, json.dumps(sorted(set(artifacts))))):
        visible = readable is None or row.entity_id in readable
        found.append(row if visible else row._replace(run=None, commit=None, run_id=None))
    return found


def run_inputs(tx: Transaction, runs: Iterable[int]) -> Iterator[tuple[int, str]]:
    """What runs used: the run's key, the full name of a version; by run and then by name."""
    return tx.tuples(
        """SELECT u.run_id, e.name || '/' || p.name || '/' || c.name || ':v' || a.version_index AS source
           FROM artifact_uses u JOIN artifacts a ON a.id = u.artifact_id JOIN collections c ON c.id = a.sequence_id
             JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id
           WHERE u.run_id IN (SELECT value FROM json_each(?)) ORDER BY u.run_id, source""",
        json.dumps(sorted(set(runs))),
    )
