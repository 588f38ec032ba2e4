"""Artifacts that are logged in parts: building on the version before, or by several runs together."""

from __future__ import annotations

from tests.interop.clients import Client
from tests.local.server.asking import ask

BEGIN = """mutation { createArtifact(input: {entityName: "globex-ml", projectName: "own", artifactTypeName: "model",
  artifactCollectionName: "taken", digest: "d"}) { artifact { id state } } }"""
BUILD = """mutation ($key: ID!, $base: ID!) { createArtifactManifest(input: {artifactID: $key, baseArtifactID: $base,
  entityName: "globex-ml", projectName: "own", name: "m", digest: "d", type: INCREMENTAL}) { artifactManifest { id } } }"""
SOURCE = 'query { project(entityName: "acme-ml", name: "seeded") { artifact(name: "planted:v0") { id } } }'


def test_parts_make_one_version(newest: Client) -> None:
    seen = newest.run("parts", "bob", label=newest.label)
    assert seen["grown"] == [
        ["v0", [], {"one.txt": "one"}, 1, 3],
        ["v1", ["latest"], {"one.txt": "one", "two.txt": "two"}, 2, 6],
    ]
    assert seen["before"] is False, "nothing is there before one of the runs says that it is whole"
    assert seen["shared"] == [
        ["v0", ["whole"], {"a.txt": "a", "b.txt": "b", "c.txt": "c"}, 3, 3],
        ["v1", ["latest"], {"d.txt": "d"}, 1, 1],
    ]


def test_nobody_builds_on_a_version_that_they_do_not_see(server: str) -> None:
    base = ask(server, "bob", SOURCE)["data"]["project"]["artifact"]["id"]
    begun = ask(server, "eve", BEGIN)["data"]["createArtifact"]["artifact"]
    assert begun["state"] == "PENDING"
    refused = ask(server, "eve", BUILD, key=begun["id"], base=base)
    assert refused["errors"][0]["extensions"]["code"] == "NOT_FOUND"
