"""`regsync apply`: a saved plan, exactly; or manifests, planned, shown, confirmed and carried out."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from regsync.console.context import Settings, pass_settings, shown_error
from regsync.console.expecting import check_manifests, taken_over
from regsync.console.files import check_output, is_saved_plan, read_document
from regsync.console.options import ManifestArguments, format_option, manifest_arguments
from regsync.console.output import write_data, write_view
from regsync.console.selection import SelectionArguments, selection_options
from regsync.console.shown import FORMATS, plan_view, receipt_view, say_way_back
from regsync.diagnostics import RegsyncError, counted
from regsync.stages import stage

if TYPE_CHECKING:
    from regsync.backends.base import Writer
    from regsync.core.plan import Plan, Selection
    from regsync.execution.again import Declared
    from regsync.execution.receipt import Receipt
    from regsync.manifest.reading.load import Loaded
    from regsync.planning.making import Planned


@click.command("apply")
@manifest_arguments(required=False)
@selection_options
@click.option("--auto-approve", is_flag=True, help="Do not ask. For manifests only; a saved plan is approved already.")
@click.option(
    "--expect-manifests",
    "expected",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="For a saved plan: plan again from these manifests, with the --overlay, --var, --var-file and --allow given here, and "
    "refuse (exit 5) where an operation is not as in the plan. Repeatable.",
)
@click.option(
    "--any-user",
    is_flag=True,
    help="Accept a saved plan that another user made, for example with a read-only key. Both must see the same live state.",
)
@click.option("--receipt", metavar="FILE", type=click.Path(path_type=Path), help="Write the receipt here as well.")
@format_option(FORMATS, help="How to show the receipt.")
@pass_settings
def command(
    settings: Settings,
    manifests: ManifestArguments,
    selection: SelectionArguments,
    auto_approve: bool,
    expected: tuple[Path, ...],
    any_user: bool,
    receipt: Path | None,
    format_: str,
) -> int:
    """Carry out a saved plan (FILE.json) exactly, or plan and carry out manifests (PATH...).

    Exit codes: 0 done, or nothing to do; 1 error; 3 refused for safety; 4 applied in part; 5 stale plan.
    Run the same command again to finish what was cut short.
    """
    declared = replace(manifests, paths=expected) if expected else None
    saved = _saved_plan(manifests, expecting=declared is not None)
    if saved is not None:
        return _apply_saved(settings, saved, selection, declared, receipt, format_, any_user=any_user)
    if declared is not None:
        raise click.UsageError("--expect-manifests goes with a saved plan (FILE.json)")
    if any_user:
        raise click.UsageError("--any-user goes with a saved plan (FILE.json)")
    return _apply_manifests(settings, manifests, selection, auto_approve, receipt, format_)


def _saved_plan(manifests: ManifestArguments, *, expecting: bool) -> Path | None:
    json_files = [path for path in manifests.paths if is_saved_plan(path)]
    if not json_files:
        return None
    inputs = manifests.overlays or manifests.variables or manifests.variable_files
    if len(manifests.paths) > 1 or (inputs and not expecting):
        raise click.UsageError("a saved plan stands alone: give one FILE.json and no other files or variables")
    return json_files[0]


def _apply_saved(
    settings: Settings,
    path: Path,
    selection: SelectionArguments,
    declared: ManifestArguments | None,
    receipt: Path | None,
    format_: str,
    *,
    any_user: bool,
) -> int:
    from regsync.core.plan_reading import decode_plan
    from regsync.execution.again import Declared

    if selection.targets or selection.excludes or selection.shard or (selection.allow and declared is None):
        raise click.UsageError(
            "a saved plan is applied as it was reviewed: --target, --exclude, --shard and --allow go to plan"
        )
    check_output(settings, receipt, [path])
    document = read_document(path)
    with stage("checking the plan"):
        plan = decode_plan(document)
    expected = None
    if declared is not None:
        loaded = declared.load(settings.organization)
        check_manifests(plan, loaded)
        expected = Declared(loaded.desired, selection.selection().allow)
    organization = settings.organization or plan.destination.organization
    with settings.writer(organization) as writer:
        if any_user:
            plan = taken_over(plan, writer.destination(), settings.say)
        return _carry_out(settings, plan, writer, receipt, format_, expected, saved=True)


def _apply_manifests(
    settings: Settings,
    manifests: ManifestArguments,
    selection: SelectionArguments,
    auto_approve: bool,
    receipt: Path | None,
    format_: str,
) -> int:
    from regsync.core.plan_document import shown_document
    from regsync.execution.again import Declared
    from regsync.execution.execute import check_applyable

    loaded = manifests.load(settings.organization)
    check_output(settings, receipt, (Path(file.path) for file in loaded.files))
    with settings.writer(loaded.desired.organization) as writer:
        planned = _plan_or_go_on(loaded, writer, selection.selection())
        if not (auto_approve and settings.quiet):
            shown = plan_view(shown_document(planned.plan), color=settings.use_color(err=True))
            if auto_approve:
                settings.say(shown)
            else:
                click.echo(shown, err=True)  # Nobody is asked about a plan that they were not shown.
        check_applyable(planned.plan)
        if planned.plan.operations and not auto_approve and not _approved(len(planned.plan.operations)):
            raise RegsyncError("not approved; nothing was changed", code="not-approved")
        expected = Declared(loaded.desired, planned.plan.selection.allow)
        return _carry_out(settings, planned.plan, writer, receipt, format_, expected, saved=False)


def _plan_or_go_on(loaded: Loaded, writer: Writer, selection: Selection) -> Planned:
    """The plan. Where an interrupted run of these manifests has made links, `latest` may stand where nobody had to be asked
    about it: what that run began is no hazard of the one that finishes it."""
    from regsync.console.evidence import known_receipts
    from regsync.core.desired import HazardName
    from regsync.execution.state import StateDir
    from regsync.planning.making import plan_manifests

    planned = plan_manifests(loaded, writer, selection, receipts=known_receipts(()))
    if any(hazard.name is HazardName.LATEST_MOVES and not hazard.consented for hazard in planned.plan.hazards):
        begun = StateDir().begun_links(planned.plan.destination, loaded.digest)
        if begun:
            return plan_manifests(loaded, writer, selection, begun, known_receipts(()))
    return planned


def _approved(number: int) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        raise RegsyncError(
            "there is no terminal to ask on; nothing was changed",
            "add --auto-approve, or save a plan with `regsync plan -o plan.json` and apply that",
            code="not-approved",
        )
    question = f"Carry out {counted(number, 'operation')}? Only 'yes' will do it"
    try:
        answer: str = click.prompt(question, default="no", err=True)
    except click.Abort:
        return False
    return answer.strip() == "yes"


def _carry_out(
    settings: Settings,
    plan: Plan,
    writer: Writer,
    receipt: Path | None,
    format_: str,
    expected: Declared | None,
    *,
    saved: bool,
) -> int:
    from regsync.console.progress import Announced
    from regsync.core.plan_document import document_text
    from regsync.execution.files import write_whole
    from regsync.execution.receipt import receipt_document
    from regsync.execution.run import apply_plan, not_in_this_plan, stop_on_signal
    from regsync.execution.state import StateDir

    with stop_on_signal(settings.say) as stop_requested:
        applied = apply_plan(
            plan,
            writer,
            StateDir(),
            watch=Announced(settings),
            say=settings.say_plainly,
            stop_requested=stop_requested,
            planned_now=not saved,
            declared=expected,
        )
    if applied.receipt is None:
        code = _nothing_to_do(applied.nothing, receipt, format_, saved=saved)
        if applied.besides:
            settings.say(not_in_this_plan(applied.besides))
        return code
    document = applied.document or receipt_document(applied.receipt)
    write_view(receipt_view(document, format_, color=settings.use_color()), format_)
    say_way_back(settings, document, applied.path)
    if applied.besides:
        settings.say(not_in_this_plan(applied.besides))
    if applied.unsaved is not None:
        shown_error(applied.unsaved)
        return applied.receipt.exit_code or 1
    if receipt is not None:
        write_whole(receipt, document_text(document))
    return applied.receipt.exit_code


def _nothing_to_do(nothing: Receipt | None, receipt: Path | None, format_: str, *, saved: bool) -> int:
    from regsync.core.canonical import canonical_json
    from regsync.core.plan_document import document_text
    from regsync.execution.files import write_whole
    from regsync.execution.receipt import receipt_document

    if nothing is not None and receipt is not None:
        write_whole(receipt, document_text(receipt_document(nothing)))
    if nothing is not None and format_ == "json":
        write_data(canonical_json(receipt_document(nothing)))
    else:
        done = "Already applied: every result of this plan is there."
        click.echo(done if saved else "Nothing to do: live is as declared.")
    return 0
