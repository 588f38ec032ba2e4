"""Who did what in a collection, over GraphQL, in the shape that W&B's server types had in 2023."""

from __future__ import annotations

from typing import Any

from regsync.local.store import accounts, aliases, collections, links, registries
from regsync.local.store.artifacts import Version
from regsync.local.store.database import Store
from tests.local.server.asking import ask
from tests.local.server.conftest import Served
from tests.local.server.planting import artifact_id, plant_registry, plant_versions

HISTORY = """query History($name: String!, $alias: String, $first: Int, $after: String, $order: String) {
  project(name: $name, entityName: "acme-org") { artifactCollection(name: "fraud") { name ... on ArtifactPortfolio {
    aliasActionHistory(alias: $alias, first: $first, after: $after, order: $order) {
      edges { node { alias actionType createdAt user { username } sourceArtifact { id } targetArtifact { id }
        artifactCollection { name } } cursor } pageInfo { hasNextPage endCursor } }
    artifactCollectionActions(first: $first, order: $order) {
      edges { node { id actionType createdAt user { username } artifact { id } artifactCollection { name } } }
      pageInfo { hasNextPage } } } } } }"""


def acting(store: Store, user: str, registry: str, versions: list[Version]) -> None:
    """Three links, one alias set and moved by a user, then taken off; the first version unlinked."""
    with store.read() as tx:
        actor = accounts.actor(tx, user)
    with store.write(actor) as tx:
        place = registries.get(tx, accounts.organization(tx, "acme"), registry)
        for version in versions:
            links.link(tx, place, "fraud", version)
        collection = collections.get(tx, place, "fraud")
        aliases.set_aliases(tx, collection, 0, ["canary"])
        aliases.set_aliases(tx, collection, 2, ["canary"])
        aliases.remove_aliases(tx, collection, ["canary"])
        links.unlink(tx, place, collection, versions[0])


def history(served: Served, user: str, registry: str, **more: Any) -> Any:
    answer = ask(served.url, user, HISTORY, name=f"wandb-registry-{registry}", **more)
    assert "errors" not in answer, answer
    return answer["data"]["project"]


def test_what_happened_newest_first(served: Served, store: Store) -> None:
    plant_registry(store, "told")
    versions = plant_versions(store, "told", 3)
    acting(store, "bob", "told", versions)
    first, _, last = map(artifact_id, versions)
    found = history(served, "bob", "told", alias="canary", first=50)["artifactCollection"]
    nodes = [edge["node"] for edge in found["aliasActionHistory"]["edges"]]
    sides = [tuple(node[side] and node[side]["id"] for side in ("sourceArtifact", "targetArtifact")) for node in nodes]
    assert [node["actionType"] for node in nodes] == ["REMOVE", "MOVE", "ADD"]
    assert sides == [(last, None), (first, last), (None, first)]
    assert {node["user"]["username"] for node in nodes} == {"bob"}
    assert {node["artifactCollection"]["name"] for node in nodes} == {"fraud"}
    actions = [edge["node"] for edge in found["artifactCollectionActions"]["edges"]]
    assert [action["actionType"] for action in actions] == ["UNLINK", "LINK", "LINK", "LINK"]
    assert len({action["id"] for action in actions}) == 4
    everything = history(served, "bob", "told", first=50)["artifactCollection"]["aliasActionHistory"]["edges"]
    assert {edge["node"]["alias"] for edge in everything} == {"canary", "latest"}


def test_pages_and_orders(served: Served, store: Store) -> None:
    plant_registry(store, "paged")
    acting(store, "bob", "paged", plant_versions(store, "paged", 3))
    seen, after = [], None
    while True:
        page = history(served, "bob", "paged", alias="canary", first=1, after=after, order="createdAt")
        found = page["artifactCollection"]["aliasActionHistory"]
        seen += [edge["node"]["actionType"] for edge in found["edges"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["ADD", "MOVE", "REMOVE"]
    odd = ask(served.url, "bob", HISTORY, name="wandb-registry-paged", order="sideways")
    assert odd["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_whoever_cannot_see_the_registry_is_told_nothing(served: Served, store: Store) -> None:
    plant_registry(store, "hidden")
    acting(store, "bob", "hidden", plant_versions(store, "hidden", 3))
    assert history(served, "eve", "hidden", alias="canary", first=50) is None
