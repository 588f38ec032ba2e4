"""`regsync unmanaged`: what is live and declared nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.options import ManifestArguments, manifest_arguments, say_not_read
from regsync.console.output import write_data
from regsync.console.selection import addresses_and_paths

if TYPE_CHECKING:
    from regsync.core.desired import Desired


@click.command("unmanaged")
@manifest_arguments(required=False, metavar="[ADDR] [PATH...]")
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
    """List live registries, collections and aliases that nothing declares. regsync leaves them alone.

    ADDR is a registry or registry/collection, to list what is undeclared in it; without one, everything that the key
    can see. Of an undeclared registry or collection only itself is listed, with the number of things in it. Without
    PATH..., the manifests below the current folder are read.
    """
    import json
    from dataclasses import replace

    from regsync.core.plan_document import unmanaged_json
    from regsync.core.unmanaged import scope_of_addresses, unmanaged_in
    from regsync.diagnostics import RegsyncError, did_you_mean
    from regsync.names import Address
    from regsync.views.unmanaged import render_unmanaged

    addresses, paths = addresses_and_paths(tuple(map(str, manifests.paths)))
    if len(addresses) > 1:
        raise click.UsageError("name one ADDR, and then the manifests")
    within = addresses[0] if addresses else None
    if within is not None and within.alias is not None:
        raise click.BadParameter("write registry or registry/collection", param_hint="ADDR")
    desired = _declared(replace(manifests, paths=paths or (Path(),)), settings.organization, named=bool(paths))
    with settings.reader(desired.organization) as reader:
        known = reader.registry_names()
        if within is not None and within.registry not in known:
            message = f"registry {within.registry!r} is missing, or not visible to this key"
            raise RegsyncError(message, did_you_mean(within.registry, known), code="registry-missing")
        wanted = [within] if within is not None else [Address(name) for name in known]
        live = reader.observe(scope_of_addresses(wanted), exactly=True)
        if within is not None and within.collection is not None:
            there = live.registries[within.registry].collections
            if within.collection not in there:
                names = reader.observe(scope_of_addresses([Address(within.registry)])).registries[within.registry]
                hint = did_you_mean(within.collection, names.collections)
                raise RegsyncError(f"{within} is not there", hint, code="collection-missing")
    found = unmanaged_in(desired, live, within)
    document = {"unmanaged": [unmanaged_json(each) for each in found]}
    if format_ == "json":
        write_data(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo(render_unmanaged(document))
    return 0


def _declared(manifests: ManifestArguments, organization: str | None, *, named: bool) -> Desired:
    """What the manifests declare; nothing, where the current folder holds none and nobody named any."""
    from regsync.core.desired import Desired
    from regsync.diagnostics import DiagnosticsError

    try:
        loaded = manifests.load(organization)
        say_not_read(loaded.warnings)
        return loaded.desired
    except DiagnosticsError as error:
        if named or any(each.code != "no-manifests" for each in error.diagnostics):
            raise
        return Desired(organization=organization, registries={})
