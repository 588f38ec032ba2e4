"""Runs that ended without a receipt: what their journals tell."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from regsync.backends.base import Status
from regsync.core.actions import LinkVersion, RenameCollection, RenameRegistry
from regsync.core.live import LinkKey
from regsync.core.operation import Operation
from regsync.core.plan_document import plan_digest
from regsync.core.plan_reading import decode_plan
from regsync.diagnostics import RegsyncError
from regsync.execution.journal import Interrupted, read_journal
from regsync.execution.receipt import Record, renaming
from regsync.execution.seen import NOTHING_SEEN
from regsync.slots import NamedTuple


class Left(NamedTuple):
    """A run that ended without a receipt, in the form of one, and how its operations stood."""

    record: Record
    operations: list[tuple[Operation, Status]]


def left_at(journals: Iterable[Path], receipts: Path) -> list[Left]:
    """Those of journals that have no receipt in the folder `receipts`. A journal that cannot be used is passed over."""
    found = []
    for path in journals:
        with suppress(RegsyncError):
            left = read_journal(path)
            if left is not None and not (receipts / f"{path.stem}.json").exists():
                found.append(_told_by(left))
    return found


def _told_by(left: Interrupted) -> Left:
    """What a journal tells, in the form of a receipt. Raises `RegsyncError` where its plan is none."""
    plan = decode_plan(left.plan_document)
    operations = [(operation, left.status(operation.id)) for operation in plan.operations]
    reached = (Status.DONE, Status.UNKNOWN)
    record = Record(
        plan_digest=left.reviewed or plan_digest(plan),
        destination=plan.destination,
        manifest_digest=plan.manifest.digest,
        commit=plan.manifest.commit,
        finished_at=left.started_at,
        order=left.started_at,
        undoes=plan.undoes,
        agrees=False,
        seen=NOTHING_SEEN,
        digest="",
        touched=frozenset(str(operation.action.address) for operation, status in operations if status in reached),
        renamed=tuple(
            renaming(str(operation.action.address), operation.action.before["name"], operation.action.after["name"])
            for operation, status in operations
            if isinstance(operation.action, RenameRegistry | RenameCollection) and status is Status.DONE
        ),
    )
    return Left(record, operations)


def links_of(operations: Iterable[tuple[Operation, Status]]) -> set[LinkKey]:
    """What these operations linked, or may have."""
    return {
        (operation.action.registry, operation.action.collection, operation.action.version.artifact_id)
        for operation, status in operations
        if isinstance(operation.action, LinkVersion) and status in (Status.DONE, Status.UNKNOWN)
    }
