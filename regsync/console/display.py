"""How far a command is, on stderr: a bar on a terminal, a line every ten seconds in a log.

Nothing is shown of what is done within two seconds. A thread looks now and then at the stages that are open; it draws the bar, and
whoever writes something else wipes it off first (`wiped`). The cursor is never hidden and nothing is left to put right, so that a
command which is ended by a signal leaves the terminal as it was.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from regsync.stages import Stage

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

PATIENCE = 2.0
"""Seconds from the first stage of a command until a bar is shown."""
HEARTBEAT = 10.0
"""Seconds between two lines."""
LOOK = 0.2
"""Seconds between two looks."""
Clock = Callable[[], float]
"""Seconds since some moment; never goes back."""
CLEAR = "\r\x1b[2K"
"""To the start of the line, and nothing on it."""


def pace(done: int, total: int, seconds: float) -> str:
    """How fast it goes and how long it will take; "" where that cannot be told yet.

    >>> pace(300, 900, 60.0)
    '5.0 a second, about 2 min left'
    """
    if done <= 0 or seconds <= 0:
        return ""
    rate = done / seconds
    left = max(0, total - done) / rate
    units = ((3600.0, "h"), (60.0, "min"), (1.0, "s"))
    size, unit = next(((size, unit) for size, unit in units if left >= size), units[-1])
    return f"{rate:,.{0 if rate >= 100 else 1}f} a second, about {left / size:.0f} {unit} left"


class Display:
    """A watcher of stages. `bar`: whether stderr is a terminal to draw on; else lines are written there."""

    def __init__(self, *, bar: bool, color: bool, clock: Clock | None = None) -> None:
        self._bar = Bar(color=color) if bar else None
        self._clock = clock or time.monotonic
        self._open: list[tuple[Stage, float]] = []
        self._begun: float | None = None
        self._last = 0.0
        self._guard = threading.RLock()  # A signal's handler may write while its thread is writing.
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, stage: Stage) -> None:
        """A stage of the command has begun; with the first one, somebody begins to look."""
        now = self._clock()
        with self._guard:
            self._open.append((stage, now))
        if self._thread is None:
            self._begun = self._last = now
            self._thread = threading.Thread(target=self._look, name="regsync-progress", daemon=True)
            self._thread.start()

    def end(self, stage: Stage) -> None:
        """The stage is over."""
        with self._guard:
            self._open = [each for each in self._open if each[0] is not stage]
            if not self._open:
                self._wipe()

    def close(self) -> None:
        """The command is over."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout=1)
        with self._guard:
            self._open.clear()
            self._wipe()

    @contextmanager
    def wiped(self) -> Iterator[None]:
        """Keep the bar off the screen while something else is written."""
        with self._guard:
            self._wipe()
            yield

    def _look(self) -> None:
        # What cannot be written any more (a terminal that was closed) is nothing to stop a command for.
        with suppress(OSError, ValueError):
            while not self._over.wait(LOOK):
                self.look()

    def look(self) -> None:
        """Show how far it is, where it is time to."""
        with self._guard:
            now = self._clock()
            if not self._open or self._begun is None or now - self._begun < PATIENCE:
                return
            what, stage, since = self._under_way()
            if self._bar is not None:
                self._bar.draw(what, stage, now - since)
            elif now - self._last >= HEARTBEAT:
                self._last = now
                click.echo(_line(what, stage, now - since), err=True)

    def _under_way(self) -> tuple[str, Stage, float]:
        """The outermost stage of which the total is known, or the innermost; and the names of those down to it."""
        known = (number for number, (stage, _) in enumerate(self._open, start=1) if stage.total is not None)
        shown = self._open[: next(known, len(self._open))]
        return ": ".join(stage.what for stage, _ in shown), *shown[-1]

    def _wipe(self) -> None:
        if self._bar is not None:
            with suppress(OSError, ValueError):
                self._bar.wipe()


def _line(what: str, stage: Stage, seconds: float) -> str:
    if stage.total is None:
        return f"{what}: {stage.done:,} {stage.unit}" if stage.done else f"{what}: {seconds:.0f} s so far"
    how = pace(stage.done, stage.total, seconds)
    return f"{what}: {stage.done:,} of {stage.total:,} {stage.unit}{', ' if how else ''}{how}"


class Bar:
    """One line at the bottom of a terminal."""

    def __init__(self, *, color: bool) -> None:
        self._color = color
        self._made: tuple[Console, Progress, TaskID] | None = None
        self._is_drawn = False

    def draw(self, what: str, stage: Stage, seconds: float) -> None:
        """Show the stage in place of what was drawn before."""
        from regsync.looks.escape import plain

        console, progress, task = self._made = self._made or self._make()
        how = "" if stage.total is None else pace(stage.done, stage.total, seconds)
        progress.update(
            task,
            description=plain(what),
            total=stage.total,
            completed=stage.done,
            count=_count(stage),
            pace=how,
            note=plain(stage.note),
        )
        with console.capture() as drawn:
            console.print(progress.get_renderable(), no_wrap=True, overflow="ellipsis", end="")
        sys.stderr.write(CLEAR + drawn.get().partition("\n")[0].rstrip())
        sys.stderr.flush()
        self._is_drawn = True

    def wipe(self) -> None:
        """Take it off the screen."""
        if self._is_drawn:
            self._is_drawn = False
            sys.stderr.write(CLEAR)
            sys.stderr.flush()

    def _make(self) -> tuple[Console, Progress, TaskID]:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        def text(field: str) -> TextColumn:
            return TextColumn(field, markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))

        console = Console(stderr=True, no_color=not self._color)
        columns = (
            text("{task.description}"),
            BarColumn(bar_width=30 if console.width >= 110 else 10),
            *map(text, _FIELDS),
        )
        progress = Progress(*columns, console=console, auto_refresh=False)  # Never started: it only lays out.
        return console, progress, progress.add_task("", total=None, count="", pace="", note="")


_FIELDS = ("{task.fields[count]}", "{task.fields[pace]}", "{task.fields[note]}")


def _count(stage: Stage) -> str:
    if stage.total is None:
        return f"{stage.done:,}" if stage.done else ""
    return f"{stage.done:,}/{stage.total:,}"


_shown: Display | None = None
"""The display of the command that runs in this process."""


@contextmanager
def shown(display: Display) -> Iterator[None]:
    """From now on, `wiped` is about this one."""
    global _shown  # noqa: PLW0603 - there is one stderr
    before, _shown = _shown, display
    try:
        yield
    finally:
        display.close()
        _shown = before


@contextmanager
def wiped() -> Iterator[None]:
    """Whatever is written meanwhile finds an empty line, where a bar is drawn."""
    if _shown is None:
        yield
    else:
        with _shown.wiped():
            yield


def can_draw() -> bool:
    """Whether stderr is a terminal on which a line can be drawn anew."""
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        return False
    return os.name != "nt" or bool(os.environ.get("WT_SESSION") or os.environ.get("TERM"))
