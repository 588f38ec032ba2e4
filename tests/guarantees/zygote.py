"""Runs regsync's command line in forked processes, and kills them where it is told to. A script of its own, because a fork
of a process with threads is no good model of anything.

Each line on stdin is a job, each line on stdout what became of it. The child is a real process that runs `regsync.commands.run`;
the cuts are put in from outside, here. One ends it with SIGKILL: nothing of it gets to clean up; or asks it to stop (SIGINT); or
halts it (SIGSTOP), so that something else can happen meanwhile, until the next line says `resume` or `kill`.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.forking import load_everything

Json = dict[str, Any]


def main() -> None:
    """Load everything once, then fork for each job."""
    load_everything()
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(job)
        _, status = os.waitpid(child, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            print(json.dumps({"stopped": child}), flush=True)
            order = sys.stdin.readline().strip()
            os.kill(child, signal.SIGCONT if order == "resume" else signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        answer = {"killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL}
        answer["code"] = os.waitstatus_to_exitcode(status)
        print(json.dumps(answer), flush=True)


def _run(job: Json) -> None:
    """In the child: never returns."""
    code = 99
    try:
        os.chdir(job["folder"])
        os.environ.update(job["environment"])
        for descriptor, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), descriptor)
        cut = Cut(job["cut"], signal.Signals[job["signal"]])
        if job["batch"]:
            _small_batches(job["batch"])
        if job["limit"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (job["limit"], job["limit"]))
        if job["patience"]:
            _impatient(job["patience"])
        if job["hasty"]:
            _hasty()
        _put_in(cut)
        from regsync.commands import run

        code = run(job["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
        Path("points").write_text("\n".join(cut.passed))
    except BaseException:  # noqa: BLE001 - shown in the file `err`; the code says that something is wrong
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(code)


class Cut:
    """Counts the points that are passed, and sends the process a signal at the one of that number (from 1; 0 for none)."""

    def __init__(self, at: int, signal_: signal.Signals) -> None:
        self._at = at
        self._signal = signal_
        self.passed: list[str] = []

    @property
    def kills_next(self) -> bool:
        """Whether the next point is the end."""
        return len(self.passed) + 1 == self._at and self._signal is signal.SIGKILL

    def here(self, name: str) -> None:
        self.passed.append(name)
        if len(self.passed) == self._at:
            os.kill(os.getpid(), self._signal)

    def around(self, owner: Any, name: str) -> None:
        """A point before and one after each call."""
        call: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(call)
        def cut(*args: Any, **kwargs: Any) -> Any:
            self.here(f"before {name}")
            result = call(*args, **kwargs)
            self.here(f"after {name}")
            return result

        setattr(owner, name, cut)


def _put_in(cut: Cut) -> None:
    from regsync.backends.local import writing as local
    from regsync.backends.wandb.connection import transport
    from regsync.execution import journal, run

    _torn_lines(cut, journal.Journal)
    for name in ("sent", "settled", "remove"):
        cut.around(journal.Journal, name)
    cut.around(run, "write_receipt")
    cut.around(Path, "replace")
    cut.around(local.LocalWriter, "perform")
    cut.around(local, "carry_out")
    cut.around(transport.WritingClient, "write")


def _torn_lines(cut: Cut, owner: Any) -> None:
    """A point in the middle of each line of the journal: half of it is on disk."""
    whole = owner._write

    def write(self: Any, pieces: Iterable[str]) -> None:
        line = "".join(pieces).encode("utf-8", "surrogatepass")
        if cut.kills_next:
            os.write(self._file.fileno(), line[: len(line) // 2])
        cut.here("in the middle of a line of the journal")
        whole(self, [line.decode("utf-8", "surrogatepass")])

    owner._write = write


def _small_batches(size: int) -> None:
    """So few operations in one transaction that there is something in between."""
    from regsync.backends.local import reading as local

    local._CAPABILITIES = replace(local._CAPABILITIES, batch_size=size)


def _impatient(seconds: float) -> None:
    """Waits for a locked registry file no longer than this."""
    from regsync.backends.local import reading as local

    local.LocalReader.__init__.__kwdefaults__["timeout"] = seconds


def _hasty() -> None:
    """Tries again at once where it would wait a while first."""
    from regsync.backends.wandb.connection import options

    options.Options()  # The first makes the constructor.
    options.Options.__init__.__kwdefaults__ |= {"first_wait": 0.01, "longest_wait": 0.05}


if __name__ == "__main__":
    main()
