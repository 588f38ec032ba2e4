"""The server as a process: what half-sent requests and signals do to it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from regsync.local.server import connections
from regsync.local.store import accounts, contents, links, projects, registries, sequences
from regsync.local.store.database import create_store
from tests.attack.people import KEYS, make_world

SERVE = [sys.executable, "-c", "from regsync.commands import main; main()", "local", "serve"]
SLOW = """query Q($f: JSONString) { organization(name: "acme") { orgEntity {
  artifactMemberships(first: 1, filters: $f) { edges { node { versionIndex } } } } } }"""
PARTS = {"$and": [{"metadata.z": {"$ne": number}} for number in range(400)]}


@contextlib.contextmanager
def served(path: Path, files: int = 1024) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`regsync local serve` in a process of its own that may open so many files; killed at the end of the block if it still runs."""
    with path.with_suffix(".log").open("w") as log:
        limited = ["sh", "-c", f'ulimit -n {files} && exec "$@"', "sh", *SERVE, "--db", str(path)]
        process = subprocess.Popen(limited, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), path.with_suffix(".log").read_text()
        yield process, url
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def world(tmp_path: Path) -> Path:
    path = tmp_path / "registry.db"
    store, _ = create_store(path)
    make_world(store)
    store.close()
    return path


def half_sent(url: str) -> socket.socket:
    place = urlsplit(url)
    connection = socket.create_connection((place.hostname, place.port), timeout=20)
    connection.sendall(b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    return connection


def test_half_sent_requests_lock_nobody_out(world: Path) -> None:
    """300 of them, where the process may open 256 files."""
    with served(world, files=256) as (_, url), contextlib.ExitStack() as held:
        for _ in range(300):
            held.enter_context(half_sent(url))
        body = {"query": "{ viewer { name } }"}
        answer = httpx.post(f"{url}/graphql", json=body, auth=("api", KEYS["bob"]), timeout=30)
        assert answer.json() == {"data": {"viewer": {"name": "bob"}}}
    assert world.with_suffix(".log").stat().st_size < 10_000


POST = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"


ENDLESS_PARTS = {
    "address": (b"GET /", b"a" * 1024),
    "header": (POST + b"X-Long: ", b"a" * 1024),
    "name of a header": (POST + b"X", b"a" * 1024),
    "short headers": (POST, b"a:\r\n" * 256),
    "header after the body": (CHUNKED + b"0\r\nX-Long: ", b"a" * 1024),
    "what a chunk says of itself": (CHUNKED + b"1;", b"a" * 1024),
    "no request at all": (b"", b"\r\n" * 512),
}


def test_what_does_not_end_is_not_kept(world: Path) -> None:
    """The server hangs up long before it has read a thousand times what it allows, and other clients notice nothing."""
    with served(world) as (_, url):
        place = urlsplit(url)
        for what, (begun, more) in ENDLESS_PARTS.items():
            with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
                connection.sendall(begun)
                with contextlib.suppress(ConnectionError):
                    for _ in range(1000 * connections.MAX_HEAD // len(more)):
                        connection.sendall(more)
                    pytest.fail(f"the server has read all of it: {what}")
        assert httpx.get(url).status_code == 200
    assert world.with_suffix(".log").stat().st_size < 10_000


@contextlib.contextmanager
def served_here(monkeypatch: pytest.MonkeyPatch, path: Path) -> Iterator[str]:
    """The server in this process, so that it can have a limit of a moment; it must end at the end of the block."""
    from regsync.local.server import run
    from regsync.local.server.app import create_app
    from regsync.local.store.database import open_store

    monkeypatch.setattr(run._Server, "capture_signals", lambda self: contextlib.nullcontext())
    store = open_store(path)
    sock = run.listen("127.0.0.1", 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    started, ended = threading.Event(), threading.Event()
    servers: list[run._Server] = []
    monkeypatch.setattr(run._Server, "startup", _noting(run._Server.startup, servers))

    def serve() -> None:
        run.serve(create_app(store), sock, started.set)
        ended.set()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert started.wait(30)
        yield run.url(sock)
    finally:
        servers[0].should_exit = True
        thread.join(30)
        store.close()
    assert ended.is_set()


def test_headers_that_do_not_come_are_not_waited_for(monkeypatch: pytest.MonkeyPatch, world: Path) -> None:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.05)
    with served_here(monkeypatch, world) as url:
        with half_sent(url) as connection, contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b"", "the server has hung up"
        assert httpx.get(url).status_code == 200


def test_who_does_not_take_an_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, world: Path) -> None:
    """Each request has an answer that is as long; the client reads none of them."""
    monkeypatch.setattr(connections, "TAKING_SECONDS", 0.05)
    with served_here(monkeypatch, world) as url:
        place = urlsplit(url)
        with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with pytest.raises(ConnectionError):
                while True:
                    connection.sendall(b"GET /" + b"a" * 30_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert httpx.get(url).status_code == 200


def told(url: str, sent: bytes) -> list[int]:
    """The status of each answer to what is sent at once on one connection; to its end, where the server closes it."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        connection.sendall(sent)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", received)]


def test_what_is_no_request_is_not_carried_out_and_takes_no_answer_away(world: Path) -> None:
    key = b64encode(f"api:{KEYS['bob']}".encode())
    json_of_bob = POST + b"Content-Type: application/json\r\nAuthorization: Basic " + key + b"\r\n"
    asked = b'{"query": "{ viewer { name } }"}'
    whole = json_of_bob + b"Content-Length: %d\r\n\r\n%s" % (len(asked), asked)
    get = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    last = get + b"Connection: close\r\n\r\n"
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n" % (len(asked), asked)
    unsigned = json_of_bob.partition(b"Authorization")[0]
    with served(world) as (_, url):
        assert told(url, whole + last) == [200, 200]
        assert told(url, whole + b"no request\r\n\r\n") == [200], "its answer is its own"
        assert told(url, whole + CHUNKED + b"no chunk\r\n") in ([], [200]), "no other answer in its place"
        assert told(url, get + upgrade + b"Content-Length: %d\r\n\r\n" % len(last) + last) == [400], "a body stays one"
        assert told(url, get + upgrade + b"\r\n") == [200]
        assert told(url, unsigned + chunked + b"Authorization: Basic " + key + b"\r\n\r\n" + last) == [401, 200]
        assert told(url, b"GET /\r\n\r\n") == [400]
        assert told(url, (get + b"\r\n") * (connections.MAX_PIPELINED + 9)) == [200] * (
            connections.MAX_PIPELINED + 1
        ), "the others are not kept"


def _noting(startup, servers):  # type: ignore[no-untyped-def]
    async def noted(self, sockets=None):  # type: ignore[no-untyped-def]
        servers.append(self)
        await startup(self, sockets=sockets)

    return noted


def test_log_lines_are_bounded() -> None:
    sparing = connections.Sparing()
    record = logging.LogRecord("x", logging.WARNING, "x", 1, "Invalid HTTP request received.", (), None)
    assert sum(sparing.filter(record) for _ in range(10_000)) == connections.LINES_AT_ONCE


def slow(path: Path) -> None:
    """Make `SLOW` take longer than the grace that a signal gives: much JSON to look into, again and again."""
    store, _ = create_store(path)
    with store.write() as tx:
        registry = registries.create(tx, accounts.organization(tx, "acme"), "slow")
        project = projects.ensure(tx, "acme-ml", "slow")
        for number in range(99):
            files = {"a": contents.stage_bytes(store, str(number).encode())}
            metadata = {"pad": ["x"] * 50_000, "z": -1 if number else 0}
            version, _ = sequences.log(tx, project, "many", "model", files=files, metadata=metadata)
            links.link(tx, registry, "many", version)
        tx.run("UPDATE artifacts SET metadata = json_set(metadata, '$.z', 399)")
    store.close()


def test_a_signal_during_a_long_request_is_an_orderly_end(world: Path) -> None:
    """Queries that are under way when the grace is over are stopped: no crash, status 0."""
    slow(world)
    with served(world) as (process, url):

        def ask() -> None:
            with contextlib.suppress(httpx.HTTPError):
                body = {"query": SLOW, "variables": {"f": json.dumps(PARTS)}}
                httpx.post(f"{url}/graphql", json=body, auth=("api", KEYS["alice"]), timeout=60)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        threads[0].join(1)  # No matter how far they have come.
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0, world.with_suffix(".log").read_text()
        for thread in threads:
            thread.join(60)
    assert "Traceback" not in world.with_suffix(".log").read_text()


ENDLESS = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.mark.parametrize("statement", [ENDLESS, "SELECT 1"], ids=["one statement", "many short ones"])
def test_a_store_is_closed_while_another_thread_uses_it(tmp_path: Path, statement: str) -> None:
    """The thread is stopped first. Before, this was a crash of the process; an interrupt between two statements was lost."""
    from regsync.local.store.errors import Stopped

    store, _ = create_store(tmp_path / "registry.db")
    begun, ended = threading.Event(), []

    def use() -> None:
        try:
            with store.read() as tx:
                begun.set()
                while True:
                    tx.value(statement)
        except Stopped as error:
            ended.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    while any(thread.is_alive() for thread in threads):
        store.close()  # Again for a thread that had not begun yet.
    assert len(ended) == 4


def test_what_a_killed_server_left_of_uploads_is_swept(tmp_path: Path) -> None:
    store, _ = create_store(tmp_path / "registry.db")
    with contents._incoming(store.files) as (_, under_way):
        left = store.files / ".incoming-of-a-killed-one"
        left.write_bytes(b"x" * 100)
        assert contents.sweep(store) == 1
        assert not left.exists()
        assert under_way.exists(), "an upload that is under way stays"
    store.close()


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_the_registry_file_and_what_is_beside_it_are_its_owners_alone(tmp_path: Path) -> None:
    store, _ = create_store(tmp_path / "registry.db")
    staged = contents.stage_bytes(store, b"x" * 20_000)
    paths = [store.path, store.files, *store.files.rglob("*")]
    assert len(paths) == 4, staged
    assert [oct(path.stat().st_mode & 0o077) for path in paths] == ["0o0"] * 4
    store.close()
