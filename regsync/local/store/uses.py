"""Which runs read and which runs logged an artifact version."""

from __future__ import annotations

from regsync.local.store import artifacts
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


def runs(tx: Transaction, version: Version) -> list[Run]:
    """The runs that read a version and that the actor can see, oldest first."""
    found = []
    for row in tx.all("SELECT run_id FROM artifact_uses WHERE artifact_id = ? ORDER BY run_id", version.id):
        try:
            found.append(run_by_id(tx, row["run_id"]))
        except NotFound:
            continue
    return found


def _visible(tx: Transaction, sql: str, *parameters: object) -> list[Version]:
    found = []
    for row in tx.all(sql, *parameters):
        try:
            found.append(artifacts.by_id(tx, row["id"]))
        except NotFound:
            continue
    return found
