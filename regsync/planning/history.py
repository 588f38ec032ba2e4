"""Who moved what: the registry's own records, the receipts of applies, and the commits that changed the manifests, joined."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from regsync.backends.base import Status
from regsync.core.actions import RemoveAlias, SetAlias
from regsync.core.live import Destination, LiveRegistry, Version
from regsync.core.moves import AliasMove, AliasMoves, Held, Untold
from regsync.execution.receipt import decode_receipt_operations
from regsync.execution.records import Found, moment
from regsync.names import Address
from regsync.planning.commits import Redeclared, Told
from regsync.slots import NamedTuple, dataclass

_APART = timedelta(days=1)
"""Clocks of a registry and of a working copy that are further apart than this are not taken for one move."""


class ToldBy(StrEnum):
    """Where something is known from."""

    REGISTRY = "registry"
    RECEIPT = "receipt"
    GIT = "git"


class Applied(NamedTuple):
    """The apply that made a move: digests of its plan and receipt, the commit of its manifests, and whether it was an undo."""

    plan: str
    receipt: str
    commit: str | None
    undo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One move of an alias. `applied` None: no receipt that is at hand tells of it."""

    address: Address
    at: str
    by: str
    before: Held | None
    after: Held | None
    applied: Applied | None
    told_by: tuple[ToldBy, ...]
    sure: bool = True
    """False: the apply sent it, and never learned what became of it."""


@dataclass(frozen=True, slots=True)
class History:
    """`entries`, newest first. `registry`: why the registry tells nothing, None where it does. `git`: what Git did not tell."""

    entries: tuple[Moved | Redeclared, ...]
    registry: str | None
    receipts: int
    git: str | None


def history(
    told: AliasMoves | Untold,
    receipts: Sequence[Found],
    commits: Told,
    destination: Destination,
    live: Mapping[str, LiveRegistry],
    wanted: Address | None,
) -> History:
    """Join what is told. `receipts` of other destinations are passed over; `live` gives versions their numbers."""
    here = [each for each in receipts if is_here(each.record.destination, destination)]
    applied = [move for each in here for move in _in_receipt(each) if wanted is None or wanted.covers(move.address)]
    recorded = [] if isinstance(told, Untold) else [_of_registry(move) for moves in told.values() for move in moves]
    entries: list[Moved | Redeclared] = [
        replace(each, before=numbered(each.before, each.address, live), after=numbered(each.after, each.address, live))
        for each in _joined(recorded, applied)
    ]
    entries += commits.changes
    entries.sort(key=lambda each: moment(each.at if isinstance(each, Moved) else each.commit.at))
    entries.reverse()
    return History(tuple(entries), told.reason if isinstance(told, Untold) else None, len(here), commits.note)


def is_here(where: Destination, here: Destination) -> bool:
    """Whether a receipt is of this registry, whoever applied it."""
    return (where.backend, where.url, where.organization, where.instance) == (
        here.backend,
        here.url,
        here.organization,
        here.instance,
    )


def _of_registry(move: AliasMove) -> Moved:
    return Moved(
        address=move.address,
        at=move.at,
        by=move.by,
        before=move.before,
        after=move.after,
        applied=None,
        told_by=(ToldBy.REGISTRY,),
    )


def _in_receipt(found: Found) -> Iterable[Moved]:
    """What an apply did to aliases. Its operations have no times of their own: they have the receipt's."""
    record = found.record
    applied = Applied(record.plan_digest, record.digest, record.commit, record.undoes is not None)
    for operation, status in decode_receipt_operations(found.document):
        action = operation.action
        if not isinstance(action, SetAlias | RemoveAlias) or status not in (Status.DONE, Status.UNKNOWN):
            continue
        yield Moved(
            address=action.address,
            at=record.finished_at,
            by=record.destination.user,
            before=_held(action.held_by, action.held_index),
            after=_held(action.version, action.index) if isinstance(action, SetAlias) else None,
            applied=applied,
            told_by=(ToldBy.RECEIPT,),
            sure=status is Status.DONE,
        )


def _held(version: Version | None, index: int | None) -> Held | None:
    return None if version is None else Held(version.artifact_id, version.source, index)


def _joined(recorded: list[Moved], applied: Iterable[Moved]) -> list[Moved]:
    """Each move of an apply is one of those that the registry recorded: the nearest in time from and to the same versions."""
    entries: list[Moved] = list(recorded)
    free: dict[tuple[Address, str | None, str | None], list[int]] = {}
    for place, move in enumerate(recorded):
        free.setdefault(_key(move), []).append(place)
    for move in applied:
        at = moment(move.at)
        places = [each for each in free.get(_key(move), ()) if abs(moment(recorded[each].at) - at) <= _APART]
        if not places:
            entries.append(move)
            continue
        nearest = min(places, key=lambda each: abs(moment(recorded[each].at) - at))
        free[_key(move)].remove(nearest)
        entries[nearest] = replace(recorded[nearest], applied=move.applied, told_by=(ToldBy.REGISTRY, ToldBy.RECEIPT))
    return entries


def _key(move: Moved) -> tuple[Address, str | None, str | None]:
    before, after = move.before, move.after
    return move.address, None if before is None else before.artifact_id, None if after is None else after.artifact_id


def numbered(held: Held | None, address: Address, live: Mapping[str, LiveRegistry]) -> Held | None:
    """With the number that the version has in the collection now, where the registry told none."""
    if held is None or held.index is not None:
        return held
    registry = live.get(address.registry)
    collection = registry.collections.get(address.collection or "") if registry else None
    index = collection.index_of(held.artifact_id) if collection else None
    return held if index is None else replace(held, index=index)


def to_ask(wanted: Address | None, live: Mapping[str, LiveRegistry]) -> Collection[Address]:
    """The aliases and collections that are there of what is wanted: what a registry can be asked about."""
    if wanted is not None and wanted.alias is not None:
        registry = live.get(wanted.registry)
        return [wanted] if registry and wanted.collection in registry.collections else []
    return [
        Address(name, collection)
        for name, registry in live.items()
        for collection in registry.collections
        if wanted is None or wanted.covers(Address(name, collection))
    ]
