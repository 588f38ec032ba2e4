"""`regsync render`: the manifests as one, after variables, defaults and overlays."""

from __future__ import annotations

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.options import ManifestArguments, format_option, manifest_arguments
from regsync.console.output import write_data
from regsync.stages import stage


@click.command("render")
@manifest_arguments(required=False)
@format_option(["yaml", "json"], help="What to print.")
@pass_settings
def command(settings: Settings, manifests: ManifestArguments, format_: str) -> None:
    """Show manifests as one: composed, with variables, defaults and overlays applied.

    The result is a manifest that declares exactly the same.
    """
    from regsync.manifest.writing.render import to_json, to_yaml
    from regsync.views.diagnostics import render_diagnostics

    loaded = manifests.load(settings.organization)
    if loaded.warnings and not settings.quiet:
        click.echo(render_diagnostics(loaded.warnings, color=settings.use_color(err=True)), err=True)
    with stage("rendering"):
        text = to_json(loaded.desired) if format_ == "json" else to_yaml(loaded.desired)
    write_data(text, nl=False)
