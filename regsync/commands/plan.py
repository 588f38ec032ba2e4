"""`regsync plan`: read, compare, show. Never writes to the registry."""

from __future__ import annotations

from pathlib import Path

import click

from regsync.console.context import Settings, keep, pass_settings
from regsync.console.evidence import receipt_option
from regsync.console.files import check_output, is_saved_plan
from regsync.console.options import ManifestArguments, format_option, manifest_arguments
from regsync.console.selection import SelectionArguments, selection_options
from regsync.console.shown import FORMATS, compact_option, limit_option, say_next, write_plan
from regsync.stages import stage


@click.command("plan")
@manifest_arguments(required=False)
@selection_options
@click.option("-o", "--out", metavar="FILE", type=click.Path(path_type=Path), help="Save the plan, for apply and show.")
@format_option(FORMATS)
@compact_option
@limit_option
@receipt_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 where there are changes, 0 where there are none.")
@pass_settings
def command(
    settings: Settings,
    manifests: ManifestArguments,
    selection: SelectionArguments,
    out: Path | None,
    format_: str,
    compact: bool,
    limit: int,
    receipts: tuple[Path, ...],
    detailed_exitcode: bool,
) -> int:
    """Show what would change to make live as the manifests declare.

    Exit codes: 0 done; 1 error; 2 there are changes (with --detailed-exitcode); 3 a hazard that nobody consented to.
    """
    from regsync.console.evidence import known_receipts
    from regsync.core.plan_document import document_text, plan_document, shown_document
    from regsync.planning.making import plan_manifests

    _check_no_saved_plan(manifests)
    loaded = manifests.load(settings.organization)
    check_output(settings, out, (Path(file.path) for file in loaded.files))
    with settings.reader(loaded.desired.organization) as reader:
        planned = plan_manifests(loaded, reader, selection.selection(), receipts=known_receipts(receipts))
        keep(loaded, planned)
    with stage("writing the plan"):
        document = plan_document(planned.plan) if out is not None or format_ != "text" else shown_document(planned.plan)
        if out is not None:
            from regsync.execution.files import write_whole

            write_whole(out, document_text(document))
    if out is not None or format_ == "json":
        from regsync.execution.state import StateDir

        StateDir().note_planned(document["digest"])
    color = settings.use_color()
    write_plan(document, format_, color=color, limit=limit, compact=compact)
    say_next(settings, document, out)
    if not planned.plan.applyable:
        settings.say("not applyable: see the hazards above for the consent that would allow it")
        return 3
    return 2 if detailed_exitcode and planned.plan.operations else 0


def _check_no_saved_plan(manifests: ManifestArguments) -> None:
    """Say what `plan plan.json` was probably meant to be."""
    from regsync.diagnostics import RegsyncError

    for path in manifests.paths:
        if is_saved_plan(path):
            raise RegsyncError(
                f"{path} is a saved plan, not a manifest",
                f"regsync show {path} shows it, and regsync apply {path} carries it out",
                code="a-saved-plan",
            )
