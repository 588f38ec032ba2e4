"""How many requests it takes. The figures are promises: `docs/wandb.md` repeats them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from regsync.backends.wandb.backend import WandbReader
from regsync.core.live import RegistryScope
from regsync.core.moves import Untold
from regsync.names import Address, ArtifactId, SourceRef
from tests.backends.wandb.wire import Relay, relay
from tests.backends.wandb.worlds import PEOPLE, QUICK, Work, served, write_world

COLLECTIONS, ALIASES = 1000, 10
CONSTANT = 5
"""Requests that a read of any size takes: who the key is, the instance, and a page more here and there."""
SOURCE = "acme-ml/fraud/detector"


@dataclass(frozen=True, slots=True)
class Big:
    """A registry with 1,000 collections of 10 versions, with an alias on each."""

    work: Work
    relay: Relay

    def requests(self) -> int:
        """How many there were since the last call."""
        number = len(self.relay.requests)
        self.relay.reset()
        return number


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Big]:
    folder = tmp_path_factory.mktemp("big")
    collection = {
        "type": "model",
        "versions": [f"{SOURCE}:v{number}" for number in range(ALIASES)],
        "aliases": {f"alias {number}": f"v{number}" for number in range(ALIASES)},
    }
    names = [f"collection {number:04}" for number in range(COLLECTIONS)]
    artifacts = {SOURCE: {"type": "model", "versions": ALIASES + 1}}
    registries = {"model": {"collections": dict.fromkeys(names, collection)}}
    file = write_world(folder / "registry.db", {**PEOPLE, "artifacts": artifacts, "registries": registries})
    with served(file) as server, relay(server) as between:
        yield Big(Work(folder, between.url, replace(QUICK, timeout=60.0, deadline=60.0)), between)


def test_reading_a_registry_takes_a_request_for_200_collections(big: Big) -> None:
    big.requests()
    with big.work.reader() as reader:
        live = reader.observe({"model": RegistryScope(None)})
    assert len(live.registries["model"].collections) == COLLECTIONS
    assert sum(len(each.aliases) for each in live.registries["model"].collections.values()) == COLLECTIONS * ALIASES
    assert big.requests() <= COLLECTIONS / 200 + CONSTANT


def test_reading_collections_by_name_takes_as_many(big: Big) -> None:
    big.requests()
    names = frozenset(f"collection {number:04}" for number in range(COLLECTIONS))
    with big.work.reader() as reader:
        live = reader.observe({"model": RegistryScope(names)})
    assert len(live.registries["model"].collections) == COLLECTIONS
    assert big.requests() <= COLLECTIONS / 200 + CONSTANT


def test_asking_who_moved_100_aliases_takes_one_request(big: Big) -> None:
    """A page of the history is no longer than servers take, so the document is not refused and asked for in halves."""
    big.requests()
    asked = [Address("model", f"collection {number:04}", "alias 0") for number in range(100)]
    with big.work.reader() as reader:
        moves = reader.alias_moves(asked, whole=False)
    assert not isinstance(moves, Untold)
    assert {*moves} == {*asked}
    assert big.requests() <= 1 + CONSTANT


def test_one_more_look_up_makes_a_document_a_little_longer(big: Big) -> None:
    """Its selection is written once, as a fragment: the server reads, checks and weighs every word of every document."""
    addresses = [Address("model", f"collection {number:04}", f"alias {number % 3}") for number in range(100)]
    sources = [SourceRef("acme-ml", "fraud", "detector", f"v{number}") for number in range(50)]
    ids = [ArtifactId(b64encode(f"Artifact:{number}".encode()).decode()) for number in range(100)]

    def grows(ask: Callable[[WandbReader, int], object], most: int) -> float:
        lengths = []
        for number in (most // 2, most):
            big.requests()
            ask(reader, number)
            (request,) = big.relay.requests
            lengths.append(len(request.document))
        return (lengths[1] - lengths[0]) / (most - most // 2)

    with big.work.reader() as reader:
        reader.destination()
        assert grows(lambda reader, number: reader.alias_moves(addresses[:number]), 100) < 160
        assert grows(lambda reader, number: reader.resolve(sources[:number]), 50) < 100
        assert grows(lambda reader, number: reader.describe(ids[:number]), 100) < 65


def test_many_aliases_are_told_of_as_each_alone(big: Big) -> None:
    """In one document, fragments for the aliases that several collections have, and none for those that one alone has."""
    asked = [Address("model", f"collection {number:04}", f"alias {each}") for number in range(4) for each in range(3)]
    asked += [Address("model", "collection 0005", f"alias {number}") for number in range(10)]
    asked += [Address("model", "collection 0006", None)]
    with big.work.reader() as reader:
        together = reader.alias_moves(asked, whole=True)
        alone = [reader.alias_moves([each], whole=True) for each in asked]
    assert not isinstance(together, Untold)
    merged = {address: told for each in alone if not isinstance(each, Untold) for address, told in each.items()}
    assert together == merged
    assert {*together} >= {each for each in asked if each.alias is not None}


def test_moving_1000_aliases_takes_at_most_90_requests(big: Big) -> None:
    """Planning from manifests, the check before the first write, the check before each, and the check after the last."""
    moves = {f"collection {number:04}": {"aliases": {"alias 0": f"{SOURCE}:v7"}} for number in range(COLLECTIONS)}
    manifest = big.work.manifest({"registries": {"model": {"collections": moves}}})
    big.requests()
    plan = big.work.plan(manifest)
    planning = big.requests()
    receipt = big.work.apply(plan).receipt
    assert receipt is not None and receipt.exit_code == 0 and receipt.verified
    assert len(plan.operations) == COLLECTIONS
    assert planning + big.requests() <= 90


def test_a_move_takes_three_requests_to_plan_and_five_to_apply_and_with_a_new_link_four_and_seven(big: Big) -> None:
    """Who the key is, what is live, the source version if it is not linked; then what the plan touches is looked up, and beside it what
    is known of the versions. Then the key, what is live and the source version again; a check and a write a stage; what is live."""
    for version, planning, applying in ((7, 3, 5), (ALIASES, 4, 7)):
        wanted = {"collection 0009": {"aliases": {"alias 1": f"{SOURCE}:v{version}"}}}
        big.requests()
        plan = big.work.plan(big.work.manifest({"registries": {"model": {"collections": wanted}}}))
        assert big.requests() == planning
        receipt = big.work.apply(plan).receipt
        assert receipt is not None and receipt.verified and len(receipt.outcomes) == planning - 2
        assert big.requests() == applying


def test_resolving_1000_versions_takes_few_requests(big: Big) -> None:
    refs = [SourceRef("acme-ml", "fraud", "detector", f"v{number}") for number in range(1000)]
    with big.work.reader() as reader:
        reader.destination()
        big.requests()
        found = reader.resolve(refs)
    assert len(found) == 1000
    assert big.requests() <= 5


def test_describing_1000_versions_takes_few_requests(big: Big) -> None:
    with big.work.reader() as reader:
        reader.destination()
        big.requests()
        reader.describe([ArtifactId(b64encode(f"Artifact:{number}".encode()).decode()) for number in range(1000)])
    assert big.requests() <= 6


def test_a_small_scope_is_read_in_one_request(big: Big) -> None:
    with big.work.reader() as reader:
        reader.destination()
        big.requests()
        reader.observe({"model": RegistryScope(frozenset(["collection 0001", "collection 0002"]))})
    assert big.requests() == 1
