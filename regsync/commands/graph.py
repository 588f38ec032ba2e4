"""`regsync graph`: the operations of a plan and their order, drawn."""

from __future__ import annotations

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.options import ManifestArguments, format_option, manifest_arguments, say_not_read
from regsync.console.output import write_data
from regsync.console.selection import SelectionArguments, selection_options


@click.command("graph")
@manifest_arguments(required=False)
@selection_options
@format_option(["mermaid", "dot"], help="mermaid: GitHub and GitLab draw it in Markdown. dot: for Graphviz.")
@pass_settings
def command(settings: Settings, manifests: ManifestArguments, selection: SelectionArguments, format_: str) -> None:
    """Show the operations of the plan as a graph: an arrow leads to an operation that has to wait.

    Plans as `regsync plan` does, and never writes to the registry.
    """
    from regsync.core.plan_document import plan_document
    from regsync.planning.making import plan_manifests
    from regsync.views.graph import MERMAID_MOST_EDGES, dot, edges, mermaid

    loaded = manifests.load(settings.organization)
    say_not_read(loaded.warnings)
    with settings.reader(loaded.desired.organization) as reader:
        planned = plan_manifests(loaded, reader, selection.selection())
    document = plan_document(planned.plan)
    write_data(mermaid(document) if format_ == "mermaid" else dot(document), nl=False)
    if format_ == "mermaid" and len(edges(document)) > MERMAID_MOST_EDGES:
        settings.say(f"more than {MERMAID_MOST_EDGES} arrows: Mermaid may not draw it; use --target, or --format dot")
