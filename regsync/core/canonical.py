"""Canonical JSON and digests: one spelling for one value, so that equal plans are equal bytes."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from regsync.names import is_invisible

_BEYOND_ASCII = re.compile(r"[^\x00-\x7e]")


def canonical_json(value: Any) -> str:
    """Keys sorted, no spaces, no NaN; what nobody can see is written as an escape. One line without a line end."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text if text.isascii() else _BEYOND_ASCII.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    character: str = found[0]
    return json.dumps(character)[1:-1] if is_invisible(character) else character


def digest_of(value: Any) -> str:
    """`sha256:` and the hexadecimal SHA-256 of the canonical JSON of `value`."""
    return "sha256:" + hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def document_digest(document: dict[str, Any]) -> str:
    """The digest of a plan or receipt over all of it but its own `digest`."""
    return digest_of({key: value for key, value in document.items() if key != "digest"})
