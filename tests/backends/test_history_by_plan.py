"""The registry's own history tells by which plan, of which commit, each change was made: as the claim of whoever made it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx
import pytest

from regsync.backends.wandb.connection.options import Options
from regsync.core.plan_document import plan_digest
from regsync.local.store import events
from regsync.local.store.database import open_store
from tests.backends.wandb.script import MANIFEST, SEED
from tests.backends.wandb.worlds import KEYS, Work, local_apply, local_plan, served, write_world

PATIENT = Options(timeout=20.0, deadline=20.0)
_DESCRIBE = """mutation M($name: String!) { upsertModel(input: {
  entityName: "acme-org", name: "wandb-registry-model", description: $name }) { inserted } }"""


def recorded(registry: Path, since: int) -> list[events.Event]:
    store = open_store(registry, read_only=True)
    with store.read() as tx:
        found = events.since(tx, since)
    store.close()
    return found


@pytest.mark.needs("git")
@pytest.mark.parametrize("backend", ["local", "wandb"])
def test_every_change_of_an_apply_names_its_plan_and_commit(
    tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEYS["alice"])
    registry = write_world(tmp_path / "registry.db", SEED)
    before = len(recorded(registry, 0))
    work = Work(tmp_path / "repository", "", options=PATIENT)
    work.folder.mkdir()
    path = work.manifest(MANIFEST)
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(work.folder))
    for step in (("init", "-q"), ("add", "registry.yaml"), ("commit", "-q", "-m", "all")):
        subprocess.run([*git, *step], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    if backend == "local":
        plan = local_plan(registry, path)
        local_apply(registry, plan, tmp_path / "state")
    else:
        with served(registry) as server:
            work.server = server
            plan = work.plan(path)
            work.apply(plan)
    made = recorded(registry, before)
    assert len(made) > 20
    assert {(event.actor, event.plan, event.commit) for event in made} == {("alice", plan_digest(plan), head)}


CLAIMS = {
    "whole": ("sha256:" + "a" * 64, "b" * 40, "sha256:" + "a" * 64, "b" * 40),
    "without a commit": ("sha256:" + "a" * 64, None, "sha256:" + "a" * 64, ""),
    "no digest": ("<script>alert(1)</script>", "b" * 40, "", ""),
    "no commit": ("sha256:" + "a" * 64, "javascript:alert(1)", "sha256:" + "a" * 64, ""),
}


def test_what_is_no_digest_or_commit_is_not_kept(tmp_path: Path) -> None:
    registry = write_world(tmp_path / "registry.db", SEED)
    with served(registry) as server:
        for name, (plan, commit, *kept) in CLAIMS.items():
            before = len(recorded(registry, 0))
            headers = {"Regsync-Plan": plan, **({"Regsync-Commit": commit} if commit else {})}
            question = {"query": _DESCRIBE, "variables": {"name": name}}
            answer = httpx.post(f"{server}/graphql", json=question, headers=headers, auth=("api", KEYS["bob"]))
            assert "errors" not in answer.json()
            (event,) = recorded(registry, before)
            assert [event.actor, event.plan, event.commit] == ["bob", *kept]
