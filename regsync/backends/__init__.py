"""Backends: where registries live. `open_reader` and `open_writer` turn a SPEC into one.

SPEC comes from the command line or the environment, never from a manifest or a plan: nobody but the user decides where
credentials go.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from regsync.diagnostics import RegsyncError

if TYPE_CHECKING:
    from regsync.backends.base import Notify, Reader, Writer

DEFAULT_FILE = Path(".regsync/registry.db")


def local_file(spec: str) -> Path | None:
    """The file that `local[:FILE]` names; None for another backend."""
    kind, _, rest = spec.partition(":")
    return (Path(rest) if rest else DEFAULT_FILE) if kind == "local" else None


def open_reader(spec: str, organization: str | None, notify: Notify) -> Reader:
    """A backend that can only read. Raises `RegsyncError` for a SPEC that names none, `BackendError` where it cannot be opened."""
    file = local_file(spec)
    if file is not None:
        from regsync.backends.local.reading import LocalReader

        return LocalReader(file, organization)
    if spec.partition(":")[0] == "wandb":
        from regsync.backends.wandb import open_wandb

        return open_wandb(spec.partition(":")[2] or None, organization=organization, write=False, notify=notify)
    raise _unknown(spec)


def open_writer(spec: str, organization: str | None, notify: Notify) -> Writer:
    """A backend that can read and write. Raises as `open_reader` does."""
    file = local_file(spec)
    if file is not None:
        from regsync.backends.local.writing import LocalWriter

        return LocalWriter(file, organization)
    if spec.partition(":")[0] == "wandb":
        from regsync.backends.wandb import open_wandb

        return open_wandb(spec.partition(":")[2] or None, organization=organization, write=True, notify=notify)
    raise _unknown(spec)


def _unknown(spec: str) -> RegsyncError:
    return RegsyncError(
        f"there is no backend {spec.partition(':')[0]!r}",
        "write --backend local, local:FILE, wandb or wandb:URL",
        code="unknown-backend",
    )
