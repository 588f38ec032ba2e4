"""How an apply is watched: a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
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

HEARTBEAT = 10.0
"""Seconds between two plain lines."""
Clock = Callable[[], float]
"""Seconds since some moment; never goes back."""


def pace(done: int, total: int, seconds: float) -> str:
    """How fast it goes and how long it will take, as the end of a line; "" where that cannot be told yet.

    >>> pace(300, 900, 60.0)
    ', 5.0 a second, about 2 min left'
    """
    if done <= 0 or seconds <= 0:
        return ""
    rate = done / seconds
    left = (total - done) / rate
    units = ((3600.0, "h"), (60.0, "min"), (1.0, "s"))
    size, unit = next(((size, unit) for size, unit in units if left >= size), units[-1])
    return f", {rate:.1f} a second, about {left / size:.0f} {unit} left"


@contextmanager
def progress_watch(settings: Settings, clock: Clock = time.monotonic) -> Iterator[Watch]:
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
            TextColumn("{task.fields[pace]}", markup=False),
            TextColumn("{task.description}", markup=False),
        )
        with Progress(*columns, console=console, transient=True) as progress:
            yield _Bar(progress, clock)
    else:
        yield _Lines(settings, clock)


class _Bar:
    """A bar with the rate, the time left and the address under way."""

    def __init__(self, progress: Progress, clock: Clock) -> None:
        self._progress = progress
        self._clock = clock
        self._task: TaskID | None = None
        self._total = 0
        self._done = 0
        self._begun = 0.0

    def begin(self, total: int) -> None:
        self._total, self._done, self._begun = total, 0, self._clock()
        self._task = self._progress.add_task("", total=total, pace="")

    def about_to_send(self, operations: Sequence[Operation]) -> None:
        if self._task is not None:
            self._progress.update(self._task, description=plain(str(operations[0].action.address)))

    def settled(self, operation: Operation, outcome: Outcome) -> None:
        if self._task is not None:
            self._done += 1
            how = pace(self._done, self._total, self._clock() - self._begun)
            self._progress.update(self._task, advance=1, pace=how.removeprefix(", "))


class _Lines:
    """Each operation with --verbose; otherwise a line every few seconds, so that a log shows that it goes on."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._total = 0
        self._done = 0
        self._begun = self._last = clock()

    def begin(self, total: int) -> None:
        self._total = total
        self._begun = self._last = self._clock()
        self._settings.say(f"applying {counted(total, 'operation')}")

    def about_to_send(self, operations: Sequence[Operation]) -> None:
        pass

    def settled(self, operation: Operation, outcome: Outcome) -> None:
        self._done += 1
        if self._settings.verbose:
            address = plain(str(operation.action.address))
            self._settings.say(f"{outcome.status}: {operation.action.kind} {address}")
            return
        now = self._clock()
        if now - self._last >= HEARTBEAT:
            self._last = now
            how = pace(self._done, self._total, now - self._begun)
            self._settings.say(f"{self._done} of {self._total} operations{how}")
