"""An explanation for a terminal."""

from __future__ import annotations

import click

from regsync.core.plan_document import operation_json
from regsync.looks.escape import plain
from regsync.planning.why import Explanation
from regsync.views.words import change, verb


def render_explanation(explanation: Explanation, *, color: bool) -> str:
    """A few aligned lines, without a line end."""
    lock = " 🔒 protected" if explanation.protected else ""
    head = plain(f"{explanation.address}{lock}")
    lines = [click.style(head, bold=True) if color else head]
    where = f" ({explanation.position})" if explanation.position else ""
    rows = [
        ("manifest", f"{explanation.declared or 'not declared'}{where}"),
        ("live", explanation.live or "not there, or not read: nothing declared needs it"),
        ("rule", explanation.rule),
    ]
    for operation in explanation.operations:
        data = operation_json(operation)
        words = " → ".join(part for part in change(data) if part)
        rows.append(("plan", f"{verb(data)} {data['address']}  {words}"))
    lines += [f"  {name:<10}{plain(text)}" for name, text in rows]
    return "\n".join(lines)
