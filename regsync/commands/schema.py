"""`regsync schema`: the published JSON schemas."""

from __future__ import annotations

import click

from regsync.console.output import write_data
from regsync.schema_files import SCHEMAS


@click.command("schema")
@click.argument("document", type=click.Choice(list(SCHEMAS)))
def command(document: str) -> None:
    """Print the JSON schema of manifests, plans, receipts or what `doctor --probe` prints, for editors and other tools."""
    from regsync.schema_files import schema_text

    write_data(schema_text(document), nl=False)
