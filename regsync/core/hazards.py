"""Hazards: what of a plan is dangerous, who consented to it, and the narrow consent that would allow the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from regsync.core import actions as a
from regsync.core.actions import Json
from regsync.core.desired import Cap, Consents, Desired, HazardName, Kind
from regsync.core.live import Live
from regsync.core.operation import Hit, Operation
from regsync.names import Address, CollectionName, RegistryName, parse_address

DEFAULT_CAP = Cap(percent=50, number=1000)
SMALLEST_MASS = 3
"""Fewer changes than this are never a mass change, whatever share of the whole they are."""


@dataclass(frozen=True, slots=True)
class Hazard:
    """All of a plan's hits of one name. `open` is how many nobody consented to; a plan with any is not applyable."""

    name: HazardName
    count: int
    open: int
    operations: tuple[str, ...]
    messages: tuple[str, ...]

    @property
    def consented(self) -> bool:
        return self.open == 0

    @property
    def consent(self) -> str:
        """The narrowest consent that allows what is open."""
        return f"--allow {self.name}={self.open}"


class _Instance(NamedTuple):
    scopes: tuple[Address | None, ...]
    hit: Hit
    operation: str | None


def assess(
    operations: Sequence[Operation],
    emptied: Iterable[tuple[Address, Hit]],
    desired: Desired,
    live: Live,
    allow: Consents,
) -> tuple[Hazard, ...]:
    """Every hazard of the plan, by name, with what consents given in the manifest and on the command line leave open.

    A consent for N of a hazard holds where there are at most N in its scope; with more, it holds for none of them.
    """
    instances = _carried(operations)
    instances += [_Instance(_scopes(address), hit, None) for address, hit in emptied]
    instances += [_Instance(scopes, hit, None) for scopes, hit in _mass_changes(operations, desired, live)]
    if not desired.registries:
        message = "the manifests declare no registry at all"
        instances.append(_Instance((None,), Hit(HazardName.EMPTY_DESIRED, message), None))
    return _summarize(instances, _consents_by_scope(desired), allow)


def _scopes(address: Address) -> tuple[Address | None, ...]:
    registry = Address(address.registry)
    if address.collection is None:
        return (registry, None)
    return (Address(address.registry, address.collection), registry, None)


def _consents_by_scope(desired: Desired) -> dict[Address | None, Consents]:
    found: dict[Address | None, Consents] = {None: desired.consent}
    for registry in desired.registries.values():
        found[Address(registry.name)] = registry.consent
        for collection in (registry.collections or {}).values():
            if collection.consent:
                found[Address(registry.name, collection.name)] = collection.consent
    return found


def _summarize(
    instances: list[_Instance], consents: Mapping[Address | None, Consents], allow: Consents
) -> tuple[Hazard, ...]:
    weights: dict[tuple[Address | None, HazardName], int] = defaultdict(int)
    for instance in instances:
        for scope in instance.scopes:
            weights[scope, instance.hit.name] += instance.hit.weight

    def covered(instance: _Instance) -> bool:
        name = instance.hit.name
        return any(
            name in consents.get(scope, {}) and _within(weights[scope, name], consents[scope][name])
            for scope in instance.scopes
        )

    hazards = []
    for name in HazardName:
        mine = [instance for instance in instances if instance.hit.name is name]
        if not mine:
            continue
        left = sum(instance.hit.weight for instance in mine if not covered(instance))
        if name in allow and _within(left, allow[name]):
            left = 0
        hazards.append(
            Hazard(
                name,
                sum(instance.hit.weight for instance in mine),
                left,
                tuple(dict.fromkeys(i.operation for i in mine if i.operation is not None)),
                tuple(instance.hit.message for instance in mine if instance.operation is None),
            )
        )
    return tuple(hazards)


def check_consented(operations: Sequence[Operation], hazards: Sequence[Hazard], consents: Sequence[Json]) -> None:
    """Raise `ValueError` where a plan's document calls more consented to than the consents that it lists cover."""
    allow: dict[HazardName, int | None] = {}
    by_scope: dict[Address | None, dict[HazardName, int | None]] = defaultdict(dict)
    for each in consents:
        name, number = HazardName(each["hazard"]), each["number"]
        if number is not None and (type(number) is not int or number < 1):
            raise ValueError(f"a consent to {number!r} of {name}")
        if each["address"] == "--allow":
            allow[name] = number
        else:
            by_scope[parse_address(each["address"]) if each["address"] else None][name] = number
    open_by_name = {hazard.name: hazard.open for hazard in hazards}
    for hazard in _summarize(_carried(operations), by_scope, allow):
        if open_by_name[hazard.name] != hazard.open:
            raise ValueError(f"hazard {hazard.name}: {hazard.open} are open, not {open_by_name[hazard.name]}")
    given = {name for scope in (allow, *by_scope.values()) for name in scope}
    for hazard in hazards:
        if hazard.consented and hazard.name not in given:
            raise ValueError(f"nobody consented to hazard {hazard.name}")


def _carried(operations: Sequence[Operation]) -> list[_Instance]:
    return [
        _Instance(_scopes(operation.action.address), hit, operation.id)
        for operation in operations
        for hit in operation.hits
    ]


def _within(count: int, limit: int | None) -> bool:
    return limit is None or count <= limit


def _common(addresses: Iterable[Address]) -> tuple[Address | None, ...]:
    """The scopes that hold all of the addresses."""
    shared: list[Address | None] | None = None
    for address in addresses:
        scopes = _scopes(address)
        shared = [scope for scope in (scopes if shared is None else shared) if scope in scopes]
    return tuple(shared or (None,))


def _mass_changes(
    operations: Sequence[Operation], desired: Desired, live: Live
) -> list[tuple[tuple[Address | None, ...], Hit]]:
    """For each kind of which too many change: the scopes that hold all of them, and the hazard."""
    changed: dict[Kind, int] = defaultdict(int)
    places: dict[Kind, dict[Address, None]] = defaultdict(dict)
    for operation in operations:
        kind, number = _change(operation.action)
        if kind is not None and number:
            changed[kind] += number
            places[kind][operation.action.address] = None
    totals = _totals(live) if changed else {}
    hits = []
    for kind, number in changed.items():
        cap = desired.caps.get(kind, DEFAULT_CAP)
        total = max(totals[kind], number)
        percent = 100 * number / total
        if number > cap.number or (number >= SMALLEST_MASS and percent > cap.percent):
            message = (
                f"changes {number} of {total} {kind.replace('_', ' ')} ({percent:.0f} %); "
                f"the cap is {cap.percent:g} % and {cap.number}"
            )
            hits.append((_common(places[kind]), Hit(HazardName.MASS_CHANGE, message, number)))
    return hits


def _change(action: a.Action) -> tuple[Kind | None, int]:
    """How many existing things of which kind an action changes or takes away."""
    match action:
        case a.SetAlias(held_by=held_by):
            return Kind.ALIASES, int(held_by is not None)
        case a.RemoveAlias():
            return Kind.ALIASES, 1
        case a.UnlinkVersion():
            return Kind.VERSIONS, 1
        case a.RemoveTags(tags=tags):
            return Kind.TAGS, len(tags)
        case a.SetMember(old=old):
            return Kind.MEMBERS, int(old is not None)
        case a.RemoveMember():
            return Kind.MEMBERS, 1
        case a.UnprotectAlias():
            return Kind.PROTECTED_ALIASES, 1
        case a.DeleteCollection():
            return Kind.COLLECTIONS, 1
        case _:
            return None, 0


def _totals(live: Live) -> dict[Kind, int]:
    collections = [c for registry in live.registries.values() for c in registry.collections.values()]
    registries = live.registries.values()
    return {
        Kind.ALIASES: sum(len(c.aliases) for c in collections),
        Kind.VERSIONS: sum(len(c.links) for c in collections),
        Kind.TAGS: sum(len(c.tags) for c in collections),
        Kind.MEMBERS: sum(len(r.members or ()) for r in registries),
        Kind.PROTECTED_ALIASES: sum(len(r.protected_aliases or ()) for r in registries),
        Kind.COLLECTIONS: len(collections),
    }


def consent_places(desired: Desired) -> list[tuple[RegistryName | None, CollectionName | None, Consents]]:
    """Every `consent` of the manifest with its scope, for the plan document."""
    places: list[tuple[RegistryName | None, CollectionName | None, Consents]] = []
    if desired.consent:
        places.append((None, None, desired.consent))
    for registry in desired.registries.values():
        if registry.consent:
            places.append((registry.name, None, registry.consent))
        places += [(registry.name, c.name, c.consent) for c in (registry.collections or {}).values() if c.consent]
    return places
