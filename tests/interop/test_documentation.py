"""The code of the vendor's pages about registries runs as it stands, and does what the pages say."""

from __future__ import annotations

import re

import pytest

from tests.interop.clients import Client
from tests.interop.pages import PAGES, Sample, filled, samples
from tests.local.server.asking import ask

CREATE = """mutation Create($name: String!) {
  upsertModel(input: {entityName: "acme-org", name: $name, access: "PRIVATE"}) { inserted }
}"""
READ = """query Read($name: String!) {
  project(name: $name, entityName: "acme-org") {
    artifactCollection(name: "zoo") { artifactMemberships(order: "+id") { edges { node {
      versionIndex aliases { alias } artifact { artifactSequence { name project { name entity { name } } } }
    } } } }
  }
}"""


def values(sample: Sample, entity: str, file: str) -> dict[str, str]:
    """What the placeholders of the pages stand for here."""
    return {
        "team_entity": entity,
        "project_name": "zoo project",
        "name": f"model {sample.name}".replace(" ", "_"),
        "artifact_name": f"model {sample.name}".replace(" ", "_"),
        "type": "model",
        "local_path_to_artifact": file,
        "registry_name": f"page {sample.name}",
        "collection_name": "zoo",
        "alias_1": "production",
        "alias_2": "staging",
    }


def test_both_pages_are_covered_where_they_are_at_hand() -> None:
    found = samples()
    assert any(sample.links for sample in found)
    if PAGES.is_dir():
        assert len({sample.name.split("-")[0] for sample in found if sample.links}) == len(list(PAGES.glob("*.txt")))


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_a_sample_runs_as_it_stands(newest: Client, sample: Sample) -> None:
    file = newest.home.parent / f"{newest.home.name}.bin"
    file.write_bytes(sample.name.encode())
    registry = f"wandb-registry-page {sample.name}"
    assert ask(newest.server, "alice", CREATE, name=registry)["data"]["upsertModel"]["inserted"]
    done = newest.attempt(["-c", filled(sample.code, values(sample, "acme-ml", str(file)))], "bob")
    assert done.returncode == 0, done.stderr
    read = ask(newest.server, "bob", READ, name=registry)["data"]["project"]["artifactCollection"]
    if not sample.links:
        assert read is None
        return
    (edge,) = read["artifactMemberships"]["edges"]
    linked = edge["node"]
    assert f"{registry}/zoo:v{linked['versionIndex']}" == f"{registry}/zoo:v0"
    aliases = {"latest", "v0", *re.findall("production|staging", filled(sample.code, values(sample, "", "")))}
    assert {alias["alias"] for alias in linked["aliases"]} == aliases
    assert linked["artifact"]["artifactSequence"]["project"]["entity"]["name"] == "acme-ml"
    full_name = f"{registry}/zoo:v0"
    assert newest.run("read_one", "bob", name=full_name)["full_name"] == full_name


def test_a_personal_artifact_is_refused_with_the_documented_reason(client: Client) -> None:
    registry = f"wandb-registry-personal-{client.label}"
    assert ask(client.server, "alice", CREATE, name=registry)["data"]["upsertModel"]["inserted"]
    seen = client.run("personal", "bob", target=f"{registry}/zoo")
    for way in ("by run", "by artifact"):
        assert (
            "linking is only allowed within the same team or to a collection in your organization's registry"
            in seen[way]
        )
        assert "team of organization 'acme'" in seen[way]
    assert ask(client.server, "alice", READ, name=registry)["data"]["project"]["artifactCollection"] is None
