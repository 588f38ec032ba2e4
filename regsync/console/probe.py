"""What `doctor --probe` asks, and the table that it shows."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from regsync.diagnostics import RegsyncError
from regsync.looks.escape import plain
from regsync.version import __version__

if TYPE_CHECKING:
    from regsync.backends.checkup import Probed

FORMAT = "regsync/probe/v1"
_STATES = {True: "as assumed", False: "differs", None: "not known"}


def approve(registry: str, server: str, organization: str) -> None:
    """Ask before anything is written. Raises `RegsyncError` where the answer is not yes, or nobody can be asked."""
    click.echo(
        f"The probe makes a registry {plain(registry)!r} in {plain(organization)} on {plain(server)}, links two versions into it, adds "
        "and removes a team as its member, and deletes it again. Automations on the whole organization may start.",
        err=True,
    )
    if sys.stdin is None or not sys.stdin.isatty():
        raise RegsyncError(
            "there is no terminal to ask on; nothing was changed", "add --auto-approve", code="not-approved"
        )
    try:
        answer: str = click.prompt("Go on? Only 'yes' will do it", default="no", err=True)
    except click.Abort:
        answer = "no"
    if answer.strip() != "yes":
        raise RegsyncError("not approved; nothing was changed", code="not-approved")


@contextmanager
def stop_on_signal(say: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM ask for a stop after the request under way; however often they come, the registry is deleted first."""
    requested = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal requested
        requested = True
        say("stopping; the throw-away registry is deleted first")

    previous = {watched: signal.signal(watched, on_signal) for watched in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: requested
    finally:
        for watched, handler in previous.items():
            signal.signal(watched, handler)


def probe_document(probed: Probed) -> dict[str, Any]:
    """What can be posted: no name and no key is in it."""
    return {
        "format": FORMAT,
        "tool_version": __version__,
        "complete": not probed.stopped and all(row.as_assumed is not None for row in probed.rows),
        "left_behind": bool(probed.left),
        "rows": [
            {
                "assumption": row.assumption,
                "text": row.text,
                "result": _STATES[row.as_assumed],
                "server": row.server,
                "regsync": row.regsync,
            }
            for row in probed.rows
        ],
    }


def probe_json(document: dict[str, Any]) -> str:
    """The document as JSON."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def probe_table(document: dict[str, Any], *, color: bool) -> str:
    """The document as a table, as wide as the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_lines=True)
    for heading in ("", "assumption", "what this server does", "what regsync does where it differs"):
        table.add_column(heading, overflow="fold", no_wrap=not heading)
    styles = {"as assumed": "green", "differs": "red", "not known": "yellow"}
    for row in document["rows"]:
        cells = [Text(plain(row[name])) for name in ("text", "server", "regsync")]
        table.add_row(Text(row["result"], styles[row["result"]]), *cells)
    shown = StringIO()
    width = max(80, min(160, shutil.get_terminal_size((120, 24)).columns))
    Console(file=shown, width=width, force_terminal=color, no_color=not color, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in shown.getvalue().splitlines()).strip("\n")
