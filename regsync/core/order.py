"""The order of operations, and what each depends on. The order is part of the contract: see `docs/guarantees.md`."""

from __future__ import annotations

from collections.abc import Sequence

from regsync.core import actions as a
from regsync.core.operation import Draft, Operation

_PHASE = {kind: number for number, kind in enumerate(a.ACTIONS)}
_SAME_PHASE = {
    a.RenameRegistry.kind: a.CreateRegistry.kind,
    a.UpdateRegistry.kind: a.CreateRegistry.kind,
    a.RenameCollection.kind: a.CreateCollection.kind,
    a.UpdateCollection.kind: a.CreateCollection.kind,
    a.AddTags.kind: a.CreateCollection.kind,
}
_LAST = len(_PHASE)


def _phase(draft: Draft, actor: str) -> int:
    action = draft.action
    if isinstance(action, a.SetMember | a.RemoveMember) and action.member == actor:
        weaker = isinstance(action, a.RemoveMember) or (
            action.old is not None and action.role.strength > action.old.strength
        )
        if weaker:
            return _LAST  # Whoever gives up a role needs it until everything else is done.
    return _PHASE[_SAME_PHASE.get(action.kind, action.kind)]


def stage(action: a.Action, *, protected: bool) -> tuple[str, bool]:
    """What runs before and after what: neighbouring operations of one stage may run together, where none needs the other."""
    return _SAME_PHASE.get(action.kind, action.kind), protected and isinstance(action, a.SetAlias)


def put_in_order(drafts: Sequence[Draft], actor: str) -> tuple[Operation, ...]:
    """Drafts as operations, in the order in which they run, with ids `op-1`, `op-2`, … and dependencies.

    Additions come before removals, so that an alias is set before the version it leaves is unlinked; protected aliases are
    set after the others. Within one collection, links keep the order of the drafts, which is the declared one.
    """
    ordered = sorted(
        drafts,
        key=lambda draft: (
            _phase(draft, actor),
            draft.protected and isinstance(draft.action, a.SetAlias),
            draft.action.registry,
            draft.action.address.collection or "",
        ),
    )
    return number_off(ordered)


def number_off(drafts: Sequence[Draft]) -> tuple[Operation, ...]:
    """Drafts that are in order already, as operations with ids and dependencies."""
    needs = _Needs()
    operations = []
    for number, draft in enumerate(drafts, start=1):
        name = f"op-{number}"
        depends_on = needs.of(draft.action, name)
        operations.append(
            Operation(name, draft.action, draft.reason, depends_on, draft.hits, draft.protected, draft.notes)
        )
    return tuple(operations)


class _Needs:
    """Remembers which operation provides what later ones need; fed in the order of the plan."""

    def __init__(self) -> None:
        self._provides: dict[tuple[str, ...], str] = {}
        self._leaves: dict[tuple[str, str, str], list[str]] = {}

    def of(self, action: a.Action, name: str) -> tuple[str, ...]:
        """The operations that `action` depends on; `name` is recorded as the provider of what it makes."""
        found = [self._provides[key] for key in self._wanted(action) if key in self._provides]
        if isinstance(action, a.UnlinkVersion):
            found += self._leaves.get((action.registry, action.collection, action.version.artifact_id), [])
        self._record(action, name)
        return tuple(dict.fromkeys(found))

    def _wanted(self, action: a.Action) -> list[tuple[str, ...]]:
        place = action.address
        container: tuple[str, ...] = ("registry", place.registry)
        if place.collection is not None and ("collection", place.registry, place.collection) in self._provides:
            container = ("collection", place.registry, place.collection)
        match action:
            case a.CreateCollection():
                return [container, ("types", action.registry)]
            case a.LinkVersion():
                return [container, ("last link", action.registry, action.collection)]
            case a.SetAlias():
                return [
                    container,
                    ("link", action.registry, action.collection, action.version.artifact_id),
                    ("protected", action.registry, action.alias),
                ]
            case _:
                return [container]

    def _record(self, action: a.Action, name: str) -> None:
        match action:
            case a.CreateRegistry() | a.RenameRegistry():
                self._provides["registry", action.registry] = name
            case a.CreateCollection() | a.RenameCollection():
                self._provides["collection", action.registry, action.collection] = name
            case a.AllowArtifactTypes():
                self._provides["types", action.registry] = name
            case a.ProtectAlias():
                self._provides["protected", action.registry, action.alias] = name
            case a.LinkVersion():
                self._provides["last link", action.registry, action.collection] = name
                self._provides["link", action.registry, action.collection, action.version.artifact_id] = name
            case a.SetAlias() | a.RemoveAlias():
                if action.held_by is not None:
                    key = (action.registry, action.collection, action.held_by.artifact_id)
                    self._leaves.setdefault(key, []).append(name)
            case _:
                pass
