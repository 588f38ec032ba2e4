from __future__ import annotations

from tests.local.conftest import world

__all__ = ["world"]
