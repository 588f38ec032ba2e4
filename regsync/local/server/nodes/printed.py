"""What a run printed, in pages from the beginning, or the end of it."""

from __future__ import annotations

from typing import Any

from regsync.local.server.session import Session
from regsync.local.store import consoles
from regsync.local.store.errors import Invalid
from regsync.local.store.projects import Run

Json = dict[str, Any]

DEFAULT_LINES = 1000
MOST_LINES = 10_000
"""Lines in one answer, where a client does not say how many, and at most."""


def lines(session: Session, run: Run, *, first: int | None, after: str | None, last: int | None) -> Json:
    """The `last` lines of a run; or `first` lines after a cursor, which is the number of the line before. Raises `Invalid`."""
    tx, asked = session.tx, first if last is None else last
    most = max(0, min(DEFAULT_LINES if asked is None else asked, MOST_LINES))
    if last is None:
        found = consoles.page(tx, run, most + 1, _number(after))
        found, more = found[:most], len(found) > most > 0
    else:
        found, more = consoles.tail(tx, run, most), False
    session.budget.spend(len(found), sum(len(line.text) for line in found))
    edges = [{"node": _node(line), "cursor": str(line.number)} for line in found]
    return {"edges": edges, "page_info": {"end_cursor": edges[-1]["cursor"] if edges else None, "has_next_page": more}}


def _node(line: consoles.Line) -> Json:
    return {
        "number": line.number,
        "timestamp": line.timestamp,
        "level": line.level,
        "label": "",
        "line": line.text,
    }


def _number(cursor: str | None) -> int | None:
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise Invalid(f"{cursor!r} is not a cursor of this server")
    return int(cursor)
