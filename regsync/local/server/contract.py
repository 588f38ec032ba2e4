"""The schema as the engine has it: `schema.graphql`, with Python's names and with scalars that check what they are given."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import graphql
from graphql import GraphQLError, GraphQLSchema

MAX_INT = 2**63 - 1
"""Largest whole number that the registry file holds exactly."""


def snake(name: str) -> str:
    """`artifactID` to `artifact_id`: how a name of the schema is written in Python."""
    words = re.sub(r"IDs\b", "Ids", name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", words).lower()


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """The schema. Arguments and input fields arrive in snake case."""
    built = graphql.build_schema(Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8"))
    for kind in built.type_map.values():
        if graphql.is_introspection_type(kind):
            continue
        if graphql.is_input_object_type(kind):
            for name, input_field in kind.fields.items():
                input_field.out_name = snake(name)
        elif graphql.is_object_type(kind) or graphql.is_interface_type(kind):
            for field in kind.fields.values():
                for name, argument in field.args.items():
                    argument.out_name = snake(name)
    for name, check in (("Int64", _int64), ("JSONString", _text)):
        scalar = built.type_map[name]
        assert isinstance(scalar, graphql.GraphQLScalarType)  # noqa: S101 - schema.graphql declares both
        scalar.coerce_input_value = check
    return built


def _int64(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_INT:
        raise GraphQLError(f"expected a whole number of 64 bits, found {value!r}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError(f"expected JSON as text, found {value!r}")
    return value
