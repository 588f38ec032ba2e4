"""What references to versions mean, and what is known of versions: many at a time, in few queries. What is only looked at for changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import starmap

from regsync.local.store.access import readable_entities
from regsync.local.store.artifacts import DELETED
from regsync.local.store.database import Transaction
from regsync.names import SourceRef
from regsync.slots import NamedTuple


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
