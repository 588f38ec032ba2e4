"""Launch: queues, what is in them, their configurations, and the agents that take from them."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from regsync.local.server.filters import Condition
from regsync.local.server.pages import Connection, Listing, select
from regsync.local.server.session import Session
from regsync.local.store import queue_items, queues
from regsync.local.store.errors import NotFound
from regsync.local.store.ids import Kind, decode, encode
from regsync.local.store.launch_agents import Agent
from regsync.local.store.queue_items import Item
from regsync.local.store.queues import Queue, ResourceConfig
from regsync.slots import dataclass

Json = dict[str, Any]

_ITEMS = Listing("i.id", "run_queue_items i", "i.id", {"id": "i.id"}, "+id")


@dataclass(frozen=True, slots=True)
class QueueNode:
    """A queue of a project that the viewer can read."""

    session: Session
    record: Queue

    typename: ClassVar[str] = "RunQueue"

    @property
    def id(self) -> str:
        return encode(Kind.RUN_QUEUE, self.record.id)

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def created_by(self) -> int | None:
        return self.record.user_id

    @property
    def access(self) -> str:
        return self.record.access

    @property
    def default_resource_config_id(self) -> str | None:
        key = self.record.config_id
        return None if key is None else encode(Kind.RESOURCE_CONFIG, key)

    @property
    def prioritization_mode(self) -> str:
        return "V0" if self.record.prioritized else "DISABLED"

    @property
    def external_links(self) -> Json:
        return self.record.external_links

    def run_queue_item(self, id: str) -> Item | None:
        return queue_items.in_queue(self.session.tx, self.record, decode(id, Kind.RUN_QUEUE_ITEM))

    def run_queue_items(self, after: str | None = None, first: int | None = None) -> Connection:
        tx, condition = self.session.tx, Condition("i.queue_id = ?", (self.record.id,))
        return select(
            tx, _ITEMS, condition, lambda row: {"node": queue_items.by_id(tx, row["id"])}, after=after, first=first
        )


@dataclass(frozen=True, slots=True)
class ItemNode:
    """An item of a queue."""

    session: Session
    record: Item

    typename: ClassVar[str] = "RunQueueItem"

    @property
    def id(self) -> str:
        return encode(Kind.RUN_QUEUE_ITEM, self.record.id)

    @property
    def state(self) -> str:
        return self.record.state

    @property
    def priority(self) -> int:
        return self.record.priority

    @property
    def associated_run_id(self) -> str | None:
        return self.record.run_name

    @property
    def error(self) -> Json | None:
        return queue_items.error(self.session.tx, self.record)

    @property
    def warnings(self) -> list[Json]:
        return queue_items.warnings(self.session.tx, self.record)


@dataclass(frozen=True, slots=True)
class AgentNode:
    """An agent. Nobody can ask one to stop here: whoever runs it ends it."""

    session: Session
    record: Agent

    typename: ClassVar[str] = "LaunchAgent"
    stop_polling: ClassVar[bool] = False

    @property
    def id(self) -> str:
        return encode(Kind.LAUNCH_AGENT, self.record.id)

    @property
    def name(self) -> str:
        return f"agent-{self.record.id}"

    @property
    def run_queues(self) -> list[str]:
        """Names of those that are still there."""
        found = []
        for key in self.record.queues:
            try:
                found.append(queues.by_id(self.session.tx, key).name)
            except NotFound:
                continue
        return found

    @property
    def hostname(self) -> str:
        return self.record.hostname

    @property
    def agent_status(self) -> str:
        return self.record.status

    @property
    def heartbeat_at(self) -> str:
        return self.record.heartbeat_at


def config_shown(found: ResourceConfig) -> Json:
    """A configuration with the schema of each variable as compact JSON, in the order in which it was written."""
    return {
        "config": found.config,
        "resource": found.resource,
        "template_variables": [
            {"name": name, "schema": json.dumps(variable.get("schema", {}), separators=(",", ":"))}
            for name, variable in found.variables.items()
        ],
    }


def config_key(text: str | None) -> int | None:
    """The integer key in the id of a configuration. Raises `Invalid`."""
    return None if text is None else decode(text, Kind.RESOURCE_CONFIG)
