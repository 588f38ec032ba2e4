from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from regsync.local.store.database import Store, open_store
from tests.interop.worlds import make_world, serving


class Served(NamedTuple):
    """A server in a process of its own, and the registry file that it serves."""

    url: str
    path: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("served") / "registry.db"
    make_world(path)
    with serving(path) as url:
        yield Served(url, path)


@pytest.fixture
def store(served: Served) -> Iterator[Store]:
    """The served registry file, opened beside the server."""
    opened = open_store(served.path)
    yield opened
    opened.close()
