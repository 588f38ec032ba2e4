"""Queues of W&B Launch: each belongs to a project of a user or a team, and has a configuration of what its runs need.

Who sees the project sees its queues, and who may log to it may do everything with them. A queue's `access` is what its maker
said, and is only told: the client pushes to queues of either kind (`LaunchApi.push_to_run_queue` of 0.31).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from sqlite3 import Row
from typing import Any

from regsync.local.store import projects
from regsync.local.store.access import entity_role, missing
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Conflict, Invalid
from regsync.local.store.projects import Project
from regsync.slots import dataclass

LONGEST_NAME = 64
"""Characters of a queue's name, as the client has it (`Api.create_run_queue` of 0.31)."""
LONGEST_CONFIG = 64 * 1024
"""Characters of a configuration, of its template variables and of the links of a queue, each as JSON."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue. Where it is `prioritized`, what is more urgent is taken first; else, what came first."""

    id: int
    project_id: int
    name: str
    access: str
    prioritized: bool
    config_id: int | None
    external_links: Json
    user_id: int | None


@dataclass(frozen=True, slots=True)
class ResourceConfig:
    """What a run of a queue gets that asks for nothing else; `{{name}}` in it stands for a template variable.

    `variables` has for each variable what the client said of it: an object with its JSON `schema`.
    """

    id: int
    entity_id: int
    resource: str
    config: Json
    variables: Json


def of_project(tx: Transaction, project: Project) -> list[Queue]:
    """The queues of a project, by name."""
    return [_queue(row) for row in tx.all("SELECT * FROM run_queues WHERE project_id = ? ORDER BY name", project.id)]


def find(tx: Transaction, project: Project, name: str) -> Queue | None:
    """The queue of that name."""
    row = tx.one("SELECT * FROM run_queues WHERE project_id = ? AND name = ?", project.id, name)
    return _queue(row) if row else None


def get(tx: Transaction, project: Project, name: str) -> Queue:
    """The queue of that name. Raises `NotFound`."""
    return find(tx, project, name) or missing(f"run queue {project}/{name}")


def by_id(tx: Transaction, key: int) -> Queue:
    """The queue with that integer key, if the actor can read its project. Raises `NotFound`."""
    row = tx.one("SELECT * FROM run_queues WHERE id = ?", key)
    if row is None or not _readable(tx, row["project_id"]):
        missing("run queue")
    return _queue(row)


def create(
    tx: Transaction,
    project: Project,
    name: str,
    *,
    access: str = "PROJECT",
    prioritized: bool = False,
    config: ResourceConfig | None = None,
) -> Queue:
    """Make a queue. Raises `Conflict` where there is one of that name, `Invalid`, `Forbidden`."""
    projects.require_write(tx, project.entity_id, f"project {project}")
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise Invalid(f"the name of a run queue has 1 to {LONGEST_NAME} characters that can be printed")
    if find(tx, project, name) is not None:
        raise Conflict(f"run queue {project}/{name} already exists")
    if config is not None and config.entity_id != project.entity_id:
        missing("resource configuration")
    key = tx.run(
        "INSERT INTO run_queues (project_id, name, access, prioritized, config_id, user_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        project.id,
        name,
        access,
        prioritized,
        None if config is None else config.id,
        tx.actor.user_id,
        tx.now,
    )
    return by_id(tx, key)


def configure(
    tx: Transaction, queue: Queue, config: ResourceConfig, *, prioritized: bool | None, external_links: Json | None
) -> None:
    """Give a queue another configuration; what is None stays. Items that wait keep what they were pushed with. Raises `Forbidden`."""
    project = projects.by_id(tx, queue.project_id)
    projects.require_write(tx, project.entity_id, f"project {project}")
    tx.run(
        """UPDATE run_queues SET config_id = ?, prioritized = coalesce(?, prioritized), external_links = coalesce(?, external_links)
           WHERE id = ?""",
        config.id,
        prioritized,
        None if external_links is None else _text(external_links),
        queue.id,
    )
    _forget_config(tx, queue.config_id)


def delete(tx: Transaction, queue: Queue) -> None:
    """Delete a queue with everything in it. Runs that were started from it stay. Raises `Forbidden`."""
    project = projects.by_id(tx, queue.project_id)
    projects.require_write(tx, project.entity_id, f"project {project}")
    tx.run("DELETE FROM run_queues WHERE id = ?", queue.id)
    _forget_config(tx, queue.config_id)


def add_config(tx: Transaction, entity_id: int, resource: str, config: Json, variables: Json) -> ResourceConfig:
    """Keep a configuration for queues of a user or a team. Raises `Invalid`, `Forbidden`, `NotFound`."""
    projects.require_write(tx, entity_id, "entity")
    for name, variable in variables.items():
        if not isinstance(variable, Mapping):
            raise Invalid(f'template variable {name!r}: expected an object such as {{"schema": {{"type": "integer"}}}}')
    key = tx.run(
        "INSERT INTO resource_configs (entity_id, resource, config, variables, created_at) VALUES (?, ?, ?, ?, ?)",
        entity_id,
        resource,
        _text(config),
        _text(variables),
        tx.now,
    )
    return ResourceConfig(key, entity_id, resource, config, variables)


def config_by_id(tx: Transaction, key: int | None) -> ResourceConfig | None:
    """The configuration with that integer key; None where there is none, or its entity's projects are hidden from the actor."""
    row = tx.one("SELECT * FROM resource_configs WHERE id = ?", key)
    if row is None or entity_role(tx, row["entity_id"]) is None:
        return None
    return ResourceConfig(
        row["id"], row["entity_id"], row["resource"], json.loads(row["config"]), json.loads(row["variables"])
    )


def _forget_config(tx: Transaction, key: int | None) -> None:
    tx.run(
        "DELETE FROM resource_configs WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM run_queues WHERE config_id = ?1)", key
    )


def _readable(tx: Transaction, project_id: int) -> bool:
    return entity_role(tx, tx.value("SELECT entity_id FROM projects WHERE id = ?", project_id)) is not None


def _queue(row: Row) -> Queue:
    return Queue(
        row["id"],
        row["project_id"],
        row["name"],
        row["access"],
        bool(row["prioritized"]),
        row["config_id"],
        json.loads(row["external_links"]),
        row["user_id"],
    )


def _text(value: Json) -> str:
    """JSON in the order in which it came, for people who read it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if len(text) > LONGEST_CONFIG:
        raise Invalid(f"what a run queue is configured with has at most {LONGEST_CONFIG:,} characters as JSON")
    return text
