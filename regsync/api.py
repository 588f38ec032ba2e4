"""The public API: load manifests, observe a registry, plan, apply. The command line is its first user.

import regsync

loaded = regsync.load(["registries/"])
with regsync.open_writer("local:registry.db") as writer:
    plan = regsync.plan(loaded, writer)
    receipt = regsync.apply(plan, writer)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from regsync import backends
from regsync.backends.base import Reader, Writer
from regsync.core.desired import HazardName
from regsync.core.live import Live
from regsync.core.plan import Plan, Selection
from regsync.core.scope import scope_of
from regsync.execution.receipt import Receipt
from regsync.execution.run import apply_plan
from regsync.execution.state import StateDir
from regsync.manifest.reading.load import Loaded, load
from regsync.names import parse_address
from regsync.planning.making import plan_manifests

__all__ = ["apply", "load", "observe", "open_reader", "open_writer", "plan"]


def _silent(message: str) -> None:
    pass


def open_reader(
    spec: str = "local", organization: str | None = None, notify: Callable[[str], None] = _silent
) -> Reader:
    """A registry for reading: it has no way to write. Use it in a `with` statement.

    `spec` is `local[:FILE]` or `wandb[:URL]`; `organization` a display name; `notify` is told of waits and retries.
    Raises `RegsyncError` for an unknown spec and `BackendError` where the registry cannot be opened.
    """
    return backends.open_reader(spec, organization, notify)


def open_writer(
    spec: str = "local", organization: str | None = None, notify: Callable[[str], None] = _silent
) -> Writer:
    """A registry for reading and writing. As `open_reader` otherwise."""
    return backends.open_writer(spec, organization, notify)


def observe(loaded: Loaded, reader: Reader) -> Live:
    """What is live of all that the manifests declare, and no more.

    Raises `BackendError` where any part of it could not be read in full: what is missing in the answer is absent.
    """
    return reader.observe(scope_of(loaded.desired))


def plan(
    loaded: Loaded,
    reader: Reader,
    *,
    targets: Sequence[str] = (),
    excludes: Sequence[str] = (),
    allow: Mapping[str, int | None] | None = None,
) -> Plan:
    """Plan what it takes to make live as declared. Never writes.

    `targets` and `excludes` are addresses (`model/fraud-detector:production`); `allow` consents to hazards by name, to at
    most so many (None: any number). `Plan.applyable` says whether every hazard is consented to.
    Raises `DiagnosticsError` with every reason why there is no plan, `BackendError`, and `ValueError` for an address or
    a hazard that is none.
    """
    selection = Selection(
        tuple(parse_address(text) for text in targets),
        tuple(parse_address(text) for text in excludes),
        {HazardName(name): number for name, number in (allow or {}).items()},
    )
    return plan_manifests(loaded, reader, selection).plan


def apply(plan: Plan, writer: Writer, *, state_dir: Path | None = None) -> Receipt | None:
    """Carry out exactly this plan, or refuse before the first write. None: every result was there already.

    `state_dir` is where journal and receipt go (`.regsync` in the current folder). What became of each operation is in the
    receipt. Raises `StalePlanError`, `RefusedError`, `BackendError`, and `RegsyncError` for a locked or unwritable state
    folder.
    """
    return apply_plan(plan, writer, StateDir(state_dir), planned_now=True).receipt
