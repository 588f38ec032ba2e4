"""What is foreseen comes in the requests of a read: the same answers in fewer of them, never staler than the read, never its fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from regsync.backends.base import Foreseen
from regsync.core.live import RegistryScope
from regsync.core.moves import Untold
from regsync.names import Address, ArtifactId, SourceRef
from tests.backends.wandb.wire import Forward, Relay, Request, Response, as_json, relay
from tests.backends.wandb.worlds import PEOPLE, QUICK, Work, served, write_world

SCOPE = {"model": RegistryScope(frozenset({"detector"}))}
SOURCE = SourceRef("acme-ml", "fraud", "detector", "v3")
ALIAS = Address("model", "detector", "production")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Work, Relay]]:
    folder: Path = tmp_path_factory.mktemp("ahead")
    detector = {
        "type": "model",
        "versions": [f"acme-ml/fraud/detector:v{number}" for number in range(3)],
        "aliases": {"production": "v1"},
    }
    file = write_world(
        folder / "registry.db", {**PEOPLE, "registries": {"model": {"collections": {"detector": detector}}}}
    )
    with served(file) as server, relay(server) as between:
        yield Work(folder, between.url, replace(QUICK, timeout=60.0, deadline=60.0)), between


@pytest.mark.parametrize("exactly", [True, False])
def test_it_takes_no_request_of_its_own_and_is_no_part_of_the_read(place: tuple[Work, Relay], exactly: bool) -> None:
    work, between = place
    between.reset()
    with work.reader() as reader:
        alone = reader.observe(SCOPE, exactly=exactly)
        link = alone.registries["model"].collections["detector"].links[1]
        version = ArtifactId(link.artifact_id)
        asked = reader.resolve([SOURCE]), dict(reader.describe([version])), reader.alias_moves([ALIAS])
        between.reset()
        live = reader.observe(SCOPE, exactly=exactly, foreseen=Foreseen([SOURCE], [version], [ALIAS]))
        assert (reader.resolve([SOURCE]), dict(reader.describe([version])), reader.alias_moves([ALIAS])) == asked
        assert len(between.requests) == 1
    assert live == alone, "the pages that were read are those of the registries alone"


def test_it_is_good_until_the_next_read(place: tuple[Work, Relay]) -> None:
    work, between = place
    with work.reader() as reader:
        reader.observe(SCOPE, foreseen=Foreseen(refs=[SOURCE]))
        reader.observe(SCOPE)
        between.reset()
        reader.resolve([SOURCE])
        assert len(between.requests) == 1


def test_what_was_not_foreseen_is_asked(place: tuple[Work, Relay]) -> None:
    work, between = place
    other = SourceRef("acme-ml", "fraud", "detector", "v4")
    with work.reader() as reader:
        reader.observe(SCOPE, foreseen=Foreseen(refs=[SOURCE], addresses=[ALIAS]))
        between.reset()
        assert {*reader.resolve([SOURCE, other])} == {SOURCE, other}
        assert "detector:v3" not in str(between.requests[0].variables)
        told = reader.alias_moves([ALIAS], whole=True)
        assert len(between.requests) == 2
    assert not isinstance(told, Untold) and told[ALIAS]


def half(forward: Forward) -> Response:
    return as_json({"data": forward().json["data"], "errors": [{"message": "internal", "path": ["p0"]}]})


def failing(forward: Forward) -> Response:
    return Response(500, b"")


@pytest.mark.parametrize("fault", [half, failing])
def test_a_read_does_not_fail_for_what_is_asked_beside_it(
    place: tuple[Work, Relay], fault: Callable[[Forward], Response]
) -> None:
    """Whoever asks for what is foreseen gets half an answer, or none until the deadline; the read alone is answered."""
    work, between = place

    def behave(request: Request, forward: Forward) -> Response:
        return fault(forward) if "aliasActionHistory" in request.document else forward()

    work = replace(work, options=replace(QUICK, deadline=0.2))
    with work.reader() as reader:
        alone = reader.observe(SCOPE)
        between.reset(behave)
        live = reader.observe(SCOPE, foreseen=Foreseen(addresses=[ALIAS]))
        assert isinstance(reader.alias_moves([ALIAS]), Untold)
    between.reset()
    assert live == alone
