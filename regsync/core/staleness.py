"""Whether a reviewed plan is still true: which of its operations are done already, and which would not be planned again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

from regsync.core import actions as a
from regsync.core.again import Again, Compared, compare_again, hazards_again, new_hazards
from regsync.core.desired import Consents, HazardName
from regsync.core.hazards import Hazard
from regsync.core.live import Destination, LinkKey, Live
from regsync.core.model import IllegalActionError, Model
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.core.sentences import what_moved
from regsync.core.standing import Is, standing
from regsync.core.unwind import unwind
from regsync.diagnostics import StalePlanError
from regsync.slots import NamedTuple, dataclass

SHOWN = 20
"""How many differences an error lists before it only counts them."""


_ANY_USER = (
    "another user made it: apply it with --any-user where that is meant, as in a pipeline that plans with a key that only reads; "
    "or plan again with this key"
)


def check_destination(wanted: Destination, destination: Destination, noun: str = "plan") -> None:
    """A plan (or a receipt's undo) is for the place and the user that it was made for. Raises `StalePlanError`."""
    differing = [
        f"{field}: the {noun} has {planned!r}, here it is {here!r}"
        for field, planned, here in zip(Destination._fields, wanted, destination, strict=True)
        if planned != here
    ]
    if differing:
        raise StalePlanError(
            f"this {noun} was made for another destination\n  " + "\n  ".join(differing),
            _ANY_USER
            if noun == "plan" and wanted._replace(user=destination.user) == destination
            else "give the same --backend, --organization and key as for the plan, or plan again here",
            code="other-destination",
        )


class TakenBack(NamedTuple):
    """Which results are there (by operation id), the state before them, and the index of each link among them."""

    done: frozenset[str]
    before: Model
    made: Mapping[LinkKey, int]


def take_back(operations: Sequence[Operation], live: Live, actor: str) -> TakenBack:
    """Which results are there, and what was there before them.

    Operations are looked at from the last to the first, each in the state that the later ones leave when they are taken
    back, so that a rename does not hide what was done under the name before it. A link that is there although one before it
    is not was made by somebody else: its result is there, and it stays where it is.
    """
    model = Model(live, actor)
    done: set[str] = set()
    made: dict[LinkKey, int] = {}
    links = _Links(operations)
    renamed = {
        each.action.registry: each.action.previous for each in operations if isinstance(each.action, a.RenameRegistry)
    }
    for operation in reversed(operations):
        action = operation.action
        away = not isinstance(action, a.RegistryAction) and action.registry not in model.registries
        if away and renamed.get(action.registry) in model.registries:
            continue  # Nothing was done in a registry that does not have its name yet; that it is empty says nothing.
        if standing(action, model.registries).state is Is.DONE:
            done.add(operation.id)
            if isinstance(action, a.LinkVersion):
                collection = model.registries[action.registry].collections[action.collection]
                index = collection.index_of(action.version.artifact_id)
                if index is not None:
                    made[action.registry, action.collection, action.version.artifact_id] = index
                if not links.in_order(action, model):
                    continue
            if not away:
                unwind(model, action)
    return TakenBack(frozenset(done), model, made)


class _Links:
    """Which links of a plan are there in the order in which the plan makes them: one collection's are made one after the other."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._planned: dict[tuple[str, str], list[a.LinkVersion]] = {}
        self._first: dict[tuple[str, str], frozenset[str]] = {}
        for operation in operations:
            action = operation.action
            if isinstance(action, a.LinkVersion):
                self._planned.setdefault((action.registry, action.collection), []).append(action)

    def in_order(self, action: a.LinkVersion, model: Model) -> bool:
        """Whether every link that comes before it in its collection is there as well. Asked before any of them is taken back."""
        place = (action.registry, action.collection)
        if place not in self._first:
            there = takewhile(lambda each: standing(each, model.registries).state is Is.DONE, self._planned[place])
            self._first[place] = frozenset(each.version.artifact_id for each in there)
        return action.version.artifact_id in self._first[place]


class Moved(NamedTuple):
    """Why an operation is not as it was reviewed: which one, and what happened, as a sentence without its full stop."""

    operation: Operation
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`moved`, `failures` and `hazards` are empty for a plan that is still true.

    `failures`: why these manifests cannot be planned any more. `hazards`: those that the plan was not reviewed with.
    """

    compared: Compared
    moved: tuple[Moved, ...]
    failures: tuple[str, ...]
    hazards: tuple[Hazard, ...]


def judge(plan: Plan, live: Live, done: frozenset[str], again: Again, allow: Consents) -> Verdict:
    """Whether planning again gives each operation of `plan` that is still to do, as it was reviewed.

    `allow`: the consents that did not come from the manifests.
    """
    compared = compare_again(plan.operations, done, again)
    moved = [Moved(each.operation, what_moved(each, live.registries)) for each in compared.differences]
    if not moved:
        moved = not_possible(compared.operations, live, done, plan.destination.user)
    hazards = hazards_again(plan, compared, again, live, done, allow)
    return Verdict(
        compared=compared,
        moved=tuple(moved),
        failures=tuple(dict.fromkeys(f"these manifests cannot be planned any more: {e.message}" for e in again.errors)),
        hazards=tuple(new_hazards(plan.hazards, hazards)),
    )


def not_possible(operations: Sequence[Operation], live: Live, done: frozenset[str], actor: str) -> list[Moved]:
    """Run what is left of a plan on a model of what is live: the operations that stand on something that is not there."""
    model = Model(live, actor)
    moved: list[Moved] = []
    for operation in operations:
        if operation.id in done:
            continue
        action = operation.action
        found = standing(action, model.registries)
        unseen = _protected_unseen(operation, model)
        if unseen:
            moved.append(Moved(operation, f"{unseen} was protected in {action.registry}"))
        elif found.state is Is.MOVED:
            moved.append(Moved(operation, f"{action.address}: {found.found} ({action.kind})"))
        elif found.state is Is.PENDING:
            try:
                model.apply(action)
            except IllegalActionError as error:
                moved.append(Moved(operation, f"{action.address}: {error} ({action.kind})"))
    return moved


def _protected_unseen(operation: Operation, model: Model) -> str | None:
    """A protected alias that goes with an operation that was not reviewed as taking one away."""
    action = operation.action
    registry = model.registries.get(action.registry)
    protected = (registry.protected_aliases if registry else None) or frozenset()
    if registry is None or any(hit.name is HazardName.REMOVE_PROTECTED_ALIAS for hit in operation.hits):
        return None
    if isinstance(action, a.RemoveAlias):
        return action.alias if action.alias in protected else None
    if isinstance(action, a.DeleteCollection) and action.collection in registry.collections:
        return min(protected & registry.collections[action.collection].aliases.keys(), default=None)
    return None


def stale(problems: Sequence[str]) -> StalePlanError:
    """The error for a plan that does not fit any more."""
    more = [f"… and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
    return StalePlanError(
        "this plan is stale: planning again would not give it as it was reviewed\n  "
        + "\n  ".join([*problems[:SHOWN], *more]),
        "plan again and review the new plan",
        code="stale-plan",
    )
