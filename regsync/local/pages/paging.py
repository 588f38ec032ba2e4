"""Lists cut into pages. Links from one page to the next say where it ended, so that the last page costs what the first one does.

An address that only has a number (`page=7`) is found by walking the index up to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from regsync.slots import NamedTuple

PAGE = 50
"""Rows on a page."""
_LONGEST_KEY = 4096
Json = dict[str, Any]


class Start(NamedTuple):
    """Where a page begins: after (or, going `back`, before) the row with the key `mark`, or where there is none after `skip` rows."""

    number: int
    skip: int
    mark: tuple[Any, ...] | None = None
    back: bool = False

    def sql(self, columns: Sequence[str], *, down: bool = False) -> tuple[str, str]:
        """What goes after WHERE, and after ORDER BY, for rows whose key is these columns; `down`: the largest first."""
        down = down != self.back
        order = ", ".join(f"{column} {'DESC' if down else 'ASC'}" for column in columns)
        if self.mark is None:
            return "1", order
        return f"({', '.join(columns)}) {'<' if down else '>'} ({', '.join('?' for _ in columns)})", order

    def cut(self, rows: Sequence[Any], key: Sequence[str | int]) -> Cut:
        """The page, from its rows and one more where there is one. `key`: where in a row its key stands."""
        shown = list(rows[:PAGE])
        if self.back:
            shown.reverse()
        more = self.back or len(rows) > PAGE
        first, last = (json.dumps([row[each] for each in key]) for row in (shown[0], shown[-1])) if shown else ("", "")
        return Cut(
            shown,
            self.number,
            {"page": self.number - 1, "before": first} if self.number > 1 else None,
            {"page": self.number + 1, "after": last} if more else None,
        )


class Cut(NamedTuple):
    """A page of a list. `previous` and `following` are what the addresses of the pages beside it have that this one has not."""

    rows: list[Any]
    number: int
    previous: Json | None
    following: Json | None


def start(asked: Mapping[str, str], *kinds: type | tuple[type, ...]) -> Start:
    """Where the page begins that an address asks for; `kinds` are those of the parts of a key."""
    number, skip = page_start(asked)
    for name, back in (("after", False), ("before", True)):
        mark = _mark(asked.get(name, ""), kinds)
        if number > 1 and mark is not None:
            return Start(number, 0, mark, back)
    return Start(number, skip)


def page_start(asked: Mapping[str, str]) -> tuple[int, int]:
    """The number of the page that an address asks for, and how many rows come before it."""
    text = asked.get("page", "1")
    number = max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    return number, (number - 1) * PAGE


def _mark(text: str, kinds: Sequence[type | tuple[type, ...]]) -> tuple[Any, ...] | None:
    if not text or len(text) > _LONGEST_KEY:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or len(found) != len(kinds):
        return None
    fits = all(_fits(value, kind) for value, kind in zip(found, kinds, strict=True))
    return tuple(found) if fits else None


def _fits(value: object, kind: type | tuple[type, ...]) -> bool:
    if isinstance(value, str):
        return isinstance(value, kind) and not any("\ud800" <= each <= "\udfff" for each in value)
    if isinstance(value, bool) or not isinstance(value, kind):
        return False
    return not isinstance(value, int) or abs(value) < 2**63
