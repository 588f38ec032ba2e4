"""A document is checked without its repetitions: with the same outcome as with them."""

from __future__ import annotations

import graphql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsync.local.server.contract import schema
from regsync.local.server.documents import _RULES, Documents
from regsync.local.server.repeated import without_repetitions

LOOK_UPS = """query Read($p: String, $n0: String!, $n1: String!, $n2: String!) { project(name: $p, entityName: "acme-org") {
  n0: artifactCollection(name: $n0) { ...Few } n1: artifactCollection(name: $n1) { ...Few }
  n2: artifactCollection(name: $n2) { ...Few } } }
fragment Few on ArtifactCollection { id name }"""
CHANGES = """mutation Write($i0: AddAliasesInput!, $i1: AddAliasesInput!) {
  m0: addAliases(input: $i0) { success } m1: addAliases(input: $i1) { success } }"""

WRITTEN_OUT = """mutation { a: addAliases(input: {artifactID: "x", aliases: []}) { success }
  b: addAliases(input: {artifactID: "y", aliases: []}) { success } }"""


def in_full(text: str) -> list[str]:
    """The library's errors."""
    return [error.message for error in graphql.validate(schema(), graphql.parse(text), _RULES)]


def found(text: str) -> list[str]:
    """The server's."""
    parsed = Documents().parsed(text)
    return [error.message for error in parsed] if isinstance(parsed, tuple) else []


def test_of_fields_that_are_alike_one_is_checked() -> None:
    assert graphql.print_ast(without_repetitions(graphql.parse(LOOK_UPS))) == graphql.print_ast(
        graphql.parse(
            """query Read($p: String, $n0: String!) { project(name: $p, entityName: "acme-org") {
               n0: artifactCollection(name: $n0) { ...Few } } } fragment Few on ArtifactCollection { id name }"""
        )
    )
    assert "$i1" not in graphql.print_ast(without_repetitions(graphql.parse(CHANGES)))
    assert found(LOOK_UPS) == found(CHANGES) == []


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (LOOK_UPS, "name: $n2", "name: $n3"),  # not declared
        (LOOK_UPS, "name: $n2", "name: $n1"),  # $n2 is not used
        (LOOK_UPS, "$n2: String!", "$n2: String"),  # of a type that does not fit
        (LOOK_UPS, "$n2: String!", "$n2: Nothing!"),
        (LOOK_UPS, "$n2: String!", "$n2: String!, $n2: String!"),
        (LOOK_UPS, "$n2: String!", "$n2: String! = 7"),
        (LOOK_UPS, "$n2: String!", "$n2: String! @nothing"),
        (LOOK_UPS, "$p: String", "$p: Int"),
        (LOOK_UPS, "artifactCollection(name: $n2)", "artifactCollection(nane: $n2)"),
        (LOOK_UPS, "artifactCollection(name: $n2)", "artifactCollection(name: $n2, name: $n2)"),
        (LOOK_UPS, "n2: artifactCollection", "n2: artifactCollections"),
        (LOOK_UPS, "(name: $n2) { ...Few }", "(name: $n2)"),
        (LOOK_UPS, "(name: $n2) { ...Few }", "(name: $n2) { ...Many }"),
        (LOOK_UPS, "(name: $n2) { ...Few }", "(name: $n2) @include(if: $n2) { ...Few }"),
        (LOOK_UPS, "(name: $n2) { ...Few }", "(name: $n2) { ...Few @skip }"),
        (LOOK_UPS, "(name: $n2) { ...Few }", "(name: $n2) { ... on User { id } }"),
        (LOOK_UPS, "(name: $n2) { ...Few }", "(name: $n2) { ... { nothing } }"),
        (LOOK_UPS, "(name: $n2) { ...Few }", "(name: $n2) { ... { id } ... { nothing } }"),
        (WRITTEN_OUT, 'artifactID: "y"', "artifactID: 0.5"),
        (LOOK_UPS, "{ id name }", "{ id name tags(first: $n2) { totalCount } }"),
        (LOOK_UPS, "{ id name }", "{ id nothing }"),
        (LOOK_UPS, "on ArtifactCollection", "on Run"),
        (LOOK_UPS, "query Read(", "query Read { viewer { id } } query Other("),
        (CHANGES, "$i1: AddAliasesInput!", "$i1: DeleteAliasesInput!"),
        (CHANGES, "$i1: AddAliasesInput!", "$i1: AddAliasesInput"),
        (CHANGES, "input: $i1", "input: {artifactID: $i1}"),
        (CHANGES, "input: $i1", 'input: {artifactID: "x", aliases: []}'),
        (CHANGES, "m1: addAliases", "m1: deleteAliases"),
        (CHANGES, "mutation", "subscription"),
        (CHANGES, "AddAliasesInput!) {", "AddAliasesInput!) @skip {"),
    ],
)
def test_what_is_wrong_with_one_of_them_is_told(text: str, right: str, wrong: str) -> None:
    assert right in text
    assert found(text.replace(right, wrong)) == in_full(text.replace(right, wrong))


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.one_of(NAMES.map("${}".format), st.sampled_from(['"x"', '"y"', "7", "null"]))
TYPES = st.sampled_from(["String", "String!", "Int", "ID!", "[String!]"])
LEAVES = st.sampled_from(["{ id }", "{ name }", "{ ...F }", "{ ...F id }", "{ ...G }", "{ name @skip(if: $a) }", ""])
LINES = st.builds("artifactCollection(name: {}) {}".format, VALUES, LEAVES)
OTHERS = st.builds("artifactType(name: {}) {}".format, VALUES, LEAVES)


@given(
    st.dictionaries(NAMES, TYPES),
    st.lists(st.tuples(VALUES, st.lists(st.one_of(LINES, OTHERS), min_size=1, max_size=5)), min_size=1, max_size=3),
    st.sampled_from(["name", "name @include(if: $b)", "tags(first: $c) { totalCount }"]),
)
def test_any_document_is_as_valid_as_the_library_says(
    declared: dict[str, str], projects: list[tuple[str, list[str]]], in_fragment: str
) -> None:
    head = ", ".join(f"${name}: {kind}" for name, kind in declared.items())
    fields = " ".join(
        f"p{place}: project(name: {name}) {{ {' '.join(f'n{number}: {each}' for number, each in enumerate(lines))} }}"
        for place, (name, lines) in enumerate(projects)
    )
    text = f"query Any{f'({head})' if head else ''} {{ {fields} }} fragment F on ArtifactCollection {{ {in_fragment} }}"
    assert found(text) == in_full(text)
