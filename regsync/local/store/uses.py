"""Which runs read and which runs logged an artifact version."""

from __future__ import annotations

import json

from regsync.local.store import artifacts
from regsync.local.store.access import readable_entities
from regsync.local.store.artifacts import Version
from regsync.local.store.database import Transaction
from regsync.local.store.errors import NotFound
from regsync.local.store.projects import Run, by_id, require_write, run_by_id


def record(tx: Transaction, run: Run, version: Version) -> None:
    """Note that a run reads a version. Twice is the same as once. Raises `Forbidden`, `NotFound`."""
    project = by_id(tx, run.project_id)
    require_write(tx, project.entity_id, f"project {project}")
    tx.run("INSERT INTO artifact_uses (run_id, artifact_id) VALUES (?, ?) ON CONFLICT DO NOTHING", run.id, version.id)


def inputs(tx: Transaction, run: Run) -> list[Version]:
    """The versions that a run read and the actor can see, oldest first."""
    return _visible(tx, "SELECT artifact_id AS id FROM artifact_uses WHERE run_id = ? ORDER BY artifact_id", run.id)


def outputs(tx: Transaction, run: Run) -> list[Version]:
    """The versions that a run logged and the actor can see, oldest first."""
    return _visible(
        tx,
        "SELECT id FROM artifacts WHERE run_id = ? AND state = ? ORDER BY id",
        run.id,
        artifacts.COMMITTED,
    )


MOST_LOOKED_AT = 1000
"""Runs, the newest, among which `names_of_runs` looks for those that the actor can see."""
_USES = "SELECT run_id FROM artifact_uses WHERE artifact_id = ?1 ORDER BY run_id DESC LIMIT ?4"
_RUNS = f"""FROM ({_USES}) u CROSS JOIN runs r ON r.id = u.run_id JOIN projects p ON p.id = r.project_id
    JOIN entities e ON e.id = p.entity_id WHERE (?2 OR p.entity_id IN (SELECT value FROM json_each(?3)))"""  # noqa: S608 - a constant of this file
"""The newest runs that read a version, in projects that the actor can read."""


def runs(tx: Transaction, version: Version) -> list[Run]:
    """The runs that read a version and that the actor can see, oldest first."""
    rows = tx.all(f"SELECT r.id {_RUNS} ORDER BY r.id", version.id, *_readable(tx), -1)
    return [run_by_id(tx, row["id"]) for row in rows]


def names_of_runs(tx: Transaction, version: Version, most: int) -> list[str]:
    """Those of the newest thousand runs that read a version and that the actor can see, by name (`acme-ml/fraud/train`).

    Newest first, at most so many.
    """
    rows = tx.all(
        f"SELECT e.name || '/' || p.name || '/' || r.name AS name {_RUNS} ORDER BY r.id DESC LIMIT ?5",
        version.id,
        *_readable(tx),
        MOST_LOOKED_AT,
        most,
    )
    return [row["name"] for row in rows]


def _readable(tx: Transaction) -> tuple[bool, str]:
    readable = readable_entities(tx)
    return readable is None, json.dumps([*(readable or ())])


def _visible(tx: Transaction, sql: str, *parameters: object) -> list[Version]:
    found = []
    for row in tx.all(sql, *parameters):
        try:
            found.append(artifacts.by_id(tx, row["id"]))
        except NotFound:
            continue
    return found
