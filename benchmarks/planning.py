"""regsync by itself: planning against its floor and libyaml alone, start-up against click, bootstrapping.

Ratios to floors are of processor seconds: they say what a command costs, and other work on the machine changes them little.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks import worlds
from benchmarks.measuring import Run, median, run, side_by_side
from benchmarks.table import Figure, Results

PARSE = "import sys, yaml; yaml.compose(open(sys.argv[1], 'rb'), Loader=yaml.CLoader)"
EVENTS = "import sys, yaml; [None for e in yaml.parse(open(sys.argv[1], 'rb'), Loader=yaml.CLoader)]"
CLICK = "import click"
FLOOR = Path(__file__).with_name("floor.py")
REGSYNC = (sys.executable, "-m", "regsync", "--quiet")


def seeded(folder: Path, size: int) -> Path:
    """A folder with a world of that size: its files, `registry.db` with all of it, and `bare.db` with the artifacts alone."""
    here = folder / str(size)
    if not here.exists():
        worlds.write(here, size)
        for name, seed in (("registry", "seed"), ("bare", "bare")):
            run(*REGSYNC, "local", "seed", str(here / f"{seed}.yaml"), "--db", str(here / f"{name}.db"))
    return here


SMALL = """\
apiVersion: regsync/v1
organization: acme
variables: {team: acme-ml}
registries:
  model:
    description: Models that may reach production
    visibility: organization
    artifact_types: [model]
    protected_aliases: [production, staging]
    members: {alice: admin, "team:acme-ml": member}
    collections:
      fraud-detector:
        type: model
        description: Card fraud, tabular
        tags: [fraud, tabular]
        versions:
          - ${team}/fraud/fraud-detector:v11
        aliases:
          production: ${team}/fraud/fraud-detector:v12
          staging: v7
"""
"""A manifest of twenty lines."""


def _figure(what: str, who: str, size: int, found: Run) -> Figure:
    return Figure(
        what=what, who=who, size=size, seconds=found.seconds, megabytes=found.megabytes, processor=found.processor
    )


def start_up(results: Results, folder: Path) -> None:
    """`regsync --version`, and `validate` of a small file, against importing click."""
    regsync = str(Path(sys.executable).with_name("regsync"))
    small = folder / "small.yaml"
    small.write_text(SMALL, encoding="utf-8")
    found = side_by_side(
        {
            "regsync": (regsync, "--version"),
            "regsync validate": (regsync, "validate", str(small)),
            "import click": (sys.executable, "-c", CLICK),
        },
        repeats=21,
    )
    for who, each in found.items():
        results.add(_figure("start-up", who, 0, each))
    click = found["import click"].processor
    results.at_most("start-up, to import click", found["regsync"].processor / click, 1.3)
    results.at_most("validate of 20 lines, to import click", found["regsync validate"].processor / click, 2.5)


def planning(results: Results, folder: Path, size: int) -> None:
    """A plan without and with changes; beside it the floor, and what libyaml needs to parse the same file."""
    here = seeded(folder, size)
    backend = ("--backend", f"local:{here}/registry.db")
    for name, what in (("same", "plan, nothing changed"), ("changed", "plan, 1 % changed")):
        file = str(here / f"{name}.yaml")
        found = side_by_side(
            {
                "regsync": (*REGSYNC, *backend, "plan", file),
                "floor": (sys.executable, str(FLOOR), file, f"{here}/registry.db"),
                "libyaml, nodes": (sys.executable, "-c", PARSE, file),
                "libyaml, events": (sys.executable, "-c", EVENTS, file),
            },
            repeats=11 if size < 100_000 else 3,
            folder=here,  # Without receipts of other registries, which a plan would read.
        )
        for who, each in found.items():
            results.add(_figure(what, who, size, each))
        if name == "same":
            results.at_most(f"{what}, {size:,}: to the floor", found["regsync"].processor / found["floor"].processor, 2)


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
        results.add(_figure(what, "regsync", size, found))
