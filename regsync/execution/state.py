"""The state folder of a working copy (`.regsync`): its lock, its journals and its receipts.

Nothing in it is needed to plan or to apply; without it, regsync only knows less about what it did before.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regsync.diagnostics import RegsyncError
from regsync.execution.own import check_own

if TYPE_CHECKING:
    from regsync.core.live import Destination, LinkKey
    from regsync.execution.left import Left
    from regsync.execution.receipt import Record
    from regsync.execution.records import Found

# Every plan asks for what is in the folder, and mostly there is nothing: what reads receipts and journals is loaded where some are.

STATE_VARIABLE = "REGSYNC_STATE_DIR"


class StateDir:
    """Paths inside the state folder, made when they are first written to.

    Of a folder that is not this user's own nothing is read and nothing is written (see `own.py`, and what it raises).
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or _default_path()
        self.journals = self.path / "journals"
        self.receipts = self.path / "receipts"
        self._planned = self.path / "planned"
        self.seen = self.path / "seen"
        """What applies saw that found nothing to do: receipts without operations, one for each scope."""
        self._lock = self.path / "lock"
        parts = (self.journals, self.receipts, self._planned, self.seen, self._lock)
        self._others = check_own(self.path, parts, STATE_VARIABLE)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the working copy's lock. The lock ends with the process that holds it, however that ends.

        Raises `RegsyncError` where another process holds it, where the folder cannot be written, or where the system has no
        such locks.
        """
        try:
            import fcntl
        except ImportError:
            raise RegsyncError(
                "apply runs on Linux and macOS: it needs file locks that this system does not have",
                "plan here, and apply the saved plan in a pipeline, or in the Windows Subsystem for Linux",
                code="no-locks",
            ) from None
        if self._others is not None:
            raise self._others
        with self._writing():
            self.journals.mkdir(parents=True, exist_ok=True)
            self.receipts.mkdir(parents=True, exist_ok=True)
            self.seen.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
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

    def _found(self, folder: Path, pattern: str) -> list[Path]:
        """Files in one of the folders; none where they are somebody else's."""
        return [] if self._others else sorted(folder.glob(pattern))

    def read_receipts(self, plan_digest: str) -> list[Any]:
        """Every receipt of one plan, oldest first, as documents. What is none, or was changed, is passed over."""
        from regsync.execution.records import read_receipts_at

        paths = self._found(self.receipts, f"*-{short_digest(plan_digest)}*.json")
        return [each.document for each in read_receipts_at(paths) if each.record.plan_digest == plan_digest]

    def read_all(self, more: Iterable[Found] = ()) -> list[Found]:
        """Every receipt, and what applies saw that found nothing to do, oldest first.

        `more`: receipts from elsewhere, such as those of a pipeline. One that is in both counts once.
        """
        paths = [*self._found(self.receipts, "*.json"), *self._found(self.seen, "*.json")]
        more = list(more)
        if not paths and not more:
            return []
        from regsync.execution.records import in_order, read_receipts_at

        found = [*read_receipts_at(paths), *more]
        return in_order({each.record.digest: each for each in found}.values())

    def applied(self) -> list[Found]:
        """The receipts of applies that did something, or tried to, oldest first."""
        from regsync.execution.records import read_receipts_at

        return read_receipts_at(self._found(self.receipts, "*.json"))

    def with_left(self, found: Iterable[Found]) -> list[Record]:
        """The records of receipts, and behind them those of runs that ended without a receipt."""
        return [each.record for each in found] + [each.record for each in self._left()]

    def next_order(self, now: str) -> str:
        """The place of a receipt that is written now, behind all that are here."""
        from regsync.execution.records import moment, next_order

        return next_order(now, max((each.record.order for each in self.read_all()), key=moment, default=None))

    def _left(self) -> list[Left]:
        """Runs that ended without a receipt."""
        paths = self._found(self.journals, "*.jsonl")
        if not paths:
            return []
        from regsync.execution.left import left_at

        return left_at(paths, self.receipts)

    def begun_links(self, destination: Destination, manifest_digest: str) -> frozenset[LinkKey]:
        """What was linked (or may have been) by runs of these manifests that did not get to their end.

        A run that finishes them goes on where they stopped, so what they did is nothing that it would overrule.
        """
        from regsync.execution.left import links_of
        from regsync.execution.receipt import Result, decode_receipt_operations
        from regsync.execution.records import read_receipts_at

        begun: set[LinkKey] = set()
        for _, record, document in read_receipts_at(self._found(self.receipts, "*.json")):
            if (record.destination, record.manifest_digest) != (destination, manifest_digest):
                continue
            if document.get("result") == Result.DONE:
                begun.clear()
            else:
                begun |= links_of(decode_receipt_operations(document))
        for record, operations in self._left():
            if (record.destination, record.manifest_digest) == (destination, manifest_digest):
                begun |= links_of(operations)
        return frozenset(begun)

    def note_planned(self, plan_digest: str) -> None:
        """A plan was made that had been applied here before: the same change is wanted again, and may be applied again.

        The same input gives the same plan, byte for byte, so nothing in the plan itself could tell. Where the state folder
        cannot be written, nothing is noted, and applying the plan says that it was applied before.
        """
        if self._found(self.receipts, f"*-{short_digest(plan_digest)}*.json"):
            with suppress(OSError):
                self._planned.mkdir(exist_ok=True)
                (self._planned / short_digest(plan_digest)).touch()

    def was_planned_again(self, plan_digest: str) -> bool:
        """Whether `note_planned` noted this plan since it was last applied."""
        return (self._planned / short_digest(plan_digest)).exists()

    def forget_planned(self, plan_digest: str) -> None:
        """The plan is being applied; from now on it counts as applied before."""
        (self._planned / short_digest(plan_digest)).unlink(missing_ok=True)


def _default_path() -> Path:
    """`REGSYNC_STATE_DIR`; else `.regsync` at the root of the repository, wherever in it regsync runs; else in this folder."""
    named = os.environ.get(STATE_VARIABLE)
    if named:
        return Path(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            return Path(".regsync") if folder == here else Path(os.path.relpath(folder)) / ".regsync"
    return Path(".regsync")


def short_digest(digest: str) -> str:
    """The part of a digest that stands in file names."""
    return digest.removeprefix("sha256:")[:12]
