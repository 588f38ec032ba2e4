"""The rest of what users do, and several clients at once."""

from __future__ import annotations

import sys
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.interop.clients import Client, older_python
from tests.interop.worlds import SEEDED


@pytest.mark.parametrize("client", ["newest", "older"], indirect=True)
def test_a_working_day(client: Client) -> None:
    name = f"day-{client.label}"
    seen = client.run("everyday", "bob", registry=name)
    assert seen["resumed"] is True
    assert seen["used"] == [
        f"acme-org/wandb-registry-{name}/models:production",
        f"acme-ml/day-{name}/{name}-day:latest",
    ]
    assert seen["run"] == {
        "state": "finished",
        "config": {"lr": 0.1},
        "loss": 0.5,
        "tags": ["a"],
        "notes": "second",
        "files": True,
    }
    assert len(seen["runs"]) >= 1
    assert seen["projects"] is True
    assert seen["draft"] == ["one.txt", "two.txt"]
    assert seen["ttl"] == 3
    assert seen["linked_ttl"] is True
    assert seen["types"] == {"model": [f"{name}-day"]}
    assert seen["versions"] == [f"{name}-day:v1", f"{name}-day:v0"]
    assert "are linked to collections of type 'model' (unlink them first)" in seen["other_type"]
    assert seen["moved"] == "evaluation"
    assert seen["description"] == "Logged every day"
    assert "aliases" in seen["kept_alias"]
    assert seen["dangling"]
    assert seen["still_linked"] == "v0"
    assert seen["exists"] == [True, False]


def test_an_artifact_that_no_client_logged(client: Client) -> None:
    name = f"seeded-{client.label}"
    seen = client.run("seeded", "bob", registry=name, source="acme-ml/seeded/planted:v0")
    assert seen["files"] == {path: b64encode(data).decode() for path, data in SEEDED.items()}
    assert seen["metadata"] == {"auc": 0.9}
    assert seen["link"]["full_name"] == f"wandb-registry-{name}/models:v0"


def test_both_releases_at_once(server: str, tmp_path: Path) -> None:
    clients = []
    for label, python in {"newest": Path(sys.executable), "older": older_python()}.items():
        home = tmp_path / label
        home.mkdir()
        clients.append(Client(label, python, server, home))
    clients[0].run("prepare", "alice", registry="rush", versions=0)
    with ThreadPoolExecutor() as pool:
        work = [
            pool.submit(client.run, "rush", user, registry="rush", label=f"{client.label}-{user}", versions=5)
            for client in clients
            for user in ("alice", "bob")
        ]
        indices = [done.result()["indices"] for done in work]
    assert sorted(index for own in indices for index in own) == list(range(20))
    assert all(own == sorted(own) for own in indices)
