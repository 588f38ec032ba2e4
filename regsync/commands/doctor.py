"""`regsync doctor`: what works with this server, this key and these roles; with --probe, what the server really does."""

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
    from regsync.names import SourceRef


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
@click.option(
    "--probe",
    "probing",
    is_flag=True,
    help="Write: try every assumption about W&B on a registry made for it, which is deleted at the end. Asks first.",
)
@click.option("--registry", metavar="NAME", help="For --probe: what to call it; no registry may have that name.")
@click.option(
    "--source",
    "sources",
    metavar="TEAM/PROJECT/NAME:vN",
    multiple=True,
    help="For --probe: two versions to link, which turns off their TTL. Without it, two that are linked already.",
)
@click.option("--auto-approve", is_flag=True, help="For --probe: do not ask.")
@pass_settings
def command(
    settings: Settings,
    manifests: ManifestArguments,
    format_: str,
    purpose: str,
    probing: bool,
    registry: str | None,
    sources: tuple[str, ...],
    auto_approve: bool,
) -> int:
    """Check the connection, the key, its role in each registry, and the declared sources; reads only, but with --probe.

    With PATH..., the registries and sources that the manifests declare are looked at; without, all registries that the key
    can see. Exit codes: 0 everything that --for needs works, or the probe came to its end; 1 something does not.
    """
    if probing:
        if manifests.paths:
            raise click.UsageError("--probe looks at the server, not at manifests: leave PATH out")
        return _probe(settings, registry, sources, format_, auto_approve=auto_approve)
    if registry is not None or sources or auto_approve:
        raise click.UsageError("--registry, --source and --auto-approve go with --probe")
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


def _probe(
    settings: Settings, registry: str | None, sources: tuple[str, ...], format_: str, *, auto_approve: bool
) -> int:
    from regsync.backends.checkup import Prober
    from regsync.console.probe import approve, probe_document, probe_json, probe_table, stop_on_signal
    from regsync.diagnostics import RegsyncError

    name, versions = _probe_name(registry), _probe_sources(sources)
    with settings.writer() as writer:
        if not isinstance(writer, Prober):
            raise RegsyncError(
                "--probe is about W&B servers, and this backend is a file",
                "write --backend wandb or wandb:URL",
                code="nothing-to-probe",
            )
        there = writer.destination()
        if not auto_approve:
            approve(name, there.url, there.organization)
        with stop_on_signal(settings.say) as stop_requested:
            probed = writer.probe(name, versions, stop_requested)
    document = probe_document(probed)
    if format_ == "json":
        write_data(probe_json(document))
    else:
        click.echo(probe_table(document, color=settings.use_color()))
    if probed.left:
        raise RegsyncError(
            f"could not be deleted again: {', '.join(map(repr, probed.left))}",
            "delete what is there of it in the web app",
            code="left-behind",
        )
    settings.say("Nothing was left behind.")
    return 1 if probed.stopped else 0


def _probe_name(given: str | None) -> str:
    import secrets

    from regsync.names import REGISTRY_RULE

    name = given if given is not None else f"regsync-probe-{secrets.token_hex(4)}"
    wrong = REGISTRY_RULE.problem(f"{name} renamed")
    if wrong:
        raise click.BadParameter(wrong, param_hint="'--registry'")
    return name


def _probe_sources(given: tuple[str, ...]) -> list[SourceRef]:
    from regsync.names import SourceRef, parse_version_ref

    found = []
    for text in given:
        try:
            ref = parse_version_ref(text)
        except ValueError as error:
            raise click.BadParameter(f"{text!r} {error}", param_hint="'--source'") from None
        if not isinstance(ref, SourceRef):
            raise click.BadParameter(f"{text!r} names no project", param_hint="'--source'")
        found.append(ref)
    if len(found) not in (0, 2) or len(set(found)) != len(found):
        raise click.UsageError("give two different versions of one type with --source, or none")
    return found


def _table(findings: Sequence[Finding], *, color: bool) -> str:
    from regsync.looks.escape import plain

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
