"""What a GraphQL document could cost, found out before it is executed.

The document is walked as it will be executed: the fields of one name in one place are merged, fragments are taken in where they are
spread, and what is below a list counts as often as the list may be long. That is also where fields that cannot be merged are
found, in time linear in the walk; the library's own rule compares every field with every other, and their children again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

import graphql
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from regsync.local.server.contract import schema
from regsync.local.server.pages import DEFAULT_SIZE, MAX_SIZE
from regsync.slots import NamedTuple

MAX_COST = 500_000
"""Most fields that a document may ask for, counting every list as full."""
MAX_DEPTH = 32
MAX_NODES = 50_000
"""Most fields of a document with its fragments taken in."""
LIST_GUESS = 10
"""How long a list is taken to be that does not come in pages: teams, members, aliases of one version."""
_MOST_FILES = 5000
_PASSED = 64
"""Most outcomes that are remembered of one document."""


class TooCostlyError(GraphQLError):
    """A document that would keep the server busy for too long."""


class _Place(NamedTuple):
    """Selections that are executed together: the type they are of, and how long `edges` below it may be."""

    kind: Any
    selections: Sequence[SelectionSetNode]
    page: int


class _Walk:
    def __init__(self, document: DocumentNode, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.asked: set[str] = set()
        """The variables that it depended on."""
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self.nodes = 0
        self.cost = 0

    def walk(self, place: _Place, times: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise TooCostlyError(f"the document is nested deeper than {MAX_DEPTH}")
        for nodes in self._merged(place):
            self._field(place, nodes, times, depth)

    def _field(self, place: _Place, nodes: list[FieldNode], times: int, depth: int) -> None:
        self.cost += times
        if self.cost > MAX_COST:
            raise TooCostlyError(
                f"the document asks for more than {MAX_COST} fields, every list counted as full: ask for shorter pages"
            )
        field = getattr(place.kind, "fields", {}).get(nodes[0].name.value)
        below = [node.selection_set for node in nodes if node.selection_set is not None]
        if field is None or not below:
            return
        if "first" in field.args:
            page, length = self._page(nodes[0]), 1
        else:
            page, length = DEFAULT_SIZE, self._length(nodes[0], field, place)
        self.walk(_Place(graphql.get_named_type(field.type), below, page), times * length, depth + 1)

    def _length(self, node: FieldNode, field: Any, place: _Place) -> int:
        if not graphql.is_list_type(graphql.get_nullable_type(field.type)):
            return 1
        return place.page if node.name.value == "edges" else LIST_GUESS

    def _page(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value == "first":
                value: Any = argument.value
                if isinstance(value, VariableNode):
                    self.asked.add(value.name.value)
                    given = self.variables.get(value.name.value)
                else:
                    given = getattr(value, "value", None)
                most = _MOST_FILES if node.name.value.startswith("files") else MAX_SIZE
                try:
                    return DEFAULT_SIZE if given is None else max(0, min(int(given), most))
                except (TypeError, ValueError, OverflowError):
                    return DEFAULT_SIZE  # Not a number: the execution refuses it.
        return DEFAULT_SIZE

    def _merged(self, place: _Place) -> list[list[FieldNode]]:
        """The fields of a place, those that become one in the answer together. Raises `GraphQLError` for a contradiction."""
        groups: dict[tuple[str, str], list[FieldNode]] = {}
        seen: set[tuple[str, str]] = set()
        for selections in place.selections:
            for parent, node in self._flat(selections, place.kind, seen, 0):
                self.nodes += 1
                if self.nodes > MAX_NODES:
                    raise TooCostlyError(f"the document has more than {MAX_NODES} fields, its fragments taken in")
                name = node.alias.value if node.alias else node.name.value
                group = groups.setdefault((name, parent.name), [])
                if group and not _alike(group[0], node):
                    raise GraphQLError(
                        f"Fields '{name}' conflict: they are different fields, or have different arguments. "
                        "Use different aliases on the fields to fetch both.",
                        [group[0], node],
                    )
                group.append(node)
        return [*groups.values()]

    def _flat(
        self, selections: SelectionSetNode, kind: Any, seen: set[tuple[str, str]], depth: int
    ) -> Iterator[tuple[Any, FieldNode]]:
        if depth > MAX_DEPTH:
            raise TooCostlyError(f"fragments are nested deeper than {MAX_DEPTH}")
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield kind, node
                continue
            if isinstance(node, FragmentSpreadNode):
                if (node.name.value, kind.name) in seen:
                    continue
                seen.add((node.name.value, kind.name))
                inside: Any = self.fragments[node.name.value]
            else:
                inside = node
            condition = inside.type_condition
            below = schema().type_map[condition.name.value] if condition else kind
            yield from self._flat(inside.selection_set, below, seen, depth + 1)


def _alike(first: FieldNode, second: FieldNode) -> bool:
    return first.name.value == second.name.value and _arguments(first) == _arguments(second)


def _arguments(node: FieldNode) -> list[tuple[str, str]]:
    return sorted((argument.name.value, graphql.print_ast(argument.value)) for argument in node.arguments or ())


class Passed:
    """What one document has passed `check` with, so that it is not walked again for what cannot change the outcome. For all threads."""

    def __init__(self) -> None:
        self._asked: dict[str | None, frozenset[str]] = {}
        self._passed: set[Hashable] = set()

    def has(self, operation: str | None, variables: dict[str, Any]) -> bool:
        """Whether it passed with that operation and these lengths of pages."""
        return self._key(operation, variables) in self._passed

    def add(self, operation: str | None, variables: dict[str, Any], asked: Iterable[str]) -> None:
        """It passed, and of the variables the outcome depended on those that were `asked`."""
        self._asked[operation] = frozenset(asked)
        key = self._key(operation, variables)
        if key is not None and len(self._passed) < _PASSED:
            self._passed.add(key)

    def _key(self, operation: str | None, variables: dict[str, Any]) -> Hashable | None:
        if operation not in self._asked:
            return None
        lengths = tuple((name, name in variables, variables.get(name)) for name in sorted(self._asked[operation]))
        small = all(length is None or isinstance(length, int) for _, _, length in lengths)
        return (operation, lengths) if small else None


def check(
    document: DocumentNode, operation: str | None, variables: dict[str, Any] | None, passed: Passed | None = None
) -> None:
    """Raise `TooCostlyError` or `GraphQLError` for a document that shall not be executed. It must be valid otherwise.

    `passed` is this document's, and learns of it where it may be executed.
    """
    if passed is not None and passed.has(operation, variables or {}):
        return
    chosen = graphql.get_operation_ast(document, operation)
    if not isinstance(chosen, OperationDefinitionNode):
        return  # The execution says so.
    given = {
        definition.variable.name.value: getattr(definition.default_value, "value", None)
        for definition in chosen.variable_definitions or ()
    } | (variables or {})
    root = schema().get_root_type(chosen.operation)
    walk = _Walk(document, given)
    walk.walk(_Place(root, [chosen.selection_set], DEFAULT_SIZE), 1, 0)
    if passed is not None:
        passed.add(operation, variables or {}, walk.asked)
