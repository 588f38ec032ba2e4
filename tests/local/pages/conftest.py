from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from selenium.webdriver import Chrome

from tests.backends.wandb.worlds import served, write_world
from tests.chromium import chromium
from tests.local.pages.world import SEED


class Served(NamedTuple):
    """A server in this process, and the registry file that it serves."""

    url: str
    path: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = write_world(tmp_path_factory.mktemp("pages") / "registry.db", SEED)
    with served(path) as url:
        yield Served(url, path)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome
