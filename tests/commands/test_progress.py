"""How far a command is: a bar on a terminal, a line every ten seconds in a log, nothing with --quiet; and never in the result.

No test waits for a clock: either the clock is the test's, or the server answers only when the bar was seen.
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest

from regsync.console import display
from regsync.console.display import CLEAR, Display, pace
from regsync.stages import Stage, one_by_one, stage, watched_by
from tests.backends.wandb.wire import Forward, Relay, Request, Response
from tests.backends.wandb.worlds import KEYS, served, write_world
from tests.commands.inside import Cli

SECONDS = 60
"""Longest that a test waits for something that comes at once."""
SEED = {
    "organization": "acme",
    "users": {"alice": {"api_key": KEYS["alice"], "role": "admin"}},
    "teams": {"acme-ml": ["alice"]},
    "artifacts": {f"acme-ml/p/a{n}": {"type": "model", "versions": 3} for n in range(3)},
    "registries": {"model": {"collections": {f"c{n}": {"type": "model"} for n in range(3)}}},
}
MANIFEST = "apiVersion: regsync/v1\norganization: acme\nregistries:\n  model:\n    collections:\n" + "".join(
    f"      c{n}: {{type: model, aliases: {{production: acme-ml/p/a{n}:v{n}}}}}\n" for n in range(3)
)


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal:
    """A terminal of this system's. What is written to it is kept in `text`."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        self.text = ""
        self._one = threading.Lock()

    def wait_for(self, wanted: str) -> str:
        """Read until this was written; everything so far."""
        with self._one:
            while wanted not in self.text:
                self._read(SECONDS)
            return self.text

    def all(self) -> str:
        """What was written, when nobody writes any more."""
        while select.select([self.ours], [], [], 0)[0]:
            self._read(0)
        return self.text

    def _read(self, seconds: float) -> None:
        ready, _, _ = select.select([self.ours], [], [], seconds)
        assert ready, f"nothing more was written than {self.text!r}"
        self.text += os.read(self.ours, 65536).decode()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    os.close(made.ours)
    os.close(made.theirs)


@pytest.fixture
def relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """A server with a small world, and a relay before it."""
    monkeypatch.setenv("WANDB_API_KEY", KEYS["alice"])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "model.yaml").write_text(MANIFEST)
    with served(write_world(tmp_path / "world.db", SEED)) as url:
        relay = Relay(url)
        yield relay
        relay.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown after a while is shown at once."""
    monkeypatch.setattr(display, "PATIENCE", 0.0)
    monkeypatch.setattr(display, "HEARTBEAT", 0.0)
    monkeypatch.setattr(display, "LOOK", 0.01)


def held_until(seen: Callable[[], object]) -> Callable[[Request, Forward], Response]:
    """Each answer that reads registries is held until something was seen."""

    def behave(request: Request, forward: Forward) -> Response:
        answer = forward()
        if "totalCount" in request.document and not request.writes:
            seen()
        return answer

    return behave


@contextmanager
def stderr_is(file: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched, os.fdopen(os.dup(file), "w", buffering=1) as stream:
        patched.setattr(sys, "stderr", stream)
        patched.setenv("TERM", "xterm")
        patched.setenv("COLUMNS", "120")
        yield


@pytest.mark.parametrize("shape", [(), ("--format", "json")])
def test_a_terminal_shows_a_bar_while_pages_are_read(
    cli: Cli,
    relay: Relay,
    terminal: Terminal,
    impatient: None,
    monkeypatch: pytest.MonkeyPatch,
    shape: tuple[str, ...],
) -> None:
    backend = f"wandb:{relay.url}"
    plain = cli("--quiet", "--backend", backend, "plan", "model.yaml", *shape)
    assert plain.err == ""
    relay.reset(held_until(lambda: terminal.wait_for("reading registries")))
    with stderr_is(terminal.theirs, monkeypatch):
        shown = cli("--backend", backend, "plan", "model.yaml", *shape)
    assert (shown.code, shown.out) == (plain.code, plain.out)
    assert re.search(r"reading registries \S+ ", terminal.all())
    assert "\x1b[?25l" not in terminal.text  # The cursor stays, whatever ends the command.
    assert terminal.text.rpartition("reading")[2].count(CLEAR) >= 1  # Nothing of the bar is left.


def test_a_log_gets_lines_without_control_codes(
    cli: Cli, relay: Relay, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = f"wandb:{relay.url}"
    plain = cli("--quiet", "--backend", backend, "plan", "model.yaml")
    reading, writing = os.pipe()
    found: list[str] = []
    with os.fdopen(reading) as log:
        relay.reset(held_until(lambda: found or found.append(_line_with(log, "reading registries"))))
        with stderr_is(writing, monkeypatch):
            shown = cli("--backend", backend, "plan", "model.yaml")
        os.close(writing)
        rest = log.read()
    assert (shown.code, shown.out) == (plain.code, plain.out)
    assert re.fullmatch(r"reading registries: \d+ of \d+ items.*\n", found[0])
    assert "\x1b" not in found[0] + rest and "\r" not in rest


def _line_with(log: Iterator[str], wanted: str) -> str:
    return next(line for line in log if wanted in line)


def test_ctrl_c_leaves_a_clean_line(relay: Relay, terminal: Terminal, tmp_path: Path) -> None:
    let_go = threading.Event()
    relay.reset(held_until(lambda: let_go.wait(SECONDS)))
    code = "from regsync.console import display; display.PATIENCE = 0; from regsync.commands import main; main()"
    arguments = ("--backend", f"wandb:{relay.url}", "plan", "model.yaml")
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=terminal.theirs,
    ) as process:
        terminal.wait_for("reading registries")
        process.send_signal(signal.SIGINT)
        terminal.wait_for("stopped")
        let_go.set()
        assert process.stdout is not None
        assert process.stdout.read() == b""
    assert process.returncode == 130
    assert terminal.all().rpartition(CLEAR)[2].split() == ["stopped"]


# What is told ---------------------------------------------------------------------------------------------------------


class Record:
    """A watcher that keeps what it sees."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []

    def begin(self, stage: Stage) -> None:
        self.stages.append(stage)

    def end(self, stage: Stage) -> None:
        if stage.total is not None:
            assert stage.done == stage.total, stage

    def names(self) -> set[str]:
        return {stage.what for stage in self.stages}


LOADING = {"reading manifests", "checking manifests", "checking model"}
PLANNING = {*LOADING, "reading registries", "comparing model", "planning", "proving", "finding the way back"}
TOLD = {
    ("validate", "model.yaml"): LOADING,
    ("render", "model.yaml"): {*LOADING, "rendering"},
    ("fmt", "--check", "model.yaml"): {"laying out"},
    ("plan", "model.yaml"): {*PLANNING, "looking up source versions"},
    ("plan", "model.yaml", "-o", "plan.json"): {*PLANNING, "writing the plan", "showing the plan"},
    ("drift", "model.yaml"): PLANNING,
    ("import",): {"reading registries", "importing"},
    ("apply", "--auto-approve", "model.yaml"): {*PLANNING, "applying", "verifying"},
}


@pytest.mark.parametrize("arguments", TOLD)
def test_whatever_may_take_its_time_tells_how_far_it_is_and_ends_with_all_done(
    cli: Cli, relay: Relay, arguments: tuple[str, ...]
) -> None:
    record = Record()
    with watched_by(record):
        cli("--quiet", "--backend", f"wandb:{relay.url}", *arguments)
    assert TOLD[arguments] <= record.names()


def test_a_registry_file_tells_as_well(cli: Cli, tmp_path: Path) -> None:
    write_world(tmp_path / "world.db", SEED)
    (tmp_path / "model.yaml").write_text(MANIFEST)
    backend = ("--backend", f"local:{tmp_path / 'world.db'}")
    assert cli("--quiet", *backend, "apply", "--auto-approve", "model.yaml").code == 0
    record = Record()
    with watched_by(record):
        assert cli("--quiet", *backend, "plan", "model.yaml").code == 0
    (reading,) = (each for each in record.stages if each.unit == "links")
    assert (reading.what, reading.done, reading.total) == ("model", 3, 3)


# What is shown --------------------------------------------------------------------------------------------------------


def _shown(*, bar: bool, clock: Clock) -> Display:
    """A display at which nobody looks but the test."""
    made = Display(bar=bar, color=False, clock=clock)
    made.close()
    return made


def test_a_log_gets_a_line_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    watcher = _shown(bar=False, clock=clock)
    with watched_by(watcher):
        for _ in one_by_one("applying", "operations", range(9)):
            clock.now += 4
            watcher.look()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "applying: 2 of 9 operations, 0.2 a second, about 42 s left",
        "applying: 5 of 9 operations, 0.2 a second, about 19 s left",
        "applying: 8 of 9 operations, 0.2 a second, about 4 s left",
    ]


@pytest.mark.parametrize("bar", [True, False])
def test_what_takes_less_than_two_seconds_shows_nothing(capsys: pytest.CaptureFixture[str], bar: bool) -> None:
    clock = Clock()
    watcher = _shown(bar=bar, clock=clock)
    with watched_by(watcher):
        for _ in one_by_one("proving", "operations", range(19)):
            clock.now += 0.1
            watcher.look()
    assert capsys.readouterr() == ("", "")


def test_two_seconds_count_from_the_first_stage_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    clock = Clock()
    watcher = _shown(bar=True, clock=clock)
    with watched_by(watcher):
        with stage("reading manifests"):
            clock.now += 1.5
        with stage("reading registries", "items", 4) as reading:
            clock.now += 1.5
            reading.advance(3)
            watcher.look()
            assert "reading registries" in stream.getvalue() and "3/4" in stream.getvalue()
    assert stream.getvalue().endswith(CLEAR)


def test_the_outermost_stage_with_an_end_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    watcher = _shown(bar=False, clock=clock)
    with watched_by(watcher), stage("verifying"), stage("reading registries", "items", 40), stage("links", "", 2):
        clock.now += 10
        watcher.look()
    with watched_by(watcher), stage("planning"), stage("composing"):
        clock.now += 10
        watcher.look()
    assert capsys.readouterr().err.splitlines() == [
        "verifying: reading registries: 0 of 40 items",
        "planning: composing: 10 s so far",
    ]


def test_names_on_the_bar_cannot_move_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("COLUMNS", "120")
    clock = Clock()
    watcher = _shown(bar=True, clock=clock)
    with watched_by(watcher), stage("applying", "operations", 2) as applying:
        applying.note = "model/a\x1b[2Jb[red]c"
        clock.now += 3
        watcher.look()
    assert "\x1b[2J" not in stream.getvalue() and "[red]" in stream.getvalue()


@pytest.mark.parametrize(
    ("done", "total", "seconds", "said"),
    [
        (0, 5, 10.0, ""),
        (5, 5, 0.0, ""),
        (10, 20, 10.0, "1.0 a second, about 10 s left"),
        (20_000, 80_000, 10.0, "2,000 a second, about 30 s left"),
        (100, 700, 100.0, "1.0 a second, about 10 min left"),
        (10, 72_010, 10.0, "1.0 a second, about 20 h left"),
    ],
)
def test_pace(done: int, total: int, seconds: float, said: str) -> None:
    assert pace(done, total, seconds) == said
