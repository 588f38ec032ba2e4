"""One apply from lock to receipt: recover what an earlier run left, check, execute, write the receipt."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from regsync.backends.base import Outcome, Reader, Status, Writer
from regsync.core.canonical import canonical_json, document_digest
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.core.plan_document import decode_plan, plan_document
from regsync.diagnostics import RegsyncError, StalePlanError
from regsync.execution.execute import (
    Execution,
    Watch,
    check_before_first_write,
    settle_by_reading,
    try_observe,
)
from regsync.execution.journal import Interrupted, Journal, read_journal
from regsync.execution.receipt import Receipt, Result, receipt_document
from regsync.execution.state import StateDir, short_digest, write_whole

Say = Callable[[str], None]
"""Shows a line to whoever is watching."""


def utc_now() -> str:
    """The time, RFC 3339, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Applied:
    """The receipt of a run and where it was written; no receipt where nothing was left to do."""

    receipt: Receipt | None
    path: Path | None


def apply_plan(
    plan: Plan,
    writer: Writer,
    state: StateDir,
    *,
    watch: Watch | None = None,
    say: Say = lambda _: None,
    clock: Callable[[], str] = utc_now,
    stop_requested: Callable[[], bool] = lambda: False,
) -> Applied:
    """Carry out exactly this plan, or refuse before the first write.

    Raises `StalePlanError`, `RefusedError`, `BackendError`, and `RegsyncError` where the state folder is locked or
    cannot be written. What happens to single operations is in the receipt, never an exception.
    """
    with state.locked():
        recover(state, writer, say)
        done = check_before_first_write(plan, writer)
        if len(done) == len(plan.operations):
            return Applied(None, None)
        document = plan_document(plan)
        digest = document_digest(document)
        _refuse_second_time(plan, digest, done, state)
        started_at = clock()
        journal = Journal(_free_name(state.journals, started_at, digest, ".jsonl"), document, started_at)
        with journal:
            execution = Execution(plan, writer, journal, already_done=done, watch=watch, stop_requested=stop_requested)
            receipt = execution.run(clock, started_at)
            path = write_receipt(receipt, state)
            journal.remove()
        return Applied(receipt, path)


def _refuse_second_time(plan: Plan, digest: str, done: frozenset[str], state: StateDir) -> None:
    """What this very plan did once and somebody took back is not done again: that would overrule them unseen."""
    for document in state.read_receipts(digest):
        if document.get("plan") != digest:
            continue
        undone = [
            f"{operation['address']}: {operation['kind']} was done at {document['finished_at']}, and is not there now"
            for operation in document["operations"]
            if operation["status"] == Status.DONE and operation["id"] not in done
        ]
        if undone:
            raise StalePlanError(
                "this plan was applied before, and its result has moved since\n  " + "\n  ".join(undone[:20]),
                "plan again and review the new plan",
                code="applied-before",
            )


def _free_name(folder: Path, at: str, digest: str, ending: str) -> Path:
    stem = f"{at.replace(':', '').replace('-', '')}-{short_digest(digest)}"
    path = folder / f"{stem}{ending}"
    number = 2
    while path.exists():
        path = folder / f"{stem}-{number}{ending}"
        number += 1
    return path


def write_receipt(receipt: Receipt, state: StateDir) -> Path:
    """Write a receipt into the state folder. Raises `RegsyncError` where that fails; the journal then stays."""
    path = _free_name(state.receipts, receipt.started_at, receipt.plan_digest, ".json")
    write_whole(path, canonical_json(receipt_document(receipt)) + "\n")
    return path


def recover(state: StateDir, reader: Reader, say: Say) -> None:
    """Write the receipts of runs that ended without one; what they had sent is settled by reading.

    A journal of another destination is left for a run there.
    """
    for path in sorted(state.journals.glob("*.jsonl")):
        left = read_journal(path)
        if left is None:
            path.unlink(missing_ok=True)
            continue
        try:
            plan = decode_plan(left.plan_document)
        except RegsyncError as error:
            say(f"the journal {path} cannot be read ({error.message}); it is left as it is")
            continue
        if plan.destination != reader.destination():
            continue
        receipt = _receipt_of_interrupted(left, plan, reader)
        written = write_receipt(receipt, state)
        path.unlink(missing_ok=True)
        settled = sum(outcome.status is Status.DONE for outcome in receipt.outcomes.values())
        say(
            f"an earlier apply ended before its receipt: {settled} of {len(plan.operations)} operations "
            f"were done; its receipt is now {written}"
        )


def _receipt_of_interrupted(left: Interrupted, plan: Plan, reader: Reader) -> Receipt:
    unknown = [op for op in plan.operations if _outcome(left, op).status is Status.UNKNOWN]
    live = try_observe(reader, unknown) if unknown else None
    outcomes = {}
    for operation in plan.operations:
        outcome = _outcome(left, operation)
        if outcome.status is Status.UNKNOWN:
            outcome = settle_by_reading(operation, outcome, live)
        outcomes[operation.id] = outcome
    return Receipt(
        plan=plan,
        plan_digest=document_digest(left.plan_document),
        outcomes=outcomes,
        started_at=left.started_at,
        finished_at=left.started_at,
        result=Result.INTERRUPTED,
        verified=False,
        bindings={},
    )


def _outcome(left: Interrupted, operation: Operation) -> Outcome:
    ended = Outcome(Status.NOT_ATTEMPTED, "the process ended before its turn")
    return left.outcomes.get(operation.id, ended)


@contextmanager
def stop_on_signal(say: Say) -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C (or SIGTERM) asks for a stop after the operation under way; the second ends the process as usual."""
    requested = False
    previous: dict[signal.Signals, object] = {}

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal requested
        requested = True
        say("stopping after the operation under way; the receipt follows (again to stop at once)")
        for watched in previous:
            signal.signal(watched, signal.default_int_handler if watched is signal.SIGINT else signal.SIG_DFL)

    for watched in (signal.SIGINT, signal.SIGTERM):
        previous[watched] = signal.signal(watched, on_signal)
    try:
        yield lambda: requested
    finally:
        for watched, handler in previous.items():
            signal.signal(watched, handler)  # type: ignore[arg-type]  # it came from signal.signal
