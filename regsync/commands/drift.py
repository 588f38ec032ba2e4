"""`regsync drift`: does live still agree with the manifests, and who moved?"""

from __future__ import annotations

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.options import ManifestArguments, manifest_arguments
from regsync.console.selection import SelectionArguments, selection_options


@click.command("drift")
@manifest_arguments()
@selection_options
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to show it.",
)
@pass_settings
def command(settings: Settings, manifests: ManifestArguments, selection: SelectionArguments, format_: str) -> int:
    """Tell where live differs from the manifests. Exit 0: it agrees; 2: it differs; 1: error.

    Where a receipt of an earlier apply is in the state folder, each alias is shown with the side that moved since.
    """
    from regsync.execution.state import StateDir
    from regsync.planning.drift import differences, remembered
    from regsync.planning.making import plan_manifests
    from regsync.views.drift import drift_document, render_drift

    loaded = manifests.load(settings.organization)
    with settings.reader(loaded.desired.organization) as reader:
        plan = plan_manifests(loaded, reader, selection.selection()).plan
    found = differences(plan, remembered(StateDir().read_history(), plan.destination))
    document = drift_document(plan, found)
    click.echo(render_drift(document, format_, color=settings.use_color()))
    return 2 if found else 0
