"""Lines for a terminal of a known width: pieces that stay whole (names, versions, numbers with their units) and flow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

_WORDS = r"\S+\s*|\s+"


def columns(text: str) -> int:
    """How many columns of a terminal a text takes; wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def fits(text: str, width: int | None) -> bool:
    """Whether a text stands on one line. `width` None: lines may be as long as they are."""
    return width is None or columns(text) <= width


def listed(items: Sequence[str], indent: str, width: int | None, separator: str = "; ") -> list[str]:
    """The items one after the other, on as few lines as they take; none is broken."""
    lines: list[str] = []
    for number, item in enumerate(items):
        text = item + (separator.rstrip() if number + 1 < len(items) else "")
        if lines and fits(f"{lines[-1]} {text}", width):
            lines[-1] = f"{lines[-1]} {text}"
        else:
            lines.append(indent + text)
    return lines


def sentence(pieces: Iterable[str], indent: str, width: int | None) -> list[str]:
    """A sentence on as many lines as it takes, broken between words only. A piece in quotes or backticks counts as one word."""
    words: list[str] = []
    glued = False
    for piece in pieces:
        for word in [piece] if piece[:1] in "'\"`" else re.findall(_WORDS, piece):
            if glued and not word.isspace():
                words[-1] += word
            elif not word.isspace():
                words.append(word)
            glued = not word[-1:].isspace()
    lines: list[str] = []
    for word in words:
        text = word.rstrip()
        if lines and fits(f"{lines[-1]} {text}", width):
            lines[-1] = f"{lines[-1]} {text}"
        else:
            lines.append(indent + text)
    return lines
