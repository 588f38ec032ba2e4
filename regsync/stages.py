"""What is under way, and how far it is: told by whoever does the work, seen by whoever watches, if anybody does.

Work knows no clock and no terminal: it opens a `stage` and counts. As with the log of the standard library, who listens is not
handed from call to call; without a watcher a stage costs next to nothing. The core opens none: `one_by_one` is handed to it as
its `Seen`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

from regsync.slots import dataclass

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Stage:
    """Something under way. `done` of `total` things, which are called `unit`; `total` is None where nobody knows it yet.

    `note`: what it is at right now; names in it may be anybody's, so whoever shows it makes it harmless.
    """

    what: str
    unit: str
    total: int | None
    done: int = 0
    note: str = ""

    def advance(self, number: int = 1) -> None:
        """So many more are done."""
        self.done += number

    def reach(self, done: int, total: int | None) -> None:
        """So many are done, of so many."""
        self.done, self.total = done, total


class Watcher(Protocol):
    """Sees stages begin and end, the inner ones before the outer ones, and looks at them in between; changes nothing."""

    def begin(self, stage: Stage) -> None: ...

    def end(self, stage: Stage) -> None: ...


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Let it see the stages that begin meanwhile, in this thread."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


@contextmanager
def stage(what: str, unit: str = "", total: int | None = None) -> Iterator[Stage]:
    """Something that may take its time: `reading registries`, `items`."""
    begun = Stage(what, unit, total)
    watcher = _watcher.get()
    if watcher is None:
        yield begun
        return
    watcher.begin(begun)
    try:
        yield begun
    finally:
        watcher.end(begun)


def one_by_one(what: str, unit: str, things: Collection[T], size: Callable[[T], int] = lambda _: 1) -> Iterator[T]:
    """The things, one after the other, as a stage. `size`: how many of `unit` one of them counts for."""
    if _watcher.get() is None:
        yield from things
        return
    with stage(what, unit, sum(map(size, things))) as under_way:
        for thing in things:
            yield thing
            under_way.advance(size(thing))
