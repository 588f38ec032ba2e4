"""Beyond one machine: requests are counted at two sizes, and what larger ones take at so many requests a second is computed.

What is counted does not depend on the machine. Between the sizes, and beyond, a straight line is assumed, which
`tests/commands/test_linear.py` and `tests/backends/wandb/test_requests.py` justify.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from benchmarks import worlds
from benchmarks.measuring import run
from benchmarks.planning import REGSYNC, seeded
from benchmarks.promoting import serving
from benchmarks.proxy import far_away
from benchmarks.table import Figure, Results, rows

SIZES = (10_000, 100_000, 1_000_000)
COUNTED_AT = (1_000, 3_000)
RATES = (1, 5, 50)
"""Requests a second that a key may send."""
PARTS = (4, 16)
COUNTED = "counted: "


class Work(NamedTuple):
    """Something to do with manifests: `plan` or `apply`, on a registry in which all of it is (`registry`) or none (`bare`)."""

    name: str
    verb: str
    world: str
    manifest: str


NOTHING = Work("plan, nothing changed", "plan", "registry", "same")
PLAN_MOVES = Work("plan, 1 % moved", "plan", "registry", "changed")
PLAN_ALL = Work("plan, from nothing", "plan", "bare", "same")
MOVES = Work("plan and apply, 1 % moved", "apply", "registry", "changed")
ALL = Work("plan and apply, from nothing", "apply", "bare", "same")
WORKS = {each.name: each for each in (NOTHING, PLAN_MOVES, MOVES, PLAN_ALL, ALL)}
PLAN_OF = {MOVES.name: PLAN_MOVES.name, ALL.name: PLAN_ALL.name}


def count(results: Results, folder: Path, size: int) -> None:
    """How many requests each work takes at one size, over HTTP; and how large the plan file is."""
    here = seeded(folder, size)
    for work in WORKS.values():
        fresh = here / "counted.db"
        shutil.copy(here / f"{work.world}.db", fresh)
        saved = here / "counted.json"
        more = (
            ("-o", str(saved))
            if work.verb == "plan"
            else ("--auto-approve", "--allow", "mass-change", "--allow", "latest-moves")
        )
        with serving(fresh) as served, far_away(served.url, 0) as proxy:
            command = (*REGSYNC, "--backend", f"wandb:{proxy.url}", work.verb, str(here / f"{work.manifest}.yaml"))
            environment = {"WANDB_API_KEY": worlds.KEY, "REGSYNC_STATE_DIR": str(here / f"state-{work.verb}")}
            found = run(*command, *more, folder=here, environment=environment)
        shutil.rmtree(here / f"state-{work.verb}", ignore_errors=True)
        results.add(
            Figure(
                what=COUNTED + work.name,
                who="regsync",
                size=size,
                seconds=found.seconds,
                megabytes=found.megabytes,
                requests=proxy.requests,
            )
        )
        if work.verb == "plan":
            megabytes = saved.stat().st_size / 1e6
            results.add(Figure(what=f"plan file: {work.name}", who="regsync", size=size, megabytes=megabytes))


def projection(results: Results) -> str:
    """The computed table as Markdown; "" where nothing was counted at two sizes."""
    counted = {work: _line(results, COUNTED + work) for work in WORKS}
    if any(each is None for each in counted.values()):
        return ""
    lines = []
    for name in WORKS:
        for size in SIZES:
            requests = counted[name]
            assert requests is not None
            total = requests.at(size)
            cells = [name, f"{size:,}", f"{total:,.0f}", *(duration(total / rate) for rate in RATES)]
            planning = counted.get(PLAN_OF.get(name, ""))
            for parts in PARTS:
                # A part plans the whole, and carries out its own.
                cells.append(
                    duration((planning.at(size) + (total - planning.at(size)) / parts) / RATES[1]) if planning else ""
                )
            file = _line(results, f"plan file: {name}", measure="megabytes")
            cells.append(f"{file.at(size):,.1f}" if file else "")
            lines.append(tuple(cells))
    headings = (
        "what",
        "bindings",
        "requests",
        *(f"{rate} a second" for rate in RATES),
        *(f"{parts} parts, {RATES[1]} a second each" for parts in PARTS),
        "plan file, MB",
    )
    return rows(headings, lines)


class _Line(NamedTuple):
    """A straight line through two measurements."""

    base: float
    slope: float

    def at(self, size: int) -> float:
        return max(0.0, self.base + self.slope * size)


def _line(results: Results, what: str, measure: str = "requests") -> _Line | None:
    """Through the smallest and the largest size that were measured."""
    found = sorted((each.size, getattr(each, measure)) for each in results.figures if each.what == what)
    if len(found) < 2 or found[0][0] == found[-1][0]:
        return None
    (small, few), (large, many) = found[0], found[-1]
    slope = (many - few) / (large - small)
    return _Line(few - slope * small, slope)


def duration(seconds: float) -> str:
    """In words that a person plans with.

    >>> duration(45), duration(600), duration(20_000), duration(400_000)
    ('45 s', '10 min', '5.6 h', '4.6 days')
    """
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            number = seconds / size
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{seconds:.0f} s"
