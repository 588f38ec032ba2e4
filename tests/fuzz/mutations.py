"""Inputs near to real ones: bytes that were damaged, and JSON documents in which single values are something else.

Chance is passed in: Hypothesis brings its own, and so does atheris.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from random import Random
from typing import Any

Path = tuple[str | int, ...]

CLEAR, BIDI, ZERO = "\x1b[2J\x1b]0;owned\x07", "prod\u202enoitcu", "a\u200bb"
PIECES = [
    *(b'"', b"'", b"{", b"}", b"[", b"]", b":", b",", b"\n", b"\r", b"\t", b"\x00", b"\xff", b"\xed\xa0\x80", b"\x85"),
    *(b"&a", b"*a", b"<<: *a", b"!!python/object/apply:os.system [id]", b"? ", b"- ", b"---\n", b"...\n", b"%YAML 1.1\n"),
    *(b"null", b"true", b"~", b"absent", b"1e999", b"9" * 400, b"0x7f", b"-0", b".inf", b"${team}", b"${", b"v1", b"latest"),
    *(CLEAR.encode(), BIDI.encode(), ZERO.encode(), b"\xef\xbb\xbf", b"\\ud800", b"../../etc", b"a/b/c:v0", b"[" * 300),
]  # fmt: skip
"""What readers stumble over."""
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 10**30, -(10**30), 0.5, 1e308, "", " ", "0", "absent", "latest", "v0", "v7"),
    *(CLEAR, BIDI, ZERO, "\ud800", "\x00", "x" * 5000, "../../etc/passwd", "a/b", ":", "op-1", "regsync/plan/v1"),
    *([], {}, [None], [[]], {"": {}}, ["production"], {"name": "model"}, {"description": None}),
]  # fmt: skip
"""What stands in place of a value."""
LENGTHS = [0, 0, 1, 1, 2, 7, 40, 300, 10_000]


def damaged(chance: Random, inputs: Sequence[bytes]) -> bytes:
    """One of the inputs, with a few pieces taken out, put in, doubled or replaced; now and then nothing but pieces."""
    if chance.randrange(12) == 0:
        return b"".join(chance.choice(PIECES) for _ in range(chance.randrange(12)))
    data = chance.choice(inputs)
    for _ in range(chance.randint(1, 4)):
        start = chance.randint(0, len(data))
        end = min(len(data), start + chance.choice(LENGTHS))
        piece = chance.choice([b"", data[start:end] * 2, chance.choice(PIECES), bytes([chance.randrange(256)])])
        data = data[:start] + piece + data[end:]
    return data


def altered(chance: Random, inputs: Sequence[bytes]) -> bytes:
    """One of the inputs (a JSON document, or one a line), with some of its values replaced, taken out or put in."""
    lines = chance.choice(inputs).split(b"\n")
    for _ in range(chance.randint(1, 3)):
        number = chance.randrange(len(lines))
        try:
            document = json.loads(lines[number])
        except (ValueError, RecursionError):
            continue
        lines[number] = json.dumps(_altered(chance, document)).encode()
    return b"\n".join(lines)


def _altered(chance: Random, document: Any) -> Any:
    paths = list(_paths(document))
    path = chance.choice(paths)
    # A copy of another part of the document is as near to right as wrong can be.
    value = chance.choice(VALUES) if chance.randrange(3) else deepcopy(_at(document, chance.choice(paths)))
    if not path:
        return value
    holder, key = _at(document, path[:-1]), path[-1]
    match chance.randrange(5), holder:
        case 0, _:
            del holder[key]
        case 1, list():
            holder.insert(key, value)
        case 1, _:
            holder[f"{key}x"] = value
        case _:
            holder[key] = value
    return document


def _paths(value: Any, here: Path = ()) -> Iterator[Path]:
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from _paths(each, (*here, key))


def _at(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document
