"""GraphQL documents over HTTP: many operations in one, refusals, and what is wrong with a request."""

from __future__ import annotations

import json

import httpx
import pytest

from regsync.local.store.database import Store
from tests.interop.worlds import api_key
from tests.local.server.asking import ask, post
from tests.local.server.conftest import Served
from tests.local.server.planting import artifact_id, plant_registry, plant_versions

LINKS = """query Links($name: String!) { project(name: $name, entityName: "acme-org") {
  artifactCollection(name: "many") { ... on ArtifactPortfolio { nextVersionIndex }
    artifactMemberships(order: "+id", first: 100) { totalCount edges { node { versionIndex aliases { alias } artifact { id } } } } } } }"""


def link(place: int, artifact: str, registry: str, alias: str) -> str:
    """One aliased mutation."""
    given = json.dumps(artifact), json.dumps(f"wandb-registry-{registry}"), json.dumps(alias)
    return (
        f'm{place}: linkArtifact(input: {{artifactID: {given[0]}, artifactPortfolioName: "many", entityName: "acme-org", '
        f'projectName: {given[1]}, aliases: [{{artifactCollectionName: "many", alias: {given[2]}}}]}}) {{ versionIndex }}'
    )


def test_many_mutations_run_in_order_and_fail_one_by_one(served: Served, store: Store) -> None:
    plant_registry(store, "order")
    versions = plant_versions(store, "order", 40)
    bad = {7: "latest", 19: "a/b", 33: "v3"}
    mutations = [link(n, artifact_id(one), "order", bad.get(n, f"a{n}")) for n, one in enumerate(versions)]
    answer = post(served.url, "bob", "mutation Many {" + "\n".join(mutations) + "}")
    assert answer.status_code == 200
    body = answer.json()
    assert {error["path"][0] for error in body["errors"]} == {"m19", "m33"}
    assert {error["extensions"]["code"] for error in body["errors"]} == {"BAD_USER_INPUT"}
    indices = [body["data"][f"m{n}"] and body["data"][f"m{n}"]["versionIndex"] for n in range(40)]
    assert [index for index in indices if index is not None] == list(range(38))
    assert [n for n, index in enumerate(indices) if index is None] == [19, 33]

    seen = ask(served.url, "bob", LINKS, name="wandb-registry-order")["data"]["project"]["artifactCollection"]
    assert (seen["nextVersionIndex"], seen["artifactMemberships"]["totalCount"]) == (38, 38)
    linked = [edge["node"]["artifact"]["id"] for edge in seen["artifactMemberships"]["edges"]]
    assert linked == [artifact_id(one) for n, one in enumerate(versions) if n not in (19, 33)]


def test_one_call_sets_all_of_its_aliases_or_none(served: Served, store: Store) -> None:
    plant_registry(store, "together")
    (version,) = plant_versions(store, "together", 1)
    ask(served.url, "bob", "mutation {" + link(0, artifact_id(version), "together", "first") + "}")
    add = "mutation Add($input: AddAliasesInput!) { addAliases(input: $input) { success } }"

    def given(*names: str) -> dict[str, object]:
        place = {
            "entityName": "acme-org",
            "projectName": "wandb-registry-together",
            "artifactCollectionName": "many",
        }
        return {"artifactID": artifact_id(version), "aliases": [{**place, "alias": name} for name in names]}

    refused = post(served.url, "bob", add, input=given("good", "v7", "also good"))
    assert refused.status_code == 400
    assert refused.json()["data"] == {"addAliases": None}
    assert ask(served.url, "bob", add, input=given("good", "also good"))["data"]["addAliases"]["success"]
    (edge,) = ask(served.url, "bob", LINKS, name="wandb-registry-together")["data"]["project"]["artifactCollection"][
        "artifactMemberships"
    ]["edges"]
    assert {one["alias"] for one in edge["node"]["aliases"]} == {"latest", "v0", "first", "good", "also good"}


UPSERT = 'mutation { upsertModel(input: {entityName: "acme-org", name: "wandb-registry-%s"}) { inserted } }'
DELETE = 'mutation { deleteModel(input: {id: "%s"}) { success } }'
LIST = '{ organization(name: "acme") { orgEntity { projects(%s) { edges { node { id } } } } } }'


@pytest.mark.parametrize(
    ("user", "document", "status", "code"),
    [
        ("carol", UPSERT % "viewers", 403, "PERMISSION_ERROR"),
        ("alice", UPSERT % "a/b", 400, "BAD_USER_INPUT"),
        ("eve", UPSERT % "strangers", 404, "NOT_FOUND"),
        ("alice", DELETE % "UHJvamVjdDo5OTk5", 404, "NOT_FOUND"),
        ("alice", DELETE % "nonsense", 400, "BAD_USER_INPUT"),
        ("alice", "mutation { noSuchThing }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("alice", "{ viewer { id ", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("alice", "query Q($id: ID!) { artifact(id: $id) { id } }", 400, "BAD_USER_INPUT"),
        ("alice", LIST % 'filters: "{"', 200, "BAD_USER_INPUT"),
        ("alice", LIST % 'order: "size"', 200, "BAD_USER_INPUT"),
        ("alice", LIST % 'after: "x"', 200, "BAD_USER_INPUT"),
        ("alice", LIST % "first: -1", 200, "BAD_USER_INPUT"),
    ],
)
def test_refusals_have_the_shape_that_the_client_shows(
    served: Served, user: str, document: str, status: int, code: str
) -> None:
    answer = post(served.url, user, document)
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    assert error["message"]
    assert error["extensions"]["code"] == code


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"query": 1}', b'{"query": "{ viewer { id } }", "variables": []}', b"\xff\xfe",
     b'{"query": "{ viewer { id } }", "variables": {"name": "\\ud800"}}', b"[" * 100_000],
)  # fmt: skip
def test_a_body_that_is_no_question(served: Served, body: bytes) -> None:
    answer = httpx.post(
        f"{served.url}/graphql",
        content=body,
        headers={"Content-Type": "application/json"},
        auth=("api", api_key("alice")),
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"]


def test_what_the_client_never_asks(served: Served, store: Store) -> None:
    features = "{ serverInfo { regsyncInstanceId features { name isEnabled } } }"
    info = ask(served.url, "carol", features)["data"]["serverInfo"]
    names = {feature["name"] for feature in info["features"] if feature["isEnabled"]}
    assert {"REGSYNC_PROTECTED_ALIASES", "REGSYNC_NEXT_VERSION_INDEX", "REGSYNC_INSTANCE_ID"} <= names
    with store.read() as tx:
        instance = tx.value("SELECT uuid FROM instance")
    assert info["regsyncInstanceId"] == instance
    assert f"REGSYNC_INSTANCE={instance}" in names


def test_an_empty_collection(served: Served, store: Store) -> None:
    plant_registry(store, "empty")
    kind = ask(
        served.url,
        "bob",
        'mutation { createArtifactType(input: {entityName: "acme-org", projectName: "wandb-registry-empty", '
        'name: "model"}) { artifactType { id name } } }',
    )["data"]["createArtifactType"]["artifactType"]
    made = ask(
        served.url,
        "bob",
        "mutation M($input: CreateArtifactPortfolioInput!) { createArtifactPortfolio(input: $input) { artifactCollection { "
        "__typename id name description defaultArtifactType { name } ... on ArtifactPortfolio { nextVersionIndex } } } }",
        input={
            "artifactTypeID": kind["id"],
            "entityName": "acme-org",
            "projectName": "wandb-registry-empty",
            "name": "waiting",
            "description": "",
        },
    )["data"]["createArtifactPortfolio"]["artifactCollection"]
    assert made.pop("id")
    assert made == {
        "__typename": "ArtifactPortfolio",
        "name": "waiting",
        "description": "",
        "defaultArtifactType": {"name": "model"},
        "nextVersionIndex": 0,
    }


def test_what_is_wrong_with_a_variable_has_its_place_each_time_that_the_document_is_sent(served: Served) -> None:
    document = "query Kept($name: String!) {\n  project(name: $name) { id }\n}\n# kept"
    for _ in range(2):
        answer = post(served.url, "alice", document)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["locations"] == [{"line": 1, "column": 12}]
