"""Names that a plan would make beside almost the same ones that are live: for whoever reads the plan, nothing is decided by it."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from regsync.alike import alike_key, difference, is_slip
from regsync.core.actions import (
    AddTags,
    AllowArtifactTypes,
    CreateCollection,
    CreateRegistry,
    ProtectAlias,
    SetAlias,
    SetMember,
)
from regsync.core.desired import Desired, DesiredCollection, DesiredRegistry
from regsync.core.diff.names import nobody_was_called
from regsync.core.live import Live, LiveCollection
from regsync.core.operation import Operation
from regsync.diagnostics import Diagnostic, Position, Severity
from regsync.names import Address
from regsync.slots import NamedTuple

if TYPE_CHECKING:
    from regsync.backends.base import Reader


def look_alikes(
    operations: Sequence[Operation], live: Live, desired: Desired, reader: Reader
) -> tuple[Diagnostic, ...]:
    """A warning for each new name, and each `absent` one that is not there, that people would take for one that is.

    Asks for lists of names where registries or collections are made or not found, and only then. Raises `BackendError`.
    """
    gone = list(_gone(live, desired))
    making = {each.action.registry for each in operations if isinstance(each.action, CreateCollection)}
    making |= {each.registry for each in gone if each.known is None and each.registry is not None}
    names = reader.collection_names(sorted(making & live.registries.keys()))
    lists = {registry: _Names(found, desired.registry_at(Address(registry))) for registry, found in names.items()}
    asks = any(isinstance(each.action, CreateRegistry) for each in operations) or any(
        each.known is None and each.registry is None for each in gone
    )
    registries: Sequence[str] = reader.registry_names() if asks else []
    told: dict[tuple[str, str, str], Diagnostic] = {}
    for item in gone:
        known: Iterable[str] = registries if item.known is None else item.known
        if item.known is None and item.registry is not None:
            known = lists[item.registry].like(item.name) if item.registry in lists else ()
        other = _taken_for(item.name, [each for each in known if each not in item.declared])
        if other is not None:
            told.setdefault((item.noun, item.name, other), _nothing_to_remove(item, other))
    for operation in operations:
        for noun, new, known in _new(operation, live, desired, registries, lists):
            other = _taken_for(new, known) or _slip_for(operation, new, known, live)
            if other is not None:
                told.setdefault((noun, new, other), _warning(operation, noun, new, other))
    return (*told.values(), *_former(operations, live, desired, registries, lists))


def _former(
    operations: Sequence[Operation],
    live: Live,
    desired: Desired,
    registries: Collection[str],
    lists: Mapping[str, _Names],
) -> Iterator[Diagnostic]:
    """Warnings about former names that nothing has: of registries, where no other that is declared is live, which the comparison
    cannot know of; and where something is called almost like that."""
    undeclared = [each for each in registries if each not in desired.registries]
    for operation in operations:
        action = operation.action
        if not isinstance(action, CreateRegistry | CreateCollection):
            continue
        place = action.address
        wanted = desired.collection_at(place) if place.collection else desired.registry_at(place)
        if wanted is None or not wanted.previously:
            continue
        if isinstance(action, CreateRegistry) and registries and not live.registries:
            yield nobody_was_called(wanted, place)
        here = lists.get(action.registry)
        for former in wanted.previously:
            inside = here.undeclared_like(former.name) if here else []
            other = _taken_for(former.name, inside if place.collection else undeclared)
            if other is not None:
                how = difference(former.name, other)
                message = (
                    f"nothing is called `{former.name}`, as `previously` has it, and `{other}` is live: the two {how}"
                )
                hint = f"write `previously: {other}` if that one is meant"
                yield Diagnostic("similar-live", message, former.origin, hint, Severity.WARNING)


class _Names:
    """The names of a registry's live collections, found by what they look like: a plan may make very many."""

    def __init__(self, names: Iterable[str], wanted: DesiredRegistry | None) -> None:
        self._by_key: dict[str, list[str]] = {}
        for name in names:
            self._by_key.setdefault(alike_key(name), []).append(name)
        declared = (wanted.collections if wanted else None) or {}
        self._declared = {str(name) for name in declared}
        self._declared |= {each.name for item in declared.values() for each in item.previously}

    def like(self, name: str) -> list[str]:
        """Those that people take for `name`, itself included."""
        return self._by_key.get(alike_key(name), [])

    def undeclared_like(self, name: str) -> list[str]:
        """Those of them that the manifests do not speak of."""
        return [each for each in self.like(name) if each not in self._declared]


class _Gone(NamedTuple):
    """Something that is declared `absent`, and is not there."""

    noun: str
    registry: str | None
    """None: it is a registry itself."""
    name: str
    origin: Position
    declared: Container[str]
    """Names that the manifests speak of in the same place."""
    known: Iterable[str] | None
    """Live ones of its kind; None: they have not been read."""


def _gone(live: Live, desired: Desired) -> Iterator[_Gone]:
    for name, registry in desired.registries.items():
        here = live.registries.get(name)
        if registry.absent and here is None:
            yield _Gone("registry", None, name, registry.origin, desired.registries, None)
        if here is None or registry.absent:
            continue
        for alias, item in (registry.protected_aliases or {}).items():
            if item.absent and here.protected_aliases is not None and alias not in here.protected_aliases:
                noun, known = f"protected alias of {name!r}", here.protected_aliases
                yield _Gone(noun, name, alias, item.origin, registry.protected_aliases or {}, known)
        for member, wanted in (registry.members or {}).items():
            if wanted.role is None and here.members is not None and member not in here.members:
                noun = f"member of {name!r}"
                yield _Gone(noun, name, member, wanted.origin, registry.members or {}, here.members)
        for collection in (registry.collections or {}).values():
            yield from _gone_from(name, collection, here.collections.get(collection.name), registry.collections or {})


def _gone_from(
    registry: str, wanted: DesiredCollection, there: LiveCollection | None, declared: Container[str]
) -> Iterator[_Gone]:
    if wanted.absent and there is None:
        yield _Gone(f"collection of {registry!r}", registry, wanted.name, wanted.origin, declared, None)
    if wanted.absent or there is None:
        return
    for alias, origin in wanted.absent_aliases.items():
        if alias not in there.aliases:
            noun = f"alias of {registry}/{wanted.name}"
            yield _Gone(noun, registry, alias, origin, wanted.aliases or {}, there.aliases)
    for tag, item in (wanted.tags or {}).items():
        if item.absent and tag not in there.tags:
            yield _Gone(f"tag of {registry}/{wanted.name}", registry, tag, item.origin, wanted.tags or {}, there.tags)


def _new(
    operation: Operation, live: Live, desired: Desired, registries: Iterable[str], lists: Mapping[str, _Names]
) -> Iterator[tuple[str, str, Iterable[str]]]:
    """What kind of thing is new, its name, and the live ones of that kind that the manifests do not speak of."""
    action = operation.action
    here = live.registries.get(action.registry)
    match action:
        case CreateRegistry(registry=name):
            yield "registry", name, [each for each in registries if each not in desired.registries]
        case CreateCollection(registry=registry, collection=name):
            here_now = lists.get(registry)
            yield f"collection of {registry!r}", name, here_now.undeclared_like(name) if here_now else ()
        case SetAlias(held_by=None, alias=name):
            collection = desired.collection_at(action.address)
            aliases = (collection.aliases if collection else None) or {}
            place = _collection(live, action.registry, action.collection)
            yield (
                f"alias of {action.registry}/{action.collection}",
                name,
                [each for each in (place.aliases if place else ()) if each not in aliases],
            )
        case AddTags(tags=tags):
            place = _collection(live, action.registry, action.collection)
            for tag in tags:
                yield f"tag of {action.registry}/{action.collection}", tag, place.tags if place else ()
        case ProtectAlias(alias=name):
            yield f"protected alias of {action.registry!r}", name, (here.protected_aliases if here else None) or ()
        case SetMember(old=None, member=name):
            yield f"member of {action.registry!r}", name, (here.members if here else None) or ()
        case AllowArtifactTypes(added=added):
            for name in added:
                yield f"artifact type of {action.registry!r}", name, (here.artifact_types if here else None) or ()
        case _:
            return


def _collection(live: Live, registry: str, name: str) -> LiveCollection | None:
    there = live.registries.get(registry)
    return there.collections.get(name) if there else None


def _taken_for(new: str, known: Iterable[str]) -> str | None:
    key = alike_key(new)
    return next((each for each in sorted(known) if each != new and alike_key(each) == key), None)


def _slip_for(operation: Operation, new: str, known: Iterable[str], live: Live) -> str | None:
    """The name that one slip makes of a new one, where that would be grave: a registry's, or a protected alias's."""
    action = operation.action
    if isinstance(action, SetAlias):
        there = live.registries.get(action.registry)
        protected = (there.protected_aliases if there else None) or ()
        known = [each for each in known if each in protected]
    elif not isinstance(action, CreateRegistry):
        return None
    return next((each for each in sorted(known) if is_slip(new, each)), None)


def _warning(operation: Operation, noun: str, new: str, other: str) -> Diagnostic:
    message = f"the {noun} `{new}` is new, and `{other}` is live: the two {difference(new, other)}"
    hint = f"write `{other}` if that one is meant; two names that people mix up are two things to the registry"
    return Diagnostic("similar-live", message, operation.reason.position, hint, Severity.WARNING)


def _nothing_to_remove(item: _Gone, other: str) -> Diagnostic:
    message = f"the {item.noun} `{item.name}` is not there to remove, and `{other}` is live: the two {difference(item.name, other)}"
    hint = f"write `{other}` if that one is meant to go"
    return Diagnostic("similar-live", message, item.origin, hint, Severity.WARNING)
