"""The registry file: making it, opening it, and transactions over it.

One SQLite file in rollback-journal mode (so that a read-only folder can still be planned against), `synchronous=FULL`,
one writer at a time (`BEGIN IMMEDIATE`, waiting up to `timeout` seconds). Every thread has its own connection, so one
`Store` may be shared by all threads of a process, and any number of processes may use the file.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from regsync.local.store import faults, opening
from regsync.local.store.actor import OWNER, Actor

DEFAULT_TIMEOUT = 10.0
"""Seconds to wait for another process's transaction."""

_STEPS_BETWEEN_LOOKS = 20_000
"""SQLite's own steps between two looks at whether a transaction shall stop: some milliseconds."""
_CLOSING = 10.0
"""Seconds that `Store.close` waits for the threads that use the store, after it has interrupted them."""
_BETWEEN_INTERRUPTS = 0.01
"""Seconds between two interrupts of a transaction that goes on."""

T = TypeVar("T")
Stop = Callable[[], bool]
Clock = opening.Clock
Json = Mapping[str, Any] | list[Any] | str | int | None


def utc_now() -> datetime:
    """The clock of a real registry. Tests pass their own."""
    return datetime.now(UTC)


CONTENTS = frozenset(
    {
        "aliases",
        "artifact_tags",
        "artifact_types",
        "artifacts",
        "collection_tags",
        "collections",
        "events",
        "memberships",
        "metrics",
    }
)
"""Tables that do not decide who may do what: changing them does not change what `Transaction.once` may be asked to keep."""
_TABLE = r"(?i)\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)"


@lru_cache(maxsize=512)
def _changes_contents(sql: str) -> bool:
    """Whether all that a statement changes is in `CONTENTS`. What depends on their rows is in there too."""
    found = re.match(_TABLE, sql)
    return found is not None and found[1].lower() in CONTENTS


class Transaction:
    """One consistent view of the registry, and where `writing`, one all-or-nothing change of it.

    Given to every function of this package as its first argument. Valid inside the `with` block only.
    """

    __slots__ = ("_connection", "_known", "actor", "files", "now", "settled", "writing")

    def __init__(self, connection: sqlite3.Connection, actor: Actor, files: Path, now: str, *, writing: bool) -> None:
        self._connection = connection
        self.actor = actor
        self.files = files
        self.now = now
        self.writing = writing
        self._known: dict[Hashable, Any] = {}
        self.settled = False
        """Whoever writes promises with it that from now on nothing changes who may do what: no member, no registry."""

    def handed_to(self, actor: Actor, stop: Stop | None) -> Transaction:
        """The same transaction for another actor, who is asked by `stop` whether to go on, as in `Store.write`; this one itself where
        it is that actor's already.

        One of the two at a time: what either has found out (`once`) is not told of what the other changes.
        """
        self._connection.set_progress_handler(stop, _STEPS_BETWEEN_LOOKS if stop else 0)
        if actor == self.actor:
            return self
        return Transaction(self._connection, actor, self.files, self.now, writing=self.writing)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` finds out of this view of the registry, found out once until this transaction changes something that is not in
        `CONTENTS`; where it is `settled`, whatever it changes. For who may do what, and for what holds contents."""
        if key not in self._known:
            self._known[key] = make()
        value: T = self._known[key]
        return value

    @property
    def is_open(self) -> bool:
        """Whether it can still be committed. SQLite itself takes back all of a transaction after some errors: a full disk, an interrupt."""
        return self._connection.in_transaction

    def one(self, sql: str, *parameters: Any) -> sqlite3.Row | None:
        """The first row, or None. Parameters are positional, or one mapping."""
        row: sqlite3.Row | None = self._execute(sql, parameters).fetchone()
        return row

    def all(self, sql: str, *parameters: Any) -> list[sqlite3.Row]:
        """All rows. Parameters are positional, or one mapping."""
        return self._execute(sql, parameters).fetchall()

    def value(self, sql: str, *parameters: Any) -> Any:
        """The first column of the first row, or None where there is no row."""
        row = self._execute(sql, parameters).fetchone()
        return row[0] if row else None

    def run(self, sql: str, *parameters: Any) -> int:
        """Execute a statement that changes something; the key of the row that it inserted, if it did."""
        self._changed(sql)
        return self._execute(sql, parameters).lastrowid or 0

    def change(self, sql: str, *parameters: Any) -> int:
        """Execute a statement that changes one row and returns a number of it."""
        self._changed(sql)
        ((number,),) = self._execute(sql, parameters).fetchall()
        return int(number)

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement once for each row of parameters: the fast way to insert many."""
        self._changed(sql)
        self._connection.executemany(sql, rows)

    def tuples(self, sql: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
        """Rows as plain tuples, fetched as they are asked for: the fast way to read many."""
        cursor = self._connection.cursor()
        cursor.row_factory = None
        cursor.execute(sql, parameters)
        return cursor

    def _execute(self, sql: str, parameters: tuple[Any, ...]) -> sqlite3.Cursor:
        if len(parameters) == 1 and isinstance(parameters[0], Mapping):
            return self._connection.execute(sql, parameters[0])
        return self._connection.execute(sql, parameters)

    def _changed(self, sql: str) -> None:
        if self._known and not self.settled and not _changes_contents(sql):
            self._known.clear()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the transaction that is taken back alone if its block raises."""
        self._connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._known.clear()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO part")
                self._connection.execute("RELEASE part")
            raise
        self._connection.execute("RELEASE part")

    def record(self, kind: str, organization: str, address: str, before: Json = None, after: Json = None) -> None:
        """Append to the event history; see `events.py` for the kinds. Part of this transaction like any change."""
        self._connection.execute(
            """INSERT INTO events (at, actor, kind, organization, address, before, after, plan, manifest_commit)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                self.now,
                self.actor.name,
                kind,
                organization,
                address,
                to_json(before),
                to_json(after),
                self.actor.plan,
                self.actor.commit,
            ),
        )


def to_json(value: Json) -> str | None:
    """Canonical JSON text for a column; None stays None."""
    if value is None:
        return None
    return _ENCODER.encode(value)


def json_parameter(value: list[Any]) -> str:
    """Many parameters as one, for `json_each`. Texts in it are what they would be as parameters of their own.

    Raises `ValueError` where they would not (a null character), or are none (half of a character).
    """
    text = json.dumps(value, ensure_ascii=False)
    if "\\u0000" in text:
        raise ValueError("a null character")
    text.encode()
    return text


def read_json(text: str | None) -> Any:
    """What `to_json` made a text of."""
    return None if text is None else json.loads(text)


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class _Held:
    """A thread's connection. It is closed when the thread ends; a forked process leaves it to the process that opened it.

    `busy` is locked while a transaction is open: closing a connection that another thread uses crashes the process.
    """

    __slots__ = ("__weakref__", "_may_write", "busy", "closed", "connection", "process")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.process = os.getpid()
        self.busy = threading.Lock()
        self.closed = False
        self._may_write: bool | None = None

    def let_write(self, may_write: bool) -> None:
        """Whether its next statements may change something. Said to SQLite only where it is new: with it, all statements that the
        connection has ready are prepared again."""
        if may_write is not self._may_write:
            self._may_write = None
            self.connection.execute(f"PRAGMA query_only = {'OFF' if may_write else 'ON'}")
            self._may_write = may_write

    def interrupt(self) -> None:
        if self.process == os.getpid() and self.busy.locked():
            self.connection.interrupt()

    def close(self, until: float) -> bool:
        """Interrupt its transaction, close it, and say whether it is closed; one that has not ended by `until` is left to its thread.

        An interrupt that comes between two statements does nothing [SQLite], so it is sent again until the transaction ends.
        """
        if self.process != os.getpid():
            return True
        while not self.busy.acquire(timeout=_BETWEEN_INTERRUPTS):
            if time.monotonic() >= until:
                return False
            self.connection.interrupt()
        try:
            self.closed = True
            self.connection.close()
        finally:
            self.busy.release()
        return True

    def __del__(self, process: Callable[[], int] = os.getpid) -> None:
        if self.process == process():  # A default, because at the end of the interpreter the module is empty.
            self.connection.close()


class Store:
    """A registry file. Use `open_store` or `create_store` to get one.

    `read_only` stores refuse to start a write, and their connections are in SQLite's `query_only` mode.
    """

    def __init__(
        self,
        path: Path,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        read_only: bool = False,
        clock: Clock = utc_now,
    ) -> None:
        self.path = path
        self.timeout = timeout
        self.read_only = read_only
        self._clock = clock
        self._local = threading.local()
        self._held: weakref.WeakSet[_Held] = weakref.WeakSet()
        self._guard = threading.Lock()

    @property
    def files(self) -> Path:
        """The folder beside the database that holds file contents too large to keep in it."""
        real = self.path.resolve()
        return real.with_name(real.name + ".files")

    @contextmanager
    def read(self, actor: Actor = OWNER, stop: Stop | None = None) -> Iterator[Transaction]:
        """A consistent view as `actor` may see it. Keep it short: a writer must wait for its end.

        `stop` is asked again and again while SQLite works, and ends it by returning True. Raises the `FileProblem` family.
        """
        with self._transaction("BEGIN", actor, stop, writing=False) as tx:
            yield tx

    @contextmanager
    def write(self, actor: Actor = OWNER, stop: Stop | None = None) -> Iterator[Transaction]:
        """A change made as `actor`: all of it is kept when the block ends, none of it when the block raises.

        `stop` as for `read`. Raises the `FileProblem` family; the functions called inside raise the `Refused` family.
        """
        if self.read_only:
            raise faults.read_only(self.path)
        with self._transaction("BEGIN IMMEDIATE", actor, stop, writing=True) as tx:
            yield tx

    @contextmanager
    def _transaction(self, begin: str, actor: Actor, stop: Stop | None, *, writing: bool) -> Iterator[Transaction]:
        with faults.explained(self.path, self.timeout), self._connected() as held:
            connection = held.connection
            connection.set_progress_handler(stop, _STEPS_BETWEEN_LOOKS if stop else 0)
            held.let_write(writing)
            opening.patiently(connection, self.timeout, lambda: opening.begin(connection, begin))
            try:
                now = self._clock().astimezone(UTC).isoformat(timespec="milliseconds")
                yield Transaction(connection, actor, self.files, now.replace("+00:00", "Z"), writing=writing)
                connection.execute("COMMIT")
            finally:
                connection.set_progress_handler(None, 0)
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def _connected(self) -> Iterator[_Held]:
        """This thread's connection, kept from being closed by another one."""
        while True:
            held = self._holding()
            if not held.busy.acquire(blocking=held.connection.in_transaction is False):
                raise RuntimeError("a transaction of this store is already open in this thread")
            if not held.closed:
                break
            held.busy.release()
        try:
            yield held
        finally:
            held.busy.release()

    def _holding(self) -> _Held:
        held: _Held | None = getattr(self._local, "held", None)
        if held is not None and held.process == os.getpid() and not held.closed:
            return held
        connection = opening.connect(self.path, self.timeout, "rw", reads_only=self.read_only)
        try:
            opening.patiently(connection, self.timeout, lambda: opening.check_is_ours(connection, self.path))
            opening.bring_up_to_date(connection, self.path, self.timeout)
            opened = _Held(connection)
            opened.let_write(not self.read_only)
        except BaseException:
            connection.close()
            raise
        self._local.held = opened
        with self._guard:
            self._held.add(opened)
        return opened

    def close(self) -> None:
        """Interrupt the transactions of all threads and close their connections. The store opens new ones if it is used again."""
        with self._guard:
            held, self._held = list(self._held), weakref.WeakSet()
            self._local = threading.local()
        for each in held:
            each.interrupt()
        until = time.monotonic() + _CLOSING
        running = [each for each in held if not each.close(until)]
        with self._guard:
            self._held.update(running)


def open_store(
    path: Path,
    *,
    timeout: float = DEFAULT_TIMEOUT,
    read_only: bool = False,
    clock: Clock = utc_now,
) -> Store:
    """Open an existing registry file. Raises `NoRegistryFile`, `NotARegistry`, `NewerVersion` and other `FileProblem`s."""
    store = Store(path, timeout=timeout, read_only=read_only, clock=clock)
    with faults.explained(path, timeout):
        store._holding()
    return store


def create_store(path: Path, *, timeout: float = DEFAULT_TIMEOUT, clock: Clock = utc_now) -> tuple[Store, bool]:
    """Open the registry file, making it (and its folder) first where there is none; whether it was made.

    An existing registry is left as it is, and a file that is something else is refused. Two processes may do this at once.
    """
    faults.check_path(path, must_exist=False)
    with faults.files_explained(path), faults.explained(path, timeout):
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # It holds what only its owner may read, so nobody else may open it.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = opening.connect(path, timeout, "rwc")
        try:
            made = opening.create_tables(connection, path, clock)
        finally:
            connection.close()
    return open_store(path, timeout=timeout, clock=clock), made
