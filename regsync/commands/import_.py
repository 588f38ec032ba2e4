"""`regsync import`: live registries as manifests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.output import write_data
from regsync.console.selection import address
from regsync.diagnostics import counted
from regsync.names import Address
from regsync.stages import stage

if TYPE_CHECKING:
    from regsync.core.live import Live
    from regsync.manifest.writing.from_live import Content


@click.command("import")
@click.argument("addresses", metavar="[ADDR...]", nargs=-1)
@click.option(
    "-o", "--out", metavar="DIR", type=click.Path(path_type=Path), help="Write files into this folder; else to stdout."
)
@click.option(
    "--split",
    type=click.Choice(["registry", "collection"]),
    default="registry",
    show_default=True,
    help="With -o: one file a registry, or one a collection.",
)
@click.option("--digests", is_flag=True, help="Pin every version to its digest.")
@click.option(
    "--members/--no-members", default=True, show_default=True, help="With or without members and their roles."
)
@click.option(
    "--update",
    "update",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Add to the manifests at PATH what is live and in none of them. Repeatable.",
)
@pass_settings
def command(
    settings: Settings,
    addresses: tuple[str, ...],
    out: Path | None,
    split: str,
    digests: bool,
    members: bool,
    update: tuple[Path, ...],
) -> None:
    """Write manifests from what is live. Planning them at once changes nothing.

    ADDR is a registry, or registry/collection; without one, every registry that the key can see is written. Aliases
    are bound to source versions; where the key cannot see a source, to the index and its digest. Files that are
    there already are never overwritten. With --update they are added to in place: aliases and collections that nothing declares,
    and tags and members where the manifests list some; comments and layout stay, and planning changes nothing more than before.
    """
    from regsync.manifest.editing.rewrite import create
    from regsync.manifest.writing.from_live import Content, a_file_a_collection, a_file_a_registry, one_text
    from regsync.planning.live import read_live
    from regsync.views.diagnostics import render_diagnostics

    if out is None and split == "collection":
        raise click.UsageError("--split collection needs -o DIR")
    asked = [address(text, "ADDR") for text in addresses]
    if any(each.alias is not None for each in asked):
        raise click.BadParameter("write registry or registry/collection", param_hint="ADDR")
    if update:
        if out is not None:
            raise click.UsageError("--update writes into the manifests that are there; leave -o out")
        _update(settings, asked, update, Content(digests, members))
        return
    with settings.reader() as reader:
        organization = reader.destination().organization
        live, wanted = read_live(reader, asked, members=members)
    in_files = a_file_a_collection if split == "collection" else a_file_a_registry
    write = one_text if out is None else in_files
    with stage("importing"):
        imported = write(live, wanted, organization, Content(digests, members))
    if out is None:
        write_data(imported.files[""], nl=False)
    else:
        create({out / name: text for name, text in imported.files.items()})
        for name in imported.files:
            write_data(str(out / name))
    if imported.warnings:
        settings.say(render_diagnostics(imported.warnings, color=settings.use_color(err=True)))
    _say_what_is_left_out(settings, live, members)
    settings.say(_summary(live, out))


def _say_what_is_left_out(settings: Settings, live: Live, members: bool) -> None:
    if any(each.protected_aliases is None for each in live.registries.values()):
        settings.say(
            "protected aliases cannot be read here: add `protected_aliases: […]` from each registry's settings"
        )
    unknown = sorted(name for name, each in live.registries.items() if members and each.members is None)
    if unknown:
        settings.say(
            f"members and roles are not shown to this key, so the manifests have none of them: {', '.join(unknown)}"
            " (add `members: {…}` by hand, or import with an admin's key)"
        )


def _update(settings: Settings, asked: list[Address], paths: tuple[Path, ...], content: Content) -> None:
    """Add to manifests in place. Planned again, they ask for the same operations as before, or nothing is written."""
    from regsync.console.editing import finish, prove_same, read_manifests
    from regsync.console.options import ManifestArguments
    from regsync.core.unmanaged import unmanaged_in
    from regsync.diagnostics import RegsyncError
    from regsync.manifest.editing.add import add
    from regsync.planning.live import read_live
    from regsync.planning.making import plan_manifests

    read = read_manifests(ManifestArguments(paths, (), {}, ()), settings)
    loaded = read.load()
    with settings.reader(loaded.desired.organization) as reader:
        declared = [Address(name) for name, each in loaded.desired.registries.items() if not each.absent]
        known = set(reader.registry_names())
        wanted = asked or [each for each in declared if each.registry in known]
        live, _ = read_live(reader, wanted, members=content.members)
        found = [each.address for each in unmanaged_in(loaded.desired, live)]
        missing = [each for each in found if not asked or any(place.covers(each) for place in asked)]
        for address in missing:
            if address.collection is None:
                raise RegsyncError(
                    f"{address}: no manifest declares this registry, so there is nothing to add to; nothing was written",
                    f"regsync import {address} -o DIR",
                    code="not-declared",
                )
        edit = add(read, loaded, live, missing, content, asked)
        if edit.files:
            prove_same(plan_manifests(loaded, reader).plan, plan_manifests(edit.loaded, reader).plan)
    finish(edit, settings, "nothing to add: everything that is live here is declared")


def _summary(live: Live, out: Path | None) -> str:
    collections = [each for registry in live.registries.values() for each in registry.collections.values()]
    aliases = sum(len(each.aliases) for each in collections)
    registries = counted(len(live.registries), "registry", "registries")
    counts = f"{registries}, {counted(len(collections), 'collection')}, {counted(aliases, 'alias', 'aliases')}"
    return f"{counts}; `regsync plan {out}` says that nothing would change" if out else counts
