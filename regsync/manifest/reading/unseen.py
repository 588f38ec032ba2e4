"""What YAML takes for structure, or hides in a comment, and an editor or a diff does not show."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from regsync.diagnostics import Diagnostic, Position, Severity

_LINE_BREAK = "\r(?!\n)|[\x85\u2028\u2029]"
"""What ends a line for libyaml (and so a comment), and for few editors, diffs and other readers of YAML."""
_DIRECTION = "[\u202a-\u202e\u2066-\u2069]"
"""Embeddings, overrides and isolates of Unicode's bidirectional algorithm: they move what stands around them on the screen."""
_MOST = 100
"""Findings of one kind in a file."""


def hidden_line_breaks(data: bytes, name: str) -> list[Diagnostic]:
    """An error for each line break that a reviewer does not see."""
    if data.isascii() and data.count(b"\r") == data.count(b"\r\n"):
        return []
    text = data.decode(errors="replace")  # What is not UTF-8 is told by whoever reads the file.
    found = list(re.finditer(_LINE_BREAK, text))[:_MOST]
    return [_line_break(text, name, match) for match in found]


def _line_break(text: str, name: str, match: re.Match[str]) -> Diagnostic:
    where = _position(text, name, match.start())
    character = "a lone carriage return (U+000D)" if match[0] == "\r" else f"U+{ord(match[0]):04X}"
    start = text.rfind("\n", 0, match.start()) + 1
    what = "the comment" if re.search(r"(?:^|\s)#", text[start : match.start()]) else "the line"
    escape = "\\r" if match[0] == "\r" else f"\\u{ord(match[0]):04x}"
    return Diagnostic(
        "hidden-line-break",
        f"{character} ends {what} here for YAML, and few editors and diffs show that",
        where,
        f'delete it, or press Enter in its place; in a text in double quotes it is written "{escape}"',
    )


def hidden_directions(data: bytes, name: str) -> Iterator[Diagnostic]:
    """A warning for each comment in which a character turns the direction of what follows. Names and texts are told elsewhere."""
    if data.isascii():
        return
    text = data.decode(errors="replace")
    found = list(re.finditer(_DIRECTION, text))[:_MOST]
    if not found:
        return
    from regsync.manifest.reading.spans import scalars, spans  # Few files need it, and it takes its time to import.

    try:
        values = [(each.start.offset, each.end.offset) for each in scalars(written.root for written in spans(text))]
    except yaml.YAMLError:
        return
    for match in {text.count("\n", 0, match.start()): match for match in reversed(found)}.values():
        if not any(start <= match.start() < end for start, end in values):
            yield Diagnostic(
                "hidden-direction",
                f"the character U+{ord(match[0]):04X} in this comment turns the direction of what follows, so that the line "
                "may look otherwise than it is",
                _position(text, name, match.start()),
                "delete it, and look at the line again",
                Severity.WARNING,
            )


def _position(text: str, name: str, offset: int) -> Position:
    """A place as editors count lines: by line feeds."""
    return Position(name, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
