"""Projects of users and teams, and the runs in them. Registries are projects too; see `registries.py` for those."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from sqlite3 import Row
from typing import Any

from regsync.local.store.access import entity_role, missing, require
from regsync.local.store.accounts import entity
from regsync.local.store.database import Transaction, to_json
from regsync.local.store.errors import Conflict, Invalid
from regsync.names import ENTITY_RULE, REGISTRY_PREFIX, Role
from regsync.slots import dataclass


@dataclass(frozen=True, slots=True)
class Project:
    """A project that is not a registry: `<entity>/<name>`."""

    id: int
    entity_id: int
    entity: str
    entity_kind: str
    organization_id: int | None
    name: str
    created_at: str
    updated_at: str

    def __str__(self) -> str:
        return f"{self.entity}/{self.name}"


@dataclass(frozen=True, slots=True)
class Run:
    """A run. `name` is the short id in its URL; `config`, `summary` and `fields` are JSON objects."""

    id: int
    project_id: int
    name: str
    display_name: str | None
    user_id: int | None
    state: str
    config: dict[str, Any]
    summary: dict[str, Any]
    git_commit: str | None
    fields: dict[str, Any]
    created_at: str
    updated_at: str


_PROJECT = """SELECT p.id, p.entity_id, e.name AS entity, e.kind AS entity_kind, e.organization_id, p.name, p.created_at, p.updated_at
    FROM projects p JOIN entities e ON e.id = p.entity_id"""


def _project(row: Row) -> Project:
    return Project(
        row["id"],
        row["entity_id"],
        row["entity"],
        row["entity_kind"],
        row["organization_id"],
        row["name"],
        row["created_at"],
        row["updated_at"],
    )


def find(tx: Transaction, entity_name: str, name: str) -> Project | None:
    """The project, or None where there is none or the actor cannot read it. Never a registry."""
    row = tx.one(f"{_PROJECT} WHERE e.name = ? AND p.name = ?", entity_name, name)
    if row is None or entity_role(tx, row["entity_id"]) is None:
        return None
    return _project(row)


def get(tx: Transaction, entity_name: str, name: str) -> Project:
    """The project. Raises `NotFound`."""
    return find(tx, entity_name, name) or missing(f"project {entity_name}/{name}")


def by_id(tx: Transaction, key: int) -> Project:
    """The project with that integer key. Raises `NotFound`."""
    row = tx.one(f"{_PROJECT} WHERE p.id = ?", key)
    if row is None or entity_role(tx, row["entity_id"]) is None:
        missing("project")
    return _project(row)


def by_ids(tx: Transaction, keys: Iterable[int]) -> dict[int, Project]:
    """The projects with those integer keys that the actor can read, by key. Registries are not among them."""
    rows = tx.all(f"{_PROJECT} WHERE p.id IN (SELECT value FROM json_each(?))", json.dumps([*keys]))  # noqa: S608
    return {row["id"]: _project(row) for row in rows if entity_role(tx, row["entity_id"]) is not None}


def of_entity(tx: Transaction, entity_name: str, most: int = -1) -> list[Project]:
    """The projects of a user or a team, by name: at most so many, -1 for all. Raises `NotFound` where the actor cannot read them."""
    owner = entity(tx, entity_name)
    if entity_role(tx, owner.id) is None:
        missing(f"entity {entity_name!r}")
    rows = tx.all(f"{_PROJECT} WHERE p.entity_id = ? ORDER BY p.name LIMIT ?", owner.id, most)
    return [_project(row) for row in rows]


def ensure(tx: Transaction, entity_name: str, name: str) -> Project:
    """The project, made where it is missing, as logging to it does. Raises `NotFound`, `Forbidden`, `Invalid`."""
    owner = entity(tx, entity_name)
    require_write(tx, owner.id, f"entity {entity_name!r}")
    if owner.kind == "organization":
        raise Invalid(f"{entity_name} is an organization's own entity: it holds registries, not projects")
    found = find(tx, entity_name, name)
    if found:
        return found
    problem = ENTITY_RULE.problem(name)
    if problem:
        raise Invalid(f"project name {name!r} {problem}")
    if name.startswith(REGISTRY_PREFIX):
        raise Invalid(f"project name {name!r}: names starting {REGISTRY_PREFIX} are for registries")
    key = tx.run(
        "INSERT INTO projects (entity_id, name, created_by, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
        owner.id,
        name,
        tx.actor.user_id,
        tx.now,
        tx.now,
    )
    return by_id(tx, key)


def require_write(tx: Transaction, entity_id: int, what: str) -> None:
    """Raise `Forbidden` or `NotFound` unless the actor may log to the projects of that user or team."""
    require(entity_role(tx, entity_id), Role.MEMBER, "log runs and artifacts", what)


_RUN = "SELECT * FROM runs"
_BEFORE = {"pending": ("running", "failed", "crashed", "preempted"), "failed": ("pending", "running")}
"""The states that somebody may give a run, and what it must be before."""


def _run(row: Row) -> Run:
    return Run(
        row["id"],
        row["project_id"],
        row["name"],
        row["display_name"],
        row["user_id"],
        row["state"],
        json.loads(row["config"]),
        json.loads(row["summary"]),
        row["git_commit"],
        json.loads(row["fields"]),
        row["created_at"],
        row["updated_at"],
    )


def run(tx: Transaction, project: Project, name: str) -> Run:
    """A run by its short id. Raises `NotFound`."""
    row = tx.one(f"{_RUN} WHERE project_id = ? AND name = ?", project.id, name)
    return _run(row) if row else missing(f"run {project}/{name}")


def run_by_id(tx: Transaction, key: int) -> Run:
    """A run by integer key, if the actor can read its project. Raises `NotFound`."""
    row = tx.one(f"{_RUN} WHERE id = ?", key)
    if row is None:
        missing("run")
    by_id(tx, row["project_id"])
    return _run(row)


def upsert_run(
    tx: Transaction,
    project: Project,
    name: str,
    *,
    display_name: str | None = None,
    state: str | None = None,
    config: Mapping[str, Any] | None = None,
    summary: Mapping[str, Any] | None = None,
    git_commit: str | None = None,
    fields: Mapping[str, Any] | None = None,
) -> tuple[Run, bool]:
    """Make or change a run: what is not given stays as it is; `fields` are merged. The run, and whether it was made."""
    require_write(tx, project.entity_id, f"project {project}")
    row = tx.one(f"{_RUN} WHERE project_id = ? AND name = ?", project.id, name)
    if row is None:
        key = tx.run(
            "INSERT INTO runs (project_id, name, user_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
            project.id,
            name,
            tx.actor.user_id,
            tx.now,
            tx.now,
        )
        old_fields: dict[str, Any] = {}
    else:
        key, old_fields = row["id"], json.loads(row["fields"])
    tx.run(
        """UPDATE runs SET display_name = coalesce(?, display_name), state = coalesce(?, state),
             config = coalesce(?, config), summary = coalesce(?, summary), git_commit = coalesce(?, git_commit),
             fields = ?, updated_at = ? WHERE id = ?""",
        display_name,
        state,
        to_json(config),
        to_json(summary),
        git_commit,
        to_json({**old_fields, **(fields or {})}),
        tx.now,
        key,
    )
    return run_by_id(tx, key), row is None


def set_files(tx: Transaction, run: Run, files: Mapping[str, str]) -> None:
    """Say which files a run has: their names, and the MD5 of their contents. Raises `Forbidden`."""
    project = by_id(tx, run.project_id)
    require_write(tx, project.entity_id, f"project {project}")
    tx.run(
        "UPDATE runs SET fields = ?, updated_at = ? WHERE id = ?",
        to_json({**run.fields, "files": files}),
        tx.now,
        run.id,
    )


def set_state(tx: Transaction, run: Run, state: str) -> None:
    """Say how a run stands, as somebody decides who is not the run. Raises `Conflict` where it may not change so, `Forbidden`.

    Source: `Run.update_state` of the client (0.31).
    """
    project = by_id(tx, run.project_id)
    require_write(tx, project.entity_id, f"project {project}")
    if run.state not in _BEFORE.get(state, ()):
        raise Conflict(f"run {project}/{run.name} is {run.state}, and cannot be made {state}")
    tx.run("UPDATE runs SET state = ?, updated_at = ? WHERE id = ?", state, tx.now, run.id)


def stop(tx: Transaction, run: Run) -> None:
    """Ask a run to stop: its client looks whether somebody did. Changes nothing where it has ended. Raises `Forbidden`."""
    project = by_id(tx, run.project_id)
    require_write(tx, project.entity_id, f"project {project}")
    if run.state == "running":
        tx.run("UPDATE runs SET fields = ? WHERE id = ?", to_json({**run.fields, "stopped": True}), run.id)


def delete_run(tx: Transaction, run: Run) -> None:
    """Delete a run with its history. Versions that it logged stay, and are nobody's then. Raises `Forbidden`."""
    project = by_id(tx, run.project_id)
    require_write(tx, project.entity_id, f"project {project}")
    tx.run("UPDATE artifacts SET run_id = NULL WHERE run_id = ?", run.id)
    tx.run("DELETE FROM artifact_uses WHERE run_id = ?", run.id)
    tx.run("DELETE FROM runs WHERE id = ?", run.id)
