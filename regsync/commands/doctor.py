"""`regsync doctor`: what works with this server, this key and these roles."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.options import ManifestArguments, manifest_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regsync.backends.checkup import Finding


@click.command("doctor")
@manifest_arguments(required=False)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to show it.",
)
@pass_settings
def command(settings: Settings, manifests: ManifestArguments, format_: str) -> int:
    """Check the connection, the key, and its role in each registry; reads only.

    With PATH..., the registries that the manifests declare are looked at; without, all that the key can see.
    Exit codes: 0 everything that was looked at works; 1 something does not.
    """
    from regsync.backends.checkup import State, examine

    desired = manifests.load(settings.organization).desired if manifests.paths else None
    organization = desired.organization if desired else None
    findings = examine(lambda: settings.reader(organization), desired)
    healthy = all(finding.state is not State.PROBLEM for finding in findings)
    if format_ == "json":
        click.echo(json.dumps({"ok": healthy, "findings": [asdict(finding) for finding in findings]}, indent=2))
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
