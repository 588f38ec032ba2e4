"""Metadata of strangers: cut down to something small in which every difference still shows."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsync.core.canonical import canonical_json
from regsync.planning.metadata import MAX_ITEMS, MAX_NODES, MetadataChange, changes, delta, leaves, tidy
from tests.budget import share

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.sampled_from([10**4000, -(10**400), 2**53 + 1, 1e308, "\ud800", "x" * 5000, object, {1, 2}, b"\xff"]),
)
values = st.recursive(
    odd,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)
metadata = st.dictionaries(st.text(max_size=6), values, max_size=6)


@share(200)
@given(metadata)
def test_what_is_kept_is_clean_small_and_the_same_every_time(value: dict[str, Any]) -> None:
    tidied = tidy(value)
    text = canonical_json(tidied)
    text.encode("utf-8")
    assert json.loads(text) == tidied
    assert canonical_json(tidy(dict(reversed(value.items())))) == text
    assert changes(tidied, tidied) == []


@share(200)
@given(metadata, metadata)
def test_there_is_a_difference_exactly_where_something_differs(old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = tidy(old), tidy(new)
    found = changes(before, after)
    assert (found == []) is (before == after)
    assert (found == []) is (changes(after, before) == [])
    for change in found:
        assert change.change in {"changed", "added", "removed"}
        assert change.change != "changed" or change.old != change.new


def test_every_kind_of_difference() -> None:
    old = {"lr": 0.1, "layers": [1, 2], "opt": {"name": "adam"}, "gone": True, "same": {"x": 1}, "half": 1}
    new = {"lr": 0.2, "layers": [1, 2, 3], "opt": {"name": "sgd", "nesterov": False}, "same": {"x": 1}, "half": 1.0}
    assert changes(tidy(old), tidy(new)) == [
        MetadataChange("lr", "changed", 0.1, 0.2),
        MetadataChange("opt.name", "changed", "adam", "sgd"),
        MetadataChange("layers[2]", "added", None, 3),
        MetadataChange("opt.nesterov", "added", None, False),
        MetadataChange("gone", "removed", True, None),
    ]


def test_a_map_that_becomes_a_number_is_shown_as_both() -> None:
    found = changes(tidy({"a": {"b": 1}}), tidy({"a": 2}))
    assert found == [MetadataChange("a", "added", None, 2), MetadataChange("a.b", "removed", 1, None)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"text": "x" * 10_000}, {"text": "x" * 9_999 + "y"}),
        ({"items": list(range(10_000))}, {"items": [*range(9_999), 0]}),
        ({"map": {str(n): n for n in range(5_000)}}, {"map": {str(n): n for n in range(4_999)} | {"4999": 0}}),
        ({str(n): n for n in range(500)}, {str(n): n for n in range(499)} | {"499": 0}),
        ({"a": [[[[[[[[[[[[[1]]]]]]]]]]]]]}, {"a": [[[[[[[[[[[[[2]]]]]]]]]]]]]}),
        ({"n": 10**5000}, {"n": 10**5000 + 1}),
    ],
    ids=["text", "list", "map", "keys", "depth", "number"],
)
def test_a_difference_in_what_is_cut_still_shows(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = changes(tidy(old), tidy(new))
    assert len(found) == 1
    assert found[0].old != found[0].new
    assert len(canonical_json(tidy(old))) < 100 * MAX_ITEMS


def test_depth_and_size_are_bounded() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    wide = {f"k{a}": {f"k{b}": list(range(90)) for b in range(90)} for a in range(90)}
    assert "too deep" in canonical_json(tidy({"deep": deep}))
    assert len(list(leaves(tidy(wide)))) <= MAX_NODES + MAX_ITEMS


def test_numbers_that_json_cannot_hold_become_text() -> None:
    found = tidy({"nan": math.nan, "inf": -math.inf, "big": 2**60, "ok": 2**53})
    assert found == {"nan": "NaN", "inf": "-Infinity", "big": "1152921504606846976", "ok": 2**53}


def test_deltas_have_no_noise() -> None:
    assert delta(0.912, 0.93) == (0.018, 1.97)
    assert delta(3, 5) == (2, 66.67)
    assert delta(0, 1) == (1, None)
    assert delta(-2.0, -1.0) == (1.0, 50.0)
    assert delta(-1.7e308, 1.7e308) == ("Infinity", 200.0)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_deltas_are_json(old: float, new: float) -> None:
    canonical_json(delta(old, new))
