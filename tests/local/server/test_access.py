"""Who gets in: keys, and the signed addresses of files."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from urllib.parse import urlsplit

import httpx
import pytest

from regsync.local.server.addresses import Purpose, Signer
from regsync.local.store import accounts, events, user_keys
from regsync.local.store.database import Store
from regsync.local.store.errors import Forbidden
from tests.interop.worlds import api_key
from tests.local.server.asking import ask
from tests.local.server.conftest import Served
from tests.local.server.planting import artifact_id, plant_versions

FILES = """query Files($id: ID!) { artifact(id: $id) {
  currentManifest { file { directUrl } } files { edges { node { name md5 directUrl } } } } }"""

NEW_KEY = "mutation { generateApiKey(input: {}) { apiKey { id } } }"
MANY_KEYS = f"mutation {{ {' '.join(f'k{number}: {NEW_KEY[11:-2]}' for number in range(20))} }}"
"""Too many changes for a transaction that several requests share."""


@pytest.mark.parametrize("path", ["/graphql", "/files/acme-ml/p/r/file_stream"])
@pytest.mark.parametrize(
    "auth",
    [None, ("api", "wrong".ljust(44, "0")), ("api", ""), ("alice", api_key("alice")), ("api", api_key("alice") + "0")],
)
def test_a_key_is_needed(served: Served, path: str, auth: tuple[str, str] | None) -> None:
    answer = httpx.post(f"{served.url}{path}", json={"query": "{ viewer { id } }"}, auth=auth)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic YXBp", "Bearer abc", "Basic " + "A" * 10_000])
def test_a_header_that_cannot_be_read(served: Served, header: str) -> None:
    answer = httpx.post(f"{served.url}/graphql", json={"query": "{ viewer { id } }"}, headers={"Authorization": header})
    assert answer.status_code == 401


@pytest.mark.parametrize("document", ["{ viewer { id } }", NEW_KEY, MANY_KEYS, "{ nothing }"])
def test_a_key_that_was_deleted_opens_nothing_from_then_on(served: Served, store: Store, document: str) -> None:
    with store.write() as tx:
        carol = accounts.actor(tx, "carol")
    with store.write(carol) as tx:
        made, secret = user_keys.make(tx, None)
    auth = ("api", secret)
    for _ in range(3):  # It is known by now.
        assert httpx.post(f"{served.url}/graphql", json={"query": "{ viewer { id } }"}, auth=auth).status_code == 200
    with store.write(carol) as tx:
        user_keys.delete(tx, made)
        before = events.last(tx)
    for _ in range(2):
        answer = httpx.post(f"{served.url}/graphql", json={"query": document}, auth=auth)
        assert answer.status_code == 401
        assert answer.json()["data"] is None
        assert "Basic" in answer.headers["WWW-Authenticate"]
    with store.read() as tx:
        assert events.last(tx) == before


def test_a_key_that_was_deleted_while_its_first_request_came_opens_nothing(served: Served, store: Store) -> None:
    with store.write() as tx:
        carol = accounts.actor(tx, "carol")
    with store.write(carol) as tx:
        made, secret = user_keys.make(tx, None)
    body = json.dumps({"query": NEW_KEY}).encode()
    head = [
        "POST /graphql HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Authorization: Basic {b64encode(f'api:{secret}'.encode()).decode()}",
        f"Content-Length: {len(body)}",
        "Expect: 100-continue",
    ]
    place = urlsplit(served.url)
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 "), "it is known whose key that is"
        with store.write(carol) as tx:
            user_keys.delete(tx, made)
            before = events.last(tx)
        connection.sendall(body)
        assert connection.recv(1024).startswith(b"HTTP/1.1 401 ")
    with store.read() as tx:
        assert events.last(tx) == before


def test_files_need_a_key_or_a_signed_address(served: Served, store: Store) -> None:
    (version,) = plant_versions(store, "signed", 1)
    found = ask(served.url, "bob", FILES, id=artifact_id(version))["data"]["artifact"]
    (file,) = [edge["node"] for edge in found["files"]["edges"]]
    assert httpx.get(file["directUrl"]).content == b"signed 0"
    manifest = httpx.get(found["currentManifest"]["file"]["directUrl"]).json()
    assert list(manifest["contents"]) == ["file.txt"]

    head, token, name = file["directUrl"].rsplit("/", 2)
    for bad in (token[:-2] + ("aa" if token[-2:] != "aa" else "bb"), "x", token.split(".")[0]):
        assert httpx.get(f"{head}/{bad}/{name}").status_code == 403
    assert httpx.put(f"{served.url}/upload/{token}", content=b"x").status_code == 403

    by_path = f"{served.url}/artifactsV2/default/acme-ml/planted/signed//{file['md5']}/file.txt"
    assert httpx.get(by_path).status_code == 401
    assert httpx.get(by_path, auth=("api", api_key("bob"))).content == b"signed 0"
    assert httpx.get(by_path, auth=("api", api_key("dan"))).status_code == 404
    assert httpx.get(by_path.replace(file["md5"], "0" * 32), auth=("api", api_key("bob"))).status_code == 404
    assert ask(served.url, "dan", FILES, id=artifact_id(version))["data"]["artifact"] is None


def test_an_address_expires_and_is_good_for_one_purpose() -> None:
    over, other = Signer(lifetime=-1), Signer()
    token = over.sign(Purpose.DOWNLOAD, {"md5": "0"})
    with pytest.raises(Forbidden):
        over.check(Purpose.DOWNLOAD, token)
    fresh = other.sign(Purpose.DOWNLOAD, {"md5": "0"})
    assert other.check(Purpose.DOWNLOAD, fresh) == {"md5": "0"}
    with pytest.raises(Forbidden):
        other.check(Purpose.UPLOAD, fresh)
    with pytest.raises(Forbidden):
        Signer().check(Purpose.DOWNLOAD, fresh)


def test_the_front_page_tells_nothing(served: Served) -> None:
    answer = httpx.get(served.url)
    assert answer.status_code == 200
    assert "acme" not in answer.text
    assert httpx.get(f"{served.url}/graphql").status_code == 405
    assert httpx.get(f"{served.url}/elsewhere/and/further").status_code == 404
    assert httpx.get(f"{served.url}/acme-ml").headers["location"] == "/signin?to=%2Facme-ml%3F"
    assert httpx.get(f"{served.url}/elsewhere").headers["location"] == "/signin?to=%2Felsewhere%3F"


@pytest.mark.parametrize("head", ["PUT /upload/{token}", "POST /graphql", "POST /files/acme-ml/p/r/file_stream"])
def test_a_client_that_hangs_up_leaves_nothing_behind(served: Served, store: Store, head: str) -> None:
    (version,) = plant_versions(store, "hung-up", 1)
    create = (
        'mutation M($id: ID!) { createArtifactFiles(input: {artifactFiles: [{artifactID: $id, name: "x"}]}) '
        "{ files { edges { node { uploadUrl } } } } }"
    )
    made = ask(served.url, "bob", create, id=artifact_id(version))["data"]["createArtifactFiles"]
    token = made["files"]["edges"][0]["node"]["uploadUrl"].rpartition("/")[2]
    with store.read() as tx:
        before = tx.value("SELECT count(*) FROM contents")
    basic = b64encode(f"api:{api_key('bob')}".encode()).decode()
    place = urlsplit(served.url)
    with socket.create_connection((place.hostname, place.port)) as connection:
        head = head.format(token=token)
        connection.sendall(
            (
                f"{head} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f"Authorization: Basic {basic}\r\nContent-Length: 1000\r\n\r\n{{"
            ).encode()
        )
    assert httpx.get(served.url).status_code == 200
    with store.read() as tx:
        assert tx.value("SELECT count(*) FROM contents") == before


def test_content_that_is_gone_is_an_error_and_no_crash(served: Served, store: Store) -> None:
    large = "x" * 20_000
    (version,) = plant_versions(store, large[:10], 1, content=large)
    found = ask(served.url, "bob", FILES, id=artifact_id(version))["data"]["artifact"]
    address = found["files"]["edges"][0]["node"]["directUrl"]
    assert httpx.get(address).text == f"{large} 0"
    for file in store.files.rglob("*"):
        if file.is_file():
            file.unlink()
    answer = httpx.get(address)
    assert answer.status_code == 500
    assert "is gone" in answer.json()["errors"][0]["message"]
