"""What planning the same manifests again would give, compared with a plan that was reviewed. Pure.

A plan is bound to what each of its operations stands on, and to nothing else. What that is, the planner alone knows; so it is
asked again, of the state without what the plan has already done, and its answer is compared operation by operation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from regsync.core import actions as a
from regsync.core.desired import Consents, Desired, HazardName
from regsync.core.diff import Emptied
from regsync.core.hazards import Hazard, hazards_of, mass_changes
from regsync.core.live import LinkKey, Live
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.diagnostics import Diagnostic
from regsync.names import IndexRef
from regsync.slots import NamedTuple, dataclass

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What planning again found: the operations with their hazards, or `errors`, with which there is no plan.

    `before` is the live state that it was planned from: what is live, without the results of the plan that is checked.
    """

    desired: Desired
    before: Live
    operations: Sequence[Operation]
    emptied: Sequence[Emptied] = ()
    errors: Sequence[Diagnostic] = ()


class Difference(NamedTuple):
    """An operation of the plan that planning again does not give as it was reviewed; `new` None: not at all."""

    operation: Operation
    new: Operation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """`operations` are the plan's, those still to do as they are planned now (links get other indices).

    `besides`: what planning again would do that is not in the plan.
    """

    operations: tuple[Operation, ...]
    differences: tuple[Difference, ...]
    besides: tuple[Operation, ...]


def compare_again(operations: Sequence[Operation], done: frozenset[str], again: Again) -> Compared:
    """Each operation that is still to do beside its counterpart in what planning again gives."""
    new = {_key(each.action): each for each in loosened(again.operations, again.desired)}
    kept, differences = [], []
    for operation in operations:
        found = new.pop(_key(operation.action), None)
        if operation.id in done:
            kept.append(operation)
        elif found is None or not _same(operation, found):
            differences.append(Difference(operation, found))
        else:
            kept.append(operation if operation.action == found.action else operation.doing(found.action))
    return Compared(operations=tuple(kept), differences=tuple(differences), besides=tuple(new.values()))


def loosened(operations: Sequence[Operation], desired: Desired | None) -> tuple[Operation, ...]:
    """The same without the indices that planned links will get, but where the manifest itself names that index.

    Such an index is a forecast ("v4 when planned"): whatever else is linked before shifts it, and nothing rests on it.
    """
    named = _named_indices(desired) if desired is not None else frozenset()
    free = {
        (action.registry, action.collection, action.version.artifact_id)
        for action in (each.action for each in operations)
        if isinstance(action, a.LinkVersion) and (action.registry, action.collection, action.index) not in named
    }
    return tuple(
        each.doing(_at(each.action, None))
        if isinstance(each.action, a.LinkVersion | a.SetAlias)
        and (each.action.registry, each.action.collection, each.action.version.artifact_id) in free
        else each
        for each in operations
    )


def with_indices(operations: Sequence[Operation], linked: Mapping[LinkKey, int]) -> tuple[Operation, ...]:
    """The same with the indices that links have got, where `loosened` left them open."""

    def found(operation: Operation) -> Operation:
        action = operation.action
        if not isinstance(action, a.LinkVersion | a.SetAlias) or action.index is not None:
            return operation
        index = linked.get((action.registry, action.collection, action.version.artifact_id))
        return operation if index is None else operation.doing(_at(action, index))

    return tuple(map(found, operations))


def _at(action: a.LinkVersion | a.SetAlias, index: int | None) -> a.Action:
    """The same with another index. Written out, because it is done for every operation of a plan several times."""
    registry, collection, version = action.registry, action.collection, action.version
    if isinstance(action, a.LinkVersion):
        return a.LinkVersion(registry, collection, version, index)
    return a.SetAlias(registry, collection, action.alias, action.held_by, action.held_index, version, index)


def _named_indices(desired: Desired) -> frozenset[tuple[str, str, int | None]]:
    return frozenset(
        (registry.name, collection.name, alias.ref.number)
        for registry in desired.registries.values()
        for collection in (registry.collections or {}).values()
        for alias in (collection.aliases or {}).values()
        if isinstance(alias.ref, IndexRef)
    )


def _key(action: a.Action) -> Key:
    """Equal for two operations that are about the same."""
    match action:
        case a.LinkVersion() | a.UnlinkVersion():
            return (action.kind, action.address, action.version.artifact_id)
        case a.AddTags() | a.RemoveTags():
            return (action.kind, action.address, action.tags)
        case a.ProtectAlias() | a.UnprotectAlias():
            return (action.kind, action.address, action.alias)
        case a.SetMember() | a.RemoveMember():
            return (action.kind, action.address, action.member)
        case _:
            return (action.kind, action.address)


def _same(old: Operation, new: Operation) -> bool:
    """Whether two operations about the same do the same from the same, with the same hazards."""
    return old.hits == new.hits and (old.action == new.action or _bare(old.action) == _bare(new.action))


def _bare(action: a.Action) -> a.Action:
    """The action without what may shift (the index of a link), and without the names of sources, which not every key sees."""
    match action:
        case a.LinkVersion():
            return replace(action, index=None, version=action.version._replace(source=""))
        case a.SetAlias():
            held = None if action.held_by is None else action.held_by._replace(source="")
            version = action.version._replace(source="")
            return replace(action, held_by=held, held_index=None, version=version, index=None)
        case a.UnlinkVersion():
            return replace(action, version=action.version._replace(source=""))
        case a.RemoveAlias():
            return replace(action, held_by=action.held_by._replace(source=""), held_index=0)
        case _:
            return action


def hazards_again(
    plan: Plan, compared: Compared, again: Again, live: Live, done: frozenset[str], allow: Consents
) -> tuple[Hazard, ...]:
    """The hazards of the plan's own operations, judged again; what a mass change is counted from may have changed.

    A mass change counts only where it is one both for the whole plan, before it began, and for what is left of it now: a run
    that finishes an earlier one is not held up by what that one took away.
    """
    hazards, _ = hazards_of(compared.operations, again.emptied, again.desired, again.before, allow)
    if plan.undoes is not None:
        hazards = tuple(each for each in hazards if each.name is not HazardName.EMPTY_DESIRED)
    if not done:
        return hazards
    left = [each for each in compared.operations if each.id not in done]
    deleted = any(isinstance(each.action, a.DeleteRegistry) and each.id in done for each in plan.operations)
    if not deleted and mass_changes(left, again.desired, live):
        return hazards
    reviewed = tuple(each for each in plan.hazards if each.name is HazardName.MASS_CHANGE)
    return tuple(each for each in hazards if each.name is not HazardName.MASS_CHANGE) + reviewed


def new_hazards(reviewed: Sequence[Hazard], now: Sequence[Hazard]) -> list[Hazard]:
    """The hazards that are more, or less consented to, than when the plan was reviewed. One that is gone is no reason to refuse."""
    before: Mapping[HazardName, Hazard] = {hazard.name: hazard for hazard in reviewed}
    found = []
    for hazard in now:
        old = before.get(hazard.name)
        if old is None or hazard.count > old.count or hazard.open > old.open:
            found.append(hazard)
    return found
