from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.clients import Client, older_python
from tests.interop.worlds import make_world, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all tests of a process; each test makes registries of its own in it."""
    path = tmp_path_factory.mktemp("world") / "registry.db"
    make_world(path)
    with serving(path) as url:
        yield url


@pytest.fixture(params=["newest", pytest.param("older", marks=pytest.mark.torture(seconds=6, whole=True))])
def client(request: pytest.FixtureRequest, server: str, tmp_path: Path) -> Client:
    """The client; in `make torture` in the older release as well. A day's work (`test_everyday.py`) is done with both always."""
    python = Path(sys.executable) if request.param == "newest" else older_python()
    return Client(request.param, python, server, tmp_path)


@pytest.fixture
def newest(server: str, tmp_path: Path) -> Client:
    """The client, in its newest release only."""
    return Client("newest", Path(sys.executable), server, tmp_path)
