"""The proof: every prefix of a plan is run on the model registry, and the invariants are checked in each state.

A state differs from the one before it only by what the operation between them did, so each check looks at that alone.
A plan that fails its proof is never shown; that would be a defect of regsync, not of the manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from regsync.core import actions as a
from regsync.core.desired import HazardName
from regsync.core.live import Live
from regsync.core.operation import Operation
from regsync.core.seen import Seen, unseen
from regsync.diagnostics import RegsyncError
from regsync.slots import NamedTuple

if TYPE_CHECKING:
    from regsync.core.model import Effect

INVARIANTS = (
    "the server accepts each operation in the state that the ones before it leave",
    "each operation's precondition holds when its turn comes",
    "each operation's result is there after it",
    "an alias that exists before and after is bound at every moment",
    "an alias points at its old or its new version and nowhere else",
    "a protected alias is unbound only by an operation that carries the hazard for it",
    "whatever unbinds an alias carries the hazard for it",
    "removals rest on a read that was complete",
    "after the last operation nothing is left to do",
)


class Proof(NamedTuple):
    """What was checked: how many states of the registry, against how many invariants."""

    states: int
    invariants: int

    def __str__(self) -> str:
        return f"states {self.states}, invariants {self.invariants}"


class ProofError(RegsyncError):
    """The plan would break an invariant, so it is not shown. Always a defect of regsync."""


def prove(
    operations: Sequence[Operation],
    live: Live,
    actor: str,
    is_final: Callable[[Live], bool],
    already: frozenset[str] = frozenset(),
    seen: Seen = unseen,
) -> tuple[Proof, Live]:
    """Check all invariants in every state of the plan.

    `is_final` says of the last state whether it leaves nothing to do. `already` are the ids of operations whose results are
    there in `live`; they are passed over. Returns the proof and the last state. Raises `ProofError`.
    """
    if not operations:
        return Proof(1, len(INVARIANTS)), live
    from regsync.core.model import IllegalActionError, Model
    from regsync.core.standing import Is, standing

    model = Model(live, actor)
    changed: set[tuple[tuple[str, str], str]] = set()
    done: set[str] = set(already)
    for operation in seen("proving", "operations", operations):
        if operation.id in already:
            continue
        action = operation.action
        if standing(action, model.registries).state is not Is.PENDING or not done.issuperset(operation.depends_on):
            raise _broken(1, operation)
        if action.kind in a.REMOVALS and not live.read.complete:
            raise _broken(7, operation)
        try:
            effects = model.apply(action)
        except IllegalActionError as error:
            raise _broken(0, operation, str(error)) from error
        if standing(action, model.registries).state is not Is.DONE:
            raise _broken(2, operation)
        _check_effects(operation, effects, changed, live)
        done.add(operation.id)
    final = Live(model.registries, live.read)
    if not is_final(final):
        raise _broken(8, operations[-1])
    return Proof(len(operations) + 1, len(INVARIANTS)), final


def _check_effects(
    operation: Operation, effects: list[Effect], changed: set[tuple[tuple[str, str], str]], live: Live
) -> None:
    names = {hit.name for hit in operation.hits}
    removal = operation.action.kind in a.REMOVALS
    for effect in effects:
        if (effect.collection, effect.alias) in changed:
            raise _broken(4, operation, f"alias {effect.alias!r} would change twice")
        changed.add((effect.collection, effect.alias))
        if effect.new is not None:
            continue
        if not removal:
            raise _broken(3, operation, f"alias {effect.alias!r} would be unbound")
        registry = live.registries.get(effect.collection[0])
        listed = registry is not None and effect.alias in (registry.protected_aliases or ())
        if (listed or operation.protected) and HazardName.REMOVE_PROTECTED_ALIAS not in names:
            raise _broken(5, operation, f"alias {effect.alias!r}")
        if not names:
            raise _broken(6, operation, f"alias {effect.alias!r}")


def _broken(invariant: int, operation: Operation, more: str = "") -> ProofError:
    action = operation.action
    detail = f" ({more})" if more else ""
    return ProofError(
        f"the plan failed its proof at {operation.id} ({action.kind} {action.address}): "
        f"not kept is “{INVARIANTS[invariant]}”{detail}",
        "nothing was changed; this is a defect of regsync, please report it with the manifest",
        code="proof-failed",
    )
