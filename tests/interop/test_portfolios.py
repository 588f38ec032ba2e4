"""Collections of links in a team's own projects, the older model registry's among them."""

from __future__ import annotations

from tests.interop.clients import Client
from tests.local.server.asking import ask

LINK = """mutation ($id: ID!, $entity: String!, $project: String!) { linkArtifact(input: {artifactID: $id, entityName: $entity,
  projectName: $project, artifactPortfolioName: "p"}) { versionIndex } }"""
SOURCE = 'query { project(entityName: "acme-ml", name: "seeded") { artifact(name: "planted:v0") { id } } }'


def test_a_team_keeps_links_in_its_own_projects(client: Client) -> None:
    label = client.label
    seen = client.run("portfolios", "bob", label=label)
    targets = (f"model-registry/Detector {label}", f"lab/best-{label}")
    assert seen["linked"] == [
        {
            "full_name": f"{target}:production",
            "qualified_name": f"acme-ml/{target}:production",
            "version": "v1",
            "aliases": ["latest", "production"],
            "source": f"acme-ml/lab/trained-{label}:v1",
            "is_link": True,
        }
        for target in targets
    ]
    assert seen["kind"] == [False, False]
    assert seen["description"] == "the best of each week"
    assert seen["versions"] == ["v0", "v1"]
    assert seen["after"] == ["first", "production"]
    assert "is a collection of links; log the artifact under another name" in seen["taken"]
    assert seen["left"] == ["v0"]
    assert seen["used"] == f"acme-ml/lab/trained-{label}:v0"
    assert "entity 'acme-data': missing, or not visible to this key" in seen["foreign"]
    assert seen["gone"] is False
    assert not [name for name in seen["registries"] if "model-registry" in name]


def test_links_in_a_project_are_of_its_own_team_and_made_by_it(server: str) -> None:
    key = ask(server, "bob", SOURCE)["data"]["project"]["artifact"]["id"]
    for user, entity, project, code in (
        ("bob", "bob", "model-registry", "BAD_USER_INPUT"),  # another's artifact
        ("alice", "acme-data", "model-registry", "BAD_USER_INPUT"),  # of another team, by an admin of both
        ("dan", "acme-ml", "model-registry", "NOT_FOUND"),
        ("eve", "acme-ml", "model-registry", "NOT_FOUND"),
        ("bob", "acme-ml", "absent", "NOT_FOUND"),  # no project is made by a link, but for the model registry
    ):
        refused = ask(server, user, LINK, id=key, entity=entity, project=project)
        assert refused["errors"][0]["extensions"]["code"] == code, (user, entity, project)
