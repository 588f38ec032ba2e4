"""Completing answers: graphql-core's executor, quicker where a page has a thousand rows that look alike.

The schema, the selections and the errors are the library's. What differs is how the fields of one object are gone through: which
of them are plain values is found out once for a selection and not once for each row, and an object that many rows share (the
collection of a link, the type of a version) is completed once. The rows of a list are completed together, a column at a time, which
spares most of what a row costs. So are the fields of one object that ask the same of it with different arguments, as a client does
that looks up a hundred names. Whatever is unusual (a value that does not fit its type, an error) takes the library's own way, so all
ways give the same answer; `tests/local/server/test_completion.py` compares them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from itertools import chain, islice
from typing import Any

import graphql
from graphql import Executor, GraphQLObjectType, Undefined
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path

from regsync.local.server.budget import Budget
from regsync.local.server.pages import MAX_SIZE
from regsync.local.server.steps import Step, Way, step_for
from regsync.slots import NamedTuple

_INT = 2**31 - 1
_TRIES = 2
"""How often the rows of one list, or such fields of one selection, are tried together. Where they cannot be, they go one by one."""
_FEW = 2
"""Fewest fields of one object that are worth being completed together; and at most as many as a page has rows."""


class _Plan(NamedTuple):
    """How a selection is gone through for objects of one class."""

    fields: Any
    """The selection itself: kept, so that its id is not used again."""
    steps: list[Step]
    groups: list[list[Step]]
    """Steps that can be completed together. Before them the first of them once more, with what is below it."""


_NOTHING: Mapping[str, Any] = {}


class _Part(NamedTuple):
    """Completed values, and how many fields and characters of the answer they are."""

    values: list[Any]
    fields: int
    text: int


class _TypeName(str):
    """The value of `__typename`, which is the library's own field and so does not count against the limits of an answer."""

    __slots__ = ()


class _Alone(NamedTuple):
    """Stands for the key of a row whose object no other row has."""

    number: int


class _OddError(Exception):
    """Rows that cannot be completed together. Nothing is wrong with them yet: one by one it is found out what they are."""


class Completion(Executor[None]):
    """For one execution. Everything is synchronous here, and no part of an answer is deferred."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._plans: dict[tuple[GraphQLObjectType, int, type], _Plan] = {}
        self._alike: dict[Hashable, Any] = {}
        self._shared: dict[Hashable, tuple[Any, int, int]] = {}
        self._tries: dict[int, int] = defaultdict(int)
        # What a mutation changed must be read again, so nothing is shared there, and nothing is read twice.
        self._reads_only = self.operation.operation is graphql.OperationType.QUERY

    def execute_fields(
        self, parent_type: Any, source_value: Any, path: Any, grouped_field_set: Any, position_context: Any
    ) -> Any:
        plan = self._plan(parent_type, grouped_field_set, source_value.__class__)
        together = self._groups(source_value, plan) if plan.groups else _NOTHING
        if path is None:
            return self._execute_root(parent_type, source_value, plan, together)
        results: dict[str, Any] = {}
        fields = text = 0
        for step in plan.steps:
            name, _, way, read, _, _, required, coerce, _, _, key_of, _, _, _ = step
            if name in together:
                results[name] = together[name]
                continue
            if way is Way.VALUE:
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
            if way is Way.NAME:
                results[name] = parent_type.name
                continue
            if way is Way.LIBRARY or way is Way.ASKED:
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

    def _execute_root(self, parent: GraphQLObjectType, root: Any, plan: _Plan, together: Mapping[str, Any]) -> Any:
        results = {}
        for step in plan.steps:
            if step.name in together:
                results[step.name] = together[step.name]
                continue
            made = self.execute_field(parent, root, step.details, Path(None, step.name, parent.name), None)
            if made is not Undefined:
                results[step.name] = made
        return results

    def _plan(self, parent: GraphQLObjectType, fields: Mapping[str, Any], shape: type) -> _Plan:
        place = parent, id(fields), shape
        found = self._plans.get(place)
        if found is None:
            steps = [self._step(parent, name, details, shape) for name, details in fields.items()]
            found = self._plans[place] = _Plan(fields, steps, self._alike_among(parent, steps))
        return found

    def _step(self, parent: GraphQLObjectType, name: str, details: Any, shape: type) -> Step:
        node = details[0].node
        known = step_for(parent.name, node.name.value, shape, bool(node.arguments), self._reads_only)
        return known.of(name, details)

    def _alike_among(self, parent: GraphQLObjectType, steps: list[Step]) -> list[list[Step]]:
        """Those that differ in their names and arguments alone, if there are several. What is below them is written the same, so
        it is gone through as for the first one of the document."""
        if not self._reads_only or sum(step.way is Way.ASKED for step in steps) < _FEW:
            return []
        groups: dict[Hashable, list[Step]] = defaultdict(list)
        for step in steps:
            written = _written(step.details) if step.way is Way.ASKED else None
            if written is not None:
                groups[step.details[0].node.name.value, written].append(step)
        found = []
        for alike, group in groups.items():
            if len(group) >= _FEW:
                below = self._alike.setdefault((parent, *alike), group[0].details)  # type: ignore[misc]
                like = group[0].of(group[0].name, below)
                found += [[like, *group[start : start + MAX_SIZE]] for start in range(0, len(group), MAX_SIZE)]
        return found

    def _groups(self, source: Any, plan: _Plan) -> dict[str, Any]:
        """The fields of one object that were completed together, by their names in the answer."""
        found: dict[str, Any] = {}
        for group in plan.groups:
            like, *steps = group
            if self._tries[id(group)] == _TRIES:
                continue
            try:
                values = self._looked_up(like, source, [self._arguments(step) for step in steps])
                part = self._values(like.kind, like, self.root_value.all_shown(values))
            except Exception:  # noqa: BLE001 - Met again one by one, where it has its place.
                self._tries[id(group)] += 1
                continue
            self.context_value.spend(part.fields + len(steps), part.text)
            found.update(zip((step.name for step in steps), part.values, strict=True))
        return found

    def _looked_up(self, step: Step, source: Any, asked: list[dict[str, Any]]) -> list[Any]:
        if step.lookup is not None:
            return step.lookup(self.root_value.session, source, asked)
        value = step.read(source)
        return [value(**arguments) if callable(value) else value for arguments in asked]

    def _arguments(self, step: Step) -> dict[str, Any]:
        """Raises `GraphQLError` for those that do not fit."""
        given = step.details[0]
        values = self.variable_values, given.fragment_variable_values, self.hide_suggestions
        return get_argument_values(step.field, given.node, *values)

    def _by_library(self, parent: Any, source: Any, path: Path, step: Step) -> Any:
        return self.execute_field(parent, source, step.details, Path(path, step.name, parent.name), None)

    def _object(self, parent: Any, source: Any, path: Path, step: Step, key: Hashable) -> Any:
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

    def _completed(self, kind: Any, parent: Any, step: Step, path: Path, value: Any) -> Any:
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

    def _list(self, kind: Any, parent: Any, step: Step, path: Path, items: Any) -> list[Any]:
        named = graphql.get_nullable_type(kind)
        selected = self.collect_subfields(named, step.details)[0] if graphql.is_object_type(named) else None
        if selected is not None and self._reads_only and len(items) > 1 and self._tries[id(selected)] < _TRIES:
            together = self._together(kind, step, items)
            if together is not None:
                return together
            self._tries[id(selected)] += 1
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

    def _together(self, kind: Any, step: Step, items: Any) -> list[Any] | None:
        """The rows of a list; None where they have to be completed one by one. What was found out for nothing costs nothing."""
        try:
            made, fields, text = self._values(kind, step, [*items])
        except Exception:  # noqa: BLE001 - Met again one by one, where it has its place.
            return None
        self.context_value.spend(fields, text)
        return made

    def _values(self, kind: Any, step: Step, values: list[Any]) -> _Part:
        """As `_completed`, for many values of one field. Raises whatever is odd about one of them."""
        required = graphql.is_non_null_type(kind)
        bare = kind.of_type if required else kind
        if required and None in values:
            raise _OddError
        if graphql.is_list_type(bare):
            present = [value for value in values if value is not None]
            below = self._values(bare.of_type, step, [*chain.from_iterable(present)])
            rest = iter(below.values)
            lists = [None if value is None else [*islice(rest, len(value))] for value in values]
            return below._replace(values=lists)
        abstract = graphql.is_abstract_type(bare)
        shapes = {*map(type, values)}
        if len(shapes) == 1 and not abstract and values[0] is not None:
            plan = self._plan(bare, self.collect_subfields(bare, step.details)[0], values[0].__class__)
            return self._rows(bare, plan.steps, values)
        groups: dict[tuple[Any, type], list[int]] = {}
        for place, value in enumerate(values):
            if value is not None:
                named = self.schema.type_map[value.typename] if abstract else bare
                groups.setdefault((named, value.__class__), []).append(place)
        made: list[Any] = [None] * len(values)
        fields = text = 0
        for (named, shape), places in groups.items():
            plan = self._plan(named, self.collect_subfields(named, step.details)[0], shape)
            part = self._rows(named, plan.steps, [values[place] for place in places])
            fields, text = fields + part.fields, text + part.text
            for place, row in zip(places, part.values, strict=True):
                made[place] = row
        return _Part(made, fields, text)

    def _rows(self, kind: GraphQLObjectType, plan: list[Step], items: list[Any]) -> _Part:
        """Objects of one type and one class, a column at a time."""
        columns: list[list[Any]] = []
        fields = text = 0
        for step in plan:
            if step.way is Way.NAME:
                columns.append([_TypeName(kind.name)] * len(items))
                continue
            part = self._column(step, items) if step.way is Way.VALUE else self._objects(step, items)
            columns.append(part.values)
            fields, text = fields + part.fields, text + part.text
            self.context_value.spend(0, 0)
        names = [step.name for step in plan]
        rows: list[Any]
        if len(names) == 1:
            name = names[0]
            rows = [{name: value} for value in columns[0]]
        elif plan:
            rows = [dict(zip(names, row)) for row in zip(*columns, strict=True)]  # noqa: B905 - as many, and it is quicker
        else:
            rows = [{} for _ in items]
        return _Part(rows, fields, text)

    def _column(self, step: Step, items: list[Any]) -> _Part:
        """Plain values."""
        values = step.column(self.root_value.session, items)
        if callable(values[0]):
            values = [value() for value in values]
        kinds = {*map(type, values)}
        if kinds == {str} and step.coerce is None:
            return _Part(values, len(values), sum(map(len, values)))
        if step.coerce is not None and not (step.is_int and kinds == {int} and max(map(abs, values)) <= _INT):
            coerce = step.coerce
            values = [None if value is None else coerce(value) for value in values]
            kinds = {*map(type, values)}
        if (step.required and type(None) in kinds) or (step.coerce is None and not kinds <= {str, type(None)}):
            raise _OddError
        return _Part(values, len(values), sum(len(value) for value in values if value.__class__ is str))

    def _objects(self, step: Step, items: list[Any]) -> _Part:
        """Objects or lists of objects; one that many rows share is completed once."""
        if step.way is Way.LIBRARY:
            raise _OddError
        if step.keys is None:
            return self._read(step, items)
        place, shared, keys = id(step), self._shared, step.keys(self.root_value.session, items)
        first: dict[Any, int] = {}  # Of each object that is not completed yet, the first row that has it.
        for number, key in enumerate(keys):
            if key is None:
                first[_Alone(number)] = number
            elif (place, key) not in shared:
                first.setdefault(key, number)
        made: dict[Any, tuple[Any, int, int]] = {}
        if first:
            values = self._read(step, [items[number] for number in first.values()]).values
            made = {key: (value, *_weight(value)) for key, value in zip(first, values, strict=True)}
            shared.update(((place, key), found) for key, found in made.items() if key.__class__ is not _Alone)
        found = [made[_Alone(number)] if key is None else shared[place, key] for number, key in enumerate(keys)]
        return _Part([each[0] for each in found], sum(each[1] for each in found), sum(each[2] for each in found))

    def _read(self, step: Step, items: list[Any]) -> _Part:
        if step.way is Way.ASKED:
            values = self._asked(step, items)
        else:
            values = step.column(self.root_value.session, items)
            if callable(values[0]):
                values = [value() for value in values]
        part = self._values(step.kind, step, self.root_value.all_shown(values))
        return part._replace(fields=part.fields + len(items))

    def _asked(self, step: Step, items: list[Any]) -> list[Any]:
        arguments = self._arguments(step)
        if step.asked is not None:
            return step.asked(self.root_value.session, items, arguments)
        return [value(**arguments) if callable(value) else value for value in map(step.read, items)]


def _written(details: Any) -> str | None:
    """What a document says below a field; None where that is not all that tells what is asked there."""
    below = details[0].node.selection_set
    if len(details) > 1 or details[0].fragment_variable_values or below is None or below.loc is None:
        return None
    text: str = below.loc.source.body[below.loc.start : below.loc.end]
    return text


def _weight(value: Any) -> tuple[int, int]:
    """How many fields of the answer a completed value of one field is, with itself, and how many characters."""
    fields, text, rest = 1, 0, [value]
    while rest:
        value = rest.pop()
        if value.__class__ is dict:
            fields += len(value)
            rest += value.values()
        elif value.__class__ is list:
            rest += value
        elif value.__class__ is str:
            text += len(value)
        elif value.__class__ is _TypeName:
            fields -= 1
    return fields, text
