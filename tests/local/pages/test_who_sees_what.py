"""Nobody sees more on the pages than the API shows them, nor less; and hidden things change no page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from starlette.testclient import TestClient

from regsync.local.server.app import create_app
from regsync.local.store.database import Store
from tests.attack.people import KEYS, Server
from tests.attack.test_noninterference import HIDDEN, hide, twin

PEOPLE = {
    "eve": "an admin of another organization",
    "carol": "a viewer",
    "dan": "a member, and viewer of a restricted registry",
    "rita": "a member, and restricted viewer of it",
    "bob": "a member, in the team that logs",
    "alice": "an admin",
}
PLACES = [
    ("acme-ml", "fraud"), ("acme-ml", "secret"), ("dan-team", "mine"), ("rita-team", "mine"), ("hidden-team", "h-project-0"),
    ("hidden-team", "h-linked"), ("hidden-team", "h-same"), ("globex-ml", "fraud"), ("acme-org", "wandb-registry-vault"),
    ("acme-org", "wandb-registry-model"), ("acme-org", "wandb-registry-hidden"), ("acme-org", "wandb-registry-absent"),
    ("globex-org", "wandb-registry-model"), ("nobody", "nothing"),
]  # fmt: skip
"""Where something is, for those who see it; somebody who guesses tries all of them."""
GUESSED = [
    f"/orgs/{organization}/registry/{name}{page}"
    for organization, name in (("acme", "vault"), ("acme", "hidden"), ("globex", "model"), ("acme", "absent"))
    for page in ("", "/settings", "/history", "/metrics?collection=h-collection", "/compare?collection=h-collection&old=v0",
                 "/lineage?collection=weights&version=v0", "/file?collection=weights&version=v0&path=weights.bin")
] + [
    f"/{entity}/{project}/artifacts{page}"
    for entity, project in PLACES
    for page in ("", "/model/weights/v0", "/model/h-artifact-0/v0", "/model/weights/v0/lineage")
] + [
    *(f"/{entity}" for entity, _ in PLACES),
    *(f"/{entity}/{project}" for entity, project in PLACES),
    "/orgs/acme/registry/model/compare?collection=fraud&old=v0&new=acme-ml/secret/weights:v0",
    "/orgs/acme/registry/model/compare?collection=fraud&old=v0&new=hidden-team/h-linked/h-linked-5:v0",
    "/change/link?organization=acme&registry=model&collection=fraud&team=hidden-team&project=h-linked",
    "/change/publish?team=hidden-team&project=h-linked&artifact=h-linked-5&source_version=v0",
    "/change/describe?organization=acme&registry=hidden&seen=0",
]  # fmt: skip
Facts = set[tuple[Any, ...]]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """The same organization twice; in the second one with much that is hidden from all but admins."""
    folder = tmp_path_factory.mktemp("twins")
    pair = (twin(folder / "a.db"), twin(folder / "b.db"))
    hide(pair[1], [*HIDDEN, *HIDDEN])
    yield pair
    for store in pair:
        store.close()


@cache
def walk(store: Store, name: str) -> dict[str, tuple[int, str]]:
    """Every page that links lead somebody to, and those that they guess: status and text by address."""
    seen: dict[str, tuple[int, str]] = {}
    with TestClient(create_app(store), base_url="http://127.0.0.1", follow_redirects=False) as client:
        assert client.post("/signin", data={"key": KEYS[name]}).status_code == 303
        todo = ["/registry/", *GUESSED]
        while todo:
            address = todo.pop()
            if address in seen or address.startswith(("data:", "#", "/style.css")):
                continue
            answer = client.get(address)
            text = re.sub(r'name="proof" value="\w+"', "", answer.text)
            seen[address] = (answer.status_code, answer.headers.get("location", text))
            for link in re.findall(r'href="([^"]*)"', text):
                found = html.unescape(link)
                todo.append(address.partition("?")[0] + found if found.startswith("?") else found)
    return seen


def facts_of_pages(store: Store, name: str) -> Facts:
    found: Facts = set()
    for address, (status, text) in walk(store, name).items():
        assert status in (200, 302, 403, 404), (address, status)
        if status != 200:
            continue
        parts, asked = urlsplit(address), parse_qs(urlsplit(address).query)
        if match := re.fullmatch(r"/orgs/([^/]+)/registry/([^/]+)", parts.path):
            registry = unquote(match[2])
            found.add(("registry", match[1], registry))
            if "selectionPath" in asked:
                place = (match[1], registry, asked["selectionPath"][0].split("/")[2])
                found.add(("collection", *place))
                if "version" in asked:
                    found |= version_facts(place, asked["version"][0], text)
        elif match := re.fullmatch(r"/([^/]+)/([^/]+)/artifacts(?:/[^/]+/([^/]+)/(v\d+))?", parts.path):
            found.add(("project", match[1], match[2]))
            if match[4]:
                found |= version_facts((match[1], match[2], match[3]), match[4], text)
    return found


def version_facts(place: tuple[str, str, str], version: str, text: str) -> Facts:
    digest = re.search(r"<dt>Digest</dt><dd><code>(\w+)</code>", text)
    source = re.search(r"<dt>Source</dt><dd>(?:<a [^>]*>([^<]*)</a>|not visible to this key)", text)
    assert digest
    files = re.findall(r'href="[^"]*/file\?[^"]*path=([^"&]*)"', text)
    return {
        ("version", *place, version, digest[1], source[1] if source else "logged here"),
        *(("file", *place, version, unquote(path)) for path in files),
    }


FIELDS = """query Seen($entity: String!, $project: String!) { project(entityName: $entity, name: $project) { name
  artifactCollections { edges { node { name artifactMemberships { edges { node { versionIndex artifact {
    digest versionIndex artifactSequence { name project { name entityName } } files { edges { node { name } } } } } } } } } } } }"""
PROJECTS = "query P($name: String!) { entity(name: $name) { projects { edges { node { name } } } } }"


def facts_of_api(store: Store, name: str) -> Facts:
    found: Facts = set()
    with TestClient(create_app(store), base_url="http://127.0.0.1") as client:
        server = Server(store, client)
        names = dict.fromkeys(PLACES)
        for entity in dict(PLACES):
            told = server.ask(name, PROJECTS, name=entity)["data"]["entity"]
            names |= dict.fromkeys((entity, node["name"]) for node in nodes(told and told["projects"]))
        for entity, project in names:
            answer = server.ask(name, FIELDS, entity=entity, project=project)
            if answer["data"]["project"] is not None:
                found |= place_facts(entity, project, answer["data"]["project"])
    return found


def place_facts(entity: str, project: str, told: dict[str, Any]) -> Facts:
    is_registry = project.startswith("wandb-registry-")
    above = (entity.removesuffix("-org"), project.removeprefix("wandb-registry-"))
    found: Facts = {("registry" if is_registry else "project", *above)}
    for collection in nodes(told["artifactCollections"]):
        place = (*above, collection["name"])
        if is_registry:
            found.add(("collection", *place))
        for link in nodes(collection["artifactMemberships"]):
            version, artifact = f"v{link['versionIndex']}", link["artifact"]
            home = artifact["artifactSequence"]["project"]
            source = (
                home
                and f"{home['entityName']}/{home['name']}/{artifact['artifactSequence']['name']}:v{artifact['versionIndex']}"
            )
            found.add(("version", *place, version, artifact["digest"], source if is_registry else "logged here"))
            found |= {("file", *place, version, file["name"]) for file in nodes(artifact["files"])}
    return found


def nodes(connection: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]] if connection else []


@pytest.mark.parametrize("name", PEOPLE)
def test_the_pages_show_what_the_api_shows(stores: tuple[Store, Store], name: str) -> None:
    pages, api = facts_of_pages(stores[1], name), facts_of_api(stores[1], name)
    assert pages - api == set(), "shown on pages only"
    assert api - pages == set(), "shown by the API only"
    if name == "eve":
        assert {each[1] for each in pages} == {"globex", "globex-ml"}
    else:
        assert ("registry", "acme", "model") in pages
        assert (("registry", "acme", "vault") in pages) == (name in ("alice", "dan", "rita"))
        assert (("registry", "acme", "hidden") in pages) == (name == "alice")


@pytest.mark.parametrize("name", ["rita"])
def test_no_page_changes_with_what_is_hidden(stores: tuple[Store, Store], name: str) -> None:
    assert walk(stores[0], name) == walk(stores[1], name)


@pytest.mark.parametrize("name", ["carol", "dan", "rita"])
def test_where_a_version_was_logged_is_told_to_those_who_may_know(stores: tuple[Store, Store], name: str) -> None:
    told = [
        address for address, (status, text) in walk(stores[1], name).items() if status == 200 and "acme-ml/" in text
    ]
    assert told == []
