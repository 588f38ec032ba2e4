"""`regsync why`: one address explained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from regsync.console import completing
from regsync.console.context import Settings, pass_settings
from regsync.console.options import ManifestArguments, manifest_arguments, say_not_read
from regsync.console.selection import address
from regsync.core.live import Live, RegistryScope, Scope
from regsync.diagnostics import RegsyncError, did_you_mean
from regsync.names import Address

if TYPE_CHECKING:
    from regsync.backends.base import Reader


@click.command("why")
@click.argument("target", metavar="ADDR", shell_complete=completing.addresses)
@manifest_arguments(required=False)
@pass_settings
def command(settings: Settings, target: str, manifests: ManifestArguments) -> int:
    """Explain one address: the manifest line, the live value, and the rule that applies.

    ADDR is registry, registry/collection or registry/collection:alias. Without PATH..., the manifests below the current
    folder are read.
    """
    from dataclasses import replace

    from regsync.planning.making import declared_addresses, plan_manifests
    from regsync.planning.why import explain
    from regsync.views.why import render_explanation

    wanted = address(target, "ADDR")
    if not manifests.paths:
        manifests = replace(manifests, paths=(Path(),))
    loaded = manifests.load(settings.organization)
    say_not_read(loaded.warnings)
    with settings.reader(loaded.desired.organization) as reader:
        planned = plan_manifests(loaded, reader)
        live = reader.observe(_scope_for(wanted, planned.plan.read.scope))
        known = reader.registry_names()
        explanation = explain(wanted, planned.desired, live, planned.plan)
        close = None
        if explanation.declared is None and explanation.live is None:
            here = [*declared_addresses(planned.desired), *_live_in(wanted.registry, live, reader)]
            close = did_you_mean(str(wanted), here)
    if wanted.registry not in known and planned.desired.registry_at(wanted) is None:
        declared = [registry.name for registry in planned.desired.registries.values()]
        hint = did_you_mean(wanted.registry, [*known, *declared])
        raise RegsyncError(f"there is no registry {wanted.registry!r}, declared or live", hint, code="unknown-address")
    click.echo(render_explanation(explanation, color=settings.use_color()))
    if close is not None and close.startswith("did you mean"):
        settings.say_plainly(close)
    return 0


def _live_in(registry: str, live: Live, reader: Reader) -> list[str]:
    """Addresses of what is live in a registry: its collections, and the aliases of those that were read."""
    found = [f"{registry}/{name}" for name in reader.collection_names([registry]).get(registry, ())]
    read = live.registries[registry].collections if registry in live.registries else {}
    return found + [f"{registry}/{name}:{alias}" for name, each in read.items() for alias in each.aliases]


def _scope_for(address: Address, planned: Scope) -> Scope:
    """What the plan read, and the asked place as well, declared or not."""
    here = planned.get(address.registry, RegistryScope(frozenset()))
    if address.collection is not None and here.collections is not None:
        here = here._replace(collections=here.collections | {address.collection})
    return {**planned, address.registry: here}
