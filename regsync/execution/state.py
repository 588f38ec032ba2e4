"""The state folder of a working copy (`.regsync`): its lock, its journals and its receipts.

Nothing in it is needed to plan or to apply; without it, regsync only knows less about what it did before.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
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
        self._planned = self.path / "planned"
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

    def note_planned(self, plan_digest: str) -> None:
        """A plan was made that had been applied here before: the same change is wanted again, and may be applied again.

        The same input gives the same plan, byte for byte, so nothing in the plan itself could tell. Where the state folder
        cannot be written, nothing is noted, and applying the plan says that it was applied before.
        """
        if next(self.receipts.glob(f"*-{short_digest(plan_digest)}*.json"), None) is not None:
            with suppress(OSError):
                self._planned.mkdir(exist_ok=True)
                (self._planned / short_digest(plan_digest)).touch()

    def was_planned_again(self, plan_digest: str) -> bool:
        """Whether `note_planned` noted this plan since it was last applied."""
        return (self._planned / short_digest(plan_digest)).exists()

    def forget_planned(self, plan_digest: str) -> None:
        """The plan is being applied; from now on it counts as applied before."""
        (self._planned / short_digest(plan_digest)).unlink(missing_ok=True)


def _receipts(paths: Iterable[Path]) -> Iterator[tuple[Record, Any]]:
    """By the age of the files, which tells receipts of one second apart."""
    for path in sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path)):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            record = decode_receipt(document)
        except (OSError, ValueError, RecursionError, RegsyncError):
            continue
        yield record, document


def short_digest(digest: str) -> str:
    """The part of a digest that stands in file names."""
    return digest.removeprefix("sha256:")[:12]
