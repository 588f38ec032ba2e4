"""Launch queues: who may do what, what is lent and for how long, and what a queue adds to a run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from regsync.local.store import launch_agents, projects, queue_items, queues
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Conflict, Forbidden, Invalid, NotFound
from regsync.local.store.queues import Queue
from regsync.names import Role
from tests.local.world import Ticking, World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make_world(tmp_path / "registry.db")
    made.write(lambda tx: queues.create(tx, projects.ensure(tx, "acme-ml", "launch"), "gpus"))
    return made


def gpus(tx: Transaction) -> Queue:
    return queues.get(tx, projects.get(tx, "acme-ml", "launch"), "gpus")


def push(world: World, job: str, by: str = "bob", **options: Any) -> int:
    return world.write(lambda tx: queue_items.push(tx, gpus(tx), {"job": job}, **options), by).id


def take(world: World, by: str = "bob") -> str | None:
    def act(tx: Transaction) -> str | None:
        item = queue_items.take(tx, gpus(tx), None)
        return None if item is None else queue_items.spec(tx, item)["job"]

    return world.write(act, by)


def configure(world: World, config: Any, variables: Any = None, *, prioritized: bool = False) -> None:
    def act(tx: Transaction) -> None:
        queue = gpus(tx)
        entity = projects.by_id(tx, queue.project_id).entity_id
        made = queues.add_config(tx, entity, "kubernetes", config, variables or {})
        queues.configure(tx, queue, made, prioritized=prioritized, external_links=None)

    world.write(act, "bob")


def test_what_came_first_is_taken_first_and_by_urgency_where_the_queue_says_so(world: World) -> None:
    for job, priority in (("a", 3), ("b", 0), ("c", 0)):
        push(world, job, priority=priority)
    assert take(world) == "a"
    configure(world, {}, prioritized=True)
    push(world, "d", priority=1)
    assert [take(world) for _ in range(4)] == ["b", "c", "d", None]


def test_what_is_taken_and_not_claimed_waits_again_after_a_minute(world: World) -> None:
    key = push(world, "a")
    assert [take(world), take(world)] == ["a", None]
    clock = world.store._clock
    assert isinstance(clock, Ticking)
    clock.now += timedelta(minutes=1)
    assert take(world) == "a"
    claim = lambda tx: queue_items.claim(tx, queue_items.by_id(tx, key), "run1")  # noqa: E731
    assert [world.write(claim, "bob"), world.write(claim, "bob")] == [True, False]
    clock.now += timedelta(hours=1)
    assert take(world) is None, "what a run has claimed stays with it"
    fail = lambda tx: queue_items.fail(tx, queue_items.by_id(tx, key), {"message": "no image"})  # noqa: E731
    assert [world.write(fail, "bob"), world.write(fail, "bob")] == [True, False]
    assert world.read(lambda tx: queue_items.error(tx, queue_items.by_id(tx, key))) == {"message": "no image"}


def test_a_viewer_of_the_team_reads_a_queue_and_a_stranger_hears_of_none(world: World) -> None:
    key = push(world, "a")
    world.write(lambda tx: tx.run("UPDATE team_members SET role = ?", Role.VIEWER))
    assert world.read(gpus, "vera").name == "gpus"
    calls: list[Any] = [
        lambda tx: queue_items.push(tx, queues.by_id(tx, 1), {}),
        lambda tx: queue_items.take(tx, queues.by_id(tx, 1), None),
        lambda tx: queue_items.claim(tx, queue_items.by_id(tx, key), "run1"),
        lambda tx: queue_items.fail(tx, queue_items.by_id(tx, key), {}),
        lambda tx: queue_items.warn(tx, queue_items.by_id(tx, key), {}),
        lambda tx: queue_items.delete(tx, queues.by_id(tx, 1), key),
        lambda tx: queues.delete(tx, queues.by_id(tx, 1)),
        lambda tx: launch_agents.register(
            tx, projects.get(tx, "acme-ml", "launch"), [1], hostname="h", config="{}", version=None
        ),
    ]
    for call in calls:
        with pytest.raises(Forbidden):
            world.write(call, "vera")
        with pytest.raises(NotFound):
            world.write(call, "mallory")


def test_a_queue_says_what_its_runs_need_and_a_run_may_say_otherwise(world: World) -> None:
    args = {"cpus": "{{ cpus }}", "labels": ["{{cpus}} of {{unknown}}"]}
    schema = {"type": "integer", "enum": [1, 2], "$ref": "http://127.0.0.1:1/never-fetched"}
    configure(world, {"resource_args": {"kubernetes": args}}, {"cpus": {"schema": schema}, "name": {}})

    def spec(wanted: Any, variables: Any) -> Any:
        return world.write(
            lambda tx: queue_items.spec(tx, queue_items.push(tx, gpus(tx), wanted, variables=variables)), "bob"
        )

    filled = {"kubernetes": {"cpus": 2, "labels": ["2 of {{unknown}}"]}}
    assert spec({"job": "a"}, {"cpus": 2}) == {"job": "a", "resource": "kubernetes", "resource_args": filled}
    assert spec({"resource_args": {"kubernetes": {"cpus": 8}}}, {})["resource_args"] == {"kubernetes": {"cpus": 8}}
    for variables in ({"cpus": 3}, {"cpus": "2"}, {"gpus": 1}, {"name": "x" * 2000}):
        with pytest.raises(Invalid, match="template variable"):
            spec({}, variables)


@pytest.mark.parametrize("name", ["", "x" * 65, "two\nlines"])
def test_a_queue_has_a_name_that_the_client_takes(world: World, name: str) -> None:
    with pytest.raises(Invalid):
        world.write(lambda tx: queues.create(tx, projects.get(tx, "acme-ml", "launch"), name), "bob")
    with pytest.raises(Conflict):
        world.write(lambda tx: queues.create(tx, projects.get(tx, "acme-ml", "launch"), "gpus"), "bob")


def test_a_queue_goes_with_what_is_in_it_and_configurations_that_nothing_uses_go_too(world: World) -> None:
    configure(world, {"resource_args": {}})
    configure(world, {"resource_args": {"kubernetes": {}}})
    push(world, "a")
    assert world.read(lambda tx: tx.value("SELECT count(*) FROM resource_configs")) == 1
    world.write(lambda tx: queues.delete(tx, gpus(tx)), "bob")
    for table in ("run_queues", "run_queue_items", "resource_configs"):
        assert world.read(lambda tx, table=table: tx.value(f"SELECT count(*) FROM {table}")) == 0


def test_there_are_bounds(world: World) -> None:
    for priority in (-1, 4):
        with pytest.raises(Invalid, match="no priority"):
            push(world, "a", priority=priority)
    with pytest.raises(Invalid, match="characters as JSON"):
        push(world, "x" * queue_items.LONGEST_SPEC)
    with pytest.raises(Invalid, match="characters as JSON"):
        configure(world, {"x": "x" * queues.LONGEST_CONFIG})
    key = push(world, "a")
    for number in range(queue_items.MOST_WARNINGS + 2):
        world.write(
            lambda tx, number=number: queue_items.warn(tx, queue_items.by_id(tx, key), {"message": number}), "bob"
        )
    told = world.read(lambda tx: queue_items.warnings(tx, queue_items.by_id(tx, key)))
    assert [each["message"] for each in told] == [*range(2, queue_items.MOST_WARNINGS + 2)]
