"""Filters as the client sends them, to SQL conditions.

A filter is a JSON object in the manner of MongoDB: `{"name": {"$regex": "model"}, "$or": [{"tag": "a"}, {"tag": "b"}]}`.
Fields and operators are those that the client knows (`wandb/apis/public/registries/_utils.py`,
`wandb/_filters/operators.py`, 0.31) and the documentation lists ("Find registry items"). A field with many values,
such as `alias`, matches where one of the values does; a negation matches where the test without it does not.
Assumed: regular expressions are searched for, not matched whole, and case counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from regsync.local.server import jsons
from regsync.local.server.contract import MAX_INT
from regsync.local.store import patterns
from regsync.local.store.errors import Invalid
from regsync.names import version_index
from regsync.slots import NamedTuple, dataclass

MAX_LENGTH = 100_000
"""Longest filter, in characters."""
MAX_DEPTH = 24
MAX_REGEX = 256


class Condition(NamedTuple):
    """A SQL condition and its parameters, in order."""

    sql: str
    parameters: tuple[Any, ...] = ()


EVERYTHING = Condition("1")


@dataclass(frozen=True, slots=True)
class Field:
    """What a field of a filter compares. `expression` is SQL; `rows`, for a field with many values, is the
    `FROM … WHERE …` that gives them; `read` turns a value of the filter into one of the column."""

    expression: str
    rows: str | None = None
    read: Callable[[Any], Any] = lambda value: value
    json: bool = False
    """The expression is JSON text and the field may be followed by a path: `metadata.accuracy`."""


Fields = Mapping[str, Field]


def moment(value: Any) -> Any:
    """A time in a filter, as the registry file has it. A day alone stays as it is: it sorts before its hours."""
    if not isinstance(value, str) or "T" not in value.upper().replace(" ", "T"):
        return value
    try:
        read = datetime.fromisoformat(value)
    except ValueError as error:
        raise Invalid(f"filter: {value!r} is not a time; write 2026-01-31 or 2026-01-31T12:00:00Z") from error
    aware = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    return aware.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def index(value: Any) -> Any:
    """A version index in a filter: 3, "3" or "v3"."""
    if isinstance(value, str):
        number = version_index(value)
        return (
            number
            if number is not None
            else int(value)
            if value.isascii() and value.isdigit() and len(value) < 19
            else value
        )
    return value


def compile_filter(text: str | None, fields: Fields) -> Condition:
    """The condition for a filter; everything matches where there is none. Raises `Invalid`, saying which part is wrong."""
    if not text:
        return EVERYTHING
    if len(text) > MAX_LENGTH:
        raise Invalid(f"filter: longer than {MAX_LENGTH} characters")
    document = jsons.read(text, "the filter")
    return _document(document or {}, fields, 0)


def _document(document: Any, fields: Fields, depth: int) -> Condition:
    if not isinstance(document, dict):
        raise Invalid(f"filter: expected an object, found {_shown(document)}")
    if depth > MAX_DEPTH:
        raise Invalid(f"filter: nested deeper than {MAX_DEPTH}")
    parts = []
    for key, operand in document.items():
        match key:
            case "$and":
                parts.append(_join("AND", [_document(part, fields, depth + 1) for part in _list(key, operand)]))
            case "$or":
                parts.append(_join("OR", [_document(part, fields, depth + 1) for part in _list(key, operand)]))
            case "$nor":
                parts.append(_not(_join("OR", [_document(part, fields, depth + 1) for part in _list(key, operand)])))
            case "$not":
                parts.append(_not(_document(operand, fields, depth + 1)))
            case _:
                field, expression = _field(key, fields)
                parts.append(_test(field, expression, operand, depth + 1))
    return _join("AND", parts)


def _field(key: str, fields: Fields) -> tuple[Field, Condition]:
    """The field that a key names, and its expression: a JSON path may follow the name."""
    name, _, path = key.partition(".")
    field = fields.get(name)
    if field is None:
        raise Invalid(f"filter: no field {name!r}; there are {', '.join(sorted(fields))}")
    if not field.json:
        if path:
            raise Invalid(f"filter: {name!r} has no parts")
        return field, Condition(field.expression)
    if '"' in path or "\0" in path or (path and not all(path.split("."))):
        raise Invalid(f"filter: {key!r}: the parts of a path are not empty, and hold no quotation marks")
    steps = "".join(f'."{step}"' for step in path.split(".")) if path else ""
    return field, Condition(
        f"json_extract(CASE WHEN json_valid({field.expression}) THEN {field.expression} END, ?)", (f"${steps}",)
    )


def _test(field: Field, expression: Condition, operand: Any, depth: int) -> Condition:
    if depth > MAX_DEPTH:
        raise Invalid(f"filter: nested deeper than {MAX_DEPTH}")
    if not isinstance(operand, dict):
        return _operator(field, expression, "$eq", operand)
    parts = [
        _not(_test(field, expression, value, depth + 1))
        if operator == "$not"
        else _operator(field, expression, operator, value)
        for operator, value in operand.items()
    ]
    return _join("AND", parts)


_COMPARISONS = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}


def _operator(field: Field, expression: Condition, operator: str, value: Any) -> Condition:
    match operator:
        case "$ne":
            return _not(_operator(field, expression, "$eq", value))
        case "$nin":
            return _not(_operator(field, expression, "$in", value))
        case "$all":
            return _join("AND", [_operator(field, expression, "$eq", part) for part in _list(operator, value)])
        case "$exists":
            found = Condition("1") if field.rows else Condition(f"{expression.sql} IS NOT NULL", expression.parameters)
            return _any(field, found) if value else _not(_any(field, found))
        case "$size":
            if not field.rows or not isinstance(value, int) or abs(value) > MAX_INT:
                raise Invalid("filter: $size takes a number, and a field with many values")
            return Condition(f"(SELECT count(*) {field.rows}) = ?", (value,))
        case _:
            sql, parameters = _comparison(field, expression.sql, operator, value)
            return _any(field, Condition(sql, expression.parameters + parameters))


def _comparison(field: Field, expression: str, operator: str, value: Any) -> tuple[str, tuple[Any, ...]]:
    match operator:
        case "$eq":
            return f"{expression} IS ?", (field.read(_scalar(value)),)
        case "$in":
            values = [field.read(_scalar(part)) for part in _list(operator, value)]
            return f"{expression} IN (SELECT value FROM json_each(?))", (json.dumps(values),)
        case "$gt" | "$gte" | "$lt" | "$lte":
            return f"{expression} {_COMPARISONS[operator]} ?", (field.read(_scalar(value)),)
        case "$regex":
            return f"{expression} REGEXP ?", (_regex(value),)
        case "$contains":
            if not isinstance(value, str):
                raise Invalid(f"filter: $contains takes text, found {_shown(value)}")
            return f"instr({expression}, ?) > 0", (value,)
        case _:
            raise Invalid(f"filter: no operator {operator!r}")


def _any(field: Field, test: Condition) -> Condition:
    if field.rows is None:
        return test
    return Condition(f"EXISTS (SELECT 1 {field.rows} AND {test.sql})", test.parameters)


def _not(condition: Condition) -> Condition:
    return Condition(f"NOT coalesce({condition.sql}, 0)", condition.parameters)


def _join(word: str, parts: list[Condition]) -> Condition:
    if not parts:
        return EVERYTHING if word == "AND" else Condition("0")
    return Condition(
        _balanced(word, [part.sql for part in parts]), tuple(value for part in parts for value in part.parameters)
    )


def _balanced(word: str, parts: list[str]) -> str:
    """The parts joined two by two, because SQLite counts how deep an expression is: `a OR b OR c` is three deep."""
    if len(parts) == 1:
        return f"({parts[0]})"
    middle = len(parts) // 2
    return f"({_balanced(word, parts[:middle])} {word} {_balanced(word, parts[middle:])})"


def both(*conditions: Condition) -> Condition:
    """The condition that all of these hold."""
    return _join("AND", [condition for condition in conditions if condition != EVERYTHING])


def _list(operator: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Invalid(f"filter: {operator} takes a list, found {_shown(value)}")
    return value


def _scalar(value: Any) -> Any:
    if isinstance(value, list | dict):
        raise Invalid(f"filter: expected one value, found {_shown(value)}")
    if isinstance(value, int) and abs(value) > MAX_INT:
        raise Invalid(f"filter: {value} is too large")
    return value


def _regex(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_REGEX:
        raise Invalid(f"filter: $regex takes text of at most {MAX_REGEX} characters")
    try:
        patterns.compiled(value)
    except patterns.BadPatternError as error:
        raise Invalid(
            f"filter: {value!r} is not a regular expression: {error}",
            hint="the syntax is RE2's: no look-around and no back-references, so that no pattern takes long",
        ) from error
    return value


def _shown(value: Any) -> str:
    return json.dumps(value)[:60]
