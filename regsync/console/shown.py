"""Which view renders what: the same formats for every command that shows a plan or a receipt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")

FORMATS = ["text", "json", "markdown", "html"]


LIMIT = 65_536
"""Characters of Markdown, unless told otherwise: what GitHub takes as a comment."""


def limit_option(function: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--limit`; the function gets it as `limit: int`."""
    return click.option(
        "--limit",
        metavar="N",
        type=click.IntRange(min=1),
        default=LIMIT,
        show_default=True,
        help="Cut Markdown to N characters, the least important first. GitLab takes 1000000.",
    )(function)


def plan_view(document: dict[str, Any], format_: str, *, color: bool, limit: int = LIMIT) -> str:
    """A plan document in one of `FORMATS`; without a line end. Only Markdown is cut, to `limit` characters."""
    if format_ == "text":
        from regsync.views.text import render_plan

        return render_plan(document, color=color)
    if format_ == "json":
        from regsync.core.canonical import canonical_json

        return canonical_json(document)
    if format_ == "markdown":
        from regsync.views.markdown import render_plan as render_markdown

        return render_markdown(document, limit=limit)
    from regsync.views.html import render_plan as render_html

    return render_html(document)


def receipt_view(document: dict[str, Any], format_: str, *, color: bool, limit: int = LIMIT) -> str:
    """A receipt document in one of `FORMATS`; without a line end. Only Markdown is cut, to `limit` characters."""
    if format_ == "text":
        from regsync.views.text import render_receipt

        return render_receipt(document, color=color)
    if format_ == "json":
        from regsync.core.canonical import canonical_json

        return canonical_json(document)
    if format_ == "markdown":
        from regsync.views.markdown import render_receipt as render_markdown

        return render_markdown(document, limit=limit)
    from regsync.views.html import render_receipt as render_html

    return render_html(document)
