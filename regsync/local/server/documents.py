"""Parsed GraphQL documents, kept while they are small: clients send the same few over and over.

A parsed document takes some forty times the memory of its text, so what is kept is bounded by length and not by number.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import graphql
from graphql import DocumentNode, GraphQLError, Node
from graphql.validation import OverlappingFieldsCanBeMergedRule, specified_rules

from regsync.local.server import cost
from regsync.local.server.contract import schema
from regsync.local.server.lacking import refusals
from regsync.local.server.repeated import without_repetitions

MAX_TOKENS = 20_000
"""Longest document that is read, in GraphQL tokens: some hundreds of mutations, and about a second of a processor."""
MAX_OPERATIONS = 100
"""Most operations and fragments of one document. Whether each operation uses each fragment is asked pair by pair."""
KEPT_LENGTH = 1024 * 1024
"""Characters of all documents that are kept together."""
_LONGEST_KEPT = 128 * 1024
"""A hundred look-ups of regsync in one document have up to 40 KiB, and it sends many of them that differ in their variables only."""
_RULES = [rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule]
"""What is valid. That fields can be merged is found by `cost.py`, in linear time."""

Parsed = DocumentNode | tuple[GraphQLError, ...]


class Documents:
    """The documents that were sent last, by their text. For all threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Parsed] = OrderedDict()
        self._passed: dict[str, cost.Passed] = {}
        self._length = 0
        self._parsing: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def parsed(self, text: str) -> Parsed:
        """The document, or what is wrong with it."""
        found = self._found(text)
        if found is not None:
            return found
        if len(text) > _LONGEST_KEPT:
            return _parse(text)
        with self._guard:
            parsing = self._parsing.setdefault(text, threading.Lock())
        with parsing:  # Those who send the same at the same moment wait for the first of them.
            found = self._found(text)
            if found is None:
                try:
                    found = _parse(text)
                    if isinstance(found, DocumentNode):
                        _forget_tokens(found)
                    self._keep(text, found)
                finally:
                    with self._guard:
                        self._parsing.pop(text, None)
        return found

    def affordable(self, text: str, operation: str | None, variables: dict[str, Any] | None) -> Parsed:
        """As `parsed`, once `cost.check` has let it through. Raises what that raises."""
        document = self.parsed(text)
        if isinstance(document, DocumentNode):
            cost.check(document, operation, variables, self._passed.get(text))
        return document

    def is_known(self, text: str, operation: str | None, variables: dict[str, Any] | None) -> bool:
        """Whether `affordable` has found out before all that it finds out, so that it takes no time to speak of."""
        passed = self._passed.get(text)
        return passed is not None and passed.has(operation, variables or {})

    def _found(self, text: str) -> Parsed | None:
        with self._guard:
            if text in self._kept:
                self._kept.move_to_end(text)
            return self._kept.get(text)

    def _keep(self, text: str, document: Parsed) -> None:
        with self._guard:
            if text not in self._kept:
                self._kept[text] = document
                self._passed[text] = cost.Passed()
                self._length += len(text)
            while self._length > KEPT_LENGTH:
                oldest, _ = self._kept.popitem(last=False)
                self._passed.pop(oldest, None)
                self._length -= len(oldest)


def _forget_tokens(document: DocumentNode) -> None:
    """Of what a document was read from, places are needed after it was checked; its tokens take more memory than all the rest."""
    rest: list[Node] = [document]
    while rest:
        node = rest.pop()
        if node.loc is not None:
            node.loc.start_token = node.loc.end_token = None  # type: ignore[assignment]
        for child in vars(node).values():
            if isinstance(child, Node):
                rest.append(child)
            elif isinstance(child, tuple | list):
                rest += [each for each in child if isinstance(each, Node)]


def _parse(text: str) -> Parsed:
    try:
        document = graphql.parse(text, max_tokens=MAX_TOKENS)
        if len(document.definitions) > MAX_OPERATIONS:
            return (GraphQLError(f"the document has more than {MAX_OPERATIONS} operations and fragments"),)
        return refusals(document) or _errors(document) or document
    except GraphQLError as error:
        return (error,)
    except RecursionError:
        return (GraphQLError("the document is nested too deeply"),)


def _errors(document: DocumentNode) -> tuple[GraphQLError, ...]:
    """What is not valid in a document."""
    short = without_repetitions(document)
    if short is not document and not graphql.validate(schema(), short, _RULES):
        return ()
    return tuple(graphql.validate(schema(), document, _RULES))
