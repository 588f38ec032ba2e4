"""Drift for a terminal, as JSON, and as Markdown for an issue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from regsync.core.canonical import canonical_json
from regsync.core.plan import Plan
from regsync.core.plan_document import moved_json, operation_json
from regsync.diagnostics import counted
from regsync.looks.escape import plain
from regsync.planning.drift import Difference
from regsync.views.moved import WAYS_OUT, who_moved
from regsync.views.words import change, destination, place, verb

Json = dict[str, Any]


def drift_document(plan: Plan, found: Sequence[Difference]) -> Json:
    """What `drift --format json` prints."""
    return {
        "format": "regsync/drift/v1",
        "destination": plan.destination._asdict(),
        "manifest": {"digest": plan.manifest.digest, "commit": plan.manifest.commit},
        "in_sync": not found,
        "unchanged": plan.unchanged,
        "differences": [
            operation_json(item.operation)
            | {
                "moved": item.moved.value,
                "who": None if item.who is None else moved_json(item.who),
                "after_undo": item.after_undo,
            }
            for item in found
        ],
    }


def render_drift(document: Json, format_: str, *, color: bool) -> str:
    """The document in one of the formats text, json, markdown; without a line end."""
    if format_ == "json":
        return canonical_json(document)
    if format_ == "markdown":
        from regsync.views.markdown import render_drift as render_markdown

        return render_markdown(document)
    return _text(document, color=color)


def _text(document: Json, *, color: bool) -> str:
    def paint(text: str, foreground: str | None = None) -> str:
        safe = plain(text)
        return click.style(safe, fg=foreground) if color and foreground else safe

    found = document["differences"]
    if not found:
        unchanged = counted(document["unchanged"]["aliases"], "alias", "aliases")
        return paint(f"No drift: {destination(document)} is as declared ({unchanged} checked).", "green")
    lines = [paint(f"Drift between the manifests and {destination(document)}"), ""]
    for item in found:
        difference = change(item)
        lines.append(paint(f"  {item['address']}", "yellow"))
        lines.append(paint(f"      live:     {difference.old or 'not there'}"))
        lines.append(paint(f"      declared: {difference.new or 'not there'} ({place(item['reason'])})"))
        lines.append(paint(f"      to agree: {verb(item)}; {who_moved(item)}"))
    lines += ["", paint(f"{counted(len(found), 'difference')}. {WAYS_OUT}")]
    return "\n".join(lines)
