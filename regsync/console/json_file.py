"""The JSON in a file that may be larger than the memory that its values would take: its long lists stay text (`core.long`).

The values are read by the standard library's decoder, one after the other; what is here finds where the next one begins.
"""

from __future__ import annotations

import json
from json.decoder import WHITESPACE  # type: ignore[attr-defined] # What the decoder itself skips.
from typing import Any, Final, NoReturn, TextIO

from regsync.core.long import PIECE, Packed

WINDOW = 1 << 20
"""Characters that are read at a time; more where one value is longer."""
_DEEP: Final = 3
"""Lists in the document itself and in what it holds directly may be long; those further inside are read whole."""
_CUT: Final = 3
"""Characters of a number that was cut may stand behind what is a number already: `1`, and `e+`."""


def no_constant(name: str) -> NoReturn:
    """For decoders of JSON, which would take NaN and infinities (`parse_constant=no_constant`)."""
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=no_constant)


class NotJsonError(ValueError):
    """From `character` on, counted from 1, it is no JSON."""

    def __init__(self, character: int) -> None:
        super().__init__(f"no JSON at character {character}")
        self.character = character


def load(file: TextIO, window: int = WINDOW) -> Any:
    """What `json.load` would give, with a `Packed` for each long list near the top.

    Raises `ValueError` (`NotJsonError` where the place is known), and `RecursionError` where it is nested too deep.
    """
    reader = _Reader(file, window)
    found = reader.value(_DEEP)
    if reader.peek():
        raise reader.wrong()
    return found


def _packed(texts: list[str]) -> bytes:
    return f"[{','.join(texts)}]".encode()


class _Reader:
    """A place in the text; `at` counts from the start of the part that is in memory."""

    def __init__(self, file: TextIO, window: int) -> None:
        self._file, self._window = file, window
        self._text, self._at = "", 0
        self._start = 0
        """Where the last whole value began."""
        self._before = 0
        """Characters of the file before the part that is in memory."""

    def value(self, deep: int) -> Any:
        """The next value, and go on behind it."""
        first = self.peek()
        if first == "{" and deep:
            return self._object(deep)
        if first == "[" and deep:
            return self._list()
        return self._whole()

    def peek(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            self._at = WHITESPACE.match(self._text, self._at).end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def wrong(self) -> NotJsonError:
        return NotJsonError(self._before + self._at + 1)

    def _more(self) -> bool:
        """Read on, at least as much as is at hand, so that a long value is not tried again and again."""
        rest = self._text[self._at :]
        read = self._file.read(max(self._window, len(rest)))
        if not read:
            return False
        self._before += self._at
        self._text, self._at = rest + read, 0
        return True

    def _whole(self) -> Any:
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise self.wrong() from error
                continue
            if end + _CUT > len(self._text) and self._more():
                continue  # A number may go on.
            self._start, self._at = self._at, end
            return found

    def _object(self, deep: int) -> dict[str, Any]:
        self._at += 1
        found: dict[str, Any] = {}
        goes_on = self.peek() != "}"
        if not goes_on:
            self._at += 1
        while goes_on:
            if self.peek() != '"':
                raise self.wrong()
            key = self._whole()
            if self.peek() != ":":
                raise self.wrong()
            self._at += 1
            found[key] = self.value(deep - 1)
            goes_on = self._goes_on("}")
        return found

    def _list(self) -> Any:
        self._at += 1
        few: list[Any] = []
        texts: list[str] = []
        pieces: list[bytes] = []
        goes_on = self.peek() != "]"
        if not goes_on:
            self._at += 1
        while goes_on:
            self.peek()
            few.append(self._whole())
            texts.append(self._text[self._start : self._at])
            goes_on = self._goes_on("]")
            if len(few) == PIECE and (goes_on or pieces):
                pieces.append(_packed(texts))
                few, texts = [], []
        if not pieces:
            return few
        return Packed([*pieces, _packed(texts)] if few else pieces, PIECE * len(pieces) + len(few))

    def _goes_on(self, closing: str) -> bool:
        """Whether another item comes, after one."""
        sign = self.peek()
        if sign not in {",", closing} or not sign:
            raise self.wrong()
        self._at += 1
        return sign == ","
