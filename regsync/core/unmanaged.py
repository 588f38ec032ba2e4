"""What is live and declared nowhere: things that nobody manages, and those of them that somebody managed before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from regsync.core import actions as a
from regsync.core.desired import Desired, DesiredCollection, DesiredRegistry, Kind
from regsync.core.live import Live, LiveCollection, LiveRegistry, RegistryScope, Scope
from regsync.core.operation import Operation
from regsync.names import Address
from regsync.slots import NamedTuple, dataclass

T = TypeVar("T", DesiredRegistry, DesiredCollection)


class Unmanaged(NamedTuple):
    """A live registry, collection or alias that nothing declares, with what it holds. `protected`: how many of the aliases are.

    An alias counts itself. `collections` is 0 for anything but a registry.
    """

    address: Address
    collections: int
    versions: int
    aliases: int
    protected: int

    @property
    def kind(self) -> str:
        """`registry`, `collection` or `alias`."""
        if self.address.alias is not None:
            return "alias"
        return "registry" if self.address.collection is None else "collection"


def holds(kind: str, collections: int, aliases: int, protected: int) -> str:
    """What a thing of that kind holds, in words; "" where there is nothing to say."""
    if kind == "alias":
        return "protected" if protected else ""
    parts = [_count(collections, "collection")] if kind == "registry" else []
    parts.append(_count(aliases, "alias", "aliases"))
    parts += [f"{protected} protected"] if protected else []
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class NoLonger:
    """Something that was managed once and is not any more. It stays as it is.

    `commit`: the newest commit known to have declared it; None: the last apply managed it. `hint`: what it may have become.
    """

    what: Unmanaged
    commit: str | None
    hint: str | None = None


Known = Mapping[Address, str | None]
"""What was managed once, and the commit that declared it; None: told by a receipt."""


def undeclared(desired: Desired, known: Known) -> dict[Address, str | None]:
    """Of what was managed once, what is declared no more: the outermost only, and nothing that is to be removed."""
    declared = _Declared(desired)
    found = {address: told for address, told in known.items() if not declared.speaks_for(address)}
    return {
        address: told
        for address, told in sorted(found.items(), key=lambda item: str(item[0]))
        if not any(outer in found for outer in _around(address))
    }


def _around(address: Address) -> Iterator[Address]:
    if address.collection is not None:
        yield Address(address.registry)
    if address.alias is not None:
        yield Address(address.registry, address.collection)


class _Declared:
    """What manifests declare, found by each name that it has or had."""

    def __init__(self, desired: Desired) -> None:
        self._registries = _by_name(desired.registries.values())
        self._collections: dict[str, dict[str, DesiredCollection]] = {}

    def speaks_for(self, address: Address) -> bool:
        """Whether the manifests say what shall become of it: by name, by a former name, or because unlisted things go."""
        registry = self._registries.get(address.registry)
        if registry is None or registry.absent or address.collection is None:
            return registry is not None
        if address.registry not in self._collections:
            self._collections[address.registry] = _by_name((registry.collections or {}).values())
        collection = self._collections[address.registry].get(address.collection)
        if collection is None:
            return registry.collections is not None and Kind.COLLECTIONS in registry.remove_unlisted
        if collection.absent or address.alias is None:
            return True
        if address.alias in (collection.aliases or {}):
            return True
        return collection.aliases is not None and Kind.ALIASES in collection.remove_unlisted


def _by_name(things: Iterable[T]) -> dict[str, T]:
    """By name and by former names; the first of two with the same."""
    found: dict[str, T] = {}
    for each in things:
        found.setdefault(each.name, each)
        for former in each.previously:
            found.setdefault(former.name, each)
    return found


def scope_of_addresses(addresses: Iterable[Address]) -> Scope:
    """What has to be read to see what is there at these addresses."""
    scope: Scope = {}
    for address in addresses:
        before = scope.get(address.registry, RegistryScope(frozenset()))
        if address.collection is None or before.collections is None:
            scope[address.registry] = RegistryScope(None)
        else:
            scope[address.registry] = RegistryScope(before.collections | {address.collection})
    return dict(sorted(scope.items()))


def at(address: Address, live: Live, protected: frozenset[str] = frozenset()) -> Unmanaged | None:
    """What is live at an address; None: nothing. `protected`: aliases known to be protected, where the registry does not tell."""
    registry = live.registries.get(address.registry)
    if registry is None:
        return None
    guarded = protected | (registry.protected_aliases or frozenset())
    if address.collection is None:
        return _of(address, registry.collections.values(), guarded, len(registry.collections))
    collection = registry.collections.get(address.collection)
    if collection is None:
        return None
    if address.alias is None:
        return _of(address, [collection], guarded, 0)
    if address.alias not in collection.aliases:
        return None
    return Unmanaged(address, 0, 0, 1, int(address.alias in guarded))


def _of(address: Address, inside: Iterable[LiveCollection], guarded: frozenset[str], collections: int) -> Unmanaged:
    inside = list(inside)
    aliases = [alias for collection in inside for alias in collection.aliases]
    return Unmanaged(
        address,
        collections,
        sum(len(collection.links) for collection in inside),
        len(aliases),
        sum(alias in guarded for alias in aliases),
    )


def unmanaged_in(desired: Desired, live: Live, within: Address | None = None) -> list[Unmanaged]:
    """Everything live that nothing declares, outermost things only; inside of `within`, where that is given."""
    found = []
    declared = _Declared(desired)
    for registry in sorted(live.registries.values(), key=lambda each: each.name):
        guarded = _declared_protected(desired, registry)
        for address in _undeclared_in(declared, registry, within):
            there = at(address, live, guarded)
            if there is not None and (within is None or within.covers(address)):
                found.append(there)
    return found


def _declared_protected(desired: Desired, registry: LiveRegistry) -> frozenset[str]:
    wanted = desired.registry_at(Address(registry.name))
    return frozenset() if wanted is None else frozenset(wanted.declared_protected)


def _undeclared_in(declared: _Declared, registry: LiveRegistry, within: Address | None) -> Iterator[Address]:
    """The outermost addresses in a registry that nothing declares; below `within`, never it itself."""
    place = Address(registry.name)
    known_registry = declared.speaks_for(place)
    if not known_registry and within is None:
        yield place
        return
    for name, collection in sorted(registry.collections.items()):
        here = Address(registry.name, name)
        known = known_registry and declared.speaks_for(here)
        if not known and (within is None or within == place):
            yield here
            continue
        for alias in sorted(collection.aliases):
            there = Address(registry.name, name, alias)
            if not (known and declared.speaks_for(there)):
                yield there


def perhaps_renamed(address: Address, live: Live, operations: Iterable[Operation]) -> tuple[str, Operation] | None:
    """What something undeclared may have become: a thing of its kind that is created, and gets a version that it holds.

    The former name to write, and the operation that creates.
    """
    registry = live.registries.get(address.registry)
    if registry is None or address.alias is not None:
        return None
    held = registry.collections.values() if address.collection is None else [registry.collections[address.collection]]
    contents = {version.digest for collection in held for version in collection.links.values()}
    creations = list(operations)
    linked = {
        (each.action.registry, each.action.collection): each
        for each in creations
        if isinstance(each.action, a.LinkVersion) and each.action.version.digest in contents
    }
    for operation in creations:
        action = operation.action
        match action:
            case a.CreateCollection() if address.collection is not None and action.registry == address.registry:
                if (action.registry, action.collection) in linked:
                    return address.collection, operation
            case a.CreateRegistry() if address.collection is None:
                if any(place[0] == action.registry for place in linked):
                    return address.registry, operation
            case _:
                pass
    return None


def _count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
