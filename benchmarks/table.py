"""The table of a benchmark: what was measured, what was aimed at, saved as JSON and shown side by side."""

from __future__ import annotations

import errno
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

FORMAT = "regsync/bench/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measurement. `rate` is what happened a second; a figure that was left out says why in `skipped`.

    `processor`: seconds of it, which other work on the machine changes less than `seconds`. `in_turn`: the most requests of which
    each was sent after the one before was answered, so that each waits for the distance again.
    """

    what: str
    who: str
    size: int
    seconds: float | None = None
    megabytes: float | None = None
    requests: int | None = None
    rate: float | None = None
    skipped: str | None = None
    processor: float | None = None
    in_turn: int | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of two figures of one run: what was aimed at, what was found."""

    what: str
    wanted: str
    found: float
    is_met: bool


@dataclass(slots=True)
class Results:
    """All of one run, in the order that it was measured."""

    machine: dict[str, str]
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    figures: list[Figure] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)

    def add(self, figure: Figure) -> Figure:
        """Keep a figure."""
        self.figures.append(figure)
        return figure

    def at_least(self, what: str, found: float, wanted: float) -> None:
        """A goal: that many times as good, or more."""
        self.goals.append(Goal(what, f"at least {wanted:g} ×", found, found >= wanted))

    def at_most(self, what: str, found: float, wanted: float) -> None:
        """A goal: that many times as much, or less."""
        self.goals.append(Goal(what, f"at most {wanted:g} ×", found, found <= wanted))

    def save(self, path: Path) -> None:
        """Write the table, with the machine that it was measured on; what was there stays until all is written. Raises `OSError`."""
        if path.exists() and not path.is_file():  # A folder or a device is not to be replaced.
            raise FileExistsError(errno.EEXIST, "there is something else than a file", str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"apiVersion": FORMAT, **asdict(self)}
        part = path.with_name(f"{path.name}.part")
        part.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(path)


def load(path: Path) -> Results:
    """A saved table. Raises `ValueError` for a file that is none, `OSError` for one that cannot be read."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict) or document.pop("apiVersion", None) != FORMAT:
        raise ValueError(f"{path}: not a table that make bench saved")
    try:
        figures = [Figure(**each) for each in document.pop("figures")]
        goals = [Goal(**each) for each in document.pop("goals")]
        return Results(**document, figures=figures, goals=goals)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: not a table that make bench saved: {error}") from error


HEADINGS = ("what", "who", "size", "seconds", "processor", "peak MB", "requests", "in turn", "a second")


def cells(figure: Figure) -> tuple[str, ...]:
    """A row of the table."""
    if figure.skipped is not None:
        return figure.what, figure.who, f"{figure.size:,}", f"left out: {figure.skipped}", *("",) * 5
    return (
        figure.what,
        figure.who,
        f"{figure.size:,}",
        _seconds(figure.seconds),
        _seconds(figure.processor),
        "" if figure.megabytes is None else f"{figure.megabytes:.0f}",
        "" if figure.requests is None else f"{figure.requests:,}",
        "" if figure.in_turn is None else f"{figure.in_turn:,}",
        "" if figure.rate is None else f"{figure.rate:,.0f}",
    )


def _seconds(found: float | None) -> str:
    return "" if found is None else f"{found:.2f}" if found > 1 else f"{found:.4f}"


def goal_cells(goal: Goal) -> tuple[str, ...]:
    """A row of the table of goals."""
    return (
        goal.what,
        goal.wanted,
        f"{goal.found:.2g} ×" if goal.found < 10 else f"{goal.found:.0f} ×",
        "yes" if goal.is_met else "no",
    )


def show(results: Results) -> None:
    """Print both tables."""
    from rich.console import Console  # Not before all is measured: see `measuring.run`.
    from rich.table import Table as Drawn

    console = Console(width=130)
    drawn = Drawn(title="regsync and its peers; medians of runs side by side")
    for heading in HEADINGS:
        drawn.add_column(heading, justify="left" if heading in ("what", "who") else "right")
    for figure in results.figures:
        drawn.add_row(*cells(figure))
    console.print(drawn)
    if results.goals:
        drawn = Drawn(title="goals, as ratios within this run")
        for heading in ("goal", "wanted", "found", "met"):
            drawn.add_column(heading)
        for goal in results.goals:
            drawn.add_row(*goal_cells(goal))
        console.print(drawn)
    console.print(", ".join(f"{name}: {value}" for name, value in results.machine.items()), highlight=False)


def markdown(results: Results) -> str:
    """Both tables, for docs/performance.md."""
    described = ", ".join(f"{name}: {value}" for name, value in results.machine.items())
    figures = [cells(each) for each in results.figures]
    goals = [goal_cells(each) for each in results.goals]
    parts = [f"Measured at {results.at} ({described}).", rows(HEADINGS, figures)]
    if goals:
        parts.append(rows(("goal", "wanted", "found", "met"), goals))
    return "\n\n".join(parts) + "\n"


def rows(headings: tuple[str, ...], found: list[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [headings, ("---",) * len(headings), *found]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def compare(before: Results, after: Results) -> None:
    """Print what two tables have in common, and how much more or less the later one took."""
    from rich.console import Console
    from rich.table import Table as Drawn

    console = Console(width=130)
    drawn = Drawn(title=f"{before.at}, then {after.at}")
    for heading in ("what", "who", "size", "", "before", "after", "ratio"):
        drawn.add_column(heading, justify="right" if heading in ("size", "before", "after", "ratio") else "left")
    for old, new in in_common(before, after):
        for measure, (first, second) in _measures(old, new).items():
            ratio = f"{second / first:.2f}" if first else ""
            drawn.add_row(old.what, old.who, f"{old.size:,}", measure, f"{first:,.2f}", f"{second:,.2f}", ratio)
    console.print(drawn)
    if before.machine != after.machine:
        changed = {
            name for name in before.machine | after.machine if before.machine.get(name) != after.machine.get(name)
        }
        console.print(f"not the same machine, or not in the same state: {', '.join(sorted(changed))}")


def in_common(before: Results, after: Results) -> list[tuple[Figure, Figure]]:
    """The figures that both tables have, in the order of the first."""
    later = {(each.what, each.who, each.size): each for each in after.figures}
    pairs = ((old, later.get((old.what, old.who, old.size))) for old in before.figures)
    return [(old, new) for old, new in pairs if new is not None]


def _measures(old: Figure, new: Figure) -> dict[str, tuple[float, float]]:
    both = {
        "seconds": (old.seconds, new.seconds),
        "processor": (old.processor, new.processor),
        "peak MB": (old.megabytes, new.megabytes),
        "requests": (old.requests, new.requests),
        "in turn": (old.in_turn, new.in_turn),
        "a second": (old.rate, new.rate),
    }
    return {name: (first, second) for name, (first, second) in both.items() if first is not None and second is not None}
