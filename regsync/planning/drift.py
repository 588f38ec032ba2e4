"""Drift: where live differs from the manifests, and which of the two moved since regsync last looked after an apply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TypeVar

from regsync.core.actions import RemoveAlias, SetAlias
from regsync.core.live import Destination
from regsync.core.moves import Moved, MovedByHand
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.execution.receipt import Record
from regsync.slots import NamedTuple, dataclass

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Difference:
    """One operation that would bring live back to what is declared, and who moved."""

    operation: Operation
    moved: Moved
    who: MovedByHand | None = None
    after_undo: bool = False
    """What regsync last did here was an undo: the manifests ask again for what it took back."""


class Part(NamedTuple):
    """A registry's settings or a collection, as an apply last saw it. `manifest`: the manifests that it agreed with then."""

    fingerprint: str
    manifest: str | None


@dataclass(slots=True)
class Memory:
    """What regsync last saw after an apply, by address. `bindings`: artifact ids, None where an alias was not set."""

    bindings: dict[str, str | None] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)
    """The addresses where the last that regsync did was an undo."""

    def forget(self, address: str) -> None:
        """Something was done there by regsync itself, and nobody looked afterwards."""
        part = address.partition(":")[0]
        self.parts.pop(part, None)
        for alias in [each for each in self.bindings if each == address or (part == address and each.startswith(part))]:
            del self.bindings[alias]

    def rename(self, renamed: Mapping[str, str]) -> set[str]:
        """Registries and collections got new names, and all that is in them moved along. The addresses that nothing has any more."""
        left = {address for address in (*self.parts, *self.bindings) if _renamed(address, renamed) != address}
        self.parts = _moved_along(self.parts, renamed)
        self.bindings = _moved_along(self.bindings, renamed)
        return left


def _moved_along(known: Mapping[str, V], renamed: Mapping[str, str]) -> dict[str, V]:
    now = {address: _renamed(address, renamed) for address in known}
    stayed = {address: value for address, value in known.items() if now[address] == address}
    return stayed | {now[address]: value for address, value in known.items() if now[address] != address}


def _renamed(address: str, renamed: Mapping[str, str]) -> str:
    """What an address is called after a run in which registries are renamed first or last."""
    place, colon, alias = address.partition(":")
    registry, slash, collection = place.partition("/")
    name = renamed.get(registry, registry)
    if slash:
        collection = renamed.get(place) or renamed.get(f"{name}/{collection}") or collection
    return f"{name}{slash}{collection}{colon}{alias}"


def remembered(records: Iterable[Record], destination: Destination) -> Memory:
    """What the receipts tell, oldest first; those of other destinations are passed over, whoever applied them."""
    memory = Memory()
    here = (destination.backend, destination.url, destination.organization, destination.instance)
    for record in records:
        where = record.destination
        if (where.backend, where.url, where.organization, where.instance) != here:
            continue
        left = memory.rename(dict(record.renamed)) if record.renamed else set()
        for address in record.touched:
            memory.forget(address)
        memory.bindings.update(record.seen.bindings)
        places = {*record.touched, *record.seen.bindings, *record.seen.fingerprints, *left}
        memory.undone.difference_update(places)
        memory.undone.update(places if record.undoes is not None else ())
        manifest = record.manifest_digest if record.agrees else None
        memory.parts.update({place: Part(found, manifest) for place, found in record.seen.fingerprints.items()})
    return memory


def differences(plan: Plan, memory: Memory) -> list[Difference]:
    """Every operation of the plan, with the side that moved where that can be known, and whose move it was."""
    who = {each.operation: each for each in plan.moved_by_hand}
    return [
        Difference(
            operation,
            _moved(operation, plan, memory),
            who.get(operation.id),
            not memory.undone.isdisjoint(_places(operation)),
        )
        for operation in plan.operations
    ]


def _places(operation: Operation) -> set[str]:
    address = operation.action.address
    return {str(address)} if address.alias else {str(address), str(address._replace(alias=None))}


def _moved(operation: Operation, plan: Plan, memory: Memory) -> Moved:
    action = operation.action
    if isinstance(action, SetAlias | RemoveAlias) and str(action.address) in memory.bindings:
        last = memory.bindings[str(action.address)]
        live = None if action.held_by is None else action.held_by.artifact_id
        declared = action.version.artifact_id if isinstance(action, SetAlias) else None
        if live == last:
            return Moved.MANIFEST
        return Moved.LIVE if declared == last else Moved.BOTH
    return _part_moved(operation, plan, memory.parts)


def _part_moved(operation: Operation, plan: Plan, parts: Mapping[str, Part]) -> Moved:
    """By the registry or collection as a whole: what has not changed was not moved there, so the manifest moved."""
    place = operation.action.address
    address = str(place._replace(alias=None))
    last = parts.get(address)
    if last is None:
        return Moved.UNKNOWN
    if plan.read.fingerprints.get(address) == last.fingerprint:
        return Moved.MANIFEST
    return Moved.LIVE if last.manifest == plan.manifest.digest else Moved.UNKNOWN
