"""What runs log step by step: a row for each step of metrics, and for each sample of the machine.

A run sends rows with the number of the first of them, so that rows which come twice are kept once. Rows are the JSON objects that
the client sent; `_step` in a row is what ranges are about. Whoever reads a run's project reads its rows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any

from regsync.local.store.database import Transaction
from regsync.local.store.errors import Invalid
from regsync.local.store.projects import Run, by_id, require_write, upsert_run

Json = dict[str, Any]

MOST_ROWS = 200_000
"""Rows of one stream of one run that are kept; later ones are refused."""
LONGEST_ROW = 256 * 1024
"""Characters of one row."""
MOST_AT_ONCE = 10_000
"""Rows that one reading gives."""


class Stream(StrEnum):
    """Metrics that the run logs, or samples of the machine that it runs on."""

    HISTORY = "history"
    EVENTS = "events"


def keep(tx: Transaction, run: Run, stream: Stream, offset: int, rows: Sequence[Json]) -> None:
    """Keep rows as those from number `offset` (from 0) on. Raises `Forbidden`, `Invalid`."""
    project = by_id(tx, run.project_id)
    require_write(tx, project.entity_id, f"project {project}")
    if not 0 <= offset <= MOST_ROWS - len(rows):
        raise Invalid(f"run {project}/{run.name}: at most {MOST_ROWS} rows of {stream} are kept")
    kept = [(run.id, stream, offset + place, _step(row), _text(row)) for place, row in enumerate(rows)]
    tx.many(
        """INSERT INTO run_rows (run_id, stream, line, step, content) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET step = excluded.step, content = excluded.content""",
        kept,
    )


def rewind(tx: Transaction, run: Run, step: int) -> Run:
    """Take a run's history back to a step: what was logged after it is gone, and the run may log again. Raises `Forbidden`, `Invalid`.

    The summary becomes the last values that are left.
    """
    project = by_id(tx, run.project_id)
    require_write(tx, project.entity_id, f"project {project}")
    if not tx.value(
        "SELECT 1 FROM run_rows WHERE run_id = ? AND stream = ? AND step = ?", run.id, Stream.HISTORY, step
    ):
        raise Invalid(f"run {project}/{run.name} logged nothing at step {step}")
    tx.run("DELETE FROM run_rows WHERE run_id = ? AND stream = ? AND step > ?", run.id, Stream.HISTORY, step)
    left = tx.tuples(
        "SELECT content FROM run_rows WHERE run_id = ? AND stream = ? ORDER BY line", run.id, Stream.HISTORY
    )
    summary: Json = {}
    for (text,) in left:
        summary |= json.loads(text)
    return upsert_run(tx, project, run.name, state="running", summary=summary)[0]


def count(tx: Transaction, run: Run, stream: Stream) -> int:
    """How many rows there are."""
    found: int = tx.value("SELECT count(*) FROM run_rows WHERE run_id = ? AND stream = ?", run.id, stream)
    return found


def last(tx: Transaction, run: Run, stream: Stream) -> str | None:
    """The last row, as text; None where there is none."""
    text: str | None = tx.value(
        "SELECT content FROM run_rows WHERE run_id = ? AND stream = ? ORDER BY line DESC LIMIT 1", run.id, stream
    )
    return text


def last_step(tx: Transaction, run: Run) -> int | None:
    """The highest step of the history; None where nothing was logged."""
    step: int | None = tx.value(
        "SELECT max(step) FROM run_rows WHERE run_id = ? AND stream = ?", run.id, Stream.HISTORY
    )
    return step


def sample(
    tx: Transaction,
    run: Run,
    stream: Stream,
    most: int,
    steps: tuple[int | None, int | None] = (None, None),
    keys: Collection[str] = (),
) -> list[str]:
    """Rows as text, in order: at most `most`, spread evenly over those that fit.

    Those fit whose step is in `steps` (the first included, the last not) and which have all of `keys`.
    """
    lines = [
        row[0]
        for row in tx.tuples(
            """SELECT line FROM run_rows WHERE run_id = ?1 AND stream = ?2
                 AND (?3 IS NULL OR step >= ?3) AND (?4 IS NULL OR step < ?4)
                 AND NOT EXISTS (SELECT 1 FROM json_each(?5) k
                                 WHERE k.value NOT IN (SELECT e.key FROM json_each(content) e))
               ORDER BY line""",
            run.id,
            stream,
            *steps,
            json.dumps(sorted(keys)),
        )
    ]
    most = max(0, min(most, MOST_AT_ONCE))
    chosen = lines if len(lines) <= most else [lines[place] for place in _spread(len(lines), most)]
    return [
        row[0]
        for row in tx.tuples(
            """SELECT content FROM run_rows WHERE run_id = ? AND stream = ? AND line IN (SELECT value FROM json_each(?))
               ORDER BY line""",
            run.id,
            stream,
            json.dumps(chosen),
        )
    ]


def _spread(length: int, most: int) -> list[int]:
    """`most` places of so many, the first and the last among them."""
    if most < 2:
        return [length - 1][:most]
    return [place * (length - 1) // (most - 1) for place in range(most)]


def _step(row: Json) -> int | None:
    step = row.get("_step")
    return step if isinstance(step, int) and not isinstance(step, bool) and abs(step) < 2**63 else None


def _text(row: Json) -> str:
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    if len(text) > LONGEST_ROW:
        raise Invalid(f"a row of a run's history has more than {LONGEST_ROW} characters")
    return text
