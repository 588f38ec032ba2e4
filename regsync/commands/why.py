"""`regsync why`: one address explained."""

from __future__ import annotations

from pathlib import Path

import click

from regsync.commands.context import Settings, pass_settings
from regsync.commands.options import ManifestArguments, manifest_arguments
from regsync.commands.selection import address


@click.command("why")
@click.argument("target", metavar="ADDR")
@manifest_arguments(required=False)
@pass_settings
def command(settings: Settings, target: str, manifests: ManifestArguments) -> int:
    """Explain one address: the manifest line, the live value, and the rule that applies.

    ADDR is registry, registry/collection or registry/collection:alias. Without PATH..., the manifests below the current
    folder are read.
    """
    from dataclasses import replace

    from regsync.planning import plan_manifests
    from regsync.views.why import render_explanation
    from regsync.why import explain

    wanted = address(target, "ADDR")
    if not manifests.paths:
        manifests = replace(manifests, paths=(Path(),))
    loaded = manifests.load(settings.organization)
    with settings.reader(loaded.desired.organization) as reader:
        planned = plan_manifests(loaded, reader)
    explanation = explain(wanted, planned.desired, planned.live, planned.plan)
    click.echo(render_explanation(explanation, color=settings.use_color()))
    return 0
