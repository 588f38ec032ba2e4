"""The numbers in a version's metadata, by name: its metrics. W&B's author gives them as `wandb.Artifact(metadata=…)`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

MOST_NUMBERS = 100
"""Metrics of one version that are kept, in the order of their names: as many as W&B takes keys at the top."""
LONGEST_NAME = 200
"""Characters of the name of a metric; what has a longer one is none."""
_INTEGERS = range(-(2**63), 2**63)


def numbers(metadata: str) -> dict[str, float]:
    """The metrics in a JSON object, by name: `{"val": {"acc": 0.9}}` has `val.acc`.

    What stands in lists is no metric, nor is what no float holds. Of two with one name the outer one counts.
    """
    found: dict[str, float] = {}
    level: list[tuple[str, dict[str, Any]]] = [("", json.loads(metadata))]
    while level:
        below = []
        for above, values in level:
            for name, value in _named(above, values):
                if isinstance(value, dict):
                    below.append((f"{name}.", value))
                elif (number := _plain(value)) is not None:
                    found.setdefault(name, number)
        level = below
    return {name: found[name] for name in sorted(found)[:MOST_NUMBERS]}


def _named(above: str, values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((above + key, value) for key, value in values.items() if len(above) + len(key) <= LONGEST_NAME)


def _plain(value: object) -> float | None:
    """A number that a column holds and a plot can draw; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        is_finite = math.isfinite(value)
    except OverflowError:  # A whole number that no float holds.
        return None
    if not is_finite:
        return None
    return value if isinstance(value, float) or value in _INTEGERS else float(value)
