"""Mutations on their way: as many in one document as the server takes, and for each what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from math import ceil
from typing import Any

from regsync.backends.base import BackendError
from regsync.backends.wandb.connection.answers import Answer, Fault, LostError, is_unsure
from regsync.backends.wandb.connection.explaining import is_unknown_mutation
from regsync.backends.wandb.connection.transport import WritingClient
from regsync.backends.wandb.writing.mutations import Mutation, document, is_success
from regsync.slots import NamedTuple

WHAT = "writing"


class Reply(Enum):
    """What became of one mutation."""

    DONE = "answered as carried out"
    REFUSED = "answered as refused, or never sent"
    LOST = "no answer that says which"


class Replied(NamedTuple):
    """A reply. `unsent`: refused before anything of the document was executed. `fatal`: no later mutation can succeed either."""

    reply: Reply
    payload: dict[str, Any]
    fault: Fault
    unsent: bool = False
    fatal: bool = False
    hint: str | None = None


_NO_FAULT = Fault("", None, "")


Place = tuple[str, str | None]
"""What a mutation changes: a registry, or a collection in it."""


class Sender:
    """Sends mutations, each at most once: `together` in a document, and `documents` at once.

    Learns whether the server takes several in one document.
    """

    def __init__(self, client: WritingClient, together: int, documents: int) -> None:
        self._client = client
        self._together = together
        self._most = together
        self._documents = documents
        self._pool: ThreadPoolExecutor | None = None

    def close(self) -> None:
        """End the threads. What has not been sent yet is not sent any more."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def send(self, batch: Sequence[Mutation], places: Sequence[Place] | None = None) -> list[Replied]:
        """A reply for each mutation, in their order. Those that change one place are executed in that order, and one
        document after the other; without `places`, all of them are."""
        lanes = _lanes(places, min(self._documents, ceil(len(batch) / self._most))) if places else []
        if len(lanes) < 2:
            return self._one_after_the_other(batch)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._documents, thread_name_prefix="regsync-write")
        replies: dict[int, Replied] = {}
        answers = self._pool.map(lambda lane: self._one_after_the_other([batch[number] for number in lane]), lanes)
        for lane, answered in zip(lanes, answers, strict=True):
            replies.update(zip(lane, answered, strict=True))
        return [replies[number] for number in range(len(batch))]

    def _one_after_the_other(self, batch: Sequence[Mutation]) -> list[Replied]:
        replies: list[Replied] = []
        while len(replies) < len(batch):
            start = len(replies)
            replies += self._send_document(batch[start : start + self.next_size(len(batch) - start)])
        return replies

    def next_size(self, left: int) -> int:
        """How many of what is left go into the next document: all, where a few more than usual save another round trip."""
        return left if left <= self._together + self._together // 5 else self._together

    def _send_document(self, batch: Sequence[Mutation]) -> list[Replied]:
        text, variables = document(batch)
        try:
            answer = self._client.write(text, variables, WHAT)
        except LostError as error:
            return [Replied(Reply.LOST, {}, Fault(error.message, None, error.code))] * len(batch)
        except BackendError as error:
            fault = Fault(error.message, None, error.code)
            return [Replied(Reply.REFUSED, {}, fault, unsent=True, fatal=True, hint=error.hint)] * len(batch)
        if answer.not_executed and len(batch) > 1 and not _all_unknown(answer, batch):
            return self._one_by_one(batch)
        return [_replied(answer, each, f"m{number}") for number, each in enumerate(batch)]

    def _one_by_one(self, batch: Sequence[Mutation]) -> list[Replied]:
        """After a refusal of many together: nothing of it was executed. If each alone is taken, that is how all will go; one that is
        refused alone may have been what the others were refused for."""
        replies = [reply for each in batch for reply in self._send_document([each])]
        if any(each.reply is Reply.DONE for each in replies) and not any(each.unsent for each in replies):
            self._together = 1
        return replies


def _lanes(places: Sequence[Place], number: int) -> list[list[int]]:
    """The mutations, as numbers, for documents that may be under way together: all of one place in one lane, as even as that goes."""
    lanes: list[list[int]] = [[] for _ in range(number)]
    by_place: dict[Place, list[int]] = {}
    for position, place in enumerate(places):
        by_place.setdefault(place, []).append(position)
    for positions in by_place.values():
        min(lanes, key=len).extend(positions)
    return [sorted(lane) for lane in lanes if lane]


def _all_unknown(answer: Answer, batch: Sequence[Mutation]) -> bool:
    """Whether the server does not know the one mutation that the whole batch is made of."""
    names = {each.name for each in batch}
    return len(names) == 1 and is_unknown_mutation(answer.faults[0].message, names.pop())


def _replied(answer: Answer, mutation: Mutation, name: str) -> Replied:
    """The reply to the mutation that is the field `name` of a document."""
    if answer.refused_whole:
        unsure = next((each for each in answer.faults if is_unsure(each)), None)
        if unsure is not None:
            return Replied(Reply.LOST, {}, unsure)
        return Replied(Reply.REFUSED, {}, answer.faults[0], unsent=answer.not_executed)
    fault = next((each for each in answer.faults if each.field == name), None)
    if fault is not None:
        return Replied(Reply.LOST if is_unsure(fault) else Reply.REFUSED, {}, fault)
    payload = (answer.data or {}).get(name)
    if not isinstance(payload, dict):
        reason = answer.faults[0].message if answer.faults else "the answer leaves it out"
        return Replied(Reply.LOST, {}, Fault(reason, name, ""))
    if not is_success(mutation, payload):
        return Replied(Reply.REFUSED, payload, Fault("the server says that it did not succeed", name, ""))
    return Replied(Reply.DONE, payload, _NO_FAULT)
