"""Before a further link a collection is not read whole again, and nothing that others do in it goes unnoticed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from regsync.backends.base import Outcome, Status
from regsync.backends.local.writing import LocalWriter
from regsync.backends.wandb.backend import WandbWriter
from regsync.core import actions as a
from regsync.core.fingerprint import collection_fingerprint
from regsync.core.live import LiveCollection, RegistryScope, Version
from regsync.names import SourceRef
from tests.backends.wandb.servers import like_wandb
from tests.backends.wandb.wire import Relay, relay
from tests.backends.wandb.worlds import PEOPLE, Work, served, write_world
from tests.budget import share

NAMES = (f"collection {number}" for number in itertools.count())


class World(NamedTuple):
    """A server with a registry `model`, and somebody else who writes to its file."""

    work: Work
    relay: Relay
    rival: LocalWriter
    versions: list[Version]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("linked")
    file = write_world(folder / "registry.db", {**PEOPLE, "registries": {"model": {"artifact_types": ["model"]}}})
    with served(file) as server, relay(server) as between, LocalWriter(Path(file), "acme") as rival:
        refs = [SourceRef("acme-ml", "fraud", "detector", f"v{number}") for number in range(5)]
        found = rival.resolve(refs)
        versions = [each for ref in refs if isinstance(each := found[ref], Version)]
        yield World(Work(folder, between.url), between, rival, versions)


def collection(world: World, *numbers: int) -> str:
    """A new one that holds those versions."""
    name = next(NAMES)
    world.rival.perform([a.CreateCollection("model", name, "model", None)])
    for number in numbers:
        world.rival.perform([a.LinkVersion("model", name, world.versions[number], None)])
    return name


def live(world: World, name: str) -> LiveCollection:
    return world.rival.observe({"model": RegistryScope(frozenset({name}))}).registries["model"].collections[name]


def interfere(world: World, what: str, number: int, name: str) -> None:
    """Somebody else links or unlinks a version, or makes the collection anew."""
    now, version = live(world, name), world.versions[number]
    if what == "link":
        world.rival.perform([a.LinkVersion("model", name, version, None)])
    elif what == "unlink":
        world.rival.perform([a.UnlinkVersion("model", name, version, now.index_of(version.artifact_id) or 0)])
    else:
        gone = a.DeleteCollection("model", name, now.type, len(now.links), (*now.aliases,), collection_fingerprint(now))
        again = a.CreateCollection("model", name, "model", None)
        assert [each.status for each in (*world.rival.perform([gone]), *world.rival.perform([again]))] == [
            Status.DONE,
            Status.DONE,
        ]


def link(writer: WandbWriter, world: World, number: int, index: int, name: str) -> Outcome:
    (outcome,) = writer.perform([a.LinkVersion("model", name, world.versions[number], index)])
    return outcome._replace(message=outcome.message and outcome.message.replace(name, "it"))


STEPS = st.lists(
    st.tuples(st.sampled_from(["mine", "mine", "mine", "link", "unlink", "anew"]), st.integers(0, 4)),
    min_size=2,
    max_size=7,
)


@share(40, suppress_health_check=list(HealthCheck))
@example([("mine", 0), ("anew", 0), ("link", 1), ("mine", 1)], set())
@given(STEPS, st.sets(st.integers(0, 4), max_size=2))
def test_who_remembers_what_is_linked_notices_what_one_who_reads_everything_does(
    world: World, steps: list[tuple[str, int]], before: set[int]
) -> None:
    one, other, index = collection(world, *sorted(before)), collection(world, *sorted(before)), len(before)
    with world.work.writer() as remembering:
        for what, number in steps:
            if what != "mine":
                interfere(world, what, number, one)
                interfere(world, what, number, other)
                continue
            outcome = link(remembering, world, number, index, one)
            with world.work.writer() as reading:
                assert outcome == link(reading, world, number, index, other)
            index = index if outcome.linked_index is None else outcome.linked_index + 1
    assert live(world, one).links == live(world, other).links


def read_whole(world: World) -> list[bool]:
    """For each read since the last call: whether it asked for the links of collections."""
    asked = ["artifactMemberships" in each.document for each in world.relay.requests if "Collection" in each.document]
    world.relay.reset()
    return asked


def test_a_collection_is_read_whole_before_its_first_link_only(world: World) -> None:
    name = collection(world, 0)
    with world.work.writer() as writer:
        world.relay.reset()
        for index in (1, 2, 3):
            assert link(writer, world, index, index, name).status is Status.DONE
            assert read_whole(world) == [index == 1]
        interfere(world, "link", 4, name)
        outcome = link(writer, world, 4, 4, name)
        assert (outcome.status, outcome.linked_index) == (Status.SKIPPED, 4)
        assert read_whole(world) == [False, True]


def test_where_no_next_index_is_told_it_is_read_whole_each_time(world: World) -> None:
    name = collection(world, 0)
    world.relay.reset(like_wandb())
    with world.work.writer() as writer:
        for index in (1, 2):
            world.relay.requests.clear()
            assert link(writer, world, index, index, name).status is Status.DONE
            asked = ["artifactMemberships" in each.document for each in world.relay.requests]
            assert any(asked)
    world.relay.reset()
