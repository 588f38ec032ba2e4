"""How an apply is watched: a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from regsync.diagnostics import counted
from regsync.execution.execute import Silent, Watch
from regsync.views.escape import plain

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from regsync.backends.base import Outcome
    from regsync.console.context import Settings
    from regsync.core.operation import Operation

HEARTBEAT = 5.0
"""Seconds between two plain lines."""


@contextmanager
def progress_watch(settings: Settings) -> Iterator[Watch]:
    """A watch that fits where stderr goes; silent with --quiet."""
    if settings.quiet:
        yield Silent()
    elif sys.stderr is not None and sys.stderr.isatty() and not settings.verbose:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        console = Console(stderr=True, no_color=not settings.use_color(err=True))
        columns = (
            TextColumn("applying"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
        )
        with Progress(*columns, console=console, transient=True) as progress:
            yield _Bar(progress)
    else:
        yield _Lines(settings)


class _Bar:
    """A bar with the address under way."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def begin(self, total: int) -> None:
        self._task = self._progress.add_task("", total=total)

    def about_to_send(self, operations: Sequence[Operation]) -> None:
        if self._task is not None:
            self._progress.update(self._task, description=plain(str(operations[0].action.address)))

    def settled(self, operation: Operation, outcome: Outcome) -> None:
        if self._task is not None:
            self._progress.advance(self._task)


class _Lines:
    """Each operation with --verbose; otherwise a line every few seconds, so that a log shows that it goes on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._total = 0
        self._done = 0
        self._last = time.monotonic()

    def begin(self, total: int) -> None:
        self._total = total
        self._settings.say(f"applying {counted(total, 'operation')}")

    def about_to_send(self, operations: Sequence[Operation]) -> None:
        pass

    def settled(self, operation: Operation, outcome: Outcome) -> None:
        self._done += 1
        if self._settings.verbose:
            address = plain(str(operation.action.address))
            self._settings.say(f"{outcome.status}: {operation.action.kind} {address}")
        elif time.monotonic() - self._last >= HEARTBEAT:
            self._last = time.monotonic()
            self._settings.say(f"{self._done} of {self._total} operations")
