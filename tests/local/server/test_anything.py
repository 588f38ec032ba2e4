"""Whatever a client sends that fits the schema, the server answers it or refuses it; it never fails by itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import graphql
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from regsync.local.server.addresses import Addresses, Signer
from regsync.local.server.budget import Budget
from regsync.local.server.contract import schema
from regsync.local.server.engine import Answer, execute
from regsync.local.server.root import Root
from regsync.local.server.session import Session
from regsync.local.store import accounts, links
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store, open_store
from tests.budget import share
from tests.interop.worlds import make_world
from tests.local.server.planting import plant_registry, plant_versions

KINDS = (
    "Artifact",
    "ArtifactCollection",
    "ArtifactType",
    "Entity",
    "File",
    "Project",
    "Run",
    "User",
    "RunQueue",
    "RunQueueItem",
    "LaunchAgent",
    "Nothing",
)
IDS = st.builds(
    lambda kind, key: b64encode(f"{kind}:{key}".encode()).decode(), st.sampled_from(KINDS), st.integers(0, 6)
)
NAMES = st.sampled_from(
    ["acme", "acme-org", "acme-ml", "alice", "bob", "planted", "wandb-registry-open", "wandb-registry-", "fraud", "many",
     "model", "latest", "v0", "v3", "many:v0", "many:", ":", "production", "admin", "PRIVATE", "RESTRICTED", "", " ", "a/b"]
)  # fmt: skip
TEXTS = st.one_of(
    NAMES, IDS, st.text(max_size=5), st.sampled_from(["\ud800", "x" * 300, "\x00", "-created_at", "name"])
)
JSONS = st.sampled_from(
    ["", "{}", "[]", "null", "{", '{"name": "many"}', '{"alias": {"$in": ["latest"]}}', '{"a": "\\ud800"}', "1e999",
     '{"version": 99999999999999999999}', '{"metadata.n": {"$gt": 0}}', '{"$or": [{"name": {"$regex": "m"}}]}']
)  # fmt: skip
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "String": TEXTS,
    "ID": st.one_of(IDS, TEXTS),
    "Int": st.sampled_from([0, 1, 2, 50, -1, 2**31 - 1]),
    "Boolean": st.booleans(),
    "JSONString": JSONS,
    "JSON": st.sampled_from([None, 1, {}, []]),
    "Int64": st.sampled_from([-2, -1, 0, 60, 2**63 - 1]),
    "Float": st.sampled_from([-1, 0, 1.5, 1e300]),
}


def values(
    kind: Any, depth: int = 0, scalars: Mapping[str, st.SearchStrategy[Any]] = SCALARS
) -> st.SearchStrategy[Any]:
    """Values that fit an input type."""
    if graphql.is_non_null_type(kind):
        return values(kind.of_type, depth, scalars).filter(lambda value: value is not None)
    if graphql.is_list_type(kind):
        given_list: st.SearchStrategy[Any] = st.lists(values(kind.of_type, depth + 1, scalars), max_size=2)
    elif graphql.is_enum_type(kind):
        given_list = st.sampled_from(list(kind.values))
    elif graphql.is_input_object_type(kind):
        needed = {
            name: values(field.type, depth + 1, scalars)
            for name, field in kind.fields.items()
            if graphql.is_required_input_field(field)
        }
        extra = {
            name: values(field.type, depth + 1, scalars) for name, field in kind.fields.items() if name not in needed
        }
        given_list = st.fixed_dictionaries(needed, optional=extra)
    else:
        given_list = scalars[kind.name]
    return st.one_of(given_list, st.none()) if depth else given_list


def selection(kind: Any, depth: int) -> str:
    """Every field of a type that needs no argument, down to a depth."""
    named = graphql.get_named_type(kind)
    if graphql.is_leaf_type(named):
        return ""
    fields = ["__typename"]
    if not graphql.is_union_type(named):
        for name, field in named.fields.items():
            inner = graphql.get_named_type(field.type)
            if any(graphql.is_required_argument(one) for one in field.args.values()):
                continue
            if graphql.is_leaf_type(inner):
                fields.append(name)
            elif depth:
                fields.append(f"{name} {selection(inner, depth - 1)}")
    return "{ " + " ".join(fields) + " }"


def document(kind: str, name: str) -> tuple[str, dict[str, st.SearchStrategy[Any]]]:
    """A document with one field of Query or Mutation, its arguments as variables; and values for those."""
    owner = schema().type_map[kind.title()]
    assert isinstance(owner, graphql.GraphQLObjectType)
    field = owner.fields[name]
    variables = ", ".join(f"${argument}: {given_one.type}" for argument, given_one in field.args.items())
    arguments = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    head = f"{kind} Any({variables})" if variables else f"{kind} Any"
    call = f"{name}({arguments})" if arguments else name
    chosen = {argument: values(given_one.type) for argument, given_one in field.args.items()}
    return f"{head} {{ {call} {selection(field.type, 3)} }}", chosen


FIELDS = [
    (kind, name)
    for kind in ("query", "mutation")
    for name in schema().type_map[kind.title()].fields  # type: ignore[union-attr]
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("anything") / "registry.db"
    make_world(path)
    opened = open_store(path)
    versions = plant_versions(opened, "fraud", 3)
    registry = plant_registry(opened, "open")
    with opened.write() as tx:
        for version in versions:
            links.link(tx, registry, "many", version, ["production"])
    yield opened
    opened.close()


def answer(store: Store, actor: Actor, text: str, variables: dict[str, Any], budget: Budget | None = None) -> Answer:
    with Session(store, actor, Addresses("http://test", Signer()), budget) as session:
        return execute(text, variables, None, Root(session))


@pytest.mark.parametrize(("kind", "name"), FIELDS)
@share(25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_makes_it_fail(store: Store, kind: str, name: str, data: st.DataObject) -> None:
    with store.read() as tx:
        actor = accounts.actor(tx, data.draw(st.sampled_from(["alice", "bob", "carol", "eve"])))
    text, chosen = document(kind, name)
    variables = {argument: data.draw(strategy) for argument, strategy in chosen.items()}
    found = answer(store, actor, text, variables)
    codes = {error["extensions"]["code"] for error in found.body.get("errors", ())}
    assert not codes & {"INTERNAL_ERROR", "STORAGE_ERROR", "GRAPHQL_VALIDATION_FAILED"}, found.body
