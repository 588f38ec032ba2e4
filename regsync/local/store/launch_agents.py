"""Agents of W&B Launch: programs somewhere that take items from the queues of one project and start them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from regsync.local.store import projects, queues
from regsync.local.store.access import missing
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Invalid
from regsync.local.store.projects import Project
from regsync.slots import dataclass

LONGEST_STATUS = 64


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent. `queues` are integer keys, `status` is the agent's own word, and `heartbeat_at` is when it last was heard of."""

    id: int
    project_id: int
    queues: tuple[int, ...]
    hostname: str
    status: str
    heartbeat_at: str


def by_id(tx: Transaction, key: int) -> Agent:
    """The agent with that integer key, if the actor can read its project. Raises `NotFound`."""
    row = tx.one("SELECT * FROM launch_agents WHERE id = ?", key)
    if row is None:
        missing("launch agent")
    projects.by_id(tx, row["project_id"])
    return Agent(
        row["id"],
        row["project_id"],
        tuple(json.loads(row["queues"])),
        row["hostname"],
        row["status"],
        row["heartbeat_at"],
    )


def register(
    tx: Transaction, project: Project, keys: Iterable[int], *, hostname: str, config: str, version: str | None
) -> Agent:
    """Register an agent for queues of a project. Raises `NotFound` for a queue of another one, `Forbidden`."""
    projects.require_write(tx, project.entity_id, f"project {project}")
    wanted = [queues.by_id(tx, key) for key in keys]
    if not wanted:
        raise Invalid("a launch agent takes from at least one run queue")
    if any(queue.project_id != project.id for queue in wanted):
        missing(f"run queue of project {project}")
    key = tx.run(
        """INSERT INTO launch_agents (project_id, queues, hostname, config, version, status, user_id, created_at, heartbeat_at)
           VALUES (?, ?, ?, ?, ?, 'POLLING', ?, ?, ?)""",
        project.id,
        json.dumps([queue.id for queue in wanted]),
        hostname,
        config,
        version,
        tx.actor.user_id,
        tx.now,
        tx.now,
    )
    return by_id(tx, key)


def report(tx: Transaction, agent: Agent, status: str | None) -> None:
    """Note that an agent was heard of, and what it says it does. Raises `Invalid`, `Forbidden`."""
    project = projects.by_id(tx, agent.project_id)
    projects.require_write(tx, project.entity_id, f"project {project}")
    if status is not None and len(status) > LONGEST_STATUS:
        raise Invalid(f"the status of a launch agent has at most {LONGEST_STATUS} characters")
    tx.run(
        "UPDATE launch_agents SET status = coalesce(?, status), heartbeat_at = ? WHERE id = ?", status, tx.now, agent.id
    )
