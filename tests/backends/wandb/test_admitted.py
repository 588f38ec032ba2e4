"""The backend on servers that public knowledge of W&B admits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regsync.backends.base import BackendError
from regsync.backends.checkup import State, examine
from regsync.core.live import RegistryScope
from regsync.diagnostics import RegsyncError
from regsync.names import REGISTRY_PREFIX
from regsync.planning.live import read_live
from tests.backends.wandb import admitted
from tests.backends.wandb.script import MANIFEST, SEED
from tests.backends.wandb.servers import like_wandb
from tests.backends.wandb.wire import Forward, Relay, Request, Response, as_json, relay
from tests.backends.wandb.worlds import QUICK, Work, everything, prints, served, write_world


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("admitted") / "registry.db", SEED)


@pytest.fixture(scope="module")
def between(file: Path) -> Iterator[Relay]:
    with served(file) as server, relay(server) as made:
        yield made


@pytest.fixture
def work(between: Relay, tmp_path: Path) -> Work:
    between.reset()
    return Work(tmp_path, between.url)


NAMES = [
    *(REGISTRY_PREFIX + name for name in ("model", "first name", "gone")),
    *(f"{REGISTRY_PREFIX}model/{name}" for name in ("detector", "older", "doomed")),
    f"{REGISTRY_PREFIX}first name/rows",
    f"{REGISTRY_PREFIX}gone/rows",
]


def test_what_in_does_not_find_is_found(work: Work, between: Relay) -> None:
    manifest = work.manifest(MANIFEST)
    expected = work.plan(manifest).operations
    between.reset(admitted.in_finds_nothing())
    assert work.plan(manifest).operations == expected
    assert not any("$in" in json.dumps(each.variables) for each in between.requests)


@settings(max_examples=25, deadline=None)
@given(hidden=st.sets(st.sampled_from(NAMES)))
def test_the_plan_is_right_or_an_error_whatever_searches_leave_out(
    between: Relay, tmp_path_factory: pytest.TempPathFactory, hidden: set[str]
) -> None:
    """Law: nothing is created, renamed or deleted that the exact look-up shows otherwise."""
    work = Work(tmp_path_factory.mktemp("law"), between.url, replace(QUICK, longest_lag=0.0))
    manifest = work.manifest(MANIFEST)
    between.reset()
    expected = work.plan(manifest).operations
    between.reset(admitted.searches_show(lambda name: name not in hidden))
    try:
        operations = work.plan(manifest).operations
    except BackendError as error:
        assert error.code in {"hidden-by-search", "changed-while-read"}
        assert hidden
    else:
        assert operations == expected


def test_a_read_waits_for_a_search_that_lags(work: Work, between: Relay, file: Path) -> None:
    with work.reader() as reader:
        reader.destination()
        between.reset(admitted.index_lags(2))
        live = reader.observe({"model": RegistryScope(frozenset(["detector", "older", "doomed"]), True)})
    assert prints(live)["model"] == prints(everything(file))["model"]


def test_a_page_that_a_resolver_refuses_is_asked_for_in_smaller_ones(work: Work, between: Relay, file: Path) -> None:
    between.reset(admitted.refuses_pages_over(100))
    with work.reader() as reader:
        live = reader.observe({name: RegistryScope(None, True) for name in reader.registry_names()})
    assert prints(live) == prints(everything(file))


def test_where_it_is_not_known_that_a_server_gives_large_pages_they_have_100(work: Work, between: Relay) -> None:
    between.reset(like_wandb())
    with work.reader() as reader:
        reader.registry_names()
    sizes = {value for each in between.requests for name, value in each.variables.items() if name.endswith("_first")}
    assert sizes == {100}


def test_what_the_key_cannot_see_is_skipped_and_counted(work: Work, between: Relay) -> None:
    between.reset(admitted.null_nodes(f"{REGISTRY_PREFIX}gone"))
    with work.reader() as reader:
        live = reader.observe({"model": RegistryScope(frozenset(["detector"])), "gone": RegistryScope(frozenset())})
        assert reader.registry_names() == ["first name", "model"]
    assert live.registries.keys() == {"model"}
    assert any("1 thing in what was read that this key cannot see" in each for each in work.said)


def _only_listed(request: Request, forward: Forward) -> Response:
    """A registry that is in the list of names, and deleted when it is read."""
    body = forward().json
    if "access" in request.document:
        for field in body["data"]["organization"]["orgEntity"].values():
            field["edges"] = [each for each in field["edges"] if each["node"]["name"] != f"{REGISTRY_PREFIX}gone"]
    for name, field in body["data"].items():
        if name.startswith("p") and (field or {}).get("name") == f"{REGISTRY_PREFIX}gone":
            body["data"][name] = None
    return as_json(body)


def test_a_registry_deleted_while_it_is_read_is_said(work: Work, between: Relay) -> None:
    between.reset(_only_listed)
    found = {each.subject: each for each in examine(work.reader, None)}
    assert found["registry gone"].state is State.PROBLEM
    assert found["registry gone"].text == "changed while it was read"
    with work.reader() as reader, pytest.raises(RegsyncError, match="'gone' changed while it was read"):
        read_live(reader, [], members=True)
