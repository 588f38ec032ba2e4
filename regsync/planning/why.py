"""Why one address is as it is: the manifest line, the live value, and the rule that applies."""

from __future__ import annotations

from collections.abc import Iterable

from regsync.core.actions import DeleteCollection, DeleteRegistry
from regsync.core.desired import Desired, DesiredCollection, DesiredRegistry, Former, Kind
from regsync.core.live import Live, LiveCollection, LiveRegistry
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.diagnostics import Position, counted
from regsync.names import Address, is_reserved_alias, version_index
from regsync.slots import dataclass

UNMANAGED = "not declared, so regsync leaves it alone"
GOES_WITH = "its {} is declared absent, and it goes with it"
BY_SERVER = "the server sets it by linking; it is never declared"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of one address. `declared` and `live` are None where there is nothing."""

    address: Address
    declared: str | None
    position: Position | None
    live: str | None
    protected: bool
    rule: str
    operations: tuple[Operation, ...]


def explain(address: Address, desired: Desired, live: Live, plan: Plan) -> Explanation:
    """Explain an address against the plan that was made from `desired` and `live`."""
    registry = desired.registry_at(address)
    live_registry = live.registries.get(address.registry)
    if live_registry is None and registry is not None:
        live_registry = next((live.registries[f.name] for f in registry.previously if f.name in live.registries), None)
    if registry is None and live_registry is None:
        return Explanation(address, None, None, None, False, UNMANAGED, ())
    operations = tuple(op for op in plan.operations if _concerns(op, address))
    if registry is not None and registry.absent and address.collection is not None:
        shown = _shown_inside(address, live_registry)
        return Explanation(address, "absent", registry.origin, shown, False, GOES_WITH.format("registry"), operations)
    if address.collection is None:
        return _registry(address, registry, live_registry, operations)
    collection = desired.collection_at(address)
    live_collection = _find(address.collection, collection.previously if collection else (), live_registry)
    if address.alias is not None and collection is not None and collection.absent:
        shown = _shown_inside(address, live_registry)
        return Explanation(
            address, "absent", collection.origin, shown, False, GOES_WITH.format("collection"), operations
        )
    if address.alias is not None and collection is None and _is_removed(registry):
        rule = "its collection is not listed, and unlisted collections are removed here"
        shown = _shown_inside(address, live_registry)
        return Explanation(address, None, registry.origin if registry else None, shown, False, rule, operations)
    if address.alias is None:
        return _collection(address, registry, collection, live_collection, operations)
    protected = address.alias in ((live_registry.protected_aliases or ()) if live_registry else ())
    if registry is not None and registry.protected_aliases is not None:
        protected = protected or any(
            name == address.alias and not item.absent for name, item in registry.protected_aliases.items()
        )
    return _alias(address, collection, live_collection, operations, protected=protected)


def _concerns(operation: Operation, address: Address) -> bool:
    """Whether the operation is about the address, about something inside it, or takes away what it lies in."""
    action = operation.action
    if isinstance(action, DeleteRegistry | DeleteCollection) and action.address.covers(address):
        return True
    return address.covers(action.address)


def _find(name: str, formers: Iterable[Former], registry: LiveRegistry | None) -> LiveCollection | None:
    if registry is None:
        return None
    names = [name, *(former.name for former in formers)]
    return next((registry.collections[each] for each in names if each in registry.collections), None)


def _is_removed(registry: DesiredRegistry | None) -> bool:
    """Whether an unlisted collection of that registry is removed."""
    return registry is not None and registry.collections is not None and Kind.COLLECTIONS in registry.remove_unlisted


def _shown_inside(address: Address, registry: LiveRegistry | None) -> str | None:
    """The live value of something in a registry or collection that goes."""
    collection = registry.collections.get(address.collection or "") if registry else None
    if collection is None:
        return None
    return _alias_shown(address.alias, collection) if address.alias else counted(len(collection.links), "version")


def _alias_shown(alias: str, collection: LiveCollection) -> str | None:
    index = collection.latest if alias == "latest" else version_index(alias)
    index = collection.aliases.get(alias) if index is None else index
    version = None if index is None else collection.links.get(index)
    return None if version is None else f"v{index} = {version.source or 'digest ' + version.digest}"


def _registry(
    address: Address, wanted: DesiredRegistry | None, live: LiveRegistry | None, operations: tuple[Operation, ...]
) -> Explanation:
    shown = None if live is None else f"{live.visibility}, {len(live.collections)} of its collections were read"
    if wanted is None:
        return Explanation(address, None, None, shown, False, UNMANAGED, operations)
    declared = "absent" if wanted.absent else counted(len(wanted.collections or {}), "collection")
    return Explanation(address, declared, wanted.origin, shown, False, _declared_rule(operations), operations)


def _collection(
    address: Address,
    registry: DesiredRegistry | None,
    wanted: DesiredCollection | None,
    live: LiveCollection | None,
    operations: tuple[Operation, ...],
) -> Explanation:
    shown = None
    if live is not None:
        versions, aliases = counted(len(live.links), "version"), counted(len(live.aliases), "alias", "aliases")
        shown = f"type {live.type}, {versions}, {aliases}"
    if wanted is None:
        rule = "not listed, and unlisted collections are removed here" if _is_removed(registry) else UNMANAGED
        return Explanation(address, None, registry.origin if registry else None, shown, False, rule, operations)
    aliases = counted(len(wanted.aliases or {}), "alias", "aliases")
    declared = "absent" if wanted.absent else f"type {wanted.type or 'as it is'}, {aliases}"
    return Explanation(address, declared, wanted.origin, shown, False, _declared_rule(operations), operations)


def _alias(
    address: Address,
    wanted: DesiredCollection | None,
    live: LiveCollection | None,
    operations: tuple[Operation, ...],
    *,
    protected: bool,
) -> Explanation:
    shown = _alias_shown(address.alias or "", live) if live else None
    if is_reserved_alias(address.alias or ""):
        return Explanation(address, None, None, shown, False, BY_SERVER, operations)
    item = next((v for k, v in (wanted.aliases or {}).items() if k == address.alias), None) if wanted else None
    if item is not None:
        declared = "absent" if item.ref is None else str(item.ref)
        rule = _declared_rule(operations)
        return Explanation(address, declared, item.origin, shown, protected, rule, operations)
    rule = UNMANAGED
    if wanted is not None:
        if wanted.aliases is not None and Kind.ALIASES in wanted.remove_unlisted:
            rule = "not listed, and unlisted aliases are removed here"
        else:
            rule = "not listed, and unlisted aliases are kept here"
    return Explanation(address, None, wanted.origin if wanted else None, shown, protected, rule, operations)


def _declared_rule(operations: tuple[Operation, ...]) -> str:
    return "declared, and an apply would change it" if operations else "declared, and live agrees"
