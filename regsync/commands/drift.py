"""`regsync drift`: does live still agree with the manifests, and who moved?"""

from __future__ import annotations

from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.evidence import known_receipts, receipt_option
from regsync.console.options import ManifestArguments, format_option, manifest_arguments, say_not_read
from regsync.console.output import write_view
from regsync.console.selection import SelectionArguments, selection_options


@click.command("drift")
@manifest_arguments(required=False)
@selection_options
@receipt_option
@format_option(["text", "json", "markdown"])
@pass_settings
def command(
    settings: Settings,
    manifests: ManifestArguments,
    selection: SelectionArguments,
    receipts: tuple[Path, ...],
    format_: str,
) -> int:
    """Tell where live differs from the manifests. Exit 0: it agrees; 2: it differs; 1: error.

    Receipts of earlier applies, in the state folder or named with --receipt, tell which side moved since; the registry's own
    records tell who moved an alias, where the server keeps them.
    """
    from regsync.planning.by_hand import NO_RECEIPTS
    from regsync.planning.drift import differences
    from regsync.planning.making import plan_manifests
    from regsync.views.drift import drift_document, render_drift

    known = known_receipts(receipts)
    loaded = manifests.load(settings.organization)
    say_not_read(loaded.warnings)
    with settings.reader(loaded.desired.organization) as reader:
        planned = plan_manifests(loaded, reader, selection.selection(), receipts=known)
    plan = planned.plan
    found = differences(plan, (known(plan.destination) or NO_RECEIPTS).memory)
    document = drift_document(plan, found)
    write_view(render_drift(document, format_, color=settings.use_color()), format_)
    return 2 if found else 0
