"""How far an apply is: a line every ten seconds in logs, a bar on a terminal, nothing with --quiet. The clock is the test's."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pytest

from regsync.backends.base import Outcome, Status
from regsync.console.context import Settings
from regsync.console.progress import pace, progress_watch
from regsync.core.live import Live, ReadProof
from regsync.core.operation import Operation
from tests.core.making import plan


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


def _settings(*, quiet: bool = False) -> Settings:
    return Settings("local", None, "never", 0, quiet)


def _run(settings: Settings, operation: Operation, number: int, seconds: float) -> None:
    clock = Clock()
    with progress_watch(settings, clock) as watch:
        watch.begin(number)
        for _ in range(number):
            watch.about_to_send([operation])
            clock.now += seconds
            watch.settled(operation, Outcome(Status.DONE))


@pytest.fixture
def operation(tmp_path: Path) -> Operation:
    return plan(tmp_path, "registries: {model: {}}\n", Live({}, ReadProof(True, 1, 1))).operations[0]


def test_a_log_gets_a_line_every_ten_seconds(operation: Operation, capsys: pytest.CaptureFixture[str]) -> None:
    _run(_settings(), operation, 9, 4.0)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "applying 9 operations",
        "3 of 9 operations, 0.2 a second, about 24 s left",
        "6 of 9 operations, 0.2 a second, about 12 s left",
        "9 of 9 operations, 0.2 a second, about 0 s left",
    ]


def test_what_is_quick_gets_no_line_of_its_own(operation: Operation, capsys: pytest.CaptureFixture[str]) -> None:
    _run(_settings(), operation, 9, 0.1)
    assert capsys.readouterr().err == "applying 9 operations\n"


def test_quiet_is_quiet(operation: Operation, capsys: pytest.CaptureFixture[str]) -> None:
    _run(_settings(quiet=True), operation, 9, 60.0)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_with_a_rate_and_the_time_left(
    operation: Operation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    clock = Clock()
    with progress_watch(_settings(), clock) as watch:
        watch.begin(4)
        watch.about_to_send([operation])
        clock.now += 30
        watch.settled(operation, Outcome(Status.DONE))
    shown = terminal.getvalue()
    assert "1/4" in shown and "0.0 a second, about 2 min left" in shown and "model" in shown
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("done", "total", "seconds", "said"),
    [
        (0, 5, 10.0, ""),
        (5, 5, 0.0, ""),
        (10, 20, 10.0, ", 1.0 a second, about 10 s left"),
        (100, 700, 100.0, ", 1.0 a second, about 10 min left"),
        (10, 72_010, 10.0, ", 1.0 a second, about 20 h left"),
    ],
)
def test_pace(done: int, total: int, seconds: float, said: str) -> None:
    assert pace(done, total, seconds) == said
