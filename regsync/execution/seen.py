"""What an apply saw last, kept in its receipt: what later runs compare with to tell who moved something since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from regsync.core.actions import RemoveAlias, RenameCollection, RenameRegistry, SetAlias
from regsync.core.fingerprint import scope_fingerprints
from regsync.core.live import Live, LiveCollection
from regsync.core.plan import Plan
from regsync.slots import NamedTuple

Place = tuple[str, str]
"""A registry and a collection in it."""


class Seen(NamedTuple):
    """What was live at one moment, by address. `drift` compares with it; nothing else may be decided from it.

    `bindings`: the artifact id that each alias pointed at, None where it was not set. `fingerprints`: as in a plan.
    """

    bindings: Mapping[str, str | None]
    fingerprints: Mapping[str, str]


NOTHING_SEEN: Final = Seen({}, {})


def seen_in(live: Live, plan: Plan) -> Seen:
    """What is live now of what the plan is about: every alias that it declares or touches, and every part of its scope.

    What a rename of the plan moved along, or did not, is told under the name that it has now.
    """
    aliases: dict[Place, set[str]] = {
        (name, collection): {*block.get("aliases", ())}
        for name, owned in plan.owned.items()
        for collection, block in owned.get("collections", {}).items()
    }
    for operation in plan.operations:
        action = operation.action
        if isinstance(action, SetAlias | RemoveAlias):
            aliases.setdefault((action.registry, action.collection), set()).add(action.alias)
    names = _Names(plan)
    bindings: dict[str, str | None] = {}
    for place in sorted(aliases):
        (registry, collection), there = _found(live, place, names)
        for alias in sorted(aliases[place]):
            index = there.aliases.get(alias) if there else None
            held = None if there is None or index is None else there.links[index].artifact_id
            bindings[f"{registry}/{collection}:{alias}"] = held
    return Seen(bindings, scope_fingerprints(live.registries, plan.read.scope))


def _found(live: Live, place: Place, names: _Names) -> tuple[Place, LiveCollection | None]:
    """The collection that the plan calls so, with the name that it has; the name of the plan where there is none."""
    for name, collection in names.of(place):
        registry = live.registries.get(name)
        if registry is not None and collection in registry.collections:
            return (name, collection), registry.collections[collection]
    return place, None


class _Names:
    """The names that collections may have after a run, whether its renames were done or not."""

    def __init__(self, plan: Plan) -> None:
        # Manifests say the names that come, and regsync renames first. An undo renames last, and goes by the names that are left.
        self._comes_first = plan.undoes is not None
        self._other: dict[Place | str, str] = {}
        for action in (operation.action for operation in plan.operations):
            if isinstance(action, RenameRegistry | RenameCollection):
                new = action.registry if isinstance(action, RenameRegistry) else action.collection
                called, other = (action.previous, new) if self._comes_first else (new, action.previous)
                self._other[called if isinstance(action, RenameRegistry) else (action.registry, called)] = other

    def of(self, place: Place) -> Iterator[Place]:
        """Those of a collection that the plan calls so, likeliest first."""
        name, collection = place
        for registry in self._both(name, name):
            for each in self._both(place, collection):
                yield registry, each

    def _both(self, key: Place | str, name: str) -> list[str]:
        other = self._other.get(key)
        if other is None:
            return [name]
        return [other, name] if self._comes_first else [name, other]
