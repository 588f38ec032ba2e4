"""Canonical JSON and digests: one spelling for one value, so that equal plans are equal bytes."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """Keys sorted, no spaces, no escapes but those that JSON requires, no NaN. One line without a line end."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(value: Any) -> str:
    """`sha256:` and the hexadecimal SHA-256 of the canonical JSON of `value`."""
    return "sha256:" + hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def document_digest(document: dict[str, Any]) -> str:
    """The digest of a plan or receipt over all of it but its own `digest`."""
    return digest_of({key: value for key, value in document.items() if key != "digest"})
