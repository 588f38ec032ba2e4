"""`regsync undo`: the plan that takes a receipt back. It changes nothing itself; apply it like any other plan."""

from __future__ import annotations

from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.files import check_output, read_document
from regsync.console.options import format_option
from regsync.console.selection import SelectionArguments
from regsync.console.shown import FORMATS, say_next, write_plan


@click.command("undo")
@click.argument("receipt", metavar="[RECEIPT]", required=False, type=click.Path(path_type=Path))
@click.option("--last", is_flag=True, help="Take back the newest receipt in the state folder, instead of RECEIPT.")
@click.option("-o", "--out", metavar="FILE", type=click.Path(path_type=Path), help="Save the plan, for apply and show.")
@click.option("--allow", metavar="HAZARD[=N]", multiple=True, help="Consent to a hazard, at most N of it. Repeatable.")
@format_option(FORMATS)
@pass_settings
def command(
    settings: Settings, receipt: Path | None, last: bool, out: Path | None, allow: tuple[str, ...], format_: str
) -> int:
    """Plan the way back from what RECEIPT says was done, and name what cannot be taken back.

    Exit codes: 0 done; 1 error; 3 a hazard that nobody consented to; 5 the receipt is of another destination.
    """
    from regsync.core.plan_document import document_text, plan_document
    from regsync.execution.files import write_whole
    from regsync.execution.state import StateDir
    from regsync.planning.undo import plan_undo

    if last == (receipt is not None):
        raise click.UsageError("name one RECEIPT, or say --last; `regsync receipts` lists them")
    receipt = receipt or _newest(settings)
    check_output(settings, out, [receipt])
    document = read_document(receipt)
    consents = SelectionArguments((), (), allow).selection().allow
    organization = settings.organization or organization_of(document)
    with settings.reader(organization) as reader:
        plan = plan_undo(document, reader, consents)
    shown = plan_document(plan)
    if out is not None:
        write_whole(out, document_text(shown))
    if out is not None or format_ == "json":
        StateDir().note_planned(shown["digest"])
    write_plan(shown, format_, color=settings.use_color())
    say_next(settings, shown, out)
    return 0 if plan.applyable else 3


def _newest(settings: Settings) -> Path:
    """The newest receipt, which is said. Raises `RegsyncError` where there is none."""
    from regsync.diagnostics import RegsyncError
    from regsync.execution.state import StateDir

    state = StateDir()
    found = state.applied()
    if not found:
        raise RegsyncError(
            f"there is no receipt in {state.receipts}: nothing was applied from here",
            "name the receipt of an apply that ran elsewhere",
            code="no-receipt",
        )
    settings.say_plainly(f"the newest receipt is {found[-1].path}, of {found[-1].record.finished_at}")
    return found[-1].path


def organization_of(document: object) -> str | None:
    """The organization that a plan or receipt is about, if it says one."""
    destination = document.get("destination") if isinstance(document, dict) else None
    name = destination.get("organization") if isinstance(destination, dict) else None
    return name if isinstance(name, str) else None
