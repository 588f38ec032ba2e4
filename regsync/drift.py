"""Drift: where live differs from the manifests, and which of the two moved since regsync last applied them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from regsync.core.actions import RemoveAlias, SetAlias
from regsync.core.live import Destination
from regsync.core.operation import Operation
from regsync.core.plan import Plan


class Moved(StrEnum):
    """Which side differs from what the last receipt saw. A receipt knows aliases only; for the rest nobody can tell."""

    LIVE = "live"
    MANIFEST = "manifest"
    BOTH = "both"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Difference:
    """One operation that would bring live back to what is declared, and who moved."""

    operation: Operation
    moved: Moved


def last_bindings(receipts: Sequence[Mapping[str, Any]], destination: Destination) -> dict[str, str]:
    """What each alias pointed at when regsync last saw it after an apply there: artifact ids by address.

    `receipts` are documents, oldest first; those of other destinations are passed over, whoever applied them.
    """
    found: dict[str, str] = {}
    here = (destination.backend, destination.url, destination.organization)
    for receipt in receipts:
        where = receipt.get("destination", {})
        if (where.get("backend"), where.get("url"), where.get("organization")) == here:
            found.update(receipt.get("bindings", {}))
    return found


def differences(plan: Plan, bindings: Mapping[str, str]) -> list[Difference]:
    """Every operation of the plan, with the side that moved where that can be known."""
    return [Difference(operation, _moved(operation, bindings)) for operation in plan.operations]


def _moved(operation: Operation, bindings: Mapping[str, str]) -> Moved:
    action = operation.action
    if not isinstance(action, SetAlias | RemoveAlias):
        return Moved.UNKNOWN
    last = bindings.get(str(action.address))
    if last is None:
        return Moved.UNKNOWN
    live = None if action.held_by is None else action.held_by.artifact_id
    declared = action.version.artifact_id if isinstance(action, SetAlias) else None
    if live == last:
        return Moved.MANIFEST
    return Moved.LIVE if declared == last else Moved.BOTH
