"""Carrying out a batch of actions: check, send together, and settle by reading whatever was not answered.

A mutation is sent again only after a read has shown that it was not carried out. What a read cannot settle is reported
as unknown; nothing is ever reported as done because it was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from regsync.backends.base import BackendError, Outcome, Status
from regsync.backends.wandb.connection.explaining import hint_for, is_conflict, is_unknown_mutation
from regsync.backends.wandb.connection.options import Options
from regsync.backends.wandb.connection.session import Session
from regsync.backends.wandb.connection.transport import WritingClient
from regsync.backends.wandb.reading.asking import Wanted
from regsync.backends.wandb.reading.observing import Reading
from regsync.backends.wandb.writing import mutations as m
from regsync.backends.wandb.writing.checking import Check
from regsync.backends.wandb.writing.deferred import Deferred
from regsync.backends.wandb.writing.linked import Linked
from regsync.backends.wandb.writing.sending import Place, Replied, Reply, Sender
from regsync.core import actions as a
from regsync.core.standing import Is, Standing, standing

_PASSING = frozenset({"changed-while-read", "incomplete-list"})
"""Errors of a read that another read may not have."""


@dataclass(slots=True)
class _Task:
    """One action on its way. `said`: the server's refusal, or why its last answer did not come, once it has been sent.

    `lost`: an answer did not come, so an earlier mutation may still be on its way. `refused`: the refusal, until a read has
    shown that it is true.
    """

    action: a.Action
    outcome: Outcome | None = None
    sent: int = 0
    lost: bool = False
    said: str = ""
    refused: Replied | None = None


class Writing:
    """Carries out batches over one connection. Remembers what the server has refused to understand."""

    def __init__(self, client: WritingClient, reading: Reading, session: Session, options: Options) -> None:
        self._reading = reading
        self._session = session
        self._attempts = options.attempts_to_write
        self._first_wait = options.first_wait
        self._client = client
        self._sender = Sender(client, options.mutations_per_document, options.documents_of_mutations)
        self._deferred = Deferred()
        self._linked = Linked()

    def close(self) -> None:
        """End the threads."""
        self._sender.close()

    def perform(self, actions: Sequence[a.Action]) -> list[Outcome]:
        """One outcome an action, in order."""
        tasks = [_Task(action) for action in actions]
        while left := [task for task in tasks if task.outcome is None]:
            self._pause(left)
            try:
                check = self._check(left)
            except BackendError as error:
                for task in left:
                    task.outcome = _unread(task, error)
                break
            self._round(left, check)
        self._redeem(tasks)
        return [task.outcome for task in tasks if task.outcome is not None]

    def _pause(self, tasks: Sequence[_Task]) -> None:
        """Give a server that failed, or a conflict, a moment; longer each time."""
        sent = max(task.sent for task in tasks)
        if sent:
            self._client.pause(self._first_wait * 2 ** (sent - 1))

    def _check(self, tasks: Sequence[_Task]) -> Check:
        check = Check(self._reading, self._session, [task.action for task in tasks], self._linked)
        try:
            check.read()
        except BackendError as error:
            if error.code not in _PASSING:
                raise
            check.read()
        self._deferred.pretend(check.registries)
        return check

    def _round(self, tasks: Sequence[_Task], check: Check) -> None:
        """Settle what can be settled from the read, and send the rest, as far as it can travel together."""
        ready = []
        for task in tasks:
            task.outcome = self._settle(task, standing(task.action, check.registries), check)
            if task.outcome is None:
                ready.append(task)
        if any(task.outcome is not None and task.outcome.stale for task in tasks):
            ready = _begun(ready)
        now = _compatible(ready)
        self._make_types(now, check)
        self._send([task for task in now if task.outcome is None and not self._waits_for_type(task, check)], check)

    def _settle(self, task: _Task, found: Standing, check: Check) -> Outcome | None:
        """The outcome that a read shows; None where the action is to be sent (again)."""
        action = task.action
        half_done = bool(task.sent) and _is_half_done(action, check)
        if half_done and task.refused is not None and isinstance(action, a.SetMember):
            return self._take_back(action, task.refused, check)
        if found.state is Is.PENDING or half_done:
            return self._settle_pending(task)
        index = _linked_index(action, check)
        if not task.sent:
            if found.state is Is.DONE:
                return Outcome(Status.SKIPPED, linked_index=index)
            return Outcome(Status.FAILED, f"{action.address}: {found.found}", "plan again", stale=True)
        if found.state is Is.DONE or index is not None:
            return Outcome(Status.DONE, f"{task.said}; a read found it done", linked_index=index)
        if task.refused is not None:
            return _refused(task, task.refused)
        return Outcome(Status.UNKNOWN, f"{action.address}: {task.said}, and now {found.found}")

    def _settle_pending(self, task: _Task) -> Outcome | None:
        """The outcome of an action that is not carried out; None where it is to be sent (again)."""
        refused, task.refused = task.refused, None
        tired = task.sent >= self._attempts
        if refused is not None and (tired or not _is_link_conflict(task.action, refused)):
            if task.lost and refused.unsent:  # That says nothing of the one before, which was sent.
                message = f"{task.action.address}: sent, and no answer came; the next try: {refused.fault.message}"
                return Outcome(Status.UNKNOWN, message, refused.hint, fatal=refused.fatal)
            return _refused(task, refused)
        if tired:
            return Outcome(Status.UNKNOWN, f"{task.action.address}: sent {task.sent} times: {task.said}")
        return None

    def _take_back(self, action: a.SetMember, refused: Replied, check: Check) -> Outcome:
        """A new member whose role the server refuses to set is taken off again: nobody keeps a role that nobody declared."""
        role = (check.registries[action.registry].members or {})[action.member]
        translator = m.Translator(self._session.entity, self._reading.ids, check)
        [undone] = self._sender.send(translator.mutations(a.RemoveMember(action.registry, action.member, role)))
        said = (
            f"{action.address}: {action.member} was added as {role}, and the role {action.role} was refused: "
            f"{refused.fault.message}"
        )
        if undone.reply is Reply.DONE:
            hint = hint_for(action, refused.fault) or f"declare the role {role}, or set it in the web app"
            return Outcome(Status.FAILED, f"{said}; so {action.member} was taken off again", hint)
        hint = f"set the role on the registry's page, or take {action.member} off there"
        return Outcome(Status.UNKNOWN, f"{said}; taking the member off again failed: {undone.fault.message}", hint)

    # Artifact types --------------------------------------------------------------------------------------------------

    def _make_types(self, tasks: Sequence[_Task], check: Check) -> None:
        """An empty collection needs its type known in the registry first."""
        waiting = [task for task in tasks if self._waits_for_type(task, check)]
        missing = sorted({key for task in waiting if (key := _type_key(task.action))})
        if not missing:
            return
        translator = m.Translator(self._session.entity, self._reading.ids, check)
        made = self._sender.send([translator.create_type(*key) for key in missing])
        for key, replied in zip(missing, made, strict=True):
            made_type = replied.payload.get("artifactType")
            if replied.reply is Reply.DONE and isinstance(made_type, dict) and made_type.get("id"):
                check.type_ids[key] = made_type["id"]
            elif is_unknown_mutation(replied.fault.message, m.CREATE_TYPE):
                self._deferred.needed = True
            else:
                for task in (each for each in waiting if _type_key(each.action) == key):
                    task.sent += 1
                    task.said = f"no answer came ({replied.fault.message or 'the server told no id'})"
                    if replied.reply is Reply.REFUSED:
                        task.outcome = _refused(task, replied)

    def _waits_for_type(self, task: _Task, check: Check) -> bool:
        """Whether a collection cannot be made in this round, because nobody knows yet whether its type is there."""
        key = _type_key(task.action)
        return key is not None and not self._deferred.needed and key not in check.type_ids

    # Sending ---------------------------------------------------------------------------------------------------------

    def _send(self, tasks: Sequence[_Task], check: Check) -> None:
        translator = m.Translator(self._session.entity, self._reading.ids, check)
        batch: list[m.Mutation] = []
        places: list[Place] = []
        spans: list[tuple[_Task, slice]] = []
        for task in tasks:
            task.outcome = self._deferred.take(task.action)
            if task.outcome is not None:
                continue
            try:
                mutations = translator.mutations(task.action)
            except m.CannotSendError as error:
                task.outcome = Outcome(Status.FAILED, f"{task.action.address}: {error}", error.hint)
                continue
            except KeyError:
                message = f"{task.action.address}: the server told no id for it, so nothing was sent"
                task.outcome = Outcome(Status.FAILED, message, "plan again", stale=True)
                continue
            spans.append((task, slice(len(batch), len(batch) + len(mutations))))
            batch += mutations
            places += [task.action.address[:2]] * len(mutations)
        replies = self._sender.send(batch, places)
        for task, span in spans:
            self._reply(task, replies[span])

    def _reply(self, task: _Task, replies: Sequence[Replied]) -> None:
        """Give a task its outcome, or leave it for the next round, which reads first."""
        task.sent += 1
        refused = next((each for each in replies if each.reply is Reply.REFUSED), None)
        lost = next((each for each in replies if each.reply is Reply.LOST), None)
        if refused is not None:
            self._refusal(task, refused, begun=any(each.reply is not Reply.REFUSED for each in replies))
        elif lost is not None:
            task.lost = True
            task.said = f"no answer came ({lost.fault.message})"
        else:
            task.outcome = _done(task.action, replies[-1].payload)
        if isinstance(task.action, a.LinkVersion):
            self._linked.made(task.action, task.outcome)

    def _refusal(self, task: _Task, refused: Replied, *, begun: bool) -> None:
        """A refusal of the whole document is final, if this was the first try and nothing was done before it (`begun`); any other is
        proven by reading first."""
        action = task.action
        if isinstance(action, a.CreateCollection) and is_unknown_mutation(refused.fault.message, m.CREATE_COLLECTION):
            self._deferred.needed = True
            task.outcome = self._deferred.take(action)
        elif refused.unsent and task.sent == 1 and not begun:
            task.outcome = _refused(task, refused)
        else:
            task.refused, task.said = refused, f"the server answered: {refused.fault.message}"

    def _redeem(self, tasks: Sequence[_Task]) -> None:
        """Give collections that these links made what they were promised; what fails is said with the link."""
        linked = {
            (task.action.registry, task.action.collection): task
            for task in tasks
            if isinstance(task.action, a.LinkVersion) and task.outcome and task.outcome.status is Status.DONE
        }
        due = self._deferred.due(linked)
        if not due:
            return
        try:
            self._reading.read(Wanted(frozenset(registry for registry, _ in due), bare=frozenset(due)), exactly=True)
        except BackendError as error:
            for key in due:
                _add_note(linked[key], error.message)
            return
        for key in due:
            id_ = self._reading.ids.collections.get(key)
            if id_ is None:
                _add_note(linked[key], "it is not there any more")
                continue
            batch = self._deferred.redeem(key, self._session.entity, id_)
            for replied in self._sender.send(batch):
                if replied.reply is not Reply.DONE:
                    _add_note(linked[key], replied.fault.message)


def _add_note(task: _Task, reason: str) -> None:
    if task.outcome is not None:
        message = f"linked; the collection's description or tags could not be set: {reason}"
        task.outcome = task.outcome._replace(message=message, hint="plan again to set them")


def _compatible(tasks: Sequence[_Task]) -> list[_Task]:
    """What may travel together: an edit of a registry's settings repeats the others as they were read, so one at a time."""
    edited: set[str] = set()
    chosen = []
    for task in tasks:
        if isinstance(task.action, a.UpdateRegistry | a.AllowArtifactTypes | a.ProtectAlias | a.UnprotectAlias):
            if task.action.registry in edited:
                continue
            edited.add(task.action.registry)
        chosen.append(task)
    return chosen


def _is_link_conflict(action: a.Action, refused: Replied) -> bool:
    """Whether two links got in each other's way, which the next try may not meet."""
    return isinstance(action, a.LinkVersion) and is_conflict(refused.fault)


def _type_key(action: a.Action) -> tuple[str, str] | None:
    """Registry and type of a collection that is to be made; None for other actions."""
    return (action.registry, action.type) if isinstance(action, a.CreateCollection) else None


def _is_half_done(action: a.Action, check: Check) -> bool:
    """Whether a new member was added and has not got the right role yet."""
    registry = check.registries.get(action.registry)
    if not isinstance(action, a.SetMember) or action.old is not None or registry is None:
        return False
    return (registry.members or {}).get(action.member) not in (None, action.role)


def _linked_index(action: a.Action, check: Check) -> int | None:
    """The index at which the version of a link action is linked now; None for other actions."""
    if not isinstance(action, a.LinkVersion) or action.registry not in check.registries:
        return None
    collection = check.registries[action.registry].collections.get(action.collection)
    return collection.index_of(action.version.artifact_id) if collection else None


def _keeps_description(action: a.Action, payload: dict[str, Any]) -> bool:
    """Whether a description that was to be cleared is still there, as the answer to the mutation says."""
    if not isinstance(action, a.UpdateRegistry | a.UpdateCollection) or action.new_description is not None:
        return False
    made = payload.get("project") if isinstance(action, a.UpdateRegistry) else payload.get("artifactCollection")
    return isinstance(made, dict) and made.get("description") is not None


def _done(action: a.Action, payload: dict[str, Any]) -> Outcome:
    if _keeps_description(action, payload):
        message = f"{action.address}: the server took the edit, and does not clear a description"
        return Outcome(
            Status.FAILED, message, 'write description: "" in the manifest, which it can keep, and plan again'
        )
    if isinstance(action, a.LinkVersion):
        index = payload.get("versionIndex")
        return Outcome(Status.DONE, linked_index=index if type(index) is int and 0 <= index < 10**9 else None)
    made = payload.get("inserted")
    if isinstance(action, a.CreateRegistry) and made is False:
        message = (
            "when the request arrived, a registry of that name was there, and the server edited it: somebody made one at the "
            "same time, or the request was delivered twice"
        )
        return Outcome(Status.DONE, message, "look at it, then plan again", stale=True)
    if isinstance(action, a.SettingAction) and made is True:
        message = "somebody deleted the registry at the same time; the server made a new one of that name"
        return Outcome(Status.DONE, message, "look at it, then plan again", stale=True)
    return Outcome(Status.DONE)


def _refused(task: _Task, replied: Replied) -> Outcome:
    action, fault = task.action, replied.fault
    hint = replied.hint or hint_for(action, fault)
    return Outcome(Status.FAILED, f"{action.address}: {fault.message}", hint, fatal=replied.fatal)


def _begun(tasks: Sequence[_Task]) -> list[_Task]:
    """Those that were sent before. The others are not: nobody may start to write who knows that the plan has been overtaken."""
    for task in tasks:
        if not task.sent:
            task.outcome = Outcome(Status.NOT_ATTEMPTED, "something else that was to be sent with it is stale")
    return [task for task in tasks if task.sent]


def _unread(task: _Task, error: BackendError) -> Outcome:
    """The check before (or after) a mutation could not be read, so nothing more is known, or sent."""
    if task.sent:
        message = f"{task.action.address}: {task.said}, and then: {error.message}"
        return Outcome(Status.UNKNOWN, message, error.hint)
    message = f"{task.action.address}: not sent, because the check before it failed: {error.message}"
    return Outcome(Status.FAILED, message, error.hint, fatal=True)
