"""Execution: a plan's operations, in order, on the destination they were planned for; or a refusal before the first write."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Protocol, assert_never

from regsync import stages
from regsync.backends.base import BackendError, Outcome, Reader, Status, Writer
from regsync.backends.confirming import confirmed
from regsync.core import actions as a
from regsync.core.again import with_indices
from regsync.core.hazards import Hazard
from regsync.core.live import LinkKey, Live
from regsync.core.operation import Operation
from regsync.core.order import stage
from regsync.core.plan import Plan
from regsync.core.plan_document import plan_digest
from regsync.core.scope import scope_of_actions
from regsync.core.staleness import take_back
from regsync.core.standing import Is, standing
from regsync.diagnostics import RefusedError, RegsyncError
from regsync.execution.journal import Journal
from regsync.execution.receipt import Receipt, Result, whole_result
from regsync.execution.seen import NOTHING_SEEN, Seen, seen_in

SHOWN = 10
"""How many messages of one hazard a refusal lists before it only counts them."""
SETTLED = (Status.DONE, Status.SKIPPED)


class Watch(Protocol):
    """Sees an apply as it goes on; shows it, or stores it, but cannot change it."""

    def begin(self, total: int) -> None:
        """`total` operations are to be done; those already done are not counted."""
        ...

    def about_to_send(self, operations: Sequence[Operation]) -> None: ...

    def settled(self, operation: Operation, outcome: Outcome) -> None: ...


class Silent:
    """A watch that shows nothing."""

    def begin(self, total: int) -> None:
        pass

    def about_to_send(self, operations: Sequence[Operation]) -> None:
        pass

    def settled(self, operation: Operation, outcome: Outcome) -> None:
        pass


def check_applyable(plan: Plan) -> None:
    """Refuse a plan with an open hazard. Raises `RefusedError` that names what each would do, and the narrowest consent."""
    open_hazards = [hazard for hazard in plan.hazards if not hazard.consented]
    if open_hazards:
        lines = []
        for hazard in open_hazards:
            lines.append(f"{hazard.name}: {hazard.open} of {hazard.count} not consented to")
            messages = _messages(plan, hazard)
            lines += [f"  {message}" for message in messages[:SHOWN]]
            lines += [f"  … and {len(messages) - SHOWN} more"] if len(messages) > SHOWN else []
        allow = " ".join(hazard.consent for hazard in open_hazards)
        raise RefusedError(
            "this plan is not applyable: nobody consented to its hazards\n  " + "\n  ".join(lines),
            f"where each of them is wanted, {'; '.join([*(ask.instruction for ask in plan.missing_consents), ''])}"
            f"{'or ' if plan.missing_consents else ''}plan again with {allow}",
            code="hazard",
        )


def _messages(plan: Plan, hazard: Hazard) -> list[str]:
    """What it would do, and to what."""
    hits = [hit for operation in plan.operations for hit in operation.hits if hit.name == hazard.name]
    return [hit.message for hit in hits] + list(hazard.messages)


class Execution:
    """One run of one plan. Make it after `check_before_first_write`, and `run` it once."""

    def __init__(
        self,
        plan: Plan,
        writer: Writer,
        journal: Journal,
        *,
        already_done: Iterable[str] = (),
        watch: Watch | None = None,
        stop_requested: Callable[[], bool] = lambda: False,
    ) -> None:
        self._plan = plan
        self._linked: dict[LinkKey, int] = {}
        """The index that each version got which this run has linked: what the plan could only foretell."""
        self._writer = writer
        self._journal = journal
        self._watch = watch or Silent()
        self._stop_requested = stop_requested
        self._outcomes: dict[str, Outcome] = {id_: Outcome(Status.SKIPPED) for id_ in already_done}
        self._failed_in: dict[str, str] = {}
        """By registry: the first operation that did not succeed there."""
        self._halted: str | None = None
        self._interrupted = False
        self._under_way = stages.Stage("applying", "operations", None)

    def run(self, clock: Callable[[], str], started_at: str) -> Receipt:
        """Send what is left to do. Never raises for what happens to an operation: the receipt says it."""
        remaining = [operation for operation in self._plan.operations if operation.id not in self._outcomes]
        self._watch.begin(len(remaining))
        with stages.stage("applying", "operations", len(remaining)) as self._under_way:
            for _, group in groupby(remaining, key=lambda op: stage(op.action, protected=op.protected)):
                self._run_stage(list(group))
        operations = with_indices(self._plan.operations, self._linked)
        self._plan = replace(self._plan, operations=operations, reviewed=plan_digest(self._plan))
        with stages.stage("verifying"):
            verified, seen = self._verify()
        return Receipt(
            plan=self._plan,
            plan_digest=plan_digest(self._plan),
            outcomes=self._outcomes,
            started_at=started_at,
            finished_at=clock(),
            result=whole_result(self._outcomes, interrupted=self._interrupted),
            verified=verified,
            seen=seen,
        )

    def _run_stage(self, operations: list[Operation]) -> None:
        """Operations of one stage run in batches, each batch free of dependencies within itself."""
        waiting = {operation.id for operation in operations}
        followers: dict[str, list[Operation]] = {}
        missing: dict[str, int] = {}
        ready: deque[Operation] = deque()
        for operation in operations:
            inside = [name for name in operation.depends_on if name in waiting]
            missing[operation.id] = len(inside)
            for name in inside:
                followers.setdefault(name, []).append(operation)
            if not inside:
                ready.append(operation)
        while ready:
            batch = [ready.popleft() for _ in range(min(len(ready), self._writer.capabilities.batch_size))]
            self._run_batch(batch)
            for operation in batch:
                for follower in followers.get(operation.id, ()):
                    missing[follower.id] -= 1
                    if not missing[follower.id]:
                        ready.append(follower)

    def _run_batch(self, batch: list[Operation]) -> None:
        sendable: list[Operation] = []
        for operation in with_indices(batch, self._linked):
            obstacle = self._obstacle(operation)
            if obstacle is None:
                sendable.append(operation)
            else:
                self._settle(operation, Outcome(Status.NOT_ATTEMPTED, obstacle))
        if not sendable:
            return
        self._watch.about_to_send(sendable)
        self._under_way.note = str(sendable[0].action.address)
        try:
            self._journal.sent([operation.id for operation in sendable])
        except RegsyncError as error:
            self._halted = error.message
            for operation in sendable:
                self._settle(operation, Outcome(Status.NOT_ATTEMPTED, error.message, error.hint))
            return
        outcomes = self._writer.perform([operation.action for operation in sendable])
        outcomes = [_check_index(op, out) for op, out in zip(sendable, outcomes, strict=True)]
        outcomes = self._settle_unknown(sendable, outcomes)
        for operation, outcome in zip(sendable, outcomes, strict=True):
            self._settle(operation, outcome)
            self._keep_index(operation, outcome)
            if outcome.fatal or outcome.stale:
                self._halted = f"stopped after {operation.id} failed"
        try:
            settled = zip((operation.id for operation in sendable), outcomes, strict=True)
            self._journal.settled({id_: outcome for id_, outcome in settled if not outcome.promised})
        except RegsyncError as error:
            self._halted = error.message

    def _keep_index(self, operation: Operation, outcome: Outcome) -> None:
        """Remember the index that a link got; it is what later operations and the receipt say."""
        action = operation.action
        if isinstance(action, a.LinkVersion) and outcome.linked_index is not None:
            self._linked[action.registry, action.collection, action.version.artifact_id] = outcome.linked_index

    def _obstacle(self, operation: Operation) -> str | None:
        """Why this operation is not sent; None where it is."""
        if self._halted is None and self._stop_requested():
            self._interrupted = True
            self._halted = "stopped on request"
        if self._halted is not None:
            return self._halted
        for name in operation.depends_on:
            if self._outcomes[name].status not in SETTLED:
                return f"it needs {name}, which is {self._outcomes[name].status.value}"
        failed = self._failed_in.get(operation.action.registry)
        if failed is not None and operation.action.kind in a.REMOVALS:
            return f"nothing is removed from a registry in which something failed ({failed})"
        return None

    def _settle(self, operation: Operation, outcome: Outcome) -> None:
        self._outcomes[operation.id] = outcome
        if outcome.status not in SETTLED:
            self._failed_in.setdefault(operation.action.registry, operation.id)
        self._watch.settled(operation, outcome)
        self._under_way.advance()

    def _settle_unknown(self, operations: list[Operation], outcomes: list[Outcome]) -> list[Outcome]:
        """Read again what was sent without an answer. What cannot be read stays unknown, and nothing more is sent."""
        if all(outcome.status is not Status.UNKNOWN for outcome in outcomes):
            return outcomes
        live = try_observe(self._writer, operations)
        settled = []
        for operation, outcome in zip(operations, outcomes, strict=True):
            if outcome.status is Status.UNKNOWN:
                found = settle_by_reading(operation, outcome, live)
                late = found.status is Status.FAILED and not self._writer.capabilities.reads_settle
                settled.append(_may_come_late(outcome) if late else found)
            else:
                settled.append(outcome)
        return settled

    def _verify(self) -> tuple[bool, Seen]:
        """Read once more: is every result there?"""
        try:
            live = self._writer.observe(self._plan.read.scope)
            doubted = [each for each in self._plan.operations if each.action.kind in a.REMOVALS]
            found = self._all_done(live)
            if not found:  # Or a search that lags behind does not show it yet.
                doubted = list(self._plan.operations)
            looked_up = confirmed(live, doubted, self._writer)
        except BackendError:
            return False, NOTHING_SEEN
        found = found if looked_up is live else self._all_done(looked_up)
        return found, seen_in(looked_up, self._plan)

    def _all_done(self, live: Live) -> bool:
        done = [operation for operation in self._plan.operations if self._outcomes[operation.id].status in SETTLED]
        return len(take_back(done, live, self._plan.destination.user).done) == len(self._plan.operations)


def _check_index(operation: Operation, outcome: Outcome) -> Outcome:
    """A link that got another index than the plan says was overtaken by somebody else's: the plan is stale from there on."""
    action = operation.action
    if not isinstance(action, a.LinkVersion) or outcome.linked_index in (None, action.index) or action.index is None:
        return outcome
    message = (
        f"linked as v{outcome.linked_index}, where the plan says v{action.index}: something else was linked meanwhile"
    )
    return outcome._replace(message=message, stale=True)


def _may_come_late(outcome: Outcome) -> Outcome:
    """Not carried out when it was last read, and nobody can say that it will not be. Nothing more is sent."""
    message = f"{outcome.message or 'no answer came'}; not done when it was last read, and perhaps still on its way"
    return outcome._replace(message=message, hint="run the same command again in a while: it reads first", fatal=True)


def try_observe(reader: Reader, operations: Sequence[Operation]) -> Live | None:
    """What is live where these operations act; None where it cannot be read now."""
    try:
        return reader.observe(scope_of_actions(operation.action for operation in operations), exactly=True)
    except BackendError:
        return None


def settle_by_reading(operation: Operation, outcome: Outcome, live: Live | None) -> Outcome:
    """Turn an unknown outcome into what a read shows.

    Where nothing can be read, and where what is there is neither what was nor what shall be, it stays unknown: it may have
    been carried out and overtaken since. Nothing more is sent then.
    """
    if live is None:
        return outcome._replace(fatal=True)
    found = standing(operation.action, live.registries)
    why = outcome.message or "reason unknown"
    match found.state:
        case Is.DONE:
            index = _linked_index(operation.action, live)
            return Outcome(Status.DONE, "no answer came; a read afterwards found it done", linked_index=index)
        case Is.PENDING:
            return Outcome(Status.FAILED, f"no answer came; a read afterwards found it not done ({why})", outcome.hint)
        case Is.MOVED:
            message = f"no answer came ({why}); a read afterwards found something else: {found.found}"
            return Outcome(Status.UNKNOWN, message, "look at it, then plan again", stale=True)
        case _:
            assert_never(found.state)


def _linked_index(action: a.Action, live: Live) -> int | None:
    if not isinstance(action, a.LinkVersion):
        return None
    return live.registries[action.registry].collections[action.collection].index_of(action.version.artifact_id)


__all__ = ["Execution", "Result", "Silent", "Watch"]
