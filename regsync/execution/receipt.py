"""The receipt: what became of every operation of a plan (`schemas/receipt.v1.schema.json`). It says what is known, no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from regsync.backends.base import Outcome, Status
from regsync.core.canonical import document_digest
from regsync.core.live import Live
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.core.plan_document import check_document, decode_operation, operation_json
from regsync.diagnostics import RegsyncError
from regsync.execution.journal import outcome_json
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
    bindings: Mapping[str, str]
    """What each declared alias pointed at in that read: artifact ids by address. Empty where there was none."""

    @property
    def exit_code(self) -> int:
        """0 all done; 4 in part; 5 stale and nothing done; 1 nothing done."""
        statuses = {outcome.status for outcome in self.outcomes.values()}
        if statuses <= {Status.DONE, Status.SKIPPED}:
            return 0
        if statuses & {Status.DONE, Status.UNKNOWN}:
            return 4
        return 5 if self.result is Result.STALE else 1


def whole_result(outcomes: Mapping[str, Outcome], *, interrupted: bool) -> Result:
    """The result that a set of outcomes amounts to."""
    statuses = {outcome.status for outcome in outcomes.values()}
    if statuses <= {Status.DONE, Status.SKIPPED}:
        return Result.DONE
    if any(outcome.stale for outcome in outcomes.values()):
        return Result.STALE
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
        "destination": plan.destination._asdict(),
        "manifest": {"digest": plan.manifest.digest, "commit": plan.manifest.commit},
        "started_at": receipt.started_at,
        "finished_at": receipt.finished_at,
        "result": receipt.result.value,
        "verified": receipt.verified,
        "summary": {status.value: counted.get(status.value, 0) for status in Status},
        "operations": [
            operation_json(operation) | outcome_json(receipt.outcomes[operation.id]) for operation in plan.operations
        ],
        "manual": [{"address": str(step.address), "text": step.text} for step in plan.manual],
        "bindings": dict(receipt.bindings),
    }
    document["digest"] = document_digest(document)
    return document


def decode_receipt_operations(document: Any) -> list[tuple[Operation, Status]]:
    """The operations of a receipt with their status, in the order in which they ran.

    Raises what `check_document` raises, and `RegsyncError` where the receipt is malformed.
    """
    checked = check_document(document, RECEIPT_FORMAT, "receipt")
    try:
        return [(decode_operation(data), Status(data["status"])) for data in checked["operations"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"this receipt is malformed: {type(error).__name__}: {error}"
        raise RegsyncError(message, code="receipt-malformed") from error


def bindings_of(plan: Plan, live: Live) -> dict[str, str]:
    """What each alias that the plan's manifests declare points at now, as artifact ids by address."""
    found: dict[str, str] = {}
    for name, owned in plan.owned.items():
        registry = live.registries.get(name)
        for collection_name, block in owned.get("collections", {}).items():
            collection = registry.collections.get(collection_name) if registry else None
            for alias in block.get("aliases", ()):
                index = collection.aliases.get(alias) if collection else None
                if collection is not None and index is not None:
                    found[f"{name}/{collection_name}:{alias}"] = collection.links[index].artifact_id
    return found
