"""Opening the file with SQLite: connections as this package needs them, whose file it is, its tables made or brought up to date."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from regsync.local.store import faults, patterns
from regsync.local.store.errors import NewerVersion, NoRegistryFile, NotARegistry, ReadOnly

APPLICATION_ID = 0x52475359
"""`RGSY`, in the header of the file: this is a regsync registry and nothing else."""
SCHEMA_VERSION = 6
"""Files of older versions are brought to this one when they are opened (`migrations.py`); newer ones are refused."""

_CACHE_KIB = 64 * 1024
"""At most this much memory a connection for pages, if it writes; SQLite's own 2 MiB makes large seeds a third slower. Who only reads
goes through each table in its order, and is as fast with those."""

T = TypeVar("T")
Clock = Callable[[], datetime]


def connect(path: Path, timeout: float, mode: str, *, reads_only: bool = False) -> sqlite3.Connection:
    """A connection to the file, in SQLite's `mode` of opening. `reads_only`: nothing will be written but what brings an old file up to
    date. Raises `NotARegistry`, `NoRegistryFile`."""
    faults.check_path(path, must_exist=mode != "rwc")
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        _prepare(connection, timeout)
        if not reads_only:
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, timeout: float) -> None:
    connection.row_factory = sqlite3.Row
    connection.create_function("regexp", 2, patterns.found, deterministic=True)
    connection.create_function("folded", 1, _folded, deterministic=True)
    connection.execute("PRAGMA foreign_keys = ON")
    patiently(connection, timeout, lambda: connection.execute("PRAGMA synchronous = FULL"))


def _folded(text: str | None) -> str:
    """SQL's `folded(text)`: for comparing without regard to case, in every script. Null is nothing."""
    return (text or "").casefold()


def begin(connection: sqlite3.Connection, begin: str) -> None:
    """Begin a transaction and take its lock at once, so that nothing in a read can find the file locked later."""
    connection.execute(begin)
    connection.execute("SELECT 1 FROM instance").fetchone()


def patiently(connection: sqlite3.Connection, timeout: float, act: Callable[[], T]) -> T:
    """Do something that takes a lock, trying every few milliseconds until the timeout.

    SQLite's own waiting pauses up to 100 ms between tries, and a busy writer leaves gaps far shorter than that: readers
    were seen to wait for seconds. Once a lock is held, SQLite's waiting is right again: for the commit.
    """
    deadline = time.monotonic() + timeout
    pause = 0.0
    connection.execute("PRAGMA busy_timeout = 0")
    while True:
        try:
            result = act()
            break
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if not faults.is_busy(error) or time.monotonic() > deadline:
                raise
        pause = min(pause + 0.001, 0.005)
        time.sleep(pause)
    connection.execute(f"PRAGMA busy_timeout = {round(timeout * 1000)}")
    return result


def check_is_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `NoRegistryFile`, `NotARegistry` or `NewerVersion` unless this is a registry of a format that is known here."""
    application, version, tables = _identity(connection)
    if not tables:
        raise NoRegistryFile(f"{path}: the file is empty", hint=faults.MAKE_ONE)
    if application != APPLICATION_ID:
        raise NotARegistry(f"{path}: a SQLite database, but not a regsync registry", hint=faults.MAKE_ONE)
    if version > SCHEMA_VERSION:
        raise NewerVersion(
            f"{path}: written by a newer regsync (format {version}; this one knows formats up to {SCHEMA_VERSION})",
            hint="upgrade regsync, or use another file with --db",
        )


def bring_up_to_date(connection: sqlite3.Connection, path: Path, timeout: float) -> None:
    """Migrate a file of an older version, whatever it was opened for. Two processes may do this at once."""
    if _identity(connection)[1] >= SCHEMA_VERSION:
        return
    try:
        patiently(connection, timeout, lambda: connection.execute("BEGIN IMMEDIATE"))
        version = _identity(connection)[1]
        if version < SCHEMA_VERSION:
            from regsync.local.store import migrations

            migrations.migrate(connection, version)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_READONLY:
            raise
        raise ReadOnly(
            f"{path}: written by an older regsync, and it cannot be brought up to date: the file or its folder cannot be written",
            hint="open it once as somebody who may write it: regsync local info",
        ) from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _identity(connection: sqlite3.Connection) -> tuple[int, int, int]:
    row = connection.execute(
        """SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
                  (SELECT count(*) FROM sqlite_schema)"""
    ).fetchone()
    return row[0], row[1], row[2]


def create_tables(connection: sqlite3.Connection, path: Path, clock: Clock) -> bool:
    """Make the tables in one transaction, unless the file has some already. A kill in between leaves an empty file."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        application, _, tables = _identity(connection)
        if tables or application:
            connection.execute("ROLLBACK")
            check_is_ours(connection, path)
            return False
        from regsync.local.store.keys import COST

        schema = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
        for statement in _statements(schema):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO instance (one, uuid, created_at, key_salt, key_cost) VALUES (1, ?, ?, randomblob(16), ?)",
            (
                str(uuid.uuid4()),
                clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                COST,
            ),
        )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return True


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
