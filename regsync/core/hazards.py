"""Hazards: what of a plan is dangerous, who consented to it, and the narrow consent that would allow the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from regsync.core import actions as a
from regsync.core.consent import (
    Ask,
    Given,
    Instance,
    Weighed,
    allowed,
    asks,
    carried,
    consents_of,
    scopes_of,
    weigh,
    within,
)
from regsync.core.desired import Cap, Consents, Desired, HazardName, Kind
from regsync.core.diff.context import Emptied
from regsync.core.live import Live
from regsync.core.operation import Hit, Operation
from regsync.diagnostics import Position
from regsync.names import Address
from regsync.slots import NamedTuple, dataclass

DEFAULT_CAP = Cap(percent=50, number=1000)
SMALLEST_MASS = 3
"""Fewer changes than this are never a mass change, whatever share of the whole they are."""
SMALLEST_MASS_OF_MOVES = 10
"""The same for aliases that move and stay bound, where no cap is declared: the release of an ensemble is daily work."""


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


class Assessment(NamedTuple):
    """Every hazard of a plan by name, what the manifests' consents are good for, and which are missing."""

    hazards: tuple[Hazard, ...]
    consents: tuple[Given, ...]
    missing: tuple[Ask, ...]


def assess(
    operations: Sequence[Operation],
    emptied: Iterable[Emptied],
    desired: Desired,
    live: Live,
    allow: Consents,
    otherwise: Position,
) -> Assessment:
    """Every hazard of the plan, with what consents given in the manifest and on the command line leave open.

    `otherwise`: where a consent would go if the manifests declare nothing at all.
    """
    hazards, weighed = hazards_of(operations, emptied, desired, live, allow)
    return Assessment(
        hazards, (*weighed.given, *allowed(allow, weighed.left)), asks(weighed, allow, desired, otherwise)
    )


def hazards_of(
    operations: Sequence[Operation], emptied: Iterable[Emptied], desired: Desired, live: Live, allow: Consents
) -> tuple[tuple[Hazard, ...], Weighed]:
    """Every hazard, and the consents of the manifests held against them.

    Only what `operations` do counts, whatever else the manifests ask for.
    """
    instances = carried(operations)
    instances += [
        Instance(scopes_of(each.address), each.hit._replace(weight=removed), None)
        for each, removed in _emptying(emptied, operations)
    ]
    instances += [Instance(scopes, hit, None) for scopes, hit in mass_changes(operations, desired, live)]
    if not desired.registries:
        message = "the manifests declare no registry at all"
        instances.append(Instance((None,), Hit(HazardName.EMPTY_DESIRED, message), None))
    weighed = weigh(instances, consents_of(desired))
    return _summarize(instances, weighed, allow), weighed


def _summarize(instances: Sequence[Instance], weighed: Weighed, allow: Consents) -> tuple[Hazard, ...]:
    by_name: dict[HazardName, list[Instance]] = defaultdict(list)
    for instance in instances:
        by_name[instance.hit.name].append(instance)
    hazards = []
    for name in HazardName:
        mine = by_name.get(name)
        if not mine:
            continue
        left = weighed.left.get(name, 0)
        if name in allow and within(left, allow[name]):
            left = 0
        hazards.append(
            Hazard(
                name,
                sum(instance.hit.weight for instance in mine),
                left,
                tuple(dict.fromkeys(i.operation.id for i in mine if i.operation is not None)),
                tuple(instance.hit.message for instance in mine if instance.operation is None),
            )
        )
    return tuple(hazards)


def check_consented(
    operations: Sequence[Operation], hazards: Sequence[Hazard], consents: Sequence[Given], *, is_part: bool
) -> None:
    """Raise `ValueError` where a plan's document calls more consented to than the consents that it lists cover.

    `is_part`: of a shard, whose hazards are open as well where the whole plan's are.
    """
    for given in consents:
        number = given.consent.number
        if number is not None and (type(number) is not int or number < 1):
            raise ValueError(f"a consent to {number!r} of {given.consent.hazard}")
    allow = {each.consent.hazard: each.consent.number for each in consents if each.on_the_command_line}
    in_manifests = [each for each in consents if not each.on_the_command_line]
    instances = carried(operations)
    open_by_name = {hazard.name: hazard.open for hazard in hazards}
    for hazard in _summarize(instances, weigh(instances, in_manifests), allow):
        if open_by_name[hazard.name] < hazard.open or (not is_part and open_by_name[hazard.name] != hazard.open):
            raise ValueError(f"hazard {hazard.name}: {hazard.open} are open, not {open_by_name[hazard.name]}")
    names = {each.consent.hazard for each in consents}
    for hazard in hazards:
        if hazard.consented and hazard.name not in names:
            raise ValueError(f"nobody consented to hazard {hazard.name}")


def _emptying(emptied: Iterable[Emptied], operations: Sequence[Operation]) -> Iterator[tuple[Emptied, int]]:
    """Each empty block from which operations take something away, and how much."""
    removed: dict[tuple[Address | None, Kind], int] = defaultdict(int)
    for operation in operations:
        kind, number = _change(operation.action)
        if kind is not None:
            for scope in scopes_of(operation.action.address):
                removed[scope, kind] += number
    for each in emptied:
        if removed[each.address, each.kind]:
            yield each, removed[each.address, each.kind]


def _common(addresses: Iterable[Address]) -> tuple[Address | None, ...]:
    """The scopes that hold all of the addresses."""
    shared: list[Address | None] | None = None
    for address in addresses:
        scopes = scopes_of(address)
        shared = [scope for scope in (scopes if shared is None else shared) if scope in scopes]
    return tuple(shared or (None,))


def mass_changes(
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
        smallest = SMALLEST_MASS
        if kind is Kind.ALIASES and kind not in desired.caps and _only_moves(operations):
            smallest = SMALLEST_MASS_OF_MOVES
        if number > cap.number or (number >= smallest and percent > cap.percent):
            message = (
                f"changes {number} of {total} {kind.replace('_', ' ')} ({percent:.0f} %); "
                f"the cap is {cap.percent:g} % and {cap.number}"
            )
            hits.append((_common(places[kind]), Hit(HazardName.MASS_CHANGE, message, number)))
        elif kind is Kind.ALIASES:
            hits += _of_one_name(operations, cap, live)
    return hits


def _only_moves(operations: Sequence[Operation]) -> bool:
    """Whether no alias is taken off: each that changes is bound before and after, and can be moved back."""
    return not any(isinstance(each.action, a.RemoveAlias) for each in operations)


def _of_one_name(
    operations: Sequence[Operation], cap: Cap, live: Live
) -> Iterator[tuple[tuple[Address | None, ...], Hit]]:
    """For each protected alias that moves in so many collections that it is no release of one thing any more."""
    moved: dict[str, list[Address]] = defaultdict(list)
    for operation in operations:
        action = operation.action
        if operation.protected and isinstance(action, a.SetAlias) and action.held_by is not None:
            moved[action.alias].append(action.address)
    collections = (c for registry in live.registries.values() for c in registry.collections.values() if moved)
    bound = Counter(alias for each in collections for alias in each.aliases if alias in moved)
    for alias, addresses in sorted(moved.items()):
        total = max(bound[alias], len(addresses))
        percent = 100 * len(addresses) / total
        if len(addresses) >= SMALLEST_MASS_OF_MOVES and cap.percent < 100 and percent >= cap.percent:
            message = (
                f"moves {len(addresses)} of the {total} protected aliases {alias!r} ({percent:.0f} %); "
                f"the cap is below {cap.percent:g} % of one name"
            )
            yield _common(addresses), Hit(HazardName.MASS_CHANGE, message, len(addresses))


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
