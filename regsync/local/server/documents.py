"""Parsed GraphQL documents, kept while they are small: clients send the same few over and over.

A parsed document takes some hundred times the memory of its text, so what is kept is bounded by length and not by number.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

import graphql
from graphql import DocumentNode, GraphQLError
from graphql.validation import OverlappingFieldsCanBeMergedRule, specified_rules

from regsync.local.server.contract import schema
from regsync.local.server.lacking import refusals

MAX_TOKENS = 20_000
"""Longest document that is read, in GraphQL tokens: some hundreds of mutations, and about a second of a processor."""
MAX_OPERATIONS = 100
"""Most operations and fragments of one document. Whether each operation uses each fragment is asked pair by pair."""
KEPT_LENGTH = 512 * 1024
"""Characters of all documents that are kept together."""
_LONGEST_KEPT = 32 * 1024
_RULES = [rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule]
"""What is valid. That fields can be merged is found by `cost.py`, in linear time."""

Parsed = DocumentNode | tuple[GraphQLError, ...]


class Documents:
    """The documents that were sent last, by their text. For all threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Parsed] = OrderedDict()
        self._length = 0
        self._guard = threading.Lock()

    def parsed(self, text: str) -> Parsed:
        """The document, or what is wrong with it."""
        with self._guard:
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text]
        document = _parse(text)
        if len(text) <= _LONGEST_KEPT:
            self._keep(text, document)
        return document

    def _keep(self, text: str, document: Parsed) -> None:
        with self._guard:
            if text not in self._kept:
                self._kept[text] = document
                self._length += len(text)
            while self._length > KEPT_LENGTH:
                oldest, _ = self._kept.popitem(last=False)
                self._length -= len(oldest)


def _parse(text: str) -> Parsed:
    try:
        document = graphql.parse(text, max_tokens=MAX_TOKENS)
        if len(document.definitions) > MAX_OPERATIONS:
            return (GraphQLError(f"the document has more than {MAX_OPERATIONS} operations and fragments"),)
        return refusals(document) or tuple(graphql.validate(schema(), document, _RULES)) or document
    except GraphQLError as error:
        return (error,)
    except RecursionError:
        return (GraphQLError("the document is nested too deeply"),)
