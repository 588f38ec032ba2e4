"""`regsync receipts`: what was applied from this working copy."""

from __future__ import annotations

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.options import format_option
from regsync.console.output import write_view


@click.command("receipts")
@format_option(["text", "json"])
@pass_settings
def command(settings: Settings, format_: str) -> None:
    """List the receipts in the state folder, newest first: when, how it ended, what it did, and the file.

    `regsync show FILE` shows one, `regsync undo FILE` takes it back, `regsync undo --last` the newest.
    """
    from regsync.core.canonical import canonical_json
    from regsync.execution.state import StateDir
    from regsync.views.receipts import receipts_document, render_receipts

    state = StateDir()
    document = receipts_document([(each.path, each.document) for each in reversed(state.applied())])
    if format_ == "json":
        write_view(canonical_json(document), format_)
    elif document["receipts"]:
        write_view(render_receipts(document), format_)
    else:
        settings.say_plainly(f"there is no receipt in {state.receipts}: nothing was applied from here")
