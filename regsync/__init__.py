"""Terraform-style plan and apply for the W&B Registry: see `regsync.api` for the functions that are exported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regsync.version import __version__

if TYPE_CHECKING:
    from regsync.api import apply, load, observe, open_reader, open_writer, plan

__all__ = ["__version__", "apply", "load", "observe", "open_reader", "open_writer", "plan"]


def __getattr__(name: str) -> Any:
    # `regsync.api` loads the planner and the manifest reader; `regsync --version` must not wait for them.
    if name in __all__:
        from regsync import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
