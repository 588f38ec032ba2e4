"""Pages of rows: cursors that stay right while rows come and go, and orders as the client writes them (`-created_at`).

A page starts after the row that its cursor names by value, not by position, so a row that is added or removed
elsewhere neither repeats nor hides another one.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from sqlite3 import Row
from typing import Any, TypeVar

from regsync.local.server.contract import MAX_INT
from regsync.local.server.filters import Condition
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Invalid
from regsync.slots import dataclass

DEFAULT_SIZE = 50
MAX_SIZE = 1000
"""Longest page. A client that asks for more gets this many, and `hasNextPage`."""

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing:
    """A kind of row that comes in pages: what to select from where, the unique integer key, and how it can be ordered."""

    columns: str
    source: str
    key: str
    orders: Mapping[str, str]
    """By the client's word, the SQL expression; none of them is ever null."""
    order: str
    """Where the client gives none."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A page, in GraphQL's terms. `total_count` is counted only where it is asked for."""

    edges: list[Json]
    page_info: Json
    total_count: Callable[[], int]


def select(
    tx: Transaction,
    listing: Listing,
    condition: Condition,
    edge: Callable[[Row], Json],
    begin: Callable[[list[Row]], None] = lambda rows: None,
    *,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
) -> Connection:
    """One page. `edge` makes an edge's `node`, and more where it has more; `begin` is told of all rows before.

    Raises `Invalid` for a bad cursor, order or size."""
    where, ordered, expression, parameters = _asked(listing, condition, after, order)
    size = _size(first)
    rows = tx.all(
        f"""SELECT {listing.columns}, {expression} AS cursor_value, {listing.key} AS cursor_key
            FROM {listing.source} WHERE {where} ORDER BY {ordered} LIMIT ?""",
        *parameters,
        size + 1,
    )
    shown = rows[:size]
    begin(shown)
    edges = [{**edge(row), "cursor": partial(_cursor_of, row)} for row in shown]

    def total() -> int:
        counted = tx.value(f"SELECT count(*) FROM {listing.source} WHERE {condition.sql}", *condition.parameters)
        return int(counted)

    return Connection(edges, _page_info(edges, len(rows) > size > 0), total)


def select_each(
    tx: Transaction,
    listing: Listing,
    condition: Condition,
    keys: Sequence[int],
    edge: Callable[[Row], Json],
    begin: Callable[[list[Row]], None],
    *,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
) -> list[Connection]:
    """One page of each of many lists, in the order of their keys. `condition` says `k.value` where it means the list's key.

    As `select` for each, with one statement; `begin` is told of the rows of all pages.
    """
    where, ordered, expression, parameters = _asked(listing, condition, after, order)
    size = _size(first)
    rows = tx.all(
        f"""SELECT {listing.columns}, {expression} AS cursor_value, {listing.key} AS cursor_key, k.key AS place
            FROM json_each(?) k CROSS JOIN {listing.source} WHERE {listing.key} IN (
              SELECT {listing.key} FROM {listing.source} WHERE {where} ORDER BY {ordered} LIMIT ?)
            ORDER BY k.key, {ordered}""",
        json.dumps(keys),
        *parameters,
        size + 1,
    )
    pages: list[list[Row]] = [[] for _ in keys]
    for row in rows:
        pages[row["place"]].append(row)
    begin([row for page in pages for row in page[:size]])

    def total(key: int) -> int:
        counted = f"SELECT count(*) FROM json_each(?) k CROSS JOIN {listing.source} WHERE {condition.sql}"
        return int(tx.value(counted, json.dumps([key]), *condition.parameters))

    connections = []
    for key, page in zip(keys, pages, strict=True):
        edges = [{**edge(row), "cursor": partial(_cursor_of, row)} for row in page[:size]]
        connections.append(Connection(edges, _page_info(edges, len(page) > size > 0), partial(total, key)))
    return connections


def listed(
    items: Iterable[T],
    name: Callable[[T], str],
    node: Callable[[T], Any],
    *,
    after: str | None = None,
    first: int | None = None,
    most: int = MAX_SIZE,
) -> Connection:
    """A page of a list that is already at hand, in the order of its unique names."""
    everything = sorted(items, key=name)
    start = 0
    if after:
        last = str(_read_cursor(after)[0])
        start = next((place for place, item in enumerate(everything) if name(item) > last), len(everything))
    size = _size(first, most)
    chosen = everything[start : start + size]
    edges = [{"node": node(item), "cursor": partial(_write_cursor, name(item), 0)} for item in chosen]
    more = 0 < size < len(everything) - start
    return Connection(edges, _page_info(edges, more), lambda: len(everything))


def _asked(
    listing: Listing, condition: Condition, after: str | None, order: str | None
) -> tuple[str, str, str, list[Any]]:
    """In SQL: which rows come after the cursor, in what order, and the expression that they are ordered by; the parameters of the first.

    Raises `Invalid` for a bad cursor or order."""
    expression, descending = _order(listing, order)
    sign, direction = ("<", "DESC") if descending else (">", "ASC")
    where, parameters = [condition.sql], [*condition.parameters]
    if after:
        where.append(f"({expression}, {listing.key}) {sign} (?, ?)")
        parameters += _read_cursor(after)
    return " AND ".join(where), f"{expression} {direction}, {listing.key} {direction}", expression, parameters


def _page_info(edges: Sequence[Json], more: bool) -> Json:
    return {"end_cursor": edges[-1]["cursor"]() if edges else None, "has_next_page": more}


def _order(listing: Listing, order: str | None) -> tuple[str, bool]:
    word = order or listing.order
    expression = listing.orders.get(word.lstrip("+-"))
    if expression is None:
        raise Invalid(f"no order {word!r}; there are {', '.join(sorted(listing.orders))}, with + or - before")
    return expression, word.startswith("-")


def _size(first: int | None, most: int = MAX_SIZE) -> int:
    if first is None:
        return DEFAULT_SIZE
    if first < 0:
        raise Invalid(f"a page cannot have {first} items")
    return min(first, most)


def _cursor_of(row: Row) -> str:
    return _write_cursor(row["cursor_value"], row["cursor_key"])


def _write_cursor(value: Any, key: int) -> str:
    return b64encode(json.dumps([value, key]).encode()).decode()


def _read_cursor(text: str) -> list[Any]:
    try:
        value, key = json.loads(b64decode(text, validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        value, key = None, None
    small = all(not isinstance(part, int) or abs(part) <= MAX_INT for part in (value, key))
    if not isinstance(value, str | int | float) or not isinstance(key, int) or not small:
        raise Invalid(f"{text!r} is not a cursor of this server")
    return [value, key]
