"""Importing over HTTP: the same file as from the embedded registry; less where the key sees less, and still true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from regsync.local.store import artifacts
from regsync.local.store.actor import OWNER
from regsync.local.store.database import open_store
from regsync.names import SourceRef
from tests.backends.wandb.worlds import KEYS, served, write_world
from tests.commands.inside import ROOT, Cli


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    seed = yaml.safe_load((ROOT / "examples/adopt/seed.yaml").read_text())
    seed["users"] = {name: {"api_key": KEYS[name], "role": "admin" if name == "alice" else "member"} for name in KEYS}
    with served(write_world(tmp_path / "registry.db", seed)) as where:
        yield f"wandb:{where}"


def test_the_same_file_over_http(cli: Cli, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEYS["alice"])
    direct = cli("--backend", "local:registry.db", "import").out
    assert cli("--backend", url, "--organization", "acme", "import").out == direct


def test_a_key_that_sees_no_sources(cli: Cli, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEYS["carol"])
    done = cli("--backend", url, "--organization", "acme", "import", "-o", "live")
    assert done.code == 0, done.err
    text = Path("live/model.yaml").read_text()
    note = "# Linked, and not listed here, because this key cannot see the source: v0, v1."
    assert text.count(note) == 1
    churn = yaml.safe_load(text)["registries"]["model"]["collections"]["churn"]
    assert "versions" not in churn
    assert churn["aliases"]["production"]["version"] == "v0"
    assert len(churn["aliases"]["production"]["digest"]) == 32
    plan = cli("--backend", url, "plan", "live", "--detailed-exitcode")
    assert plan.code == 0, plan.out + plan.err
    assert cli("fmt", "--check", "live").code == 0


def test_sources_that_were_deleted(adopted: Cli) -> None:
    store = open_store(Path(".regsync/registry.db"))
    with store.write(OWNER) as tx:
        for number in (8, 13):
            found = artifacts.resolve(tx, SourceRef("acme-ml", "fraud", "fraud-detector", f"v{number}"))
            artifacts.delete(tx, found, with_aliases=True)
    store.close()
    assert adopted("import", "-o", "live").code == 0
    plan = adopted("plan", "live", "--detailed-exitcode")
    assert plan.code == 0, plan.out + plan.err
