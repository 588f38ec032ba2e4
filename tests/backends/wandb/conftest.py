from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.wandb.script import SEED
from tests.backends.wandb.wire import Relay, relay
from tests.backends.wandb.worlds import KEYS, Work, served, write_world


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No key, netrc or proxy of the machine takes part; alice's key is set."""
    monkeypatch.delenv("WANDB_CONFIG_DIR", raising=False)
    for name in ("WANDB_BASE_URL", "WANDB_IDENTITY_TOKEN_FILE", "NETRC", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("WANDB_API_KEY", KEYS["alice"])


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry file with the world of `script.SEED`; to be copied, never written."""
    return write_world(tmp_path_factory.mktemp("seed") / "seed.db", SEED)


@pytest.fixture
def file(seed: Path, tmp_path: Path) -> Path:
    """The registry file behind the server: what is true, whatever the server says."""
    path = tmp_path / "registry.db"
    shutil.copy(seed, path)
    return path


@pytest.fixture
def between(file: Path) -> Iterator[Relay]:
    """Our server behind a relay that can be told to behave as another one."""
    with served(file) as server, relay(server) as made:
        yield made


@pytest.fixture
def work(between: Relay, tmp_path: Path) -> Work:
    return Work(tmp_path, between.url)
