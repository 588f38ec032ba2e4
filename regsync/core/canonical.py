"""Canonical JSON and digests: one spelling for one value, so that equal plans are equal bytes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from regsync.core.long import Long, Told, as_list
from regsync.names import is_invisible

_AT_ONCE = 1000
"""Items of a long list, or entries of a long map, in one piece of text."""
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=as_list)
_PERHAPS_INVISIBLE = r"[^\x00-\x7e]"


def canonical_json(value: Any) -> str:
    """Keys sorted, no spaces, no NaN; what nobody can see is written as an escape. One line without a line end."""
    return escape_invisible(_ENCODER.encode(value))


def canonical_pieces(document: Mapping[str, Any], depth: int = 2) -> Iterator[str]:
    """The canonical JSON of a document, in pieces: of a large one, the whole text would take as much memory as the document."""
    keys = sorted(document)
    if depth == 1 and len(keys) > _AT_ONCE:
        for start in range(0, len(keys), _AT_ONCE):
            entries = canonical_json({key: document[key] for key in keys[start : start + _AT_ONCE]})
            yield f"{',' if start else '{'}{entries[1:-1]}"
        yield "}"
        return
    opening = "{"
    for key in keys:
        yield f"{opening}{canonical_json(key)}:"
        opening = ","
        value = document[key]
        if isinstance(value, dict) and value and depth > 1:
            yield from canonical_pieces(value, depth - 1)
        elif isinstance(value, list | Long) and len(value) > _AT_ONCE:
            for start in range(0, len(value), _AT_ONCE):
                items = _items(value, start, start + _AT_ONCE)
                yield f"{',' if start else '['}{items[1:-1]}"
            yield "]"
        else:
            yield canonical_json(value)
    yield "}" if document else "{}"


def _items(value: list[Any] | Long, start: int, end: int) -> str:
    if isinstance(value, Told):
        return value.written(start, end, canonical_json)
    return canonical_json(value[start:end])


def escape_invisible(text: str, highest: str = "\U0010ffff") -> str:
    """JSON text in which what nobody can see is written as an escape, up to the character `highest`.

    Above U+FFFF such an escape is a pair of surrogates, which JSON knows and YAML does not: what shall be read as YAML
    as well is escaped up to U+FFFF.
    """

    def spelled(found: re.Match[str]) -> str:
        character: str = found[0]
        return json.dumps(character)[1:-1] if is_invisible(character) and character <= highest else character

    plain = text.isascii() and "\x7f" not in text
    return text if plain else re.sub(_PERHAPS_INVISIBLE, spelled, text)


def digest_of(value: Any) -> str:
    """`sha256:` and the hexadecimal SHA-256 of the canonical JSON of `value`."""
    return "sha256:" + hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def document_digest(document: dict[str, Any]) -> str:
    """The digest of a plan or receipt over all of it but its own `digest`."""
    rest = {key: value for key, value in document.items() if key != "digest"}
    if not any(isinstance(value, list | dict | Long) and len(value) > _AT_ONCE for value in rest.values()):
        return digest_of(rest)
    found = hashlib.sha256()
    for piece in canonical_pieces(rest):
        found.update(piece.encode("utf-8", "surrogatepass"))
    return f"sha256:{found.hexdigest()}"
