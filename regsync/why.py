"""Why one address is as it is: the manifest line, the live value, and the rule that applies."""

from __future__ import annotations

from dataclasses import dataclass

from regsync.core.desired import Desired, DesiredCollection, DesiredRegistry, Kind
from regsync.core.live import Live, LiveCollection, LiveRegistry
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.diagnostics import Position
from regsync.names import Address

UNMANAGED = "not declared, so regsync leaves it alone"


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
    registry = next((r for r in desired.registries.values() if r.name == address.registry), None)
    live_registry = live.registries.get(address.registry)
    if registry is None and live_registry is None:
        return Explanation(address, None, None, None, False, UNMANAGED, ())
    operations = tuple(op for op in plan.operations if address.covers(op.action.address))
    if address.collection is None:
        return _registry(address, registry, live_registry, operations)
    collections = (registry.collections or {}) if registry else {}
    collection = next((c for c in collections.values() if c.name == address.collection), None)
    live_collection = live_registry.collections.get(address.collection) if live_registry else None
    if address.alias is None:
        return _collection(address, registry, collection, live_collection, operations)
    protected = address.alias in ((live_registry.protected_aliases or ()) if live_registry else ())
    if registry is not None and registry.protected_aliases is not None:
        protected = protected or any(
            name == address.alias and not item.absent for name, item in registry.protected_aliases.items()
        )
    return _alias(address, collection, live_collection, operations, protected=protected)


def _registry(
    address: Address, wanted: DesiredRegistry | None, live: LiveRegistry | None, operations: tuple[Operation, ...]
) -> Explanation:
    shown = None if live is None else f"{live.visibility}, {len(live.collections)} of its collections were read"
    if wanted is None:
        return Explanation(address, None, None, shown, False, UNMANAGED, operations)
    declared = "absent" if wanted.absent else f"{len(wanted.collections or {})} collections"
    return Explanation(address, declared, wanted.origin, shown, False, _declared_rule(operations), operations)


def _collection(
    address: Address,
    registry: DesiredRegistry | None,
    wanted: DesiredCollection | None,
    live: LiveCollection | None,
    operations: tuple[Operation, ...],
) -> Explanation:
    shown = None if live is None else f"type {live.type}, {len(live.links)} versions, {len(live.aliases)} aliases"
    if wanted is None:
        removes = registry is not None and Kind.COLLECTIONS in registry.remove_unlisted
        rule = "not listed, and unlisted collections are removed here" if removes else UNMANAGED
        return Explanation(address, None, registry.origin if registry else None, shown, False, rule, operations)
    declared = "absent" if wanted.absent else f"type {wanted.type or 'as it is'}, {len(wanted.aliases or {})} aliases"
    return Explanation(address, declared, wanted.origin, shown, False, _declared_rule(operations), operations)


def _alias(
    address: Address,
    wanted: DesiredCollection | None,
    live: LiveCollection | None,
    operations: tuple[Operation, ...],
    *,
    protected: bool,
) -> Explanation:
    index = live.aliases.get(address.alias or "") if live else None
    version = live.links[index] if live is not None and index is not None else None
    shown = None if version is None else f"v{index} = {version.source or 'digest ' + version.digest}"
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
