"""What goes to stdout: data, which is UTF-8 wherever it goes, and views for people, in which a terminal may replace a sign."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from regsync.console.display import wiped
from regsync.console.runner import for_runner, goes_to_a_file, is_runner


def write_data(text: str, *, nl: bool = True) -> None:
    """Write a manifest, a document or a page to stdout as UTF-8, whatever encoding the terminal or a launcher asks for.

    In another encoding a name could become another, legal name. Line ends stay as they are, on every system.
    """
    if nl:
        text += "\n"
    if sys.stdout is None:
        return
    with wiped():
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None:
            click.echo(text, nl=False)
            return
        if is_runner() and not goes_to_a_file(sys.stdout):
            text = for_runner(text)
        sys.stdout.flush()
        buffer.write(text.encode("utf-8", "surrogateescape"))
        buffer.flush()


def write_view(text: str | Iterable[str], format_: str) -> None:
    """Write a view, or pieces of one: `text` is for people; JSON, Markdown, HTML and the like are data."""
    write = click.echo if format_ == "text" else write_data
    for piece in (text,) if isinstance(text, str) else text:
        write(piece, nl=False)
    write("")
