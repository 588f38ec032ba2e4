"""`regsync doctor`: what works with this server, this key and these roles."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.options import ManifestArguments, format_option, manifest_arguments
from regsync.console.output import write_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regsync.backends.checkup import Finding


@click.command("doctor")
@manifest_arguments(required=False)
@format_option(["text", "json"])
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["plan", "apply"]),
    default="apply",
    show_default=True,
    help="What the key is for: plan only reads, so a viewer's key is enough.",
)
@pass_settings
def command(settings: Settings, manifests: ManifestArguments, format_: str, purpose: str) -> int:
    """Check the connection, the key, its role in each registry, and the declared sources; reads only.

    With PATH..., the registries and sources that the manifests declare are looked at; without, all registries that the key
    can see. Exit codes: 0 everything that --for needs works; 1 something does not.
    """
    from regsync.backends.checkup import Purpose, State, examine

    desired = manifests.load(settings.organization).desired if manifests.paths else None
    organization = desired.organization if desired else None
    findings = examine(lambda: settings.reader(organization), desired, Purpose(purpose))
    healthy = all(finding.state is not State.PROBLEM for finding in findings)
    if format_ == "json":
        write_data(json.dumps({"ok": healthy, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        click.echo(_table(findings, color=settings.use_color()))
    return 0 if healthy else 1


def _table(findings: Sequence[Finding], *, color: bool) -> str:
    from regsync.views.escape import plain

    colors = {"ok": "green", "note": "yellow", "problem": "red"}
    width = max(len(plain(finding.subject)) for finding in findings)
    lines = []
    for finding in findings:
        state = f"{finding.state.value:<8}"
        shown = click.style(state, fg=colors[finding.state.value]) if color else state
        lines.append(f"{shown} {plain(finding.subject):<{width}}  {plain(finding.text)}")
        if finding.hint:
            lines.append(f"{'':<8} {'':<{width}}  hint: {plain(finding.hint)}")
    return "\n".join(lines)
