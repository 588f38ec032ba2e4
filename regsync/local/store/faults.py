"""Turning what SQLite and the operating system report into errors that a person can act on."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from regsync.local.store.errors import (
    Damaged,
    DiskFull,
    FileProblem,
    Locked,
    NoRegistryFile,
    NotARegistry,
    ReadOnly,
    Stopped,
)

MAKE_ONE = "make one with: regsync local init --org NAME, or regsync local seed FILE"
_FULL = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EFBIG")}
_LACKING = ("no such table", "no such column", "malformed JSON")
"""How SQLite says of a file that somebody has changed by hand what it misses there."""
_DENIED = {errno.EROFS, errno.EACCES, errno.EPERM}


def read_only(path: Path) -> ReadOnly:
    """The error for a write to something that cannot be written."""
    return ReadOnly(
        f"{path}: the registry file or its folder cannot be written",
        hint="reading still works; check the permissions, or use another file with --db",
    )


def check_path(path: Path, *, must_exist: bool) -> None:
    """Refuse paths that SQLite would only complain about vaguely. Raises `NotARegistry` or `NoRegistryFile`."""
    try:
        if path.is_dir():
            raise NotARegistry(f"{path}: a folder, not a registry file", hint=MAKE_ONE)
        if path.exists() and not path.is_file():
            raise NotARegistry(f"{path}: not a regular file", hint=MAKE_ONE)
        if must_exist and not path.exists():
            raise NoRegistryFile(f"{path}: no such registry file", hint=MAKE_ONE)
    except OSError as error:
        raise NotARegistry(
            f"{path}: cannot be opened: {error.strerror or error}", hint="check the path and its permissions"
        ) from error


@contextmanager
def explained(path: Path, timeout: float) -> Iterator[None]:
    """Raise the fitting `FileProblem` in place of any error of SQLite in the block."""
    try:
        yield
    except sqlite3.Error as error:
        problem = _from_sqlite(error, path, timeout)
        if problem is None:
            raise
        raise problem from error


@contextmanager
def files_explained(path: Path) -> Iterator[None]:
    """Raise the fitting `FileProblem` in place of any error of the operating system in the block."""
    try:
        yield
    except OSError as error:
        raise _from_os(error, path) from error


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection holds a lock that is in the way."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _from_sqlite(error: sqlite3.Error, path: Path, timeout: float) -> FileProblem | None:
    extended = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF
    if is_busy(error):
        return Locked(
            f"{path}: another process is using the registry; waited {timeout:g} seconds",
            hint="try again when it is done",
        )
    if code == sqlite3.SQLITE_INTERRUPT:
        return Stopped(f"{path}: stopped before it was done; nothing was changed")
    if code == sqlite3.SQLITE_NOTADB:
        return NotARegistry(f"{path}: not a SQLite file", hint=MAKE_ONE)
    if code == sqlite3.SQLITE_FULL or extended == sqlite3.SQLITE_IOERR_WRITE:
        return _full(path)
    if extended == sqlite3.SQLITE_READONLY_ROLLBACK:
        return ReadOnly(
            f"{path}: a write was interrupted and must be rolled back first, but the file or its folder cannot be written",
            hint="read it once as somebody who may write it: regsync local info",
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return read_only(path)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR):
        return Damaged(
            f"{path}: reading or writing the file failed: {error}",
            hint="nothing of this change was kept; check the disk, and restore the file from a copy if it is damaged",
        )
    if code == sqlite3.SQLITE_ERROR and str(error).startswith(_LACKING):
        return Damaged(
            f"{path}: the file calls itself a registry and lacks what one has: {error}",
            hint="nothing of this change was kept; restore the file from a copy, or use another one with --db",
        )
    return None


def _from_os(error: OSError, path: Path) -> FileProblem:
    where = error.filename or path
    if error.errno in _FULL:
        return _full(Path(where))
    if error.errno in _DENIED:
        return read_only(Path(where))
    return FileProblem(f"{where}: {error.strerror or error}")


def _full(path: Path) -> DiskFull:
    return DiskFull(
        f"{path}: cannot be written: the disk is full, or a quota or a limit on file sizes is reached",
        hint="nothing of this change was kept; make room and try again",
    )
