"""`regsync promote`: give one alias the version of another, in the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from regsync.console import completing
from regsync.console.context import Settings, pass_settings
from regsync.console.editing import yes_option
from regsync.console.options import ManifestArguments, manifest_arguments

if TYPE_CHECKING:
    from regsync.manifest.editing.splice import Pin
    from regsync.manifest.reading.load import Loaded
    from regsync.names import Address


@click.command("promote")
@click.argument("collection", metavar="COLLECTION", shell_complete=completing.collections)
@click.option(
    "--from",
    "source",
    metavar="ALIAS",
    required=True,
    shell_complete=completing.aliases,
    help="The alias whose version is taken.",
)
@click.option(
    "--to", "target", metavar="ALIAS", required=True, shell_complete=completing.aliases, help="The alias that gets it."
)
@click.option("--live", is_flag=True, help="Take what --from points at in the registry now, not in the manifest.")
@yes_option
@manifest_arguments(required=False)
@pass_settings
def command(
    settings: Settings, collection: str, source: str, target: str, live: bool, yes: bool, manifests: ManifestArguments
) -> None:
    """Give one alias of a COLLECTION (registry/collection) the version of another, in the manifests at PATH.

    PATH is the current folder where none is given. The version is taken over as the manifest declares it, with its
    digest if it is pinned. Only the touched line changes; comments, quotes and layout stay. Nothing is sent to a
    registry: plan and apply do that.
    """
    from regsync.console.editing import check_new_alias, finish, read_manifests
    from regsync.manifest.editing.edit import assign, binding, sources_of

    place, wanted = _address(collection, source, "--from"), _address(collection, target, "--to")
    if place == wanted:
        raise click.UsageError("--from and --to are the same alias")
    read = read_manifests(manifests, settings)
    loaded = read.load()
    old = binding(loaded, wanted)
    if old is None:
        check_new_alias(loaded, wanted, yes=yes)
    is_pinned = old is not None and old.digest is not None
    value = _live(loaded, place, settings, with_digest=is_pinned) if live else _declared(loaded, place)
    edit = assign(read, loaded, wanted, value, frozenset() if live else sources_of(read, place))
    if edit.touched and is_pinned and value.digest is None:
        settings.say(f"{wanted} was pinned to a digest and is not any more: {place} is not pinned")
    finish(edit, settings, f"{wanted} is {value.version} already")


def _address(collection: str, alias: str, option: str) -> Address:
    from regsync.names import Address, alias_problem, parse_address

    try:
        place = parse_address(collection)
    except ValueError as error:
        raise click.BadParameter(f"{collection!r} {error}", param_hint="COLLECTION") from error
    if place.collection is None or place.alias is not None:
        raise click.BadParameter(f"{collection!r}: write registry/collection", param_hint="COLLECTION")
    problem = alias_problem(alias)
    if problem:
        raise click.BadParameter(f"{alias!r} {problem}", param_hint=option)
    return Address(place.registry, place.collection, alias)


def _declared(loaded: Loaded, address: Address) -> Pin:
    """The version that the manifests bind the alias to. Raises where they bind it to none."""
    from regsync.diagnostics import RegsyncError, did_you_mean
    from regsync.manifest.editing.edit import binding
    from regsync.manifest.editing.splice import ABSENT

    value = binding(loaded, address)
    if value is None:
        collection = loaded.desired.collection_at(address)
        close = did_you_mean(str(address.alias), (collection.aliases if collection else None) or ()) or ""
        meant = f"{close} Or " if close.startswith("did you mean") else ""
        hint = f"{meant}add --live to take the version that it points at in the registry now"
        raise RegsyncError(f"{address} is not declared in these manifests", hint, code="not-declared")
    if value.version == ABSENT:
        raise RegsyncError(f"{address} is declared absent, so there is no version to promote", code="not-declared")
    return value


def _live(loaded: Loaded, address: Address, settings: Settings, *, with_digest: bool) -> Pin:
    """The version that the alias points at in the registry; by index and digest where its source is not visible."""
    from regsync.core.live import RegistryScope
    from regsync.diagnostics import RegsyncError
    from regsync.manifest.editing.splice import Pin
    from regsync.manifest.editing.ways import escaped
    from regsync.names import SourceRef, parse_version_ref

    name = str(address.collection)
    with settings.reader(loaded.desired.organization) as reader:
        live = reader.observe({address.registry: RegistryScope(frozenset({name}))})
    registry = live.registries.get(address.registry)
    collection = registry.collections.get(name) if registry else None
    index = collection.aliases.get(str(address.alias)) if collection else None
    if collection is None or index is None:
        raise RegsyncError(f"{address} is missing in the registry, or not visible to this key", code="not-live")
    version = collection.links[index]
    try:
        visible = isinstance(parse_version_ref(version.source), SourceRef)
    except ValueError:
        visible = False
    digest = version.digest if with_digest or not visible else None
    return Pin(escaped(version.source) if visible else f"v{index}", digest)
