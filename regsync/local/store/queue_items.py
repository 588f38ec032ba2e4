"""What waits in the queues of W&B Launch: an item is a run to be started, as its pusher described it.

An item waits (PENDING), is lent to whoever takes it (LEASED), and belongs to the run that they start once they say so (CLAIMED).
What was lent and not claimed for a minute waits again. Source: the agent of the client (0.31), which leaves an item that it cannot
start and says that it "will be pushed back onto the queue in 1 min". FAILED is an item that could not be started.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from sqlite3 import Row
from typing import Any

import jsonschema_rs

from regsync.local.store import projects, queues
from regsync.local.store.access import missing
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Invalid
from regsync.local.store.launch_agents import Agent
from regsync.local.store.queues import Queue, ResourceConfig
from regsync.slots import dataclass

LEASE = timedelta(minutes=1)
"""How long an item is lent before it waits again."""
PRIORITIES = range(4)
"""Critical, high, medium and low, as the client counts them."""
MEDIUM = 2
LONGEST_SPEC = 1024 * 1024
"""Characters of what a run is started with, as JSON."""
LONGEST_VALUE = 1000
"""Characters of the value of a template variable, as JSON."""
LONGEST_MESSAGE = 10_000
MOST_WARNINGS = 10
"""Warnings that are kept of one item: the last ones."""
_WORDS = ("type", "enum", "minimum", "maximum")
"""What is heeded of the schema of a template variable. A `$ref` would have the server fetch what somebody wrote."""
_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """An item, without what may be long. `run_name` is the short id of the run that was started for it."""

    id: int
    queue_id: int
    project_id: int
    state: str
    priority: int
    run_name: str | None


_ITEM = """SELECT i.id, i.queue_id, q.project_id, i.state, i.priority, i.run_name
    FROM run_queue_items i JOIN run_queues q ON q.id = i.queue_id"""


def by_id(tx: Transaction, key: int) -> Item:
    """The item with that integer key, if the actor can read the project of its queue. Raises `NotFound`."""
    row = tx.one(f"{_ITEM} WHERE i.id = ?", key)
    if row is None:
        missing("item of a run queue")
    queues.by_id(tx, row["queue_id"])
    return _item(row)


def in_queue(tx: Transaction, queue: Queue, key: int) -> Item | None:
    """The item of that queue with that integer key."""
    row = tx.one(f"{_ITEM} WHERE i.id = ? AND i.queue_id = ?", key, queue.id)
    return _item(row) if row else None


def spec(tx: Transaction, item: Item) -> Json:
    """What is to be started."""
    return _read(tx, "spec", item) or {}


def error(tx: Transaction, item: Item) -> Json | None:
    """Why it could not be started."""
    found: Json | None = _read(tx, "error", item)
    return found


def warnings(tx: Transaction, item: Item) -> list[Json]:
    """What agents noticed about it, the last ones."""
    return _read(tx, "warnings", item) or []


def _read(tx: Transaction, column: str, item: Item) -> Any:
    text = tx.value(f"SELECT {column} FROM run_queue_items WHERE id = ?", item.id)  # noqa: S608 - constants of this file
    return None if text is None else json.loads(text)


def push(
    tx: Transaction, queue: Queue, wanted: Json, *, priority: int | None = None, variables: Json | None = None
) -> Item:
    """Put a run in a queue. What it does not say of resources comes from the queue, with its template variables filled in.

    Raises `Invalid` for a priority that there is not, and for variables that are not what the queue asks for; `Forbidden`.
    """
    _require_write(tx, queue)
    if priority is not None and priority not in PRIORITIES:
        raise Invalid(f"there is no priority {priority}: they go from 0 (critical) to {PRIORITIES[-1]} (low)")
    text = json.dumps(_completed(wanted, queues.config_by_id(tx, queue.config_id), variables or {}), ensure_ascii=False)
    if len(text) > LONGEST_SPEC:
        raise Invalid(f"the description of a run in a queue has at most {LONGEST_SPEC:,} characters as JSON")
    key = tx.run(
        """INSERT INTO run_queue_items (queue_id, state, priority, spec, user_id, created_at, updated_at)
           VALUES (?, 'PENDING', ?, ?, ?, ?, ?)""",
        queue.id,
        MEDIUM if priority is None else priority,
        text,
        tx.actor.user_id,
        tx.now,
        tx.now,
    )
    return by_id(tx, key)


def take(tx: Transaction, queue: Queue, agent: Agent | None) -> Item | None:
    """Lend the next item, for a minute; None where nothing waits. Raises `Forbidden`, and `NotFound` for another project's agent."""
    _require_write(tx, queue)
    if agent is not None and (agent.project_id != queue.project_id or queue.id not in agent.queues):
        missing(f"launch agent of run queue {queue.name}")
    over = datetime.fromisoformat(tx.now) - LEASE
    urgent = "priority, " if queue.prioritized else ""
    key = tx.value(
        f"""SELECT id FROM run_queue_items
            WHERE queue_id = ? AND (state = 'PENDING' OR (state = 'LEASED' AND updated_at <= ?))
            ORDER BY {urgent}id LIMIT 1""",  # noqa: S608 - one of two constants
        queue.id,
        over.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
    if key is None:
        return None
    tx.run("UPDATE run_queue_items SET state = 'LEASED', updated_at = ? WHERE id = ?", tx.now, key)
    return by_id(tx, key)


def claim(tx: Transaction, item: Item, run_name: str) -> bool:
    """Say which run was started for an item that was taken; False where it is no longer lent. Raises `Forbidden`."""
    _require_write(tx, queues.by_id(tx, item.queue_id))
    if item.state != "LEASED":
        return False
    _set(tx, item, "state = 'CLAIMED', run_name = ?", run_name)
    return True


def fail(tx: Transaction, item: Item, told: Json) -> bool:
    """Say that an item could not be started, and why; False where that was said before. Raises `Forbidden`."""
    _require_write(tx, queues.by_id(tx, item.queue_id))
    if item.state == "FAILED":
        return False
    _set(tx, item, "state = 'FAILED', error = ?", json.dumps(_told(told), ensure_ascii=False))
    return True


def warn(tx: Transaction, item: Item, warning: Json) -> None:
    """Add what an agent noticed about an item. Raises `Forbidden`."""
    _require_write(tx, queues.by_id(tx, item.queue_id))
    _set(
        tx, item, "warnings = ?", json.dumps([*warnings(tx, item), _told(warning)][-MOST_WARNINGS:], ensure_ascii=False)
    )


def delete(tx: Transaction, queue: Queue, key: int) -> None:
    """Take an item out of its queue. Raises `NotFound`, `Forbidden`."""
    _require_write(tx, queue)
    if in_queue(tx, queue, key) is None:
        missing(f"item of run queue {queue.name}")
    tx.run("DELETE FROM run_queue_items WHERE id = ?", key)


def _told(message: Json) -> Json:
    if len(json.dumps(message)) > LONGEST_MESSAGE:
        raise Invalid(f"a message about an item has at most {LONGEST_MESSAGE:,} characters as JSON")
    return message


def _set(tx: Transaction, item: Item, assignments: str, value: str) -> None:
    tx.run(
        f"UPDATE run_queue_items SET {assignments}, updated_at = ? WHERE id = ?",  # noqa: S608 - constants of this file
        value,
        tx.now,
        item.id,
    )


def _require_write(tx: Transaction, queue: Queue) -> None:
    project = projects.by_id(tx, queue.project_id)
    projects.require_write(tx, project.entity_id, f"project {project}")


def _completed(spec: Json, config: ResourceConfig | None, variables: Json) -> Json:
    """The run as it is to be started: what it says itself of a resource goes before what the queue says."""
    known = {} if config is None else config.variables
    for name, value in variables.items():
        if name not in known:
            raise Invalid(f"template variable {name!r}: the queue has {', '.join(sorted(known)) or 'none'}")
        problem = _problem(known[name].get("schema"), value)
        if problem:
            raise Invalid(f"template variable {name!r}: {problem}")
    if config is None:
        return spec
    own = spec.get("resource_args")
    wanted = _filled(config.config.get("resource_args", {}), variables)
    merged = {**wanted, **{name: args for name, args in own.items() if args}} if isinstance(own, dict) else wanted
    return {**spec, "resource": spec.get("resource") or config.resource, "resource_args": merged}


def _problem(schema: Any, value: Any) -> str | None:
    if len(json.dumps(value)) > LONGEST_VALUE:
        return f"a value has at most {LONGEST_VALUE} characters"
    asked = {word: schema[word] for word in _WORDS if word in schema} if isinstance(schema, dict) else {}
    try:
        jsonschema_rs.validate(asked, value)
    except jsonschema_rs.ValidationError as error:
        return error.message or "not what the queue's schema asks for"
    return None


def _filled(value: Any, variables: Json) -> Any:
    """A value with `{{name}}` replaced: a text that is nothing else becomes the variable itself, with its type."""
    if isinstance(value, dict):
        return {key: _filled(part, variables) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, variables) for part in value]
    if not isinstance(value, str):
        return value
    whole = _PLACE.fullmatch(value)
    if whole is not None and whole[1] in variables:
        return variables[whole[1]]
    return _PLACE.sub(lambda place: _shown(variables[place[1]]) if place[1] in variables else place[0], value)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _item(row: Row) -> Item:
    return Item(*row)
