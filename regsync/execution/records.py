"""Receipts as files: which there are, what they say, and in which order they were written.

A file that is no receipt, or was changed, is passed over: receipts tell what regsync knows, and a plan needs none of them.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from regsync.diagnostics import RegsyncError
from regsync.execution.receipt import Record, decode_receipt
from regsync.slots import NamedTuple
from regsync.system import READ_FLAGS

LARGEST = 512 * 1024 * 1024
"""Bytes. A receipt of a million operations is smaller than this."""
_TICK = timedelta(microseconds=1)
_LAST = datetime.max.replace(tzinfo=UTC)
_NEVER = datetime.min.replace(tzinfo=UTC)


class Found(NamedTuple):
    """A receipt and where it lies."""

    path: Path
    record: Record
    document: Any


def read_receipts_at(paths: Iterable[Path]) -> list[Found]:
    """The receipts among these files, oldest first."""
    found = []
    for path in sorted(set(paths)):
        try:
            document = json.loads(read_file(path))
            record = decode_receipt(document)
        except (OSError, ValueError, RecursionError, RegsyncError):
            continue
        found.append(Found(path, record, document))
    return in_order(found)


def in_order(found: Iterable[Found]) -> list[Found]:
    """Oldest first: by the order that was written into them, which a clock that goes back does not turn round."""
    return sorted(found, key=lambda each: (moment(each.record.order), moment(each.record.finished_at), each.path.name))


def files_in(folder: Path) -> Iterator[Path]:
    """Every file below a folder that may be a receipt. A folder that is not there, or may not be read, has none."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".json"))


def read_named(path: Path) -> list[Found]:
    """The receipts that a user names: one file, or all in a folder. Raises `RegsyncError` where there is none."""
    try:
        kind = path.stat().st_mode
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    if stat.S_ISDIR(kind):
        found = read_receipts_at(files_in(path))
        if not found:
            raise _unusable(path, "there is no receipt in this folder")
        return found
    try:
        document = json.loads(read_file(path))
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _unusable(path, "it is no JSON") from error
    return [Found(path, decode_receipt(document), document)]


def read_file(path: Path) -> bytes:
    """A file's contents. Raises `OSError`, also for what is no file: a device or a pipe would be read without end."""
    descriptor = os.open(path, READ_FLAGS)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - the descriptor is checked before it is read
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "it is a folder, a device or a pipe, not a file")
        if status.st_size > LARGEST:
            raise OSError(0, "it is too large for a receipt")
        return file.read()


def _unusable(path: Path, why: str) -> RegsyncError:
    hint = "name a receipt that an apply wrote, or a folder of them (.regsync/receipts)"
    return RegsyncError(f"no receipt can be read from {path}: {why}", hint, code="unreadable")


def moment(text: str) -> datetime:
    """A time in a receipt; what is none counts as long ago."""
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return _NEVER


def next_order(now: str, newest: str | None) -> str:
    """The place of a new receipt: now, or right behind the newest that there is where the clock has gone back."""
    place = moment(now)
    if newest is not None and moment(newest) < _LAST:
        place = max(place, moment(newest) + _TICK)
    return place.isoformat(timespec="microseconds").replace("+00:00", "Z")
