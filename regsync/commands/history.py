"""`regsync history`: who moved what, when, from which version to which, and by which plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.evidence import receipt_option
from regsync.console.options import ManifestArguments, format_option, manifest_arguments
from regsync.console.output import write_view
from regsync.console.selection import addresses_and_paths

if TYPE_CHECKING:
    from regsync.backends.base import Reader
    from regsync.core.live import LiveRegistry
    from regsync.names import Address


@click.command("history")
@manifest_arguments(required=False, metavar="[ADDR] [PATH...]")
@receipt_option
@click.option(
    "--commits", "most", type=click.IntRange(0), default=50, show_default=True, help="How many commits to look into."
)
@format_option(["text", "json", "markdown"])
@pass_settings
def command(
    settings: Settings, manifests: ManifestArguments, receipts: tuple[Path, ...], most: int, format_: str
) -> int:
    """Tell who moved which alias: when, from which version to which, by which plan or commit.

    Known from the registry's own records where the server tells, from the receipts in the state folder, and from the Git
    history of the manifests. ADDR is registry, registry/collection or registry/collection:alias; without it, everything that
    the manifests declare is told. Without PATH..., the manifests below the current folder are read.
    """
    from dataclasses import replace

    from regsync.console.evidence import all_receipts, commits_of
    from regsync.core.live import RegistryScope, Scope
    from regsync.core.scope import scope_of
    from regsync.diagnostics import DiagnosticsError, RegsyncError, did_you_mean
    from regsync.planning.history import history, to_ask
    from regsync.views.history import history_document, render_history

    addresses, paths = addresses_and_paths(tuple(map(str, manifests.paths)))
    if len(addresses) > 1:
        raise click.UsageError("name one ADDR, and then the manifests")
    wanted = addresses[0] if addresses else None
    manifests = replace(manifests, paths=paths or (Path(),))
    desired = None
    try:
        desired = manifests.load(settings.organization).desired
    except DiagnosticsError as error:
        if paths or wanted is None or any(each.code != "no-manifests" for each in error.diagnostics):
            raise
    with settings.reader(desired.organization if desired else None) as reader:
        destination = reader.destination()
        scope: Scope = {}
        if wanted is None and desired is not None:
            scope = {name: each._replace(members=False) for name, each in scope_of(desired).items()}
        elif wanted is not None:
            named = None if wanted.collection is None else frozenset([wanted.collection])
            scope = {wanted.registry: RegistryScope(named)}
        live = reader.observe(scope).registries
        told = reader.alias_moves(to_ask(wanted, live), whole=True)
        known = _names(reader, wanted) if wanted is not None and not _is_live(wanted, live) else []
    commits = commits_of(manifests, wanted, most)
    found = history(told, all_receipts(receipts), commits, destination, live, wanted)
    if wanted is not None and not found.entries and not _is_live(wanted, live):
        raise RegsyncError(
            f"nothing is known of {wanted}: nothing of that name is live, and no receipt or commit names it",
            did_you_mean(str(wanted), known) or "`regsync unmanaged` and `regsync drift` list what there is",
            code="unknown-address",
        )
    write_view(render_history(history_document(found, destination), format_, color=settings.use_color()), format_)
    return 0


def _is_live(wanted: Address, live: Mapping[str, LiveRegistry]) -> bool:
    """Whether its registry and its collection are there."""
    registry = live.get(wanted.registry)
    return registry is not None and (wanted.collection is None or wanted.collection in registry.collections)


def _names(reader: Reader, wanted: Address) -> list[str]:
    """What it may have been meant to be: registries, and the collections of its own."""
    from regsync.core.live import RegistryScope

    names = reader.registry_names()
    if wanted.collection is None or wanted.registry not in names:
        return names
    found = reader.observe({wanted.registry: RegistryScope(None)}).registries.get(wanted.registry)
    return [f"{wanted.registry}/{name}" for name in (found.collections if found else ())]
