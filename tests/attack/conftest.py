"""The world that the attackers are in: a server in this process, and people with more and less rights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack.people import Server, make_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with make_server(tmp_path / "registry.db") as made:
        yield made
