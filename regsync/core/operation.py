"""Operation: one step of a plan, with why it is there, what it needs, and what is dangerous about it."""

from __future__ import annotations

from regsync.core.actions import Action, Json
from regsync.core.desired import HazardName
from regsync.diagnostics import Position
from regsync.slots import NamedTuple, dataclass


class Reason(NamedTuple):
    """Why an operation is in the plan, and the line of the manifest that asks for it."""

    text: str
    position: Position


class Hit(NamedTuple):
    """A hazard of one operation. `message` says what would happen; `weight` is how many things of that kind it touches."""

    name: HazardName
    message: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Draft:
    """An operation before it has its place in the order."""

    action: Action
    reason: Reason
    hits: tuple[Hit, ...] = ()
    protected: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """A step of a plan. `depends_on` names the operations without which this one cannot succeed or must not run.

    `protected`: it is about a protected alias. `notes`: side effects on the server that no operation stands for.
    `evidence`: what is known about the versions involved; for readers only, nothing may be decided from it.
    """

    id: str
    action: Action
    reason: Reason
    depends_on: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()
    protected: bool = False
    notes: tuple[str, ...] = ()
    evidence: Json | None = None

    def doing(self, action: Action) -> Operation:
        """The same operation with another action. Written out: `replace` takes six times as long, and plans have many."""
        return Operation(
            self.id, action, self.reason, self.depends_on, self.hits, self.protected, self.notes, self.evidence
        )
