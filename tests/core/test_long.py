"""Long lists of a document read like lists, whatever they are kept as."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsync.core.canonical import canonical_json
from regsync.core.long import PIECE, Long, Packed, Picked, Told

ITEMS = [{"number": number, "text": "é\u2028\x07" * (number % 3)} for number in range(2 * PIECE + 7)]
TEXTS = [json.dumps(ITEMS[start : start + PIECE], ensure_ascii=False).encode() for start in range(0, len(ITEMS), PIECE)]
LISTS = [
    Told(range(len(ITEMS)), ITEMS.__getitem__),
    Packed(TEXTS, len(ITEMS)),
    Picked(ITEMS[::-1], range(len(ITEMS) - 1, -1, -1)),
]


@pytest.mark.parametrize("found", LISTS, ids=lambda each: type(each).__name__)
def test_it_is_read_like_a_list(found: Long) -> None:
    assert list(found) == ITEMS
    assert found == ITEMS
    assert [found] == [ITEMS]  # From the other side.
    assert found != ITEMS[:-1]
    assert all(found == other for other in LISTS)
    assert canonical_json({"a": found}) == canonical_json({"a": ITEMS})
    with pytest.raises(IndexError):
        found[len(ITEMS)]


@given(st.integers(-len(ITEMS), len(ITEMS) - 1), st.slices(len(ITEMS)), st.sampled_from(LISTS))
def test_any_item_and_any_part(at: int, part: slice, found: Long) -> None:
    assert found[at] == ITEMS[at]
    assert found[part] == ITEMS[part]
