"""Requests under way: how many of one user at once, how long a body may take to come, and how they end.

What a request does to the registry happens in a thread; all that change it share one (`groups.py`). Meanwhile the connection is
watched: when the client hangs up, or the server ends, the request's budget is cancelled and the thread stops.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable, Hashable
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request

from regsync.local.server.budget import Budget
from regsync.local.server.groups import Changes, Group
from regsync.local.store.errors import Invalid

AT_ONCE = 2
"""Requests of one user that are worked on at once; more of them wait. Their threads share one interpreter, so more of them at once make
each cost more, and whoever changes something waits for all that read."""
QUICK_SECONDS = 0.1
"""Longest that one request which reads keeps the next one waiting. Two threads that share one interpreter are no quicker than one
after the other, and whoever changes something waits for all that read: for one page, then, and not for two that take twice as long."""
UPLOADS_AT_ONCE = 16
CHANGES_AT_ONCE = 64
"""As `AT_ONCE`, for short requests that change something: they wait for the disk, better together, and none has a thread of its own."""
WATCHED_AFTER = 0.05
"""Seconds after which a request is looked at as one whose client may hang up; most are done by then."""
BODY_PAUSE = 30.0
"""Longest that a client may be silent while its body is read, in seconds."""
BODY_SECONDS = 120.0
"""Longest that the body of a JSON request may take."""

T = TypeVar("T")


class UnreadableError(Invalid):
    """The body of a request is too large, too slow, or not what it should be."""


class Work:
    """All requests under way of one application."""

    def __init__(self) -> None:
        self._budgets: weakref.WeakSet[Budget] = weakref.WeakSet()
        self._turns: dict[Hashable, asyncio.Semaphore] = {}
        self._reading = asyncio.Lock()
        self._ending = False

    def stop(self) -> None:
        """End all requests under way as soon as may be, and those that come."""
        self._ending = True
        for budget in list(self._budgets):
            budget.cancel("the server is ending")

    def turn(self, user: Hashable, at_once: int = AT_ONCE) -> asyncio.Semaphore:
        """To be held, with `async with`, while a request of that user is worked on: waits until fewer of them are."""
        found = self._turns.get((user, at_once))
        if found is None:
            found = self._turns[user, at_once] = asyncio.Semaphore(at_once)
        return found

    async def do(self, request: Request, act: Callable[[Budget], T], limiter: CapacityLimiter | None = None) -> T:
        """What `act` returns in a thread, one of those that `limiter` counts; the body must have been read.

        Its budget is cancelled when the client hangs up.
        """
        with self._budget(request) as budget:
            return await to_thread.run_sync(act, budget, limiter=limiter)

    async def read(self, request: Request, act: Callable[[Budget], T], limiter: CapacityLimiter | None = None) -> T:
        """As `do`, for what only reads: one at a time, of all users, as long as each is quick."""
        async with _Turn(self._reading):
            return await self.do(request, act, limiter)

    async def change(
        self, request: Request, changes: Changes, act: Callable[[Budget, Group | None], T], *, alone: bool
    ) -> T:
        """As `do`, in the thread of all changes: what `act` returns once all that it has changed is committed."""
        loop = asyncio.get_running_loop()
        told = loop.create_future()
        with self._budget(request) as budget:
            tell, post = partial(_settle, told), loop.call_soon_threadsafe
            change = changes.add(lambda group: act(budget, group), tell, post, alone=alone)
            await told
            return change.result()

    def _budget(self, request: Request) -> _Watched:
        budget = Budget()
        self._budgets.add(budget)
        if self._ending:
            budget.cancel("the server is ending")
        return _Watched(request, budget)


class _Turn:
    """A lock that is held for no more than `QUICK_SECONDS`; whoever takes longer goes on beside the next."""

    __slots__ = ("_ending", "_held", "_lock")

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock
        self._held = False

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        self._held = True
        self._ending = asyncio.get_running_loop().call_later(QUICK_SECONDS, self._end)

    async def __aexit__(self, *error: object) -> None:
        self._ending.cancel()
        self._end()

    def _end(self) -> None:
        if self._held:
            self._held = False
            self._lock.release()


class _Watched:
    """What a request may take; cancelled when its client hangs up, which is looked at once it has taken a while."""

    __slots__ = ("_beginning", "_budget", "_request", "_watching")

    def __init__(self, request: Request, budget: Budget) -> None:
        self._request, self._budget = request, budget
        self._watching: asyncio.Future[None] | None = None

    def __enter__(self) -> Budget:
        self._beginning = asyncio.get_running_loop().call_later(WATCHED_AFTER, self._begin)
        return self._budget

    def __exit__(self, *error: object) -> None:
        self._beginning.cancel()
        if self._watching is not None:
            self._watching.cancel()

    def _begin(self) -> None:
        self._watching = asyncio.ensure_future(_watch(self._request, self._budget))


def _settle(told: asyncio.Future[None]) -> None:
    if not told.done():  # Whoever waited may have been cancelled.
        told.set_result(None)


async def _watch(request: Request, budget: Budget) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    budget.cancel("the client is gone")


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """The body, piece by piece. Raises `UnreadableError` where the client is silent for too long."""
    more = True
    while more:
        chunk, more = await _chunk(request)
        if chunk:
            yield chunk


async def _chunk(request: Request) -> tuple[bytes, bool]:
    """A piece of the body, and whether there is more."""
    try:
        async with asyncio.timeout(BODY_PAUSE):
            message = await request.receive()
    except TimeoutError as error:
        raise UnreadableError(f"the rest of the body did not come within {BODY_PAUSE:g} seconds") from error
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


def announced(request: Request) -> int | None:
    """How long the body will be, in bytes; None where the request does not say."""
    length = request.headers.get("content-length", "")
    return int(length[:19]) if length.isascii() and length.isdigit() else None


async def body(request: Request, most: int) -> bytes:
    """The whole body. Raises `UnreadableError` for one of more than `most` bytes, or one that takes too long."""
    too_large = UnreadableError(f"the request is larger than {most} bytes")
    if (announced(request) or 0) > most:
        raise too_large
    chunk, more = await _chunk(request)
    if not more and len(chunk) <= most:
        return chunk
    held = bytearray(chunk)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                chunk, more = await _chunk(request)
                held += chunk
                if len(held) > most:
                    raise too_large
    except TimeoutError as error:
        raise UnreadableError(f"the body did not come within {BODY_SECONDS:g} seconds") from error
    if len(held) > most:
        raise too_large
    return bytes(held)
