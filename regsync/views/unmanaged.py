"""What nothing declares, in words; the same words in every view."""

from __future__ import annotations

from typing import Any

from regsync.core.unmanaged import holds

Json = dict[str, Any]


def in_brackets(item: Json) -> str:
    """What one thing of a document holds, as it stands behind its address."""
    words = holds(item["kind"], item["collections"], item["aliases"], item["protected"])
    return f" ({words})" if words else ""


def known_from(item: Json) -> str:
    """What tells that it was managed."""
    return f"declared in commit {item['commit'][:12]}" if item["commit"] else "managed by the last apply"


def render_unmanaged(document: Json) -> str:
    """For a terminal: a line for each."""
    from regsync.looks.escape import plain

    lines = [plain(item["address"] + in_brackets(item)) for item in document["unmanaged"]]
    return "\n".join(lines) if lines else "Everything that is live here is declared."
