"""Running commands side by side: wall and processor seconds, peak memory, requests."""

from __future__ import annotations

import os
import platform
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

Command = Sequence[str]


class FailedError(Exception):
    """A command of a benchmark did not do its work."""


class Run(NamedTuple):
    """Wall seconds, peak memory (MB) and processor seconds of one process, and of those that it waited for."""

    seconds: float
    megabytes: float
    processor: float


_AS_INSTALLED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""The environment, in which Python keeps what it compiles: an installed program is compiled once and not at every start."""

PATIENCE = 600.0
"""Longest that one process may take, in seconds."""


def run(
    *command: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    patience: float = PATIENCE,
    good: Sequence[int] = (0, 2, 3),
) -> Run:
    """Run a process to its end. Raises `FailedError` for an end that is not `good`, and
    where it is not done in time: `patience` seconds.

    Without `good`, regsync's and Terraform's "there are changes" are good ends too.

    On Linux a process's peak memory begins with what its parent had when it was started, so this one imports little.
    """
    started = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**_AS_INSTALLED, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        # Read to the end before waiting: a full pipe would block the process.
        assert process.stderr is not None
        ending = threading.Timer(patience, process.kill)
        ending.start()
        try:
            errors = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            ending.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode == -signal.SIGKILL:
        raise FailedError(f"{Path(command[0]).name} was not done in {patience:g} s")
    if process.returncode not in good:
        said = errors.decode(errors="replace").strip().splitlines()[-5:]
        raise FailedError(
            f"{command[0]} {' '.join(command[1:4])} … ended with {process.returncode}: {' / '.join(said)}"
        )
    return Run(time.perf_counter() - started, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def median(runs: Sequence[Run]) -> Run:
    """The medians of the seconds, and the largest memory."""
    return Run(
        statistics.median(each.seconds for each in runs),
        max(each.megabytes for each in runs),
        statistics.median(each.processor for each in runs),
    )


def side_by_side(commands: Mapping[str, Command], repeats: int, **options: Path) -> dict[str, Run]:
    """The median of each command, run in turn so that noise falls on all alike."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            runs[name].append(run(*command, **options))
    return {name: median(found) for name, found in runs.items()}


def timed(act: Callable[[], object]) -> float:
    """Wall seconds of a call."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def machine() -> dict[str, str]:
    """What a table was measured on. No names of hosts or people."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory": f"{memory} MB",
        "python": platform.python_version(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
