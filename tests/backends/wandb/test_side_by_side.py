"""Mutations side by side: several documents at once, and one after the other whatever changes the same collection."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsync.backends.base import BackendError
from regsync.backends.wandb import open_wandb
from regsync.backends.wandb.connection.documents import Dialect
from regsync.backends.wandb.connection.transport import WritingClient
from regsync.backends.wandb.writing.sending import Place, Sender, _lanes
from tests.backends.wandb.wire import Forward, Request, Response, as_json, relay
from tests.backends.wandb.worlds import PEOPLE, QUICK, Work, served, write_world

SOURCE = "acme-ml/fraud/detector"
COLLECTIONS = 60
PLACES = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y", "z", None])), min_size=1)


@given(PLACES, st.integers(1, 6))
def test_what_changes_one_place_stays_in_one_lane_in_its_order(places: list[Place], number: int) -> None:
    lanes = _lanes(places, number)
    assert sorted(position for lane in lanes for position in lane) == list(range(len(places)))
    assert len(lanes) <= number
    assert all(lane == sorted(lane) for lane in lanes)
    for place in set(places):
        assert sum(any(places[position] == place for position in lane) for lane in lanes) == 1


@pytest.mark.parametrize(("left", "documents"), [(25, 1), (30, 1), (31, 2), (55, 2), (56, 3), (100, 4)])
def test_a_few_more_than_usual_save_a_document(left: int, documents: int) -> None:
    sent: list[int] = []
    sender = Sender(cast(WritingClient, None), 25, 4)
    while left:
        sent.append(sender.next_size(left))
        left -= sent[-1]
    assert len(sent) == documents
    assert all(0 < size <= 30 for size in sent)


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_server_that_does_not_know_links_by_name_is_asked_for_collections(quote: str) -> None:
    without = Dialect().without(f"Unknown type {quote}ArtifactCollectionMembership{quote}.")
    assert without == Dialect(membership_by_name=False)


class _Watched:
    """Sees which mutations are under way together: `most` documents, and `clashes` of two that change one collection."""

    def __init__(self) -> None:
        self.most = 0
        self.clashes: list[set[str]] = []
        self._under_way: list[set[str]] = []
        self._guard = threading.Lock()
        self._second = threading.Event()

    def __call__(self, request: Request, forward: Forward) -> Response:
        if not request.writes:
            return forward()
        changed = {alias["artifactCollectionName"] for each in request.variables.values() for alias in each["aliases"]}
        with self._guard:
            self.clashes += [changed & other for other in self._under_way if changed & other]
            self._under_way.append(changed)
            self.most = max(self.most, len(self._under_way))
        if self.most > 1:
            self._second.set()
        self._second.wait(60)  # The first waits for another one: it is sent though the first has no answer.
        answer = forward()
        with self._guard:
            self._under_way.remove(changed)
        return answer


def test_documents_travel_together_and_collections_do_not_meet(tmp_path: Path) -> None:
    collection = {"type": "model", "versions": [f"{SOURCE}:v0", f"{SOURCE}:v1"], "aliases": {"a": "v0", "b": "v0"}}
    registries = {"model": {"collections": {f"c{number}": collection for number in range(COLLECTIONS)}}}
    world = {**PEOPLE, "artifacts": {SOURCE: {"type": "model", "versions": 2}}, "registries": registries}
    watched = _Watched()
    wanted = {"aliases": {"a": f"{SOURCE}:v1", "b": f"{SOURCE}:v1"}}
    with served(write_world(tmp_path / "world.db", world)) as server, relay(server) as between:
        work = Work(tmp_path, between.url, replace(QUICK, timeout=90.0, deadline=90.0))
        manifest = work.manifest(
            {"registries": {"model": {"collections": {f"c{number}": wanted for number in range(COLLECTIONS)}}}}
        )
        plan = work.plan(manifest)
        between.reset(watched)
        receipt = work.apply(plan).receipt
    assert receipt is not None and receipt.exit_code == 0 and receipt.verified
    assert 2 <= watched.most <= QUICK.documents_of_mutations
    assert watched.clashes == []


def test_nobody_sends_anything_while_the_server_asks_to_wait(tmp_path: Path) -> None:
    """A limit is a limit of the key: what one request is told, the others beside it keep to."""
    busy = as_json({"errors": [{"message": "rate limit exceeded"}]}, 429, **{"Retry-After": "1000"})
    told = threading.Event()
    options = replace(QUICK, timeout=90.0, deadline=3000.0)
    with served(write_world(tmp_path / "world.db", {**PEOPLE})) as server, relay(server) as between:
        between.reset(lambda request, forward: busy)
        reader = open_wandb(between.url, organization="acme", write=False, notify=lambda _: told.set(), options=options)
        question = ("query A { viewer { id } }", {}, "asking")
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(reader.client.read, *question)
            assert told.wait(60)
            closing = threading.Timer(0.2, reader.close)
            closing.start()
            with pytest.raises(BackendError, match="closed"):
                reader.client.read(*question)
            with pytest.raises(BackendError, match="closed"):
                first.result(60)
        assert len(between.requests) == 1
