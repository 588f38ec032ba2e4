"""Making text from strangers harmless: names, descriptions and metadata are written by whoever may log an artifact."""

from __future__ import annotations

import re
from functools import lru_cache

from regsync.names import is_invisible

_PERHAPS = re.compile(r"[^ -~]")
"""What may be invisible: of ASCII, what is no letter, digit, sign or space."""
_VISIBLE = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def plain(text: str, *, keep_lines: bool = False) -> str:
    r"""`text` with everything that a terminal would obey or hide written out: escape codes, bidirectional marks, line ends.

    >>> plain("prod\x1b[2Juction")
    'prod\\x1b[2Juction'
    """
    return _PERHAPS.sub(lambda found: found[0] if keep_lines and found[0] == "\n" else _shown(found[0]), text)


@lru_cache(maxsize=1024)
def _shown(character: str) -> str:
    if not is_invisible(character):
        return character
    if character in _VISIBLE:
        return _VISIBLE[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
