"""A client that looks up a hundred names in one document gets what graphql-core's own way gives, with as many statements as for ten."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import graphql
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from regsync.local.server import engine
from regsync.local.server.budget import Budget
from regsync.local.server.contract import schema
from regsync.local.store import accounts, links, seen
from regsync.local.store.actor import Actor
from regsync.local.store.artifacts import Version
from regsync.local.store.database import Store, Transaction, open_store
from regsync.local.store.ids import Kind, encode
from tests.budget import share
from tests.interop.worlds import make_world
from tests.local.server.planting import artifact_id, plant_registry, plant_versions
from tests.local.server.test_anything import TEXTS, answer, store, values  # noqa: F401 - `store` is a fixture
from tests.local.server.test_completion import SIGNED, selection

MEMBERSHIP = """id versionIndex aliases { alias } artifactCollection { name } artifact { id digest artifactType { name }
    artifactSequence { name project { name entity { name } } } }"""
COLLECTION = """__typename id name project { name } tags { edges { node { name } } }
    artifactMemberships(first: $first, order: $order) { edges { cursor node { id versionIndex aliases { alias } } }
      pageInfo { hasNextPage endCursor } }"""
NAMES = st.one_of(
    TEXTS, st.sampled_from(["many", "many:latest", "many:v1", "many:production", "fraud:v2", "fraud", "many:v7"]),
    st.sampled_from(["many:v99999999999999999999", "many:prod\x00", "many\x00", "many:\ud800", "gone:v0", "many:v01"]),
)  # fmt: skip


class Counted(Store):
    """Counts the statements of its transactions."""

    statements = 0

    @contextmanager
    def _transaction(self, *given: Any, **options: Any) -> Iterator[Transaction]:
        with super()._transaction(*given, **options) as tx:
            tx._connection.set_trace_callback(self._statement)
            try:
                yield tx
            finally:
                tx._connection.set_trace_callback(None)

    def _statement(self, text: str) -> None:
        self.statements += 1


def same_both_ways(store: Store, actor: Actor, text: str, variables: dict[str, Any]) -> Any:  # noqa: F811
    """The answer of both ways: the same bytes, errors with their places, and the same spent of what an answer may be."""
    quick, library = Budget(), Budget()
    ours = answer(store, actor, text, variables, quick)
    with patch.object(engine, "Completion", graphql.Executor):
        theirs = answer(store, actor, text, variables, library)
    assert SIGNED.sub("", json.dumps(ours.body)) == SIGNED.sub("", json.dumps(theirs.body))
    assert ours.status == theirs.status
    assert quick.spent() == library.spent()
    return ours.body


def asked(kind: Any, data: st.DataObject, number: int, deep: int) -> tuple[str, dict[str, tuple[str, Any]]]:
    """One field with arguments, asked so many times of one object with others each time; what is below it is the same each time."""
    named = graphql.get_named_type(kind)
    choice = {name: field for name, field in named.fields.items() if field.args and not is_leaf(field.type)}
    name = data.draw(st.sampled_from(sorted(choice)))
    place, below = f"{named}{deep}".replace("Artifact", "A"), selection(choice[name].type, 2, data.draw(randoms()))
    variables: dict[str, tuple[str, Any]] = {}
    inner = graphql.get_named_type(choice[name].type)
    if deep and graphql.is_object_type(inner) and any(one.args for one in inner.fields.values()):
        more, variables = asked(inner, data, 1, deep - 1)
        below = f"{{ {more} {below[1:]}"
    fields = []
    for each in range(number):
        given = {f"{place}_{each}_{one}": (one, about) for one, about in choice[name].args.items()}
        for variable, (one, about) in given.items():
            strategy = NAMES if one == "name" else values(about.type)
            variables[variable] = (str(about.type), data.draw(strategy))
        call = ", ".join(f"{one}: ${variable}" for variable, (one, _) in given.items())
        fields.append(f"{place.lower()}{each}: {name}({call}) {below}")
    return " ".join(fields), variables


def is_leaf(kind: Any) -> bool:
    return graphql.is_leaf_type(graphql.get_named_type(kind))


def randoms() -> st.SearchStrategy[Any]:
    return st.randoms(use_true_random=False)


@share(200, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_field_asked_many_times_of_one_object(store: Store, data: st.DataObject) -> None:  # noqa: F811
    with store.read() as tx:
        actor = accounts.actor(tx, data.draw(st.sampled_from(["alice", "bob", "carol", "eve"])))
    where = data.draw(
        st.sampled_from(["", "wandb-registry-open acme-org", "planted acme-ml", "wandb-registry-open acme-ml"])
    )
    kind = schema().type_map["Project" if where else "Query"]
    fields, variables = asked(kind, data, data.draw(st.integers(2, 4)), 1)
    if where:
        project, entity = where.split()
        fields = f'project(name: "{project}", entityName: "{entity}") {{ name {fields} }}'
    head = ", ".join(f"${name}: {type_name}" for name, (type_name, _) in variables.items())
    same_both_ways(
        store, actor, f"query Any({head}) {{ {fields} }}", {name: one for name, (_, one) in variables.items()}
    )


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Counted, list[Version]]]:
    """Forty collections, each with three links; the versions, whose first was deleted."""
    path: Path = tmp_path_factory.mktemp("wide") / "registry.db"
    make_world(path)
    planted = open_store(path)
    registry, versions = plant_registry(planted, "wide"), plant_versions(planted, "wide", 9)
    with planted.write() as tx:
        for number in range(40):
            for place in range(3):
                links.link(tx, registry, f"c{number}", versions[(number + 4 * place) % 9], [f"a{place}"])
        tx.run("UPDATE artifacts SET state = 'DELETED' WHERE id = ?", versions[0].id)
    planted.close()
    counted = Counted(path)
    yield counted, versions
    counted.close()


def document(
    field: str, below: str, names: list[str], *, first: int = 2, order: str | None = None
) -> tuple[str, dict[str, Any]]:
    head = "".join(f", $n{place}: String!" for place in range(len(names)))
    fields = " ".join(f"n{place}: {field}(name: $n{place}) {{ ...Below }}" for place in range(len(names)))
    kind = "ArtifactCollection" if field == "artifactCollection" else "ArtifactCollectionMembership"
    text = f"""query Look($first: Int, $order: String{head}) {{
        project(name: "wandb-registry-wide", entityName: "acme-org") {{ name {fields} description }} }}
        fragment Below on {kind} {{ {below} }}"""
    return text, {"first": first, "order": order, **{f"n{place}": name for place, name in enumerate(names)}}


def collections(_: Counted, versions: list[Version], number: int) -> tuple[str, dict[str, Any]]:
    return document("artifactCollection", COLLECTION, [f"c{place}" for place in range(number - 1)] + ["missing"])


def memberships(_: Counted, versions: list[Version], number: int) -> tuple[str, dict[str, Any]]:
    text, given = document(
        "artifactCollectionMembership", MEMBERSHIP, [f"c{n}:{'v1' if n % 2 else 'a0'}" for n in range(number)]
    )
    return text.replace("$first: Int, $order: String, ", ""), given


def artifacts(_: Counted, versions: list[Version], number: int) -> tuple[str, dict[str, Any]]:
    ids = [artifact_id(versions[1 + place % 8]) for place in range(number)]
    fields = " ".join(f'n{place}: artifact(id: "{one}") {{ id digest size metadata }}' for place, one in enumerate(ids))
    return f"query Look {{ {fields} }}", {}


@pytest.mark.parametrize("look", [collections, memberships, artifacts])
def test_forty_look_ups_take_as_many_statements_as_ten(
    wide: Any, look: Callable[..., tuple[str, dict[str, Any]]]
) -> None:
    counted, versions = wide
    with counted.read() as tx:
        actor = accounts.actor(tx, "bob")
    took = []
    for number in (10, 40):
        counted.statements = 0
        text, variables = look(counted, versions, number)
        body = answer(counted, actor, text, variables).body
        assert "errors" not in body, body
        took.append(counted.statements)
    assert took[0] == took[1] <= 25
    for user in ("alice", "bob", "carol", "eve"):
        with counted.read() as tx:
            actor = accounts.actor(tx, user)
        assert "errors" not in same_both_ways(counted, actor, text, variables)


@pytest.mark.parametrize("first", [0, 1, 3, 50, -1])
@pytest.mark.parametrize("order", [None, "+id", "-version", "wrong"])
def test_a_page_of_each_collection(wide: Any, first: int, order: str | None) -> None:
    counted, _ = wide
    with counted.read() as tx:
        actor = accounts.actor(tx, "alice")
    names = ["c0", "c3", "missing", "c0", "c39"]
    text, variables = document("artifactCollection", COLLECTION, names, first=first, order=order)
    body = same_both_ways(counted, actor, text, variables)
    assert ("errors" in body) == (first < 0 or order == "wrong")
    if "errors" not in body and first:
        later = text.replace("first: $first,", f'after: "{_end(body)}", first: $first,')
        same_both_ways(counted, actor, later, variables)


def _end(body: Any) -> str:
    return str(body["data"]["project"]["n1"]["artifactMemberships"]["pageInfo"]["endCursor"])


def test_one_look_up_that_fails_has_its_place_and_the_others_their_answers(wide: Any) -> None:
    counted, versions = wide
    with counted.read() as tx:
        actor = accounts.actor(tx, "alice")
    ids = [
        artifact_id(versions[1]),
        "not an id",
        artifact_id(versions[0]),
        encode(Kind.ARTIFACT, 2**70),
        artifact_id(versions[2]),
    ]
    head = ", ".join(f"$i{place}: ID!" for place in range(len(ids)))
    fields = " ".join(f"n{place}: artifact(id: $i{place}) {{ id size }}" for place in range(len(ids)))
    body = same_both_ways(
        counted, actor, f"query Q({head}) {{ {fields} }}", {f"i{n}": one for n, one in enumerate(ids)}
    )
    assert [error["path"] for error in body["errors"]] == [["n1"], ["n3"]]
    assert [one and one["id"] for one in body["data"].values()] == [ids[0], None, None, None, ids[4]]


def test_look_ups_that_ask_for_different_things_are_told_apart(wide: Any) -> None:
    counted, _ = wide
    with counted.read() as tx:
        actor = accounts.actor(tx, "alice")
    text = """query Q($no: Boolean = false, $first: Int = 1) { project(name: "wandb-registry-wide", entityName: "acme-org") {
        a: artifactCollection(name: "c1") { name } b: artifactCollection(name: "c2") { id }
        c: artifactCollection(name: "c3") { name } c: artifactCollection(name: "c3") { id }
        d: artifactCollection(name: "c4") { name } e: artifactCollection(name: "c5") @include(if: $no) { name }
        f: artifactCollection(name: "c6") { name @skip(if: $no) id @include(if: $no) }
        g: artifactCollection(name: "c7") { name @skip(if: $no) id @include(if: $no) }
        h: artifactCollections(first: 2) { edges { node { name } } }
        i: artifactCollections(first: $first) { edges { node { name } } } } }"""
    found = same_both_ways(counted, actor, text, {})["data"]["project"]
    assert [*found] == ["a", "b", "c", "d", "f", "g", "h", "i"]
    assert found["a"] == {"name": "c1"} and set(found["b"]) == {"id"} and set(found["c"]) == {"name", "id"}
    assert [len(found[page]["edges"]) for page in "hi"] == [2, 1]


def test_names_of_types_are_not_counted_where_objects_are_shared(wide: Any) -> None:
    counted, _ = wide
    with counted.read() as tx:
        actor = accounts.actor(tx, "alice")
    below = "__typename tags { __typename edges { __typename } } project { kind: __typename name }"
    text, _ = document("artifactCollection", below, ["c1", "c2", "c3"])
    text = text.replace("$first: Int, $order: String, ", "")
    assert "errors" not in same_both_ways(counted, actor, text, {"n0": "c1", "n1": "c2", "n2": "c3"})


@share(60, suppress_health_check=list(HealthCheck))
@given(names=st.lists(NAMES, min_size=1, max_size=8), user=st.sampled_from(["alice", "bob", "carol", "eve"]))
def test_many_names_mean_what_each_of_them_means(store: Store, names: list[str], user: str) -> None:  # noqa: F811
    """In the store itself: what cannot be one of many parameters is refused, never taken for another name."""
    with store.read() as tx:
        actor = accounts.actor(tx, user)
    with store.read(actor) as tx:
        for where in (("acme-org", "wandb-registry-open"), ("acme-ml", "planted")):
            place = seen.place_named(tx, *where)
            if place is None:
                continue
            try:
                found = seen.links_named(tx, place, names)
            except (ValueError, OverflowError):
                continue
            assert found == [seen.link_named(tx, place, name) for name in names]
