"""Several clients at once: nothing is lost, nothing is counted twice, and the end is orderly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from regsync.local.store.database import Store, open_store
from tests.interop.worlds import api_key, make_world
from tests.local.server.asking import ask, post
from tests.local.server.conftest import Served
from tests.local.server.planting import artifact_id, plant_registry, plant_versions
from tests.local.server.test_documents import LINKS, link

ADD = "mutation Add($input: AddAliasesInput!) { addAliases(input: $input) { success } }"


def test_links_made_at_once_get_indices_of_their_own(served: Served, store: Store) -> None:
    plant_registry(store, "rush")
    versions = [artifact_id(version) for version in plant_versions(store, "rush", 24)]

    def one(place: int) -> int:
        document = "mutation {" + link(place, versions[place], "rush", f"a{place}") + "}"
        answer = post(served.url, "bob" if place % 2 else "alice", document)
        assert answer.status_code == 200, answer.text
        index: int = answer.json()["data"][f"m{place}"]["versionIndex"]
        return index

    with ThreadPoolExecutor(8) as pool:
        indices = list(pool.map(one, range(24)))
    assert sorted(indices) == list(range(24))
    seen = ask(served.url, "bob", LINKS, name="wandb-registry-rush")["data"]["project"]["artifactCollection"]
    nodes = [edge["node"] for edge in seen["artifactMemberships"]["edges"]]
    assert {node["artifact"]["id"]: node["versionIndex"] for node in nodes} == dict(zip(versions, indices, strict=True))
    assert [node["versionIndex"] for node in nodes if "latest" in {one["alias"] for one in node["aliases"]}] == [23]


def test_an_alias_that_many_move_is_always_on_one_version(served: Served, store: Store) -> None:
    plant_registry(store, "moves")
    versions = [artifact_id(version) for version in plant_versions(store, "moves", 4)]
    ask(
        served.url,
        "bob",
        "mutation {" + " ".join(link(n, one, "moves", "production") for n, one in enumerate(versions)) + "}",
    )
    place = {"entityName": "acme-org", "projectName": "wandb-registry-moves", "artifactCollectionName": "many"}

    def move(number: int) -> bool:
        given = {"artifactID": versions[number % 4], "aliases": [{**place, "alias": "production"}]}
        return bool(ask(served.url, "bob", ADD, input=given)["data"]["addAliases"]["success"])

    def holders() -> int:
        found = ask(served.url, "carol", LINKS, name="wandb-registry-moves")["data"]["project"]["artifactCollection"]
        edges = found["artifactMemberships"]["edges"]
        return sum("production" in {one["alias"] for one in edge["node"]["aliases"]} for edge in edges)

    with ThreadPoolExecutor(6) as pool:
        moving = [pool.submit(move, number) for number in range(40)]
        counts = [holders() for _ in range(10)]
        assert all(done.result() for done in moving)
    assert set(counts) == {1}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_requests_finish(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "registry.db"
    make_world(path)
    store = open_store(path)
    plant_registry(store, "last")
    versions = [artifact_id(version) for version in plant_versions(store, "last", 60)]
    document = "mutation {" + " ".join(link(n, one, "last", f"a{n}") for n, one in enumerate(versions)) + "}"
    command = [sys.executable, "-c", "from regsync.commands import main; main()", "local", "serve", "--db", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(post, url, "alice", document)
            with store.read() as tx:
                before = tx.value("SELECT count(*) FROM events")
            while not under_way.done():
                with store.read() as tx:
                    if tx.value("SELECT count(*) FROM events") > before:
                        break
            os.kill(process.pid, number)
            answer = under_way.result()
        _, errors = process.communicate(timeout=30)
    assert answer.status_code == 200
    assert [answer.json()["data"][f"m{n}"]["versionIndex"] for n in range(60)] == list(range(60))
    assert process.returncode == 0, errors
    assert "stopped" in errors
    assert "Traceback" not in errors
    with pytest.raises(httpx.ConnectError):
        post(url, "alice", "{ viewer { id } }")
    store.close()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`regsync local serve` that is expected to end by itself."""
    command = [sys.executable, "-c", "from regsync.commands import main; main()", "local", "serve", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_serve_says_what_is_wrong(served: Served, tmp_path: Path) -> None:
    port = served.url.rpartition(":")[2]
    for arguments, says in {
        ("--db", str(tmp_path / "none.db")): "no such registry file",
        ("--db", str(served.path), "--port", port): "cannot listen on 127.0.0.1",
        ("--db", str(served.path), "--host", "0.0.0.0"): "--allow-remote",
        ("--db", str(served.path), "--host", "no.such.host.invalid"): "--host no.such.host.invalid",
        ("--db", str(served.path), "--port", "70000"): "--port",
    }.items():
        done = run(*arguments)
        assert done.returncode == 1, done
        assert says in done.stderr, done
        assert done.stdout == ""
        assert "Traceback" not in done.stderr


def test_serve_says_how_to_use_it(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    make_world(path)
    command = [sys.executable, "-c", "from regsync.commands import main; main()", "local", "serve", "--db", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        process.terminate()
        _, said = process.communicate(timeout=30)
    assert f"export WANDB_BASE_URL={url}" in said
    assert "export WANDB_API_KEY=" in said
    assert api_key("alice") not in said
