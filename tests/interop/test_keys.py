"""Users' API keys, and what an admin of the server may know of users."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from regsync.local.store import accounts
from regsync.local.store.database import open_store
from tests.interop.clients import Client
from tests.interop.worlds import api_key, make_world, serving
from tests.local.server.asking import ask

KEYS = "query ($name: String!) { users(query: $name) { edges { node { username apiKeys { edges { node { id name } } } } } } }"
DELETE = "mutation ($id: String!) { deleteApiKey(input: {id: $id}) { success } }"
GENERATE = "mutation { generateApiKey(input: {}) { apiKey { id name } } }"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose admin, root, is in no organization."""
    path = tmp_path_factory.mktemp("admin") / "registry.db"
    make_world(path)
    store = open_store(path)
    with store.write() as tx:
        accounts.add_user(tx, "root", api_key("root"), server_admin=True)
    store.close()
    with serving(path) as address:
        yield address


def test_keys_are_made_used_and_deleted(client: Client) -> None:
    seen = client.run("keys", "alice")
    assert seen["before"] == ["first key"]
    assert len(seen["made"]) == 40
    assert seen["listed"] == ["first key", f"{seen['made'][:6]}…"]
    assert (seen["as_new"], seen["deleted"], seen["after"]) == ("alice", True, ["first key"])
    assert seen["opens"] != "alice", "a key that was deleted opens nothing"
    assert seen["last"] is False, "the only key stays"
    assert (seen["admin"], seen["strangers"], seen["theirs"]) == (False, [], [[]])


def test_an_admin_of_the_server_finds_everybody_and_has_no_role_anywhere(url: str) -> None:
    found = ask(url, "root", KEYS, name="dan")["data"]["users"]["edges"]
    assert [edge["node"]["username"] for edge in found] == ["dan"]
    (key,) = found[0]["node"]["apiKeys"]["edges"]
    assert ask(url, "root", DELETE, id=key["node"]["id"])["errors"][0]["extensions"]["code"] == "CONFLICT"
    ask(url, "dan", GENERATE)
    assert ask(url, "root", DELETE, id=key["node"]["id"])["data"] == {"deleteApiKey": {"success": True}}
    assert ask(url, "dan", "{ viewer { id } }")["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert ask(url, "root", 'query { organization(name: "acme") { id } }')["data"] == {"organization": None}
    project = 'query { project(entityName: "acme-ml", name: "seeded") { id } }'
    assert ask(url, "root", project)["data"] == {"project": None}


def test_nobody_else_hears_of_a_key_or_deletes_it(url: str) -> None:
    (edge,) = ask(url, "root", KEYS, name="bob")["data"]["users"]["edges"]
    first = edge["node"]["apiKeys"]["edges"][0]["node"]["id"]
    second = ask(url, "bob", GENERATE)["data"]["generateApiKey"]["apiKey"]["id"]
    for user in ("alice", "eve"):
        for key in (first, second):
            assert ask(url, user, DELETE, id=key)["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert ask(url, "bob", "{ viewer { admin } }")["data"] == {"viewer": {"admin": False}}
