"""Guarantee 4, answer by answer: wherever a value of a server's answer is null, missing or something else, the plan is the same,
or there is none. Nothing is taken for absent because its name, its place or its list was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from regsync.core.plan import Plan
from regsync.diagnostics import RegsyncError
from tests.backends.wandb.script import MANIFEST, SEED
from tests.backends.wandb.wire import Behaviour, Forward, Relay, Request, Response, as_json, relay
from tests.backends.wandb.worlds import QUICK, Work, served, write_world
from tests.budget import some, spend
from tests.guarantees.figures import check_at_least

Json = dict[str, Any]
Place = tuple[str | int, ...]
LISTS = ("edges", "aliases", "members", "teamMembers", "protectedAliases")
GONE = object()
"""Taken out of its map."""
AT_ONCE = replace(QUICK, timeout=20.0, deadline=0.05, first_wait=0.001, longest_wait=0.001)
FREE = re.compile(r"data\.serverInfo\b|.*\.edges\.\*\.node\.artifact(\.artifactSequence.*|\.versionIndex)?$")
"""A server that tells nothing of itself is an older one: it is asked for less, and its plans say so. A link without its artifact
is one whose source was deleted, and without the place of that, one whose source the key may not see: the plan may be another one,
but nothing that is not told can be removed or moved (`test_doubtful.py`)."""


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """Every place in an answer, but for the answer itself."""
    if here:
        yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from places(each, (*here, key))


def shape(place: Place) -> str:
    """The place without numbers: what is alike is tried once."""
    return ".".join("*" if isinstance(step, int) else re.sub(r"^([pn])\d+$", r"\1", step) for step in place)


def put(answer: Json, place: Place, value: Any) -> Json:
    """The answer with that value at that place; as it is where there is no such place."""
    holder: Any = answer
    try:
        for step in place[:-1]:
            holder = holder[step]
        if value is GONE:
            del holder[place[-1]]
        else:
            holder[place[-1]] = value
    except (KeyError, IndexError, TypeError):
        pass
    return answer


def gist(plan: Plan) -> list[Any]:
    """What a plan does, and what it is careful about."""
    return [
        (
            operation.action.kind,
            str(operation.action.address),
            operation.protected,
            sorted(h.name for h in operation.hits),
        )
        for operation in plan.operations
    ]


class Answers:
    """Every answer that one plan needs, and the plan made from others."""

    def __init__(self, work: Work, manifest: Path, between: Relay) -> None:
        self.work, self.manifest, self.between = work, manifest, between
        self.answers: list[Json] = []
        self.right = gist(self.plan(self._record))

    def _record(self, request: Request, forward: Forward) -> Response:
        answer = forward()
        self.answers.append(answer.json)
        return answer

    def plan(self, behave: Behaviour) -> Plan:
        self.between.reset(behave)
        return self.work.plan(self.manifest)

    def cases(self, values: list[Any]) -> list[tuple[int, Place, Any]]:
        """Each value at each place of each answer."""
        return [
            (number, place, value)
            for number, answer in enumerate(self.answers)
            for place in {shape(place): place for place in places(answer) if not FREE.match(shape(place))}.values()
            for value in values
            if value is not GONE or not isinstance(place[-1], int)  # Nobody can know of an item that is left out.
        ]

    def attack(self, number: int, place: Place, value: Any) -> None:
        def behave(request: Request, forward: Forward) -> Response:
            answer = forward()
            return as_json(put(answer.json, place, value)) if request.number == number else answer

        try:
            found = gist(self.plan(behave))
        except RegsyncError:
            return
        assert found == self.right or is_another_name(place, value), f"answer {number}, {shape(place)}: {value!r}"


def is_another_name(place: Place, value: Any) -> bool:
    """A text for a text: a name that the server never told is another thing, and an empty list of items an empty registry."""
    return isinstance(value, str) or (value == [] and place[-1] in LISTS)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory, own_key: None) -> Iterator[Answers]:
    folder = tmp_path_factory.mktemp("answers")
    with served(write_world(folder / "registry.db", SEED)) as url, relay(url) as between:
        work = Work(folder, between.url, options=AT_ONCE)
        yield Answers(work, work.manifest(MANIFEST), between)


@pytest.mark.share(seconds=25)
def test_null_or_missing_anywhere(answers: Answers) -> None:
    cases = answers.cases([None, GONE])
    for case in some(cases, 9):
        answers.attack(*case)
    check_at_least("half answers: null or missing", len(cases))


@pytest.mark.torture(seconds=120)
def test_something_else_anywhere(answers: Answers) -> None:
    for case in spend(answers.cases(["x", {}, [], 7, True, -1, 10**30, 0.5]), "half answers"):
        answers.attack(*case)
