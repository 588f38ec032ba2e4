"""Lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from regsync.looks.escape import plain
from regsync.views.flowing import listed, sentence
from regsync.views.sentences import Part, pieces
from regsync.views.statements import Statement, Tone

TONES = {Tone.GOOD: "green", Tone.PLAIN: None, Tone.MILD: "yellow", Tone.BAD: "red"}
QUIET = "bright_black"


class Page:
    """The lines of a page. Whatever is put on it is escaped; it is coloured, or it is not."""

    def __init__(self, color: bool, width: int | None) -> None:
        self._color = color
        self.width = width
        self.lines: list[str] = []

    def line(self, text: str = "", foreground: str | None = None, *, bold: bool = False) -> None:
        safe = plain(text)
        self.lines.append(click.style(safe, fg=foreground, bold=bold) if self._color and (foreground or bold) else safe)

    def say(
        self, parts: Sequence[Part], foreground: str | None = None, *, indent: str = "", bold: bool = False
    ) -> None:
        for text in sentence(pieces(parts), indent, self.width):
            self.line(text, foreground, bold=bold)

    def items(self, items: Sequence[str], foreground: str | None = None, *, indent: str, separator: str = "; ") -> None:
        for text in listed(items, indent, self.width, separator):
            self.line(text, foreground)

    def statement(self, statement: Statement, *, bold: bool = False) -> None:
        self.say(statement.parts, TONES[statement.tone], bold=bold)

    def heading(self, text: str) -> None:
        if self.lines and self.lines[-1]:
            self.line()
        self.line(text, bold=True)

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def done(self) -> Iterator[str]:
        """The lines so far but the last, on which it depends how the next heading looks; they are gone from the page then."""
        yield from self.lines[:-1]
        del self.lines[:-1]
