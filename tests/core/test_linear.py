"""Twice the things, at most twice the work: counted in calls of functions, so the machine's speed does not matter."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from regsync.core.live import Live, ReadProof
from tests.core.making import plan

SLACK = 1.1
"""A sort of twice as many takes a little more than twice the steps."""


def steps(work: Callable[[], object]) -> int:
    """How many functions and comprehensions `work` enters, those of C included."""
    count = 0

    def entered(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(entered)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def _body(collections: int) -> str:
    each = "      c{0}: {{type: model, aliases: {{production: acme-ml/fraud/detector:v{0}, staging: v0}}}}\n"
    return "registries:\n  model:\n    collections:\n" + "".join(each.format(n) for n in range(collections))


def test_planning_an_empty_registry_and_its_way_back(tmp_path: Path) -> None:
    nothing = Live({}, ReadProof(True, 1, 1))

    def planned(collections: int) -> int:
        return steps(lambda: plan(tmp_path, _body(collections), nothing))

    planned(1)
    assert planned(400) <= SLACK * 2 * planned(200)
