"""What runs print: the lines that their client sends while they go, kept with the run and read by whoever reads its project.

A run sends lines with the number of the first of them, and sends a line again when what it shows has changed (a progress bar).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from regsync.local.store.database import Transaction
from regsync.local.store.projects import Run, by_id, require_write
from regsync.slots import dataclass

MOST_LINES = 100_000
"""Lines of one run that are kept; later ones are dropped."""
LONGEST_LINE = 16 * 1024
"""Characters of one line that are kept; the rest is cut off."""
_SENT = re.compile(r"(?P<error>ERROR )?(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z?) (?P<text>.*)", re.DOTALL)
"""A line as `wandb-core` (0.31) sends it: what went to stderr has ERROR before its time."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number from 0, when it was printed ("" where the client did not say), `info` or `error`, and the text."""

    number: int
    timestamp: str
    level: str
    text: str


def keep(tx: Transaction, run: Run, offset: int, lines: Sequence[str]) -> None:
    """Keep lines as those from number `offset` on. What goes beyond the limits is dropped. Raises `Forbidden`."""
    project = by_id(tx, run.project_id)
    require_write(tx, project.entity_id, f"project {project}")
    kept = [(run.id, offset + place, text[:LONGEST_LINE]) for place, text in enumerate(lines)]
    tx.many(
        "INSERT INTO run_lines (run_id, line, content) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET content = excluded.content",
        [row for row in kept if 0 <= row[1] < MOST_LINES],
    )


def count(tx: Transaction, run: Run) -> int:
    """How many lines there are."""
    found: int = tx.value("SELECT count(*) FROM run_lines WHERE run_id = ?", run.id)
    return found


def page(tx: Transaction, run: Run, most: int, after: int | None = None) -> list[Line]:
    """At most `most` lines, in order, from the one after number `after` on."""
    rows = tx.tuples(
        "SELECT line, content FROM run_lines WHERE run_id = ? AND line > ? ORDER BY line LIMIT ?",
        run.id,
        -1 if after is None else after,
        most,
    )
    return [_line(*row) for row in rows]


def tail(tx: Transaction, run: Run, most: int) -> list[Line]:
    """The last lines, at most `most`, in order."""
    rows = tx.tuples("SELECT line, content FROM run_lines WHERE run_id = ? ORDER BY line DESC LIMIT ?", run.id, most)
    return [_line(*row) for row in rows][::-1]


def _line(number: int, sent: str) -> Line:
    found = _SENT.fullmatch(sent)
    if found is None:
        return Line(number, "", "info", sent)
    return Line(number, found["time"], "error" if found["error"] else "info", found["text"])
