"""One apply from lock to receipt: recover what an earlier run left, check, execute, write the receipt."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from regsync.backends.base import Outcome, Reader, Status, Writer
from regsync.core.actions import LinkVersion
from regsync.core.again import with_indices
from regsync.core.canonical import digest_of, document_digest
from regsync.core.live import LinkKey, Live
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.core.plan_document import document_text, plan_digest, plan_document
from regsync.core.plan_reading import decode_plan
from regsync.diagnostics import RegsyncError, StalePlanError
from regsync.execution.again import Declared, check_before_first_write
from regsync.execution.execute import (
    Execution,
    Watch,
    settle_by_reading,
    try_observe,
)
from regsync.execution.files import write_whole
from regsync.execution.journal import Interrupted, Journal, read_journal
from regsync.execution.receipt import (
    Receipt,
    Result,
    decode_receipt,
    decode_receipt_operations,
    receipt_document,
    whole_result,
)
from regsync.execution.seen import NOTHING_SEEN, seen_in
from regsync.execution.state import StateDir, short_digest
from regsync.slots import dataclass

MOST_BESIDES = 10
"""How many operations that are not in the plan are named before they are only counted."""
Say = Callable[[str], None]
"""Shows a line to whoever is watching."""


def utc_now() -> str:
    """The time, RFC 3339, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Applied:
    """The receipt of a run and where it was written; no receipt where nothing was left to do.

    `unsaved` says why the receipt could not be written. The journal is kept then, and a later apply writes the receipt.
    """

    receipt: Receipt | None
    path: Path | None
    unsaved: RegsyncError | None = None
    nothing: Receipt | None = None
    """Where nothing was left to do: a receipt that says so."""
    besides: tuple[Operation, ...] = ()
    """What planning again would do that is not in this plan, and was not done."""
    document: dict[str, Any] | None = None
    """The receipt's, as it was written."""


def apply_plan(
    plan: Plan,
    writer: Writer,
    state: StateDir,
    *,
    watch: Watch | None = None,
    say: Say = lambda _: None,
    clock: Callable[[], str] = utc_now,
    stop_requested: Callable[[], bool] = lambda: False,
    planned_now: bool = False,
    declared: Declared | None = None,
) -> Applied:
    """Carry out exactly this plan, or refuse before the first write.

    `planned_now`: the plan was made for this apply, so it is no old one that is applied a second time. `declared`: manifests
    that it has to agree with; what the plan itself says of its manifests is not looked at then.
    Raises `StalePlanError`, `RefusedError`, `BackendError`, and `RegsyncError` where the state folder is locked or
    cannot be written. What happens to single operations is in the receipt, never an exception.
    """
    with state.locked():
        recover(state, writer, say)
        checked = check_before_first_write(plan, writer, declared)
        digest = plan_digest(plan)
        plan, done, besides = replace(checked.plan, reviewed=digest), checked.done, checked.besides
        if len(done) == len(plan.operations):
            nothing = _remember(plan, checked.live, state, clock(), say)
            return Applied(None, None, nothing=nothing, besides=besides)
        if besides:
            say(not_in_this_plan(besides))
        if not planned_now and not state.was_planned_again(digest):
            _refuse_second_time(digest, done, state)
        writer.announce(digest, plan.manifest.commit)
        started_at = clock()
        name = _free_name(state, started_at, digest)
        with Journal(state.journals / f"{name}.jsonl", plan_document(plan), started_at, digest) as journal:
            state.forget_planned(digest)
            if done:
                journal.settled(dict.fromkeys(sorted(done), Outcome(Status.SKIPPED)))
            execution = Execution(plan, writer, journal, already_done=done, watch=watch, stop_requested=stop_requested)
            receipt = execution.run(clock, started_at)
            try:
                path, written = write_receipt(receipt, state, name)
            except RegsyncError as error:
                return Applied(receipt, None, error, besides=besides)
            journal.remove()
        return Applied(receipt, path, besides=besides, document=written)


def not_in_this_plan(besides: Sequence[Operation]) -> str:
    """What planning again would do besides, for whoever applies: it is not done."""
    named = [f"{operation.action.address} ({operation.action.kind})" for operation in besides[:MOST_BESIDES]]
    more = f" and {len(besides) - MOST_BESIDES} more" if len(besides) > MOST_BESIDES else ""
    return f"not in this plan: {', '.join(named)}{more}; plan again"


def _remember(plan: Plan, live: Live, state: StateDir, now: str, say: Say) -> Receipt:
    """Keep, for `drift`, what an apply saw that found nothing to do: in the form of a receipt, the last one of its scope."""
    receipt = Receipt(
        plan=plan,
        plan_digest=plan_digest(plan),
        outcomes={operation.id: Outcome(Status.SKIPPED) for operation in plan.operations},
        started_at=now,
        finished_at=now,
        result=Result.DONE,
        verified=True,
        seen=seen_in(live, plan),
        order=state.next_order(now),
    )
    scope = digest_of([plan.destination, sorted(plan.read.fingerprints)])
    try:
        write_whole(state.seen / f"{short_digest(scope)}.json", document_text(receipt_document(receipt)))
    except RegsyncError as error:
        say(f"{error.message}; a later drift will not know of this apply")
    return receipt


def _refuse_second_time(digest: str, done: frozenset[str], state: StateDir) -> None:
    """What this very plan did once and somebody took back is not done again: that would overrule them unseen.

    Its last run counts: whatever an earlier one did was taken back before that, and wanted again.
    """
    document = next(reversed(state.read_receipts(digest)), None)
    if document is None:
        return
    at = decode_receipt(document).finished_at
    undone = [
        f"{operation.action.address}: {operation.action.kind} was done at {at}, and is not there now"
        for operation, status in decode_receipt_operations(document)
        if status in (Status.DONE, Status.SKIPPED) and operation.id not in done
    ]
    if undone:
        raise StalePlanError(
            "this plan was applied before, and its result has moved since\n  " + "\n  ".join(undone[:20]),
            "plan again in this working copy and review the new plan, or apply the manifests themselves",
            code="applied-before",
        )


def _free_name(state: StateDir, at: str, digest: str) -> str:
    """The name that journal and receipt of one run share, without its ending: no other run has it."""
    first = name = f"{at.replace(':', '').replace('-', '')}-{short_digest(digest)}"
    number = 2
    while (state.journals / f"{name}.jsonl").exists() or (state.receipts / f"{name}.json").exists():
        name = f"{first}-{number}"
        number += 1
    return name


def write_receipt(receipt: Receipt, state: StateDir, name: str) -> tuple[Path, dict[str, Any]]:
    """Write a receipt into the state folder: where it is now, and its document. Raises `RegsyncError` where that fails."""
    path = state.receipts / f"{name}.json"
    document = receipt_document(replace(receipt, order=state.next_order(receipt.finished_at)))
    write_whole(path, document_text(document))
    return path, document


def recover(state: StateDir, reader: Reader, say: Say) -> None:
    """Write the receipts of runs that ended without one; what they had sent is settled by reading.

    A journal of another destination is left for a run there, and so is one that cannot be settled now.
    """
    for path in sorted(state.journals.glob("*.jsonl")):
        try:
            left = read_journal(path)
            plan = None if left is None else decode_plan(left.plan_document)
        except RegsyncError as error:
            say(f"the journal {path} cannot be used ({error.message}); it is left as it is")
            continue
        if left is None or plan is None or (state.receipts / f"{path.stem}.json").exists():
            path.unlink(missing_ok=True)
        elif plan.destination == reader.destination():
            _write_missing_receipt(left, plan, reader, state, say)


def _write_missing_receipt(left: Interrupted, plan: Plan, reader: Reader, state: StateDir, say: Say) -> None:
    receipt = _receipt_of_interrupted(left, plan, reader)
    if receipt is None:
        say(
            f"an earlier apply ended before its receipt; its journal {left.path} is kept until what it sent can be read"
        )
        return
    written, _ = write_receipt(receipt, state, left.path.stem)
    left.path.unlink(missing_ok=True)
    settled = sum(outcome.status is Status.DONE for outcome in receipt.outcomes.values())
    say(
        f"an earlier apply ended before its receipt: {settled} of {len(plan.operations)} operations "
        f"were done; its receipt is now {written}"
    )


def _receipt_of_interrupted(left: Interrupted, plan: Plan, reader: Reader) -> Receipt | None:
    """The receipt; None where what was sent cannot be read now."""
    unknown = [op for op in plan.operations if _outcome(left, op).status is Status.UNKNOWN]
    live = try_observe(reader, unknown) if unknown else None
    if unknown and live is None:
        return None
    outcomes = {}
    for operation in plan.operations:
        outcome = _outcome(left, operation)
        if outcome.status is Status.UNKNOWN:
            outcome = settle_by_reading(operation, outcome, live)
        outcomes[operation.id] = outcome
    return Receipt(
        plan=_with_indices(plan, outcomes),
        plan_digest=left.reviewed or document_digest(left.plan_document),
        outcomes=outcomes,
        started_at=left.started_at,
        finished_at=left.started_at,
        result=whole_result(outcomes, interrupted=True),
        verified=False,
        seen=NOTHING_SEEN,
    )


def _with_indices(plan: Plan, outcomes: Mapping[str, Outcome]) -> Plan:
    """The plan with the indices that its links got, as far as somebody saw them."""
    linked: dict[LinkKey, int] = {}
    for operation in plan.operations:
        action, index = operation.action, outcomes[operation.id].linked_index
        if isinstance(action, LinkVersion) and index is not None:
            linked[action.registry, action.collection, action.version.artifact_id] = index
    return replace(plan, operations=with_indices(plan.operations, linked))


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
