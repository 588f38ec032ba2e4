"""The public API, used as the README shows it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import regsync
from regsync.commands import run

ROOT = Path(__file__).parent.parent
QUICKSTART = ROOT / "examples" / "quickstart"


@pytest.fixture
def quickstart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The quickstart's files in a folder of their own, seeded; the current folder is there."""
    folder = tmp_path / "examples" / "quickstart"
    shutil.copytree(QUICKSTART, folder, ignore=shutil.ignore_patterns(".regsync"))
    monkeypatch.chdir(tmp_path)
    db = folder / ".regsync" / "registry.db"
    db.parent.mkdir()
    assert run(["-q", "local", "seed", str(folder / "seed.yaml"), "--db", str(db)]) == 0
    return folder


def test_load_observe_plan_apply(quickstart: Path) -> None:
    loaded = regsync.load([quickstart / "registry.yaml"])
    spec = f"local:{quickstart / '.regsync' / 'registry.db'}"
    with regsync.open_writer(spec) as writer:
        plan = regsync.plan(loaded, writer)
        assert plan.applyable
        assert plan.complete
        receipt = regsync.apply(plan, writer)
        assert receipt is not None
        assert receipt.verified
        assert regsync.plan(loaded, writer).operations == ()
        live = regsync.observe(loaded, writer)
    fraud = live.registries["model"].collections["fraud-detector"]
    assert fraud.links[fraud.aliases["production"]].source == "acme-ml/fraud/fraud-detector:v9"
    assert fraud.aliases["rollback"] == 0


def test_the_readmes_example_runs_as_it_stands(quickstart: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    answer = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\d+ operations; states \d+, invariants 9\n", answer.stdout)
