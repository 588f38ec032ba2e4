"""The quick way through a page gives the answers of graphql-core's own, errors and their places included."""

from __future__ import annotations

import json
import random
import re
from typing import Any
from unittest.mock import patch

import graphql
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from regsync.local.server import engine
from regsync.local.server.budget import Budget
from regsync.local.server.contract import schema
from regsync.local.store import accounts, links
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store
from tests.budget import share
from tests.local.server.planting import plant_registry, plant_versions
from tests.local.server.test_anything import answer, store, values  # noqa: F401 - `store` is a fixture

QUERIES = sorted(schema().type_map["Query"].fields)  # type: ignore[union-attr]
PAGE = """query Page { organization(name: "acme") { orgEntity {
  artifactCollections(first: 100) { totalCount edges { cursor node { __typename id name description state createdAt
    project { name entity { name } } defaultArtifactType { name } tags { edges { node { name } } pageInfo { hasNextPage } }
    ... on ArtifactPortfolio { nextVersionIndex } } } pageInfo { hasNextPage endCursor } }
  artifactMemberships(first: 1000) { edges { cursor node { id versionIndex aliases { alias } more: aliases { id alias }
    artifactCollection { name project { name } } artifact { id digest state size versionIndex artifactType { name }
    artifactSequence { name createdAt project { name entity { name } } } } } } pageInfo { hasNextPage endCursor } } } } }"""
SIGNED = re.compile(r"http://test/(content|upload)/[^/\"]+")
"""An address holds the second in which it was made."""


def selection(kind: Any, depth: int, chance: random.Random) -> str:
    """Some fields of a type that need no argument, some of them twice."""
    named = graphql.get_named_type(kind)
    if graphql.is_leaf_type(named):
        return ""
    fields = ["__typename"]
    for name, field in ({} if graphql.is_union_type(named) else named.fields).items():
        inner = graphql.get_named_type(field.type)
        if chance.random() < 0.4 or any(graphql.is_required_argument(one) for one in field.args.values()):
            continue
        if graphql.is_leaf_type(inner):
            fields.append(name if chance.random() < 0.9 else f"again: {name}" if "again" not in str(fields) else name)
        elif depth:
            fields.append(f"{name} {selection(inner, depth - 1, chance)}")
    for possible in schema().get_possible_types(named) if graphql.is_abstract_type(named) else ():
        fields.append(f"... on {possible} {selection(possible, 0, chance)}")
    return "{ " + " ".join(fields) + " }"


def both_ways(store: Store, actor: Actor, text: str, variables: dict[str, Any]) -> tuple[Any, Any]:  # noqa: F811
    quick = answer(store, actor, text, variables)
    with patch.object(engine, "Completion", graphql.Executor):
        library = answer(store, actor, text, variables)
    return tuple(  # type: ignore[return-value]
        (each.status, SIGNED.sub("signed", json.dumps(each.body))) for each in (quick, library)
    )


@share(240, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_both_ways_give_the_same_answer(store: Store, data: st.DataObject) -> None:  # noqa: F811
    with store.read() as tx:
        actor = accounts.actor(tx, data.draw(st.sampled_from(["alice", "bob", "carol", "eve"])))
    name = data.draw(st.sampled_from(QUERIES))
    field = schema().type_map["Query"].fields[name]  # type: ignore[union-attr]
    chosen = {argument: data.draw(values(one.type)) for argument, one in field.args.items()}
    head = ", ".join(f"${argument}: {one.type}" for argument, one in field.args.items())
    call = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    below = selection(field.type, 4, data.draw(st.randoms(use_true_random=False)))
    text = f"query Any{f'({head})' if head else ''} {{ {name}{f'({call})' if call else ''} {below} }}"
    quick, library = both_ways(store, actor, text, chosen)
    assert quick == library


def test_pages_of_many_links_are_the_same_for_everybody(store: Store) -> None:  # noqa: F811
    registry, versions = plant_registry(store, "wide"), plant_versions(store, "wide", 12)
    with store.write() as tx:
        for number, version in enumerate(versions):
            links.link(tx, registry, f"wide-{number % 5}", version, [f"a{number}", "production"])
    for user in ("alice", "bob", "carol", "eve"):
        with store.read() as tx:
            actor = accounts.actor(tx, user)
        quick, library = both_ways(store, actor, PAGE, {})
        assert quick == library
        assert quick[0] == 200


def test_a_version_whose_source_was_deleted_is_null_in_both(store: Store) -> None:  # noqa: F811
    registry, versions = plant_registry(store, "gone"), plant_versions(store, "gone", 3)
    with store.write() as tx:
        for version in versions:
            links.link(tx, registry, "gone", version)
        tx.run("UPDATE artifacts SET state = 'DELETED' WHERE id = ?", versions[1].id)
        actor = accounts.actor(tx, "alice")
    quick, library = both_ways(store, actor, PAGE, {})
    assert quick == library
    assert '"artifact": null' in quick[1]


def test_what_many_links_share_is_counted_for_each_of_them(store: Store) -> None:  # noqa: F811
    registry, versions = plant_registry(store, "long"), plant_versions(store, "long", 12)
    with store.write() as tx:
        for number, version in enumerate(versions):
            link, _ = links.link(tx, registry, f"long-{number % 2}", version)
            tx.run("UPDATE collections SET description = ? WHERE id = ?", "long " * (1 + number), link.collection_id)
        actor = accounts.actor(tx, "alice")
    text = """{ organization(name: "acme") { orgEntity { artifactMemberships(first: 1000) { edges { node {
        artifactCollection { description tags { edges { node { name } } } } } } } } } }"""
    quick, library = Budget(), Budget()
    answer(store, actor, text, {}, quick)
    with patch.object(engine, "Completion", graphql.Executor):
        answer(store, actor, text, {}, library)
    assert quick.spent() == library.spent()
