"""Making text from strangers harmless: names, descriptions and metadata are written by whoever may log an artifact."""

from __future__ import annotations

from regsync.names import is_invisible

_VISIBLE = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def plain(text: str, *, keep_lines: bool = False) -> str:
    r"""`text` with everything that a terminal would obey or hide written out: escape codes, bidirectional marks, line ends.

    >>> plain("prod\x1b[2Juction")
    'prod\\x1b[2Juction'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if keep_lines and character == "\n" else _shown(character) for character in text)


def _shown(character: str) -> str:
    if not is_invisible(character):
        return character
    if character in _VISIBLE:
        return _VISIBLE[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
