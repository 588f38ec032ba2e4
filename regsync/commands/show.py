"""`regsync show`: a saved plan or a receipt, rendered."""

from __future__ import annotations

from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.files import check_shape, read_document
from regsync.console.options import format_option
from regsync.console.output import write_view
from regsync.console.shown import FORMATS, compact_option, limit_option, receipt_view, write_plan
from regsync.stages import stage


@click.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@format_option(FORMATS)
@compact_option
@limit_option
@pass_settings
def command(settings: Settings, file: Path, format_: str, compact: bool, limit: int) -> int:
    """Show a saved plan or a receipt."""
    from regsync.core.plan_reading import decode_plan
    from regsync.execution.receipt import RECEIPT_FORMAT, decode_receipt_operations

    document = read_document(file)
    color = settings.use_color()
    if isinstance(document, dict) and str(document.get("format", "")).startswith(RECEIPT_FORMAT.rpartition("/")[0]):
        decode_receipt_operations(document)
        check_shape(document, "receipt")
        write_view(receipt_view(document, format_, color=color, limit=limit), format_)
    else:
        with stage("checking the plan"):
            decode_plan(document)
            check_shape(document, "plan")
        write_plan(document, format_, color=color, limit=limit, compact=compact)
    return 0
