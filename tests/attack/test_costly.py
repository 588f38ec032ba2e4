"""One viewer's question does not stop the others: what it may cost is bounded before it runs, while it runs, and when nobody waits."""

from __future__ import annotations

import json

import pytest

from regsync.local.server import documents
from regsync.local.server.budget import Budget, Exhausted
from regsync.local.store.errors import Stopped
from tests.attack.people import KEYS, Server

NESTED = "{ viewer { organizations { %s name %s } } }"


def nested(depth: int) -> str:
    return NESTED % ("teams { organization { " * depth, "} }" * depth)


def test_a_pattern_that_backtracks(server: Server) -> None:
    """`(a+)+$` over a long name takes Python's own engine longer than the age of the world."""
    with server.store.write() as tx:
        tx.run("UPDATE collections SET name = ? WHERE kind = 'portfolio'", "a" * 100 + "b")
    query = """query Q($f: JSONString) { organization(name: "acme") { orgEntity { artifactCollections(filters: $f) {
                 edges { node { name } } } } } }"""
    answer = server.ask("alice", query, f='{"name": {"$regex": "^(a+)+$"}}')
    assert answer["data"]["organization"]["orgEntity"]["artifactCollections"]["edges"] == []


def test_lists_within_lists(server: Server) -> None:
    document = nested(9)
    assert len(document) < 537
    assert server.codes("carol", document) == ["TOO_COSTLY"]
    assert server.codes("carol", nested(2)) == []


def test_a_document_that_grows_when_its_fragments_are_taken_in(server: Server) -> None:
    twice = "a: orgEntity { organization { ...NEXT } } b: orgEntity { organization { ...NEXT } }"
    fragments = " ".join(f"fragment f{n} on Organization {{ {twice.replace('NEXT', f'f{n + 1}')} }}" for n in range(20))
    document = f"{{ viewer {{ organizations {{ ...f0 }} }} }} {fragments} fragment f20 on Organization {{ name }}"
    assert server.codes("carol", document) == ["TOO_COSTLY"]


@pytest.mark.parametrize(
    "document",
    [
        "{ viewer { " + "id " * 9_000 + "} }",
        "{ viewer { " + "organizations { " + "name " * 5_000 + "} } }",
        "{ a: viewer { " + "".join(f"x{n}: id " for n in range(5_000)) + "} }",
        "{" + " viewer { organizations {" * 200 + " id " + "} }" * 200 + "}",
        "{" * 50_000,
        "query " * 90_000,
        "{ viewer { id } } " + " ".join(f"fragment f{n} on User {{ id }}" for n in range(2_000)),
        "{ viewer { " + " ".join(f"x{n}: nothing" for n in range(5_000)) + " } }",
        "query Q(" + " ".join(f"$v{n}: Int" for n in range(4_000)) + ") { viewer { id } }",
    ],
    ids=lambda document: document[:30],
)
def test_a_long_document(server: Server, document: str) -> None:
    """Answered or refused, in time that grows with its length and no faster."""
    server.ask("carol", document)


def test_fields_that_contradict_each_other(server: Server) -> None:
    same = '{ a: organization(name: "acme") { id } a: organization(name: "other") { id } }'
    assert server.codes("carol", same) == ["GRAPHQL_VALIDATION_FAILED"]
    assert (
        server.codes("carol", '{ a: organization(name: "acme") { id } a: organization(name: "acme") { name } }') == []
    )


def test_the_same_long_text_again_and_again(server: Server) -> None:
    edit = 'mutation { updateArtifactPortfolio(input: {artifactPortfolioID: "%s", description: "%s"}) { artifactCollection { id } } }'
    query = '{ organization(name: "acme") { orgEntity { artifactCollections { edges { node { id } } } } } }'
    (found,) = server.ask("alice", query)["data"]["organization"]["orgEntity"]["artifactCollections"]["edges"]
    server.ask("alice", edit % (found["node"]["id"], "x" * 1_000_000))
    many = " ".join(f"d{n}: description" for n in range(200))
    document = f'{{ artifactCollection(id: "{found["node"]["id"]}") {{ {many} }} }}'
    assert server.codes("alice", document) == ["TOO_COSTLY"]


def test_the_documents_that_are_kept_are_bounded_by_their_length(server: Server) -> None:
    kept = documents.Documents()
    for n in range(200):
        kept.parsed("{ viewer { id } }" + " " * 20_000 + f"# {n}")
    assert kept._length <= documents.KEPT_LENGTH
    assert kept._length == sum(map(len, kept._kept))
    long = "{ viewer { id } }" + " " * 200_000
    kept.parsed(long)
    assert long not in kept._kept
    assert kept._passed.keys() == kept._kept.keys()


def test_what_passed_with_short_pages_is_refused_with_long_ones(server: Server) -> None:
    """What a document may cost is looked at once for each length of its pages, not once for all of them."""
    document = """query Q($a: Int = 2, $b: Int = 2, $c: Int) { organization(name: "acme") { orgEntity { artifactCollections(first: $a) {
        edges { node { artifacts(first: $b) { edges { node { artifactMemberships(first: $c) { edges { node { id } } } } } } } } } } } }"""

    def codes(**variables: object) -> list[str]:
        errors = server.ask("alice", document, **variables).get("errors", [])
        return [error["extensions"]["code"] for error in errors]

    for _ in range(2):
        assert codes(c=2) == []
        assert codes(a=2, b=2, c=2) == []
        assert codes(a=1000, b=1000, c=2) == ["TOO_COSTLY"]
        assert codes(a=1000, b=1000) == ["TOO_COSTLY"]
        assert codes(a=2, b=None, c=None) == []


def test_a_query_ends_when_its_time_is_over_or_nobody_waits(server: Server) -> None:
    """What SQLite does is stopped from another thread, without waiting for its end."""
    budget = Budget()
    budget.cancel("the client is gone")
    endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(Stopped), server.store.read(stop=budget.is_spent) as tx:
        tx.value(endless)
    with pytest.raises(Exhausted):
        budget.spend_field()
    assert server.codes("carol", "{ viewer { id } }") == []


@pytest.mark.parametrize("path", ["/graphql", "/files/acme-ml/secret/r/file_stream"])
def test_a_large_body_is_refused_before_it_is_read(server: Server, path: str) -> None:
    body = json.dumps({"query": "x" * (17 * 1024 * 1024)})
    headers = {"Content-Type": "application/json"}
    answer = server.client.post(path, content=body, headers=headers, auth=("api", KEYS["carol"]))
    assert answer.status_code == 400
    assert "larger than" in answer.text
