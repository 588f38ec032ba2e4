"""How much of the registry a manifest needs to be read, and how `--target` and `--exclude` cut a manifest down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from regsync.core import actions as a
from regsync.core.desired import UNSET, Desired, DesiredCollection, DesiredRegistry, Kind
from regsync.core.live import RegistryScope, Scope
from regsync.names import Address, CollectionName, RegistryName


def scope_of(desired: Desired) -> Scope:
    """What to read: each declared registry and collection, under its former name as well, and no more."""
    scope: Scope = {}
    for registry in desired.registries.values():
        wanted = _registry_scope(registry)
        for name in (registry.name, *(former.name for former in registry.previously)):
            scope[name] = wanted
    return dict(sorted(scope.items()))


def _registry_scope(registry: DesiredRegistry) -> RegistryScope:
    members = registry.members is not None or registry.absent
    if registry.absent or (registry.collections is not None and Kind.COLLECTIONS in registry.remove_unlisted):
        return RegistryScope(None, members)
    names: set[str] = set()
    for collection in (registry.collections or {}).values():
        names.add(collection.name)
        names.update(former.name for former in collection.previously)
    return RegistryScope(frozenset(names), members)


def needs_proof(desired: Desired) -> frozenset[str]:
    """The registries in which something is removed, or declared absent, because of what collections list: a list that leaves
    something out would make such a plan remove less."""
    return frozenset(
        name
        for registry in desired.registries.values()
        if registry.absent
        or Kind.COLLECTIONS in registry.remove_unlisted
        or any(map(_removes, (registry.collections or {}).values()))
        for name in (registry.name, *(former.name for former in registry.previously))
    )


def _removes(collection: DesiredCollection) -> bool:
    aliases, versions = collection.aliases, collection.versions
    if collection.absent_aliases or (aliases is not None and Kind.ALIASES in collection.remove_unlisted):
        return True
    return versions is not None and (
        Kind.VERSIONS in collection.remove_unlisted or any(each.absent for each in versions)
    )


def scope_of_actions(actions: Iterable[a.Action]) -> Scope:
    """What has to be read to know how these actions stand, before and after them, and after they were taken back.

    What is done in a registry that is renamed is found under one of its names before, and under the other afterwards.
    """
    collections: dict[str, set[str]] = {}
    everything: set[str] = set()
    renamed: list[a.RenameRegistry] = []
    for action in actions:
        names = collections.setdefault(action.registry, set())
        if isinstance(action, a.RenameRegistry):
            collections.setdefault(action.previous, set())
            renamed.append(action)
        elif isinstance(action, a.CreateRegistry | a.DeleteRegistry):
            everything.add(action.registry)
        elif isinstance(action, a.RenameCollection):
            names.update((action.collection, action.previous))
        elif isinstance(action, a.CollectionAction | a.ContentAction):
            names.add(action.collection)
    for each in renamed:
        inside = collections[each.registry] | collections[each.previous]
        collections[each.registry], collections[each.previous] = inside, set(inside)
    return {
        name: RegistryScope(None if name in everything else frozenset(names), members=True)
        for name, names in sorted(collections.items())
    }


def restrict(desired: Desired, targets: Sequence[Address], excludes: Sequence[Address]) -> Desired:
    """Only what lies in `targets` (all, where there are none) and not in `excludes`.

    A registry or collection of which only a part is left becomes `partial`: its own settings are not managed, and it
    must exist. Where something is excluded that would go because it is not listed, nothing unlisted goes there in this run.
    """
    if not targets and not excludes:
        return desired
    registries: dict[RegistryName, DesiredRegistry] = {}
    for registry in desired.registries.values():
        kept = _restrict_registry(registry, targets, excludes)
        if kept is not None:
            registries[registry.name] = kept
    return replace(desired, registries=registries)


def declares(desired: Desired, address: Address) -> bool:
    """Whether the manifests mention this address, be it as absent."""
    if address.collection is None:
        return desired.registry_at(address) is not None
    collection = desired.collection_at(address)
    if collection is None or address.alias is None:
        return collection is not None
    return address.alias in (collection.aliases or {})


def needed_by(desired: Desired, selection: Sequence[Address], restricted: Desired) -> Desired:
    """Of `desired`, what the same restriction to `selection` (the targets) makes `restricted` of."""
    if not selection:
        return desired
    kept = {}
    for name, cut in restricted.registries.items():
        registry = desired.registries[name]
        collections = registry.collections
        if cut.partial and collections is not None:
            collections = {key: each for key, each in collections.items() if key in (cut.collections or {})}
        kept[name] = replace(registry, collections=collections)
    return replace(desired, registries=kept)


def removes_unlisted(desired: Desired, address: Address) -> bool:
    """Whether something at this address would be removed because it is not listed."""
    registry = desired.registry_at(address)
    if registry is None or address.collection is None:
        return False
    collection = desired.collection_at(address)
    if collection is None:
        return address.alias is None and Kind.COLLECTIONS in registry.remove_unlisted
    return Kind.ALIASES in collection.remove_unlisted


def _in(address: Address, places: Iterable[Address]) -> bool:
    return any(place.covers(address) for place in places)


def _selected(address: Address, targets: Sequence[Address], excludes: Sequence[Address]) -> bool:
    return not _in(address, excludes) and (not targets or _in(address, targets))


def _touches(address: Address, places: Iterable[Address]) -> bool:
    return any(place.covers(address) or address.covers(place) for place in places)


def _restrict_registry(
    registry: DesiredRegistry, targets: Sequence[Address], excludes: Sequence[Address]
) -> DesiredRegistry | None:
    address = Address(registry.name)
    if _in(address, excludes) or (targets and not _touches(address, targets)):
        return None
    collections: dict[CollectionName, DesiredCollection] = {}
    for collection in (registry.collections or {}).values():
        kept = _restrict_collection(registry.name, collection, targets, excludes)
        if kept is not None:
            collections[collection.name] = kept
    whole = not targets or _in(address, targets)
    cut = collections != (registry.collections or {}) or any(
        place.registry == registry.name and place.collection is not None and place.alias is None for place in excludes
    )
    unlisted = registry.remove_unlisted - {Kind.COLLECTIONS} if cut else registry.remove_unlisted
    if whole:
        return replace(
            registry, collections=None if registry.collections is None else collections, remove_unlisted=unlisted
        )
    return replace(
        registry,
        partial=True,
        previously=(),
        description=UNSET,
        visibility=None,
        artifact_types=None,
        protected_aliases=None,
        guarded=registry.declared_protected,
        members=None,
        collections=collections,
        remove_unlisted=frozenset(),
    )


def _restrict_collection(
    registry: RegistryName, collection: DesiredCollection, targets: Sequence[Address], excludes: Sequence[Address]
) -> DesiredCollection | None:
    address = Address(registry, collection.name)
    if _in(address, excludes) or (targets and not _touches(address, targets)):
        return None
    kept = {
        alias: wanted
        for alias, wanted in (collection.aliases or {}).items()
        if _selected(Address(registry, collection.name, alias), targets, excludes)
    }
    whole = not targets or _in(address, targets)
    if whole:
        cut = len(kept) != len(collection.aliases or {}) or any(
            address.covers(place) and place.alias is not None for place in excludes
        )
        unlisted = collection.remove_unlisted - {Kind.ALIASES, Kind.VERSIONS} if cut else collection.remove_unlisted
        return replace(collection, aliases=None if collection.aliases is None else kept, remove_unlisted=unlisted)
    return replace(
        collection,
        partial=True,
        previously=(),
        description=UNSET,
        tags=None,
        versions=None,
        aliases=kept,
        remove_unlisted=frozenset(),
    )
