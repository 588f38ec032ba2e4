"""What a search showed, held against look-ups: before operations are believed, and after they were carried out.

Where something is to go because a list does not name it, or names it as absent, searches are not asked at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from regsync.backends.base import NOTHING_FORESEEN, BackendError, Foreseen, Reader
from regsync.core.actions import DeleteRegistry
from regsync.core.desired import Desired
from regsync.core.live import Live, ReadProof, RegistryScope, Scope
from regsync.core.operation import Operation
from regsync.core.scope import needs_proof, scope_of_actions


def proven(reader: Reader, scope: Scope, desired: Desired, foreseen: Foreseen = NOTHING_FORESEEN) -> Live:
    """What is live in `scope`. Registries in which something is removed are looked up, name by name; the others are searched,
    where that is cheaper. Raises `BackendError`. `foreseen`: as of `observe`, of the last of its reads."""
    exact = needs_proof(desired) if reader.capabilities.searches else frozenset()
    if not exact & scope.keys():
        return reader.observe(scope, foreseen=foreseen)
    looked_up = {name: each for name, each in scope.items() if name in exact}
    searched = {name: each for name, each in scope.items() if name not in exact}
    if not searched:
        return reader.observe(looked_up, exactly=True, foreseen=foreseen)
    parts = [reader.observe(looked_up, exactly=True), reader.observe(searched, foreseen=foreseen)]
    found = {name: live for part in parts for name, live in part.registries.items()}
    read = ReadProof(
        all(part.read.complete for part in parts),
        sum(part.read.pages for part in parts),
        sum(part.read.items for part in parts),
    )
    return Live({name: found[name] for name in scope if name in found}, read)


def confirmed(
    live: Live,
    operations: Sequence[Operation],
    reader: Reader,
    *,
    strictly: bool = False,
    foreseen: Callable[[], Foreseen] = lambda: NOTHING_FORESEEN,
) -> Live:
    """The same `live`, where each collection that the operations touch is as it was read; else `live` with those as they are.

    The collections of a registry that is deleted are touched. Of collections that were not found, reading has looked up
    already that they are not there. `strictly`: what a search shows and a look-up does not is not taken for absent. `foreseen`: as
    of `observe`, where it reads. Raises `BackendError`.
    """
    if not reader.capabilities.searches:
        return live
    whole = {each.action.registry for each in operations if isinstance(each.action, DeleteRegistry)}
    scope: Scope = {}
    for name, touched in scope_of_actions(operation.action for operation in operations).items():
        if name in live.registries:
            names = (touched.collections or frozenset()) & live.registries[name].collections.keys()
            scope[name] = RegistryScope(None if name in whole else names)
    scope = {name: each for name, each in scope.items() if each.collections is None or each.collections}
    if not scope:
        return live
    exact = reader.observe(scope, exactly=True, foreseen=foreseen())
    registries = dict(live.registries)
    for name, wanted in scope.items():
        there = exact.registries[name].collections if name in exact.registries else {}
        before = live.registries[name].collections
        listed = there.keys() | before.keys() if wanted.collections is None else wanted.collections
        changed = [each for each in sorted(listed) if there.get(each) != before.get(each)]
        if strictly and (missing := [each for each in changed if each not in there]):
            raise BackendError(
                f"collection {name}/{missing[0]}: a search shows it, and a look-up by its name does not",
                "it may have been deleted a moment ago; run this again",
                code="changed-while-read",
            )
        if changed:
            registry = registries[name] = live.registries[name].copy()
            kept = {key: value for key, value in before.items() if key not in changed or key in there}
            registry.collections = kept | {key: there[key] for key in changed if key in there}
    return live if registries == live.registries else Live(registries, live.read)
