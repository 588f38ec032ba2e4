"""Which view renders what: the same formats for every command that shows a plan or a receipt."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TextIO, TypeVar

import click

from regsync.console.context import Settings
from regsync.console.output import write_view
from regsync.stages import stage

if TYPE_CHECKING:
    from regsync.views.statements import Statement

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


def compact_option(function: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--compact`; the function gets it as `compact: bool`."""
    return click.option("--compact", is_flag=True, help="As text: one line an operation, and nothing about versions.")(
        function
    )


def width_of(stream: TextIO | None) -> int | None:
    """The columns of the terminal that a stream goes to; None for a file or a pipe, where lines may be of any length."""
    if stream is not None and stream.isatty():
        import shutil

        return max(20, shutil.get_terminal_size().columns)
    return None


_LINES = 1000
"""Lines of text in one piece."""


@stage("showing the plan")
def plan_view(document: dict[str, Any], *, color: bool) -> str:
    """A plan document as text for stderr, without a line end."""
    return "".join(plan_pieces(document, "text", color=color, err=True))


def write_plan(
    document: dict[str, Any], format_: str, *, color: bool, limit: int = LIMIT, compact: bool = False
) -> None:
    """Write a plan document to stdout in one of `FORMATS`, piece by piece: the whole text of a plan of a million bindings would take
    as much memory as the plan.
    """
    pieces = plan_pieces(document, format_, color=color, limit=limit, compact=compact)
    # On a terminal the plan itself is seen to grow, and a bar would stand in the middle of it.
    with nullcontext() if sys.stdout is None or sys.stdout.isatty() else stage("showing the plan"):
        write_view(pieces, format_)


def plan_pieces(
    document: dict[str, Any],
    format_: str,
    *,
    color: bool,
    limit: int = LIMIT,
    compact: bool = False,
    err: bool = False,
) -> Iterator[str]:
    """A plan document in one of `FORMATS`, in pieces; without a line end. Only Markdown is cut, to `limit` characters.

    `err`: it will be shown on stderr.
    """
    if format_ == "text":
        from regsync.views.text import plan_lines

        width = width_of(sys.stderr if err else sys.stdout)
        lines = plan_lines(document, color=color, width=width, compact=compact)
        yield next(lines)
        while some := list(islice(lines, _LINES)):
            yield "\n" + "\n".join(some)
    elif format_ == "json":
        from regsync.core.canonical import canonical_pieces

        yield from canonical_pieces(document)
    else:
        yield _plan_page(document, format_, limit)


def _plan_page(document: dict[str, Any], format_: str, limit: int) -> str:
    if format_ == "markdown":
        from regsync.views.markdown import render_plan as render_markdown

        return render_markdown(document, limit=limit)
    from regsync.views.html import render_plan as render_html

    return render_html(document)


def say_next(settings: Settings, document: dict[str, Any], saved: Path | None) -> None:
    """Say after a plan what comes next, where a terminal still shows it. `saved`: the file that it was saved to."""
    from regsync.views.statements import next_step

    if saved is not None:
        settings.say_plainly(f"plan saved to {saved}")
    _say(settings, next_step(document, str(saved) if saved else None))


def say_way_back(settings: Settings, document: dict[str, Any], receipt: Path | None) -> None:
    """Say after an apply where its receipt is, and how it is taken back."""
    from regsync.views.statements import way_back

    if receipt is not None:
        settings.say_plainly(f"receipt: {receipt}")
    _say(settings, way_back(document, str(receipt) if receipt else None))


def _say(settings: Settings, statement: Statement | None) -> None:
    from regsync.views.text import render_statement

    if statement is not None:
        settings.say(render_statement(statement, color=settings.use_color(err=True), width=width_of(sys.stderr)))


def receipt_view(document: dict[str, Any], format_: str, *, color: bool, limit: int = LIMIT) -> str:
    """A receipt document in one of `FORMATS`; without a line end. Only Markdown is cut, to `limit` characters."""
    if format_ == "text":
        from regsync.views.text import render_receipt

        return render_receipt(document, color=color, width=width_of(sys.stdout))
    if format_ == "json":
        from regsync.core.canonical import canonical_json

        return canonical_json(document)
    if format_ == "markdown":
        from regsync.views.markdown import render_receipt as render_markdown

        return render_markdown(document, limit=limit)
    from regsync.views.html import render_receipt as render_html

    return render_html(document)
