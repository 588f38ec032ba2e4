"""The journal: what is about to be sent, on disk before it is sent. It lives until the receipt is written.

One JSON object a line. The first holds the plan; then `{"event": "sent", "ids": […]}` before each batch and
`{"event": "settled", "outcomes": {id: …}}` after it. A last line that was cut short is ignored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from regsync.backends.base import Outcome, Status
from regsync.core.canonical import canonical_pieces
from regsync.diagnostics import RegsyncError
from regsync.execution.files import sync_folder
from regsync.slots import dataclass

JOURNAL_FORMAT = "regsync/journal/v1"


class Journal:
    """Append-only; every line is on disk when the call returns."""

    def __init__(self, path: Path, plan_document: Mapping[str, Any], started_at: str, reviewed: str) -> None:
        """`reviewed`: the digest that the plan was reviewed under. Raises `RegsyncError` where it cannot be written."""
        self.path = path
        self._length = 0
        try:
            self._file = path.open("xb", buffering=0)
            sync_folder(path.parent)
        except OSError as error:
            raise _cannot_write(path, error) from error
        first = {"format": JOURNAL_FORMAT, "started_at": started_at, "reviewed": reviewed, "plan": plan_document}
        self._write(canonical_pieces(first, depth=3))

    def sent(self, ids: Sequence[str]) -> None:
        """These operations are about to be sent. Raises `RegsyncError` where that cannot be written down."""
        self._append({"event": "sent", "ids": list(ids)})

    def settled(self, outcomes: Mapping[str, Outcome]) -> None:
        """This is what became of them."""
        self._append({"event": "settled", "outcomes": {key: outcome_json(value) for key, value in outcomes.items()}})

    def remove(self) -> None:
        """The receipt is written; the journal is not needed any more."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _append(self, line: Mapping[str, Any]) -> None:
        self._write([json.dumps(line)])

    def _write(self, pieces: Iterable[str]) -> None:
        """Write one line, all of it or nothing: what a full disk takes of it is taken back."""
        length = 0
        try:
            for piece in chain(pieces, "\n"):
                data = piece.encode("utf-8", "surrogatepass")
                written = 0
                while written < len(data):
                    written += self._file.write(data[written:])
                length += written
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(self._length)
                self._file.seek(self._length)
            raise _cannot_write(self.path, error) from error
        self._length += length

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _cannot_write(path: Path, error: OSError) -> RegsyncError:
    return RegsyncError(
        f"cannot write the journal {path}: {error.strerror or error}",
        "no operation is sent that is not in the journal; make room or give another state folder, then run this again",
        code="journal",
    )


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as it stands in journal and receipt."""
    return {
        "status": outcome.status.value,
        "message": outcome.message,
        "hint": outcome.hint,
        "linked_index": outcome.linked_index,
    }


def decode_outcome(data: Mapping[str, Any]) -> Outcome:
    """The other way round. Raises `KeyError` or `ValueError`."""
    return Outcome(Status(data["status"]), data["message"], data["hint"], data["linked_index"])


@dataclass(frozen=True, slots=True)
class Interrupted:
    """What a journal without a receipt tells: the plan, and how each operation stood when the process ended."""

    path: Path
    started_at: str
    reviewed: str | None
    plan_document: Any
    outcomes: dict[str, Outcome]

    def status(self, operation: str) -> Status:
        """How the operation of that id stood."""
        outcome = self.outcomes.get(operation)
        return Status.NOT_ATTEMPTED if outcome is None else outcome.status


def read_journal(path: Path) -> Interrupted | None:
    """Read a journal that was left behind. None where not even its first line is whole: then nothing was sent.

    Raises `RegsyncError` where the file cannot be read, is of another format, or was changed: it must not be thrown away.
    """
    try:
        *lines, _ = path.read_bytes().split(b"\n")
    except OSError as error:
        raise RegsyncError(f"{error.strerror or error}", code="journal") from error
    if not lines:
        return None
    try:
        return _interrupted(path, [json.loads(line) for line in lines])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise RegsyncError(f"it is malformed: {type(error).__name__}: {error}", code="journal") from error


def _interrupted(path: Path, entries: Sequence[Any]) -> Interrupted:
    if entries[0]["format"] != JOURNAL_FORMAT:
        raise RegsyncError(
            f"it has format {entries[0]['format']!r}; this regsync reads {JOURNAL_FORMAT}", code="journal"
        )
    outcomes: dict[str, Outcome] = {}
    for entry in entries[1:]:
        if entry["event"] == "sent":
            unknown = Outcome(Status.UNKNOWN, "sent; the process ended before the answer came")
            outcomes.update(dict.fromkeys(entry["ids"], unknown))
        else:
            outcomes.update({key: decode_outcome(value) for key, value in entry["outcomes"].items()})
    first = entries[0]
    reviewed = first.get("reviewed")
    return Interrupted(
        path, str(first["started_at"]), None if reviewed is None else str(reviewed), first["plan"], outcomes
    )
