"""The receipt: what became of every operation of a plan (`schemas/receipt.v1.schema.json`). It says what is known, no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from regsync.backends.base import Outcome, Status
from regsync.core.actions import RenameCollection, RenameRegistry
from regsync.core.canonical import document_digest
from regsync.core.live import Destination
from regsync.core.long import Told
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.core.plan_document import operation_json
from regsync.core.plan_reading import check_document, decode_operation
from regsync.diagnostics import RegsyncError
from regsync.execution.journal import outcome_json
from regsync.execution.seen import Seen
from regsync.slots import NamedTuple, dataclass
from regsync.version import __version__

RECEIPT_FORMAT = "regsync/receipt/v1"


class Result(StrEnum):
    """How an apply ended, as a whole."""

    DONE = "done"
    PARTIAL = "partial"
    STALE = "stale"
    """Stopped because something had moved; operations may have been done before that."""
    INTERRUPTED = "interrupted"
    """Stopped by a signal, or found as a journal without a receipt."""
    FAILED = "failed"
    """Nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Outcomes are by operation id; every operation of the plan has one. Times are RFC 3339, UTC."""

    plan: Plan
    plan_digest: str
    outcomes: Mapping[str, Outcome]
    started_at: str
    finished_at: str
    result: Result
    verified: bool
    """Every result was seen in a read after the last operation."""
    seen: Seen
    """What the read after the last operation found."""
    order: str = ""
    """RFC 3339, UTC: the time, or later where an earlier receipt of the state folder is from a later time by its clock."""

    @property
    def agrees(self) -> bool:
        """Whether live was then as the manifests declare, all of them."""
        return self.result is Result.DONE and self.verified and self.plan.complete and self.plan.undoes is None

    @property
    def exit_code(self) -> int:
        """0 all done; 4 in part, or not as planned; 5 stale and nothing done; 1 nothing done."""
        statuses = {outcome.status for outcome in self.outcomes.values()}
        if self.result is Result.DONE:
            return 0
        if statuses & {Status.DONE, Status.UNKNOWN}:
            return 4
        return 5 if self.result is Result.STALE else 1


def whole_result(outcomes: Mapping[str, Outcome], *, interrupted: bool) -> Result:
    """The result that a set of outcomes amounts to."""
    statuses = {outcome.status for outcome in outcomes.values()}
    if any(outcome.stale for outcome in outcomes.values()):
        return Result.STALE  # Done or not: it is not as it was planned.
    if statuses <= {Status.DONE, Status.SKIPPED}:
        return Result.DONE
    if interrupted:
        return Result.INTERRUPTED
    return Result.PARTIAL if statuses & {Status.DONE, Status.UNKNOWN} else Result.FAILED


def receipt_document(receipt: Receipt) -> dict[str, Any]:
    """The document of a receipt, its digest included."""
    plan = receipt.plan
    counted = Counter(outcome.status.value for outcome in receipt.outcomes.values())
    document: dict[str, Any] = {
        "format": RECEIPT_FORMAT,
        "tool_version": __version__,
        "plan": receipt.plan_digest,
        "undoes": plan.undoes,
        "destination": plan.destination._asdict(),
        "manifest": {"digest": plan.manifest.digest, "commit": plan.manifest.commit},
        "started_at": receipt.started_at,
        "finished_at": receipt.finished_at,
        "order": receipt.order or receipt.finished_at,
        "result": receipt.result.value,
        "verified": receipt.verified,
        "summary": {status.value: counted.get(status.value, 0) for status in Status},
        "operations": Told(
            plan.operations, lambda each: operation_json(each) | outcome_json(receipt.outcomes[each.id])
        ),
        "manual": [{"address": str(step.address), "text": step.text} for step in plan.manual],
        "agrees": receipt.agrees,
        "bindings": dict(receipt.seen.bindings),
        "fingerprints": dict(receipt.seen.fingerprints),
    }
    document["digest"] = document_digest(document)
    return document


class Record(NamedTuple):
    """A receipt read back, without its operations."""

    plan_digest: str
    destination: Destination
    manifest_digest: str
    commit: str | None
    finished_at: str
    agrees: bool
    seen: Seen
    digest: str
    touched: frozenset[str] = frozenset()
    """Where nothing was seen afterwards: the addresses that the run did something to, or may have."""
    order: str = ""
    """When it was written, among the receipts of its state folder: compare by this, not by `finished_at`."""
    undoes: str | None = None
    """The digest of the receipt that this run took back."""
    renamed: tuple[tuple[str, str], ...] = ()
    """What the run renamed: `registry` or `registry/collection` as it was called, and its new name."""


def decode_receipt(document: Any) -> Record:
    """Read a receipt back. Raises what `check_document` raises, and `RegsyncError` where the receipt is malformed."""
    checked = check_document(document, RECEIPT_FORMAT, "receipt")
    try:
        commit = checked["manifest"]["commit"]
        return Record(
            _text(checked["plan"]),
            Destination(**{key: _text(value) for key, value in checked["destination"].items()}),
            _text(checked["manifest"]["digest"]),
            None if commit is None else _text(commit),
            _text(checked["finished_at"]),
            checked["agrees"] is True,
            Seen(
                {key: None if value is None else _text(value) for key, value in checked["bindings"].items()},
                {key: _text(value) for key, value in checked["fingerprints"].items()},
            ),
            checked["digest"],
            frozenset() if checked["bindings"] or checked["fingerprints"] else _touched(checked["operations"]),
            _text(checked.get("order", checked["finished_at"])),
            None if checked.get("undoes") is None else _text(checked["undoes"]),
            _renamed(checked["operations"]),
        )
    except _MALFORMED as error:
        raise _malformed(error) from error


def _touched(operations: Any) -> frozenset[str]:
    reached = (Status.DONE.value, Status.UNKNOWN.value)
    return frozenset(_text(each["address"]) for each in operations if each["status"] in reached)


def _renamed(operations: Any) -> tuple[tuple[str, str], ...]:
    renames = (RenameRegistry.kind, RenameCollection.kind)
    return tuple(
        renaming(_text(each["address"]), _text(each["before"]["name"]), _text(each["after"]["name"]))
        for each in operations
        if each["kind"] in renames and each["status"] == Status.DONE.value
    )


def renaming(address: str, old: str, new: str) -> tuple[str, str]:
    """An item of `Record.renamed`. `address`: of what was renamed, under its new name."""
    registry, slash, _ = address.partition("/")
    return f"{registry}/{old}" if slash else old, new


def decode_receipt_operations(document: Any) -> list[tuple[Operation, Status]]:
    """The operations of a receipt with their status, in the order in which they ran.

    Raises what `check_document` raises, and `RegsyncError` where the receipt is malformed.
    """
    checked = check_document(document, RECEIPT_FORMAT, "receipt")
    try:
        return [(decode_operation(data), Status(data["status"])) for data in checked["operations"]]
    except _MALFORMED as error:
        raise _malformed(error) from error


_MALFORMED = (KeyError, TypeError, ValueError, AttributeError)


def _malformed(error: Exception) -> RegsyncError:
    message = f"this receipt is malformed: {type(error).__name__}: {error}"
    return RegsyncError(message, "give a receipt as an apply wrote it", code="receipt-malformed")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value
