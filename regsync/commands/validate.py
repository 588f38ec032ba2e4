"""`regsync validate`: everything that can be checked offline."""

from __future__ import annotations

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.options import ManifestArguments, format_option, manifest_arguments
from regsync.console.output import write_data


@click.command("validate")
@manifest_arguments(required=False)
@format_option(
    ["text", "json"],
    help="text: findings on stderr, a summary on stdout. json: a list of findings on stdout, for tools.",
)
@pass_settings
@click.pass_context
def command(context: click.Context, settings: Settings, manifests: ManifestArguments, format_: str) -> None:
    """Check manifests: syntax, structure, names, and what they mean together.

    PATH is a manifest, or a folder: every .yaml and .yml file in it is one. All errors are reported at once,
    each with its place and what to do. Nothing is sent anywhere.
    """
    from regsync.diagnostics import DiagnosticsError
    from regsync.views.diagnostics import diagnostics_json, render_diagnostics

    try:
        loaded = manifests.load(settings.organization)
        findings, summary = loaded.warnings, loaded.summary
    except DiagnosticsError as error:
        findings, summary = error.diagnostics, ""
    failed = any(finding.is_error for finding in findings)
    if format_ == "json":
        write_data(diagnostics_json(findings), nl=False)
    else:
        shown = [finding for finding in findings if finding.is_error or not settings.quiet]
        if shown:
            click.echo(render_diagnostics(shown, color=settings.use_color(err=True)), err=True)
        if summary:
            click.echo(f"ok: {summary}")
    context.exit(1 if failed else 0)
