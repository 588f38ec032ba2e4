"""Teams that the client makes, and where a user's runs go by default."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from regsync.local.store import accounts, people
from regsync.local.store.database import open_store
from regsync.names import Role
from tests.interop.clients import Client
from tests.interop.worlds import api_key, make_world, serving
from tests.local.server.asking import ask, post_as

UPDATE = "mutation ($entity: String!) { updateUser(input: {defaultEntity: $entity}) { user { entity } } }"
CREATE = 'mutation { createTeam(input: {teamName: "new-team"}) { entity { name } } }'
INVITE = "mutation ($team: String!, $name: String!) { createInvite(input: {entityName: $team, username: $name}) { invite { id } } }"


def test_an_admin_makes_a_team_and_fills_it(client: Client) -> None:
    seen = client.run("people", "alice", team=f"team-{client.label}")
    assert seen["made"] == [["alice", True]]
    assert seen["invited"] == [True, False, False, False]
    assert seen["after"] == [["alice", True], ["bob", False]]
    assert seen["left"] == [True]
    assert seen["at_last"] == [["alice", True]]


def test_an_admin_of_the_server_makes_users_and_an_admin_of_a_team_accounts_for_machines(
    client: Client, tmp_path: Path
) -> None:
    path = tmp_path / "registry.db"
    make_world(path)
    store = open_store(path)
    with store.write() as tx:
        root, _ = accounts.add_user(tx, "root", api_key("root"), server_admin=True)
        accounts.set_organization_member(tx, accounts.organization(tx, "acme"), root, Role.ADMIN)
        accounts.set_team_member(tx, accounts.entity(tx, "acme-ml"), accounts.user(tx, "bob"), Role.VIEWER)
    with serving(path) as url:
        seen = replace(client, server=url).run("admins", "root")
        assert seen["made"] == ["zoe-kim", "zoe.kim@acme.example", False]
        told = client.label == "newest"  # The older one says "400 Client Error" here, and nothing of the reason.
        assert ("a user with the address 'zoe.kim@ACME.example' already exists" if told else "400") in seen["again"]
        assert ("'no address' is not an e-mail address" if told else "400") in seen["broken"]
        assert (seen["invited"], seen["unknown"], seen["found"]) == (True, False, ["eve"])
        assert seen["service"] == ["ci-of-the-team", "SERVICE"]
        assert seen["members"] == [
            ["alice", "MEMBER", True],
            ["bob", "VIEWER", False],
            ["zoe-kim", "MEMBER", False],
            ["ci-of-the-team", "SERVICE", False],
        ]
        assert seen["roles"] == {"root": "admin", "eve": "viewer"}
        guest = replace(client, server=url).run("guest", "eve")
        assert (guest["registries"], guest["members"]) == (["guests"], ["eve", "root"])
        assert guest["other"], "a registry that all of the organization sees is hidden from guests"
        hidden = 'query { organization(name: "acme") { teams { name } members { username } orgEntity { members { username } } } }'
        assert ask(url, "eve", hidden)["data"] == {
            "organization": {"teams": [], "members": [], "orgEntity": {"members": []}}
        }
        with store.write() as tx:
            key = people.give_key(tx, accounts.user(tx, "ci-of-the-team"))
        assert post_as(url, key, "{ viewer { username teams { edges { node { name } } } } }")["data"]["viewer"] == {
            "username": "ci-of-the-team",
            "teams": {"edges": [{"node": {"name": "acme-ml"}}]},
        }
        for document in (
            'mutation { createUser(input: {email: "x@y"}) { user { id } } }',
            'mutation { createServiceAccount(input: {entityName: "acme-ml", description: "x"}) { user { id } } }',
        ):
            assert ask(url, "bob", document)["errors"][0]["extensions"]["code"] == "PERMISSION_ERROR"
    store.close()


def test_a_default_entity_is_a_place_where_its_user_may_log_and_is_told_to_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    make_world(path)
    with serving(path) as url:
        assert ask(url, "bob", UPDATE, entity="acme-ml")["data"]["updateUser"]["user"] == {"entity": "acme-ml"}
        run = 'mutation { upsertBucket(input: {modelName: "lab"}) { bucket { project { entityName } } } }'
        assert ask(url, "bob", run)["data"]["upsertBucket"]["bucket"]["project"] == {"entityName": "acme-ml"}
        others = ask(url, "alice", 'query { users(query: "bob") { edges { node { entity } } } }')
        assert others["data"]["users"]["edges"] == [{"node": {"entity": "bob"}}]
        for entity in ("acme-org", "nowhere", "alice"):
            refused = ask(url, "bob", UPDATE, entity=entity)
            assert refused["errors"][0]["message"] == f"entity {entity!r}: missing, or not visible to this key"
        assert ask(url, "bob", UPDATE, entity="bob")["data"]["updateUser"]["user"] == {"entity": "bob"}


def test_who_is_no_admin_makes_no_team_and_hears_of_none(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    make_world(path)
    with serving(path) as url:
        assert "only an admin" in ask(url, "bob", CREATE)["errors"][0]["message"]
        absent = ask(url, "eve", INVITE, team="nowhere", name="bob")["errors"][0]["message"]
        there = ask(url, "eve", INVITE, team="acme-ml", name="bob")["errors"][0]["message"]
        assert absent.replace("nowhere", "acme-ml") == there
