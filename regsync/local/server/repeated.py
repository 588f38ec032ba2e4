"""A document without its repetitions: valid if and only if the document is, and quicker to check.

Clients look up a hundred names, or make twenty-five changes, in one document: fields that differ in nothing but their name in the
answer and which variables they use, of the same types. What graphql-core's rules say of one of them they say of all, since none of
these rules compares a field with its neighbours but the one that `cost.py` is there for.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace
from operator import is_
from typing import Any

from graphql import (
    BooleanValueNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    VariableDefinitionNode,
    VariableNode,
    print_ast,
)

_PLAIN = (IntValueNode, FloatValueNode, StringValueNode, BooleanValueNode, EnumValueNode)


def without_repetitions(document: DocumentNode) -> DocumentNode:
    """The document with one of the fields that are alike; the document itself where there is nothing to leave out.

    One that is valid stands for a document that is. Of one that is not, the errors are not all that the document has.
    """
    operations = [each for each in document.definitions if not isinstance(each, FragmentDefinitionNode)]
    operation = operations[0] if len(operations) == 1 else None
    if not isinstance(operation, OperationDefinitionNode):
        return document
    # Each field of a subscription counts.
    if operation.operation is OperationType.SUBSCRIPTION or operation.directives:
        return document
    declared = operation.variable_definitions or ()
    names = {each.variable.name.value for each in declared}
    if len(names) != len(declared):
        return document
    shorter = _Shorter(declared)
    selections, _ = shorter.selections(operation.selection_set)
    if selections is operation.selection_set:
        return document
    left_out = shorter.used - _used(selections)
    kept = tuple(each for each in declared if each.variable.name.value not in left_out)
    short = replace(operation, selection_set=selections, variable_definitions=kept)
    return replace(document, definitions=tuple(short if each is operation else each for each in document.definitions))


class _Shorter:
    """Leaves out fields of one operation. `used`: the variables that it has met as arguments, of those without a default value."""

    def __init__(self, declared: Iterable[VariableDefinitionNode]) -> None:
        self.used: set[str] = set()
        self._types = {
            each.variable.name.value: print_ast(each.type)
            for each in declared
            if each.default_value is None and not each.directives
        }

    def selections(self, node: SelectionSetNode) -> tuple[SelectionSetNode, Hashable]:
        """What is left of a selection, and its shape: another selection of that shape is valid in its place if this one is."""
        left: dict[Hashable, SelectionNode] = {}
        for each in node.selections:
            short, shape = self._selection(each)
            left.setdefault(shape, short)
        same = len(left) == len(node.selections) and all(map(is_, left.values(), node.selections))
        return node if same else replace(node, selections=tuple(left.values())), tuple(left)

    def _selection(self, node: SelectionNode) -> tuple[SelectionNode, Hashable]:
        if isinstance(node, FragmentSpreadNode) and not node.directives and not getattr(node, "arguments", None):
            return node, node.name.value
        if not isinstance(node, FieldNode) or node.directives:
            return node, _Unlike()
        arguments = tuple((each.name.value, self._value(each.value)) for each in node.arguments or ())
        if node.selection_set is None:
            return node, (node.name.value, arguments)
        below, shape = self.selections(node.selection_set)
        short = node if below is node.selection_set else replace(node, selection_set=below)
        return short, (node.name.value, arguments, shape)

    def _value(self, node: Any) -> Hashable:
        if isinstance(node, VariableNode) and node.name.value in self._types:
            self.used.add(node.name.value)
            return "$", self._types[node.name.value]
        return (node.kind, node.value) if isinstance(node, _PLAIN) else _Unlike()


class _Unlike:
    """Is equal to nothing but itself."""


def _used(node: SelectionSetNode) -> set[str]:
    """The variables that are arguments of fields in a selection."""
    found: set[str] = set()
    for each in node.selections:
        if isinstance(each, FieldNode):
            found |= {one.value.name.value for one in each.arguments or () if isinstance(one.value, VariableNode)}
            found |= _used(each.selection_set) if each.selection_set else set()
    return found
