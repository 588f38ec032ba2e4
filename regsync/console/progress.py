"""How a command is watched: what is open is shown (`display`), and each operation of an apply with --verbose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from regsync.console.display import Clock, Display, can_draw, shown
from regsync.diagnostics import counted
from regsync.stages import watched_by

if TYPE_CHECKING:
    from regsync.backends.base import Outcome
    from regsync.console.context import Settings
    from regsync.core.operation import Operation


@contextmanager
def progress_shown(settings: Settings, clock: Clock | None = None) -> Iterator[Display | None]:
    """Show how far a command is, in the way that fits where stderr goes; nothing with --quiet."""
    if settings.quiet:
        yield None
        return
    display = Display(bar=can_draw() and not settings.verbose, color=settings.use_color(err=True), clock=clock)
    with shown(display), watched_by(display):
        yield display


class Announced:
    """A watch of an apply: its size for a log, and each operation with --verbose."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def begin(self, total: int) -> None:
        if self._settings.verbose or not can_draw():
            self._settings.say(f"applying {counted(total, 'operation')}")

    def about_to_send(self, operations: Sequence[Operation]) -> None:
        pass

    def settled(self, operation: Operation, outcome: Outcome) -> None:
        if self._settings.verbose:
            action = operation.action
            self._settings.say_plainly(f"{outcome.status}: {action.kind} {action.address}")
