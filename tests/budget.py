"""How much is tried: in `make test` a share, in `make torture` all of it, or as much as fits into a limit.

Some tests run in both, and try a share of their examples (`@share(300)`) or of their cases (`some`) in `make test`; they bear the
mark `share`. A campaign (`@pytest.mark.torture`) runs in `make torture` only: without a limit it tries everything; with one
(REGSYNC_CAMPAIGN_SECONDS), as much as fits, in an order that differs each time, so that many short runs see what a long one does.
What must be tried whole does not ask for the limit.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import settings

T = TypeVar("T")
SHARE = 4
"""`make test` tries one in so many examples, and no fewer than `LEAST`."""
LEAST = 10


def is_torture() -> bool:
    """Whether this is `make torture`."""
    return bool(os.environ.get("REGSYNC_TORTURE"))


def examples(number: int) -> int:
    """How many examples are tried here, where `make torture` tries that many."""
    return number if is_torture() else max(number // SHARE, min(number, LEAST))


def share(number: int, **options: Any) -> Callable[[T], T]:
    """Goes above `@given`: that many examples in `make torture`, a share of them in `make test`."""

    def decorate(test: T) -> T:
        return pytest.mark.share(settings(max_examples=examples(number), deadline=None, **options)(test))  # type: ignore[no-any-return]

    return decorate


def some(cases: Sequence[T], one_in: int, first: int = 0) -> Sequence[T]:
    """All cases in `make torture`; in `make test` one in so many, beginning with the one of that number. For the mark `share`."""
    return cases if is_torture() else cases[first % one_in :: one_in]


def seconds() -> float | None:
    """The limit; None where there is none."""
    text = os.environ.get("REGSYNC_CAMPAIGN_SECONDS")
    return float(text) if text else None


class Budget:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._limit = seconds()
        self._begun = time.monotonic()

    @property
    def is_spent(self) -> bool:
        return self._limit is not None and time.monotonic() - self._begun > self._limit

    def rounds(self, number: int) -> Iterator[int]:
        """So many, or as many as there is time for: for what cannot be stopped in its middle."""
        for each in range(number):
            if self.is_spent:
                return
            yield each


def spend(cases: Sequence[T], name: str) -> Iterator[T]:
    """The cases, as many as there is time for; says how many that were."""
    budget = Budget()
    tried = 0
    for case in cases if seconds() is None else random.sample(cases, len(cases)):
        if budget.is_spent:
            break
        yield case
        tried += 1
    print(f"{name}: {tried} of {len(cases)}")
