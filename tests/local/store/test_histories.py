"""What runs log step by step: kept once, read in ranges and samples, by those who read the project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsync.local.store import histories, projects
from regsync.local.store.errors import Conflict, Forbidden, Invalid, NotFound
from regsync.local.store.histories import Stream
from regsync.local.store.projects import Run
from tests.local.world import World, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("histories") / "registry.db")


def new_run(world: World, name: str) -> Run:
    def make(tx):  # type: ignore[no-untyped-def]
        return projects.upsert_run(tx, projects.ensure(tx, "acme-ml", "lab"), name)[0]

    run: Run = world.write(make)
    return run


def sampled(world: World, run: Run, most: int = 1000, **which: object) -> list[int]:
    with world.store.read() as tx:
        rows = histories.sample(tx, run, Stream.HISTORY, most, **which)  # type: ignore[arg-type]
    return [json.loads(row)["_step"] for row in rows]


def keep(world: World, run: Run, offset: int, steps: list[int], by: str = "bob") -> None:
    rows = [{"_step": step, "loss": step} | ({"odd": True} if step % 2 else {}) for step in steps]
    world.write(lambda tx: histories.keep(tx, run, Stream.HISTORY, offset, rows), by=by)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 14))
def test_rows_that_come_twice_are_kept_once_and_samples_are_spread(
    world: World, cut: int, again: int, most: int
) -> None:
    steps = [*range(13)]
    run = new_run(world, "twice")
    keep(world, run, 0, steps[:cut])
    start = min(cut, again)
    keep(world, run, start, steps[start:])
    assert sampled(world, run) == steps
    few = sampled(world, run, most)
    assert len(few) == min(most, 13)
    assert few == sorted(set(few))
    if most > 1:
        assert (few[0], few[-1]) == (0, 12)


def test_ranges_leave_the_last_step_out_and_keys_are_all_there(world: World) -> None:
    run = new_run(world, "ranges")
    keep(world, run, 0, [*range(10)])
    assert sampled(world, run, steps=(3, 6)) == [3, 4, 5]
    assert sampled(world, run, keys=["odd", "loss"]) == [1, 3, 5, 7, 9]
    assert sampled(world, run, keys=["nowhere"]) == []


def test_those_who_may_not_log_to_the_project_cannot_add_rows_nor_delete_runs(world: World) -> None:
    run = new_run(world, "guarded")
    with pytest.raises((Forbidden, NotFound)):
        keep(world, run, 0, [1], by="mallory")
    with pytest.raises((Forbidden, NotFound)):
        world.write(lambda tx: projects.delete_run(tx, run), by="mallory")
    assert sampled(world, run) == []


def test_what_is_too_much_is_refused_and_nothing_of_it_is_kept(world: World) -> None:
    run = new_run(world, "much")
    for offset in (-1, histories.MOST_ROWS):
        with pytest.raises(Invalid, match="at most 200000 rows"):
            keep(world, run, offset, [1])
    wide = {"_step": 2, "text": "x" * histories.LONGEST_ROW}
    with pytest.raises(Invalid, match="a row of a run's history"):
        world.write(lambda tx: histories.keep(tx, run, Stream.HISTORY, 0, [{"_step": 1}, wide]))
    assert sampled(world, run) == []


def test_a_deleted_run_takes_its_rows_along_and_leaves_its_versions(world: World) -> None:
    run = new_run(world, "short")
    keep(world, run, 0, [1, 2])
    world.write(lambda tx: projects.delete_run(tx, run))
    assert sampled(world, run) == []
    with world.store.read() as tx, pytest.raises(NotFound):
        projects.run_by_id(tx, run.id)


def test_only_some_states_can_be_given_to_a_run(world: World) -> None:
    run = new_run(world, "stands")
    world.write(lambda tx: projects.set_state(tx, run, "failed"))
    for state in ("finished", "anything"):
        with pytest.raises(Conflict, match="cannot be made"):
            world.write(lambda tx, state=state: projects.set_state(tx, run, state))


def test_no_file_of_a_run_has_another_path(tmp_path: Path) -> None:
    from regsync.local.store.ids import Kind, decode_run_file, encode

    assert decode_run_file(encode(Kind.FILE, "run/12/media/a b.png")) == (12, "media/a b.png")
    for text in ("", "x", encode(Kind.FILE, "12/a"), encode(Kind.RUN, 12), encode(Kind.FILE, "run/x/a")):
        with pytest.raises(Invalid, match="is not the id of a run's file"):
            decode_run_file(text)
