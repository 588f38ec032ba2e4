"""How each field of a selection is completed, for objects of one class: found out once, and not once for each object."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from functools import lru_cache, partial
from operator import attrgetter, methodcaller
from typing import Any

import graphql
from graphql import Undefined

from regsync.local.server.columns import Column, column, keys
from regsync.local.server.contract import schema, snake
from regsync.local.server.lookups import Asked, Lookup, asked_of_many, looked_up
from regsync.slots import NamedTuple


class Way(Enum):
    """How a field is completed."""

    VALUE = "a plain value"
    NAME = "the name of its type"
    OBJECT = "an object, or a list of objects"
    ASKED = "an object, or a list of objects, asked for with arguments"
    LIBRARY = "as the library does it"


class Step(NamedTuple):
    """One field of a selection, for objects of one class."""

    name: str
    """In the answer."""
    details: Any
    """The library's: its nodes in the document."""
    way: Way
    read: Callable[[Any], Any]
    field: Any
    """It, in the schema."""
    kind: Any
    """Its type."""
    required: bool
    coerce: Callable[[Any], Any] | None
    """None for text."""
    is_int: bool
    column: Column
    """As `read`, for many rows."""
    key_of: Callable[[Any], Hashable | None] | None
    """What tells objects apart that rows have in common (`columns.SHARED`)."""
    keys: Column | None
    """As `key_of`, for many rows."""
    asked: Asked | None
    """For many rows that are asked with the same arguments (`lookups.ASKED`)."""
    lookup: Lookup | None
    """For one object that is asked with many different ones (`lookups.LOOKUPS`)."""

    def of(self, name: str, details: Any) -> Step:
        """The same step for a field of a document: with its name in the answer, and its nodes."""
        return Step._make((name, details, *self[2:]))


@lru_cache(maxsize=4096)
def step_for(parent: str, called: str, shape: type, with_arguments: bool, sharing: bool) -> Step:
    """What is the same each time that a field is asked of objects of that class: all but its name in the answer and its nodes.

    `sharing`: whether an object that rows have in common may be completed once for all of them.
    """
    kind: Any = schema().type_map[parent]
    field = schema().get_field(kind, called)
    attribute = snake(called)
    read: Callable[[Any], Any] = attrgetter(attribute)
    read_all = column(shape, attribute)
    if issubclass(shape, Mapping):
        read = methodcaller("get", attribute)
        read_all = partial(_got, attribute)
    way, coerce = Way.LIBRARY, None
    bare: Any = graphql.get_nullable_type(field.type) if field else None
    if field is graphql.TypeNameMetaFieldDef:
        way = Way.NAME
    elif field and field.resolve is None:
        is_leaf = graphql.is_leaf_type(graphql.get_named_type(field.type))
        if with_arguments or any(argument.default_value is not Undefined for argument in field.args.values()):
            way = Way.LIBRARY if is_leaf else Way.ASKED
        elif graphql.is_leaf_type(bare):
            way, coerce = Way.VALUE, None if bare.name in ("String", "ID") else bare.coerce_output_value
        elif not is_leaf:
            way = Way.OBJECT
    key_of, all_keys = (keys(shape, attribute) if sharing else None) or (None, None)
    return Step(
        name=called,
        details=None,
        way=way,
        read=read,
        field=field,
        kind=field.type if field else None,
        required=field is not None and graphql.is_non_null_type(field.type),
        coerce=coerce,
        is_int=way is Way.VALUE and bare is graphql.GraphQLInt,
        column=read_all,
        key_of=key_of,
        keys=all_keys,
        asked=asked_of_many(shape, attribute),
        lookup=looked_up(shape, attribute),
    )


def _got(name: str, session: Any, items: list[Any]) -> list[Any]:
    return [item.get(name) for item in items]
