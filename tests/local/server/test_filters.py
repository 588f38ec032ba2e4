"""A filter chooses the rows that its words say: SQL agrees with a plain reading of the same filter."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regsync.local.server.filters import MAX_DEPTH, Field, compile_filter, index, moment
from regsync.local.store.database import create_store
from regsync.local.store.errors import Invalid

FIELDS = {
    "name": Field("r.name"),
    "size": Field("r.size"),
    "version": Field("r.size", read=index),
    "tag": Field("t.tag", rows="FROM tags t WHERE t.row = r.id"),
    "metadata": Field("r.metadata", json=True),
}
ROWS: list[dict[str, Any]] = [
    {"name": "model", "size": 1, "tag": [], "metadata": {}},
    {"name": "data set", "size": None, "tag": ["a"], "metadata": {"auc": 0.5, "deep": {"n": 1}}},
    {"name": "", "size": 3, "tag": ["a", "b"], "metadata": {"auc": 0.9, "deep": {"n": 3}}},
    {"name": None, "size": 3, "tag": ["b"], "metadata": {"auc": None}},
    {"name": "Größe%_", "size": -4, "tag": ["a b"], "metadata": {"auc": True}},
]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """The rows in tables of their own, in a database that the store opened, for its REGEXP."""
    store, _ = create_store(tmp_path_factory.mktemp("filters") / "registry.db")
    connection = store._holding().connection
    connection.execute("PRAGMA query_only = OFF")
    connection.execute("CREATE TEMP TABLE r (id, name, size, metadata)")
    connection.execute("CREATE TEMP TABLE tags (row, tag)")
    for number, row in enumerate(ROWS):
        given_row = (number, row["name"], row["size"], json.dumps(row["metadata"]))
        connection.execute("INSERT INTO r VALUES (?, ?, ?, ?)", given_row)
        connection.executemany("INSERT INTO tags VALUES (?, ?)", [(number, tag) for tag in row["tag"]])
    yield connection
    store.close()


def chosen(rows: sqlite3.Connection, filter: Any) -> set[int]:
    """What SQL chooses."""
    condition = compile_filter(json.dumps(filter), FIELDS)
    return {row[0] for row in rows.execute(f"SELECT r.id FROM r WHERE {condition.sql}", condition.parameters)}


def matches(filter: dict[str, Any], row: dict[str, Any]) -> bool:
    """What the filter says of a row, read as the documentation of its operators does."""
    return all(_holds(key, operand, row) for key, operand in filter.items())


def _holds(key: str, operand: Any, row: dict[str, Any]) -> bool:
    match key:
        case "$and":
            return all(matches(part, row) for part in operand)
        case "$or":
            return any(matches(part, row) for part in operand)
        case "$nor":
            return not any(matches(part, row) for part in operand)
        case "$not":
            return not matches(operand, row)
    name, _, path = key.partition(".")
    value: Any = row[name]
    for step in path.split(".") if path else ():
        value = value.get(step) if isinstance(value, dict) else None
    values = value if isinstance(value, list) else [value]
    tests = operand if isinstance(operand, dict) else {"$eq": operand}
    return all(_test(operator, wanted, values, many=isinstance(value, list)) for operator, wanted in tests.items())


def _test(operator: str, wanted: Any, values: list[Any], *, many: bool) -> bool:
    match operator:
        case "$ne":
            return not _test("$eq", wanted, values, many=many)
        case "$nin":
            return not _test("$in", wanted, values, many=many)
        case "$not":
            return not all(_test(inner, value, values, many=many) for inner, value in wanted.items())
        case "$all":
            return all(_test("$eq", part, values, many=many) for part in wanted)
        case "$exists":
            return any(many or value is not None for value in values) is wanted
        case "$size":
            return len(values) == wanted
    return any(_one(operator, wanted, value) for value in values)


def _one(operator: str, wanted: Any, value: Any) -> bool:
    if operator == "$eq":
        return bool(value == wanted)
    if operator == "$in":
        return value is not None and value in wanted
    if value is None:
        return False
    if operator == "$regex":
        return re.search(wanted, value) is not None
    if operator == "$contains":
        return wanted in value
    return {"$gt": value > wanted, "$gte": value >= wanted, "$lt": value < wanted, "$lte": value <= wanted}[operator]


NAMES = st.sampled_from(["model", "data set", "", "Größe%_", "other", "%", "a'b"])
NUMBERS = st.sampled_from([-4, 0, 1, 2, 3])
TAGS = st.sampled_from(["a", "b", "a b", "c"])


def compared(values: st.SearchStrategy[Any], *operators: str) -> st.SearchStrategy[dict[str, Any]]:
    """An operand: one of the comparisons, or one of those that every field has."""
    ordered = st.builds(lambda operator, value: {operator: value}, st.sampled_from(operators), values)
    lists = st.builds(lambda operator, value: {operator: value}, st.sampled_from(["$in", "$nin"]), st.lists(values))
    return st.one_of(values, ordered, lists, ordered.map(lambda one: {"$not": one}))


TEXT_OPERATORS = ("$eq", "$ne", "$contains", "$gt", "$lte")
LEAVES = st.one_of(
    st.builds(lambda one: {"name": one}, compared(NAMES, *TEXT_OPERATORS)),
    st.builds(lambda one: {"name": {"$regex": one}}, st.sampled_from(["o", "^m", "t$", "ß.", "^$", "[a-d]"])),
    st.builds(lambda one: {"size": one}, compared(NUMBERS, "$eq", "$ne", "$gt", "$gte", "$lt", "$lte")),
    st.builds(lambda one: {"tag": one}, compared(TAGS, *TEXT_OPERATORS)),
    st.builds(lambda one: {"tag": {"$all": one}}, st.lists(TAGS, max_size=2)),
    st.builds(lambda one: {"tag": {"$size": one}}, st.integers(0, 3)),
    st.builds(lambda field, yes: {field: {"$exists": yes}}, st.sampled_from(["name", "size", "tag"]), st.booleans()),
    st.builds(lambda one: {"metadata.deep.n": one}, compared(NUMBERS, "$eq", "$gt", "$lte")),
    st.sampled_from([{"metadata.auc": 0.5}, {"metadata.auc": {"$gte": 0.9}}, {"name": None}, {}]),
)
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda word, parts: {word: parts}, st.sampled_from(["$and", "$or", "$nor"]), st.lists(inner, max_size=3)
        ),
        st.builds(lambda part: {"$not": part}, inner),
        st.builds(lambda one, other: {**one, **other}, inner, inner),
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(filter=FILTERS)
def test_sql_chooses_what_the_filter_says(rows: sqlite3.Connection, filter: dict[str, Any]) -> None:
    expected = {number for number, row in enumerate(ROWS) if matches(filter, row)}
    assert chosen(rows, filter) == expected


def test_versions_are_written_in_several_ways(rows: sqlite3.Connection) -> None:
    for word in (3, "3", "v3"):
        assert chosen(rows, {"version": word}) == {2, 3}
    assert chosen(rows, {"version": {"$in": ["v1", 3]}}) == {0, 2, 3}
    assert chosen(rows, {"version": "latest"}) == set()


def test_times_mean_the_same_in_every_zone() -> None:
    assert moment("2026-01-31T12:00:00Z") == "2026-01-31T12:00:00.000Z"
    assert moment("2026-01-31T13:00:00+01:00") == "2026-01-31T12:00:00.000Z"
    assert moment("2026-01-31") == "2026-01-31"


@pytest.mark.parametrize(
    ("filter", "says"),
    [
        ("{", "not JSON"),
        ("[1]", "expected an object"),
        ('{"color": 1}', "no field 'color'"),
        ('{"name": {"$near": 1}}', "no operator '$near'"),
        ('{"name": {"$regex": "("}}', "not a regular expression"),
        ('{"name": {"$regex": 3}}', "takes text"),
        ('{"name": {"$in": 3}}', "takes a list"),
        ('{"name": {"$gt": [1]}}', "expected one value"),
        ('{"name.part": 1}', "has no parts"),
        ('{"metadata.a\\"b": 1}', "quotation mark"),
        ('{"name": {"$size": 1}}', "$size"),
        ('{"size": 99999999999999999999}', "too large"),
        ('{"$and": ' * (MAX_DEPTH + 2) + "[]" + "}" * (MAX_DEPTH + 2), "takes a list"),
        ('{"$not": ' * (MAX_DEPTH + 2) + "{}" + "}" * (MAX_DEPTH + 2), "nested deeper"),
        ('{"name": "' + "x" * 100_001 + '"}', "longer than"),
        ("[" * 50_000, "not JSON"),
    ],
)
def test_a_bad_filter_says_what_is_wrong(filter: str, says: str) -> None:
    with pytest.raises(Invalid, match=re.escape(says)):
        compile_filter(filter, FIELDS)
