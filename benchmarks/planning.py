"""regsync by itself: planning against what libyaml alone needs for the same file, start-up against click, bootstrapping."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks import worlds
from benchmarks.measuring import median, run, side_by_side
from benchmarks.table import Figure, Results

PARSE = "import sys, yaml; yaml.compose(open(sys.argv[1], 'rb'), Loader=yaml.CLoader)"
EVENTS = "import sys, yaml; [None for e in yaml.parse(open(sys.argv[1], 'rb'), Loader=yaml.CLoader)]"
CLICK = "import click"
REGSYNC = (sys.executable, "-m", "regsync", "--quiet")


def seeded(folder: Path, size: int) -> Path:
    """A folder with a world of that size: its files, `registry.db` with all of it, and `bare.db` with the artifacts alone."""
    here = folder / str(size)
    if not here.exists():
        worlds.write(here, size)
        for name, seed in (("registry", "seed"), ("bare", "bare")):
            run(*REGSYNC, "local", "seed", str(here / f"{seed}.yaml"), "--db", str(here / f"{name}.db"))
    return here


def start_up(results: Results) -> None:
    """`regsync --version` against importing click."""
    found = side_by_side(
        {
            "regsync": (str(Path(sys.executable).with_name("regsync")), "--version"),
            "import click": (sys.executable, "-c", CLICK),
        },
        repeats=21,
    )
    for who, each in found.items():
        results.add(Figure(what="start-up", who=who, size=0, seconds=each.seconds, megabytes=each.megabytes))
    results.at_most("start-up, to import click", found["regsync"].seconds / found["import click"].seconds, 1.3)


def planning(results: Results, folder: Path, size: int) -> None:
    """A plan without and with changes; beside it what libyaml needs to parse the same file."""
    here = seeded(folder, size)
    backend = ("--backend", f"local:{here}/registry.db")
    for name, what in (("same", "plan, nothing changed"), ("changed", "plan, 1 % changed")):
        file = str(here / f"{name}.yaml")
        found = side_by_side(
            {
                "regsync": (*REGSYNC, *backend, "plan", file),
                "libyaml, nodes": (sys.executable, "-c", PARSE, file),
                "libyaml, events": (sys.executable, "-c", EVENTS, file),
            },
            repeats=5 if size < 100_000 else 3,
        )
        for who, each in found.items():
            results.add(Figure(what=what, who=who, size=size, seconds=each.seconds, megabytes=each.megabytes))


def bootstrap(results: Results, folder: Path, size: int) -> None:
    """Planning and applying the same manifests on a registry file that has nothing but the artifacts."""
    here = seeded(folder, size)
    same = str(here / "same.yaml")
    planned, applied = [], []
    for _ in range(3 if size < 10_000 else 1):
        fresh = here / "fresh.db"
        shutil.copy(here / "bare.db", fresh)
        backend = ("--backend", f"local:{fresh}")
        planned.append(run(*REGSYNC, *backend, "plan", same))
        applied.append(run(*REGSYNC, *backend, "apply", same, "--auto-approve", folder=here))
    for what, found in (("plan, from nothing", median(planned)), ("apply, from nothing", median(applied))):
        results.add(Figure(what=what, who="regsync", size=size, seconds=found.seconds, megabytes=found.megabytes))
