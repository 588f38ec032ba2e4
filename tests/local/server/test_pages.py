"""Pages: every row once, in order, whatever the size of the pages and whatever happens between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regsync.local.server.filters import EVERYTHING
from regsync.local.server.pages import MAX_SIZE, Listing, listed, select
from regsync.local.store.database import Store, create_store
from regsync.local.store.errors import Invalid

LISTING = Listing("f.id, f.name", "fruits f", "f.id", {"name": "f.name", "weight": "f.weight", "id": "f.id"}, "-id")
ORDERS = ("name", "-name", "+weight", "-weight", "id", "-id")
FRUITS = st.lists(st.tuples(st.sampled_from(["apple", "Birne", "ček", "", "fig"]), st.integers(0, 3)), max_size=12)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made, _ = create_store(tmp_path / "registry.db")
    with made.write() as tx:
        tx.run("CREATE TABLE fruits (id INTEGER PRIMARY KEY, name TEXT NOT NULL, weight INTEGER NOT NULL)")
    return made


def fill(store: Store, fruits: list[tuple[str, int]]) -> None:
    with store.write() as tx:
        tx.run("DELETE FROM fruits")
        tx.many("INSERT INTO fruits (name, weight) VALUES (?, ?)", fruits)


def page(store: Store, **given: Any) -> tuple[list[int], str | None]:
    """The ids of one page, and the cursor to go on from; None at the end."""
    with store.read() as tx:
        found = select(tx, LISTING, EVERYTHING, lambda row: {"node": row["id"]}, **given)
        assert found.total_count() == tx.value("SELECT count(*) FROM fruits")
    more = found.page_info["has_next_page"]
    assert not more or found.edges
    return [edge["node"] for edge in found.edges], found.page_info["end_cursor"] if more else None


def pages(store: Store, order: str, size: int) -> list[int]:
    seen, after = page(store, order=order, first=size)
    while after is not None:
        rest, after = page(store, order=order, first=size, after=after)
        seen += rest
    return seen


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fruits=FRUITS, order=st.sampled_from(ORDERS), size=st.integers(1, 5))
def test_pages_of_any_size_give_the_same_rows(
    store: Store, fruits: list[tuple[str, int]], order: str, size: int
) -> None:
    fill(store, fruits)
    column, sign = order.lstrip("+-"), "DESC" if order.startswith("-") else "ASC"
    with store.read() as tx:
        expected = [row["id"] for row in tx.all(f"SELECT id FROM fruits ORDER BY {column} {sign}, id {sign}")]
    assert pages(store, order, size) == expected


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fruits=FRUITS, more=FRUITS, order=st.sampled_from(ORDERS), size=st.integers(1, 3), gone=st.integers(0, 11))
def test_rows_that_come_and_go_do_not_repeat_or_hide_others(
    store: Store, fruits: list[tuple[str, int]], more: list[tuple[str, int]], order: str, size: int, gone: int
) -> None:
    fill(store, fruits)
    before = pages(store, order, 100)
    seen, after = page(store, order=order, first=size)
    with store.write() as tx:
        tx.many("INSERT INTO fruits (name, weight) VALUES (?, ?)", more)
        removed = before[gone] if gone < len(before) else None
        tx.run("DELETE FROM fruits WHERE id = ?", removed)
    while after is not None:
        rest, after = page(store, order=order, first=size, after=after)
        seen += rest
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in before and one != removed] == [one for one in before if one != removed]


@settings(deadline=None)
@given(names=st.sets(st.text(max_size=4), max_size=9), size=st.integers(1, 4))
def test_lists_at_hand_come_in_pages_too(names: set[str], size: int) -> None:
    seen: list[str] = []
    after: str | None = None
    while True:
        found = listed(names, str, str, after=after, first=size)
        seen += [edge["node"] for edge in found.edges]
        assert found.total_count() == len(names)
        after = found.page_info["end_cursor"]
        if not found.page_info["has_next_page"]:
            break
    assert seen == sorted(names)


def test_sizes_have_a_limit(store: Store) -> None:
    fill(store, [("apple", number) for number in range(MAX_SIZE + 1)])
    seen, after = page(store, first=10**9)
    assert (len(seen), after is None) == (MAX_SIZE, False)
    assert page(store, first=0)[0] == []
    with pytest.raises(Invalid, match="cannot have -1 items"):
        page(store, first=-1)


@pytest.mark.parametrize("cursor", ["", "x", "bm9uc2Vuc2U=", "W10=", "W1sxXSwgMV0=", "WyJhIiwgImIiXQ=="])
def test_a_cursor_of_another_server_is_refused(store: Store, cursor: str) -> None:
    fill(store, [("apple", 1)])
    if not cursor:
        assert page(store, after=cursor)[0]
        return
    with pytest.raises(Invalid, match="not a cursor of this server"):
        page(store, after=cursor)
