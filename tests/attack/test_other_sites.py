"""A page in a browser on the same machine, and a name that somebody points at it."""

from __future__ import annotations

import json

import httpx
import pytest

from regsync.local.server.app import create_app
from tests.attack.people import KEYS, Server, artifact_id, basic

BODY = json.dumps({"query": "{ viewer { name } }"})


def post(server: Server, **headers: str) -> httpx.Response:
    given = {
        "Content-Type": "application/json",
        "Authorization": basic("bob"),
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    return server.client.post("/graphql", content=BODY, headers=given)


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "text/plain; application/json", "application/x-www-form-urlencoded", "multipart/form-data", ""],
)
def test_a_body_that_a_form_can_send(server: Server, kind: str) -> None:
    assert post(server, Content_Type=kind).status_code == 415


def test_json_by_its_name(server: Server) -> None:
    assert post(server, Content_Type="application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9", "https://127.0.0.1", "http://localhost"]
)
def test_another_sites_origin(server: Server, origin: str) -> None:
    assert post(server, Origin=origin).status_code == 403


def test_the_servers_own_origin(server: Server) -> None:
    assert post(server, Origin="http://127.0.0.1").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "", "2130706433"]
)
def test_a_name_that_is_pointed_here(server: Server, host: str) -> None:
    assert post(server, Host=host).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:1", "[::1]:8000", "[::1]", "LOCALHOST."])
def test_names_that_only_its_users_have(server: Server, host: str) -> None:
    assert post(server, Host=host).status_code == 200


def test_a_name_that_was_allowed(server: Server) -> None:
    from starlette.testclient import TestClient

    with TestClient(create_app(server.store, hosts=["registry.example"]), base_url="http://registry.example") as client:
        assert client.get("/").status_code == 200


def test_signed_addresses_do_not_take_the_host_from_the_request(server: Server) -> None:
    query = "query F($id: ID!) { artifact(id: $id) { files { edges { node { directUrl } } } } }"
    body = json.dumps({"query": query, "variables": {"id": artifact_id(server.version())}})
    headers = {"Content-Type": "application/json", "Host": "localhost:6666", "X-Forwarded-Host": "evil.example"}
    answer = server.client.post("/graphql", content=body, headers=headers, auth=("api", KEYS["bob"]))
    (edge,) = answer.json()["data"]["artifact"]["files"]["edges"]
    assert edge["node"]["directUrl"].startswith("http://127.0.0.1")
    assert "6666" not in edge["node"]["directUrl"]
