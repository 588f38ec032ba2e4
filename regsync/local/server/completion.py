"""Completing answers: graphql-core's executor, quicker where a page has a thousand rows that look alike.

The schema, the selections and the errors are the library's. What differs is how the fields of one object are gone through: which
of them are plain values is found out once for a selection and not once for each row, and an object that many rows share (the
collection of a link, the type of a version) is completed once. Whatever is unusual (a field with arguments, a value that does not
fit its type, an error) takes the library's own way, so both ways give the same answer; `tests/local/server/test_completion.py`
compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from itertools import chain
from operator import attrgetter, methodcaller
from typing import Any, NamedTuple

import graphql
from graphql import Executor, GraphQLObjectType, Undefined
from graphql.pyutils import Path

from regsync.local.server.budget import Budget
from regsync.local.server.contract import snake
from regsync.local.server.showing import SHARED


class _Way(Enum):
    """How a field is completed."""

    VALUE = "a plain value"
    OBJECT = "an object, or a list of objects"
    LIBRARY = "as the library does it"


_VALUE, _LIBRARY = _Way.VALUE, _Way.LIBRARY


class _Step(NamedTuple):
    """One field of a selection, for objects of one class."""

    way: _Way
    name: str
    """In the answer."""
    read: Callable[[Any], Any]
    kind: Any
    """Its type in the schema."""
    details: Any
    """The library's: its nodes in the document."""
    required: bool
    coerce: Callable[[Any], Any] | None
    """None for text."""
    key_of: Callable[[Any], Hashable | None] | None
    """What tells objects apart that rows have in common (`SHARED`)."""


class Completion(Executor[None]):
    """For one execution. Everything is synchronous here, and no part of an answer is deferred."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._plans: dict[tuple[GraphQLObjectType, int, type], tuple[Any, list[_Step]]] = {}
        self._shared: dict[Hashable, tuple[Any, int, int]] = {}

    def execute_fields(
        self, parent_type: Any, source_value: Any, path: Any, grouped_field_set: Any, position_context: Any
    ) -> Any:
        if path is None:
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        results: dict[str, Any] = {}
        fields = text = 0
        for step in self._plan(parent_type, grouped_field_set, source_value.__class__):
            way, name, read, _, _, required, coerce, key_of = step
            if way is _VALUE:
                try:
                    value = read(source_value)
                    if coerce is not None and value is not None:
                        value = coerce(value() if callable(value) else value)
                except Exception:  # noqa: BLE001 - The library meets it again, and says where.
                    value = Undefined
                if value.__class__ is str:
                    text += len(value)
                elif value is Undefined or coerce is None is not value or (required and value is None):
                    value = self._by_library(parent_type, source_value, path, step)
                    fields -= 1  # It has been counted.
                fields += 1
                results[name] = value
                continue
            if way is _LIBRARY:
                results[name] = self._by_library(parent_type, source_value, path, step)
                continue
            key = key_of(source_value) if key_of else None
            shared = None if key is None else self._shared.get((id(step), key))
            if shared is None:
                results[name] = self._object(parent_type, source_value, path, step, key)
            else:
                results[name] = shared[0]
                fields += shared[1]
                text += shared[2]
        self.context_value.spend(fields, text)
        return results

    def _plan(self, parent: GraphQLObjectType, fields: Mapping[str, Any], shape: type) -> list[_Step]:
        place = parent, id(fields), shape
        found = self._plans.get(place)
        if found is None:
            steps = [self._step(parent, name, details, shape) for name, details in fields.items()]
            found = self._plans[place] = fields, steps  # With the fields, so that their id is not used again.
        return found[1]

    def _step(self, parent: GraphQLObjectType, name: str, details: Any, shape: type) -> _Step:
        node = details[0].node
        field = self.schema.get_field(parent, node.name.value)
        attribute = snake(node.name.value)
        read = methodcaller("get", attribute) if issubclass(shape, Mapping) else attrgetter(attribute)
        way, coerce, kind = _Way.LIBRARY, None, field.type if field else None
        if (
            field
            and field.resolve is None
            and not node.arguments
            and all(argument.default_value is Undefined for argument in field.args.values())
        ):
            bare: Any = graphql.get_nullable_type(field.type)
            if graphql.is_leaf_type(bare):
                way, coerce = _Way.VALUE, None if bare.name in ("String", "ID") else bare.coerce_output_value
            elif not graphql.is_leaf_type(graphql.get_named_type(field.type)):
                way = _Way.OBJECT
        # What a mutation changed must be read again, so nothing is shared there.
        reads_only = self.operation.operation is graphql.OperationType.QUERY
        key_of = SHARED.get((shape, attribute)) if reads_only else None
        return _Step(way, name, read, kind, details, bool(kind) and graphql.is_non_null_type(kind), coerce, key_of)

    def _by_library(self, parent: Any, source: Any, path: Path, step: _Step) -> Any:
        return self.execute_field(parent, source, step.details, Path(path, step.name, parent.name), None)

    def _object(self, parent: Any, source: Any, path: Path, step: _Step, key: Hashable) -> Any:
        """An object that many rows share is kept for them; not where something went wrong in it: errors have their places."""
        budget: Budget = self.context_value
        errors, before = len(self.collected_errors.errors), budget.spent()
        below = Path(path, step.name, parent.name)
        try:
            budget.spend(1, 0)
            value = step.read(source)
            shown = self.root_value.shown(value() if callable(value) else value)
            made = self._completed(step.kind, parent, step, below, shown)
        except Exception as error:  # noqa: BLE001 - any error of a resolver is one of the answer.
            self.handle_field_error(error, step.kind, step.details, below)
            return None
        if key is not None and len(self.collected_errors.errors) == errors:
            after = budget.spent()
            self._shared[id(step), key] = made, after[0] - before[0], after[1] - before[1]
        return made

    def _completed(self, kind: Any, parent: Any, step: _Step, path: Path, value: Any) -> Any:
        required = graphql.is_non_null_type(kind)
        bare = kind.of_type if required else kind
        if value is None:
            if required:
                name = step.details[0].node.name.value
                raise TypeError(f"Cannot return null for non-nullable field {parent}.{name}.")
            return None
        if graphql.is_list_type(bare):
            return self._list(bare.of_type, parent, step, path, value)
        if graphql.is_abstract_type(bare):
            bare = self.schema.type_map[value.typename]
        return self.execute_fields(bare, value, path, self.collect_subfields(bare, step.details)[0], None)

    def _list(self, kind: Any, parent: Any, step: _Step, path: Path, items: Any) -> list[Any]:
        named = graphql.get_nullable_type(kind)
        selected = self.collect_subfields(named, step.details)[0] if graphql.is_object_type(named) else None
        flat = None if selected is None or len(items) < 2 else self._flat(named, selected, items)
        if flat is not None:
            return flat
        completed = []
        for place, item in enumerate(items):
            below = Path(path, place, None)
            try:
                if selected is None or item is None:
                    made = self._completed(kind, parent, step, below, item)
                else:
                    made = self.execute_fields(named, item, below, selected, None)
            except Exception as error:  # noqa: BLE001 - as above
                self.handle_field_error(error, kind, step.details, below)
                made = None
            completed.append(made)
        return completed

    def _flat(self, kind: Any, selected: Any, items: Any) -> list[Any] | None:
        """The objects of a list of which nothing but texts is asked; None where one is not as expected."""
        shape = items[0].__class__
        plan = self._plan(kind, selected, shape)
        if any(step.way is not _VALUE or step.coerce is not None for step in plan):
            return None
        columns = [(step.name, step.read) for step in plan]
        try:
            made = [{name: read(item) for name, read in columns} for item in items if item.__class__ is shape]
            text = sum(map(len, chain.from_iterable(map(dict.values, made))))
        except Exception:  # noqa: BLE001 - met again one by one
            return None
        if len(made) < len(items) or {*map(type, chain.from_iterable(map(dict.values, made)))} != {str}:
            return None
        self.context_value.spend(len(made) * len(columns), text)
        return made
