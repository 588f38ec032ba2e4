"""Who moved which alias, as the registry recorded it: the same from the file and over HTTP; nothing where no record is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from regsync.backends.local.reading import LocalReader
from regsync.core.moves import AliasMoves, Held, Untold
from regsync.local.store import accounts, aliases, collections, links, registries
from regsync.local.store.database import open_store
from regsync.names import Address
from tests.backends.wandb.servers import lacking
from tests.backends.wandb.wire import Relay, Response, as_json, relay
from tests.backends.wandb.worlds import PEOPLE, Work, served, write_world
from tests.guarantees.test_staleness import Person

DETECTOR = "acme-ml/fraud/detector"
SEED = {
    **PEOPLE,
    "registries": {
        "model": {
            "collections": {
                "fraud": {
                    "type": "model",
                    "versions": [f"{DETECTOR}:v0", f"{DETECTOR}:v1", f"{DETECTOR}:v2"],
                    "aliases": {"production": "v0", "staging": "v1"},
                },
                "calm": {"type": "model", "versions": [f"{DETECTOR}:v0"], "aliases": {"production": "v0"}},
            }
        }
    },
}
FRAUD = Address("model", "fraud")
PRODUCTION = Address("model", "fraud", "production")


def acting(file: Path, user: str) -> Iterator[Person]:
    store = open_store(file)
    with store.read() as tx:
        actor = accounts.actor(tx, user)
    with store.write(actor) as tx:
        yield Person(tx)
    store.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Bob moves production, alice moves it on, takes staging off and unlinks what production first was."""
    file = write_world(tmp_path / "registry.db", SEED)
    for bob in acting(file, "bob"):
        bob.move("production", 2)
    for alice in acting(file, "alice"):
        alice.move("production", 1)
        aliases.remove_aliases(alice.tx, alice.collection(), ["staging"])
        alice.unlink(0)
    return file


@pytest.fixture
def between(file: Path) -> Iterator[Relay]:
    with served(file) as server, relay(server) as made:
        yield made


def in_words(told: AliasMoves | Untold) -> list[str]:
    assert not isinstance(told, Untold), told
    return [
        f"{address.alias}: {each.before and each.before.source[-2:]} → {each.after and each.after.source[-2:]} by {each.by}"
        for address, moves in sorted(told.items())
        for each in moves
    ]


WHAT_HAPPENED = [
    "production: None → v0 by local:owner",
    "production: v0 → v2 by bob",
    "production: v2 → v1 by alice",
    "staging: None → v1 by local:owner",
    "staging: v1 → None by alice",
]


def test_the_file_and_the_server_tell_the_same(file: Path, between: Relay, tmp_path: Path) -> None:
    with LocalReader(file, "acme") as local, Work(tmp_path, between.url).reader() as remote:
        for asked in ([FRAUD], [PRODUCTION], [PRODUCTION, Address("model", "calm")], [FRAUD._replace(alias="latest")]):
            here, there = local.alias_moves(asked), remote.alias_moves(asked, whole=True)
            assert [line.replace("local:owner", "") for line in in_words(here)] == in_words(there) != []
            assert not isinstance(here, Untold) and not isinstance(there, Untold)
            assert {key: [move.at for move in moves] for key, moves in here.items()} == {
                key: [move.at for move in moves] for key, moves in there.items()
            }
        told = local.alias_moves([FRAUD])
        assert in_words(told) == WHAT_HAPPENED
        assert not isinstance(told, Untold)
        (first, *_) = told[PRODUCTION]
        assert first.after is not None and first.after.index == 0


def test_the_numbers_are_those_of_the_collection_where_they_are_told() -> None:
    assert str(Held("x", "team/project/name:v7", 3)) == "v3"
    assert str(Held("x", "team/project/name:v7")) == "team/project/name:v7"
    assert str(Held("", "")) == "a version that is gone"


def test_a_server_without_the_field_tells_nothing_and_is_asked_once(between: Relay, tmp_path: Path) -> None:
    between.reset(lacking(["aliasActionHistory"]))
    with Work(tmp_path, between.url).reader() as reader:
        told = reader.alias_moves([PRODUCTION])
        assert told == Untold("this server does not tell who moved aliases")
        asked = len(between.requests)
        assert reader.alias_moves([FRAUD]) == told
        assert len(between.requests) == asked


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {"p0": None}},
        {"data": {"p0": {"artifactCollection": {"aliasActionHistory": {"edges": [{"node": {}}], "pageInfo": {}}}}}},
        {"errors": [{"message": "permission denied", "path": ["p0"]}], "data": {"p0": None}},
    ],
)
def test_an_answer_that_is_none_is_no_error(between: Relay, tmp_path: Path, answer: object) -> None:
    with Work(tmp_path, between.url).reader() as reader:
        reader.destination()

        def behave(request: object, forward: object) -> Response:
            return as_json(answer)

        between.reset(behave)
        told = reader.alias_moves([PRODUCTION])
    assert isinstance(told, Untold) and "did not tell" in told.reason


def shifted(between: Relay, tmp_path: Path, nodes: list[dict[str, object]]) -> list[str]:
    between.reset()
    with Work(tmp_path, between.url).reader() as reader:
        reader.destination()
        page = {
            "edges": [{"node": node} for node in nodes],
            "pageInfo": {"hasNextPage": False, "endCursor": None},
        }
        answer = {"data": {"p0": {"artifactCollection": {"aliasActionHistory": page}}}}
        between.reset(lambda request, forward: as_json(answer))
        told = reader.alias_moves([PRODUCTION])
    assert not isinstance(told, Untold)
    return [f"{m.at} {m.before and m.before.artifact_id} {m.after and m.after.artifact_id}" for m in told[PRODUCTION]]


def test_neither_the_order_nor_the_words_of_the_server_are_relied_on(between: Relay, tmp_path: Path) -> None:
    def node(at: str, source: str | None, target: str | None, action: str = "whatever") -> dict[str, object]:
        sides = {
            side: id_ and {"id": id_, "versionIndex": 1, "artifactSequence": None}
            for side, id_ in (("sourceArtifact", source), ("targetArtifact", target))
        }
        return {"alias": "production", "createdAt": at, "actionType": action, "user": None, **sides}

    rising = [node("1", None, "a"), node("2", "a", "b"), node("3", "b", None, "REMOVE_ALIAS")]
    expected = ["1 None a", "2 a b", "3 b None"]
    assert shifted(between, tmp_path, rising) == expected
    assert shifted(between, tmp_path, rising[::-1]) == expected
    one_sided = [node("1", "a", None, "ADDED"), node("2", None, "a", "alias removed")]
    assert shifted(between, tmp_path, one_sided) == ["1 None a", "2 a None"]


def test_the_history_follows_renames_and_not_another_of_the_same_name(file: Path) -> None:
    for alice in acting(file, "alice"):
        collections.rename(alice.tx, alice.collection(), "fraud-2")
        links.link(alice.tx, alice.model, "fraud", alice.source(4), ["production"])
        registries.rename(alice.tx, alice.model, "models")
    with LocalReader(file, "acme") as reader:
        renamed = reader.alias_moves([Address("models", "fraud-2", "production")])
        new = reader.alias_moves([Address("models", "fraud", "production")])
    assert in_words(renamed) == WHAT_HAPPENED[:3]
    assert in_words(new) == ["production: None → v4 by alice"]


def test_what_a_deleted_registry_of_that_name_held_is_not_told(file: Path) -> None:
    for alice in acting(file, "alice"):
        registries.delete(alice.tx, alice.model)
        made = registries.create(alice.tx, alice.acme, "model")
        links.link(alice.tx, made, "fraud", alice.source(5), ["production"])
    with LocalReader(file, "acme") as reader:
        assert in_words(reader.alias_moves([PRODUCTION])) == ["production: None → v5 by alice"]


def test_a_collection_made_again_counts_anew(file: Path) -> None:
    for alice in acting(file, "alice"):
        collections.delete(alice.tx, alice.model, alice.collection())
        links.link(alice.tx, alice.model, "fraud", alice.source(5), ["production"])
    with LocalReader(file, "acme") as reader:
        told = in_words(reader.alias_moves([PRODUCTION]))
    assert told[2:] == [
        "production: v2 → v1 by alice",
        "production: v1 → None by alice",
        "production: None → v5 by alice",
    ]
