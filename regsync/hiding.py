"""Secrets stay out of what is shown: whoever holds one says so here, and text of others passes here before it is cut.

Kept for the whole process, so that no path of an error can forget one. A server (or a proxy, or whoever stands between) may
send a key back in another form, in pieces, or cut; so it is looked for in the usual encodings, whatever stands between its
letters, and by any long enough part of it. It hides a secret from readers of logs, not from a server that wants to leak it.
"""

from __future__ import annotations

import base64
import codecs
from collections import defaultdict
from collections.abc import Iterable, Iterator

HIDDEN = "[hidden]"
PART = 16
"""Letters and digits: this much of a secret, or of an encoded form of it, is hidden; so is a shorter one that is whole."""
SHORTEST = 8
"""What is shorter is no key: any text would be full of it."""

_parts: dict[int, set[str]] = defaultdict(set)
"""By length, all parts of that length of all secrets, in small letters and without anything but letters and digits."""
_whole: set[str] = set()


def remember(*secrets: str) -> None:
    """From now on `hide` takes these out of any text."""
    for secret in secrets:
        if len(secret) >= SHORTEST and secret not in _whole:
            _whole.add(secret)
            for form in _forms(secret):
                letters = "".join(character for _, character in _letters(form))
                if letters:
                    size = min(PART, len(letters))
                    _parts[size].update(letters[at : at + size] for at in range(len(letters) - size + 1))


def hide(text: str) -> str:
    """`text` without any secret that was remembered. Call it before text is cut: a part of a key may be one too short to be found."""
    for secret in _whole:
        text = text.replace(secret, HIDDEN)
    found = list(_letters(text)) if _parts else []
    letters = "".join(character for _, character in found)
    covered = sorted(
        (found[at][0], found[at + size - 1][0] + 1)
        for size, parts in _parts.items()
        for at in range(len(letters) - size + 1)
        if letters[at : at + size] in parts
    )
    return "".join(_without(text, covered))


def _without(text: str, covered: Iterable[tuple[int, int]]) -> Iterator[str]:
    done = 0
    for start, end in covered:
        if start > done or (start == done == 0):
            yield text[done:start]
            yield HIDDEN
        done = max(done, end)
    yield text[done:]


def _letters(text: str) -> Iterator[tuple[int, str]]:
    """ASCII letters and digits with their places, in small letters."""
    return ((at, each.lower()) for at, each in enumerate(text) if each.isascii() and each.isalnum())


def _forms(secret: str) -> Iterator[str]:
    """The secret as it is and as others may write it: backwards, in base 64, 32 and 16, and as escapes of several languages."""
    raw = secret.encode()
    yield secret
    yield secret[::-1]
    yield codecs.encode(secret, "rot13")
    yield raw.hex()
    yield "".join(f"x{each:02x}" for each in raw)
    yield "".join(f"u{ord(each):04x}" for each in secret)
    yield "".join(f"x{ord(each):x}" for each in secret)
    yield "".join(str(each) for each in raw)
    yield "".join(f"{each:03o}" for each in raw)
    for size, encode in ((3, base64.b64encode), (5, base64.b32encode)):
        for before in range(size):
            # What stands before it shifts the bits; the first and the last letters depend on the neighbours too.
            whole = encode(b"\0" * before + raw).decode().rstrip("=")
            yield whole[-(-before * 8 // (6 if size == 3 else 5)) : -1]
