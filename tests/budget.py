"""How long a campaign may take. Without a limit it tries everything; with one (REGSYNC_CAMPAIGN_SECONDS), as much as fits, in an
order that differs each time, so that many short runs see what a long one does.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


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
