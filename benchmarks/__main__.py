"""Measure planning against what libyaml alone needs for the same file, and start-up against click alone; print a table."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks import worlds

PARSE = "import sys, yaml; yaml.compose(open(sys.argv[1], 'rb'), Loader=yaml.CLoader)"
EVENTS = "import sys, yaml; [None for e in yaml.parse(open(sys.argv[1], 'rb'), Loader=yaml.CLoader)]"
CLICK = "import click"


class Run(NamedTuple):
    """Wall seconds and peak memory (MB) of one process."""

    seconds: float
    megabytes: float


def run(*command: str) -> Run:
    """Run a process to its end."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 2, 3):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Run(time.perf_counter() - started, usage.ru_maxrss / 1024)


def side_by_side(commands: dict[str, tuple[str, ...]], repeats: int) -> dict[str, Run]:
    """The median of each command, run in turn so that noise falls on all alike."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            runs[name].append(run(*command))
    return {
        name: Run(statistics.median(r.seconds for r in found), max(r.megabytes for r in found))
        for name, found in runs.items()
    }


def planning(table: Table, folder: Path, sizes: list[int]) -> None:
    """One row a size and manifest; each against the parse of the same file, and against the row of a tenth of its size."""
    regsync = (sys.executable, "-m", "regsync", "--quiet", "--backend", f"local:{folder}/SIZE/registry.db", "plan")
    earlier: dict[str, float] = {}
    for size in sizes:
        here = folder / str(size)
        worlds.write(here, size)
        base = [part.replace("SIZE", str(size)) for part in regsync]
        run(
            sys.executable, "-m", "regsync", "local", "seed", str(here / "seed.yaml"), "--db", str(here / "registry.db")
        )
        for name in ("same", "changed"):
            file = str(here / f"{name}.yaml")
            found = side_by_side(
                {
                    "plan": (*base, file),
                    "parse": (sys.executable, "-c", PARSE, file),
                    "events": (sys.executable, "-c", EVENTS, file),
                },
                repeats=7 if size < 100_000 else 3,
            )
            plan, parse, events = found["plan"], found["parse"], found["events"]
            growth = f"{plan.seconds / earlier[name]:.1f}" if name in earlier else ""
            earlier[name] = plan.seconds
            table.add_row(
                f"plan, {size:,} bindings, {'no change' if name == 'same' else '1 % changed'}",
                f"{plan.seconds:.2f} s",
                f"{parse.seconds:.2f} s",
                f"{plan.seconds / parse.seconds:.1f}",
                f"{plan.seconds / events.seconds:.1f}",
                f"{plan.megabytes:.0f} MB",
                growth,
            )


def start_up(table: Table) -> None:
    """`regsync --version` against importing click."""
    found = side_by_side(
        {
            "version": (str(Path(sys.executable).with_name("regsync")), "--version"),
            "click": (sys.executable, "-c", CLICK),
        },
        repeats=21,
    )
    version, click = found["version"], found["click"]
    table.add_row(
        "regsync --version, against import click",
        f"{version.seconds:.3f} s",
        f"{click.seconds:.3f} s",
        f"{version.seconds / click.seconds:.2f}",
        "",
        f"{version.megabytes:.0f} MB",
        "",
    )


def main() -> None:
    """Sizes can be given as arguments; the default is 1k, 10k and 100k."""
    sizes = [int(size) for size in sys.argv[1:]] or [1_000, 10_000, 100_000]
    table = Table(title="regsync, medians of runs side by side")
    for heading in ("what", "regsync", "alone", "ratio to compose", "ratio to events", "peak", "to a tenth"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    start_up(table)
    with tempfile.TemporaryDirectory(prefix="regsync-bench-") as folder:
        planning(table, Path(folder), sizes)
    Console(width=130).print(table)


main()
