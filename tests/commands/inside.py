"""A folder of its own for each test, and the command line in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from regsync.commands import run

ROOT = Path(__file__).parents[2]
PROXIES = [name for each in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (each, each.lower())]


class Ran(NamedTuple):
    """What a command gave back."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ran]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Runs `regsync` with arguments in a fresh folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "no-settings"))
    for name in ("REGSYNC_BACKEND", "REGSYNC_ORGANIZATION", "REGSYNC_STATE_DIR", "WANDB_API_KEY", *PROXIES):
        monkeypatch.delenv(name, raising=False)

    def ran(*arguments: str) -> Ran:
        code = run(list(arguments))
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return ran


@pytest.fixture
def adopted(cli: Cli) -> Cli:
    """The same, with the registry of `examples/adopt` in the folder."""
    shutil.copy(ROOT / "examples/adopt/seed.yaml", "seed.yaml")
    assert cli("local", "seed", "seed.yaml").code == 0
    return cli
