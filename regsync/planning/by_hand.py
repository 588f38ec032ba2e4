"""Which aliases somebody moved outside of Git since the last apply: known from receipts, and the registry's own records.

For people who read a plan or ask for drift. Nothing is planned, allowed or refused because of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from regsync.core.actions import RemoveAlias, SetAlias
from regsync.core.later import Later
from regsync.core.live import Destination, Live, Version
from regsync.core.moves import AliasMove, Held, MovedByHand, Untold, named
from regsync.core.operation import Operation
from regsync.execution.receipt import Record
from regsync.execution.records import Found
from regsync.names import Address
from regsync.planning.drift import Memory, remembered
from regsync.planning.history import numbered
from regsync.slots import dataclass

if TYPE_CHECKING:
    from regsync.backends.base import Reader

MOST_ASKED = 100
"""Aliases that a registry is asked about for one plan: one request more. Beyond them nobody is named."""


@dataclass(frozen=True, slots=True)
class Receipts:
    """What receipts tell of one registry: what applies last saw, and the versions that are in them."""

    memory: Memory
    versions: Mapping[str, Version]
    agreed: Record | None = None
    """The newest of them after which all that the manifests declared was live."""


NO_RECEIPTS: Final = Receipts(Memory(), {})
"""Nothing is known."""


def receipts_of(found: Sequence[Found], records: Iterable[Record], destination: Destination) -> Receipts:
    """From receipts, oldest first. `records`: the same, with runs that ended without a receipt."""
    here = (destination.backend, destination.url, destination.organization, destination.instance)
    records = list(records)
    agreeing = [
        each
        for each in records
        if each.agrees
        and (each.destination.backend, each.destination.url, each.destination.organization, each.destination.instance)
        == here
    ]
    return Receipts(
        remembered(records, destination), Later(lambda: _versions(found)), agreeing[-1] if agreeing else None
    )


def _versions(found: Iterable[Found]) -> dict[str, Version]:
    return {
        side["artifact_id"]: Version(**{key: str(side[key]) for key in Version._fields})
        for each in found
        for operation in each.document["operations"]
        for side in (operation["before"], operation["after"])
        if isinstance(side, dict) and side.keys() >= set(Version._fields)
    }


def moved_by_hand(
    operations: Iterable[Operation], live: Live, receipts: Receipts, reader: Reader
) -> dict[str, MovedByHand]:
    """By operation, the move that it meets. Asks the registry at most once, and about `MOST_ASKED` aliases at most."""
    concerned = _concerned(operations, receipts)
    if not concerned:
        return {}
    told = reader.alias_moves(_asked(concerned, live))
    moves = {} if isinstance(told, Untold) else told
    found: dict[str, MovedByHand] = {}
    for operation in concerned:
        moved = _moved(operation, live, receipts, moves.get(operation.action.address, ()))
        if moved is not None:
            found[operation.id] = moved
    return found


def asked(operations: Iterable[Operation], live: Live, receipts: Receipts) -> list[Address]:
    """The aliases that `moved_by_hand` asks the registry about."""
    return _asked(_concerned(operations, receipts), live)


def _asked(concerned: Sequence[Operation], live: Live) -> list[Address]:
    return [each.action.address for each in concerned[:MOST_ASKED] if _is_there(each, live)]


def _concerned(operations: Iterable[Operation], receipts: Receipts) -> list[Operation]:
    return [
        each
        for each in operations
        if isinstance(each.action, SetAlias | RemoveAlias) and _may_be(each, receipts.memory)
    ]


def noted(operation: Operation, moved: MovedByHand | None) -> Operation:
    """The operation with a note that says it."""
    return operation if moved is None else replace(operation, notes=(*operation.notes, moved_words(moved)))


def moved_words(moved: MovedByHand) -> str:
    """`moved by hand since the last apply: v3 → v1, by bob, 2026-11-28 12:03:11Z`"""
    before, after = (str(held) if held else "not set" for held in (moved.before, moved.after))
    who = f", by {named(moved.by)}" if moved.by else ""
    when = f", {moved.at[:19].replace('T', ' ')}Z" if moved.at else ""
    if moved.since_apply:
        return f"moved by hand since the last apply: {before} → {after}{who}{when}"
    return f"this puts back what was moved in the registry: {before} → {after}{who}{when} (no receipt tells whether by hand)"


def _may_be(operation: Operation, memory: Memory) -> bool:
    """Whether a receipt shows that it was moved, or no receipt tells and it is held by something."""
    address = str(operation.action.address)
    if address in memory.bindings:
        return memory.bindings[address] != _live_id(operation)
    return _live_id(operation) is not None


def _live_id(operation: Operation) -> str | None:
    action = operation.action
    held = action.held_by if isinstance(action, SetAlias | RemoveAlias) else None
    return None if held is None else held.artifact_id


def _is_there(operation: Operation, live: Live) -> bool:
    address = operation.action.address
    registry = live.registries.get(address.registry)
    return registry is not None and address.collection in registry.collections


def _moved(operation: Operation, live: Live, receipts: Receipts, moves: Sequence[AliasMove]) -> MovedByHand | None:
    address = operation.action.address
    now = _live_id(operation)
    last = moves[-1] if moves and _id(moves[-1].after) == now else None
    known = str(address) in receipts.memory.bindings
    if known:
        before = _held(receipts.memory.bindings[str(address)], address, live, receipts)
    elif last is not None and last.before is not None and last.before.artifact_id == _wanted(operation):
        before = _number(last.before, address, live)
    else:
        return None
    after = _number(last.after, address, live) if last else _held(now, address, live, receipts)
    return MovedByHand(
        operation.id, address, before, after, last.by if last else "", last.at if last else "", since_apply=known
    )


def _wanted(operation: Operation) -> str | None:
    return operation.action.version.artifact_id if isinstance(operation.action, SetAlias) else None


def _id(held: Held | None) -> str | None:
    return None if held is None else held.artifact_id


def _held(artifact: str | None, address: Address, live: Live, receipts: Receipts) -> Held | None:
    if artifact is None:
        return None
    version = receipts.versions.get(artifact)
    return _number(Held(artifact, version.source if version else ""), address, live)


def _number(held: Held | None, address: Address, live: Live) -> Held | None:
    return numbered(held, address, live.registries)
