"""The state folder of a working copy (`.regsync`): its lock, its journals and its receipts.

Nothing in it is needed to plan or to apply; without it, regsync only knows less about what it did before.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from regsync.diagnostics import RegsyncError
from regsync.execution.receipt import Record, decode_receipt

STATE_VARIABLE = "REGSYNC_STATE_DIR"


class StateDir:
    """Paths inside the state folder, made when they are first written to."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path(os.environ.get(STATE_VARIABLE) or ".regsync")
        self.journals = self.path / "journals"
        self.receipts = self.path / "receipts"
        self.seen = self.path / "seen"
        """What applies saw that found nothing to do: receipts without operations, one for each scope."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the working copy's lock. The lock ends with the process that holds it, however that ends.

        Raises `RegsyncError` where another process holds it, or where the folder cannot be written.
        """
        with self._writing():
            self.journals.mkdir(parents=True, exist_ok=True)
            self.receipts.mkdir(parents=True, exist_ok=True)
            self.seen.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
                raise RegsyncError(
                    f"another regsync{f' (process {holder})' if holder else ''} is applying in this working copy",
                    "wait until it has finished, then run this again",
                    code="locked",
                ) from error
            with self._writing():
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RegsyncError(
                f"cannot write to the state folder {self.path}: {error.strerror or error}",
                f"an apply keeps its journal there; run it in a folder you can write to, or set {STATE_VARIABLE}",
                code="state-dir",
            ) from error

    def read_receipts(self, plan_digest: str) -> list[Any]:
        """Every receipt of one plan, oldest first, as documents. What is none, or was changed, is passed over."""
        paths = self.receipts.glob(f"*-{short_digest(plan_digest)}*.json")
        return [document for record, document in _receipts(paths) if record.plan_digest == plan_digest]

    def read_history(self) -> list[Record]:
        """Every receipt, and what applies saw that found nothing to do; oldest first."""
        paths = [*self.receipts.glob("*.json"), *self.seen.glob("*.json")]
        return sorted((record for record, _ in _receipts(paths)), key=lambda record: record.finished_at)


def _receipts(paths: Iterable[Path]) -> Iterator[tuple[Record, Any]]:
    for path in sorted(paths):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            record = decode_receipt(document)
        except (OSError, ValueError, RecursionError, RegsyncError):
            continue
        yield record, document


def short_digest(digest: str) -> str:
    """The part of a digest that stands in file names."""
    return digest.removeprefix("sha256:")[:12]


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all, even where the machine stops meanwhile.

    Raises `RegsyncError` with the path and the reason.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise RegsyncError(
            f"cannot write {path}: {reason}", "nothing was written there", code="cannot-write"
        ) from error
