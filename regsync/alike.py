"""Names that people take for one another: what they have in common, and how they differ."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_QUOTES = "'\"`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u300c\u300d"
_DASHES = "[-_\u2010-\u2015\u2212\ufe58\ufe63\uff0d\\s]+"
_DASHES_IN_ASCII = re.compile(r"[-_\s]+")
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_LETTER = re.compile(r"[^\W\d_]")
_UNSEEN = "[\u00ad\u034f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]"
_LETTERS = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u051d\u03b1\u03bf\u03c1\u03c5\u03bd\u03b9\u0131",
    "aeopcyxijsdqwaopuvii",
)
"""Cyrillic and Greek small letters that are drawn as Latin ones."""


@lru_cache(maxsize=4096)
def alike_key(name: str) -> str:
    """The same for names that differ only in what is easily overlooked: case, spaces and dashes, quotes, look-alike letters and
    digits. Numbers stay what they are: `v1-12` is not `v11-2`.

    >>> alike_key("Fraud_Detector ") == alike_key("fraud-detector")
    True
    """
    if name.isdecimal():
        return name
    if name.isascii() and name.isalnum():
        return name.lower().replace("0", "o").replace("1", "l")
    text = name.lower() if name.isascii() else _in_latin(name)
    text = text.strip(_QUOTES + " \t\u3000").strip()
    text = _DASHES_IN_ASCII.sub("-", text) if text.isascii() else re.sub(_DASHES, "-", text)
    text = text.strip("-") or name
    text = _BETWEEN_LETTERS.sub("", text)
    return text.replace("0", "o").replace("1", "l") if _LETTER.search(text) else text


def _in_latin(name: str) -> str:
    """In small letters, Latin ones where they look so; of a name in ASCII it would make what `lower` makes."""
    return re.sub(_UNSEEN, "", unicodedata.normalize("NFKC", name)).casefold().translate(_LETTERS)


def is_slip(one: str, other: str) -> bool:
    """Whether two names differ by one slip of the finger: a letter too many, another letter, two letters swapped.

    In names of five letters and more; and not where a letter stands alone, which tells variants apart.

    >>> is_slip("prodction", "production"), is_slip("model-a", "model-b"), is_slip("v1-eu", "v1-us")
    (True, False, False)
    """
    short, long = sorted((one.casefold(), other.casefold()), key=len)
    if len(short) < 5 or len(long) - len(short) > 1 or short == long:
        return False
    start = _same(short, long)
    end = _same(short[start:][::-1], long[start:][::-1])
    left, right = short[start : len(short) - end], long[start : len(long) - end]
    if not (left + right).isalpha() or len(right) > 2 or (len(right) == 2 and left != right[::-1]):
        return False
    around = long[max(start - 1, 0) : len(long) - end + 1]
    return len(right) == 2 or (around != right and around.isalpha())


def _same(short: str, long: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(short, long, strict=False))
    return next((at for at, (one, other) in pairs if one != other), len(short))


def difference(one: str, other: str) -> str:
    """How two names that people take for one another differ, as the end of a sentence about both."""
    if is_slip(one, other):
        return "differ in one letter, or in two that are swapped"
    if one.casefold() == other.casefold():
        return "differ in case only"
    if one.split() == other.split() or "".join(one.split()) == "".join(other.split()):
        return "differ in spaces only"
    if one.strip(_QUOTES + " ") == other.strip(_QUOTES + " "):
        return "differ in quotes only"
    if re.sub(_DASHES, "", one) == re.sub(_DASHES, "", other):
        return "differ in spaces, dashes and underscores only"
    return "look alike"


_SPACES = r"^\s|\s$|\s\s"


def odd_ends(name: str) -> str | None:
    """What at the ends of a name (or in its spaces) was probably pasted along with it, as the end of a sentence; else None."""
    if re.search(_SPACES, name):
        return "starts or ends with a space, or has two in a row"
    if len(name) > 1 and name[0] in _QUOTES and name[-1] in _QUOTES:
        return "has quotes around it that are part of the name"
    if not name.isascii() and (name[0] in _QUOTES or name[-1] in _QUOTES):
        return "has a typographic quote at its end, as word processors write them"
    return None
