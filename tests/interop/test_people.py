"""Teams that the client makes, and where a user's runs go by default."""

from __future__ import annotations

from pathlib import Path

from tests.interop.clients import Client
from tests.interop.worlds import make_world, serving
from tests.local.server.asking import ask

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
