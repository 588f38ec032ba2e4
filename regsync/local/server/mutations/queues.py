"""Launch: queues made and configured, runs put into them, and what agents do with those."""

from __future__ import annotations

import json
from typing import Any

from regsync.local.server import jsons
from regsync.local.server.nodes.queues import config_key
from regsync.local.server.session import Session
from regsync.local.store import accounts, launch_agents, projects, queue_items, queues
from regsync.local.store.access import missing, sees_entity
from regsync.local.store.database import Transaction
from regsync.local.store.ids import Kind, decode, encode
from regsync.local.store.queue_items import Item
from regsync.local.store.queues import Queue

Json = dict[str, Any]


class QueueMutations:
    """Mutations of launch queues. A queue in a project that the key does not see is treated as one that does not exist."""

    session: Session

    def create_default_resource_config(self, input: Json) -> Json:
        with self.session.write() as tx:
            made = queues.add_config(
                tx,
                _entity(tx, input["entity_name"]),
                input["resource"],
                jsons.read_object(input["config"], "config"),
                jsons.read_object(input.get("template_variables"), "templateVariables"),
            )
        return _answer(input, default_resource_config_id=encode(Kind.RESOURCE_CONFIG, made.id))

    def create_run_queue(self, input: Json) -> Json:
        with self.session.write() as tx:
            key = input.get("default_resource_config_id")
            config = None if key is None else queues.config_by_id(tx, config_key(key)) or missing("configuration")
            queue = queues.create(
                tx,
                projects.get(tx, input["entity_name"], input["project_name"]),
                input["queue_name"],
                access=input["access"],
                prioritized=input.get("prioritization_mode") == "V0",
                config=config,
            )
        return _answer(input, queue_id=encode(Kind.RUN_QUEUE, queue.id))

    def upsert_run_queue(self, input: Json) -> Json:
        """A queue that is there keeps what is in it."""
        mode, links = input.get("prioritization_mode"), input.get("external_links")
        with self.session.write() as tx:
            project = projects.get(tx, input["entity_name"], input["project_name"])
            config = queues.add_config(
                tx,
                project.entity_id,
                input["resource_type"],
                jsons.read_object(input["resource_config"], "resourceConfig"),
                jsons.read_object(input.get("template_variables"), "templateVariables"),
            )
            queues.configure(
                tx,
                queues.find(tx, project, input["queue_name"]) or queues.create(tx, project, input["queue_name"]),
                config,
                prioritized=None if mode is None else mode == "V0",
                external_links=None if links is None else jsons.read_object(links, "externalLinks"),
            )
        return _answer(input, config_schema_validation_errors=[])

    def delete_run_queues(self, input: Json) -> Json:
        """All of them or, where one may not go, none."""
        with self.session.write() as tx:
            for key in input["queue_ids"]:
                queues.delete(tx, _queue(tx, key))
        return _answer(input)

    def push_to_run_queue(self, input: Json) -> Json:
        with self.session.write() as tx:
            item = _pushed(tx, _queue(tx, input["queue_id"]), input)
        return _answer(input, run_queue_item_id=encode(Kind.RUN_QUEUE_ITEM, item.id))

    def push_to_run_queue_by_name(self, input: Json) -> Json:
        with self.session.write() as tx:
            item = _pushed(tx, _named(tx, input), input)
            spec = json.dumps(queue_items.spec(tx, item))
        return _answer(input, run_queue_item_id=encode(Kind.RUN_QUEUE_ITEM, item.id), run_spec=spec)

    def pop_from_run_queue(self, input: Json) -> Json | None:
        agent_id = input.get("launch_agent_id")
        with self.session.write() as tx:
            agent = None if agent_id is None else launch_agents.by_id(tx, decode(agent_id, Kind.LAUNCH_AGENT))
            item = queue_items.take(tx, _named(tx, input), agent)
            if agent is not None:
                launch_agents.report(tx, agent, None)
            spec = None if item is None else queue_items.spec(tx, item)
        if item is None:
            return None
        return _answer(input, run_queue_item_id=encode(Kind.RUN_QUEUE_ITEM, item.id), run_spec=spec)

    def ack_run_queue_item(self, input: Json) -> Json:
        with self.session.write() as tx:
            claimed = queue_items.claim(tx, _item(tx, input), input["run_name"])
        return _answer(input, success=claimed)

    def fail_run_queue_item(self, input: Json) -> Json:
        with self.session.write() as tx:
            failed = queue_items.fail(tx, _item(tx, input), _message(input))
        return _answer(input, success=failed)

    def update_run_queue_item_warning(self, input: Json) -> Json:
        with self.session.write() as tx:
            queue_items.warn(tx, _item(tx, input), _message(input))
        return _answer(input)

    def delete_from_run_queue(self, input: Json) -> Json:
        with self.session.write() as tx:
            key = decode(input["run_queue_item_id"], Kind.RUN_QUEUE_ITEM)
            queue_items.delete(tx, _queue(tx, input["queue_id"]), key)
        return _answer(input)

    def create_launch_agent(self, input: Json) -> Json:
        with self.session.write() as tx:
            agent = launch_agents.register(
                tx,
                projects.get(tx, input["entity_name"], input["project_name"]),
                [decode(key, Kind.RUN_QUEUE) for key in input["run_queues"]],
                hostname=input["hostname"],
                config=json.dumps(jsons.read_object(input.get("agent_config"), "agentConfig")),
                version=input.get("version"),
            )
        return _answer(input, launch_agent_id=encode(Kind.LAUNCH_AGENT, agent.id))

    def update_launch_agent(self, input: Json) -> Json:
        with self.session.write() as tx:
            agent = launch_agents.by_id(tx, decode(input["launch_agent_id"], Kind.LAUNCH_AGENT))
            launch_agents.report(tx, agent, input.get("agent_status"))
        return _answer(input)


def _answer(input: Json, **fields: Any) -> Json:
    return {"success": True, "client_mutation_id": input.get("client_mutation_id"), **fields}


def _entity(tx: Transaction, name: str) -> int:
    key = tx.value("SELECT id FROM entities WHERE name = ?", name)
    if key is None or not sees_entity(tx, key):
        missing(f"entity {name!r}")
    return accounts.entity_by_id(tx, key).id


def _queue(tx: Transaction, text: str) -> Queue:
    return queues.by_id(tx, decode(text, Kind.RUN_QUEUE))


def _named(tx: Transaction, input: Json) -> Queue:
    return queues.get(tx, projects.get(tx, input["entity_name"], input["project_name"]), input["queue_name"])


def _item(tx: Transaction, input: Json) -> Item:
    return queue_items.by_id(tx, decode(input["run_queue_item_id"], Kind.RUN_QUEUE_ITEM))


def _pushed(tx: Transaction, queue: Queue, input: Json) -> Item:
    return queue_items.push(
        tx,
        queue,
        jsons.read_object(input["run_spec"], "runSpec"),
        priority=input.get("priority"),
        variables=jsons.read_object(input.get("template_variable_values"), "templateVariableValues"),
    )


def _message(input: Json) -> Json:
    return {"message": input["message"], "stage": input["stage"], "file_paths": input.get("file_paths") or []}
