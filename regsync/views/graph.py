"""The operations of a plan document and what each waits for, as a graph: Mermaid (GitHub and GitLab draw it) or DOT."""

from __future__ import annotations

from typing import Any

from regsync.looks.escape import plain
from regsync.views.words import SYMBOLS, Effect, change, effect, verb

Json = dict[str, Any]

MERMAID_MOST_EDGES = 500
"""Mermaid draws no more arrows than this unless told otherwise (its setting `maxEdges`)."""
_LONGEST = 80
_COLORS = {Effect.ADD: "#2da44e", Effect.CHANGE: "#bf8700", Effect.REMOVE: "#cf222e"}
_SAFE = frozenset(" -_./:,()+~=")


def edges(document: Json) -> list[tuple[str, str]]:
    """Pairs of operation ids, (first, then), in the order of the plan."""
    return [(first, each["id"]) for each in document["operations"] for first in each["depends_on"]]


def mermaid(document: Json) -> str:
    """A Mermaid flowchart. Names from strangers are written as character codes where Mermaid or HTML would act on them."""
    lines = ["flowchart TD"]
    for operation in document["operations"]:
        label = "<br/>".join(_mermaid_text(line) for line in _label(operation))
        lines.append(f'  {_mermaid_id(operation["id"])}["{label}"]:::{effect(operation)}')
    lines += [f"  {_mermaid_id(first)} --> {_mermaid_id(then)}" for first, then in edges(document)]
    if not document["operations"]:
        lines.append('  none["No changes"]')
    lines += [f"  classDef {kind} stroke:{color},stroke-width:2px" for kind, color in _COLORS.items()]
    return "\n".join(lines) + "\n"


def dot(document: Json) -> str:
    """A Graphviz digraph."""
    lines = ["digraph plan {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    for operation in document["operations"]:
        label = "\\n".join(_dot_text(line) for line in _label(operation))
        lines.append(f'  "{_dot_text(operation["id"])}" [label="{label}", color="{_COLORS[effect(operation)]}"];')
    lines += [f'  "{_dot_text(first)}" -> "{_dot_text(then)}";' for first, then in edges(document)]
    if not document["operations"]:
        lines.append('  none [label="No changes"];')
    return "\n".join([*lines, "}"]) + "\n"


def _label(operation: Json) -> list[str]:
    """What it does, to what, from what to what."""
    lock = " (protected)" if operation["protected"] else ""
    lines = [f"{SYMBOLS[effect(operation)]} {verb(operation)}{lock}", operation["address"]]
    words = change(operation)
    if words.old or words.new:
        lines.append(" to ".join(part for part in (words.old, words.new) if part))
    return [line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…" for line in map(plain, lines)]


def _mermaid_id(name: str) -> str:
    return "".join(character for character in name if character.isascii() and character.isalnum())


def _mermaid_text(text: str) -> str:
    return "".join(char if char.isalnum() or char in _SAFE else f"#{ord(char)};" for char in text)


def _dot_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
