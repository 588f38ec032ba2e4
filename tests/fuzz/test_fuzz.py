"""Hostile input: what a stranger wrote is read, or refused with words that are harmless to a terminal. Nothing else happens.

The kept corpus is tried whole; near it, Hypothesis looks on. `make torture` looks longer, and guided by coverage.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backends.wandb.worlds import KEYS
from tests.budget import Budget, is_torture, seconds
from tests.fuzz.mutations import altered, damaged
from tests.fuzz.targets import JSON, TARGETS, corpus
from tests.guarantees.figures import check_at_least

ROOT = Path(__file__).parents[2]
everything = pytest.mark.parametrize("name", TARGETS)


@pytest.fixture(autouse=True)
def a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEYS["alice"])


@everything
def test_the_corpus(name: str) -> None:
    inputs = corpus(name)
    for data in inputs:
        TARGETS[name](data)
    check_at_least(f"fuzzing: corpus of {name}", len(inputs))


def look(name: str, examples: int, budget: Budget | None = None) -> None:
    """Try that many inputs near the corpus, or as many as the budget allows."""
    kept = corpus(name)
    ways = [damaged, altered] if name in JSON else [damaged]

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(ways), st.integers(0, 2**32).map(Random))
    def try_one(way: Callable[[Random, list[bytes]], bytes], chance: Random) -> None:
        if budget is None or not budget.is_spent:
            TARGETS[name](way(chance, kept))

    try_one()


@pytest.mark.share(seconds=8)
@everything
def test_near_the_corpus(name: str) -> None:
    look(name, 150 if is_torture() else 60)


@pytest.mark.torture(seconds=120)
@everything
def test_around_the_corpus(name: str) -> None:
    look(name, 3000, Budget())


@pytest.mark.torture(seconds=60)
@everything
def test_guided_by_coverage(name: str) -> None:
    """atheris, for a minute on each target, or as long as there is. What breaks one is written into the corpus."""
    pytest.importorskip("atheris", reason="atheris has no wheel for this Python: pip install 'regsync[fuzz]'")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.campaign", name, str(round(seconds() or 60))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-6000:]
