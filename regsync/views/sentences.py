"""Sentences with names in them, in parts: what regsync says, what others named, what a person may type.

The core writes a name into its messages as `regsync.names.quoted` does: a Python literal, from which nothing in the name gets
out. `parts_of` finds the names again, so that each view can show them as one piece that no sentence goes on from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from regsync.looks.escape import plain
from regsync.names import has_hidden, quoted


class Name(str):
    """Something that others named, or any other text of theirs."""

    __slots__ = ()


class Code(str):
    """A command, an option or a piece of a manifest, written by regsync."""

    __slots__ = ()


Part = str
"""Of a sentence: regsync's own words, a `Name`, or `Code`."""

_PIECE = r"""(?s)(?<![\w'"`])(?:'(?:[^'\\]|\\.)+'|"(?:[^"\\]|\\.)+"|`[^`]+`)(?![\w'"`])"""
_PLAIN_NAME = r"[\w.:/@+=-]+"


def parts_of(message: str) -> list[Part]:
    """The parts of a message of the core, in order."""
    parts: list[Part] = []
    end = 0
    for match in re.finditer(_PIECE, message):
        if match.start() > end:
            parts.append(message[end : match.start()])
        text = match.group()
        parts.append(Code(text[1:-1]) if text[0] == "`" else Name(_unquoted(text)))
        end = match.end()
    if end < len(message):
        parts.append(message[end:])
    return parts


def _unquoted(literal: str) -> str:
    try:
        value = ast.literal_eval(literal)
    except (ValueError, SyntaxError):
        return literal[1:-1]  # Made by hand; shown as it stands.
    return value if isinstance(value, str) else literal[1:-1]


def bare(name: str) -> str:
    """A name where it stands by itself on a terminal: as it is where it is one plain word, else in quotes.

    >>> bare("model/fraud:production"), bare("churn, which stays")
    ('model/fraud:production', "'churn, which stays'")
    """
    return name if re.fullmatch(_PLAIN_NAME, name) and not has_hidden(name) else plain(quoted(name))


def in_text(parts: Iterable[Part]) -> str:
    """The sentence for a terminal: names in quotes, code in backticks."""
    return "".join(pieces(parts))


def pieces(parts: Iterable[Part]) -> Iterator[str]:
    """The sentence for a terminal as pieces; a name or a command is one piece, which is never broken."""
    for part in parts:
        if isinstance(part, Name):
            yield plain(quoted(part))
        elif isinstance(part, Code):
            yield f"`{plain(part)}`"
        else:
            yield plain(part)
