from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.wandb.worlds import KEYS
from tests.guarantees.grounds import Zygote
from tests.guarantees.room import Room


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    with Zygote() as made:
        yield made


@pytest.fixture(scope="session")
def other_zygote() -> Iterator[Zygote]:
    """For what happens while a job of the first is halted."""
    with Zygote() as made:
        yield made


@pytest.fixture
def room(tmp_path: Path, zygote: Zygote) -> Room:
    return Room(tmp_path, zygote)


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: these tests write to disk, with a flush each time, many thousand times."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="regsync-", dir=memory) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def own_key() -> Iterator[None]:
    """alice's key, for fixtures that last longer than a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_API_KEY", KEYS["alice"])
        yield


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No key, netrc or proxy of the machine takes part; alice's key is set."""
    for name in ("WANDB_BASE_URL", "WANDB_IDENTITY_TOKEN_FILE", "NETRC", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("WANDB_API_KEY", KEYS["alice"])
