"""Which view renders what: the same formats for every command that shows a plan or a receipt."""

from __future__ import annotations

from typing import Any

FORMATS = ["text", "json", "markdown", "html"]


def plan_view(document: dict[str, Any], format_: str, *, color: bool) -> str:
    """A plan document in one of `FORMATS`; without a line end."""
    if format_ == "text":
        from regsync.views.text import render_plan

        return render_plan(document, color=color)
    if format_ == "json":
        from regsync.core.canonical import canonical_json

        return canonical_json(document)
    if format_ == "markdown":
        from regsync.views.markdown import render_plan as render_markdown

        return render_markdown(document)
    from regsync.views.html import render_plan as render_html

    return render_html(document)


def receipt_view(document: dict[str, Any], format_: str, *, color: bool) -> str:
    """A receipt document in one of `FORMATS`; without a line end."""
    if format_ == "text":
        from regsync.views.text import render_receipt

        return render_receipt(document, color=color)
    if format_ == "json":
        from regsync.core.canonical import canonical_json

        return canonical_json(document)
    if format_ == "markdown":
        from regsync.views.markdown import render_receipt as render_markdown

        return render_markdown(document)
    from regsync.views.html import render_receipt as render_html

    return render_html(document)
