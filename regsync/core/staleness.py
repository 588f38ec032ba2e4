"""Whether a saved plan still fits what is live: which of its operations are done already, and what else has moved."""

from __future__ import annotations

from collections.abc import Sequence

from regsync.core import actions as a
from regsync.core.fingerprint import ABSENT, scope_fingerprints
from regsync.core.live import Destination, Live
from regsync.core.model import IllegalActionError, Model
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.core.standing import Is, standing
from regsync.core.unwind import unwind
from regsync.diagnostics import StalePlanError

SHOWN = 20
"""How many differences an error lists before it only counts them."""


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
            "give the same --backend, --organization and key as for the plan, or plan again here",
            code="other-destination",
        )


def check_fresh(plan: Plan, live: Live) -> frozenset[str]:
    """The ids of the operations whose result is there already; all others can still be done.

    Raises `StalePlanError` that lists everything that moved since the plan was made, unless every result is there.
    """
    done, before = take_back(plan.operations, live, plan.destination.user)
    if len(done) == len(plan.operations):
        return done
    moved = _moved(plan, live, done)
    explained = {str(address).partition(":")[0] for address, _ in moved}
    problems = [f"{address}: {found}" for address, found in moved]
    for address in _changed_elsewhere(plan, before, done):
        if address not in explained:
            problems.append(f"{address}: it is not as it was read for this plan")
    if problems:
        raise stale(problems)
    return done


def take_back(operations: Sequence[Operation], live: Live, actor: str) -> tuple[frozenset[str], Model]:
    """Which results are there, and what was there before them.

    Operations are looked at from the last to the first, each in the state that the later ones leave when they are taken
    back, so that a rename does not hide what was done under the name before it.
    """
    model = Model(live, actor)
    done: set[str] = set()
    for operation in reversed(operations):
        action = operation.action
        if not isinstance(action, a.RegistryAction) and action.registry not in model.registries:
            continue  # Nothing was done in a registry that does not have its name yet; that it is empty says nothing.
        if standing(action, model.registries).state is Is.DONE:
            done.add(operation.id)
            unwind(model, action)
    return frozenset(done), model


def stale(problems: Sequence[str]) -> StalePlanError:
    """The error for a plan that does not fit any more."""
    more = [f"… and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
    return StalePlanError(
        "this plan is stale: the registry has changed since it was made\n  " + "\n  ".join([*problems[:SHOWN], *more]),
        "plan again and review the new plan",
        code="stale-plan",
    )


def _moved(plan: Plan, live: Live, done: frozenset[str]) -> list[tuple[object, str]]:
    """Run what is left of the plan on a model of what is live; operations that are not possible have moved."""
    model = Model(live, plan.destination.user)
    moved: list[tuple[object, str]] = []
    for operation in plan.operations:
        if operation.id in done:
            continue
        found = standing(operation.action, model.registries)
        if found.state is Is.MOVED:
            moved.append((operation.action.address, f"{found.found} ({operation.action.kind})"))
        elif found.state is Is.PENDING:
            try:
                model.apply(operation.action)
            except IllegalActionError as error:
                moved.append((operation.action.address, f"{error} ({operation.action.kind})"))
    return moved


def _changed_elsewhere(plan: Plan, before: Model, done: frozenset[str]) -> list[str]:
    """Addresses whose fingerprint differs from the plan's once the plan's own finished operations are taken back."""
    now = scope_fingerprints(before.registries, plan.read.scope)
    deleted = _deleted_by([operation for operation in plan.operations if operation.id in done])
    return sorted(
        address
        for address in plan.read.fingerprints.keys() | now.keys()
        if plan.read.fingerprints.get(address, ABSENT) != now.get(address, ABSENT)
        and address not in deleted
        and address.partition("/")[0] not in deleted
    )


def _deleted_by(finished: Sequence[Operation]) -> frozenset[str]:
    """What finished deletions took away cannot be compared any more; by the names that it was read under."""
    read_as = {op.action.registry: op.action.previous for op in finished if isinstance(op.action, a.RenameRegistry)}
    deleted: set[str] = set()
    for operation in finished:
        action = operation.action
        registry = read_as.get(action.registry, action.registry)
        if isinstance(action, a.DeleteRegistry):
            deleted.add(registry)
        elif isinstance(action, a.DeleteCollection):
            deleted.add(f"{registry}/{action.collection}")
    return frozenset(deleted)
