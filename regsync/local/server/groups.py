"""Changes that come at the same moment are committed together: what each of them waits for is the disk.

Requests that change something are carried out one after the other anyway. Those that wait meanwhile share a transaction, each in
a savepoint of its own, and one commit; none is answered before it. One that fails takes back nothing but itself. A transaction
that SQLite takes back as a whole (an interrupt, a full disk) never happened: each request of it is carried out again, alone.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, Generic, TypeVar

from regsync.local.store.actor import OWNER, Actor
from regsync.local.store.database import Stop, Store, Transaction
from regsync.local.store.errors import Stopped
from regsync.local.store.faults import explained

GROUP_SECONDS = 0.05
"""Longest that changes are gathered before they are committed together: others wait for the file meanwhile."""
GATHER_SECONDS = 0.005
"""Longest that a group waits for as many changes as the last one had, and never longer than its commit took."""
_BUSY = 0.2
"""Seconds that groups follow each other, while others wait already, without a pause in which another process can get the file."""
_IDLE = 10.0
"""Seconds without a change after which the thread of all changes ends."""
_PAUSE = 0.006
"""Seconds; a little more than lies between two tries of whoever waits for the file."""

T = TypeVar("T")
Post = Callable[[Callable[[], None]], object]
"""Has something called in the thread of those who wait: of an event loop its `call_soon_threadsafe`."""


class LeftError(Exception):
    """Ends a transaction without keeping it. Never leaves `regsync.local.server`."""


def leave(stack: ExitStack) -> None:
    """End a transaction without keeping it."""
    left = LeftError()
    stack.__exit__(LeftError, left, None)


class Group:
    """A transaction that requests use in turn, in one thread: `enter`, then `keep` or `drop`; at the end of all, `commit`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open = ExitStack()
        self._tx: Transaction | None = None
        self._latest: Transaction | None = None
        """That of the request which was in last; where the next one is of the same actor, what was found out for it is so still."""
        self._inside = False
        self._began = time.monotonic()
        self.refused: Exception | None = None
        """Why the file cannot be had; it is not tried again for those who have waited as long."""

    def enter(self, actor: Actor, stop: Stop) -> Transaction:
        """The transaction for one request, begun where there is none. Raises the `FileProblem` family."""
        if self.refused is not None:
            raise self.refused
        if self.is_lost:
            raise Stopped(
                f"{self._store.path}: taken back; it is carried out again"
            )  # Nobody is told: see `Changes._end`.
        if self._tx is None:
            try:
                self._tx = self._open.enter_context(self._store.write(OWNER))
            except Exception as error:
                self.refused = error
                raise
        with explained(self._store.path, self._store.timeout):
            self._tx.run("SAVEPOINT request")
        self._inside = True
        self._latest = (self._latest or self._tx).handed_to(actor, stop)
        return self._latest

    @contextmanager
    def first(self, tx: Transaction) -> Iterator[None]:
        """The first change of the request that has entered, which so needs no savepoint of its own: where the block raises, all is
        as it was when the request entered. `tx` is what `enter` has returned."""
        try:
            yield
        except BaseException:
            if tx.is_open:
                tx.run("ROLLBACK TO request")
            raise

    def keep(self) -> None:
        """What the request has changed is to be committed. Raises the `FileProblem` family."""
        if self._inside and self._tx is not None and self._tx.is_open:
            with explained(self._store.path, self._store.timeout):
                self._tx.run("RELEASE request")
        self._inside = False

    def drop(self) -> None:
        """What the request has changed, and was not to be kept, is taken back."""
        if not self._inside:
            return
        if self._tx is not None and self._tx.is_open:
            self._tx.handed_to(OWNER, None)
            self._tx.run("ROLLBACK TO request")
            self._tx.run("RELEASE request")
        self._inside = False
        self._latest = None  # It may have found out something that is taken back.

    @property
    def is_lost(self) -> bool:
        """Whether SQLite has taken back all of it."""
        return self._tx is not None and not self._tx.is_open

    @property
    def is_over(self) -> bool:
        """Whether no more requests shall enter."""
        return self.is_lost or (self.refused is None and time.monotonic() > self._began + GROUP_SECONDS)

    def commit(self) -> None:
        """Raises the `FileProblem` family; then nothing was kept."""
        if self.is_lost:
            leave(self._open)
        elif self._tx is not None:
            self._tx.handed_to(OWNER, None)
            self._open.close()
        self._tx = None


def _at_once(tell: Callable[[], None]) -> None:
    tell()


class Change(Generic[T]):
    """A request that waits for its turn, and what became of it. `post` is given what calls `tell`, once that is known."""

    def __init__(self, act: Callable[[Group | None], T], tell: Callable[[], None], post: Post, *, alone: bool) -> None:
        self._act = act
        self.tell = tell
        self.post = post
        self.alone = alone
        self._value: T | None = None
        self._error: BaseException | None = None

    def carry_out(self, group: Group | None) -> None:
        self._value = self._error = None
        try:
            self._value = self._act(group)
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for it
            self._error = error

    def fail(self, error: BaseException) -> None:
        self._value, self._error = None, error

    def result(self) -> T:
        """What `act` has returned, or raised; once it is told."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value] # what `act` has returned


def _tell(members: Sequence[Change[Any]]) -> None:
    """Whoever waits is woken once, and not once for each member: a thread that wakes another one waits for the interpreter then."""
    posts: dict[Post, list[Callable[[], None]]] = {}
    for each in members:
        posts.setdefault(each.post, []).append(each.tell)
    for post, tells in posts.items():
        with suppress(RuntimeError):
            post(partial(_call, tells))


def _call(tells: Iterable[Callable[[], None]]) -> None:
    for tell in tells:
        tell()


class Changes:
    """All requests that change one registry file, carried out in one thread, which is there while there are some.

    One thread is woken for a group, and not one for each member; and its connection knows the file's pages from one group to the next,
    since nobody else has changed them.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._arrived = threading.Condition()
        self._waiting: deque[Change[Any]] = deque()
        self._working = False
        self._since = 0.0
        self._together = 1
        self._commit_seconds = 0.0

    @property
    def waiting(self) -> int:
        """How many wait for their turn. What is carried out now is not among them."""
        return len(self._waiting)

    def add(
        self,
        act: Callable[[Group | None], T],
        tell: Callable[[], None],
        post: Post = _at_once,
        *,
        alone: bool = False,
    ) -> Change[T]:
        """A change that is carried out when it is its turn; `tell` is called once all of it is committed or it has failed, by what
        `post` is given, in another thread: once for all of a group that have the same. `post` may raise `RuntimeError` where nobody
        waits. `act` is given the group that it is in, and has to `enter` it; None where it is `alone` and has a transaction of its own.
        It may be called again. Raises `RuntimeError` where the system has no thread left; never waits."""
        change = Change(act, tell, post, alone=alone)
        with self._arrived:
            if not self._working:  # Before the change is one that waits: a system that has no thread left raises here.
                threading.Thread(target=self._work, name="changes", daemon=True).start()
                self._working = True
            self._waiting.append(change)
            if len(self._waiting) == 1:
                self._arrived.notify()
        return change

    def _work(self) -> None:
        while self._some_wait():
            members: list[Change[Any]] = []
            try:
                self._round(members)
            except BaseException as error:  # noqa: BLE001 - a defect; whoever waits is told of it
                for each in members:
                    each.fail(error)
            _tell(members)

    def _some_wait(self) -> bool:
        """Whether there is a change to be carried out; False ends the thread."""
        with self._arrived:
            if not self._waiting:
                self._since = 0.0
                if not self._arrived.wait_for(lambda: self._waiting, timeout=_IDLE):
                    self._working = False
                    return False
        now = time.monotonic()
        self._since = self._since or now
        if now > self._since + _BUSY:
            self._since = 0.0
            time.sleep(_PAUSE)
        return True

    def _round(self, members: list[Change[Any]]) -> None:
        """One group, of as many as come while it lasts; or one change that is alone. They are put into `members`."""
        members.append(self._waiting.popleft())
        if members[0].alone:
            members[0].carry_out(None)
            return
        group = Group(self.store)
        members[0].carry_out(group)
        most: int | None = None
        patience = min(self._commit_seconds, GATHER_SECONDS)
        while not group.is_over and most != 0:
            # Clients whose changes were committed together come back together, if they come.
            if len(members) < self._together and group.refused is None:
                patience = self._wait(patience)
            if not self._waiting or self._waiting[0].alone:
                break
            if group.refused is not None:  # Those who wait by now have waited as long.
                most = (len(self._waiting) if most is None else most) - 1
            members.append(self._waiting.popleft())
            members[-1].carry_out(group)
        self._end(group, members)

    def _wait(self, patience: float) -> float:
        """Until there is a change that waits, so many seconds at most; how many of them are left."""
        if self._waiting or patience <= 0:
            return patience
        began = time.monotonic()
        with self._arrived:
            self._arrived.wait_for(lambda: self._waiting, timeout=patience)
        return patience - (time.monotonic() - began)

    def _end(self, group: Group, members: list[Change[Any]]) -> None:
        lost, began = group.is_lost, time.monotonic()
        self._together = len(members)
        try:
            group.commit()
        except Exception as error:  # noqa: BLE001 - it is told to all of them
            for each in members:
                each.fail(error)
        self._commit_seconds = time.monotonic() - began
        if lost:
            for each in members:
                each.carry_out(None)
