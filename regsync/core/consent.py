"""Consent: which hazards the manifests and the command line allow, what for, and what would allow the rest.

A consent that names a thing is for that thing alone; one with a number holds where at most so many are left in its scope
that no name covers, and with more it holds for none of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from regsync.core import actions as a
from regsync.core.desired import Consent, Consents, Desired, HazardName, written
from regsync.core.live import Version
from regsync.core.operation import Hit, Operation
from regsync.diagnostics import Diagnostic, Position, Severity
from regsync.names import Address
from regsync.slots import NamedTuple, dataclass

ON_THE_COMMAND_LINE: Final = Position("--allow")
MOST_NAMED = 20
"""Where more things than this are open in one place, the narrowest consent that is worth reading is a number."""

Scope = Address | None
"""A registry or a collection; None: all that the manifests declare."""


class Thing(NamedTuple):
    """What a hazard is about, in the place that holds it. The first of its `names` is the one to write."""

    registry: str
    collection: str | None
    names: tuple[str, ...]

    def relative(self, scope: Scope) -> str:
        """Its name in a `consent` of that scope, which holds it."""
        text = self._joined(self.names[0], scope)
        return self._joined(self.names[0], None) if text == "absent" else text  # Bare, it would drop a consent.

    def called(self, text: str, scope: Scope) -> bool:
        """Whether a consent of that scope, which holds it, names it so."""
        return any(text in (self._joined(name, scope), self._joined(name, None)) for name in self.names)

    def _joined(self, name: str, scope: Scope) -> str:
        if scope is not None and scope.collection is not None:
            return name
        place = "" if self.collection is None else self.collection
        if scope is None:
            place = self.registry + (f"/{place}" if place else "")
        return f"{place}:{name}" if place and name else place or name


class Instance(NamedTuple):
    """One hit of a plan: the scopes that hold it, innermost first, and what it is about. No operation: the plan as a whole."""

    scopes: tuple[Scope, ...]
    hit: Hit
    operation: Operation | None
    things: tuple[Thing, ...] = ()


class Since(NamedTuple):
    """Since when a consent stands, as Git tells it. `commit` None: it is not committed yet.

    `before`: it stood there before the change that it covers was written, so it may have been given for another one.
    """

    commit: str | None
    before: bool


@dataclass(frozen=True, slots=True)
class Given:
    """A consent where it stands. `covers`: the operations that need it. `needed`: something of the plan does.

    `since` None: not known. For readers only; nothing is decided from it.
    """

    scope: Scope
    consent: Consent
    covers: tuple[str, ...] = ()
    needed: bool = False
    since: Since | None = None

    @property
    def on_the_command_line(self) -> bool:
        """Whether it was given with `--allow`, for this run alone."""
        return self.consent.origin == ON_THE_COMMAND_LINE


class Ask(NamedTuple):
    """What to write into one place of the manifests. `extends`: a `consent` list stands at `position`; else the block does.

    `items` are consents as they are written. `replaces`: those of the list that they stand in for.
    """

    scope: Scope
    position: Position
    extends: bool
    items: tuple[str, ...]
    replaces: tuple[str, ...]

    @property
    def where(self) -> str:
        """Where to write it; the end of a sentence."""
        file, line, _ = self.position
        if self.extends:
            return f"to the list at {file}:{line}" + (
                f", in place of {', '.join(self.replaces)}" if self.replaces else ""
            )
        if self.scope is None:
            return f"at the top level of {file}, as in line {line}"
        return f"in the block of {self.scope}, which begins at {file}:{line}"

    @property
    def text(self) -> str:
        """What to write there."""
        return ", ".join(self.items) if self.extends else f"consent: [{', '.join(self.items)}]"

    @property
    def instruction(self) -> str:
        """The whole of it in one line."""
        return f"{'add' if self.extends else 'write'} {self.text} {self.where}"


@dataclass(frozen=True, slots=True)
class Weighed:
    """How many of each hazard are left that the manifests do not allow, and what each consent was good for."""

    left: Mapping[HazardName, int]
    open: tuple[Instance, ...]
    given: tuple[Given, ...]
    unnamed: Mapping[tuple[Scope, HazardName], int]
    """How many of each hazard a scope holds that no consent names."""


def scopes_of(address: Address) -> tuple[Scope, ...]:
    """The scopes that hold an address, innermost first."""
    registry = Address(address.registry)
    if address.collection is None:
        return (registry, None)
    return (Address(address.registry, address.collection), registry, None)


def consents_of(desired: Desired) -> list[Given]:
    """Every consent of the manifests."""
    found = [Given(None, each) for each in desired.consent]
    for registry in desired.registries.values():
        found += [Given(Address(registry.name), each) for each in registry.consent]
        for collection in (registry.collections or {}).values():
            found += [Given(Address(registry.name, collection.name), each) for each in collection.consent]
    return found


def allowed(allow: Consents, left: Mapping[HazardName, int]) -> list[Given]:
    """The consents of the command line; `left`: what those of the manifests leave open."""
    return [
        Given(None, Consent(name, number, None, ON_THE_COMMAND_LINE), (), left.get(name, 0) > 0)
        for name, number in sorted(allow.items())
    ]


def carried(operations: Iterable[Operation]) -> list[Instance]:
    """Every hit that an operation carries."""
    return [
        Instance(scopes_of(operation.action.address), hit, operation, things_of(operation.action, hit.name))
        for operation in operations
        for hit in operation.hits
    ]


def things_of(action: a.Action, hazard: HazardName) -> tuple[Thing, ...]:
    """What a hazard of an action is about. None: it is consented to by number only."""
    registry = action.registry
    match action:
        case a.SetAlias() | a.LinkVersion():
            return (Thing(registry, action.collection, _version_names(action.version)),)
        case a.UnlinkVersion():
            index = f"v{action.index}"
            names = (action.version.source, index) if action.version.source else (index, action.version.digest)
            return (Thing(registry, action.collection, names),)
        case a.RemoveAlias():
            return (Thing(registry, action.collection, (action.alias,)),)
        case a.DeleteCollection():
            return (Thing(registry, action.collection, ("",)),)
        case a.DeleteRegistry():
            return (Thing(registry, None, ("",)),)
        case a.UnprotectAlias():
            return (Thing(registry, None, (action.alias,)),)
        case a.AllowArtifactTypes():
            return tuple(Thing(registry, None, (each,)) for each in action.added)
        case a.UpdateRegistry():
            return (Thing(registry, None, ("visibility",)),)
        case a.SetMember() | a.RemoveMember():
            return (Thing(registry, None, (action.member,)),)
        case _:
            return ()


def _version_names(version: Version) -> tuple[str, ...]:
    return (version.source, version.digest) if version.source else (version.digest,)


def weigh(instances: Sequence[Instance], given: Sequence[Given]) -> Weighed:
    """Hold consents of the manifests against everything dangerous in a plan."""
    named, numbered = _by_place(given)
    by_names = [_names_that_cover(instance, named) for instance in instances]
    rest = [instance for instance, names in zip(instances, by_names, strict=True) if not names]
    weights = _weights(rest)
    users: dict[int, list[Instance]] = defaultdict(list)
    open_: list[Instance] = []
    left: dict[HazardName, int] = defaultdict(int)
    for instance, names in zip(instances, by_names, strict=True):
        name = instance.hit.name
        holding = names or _number_that_covers(instance, numbered, weights, given)
        for index in holding:
            users[index].append(instance)
        if not holding:
            open_.append(instance)
            left[name] += instance.hit.weight
    short = _too_small(open_, named, numbered)
    judged = tuple(
        Given(
            each.scope,
            each.consent,
            tuple(dict.fromkeys(i.operation.id for i in users[index] if i.operation is not None)),
            bool(users[index]) or index in short,
        )
        for index, each in enumerate(given)
    )
    return Weighed(left, tuple(open_), judged, weights)


_Place = tuple[Scope, HazardName]


def _by_place(given: Sequence[Given]) -> tuple[dict[_Place, list[tuple[str, int]]], dict[_Place, int]]:
    named: dict[_Place, list[tuple[str, int]]] = defaultdict(list)
    numbered: dict[_Place, int] = {}
    for index, each in enumerate(given):
        place = (each.scope, each.consent.hazard)
        if each.consent.thing is not None:
            named[place].append((each.consent.thing, index))
        else:
            numbered[place] = index
    return named, numbered


def _namings(instance: Instance, thing: Thing, named: Mapping[_Place, list[tuple[str, int]]]) -> list[int]:
    """The consents that name that thing of an instance, innermost first."""
    return [
        index
        for scope in instance.scopes
        for text, index in named.get((scope, instance.hit.name), ())
        if thing.called(text, scope)
    ]


def _names_that_cover(instance: Instance, named: Mapping[_Place, list[tuple[str, int]]]) -> list[int]:
    """The consents that together name all that an instance is about; none where something is not named."""
    found = [_namings(instance, thing, named)[:1] for thing in instance.things] if named else []
    return [index for each in found for index in each] if all(found) else []


def _weights(instances: Iterable[Instance]) -> dict[_Place, int]:
    weights: dict[_Place, int] = defaultdict(int)
    for instance in instances:
        for scope in instance.scopes:
            weights[scope, instance.hit.name] += instance.hit.weight
    return weights


def _number_that_covers(
    instance: Instance, numbered: Mapping[_Place, int], weights: Mapping[_Place, int], given: Sequence[Given]
) -> list[int]:
    for scope in instance.scopes:
        place = (scope, instance.hit.name)
        index = numbered.get(place)
        if index is not None and within(weights[place], given[index].consent.number):
            return [index]
    return []


def _too_small(
    open_: Iterable[Instance], named: Mapping[_Place, list[tuple[str, int]]], numbered: Mapping[_Place, int]
) -> set[int]:
    """Consents that are for something of the plan, and not enough for it."""
    short: set[int] = set()
    for instance in open_:
        short.update(numbered[place] for scope in instance.scopes if (place := (scope, instance.hit.name)) in numbered)
        for thing in instance.things:
            short.update(_namings(instance, thing, named))
    return short


def within(count: int, limit: int | None) -> bool:
    """Whether a consent to `limit` (None: any number) holds for so many."""
    return limit is None or count <= limit


def unused(given: Iterable[Given]) -> list[Diagnostic]:
    """A warning for each consent of the manifests that nothing in the plan of all of them needs."""
    return [
        Diagnostic(
            "unused-consent",
            f"nothing needs the consent `{each.consent}`" + (f" of {each.scope}" if each.scope else ""),
            each.consent.origin,
            "delete it, so that it lets nothing through later; `regsync fmt --prune` does it",
            Severity.WARNING,
        )
        for each in sorted(given, key=lambda each: each.consent.origin)
        if not each.needed and not each.on_the_command_line
    ]


def asks(weighed: Weighed, allow: Consents, desired: Desired, otherwise: Position) -> tuple[Ask, ...]:
    """The narrowest consents for what is open, each in the innermost block of the manifests that holds it.

    `otherwise`: the place of a manifest's top level where the manifests declare nothing.
    """
    wanted: dict[Scope, list[Instance]] = defaultdict(list)
    for instance in weighed.open:
        name = instance.hit.name
        if name not in allow or not within(weighed.left[name], allow[name]):
            wanted[next(scope for scope in instance.scopes if _block(scope, desired, otherwise))].append(instance)
    found = []
    for scope in sorted(wanted, key=lambda scope: str(scope or "")):
        here = [each.consent for each in weighed.given if each.scope == scope]
        block = _block(scope, desired, otherwise) or otherwise
        items, replaced = _items(scope, wanted[scope], weighed, here)
        found.append(Ask(scope, min(each.origin for each in here) if here else block, bool(here), items, replaced))
    return tuple(found)


def _items(
    scope: Scope, instances: Sequence[Instance], weighed: Weighed, here: Sequence[Consent]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    items: list[str] = []
    replaced: list[str] = []
    for name in HazardName:
        mine = [instance for instance in instances if instance.hit.name is name]
        if not mine:
            continue
        names = dict.fromkeys(thing.relative(scope) for instance in mine for thing in instance.things)
        if all(instance.things for instance in mine) and len(names) <= MOST_NAMED:
            items += [written(name, text) for text in names]
        else:
            items.append(f"{name}={weighed.unnamed[scope, name]}")
            replaced += [str(each) for each in here if each.hazard is name and each.thing is None]
    return tuple(items), tuple(replaced)


def _block(scope: Scope, desired: Desired, otherwise: Position) -> Position | None:
    """Where the block of a scope begins that can hold a `consent`; None: it has none, or is only `absent`."""
    if scope is None:
        return desired.origin or otherwise
    registry = next((each for each in desired.registries.values() if each.name == scope.registry), None)
    if registry is None or registry.absent:
        return None
    if scope.collection is None:
        return registry.origin
    collection = next((each for each in (registry.collections or {}).values() if each.name == scope.collection), None)
    return None if collection is None or collection.absent else collection.origin
