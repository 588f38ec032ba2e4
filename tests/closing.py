"""A pytest plugin: which tests run here, in which order, and what the last line of a whole run says.

Tests that need a program that is missing are left out (`tests/needing.py`). After the whole suite, the last line says which those
were and how to get them, and what `make torture` would add; both are counted, not written down.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests import needing
from tests.budget import is_torture, seconds

WORTH = 20
"""Seconds of one core that a campaign takes which does not say it: `@pytest.mark.torture(seconds=200)`."""
_LEFT_OUT = "needs "
_added = {"tests": 0, "seconds": 0.0, "shares": 0}
"""What this process has left to `make torture`. Each worker of a run collects the same; one of them tells."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _added["shares"] = sum(item.get_closest_marker("share") is not None for item in items)
    if is_torture():
        items[:] = _longest_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _longest_first(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Each worker begins with an equal part of the list: so each part begins with long ones, and nobody waits for the last."""
    ordered = sorted(items, key=_in_torture, reverse=True)
    return [item for first in range(workers) for item in ordered[first::workers]]


def _seconds(item: pytest.Item) -> float:
    """Of a campaign that nothing limits."""
    mark = item.get_closest_marker("torture")
    return float(mark.kwargs.get("seconds", WORTH)) if mark else 0.0


def _in_torture(item: pytest.Item) -> float:
    """Of whatever `make torture` runs, with the limit that it has."""
    shared, campaign = item.get_closest_marker("share"), item.get_closest_marker("torture")
    if campaign is None or campaign.kwargs.get("whole"):
        return float(shared.kwargs.get("seconds", 1)) if shared else _seconds(item)
    return min(_seconds(item), seconds() or _seconds(item))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait for servers, clients and time limits."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Everything that the tests need is loaded: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_deselected(items: list[pytest.Item]) -> None:
    left = [item for item in items if item.get_closest_marker("torture")]
    _added["tests"] += len(left)
    _added["seconds"] += sum(map(_seconds, left))


def pytest_runtest_setup(item: pytest.Item) -> None:
    programs = needing.missing(program for mark in item.iter_markers("needs") for program in mark.args)
    if programs:
        says = f"{_LEFT_OUT}{', '.join(programs)}: {needing.command(programs)}"
        assert needing.may_be_left_out(), says
        pytest.skip(says)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """In the process that reports, where others run the tests."""
    _added.update(getattr(node, "workeroutput", {}).get("added", {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["added"] = dict(_added)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> Iterator[None]:
    """After everything that pytest says itself."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    whole = config.args == [str(path) for path in config.getini("testpaths")]
    elsewhere = reporter is None or hasattr(config, "workeroutput") or config.option.collectonly
    if whole and not elsewhere and not is_torture():
        for line in _closing(reporter):
            reporter.write_line(line)
    yield


def _closing(reporter: Any) -> Iterator[str]:
    if _added["tests"]:
        minutes = round(_added["seconds"] / 60 / (os.cpu_count() or 1)) or 1
        yield (
            f"make torture adds {_added['tests']} campaigns (about {minutes} minutes here; SECONDS=10 gives each at most so many, "
            f"where it has a limit) and tries all of what {_added['shares']} tests here tried a share of"
        )
    reasons = [report.longrepr[2].removeprefix("Skipped: ") for report in reporter.stats.get("skipped", [])]
    left = [reason.removeprefix(_LEFT_OUT) for reason in reasons if reason.startswith(_LEFT_OUT)]
    if left:
        programs = sorted({program for reason in left for program in reason.partition(":")[0].split(", ")})
        yield f"left out: {len(left)} tests that need {', '.join(programs)}; to run them: {needing.command(programs)}"
