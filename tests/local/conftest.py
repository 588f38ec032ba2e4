from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fresh world with the registry `model` still to be made."""
    made = make_world(tmp_path / "registry.db")
    yield made
    made.store.close()
