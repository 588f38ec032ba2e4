"""`regsync set`: bind an alias in the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from regsync.console import completing
from regsync.console.context import Settings, pass_settings
from regsync.console.editing import yes_option
from regsync.console.options import ManifestArguments, manifest_arguments

if TYPE_CHECKING:
    from regsync.names import Address


@click.command("set")
@click.argument("assignment", metavar="ADDR=VERSION", shell_complete=completing.aliased)
@click.option("--digest", metavar="HEX", help="Pin the version to this digest: other content is then an error.")
@yes_option
@manifest_arguments(required=False)
@pass_settings
def command(settings: Settings, assignment: str, digest: str | None, yes: bool, manifests: ManifestArguments) -> None:
    """Bind an alias to a version in the manifests at PATH (default: the current folder).

    ADDR is registry/collection:alias. VERSION is entity/project/artifact:v3, or v3 for an index of the collection, or
    absent. Only the touched line changes; comments, quotes and layout stay. A pin on the old version goes unless
    --digest gives the new one. Nothing is sent to a registry: plan and apply do that.
    """
    from regsync.console.editing import check_new_alias, finish, read_manifests
    from regsync.manifest.editing.edit import assign, binding
    from regsync.manifest.editing.splice import Pin

    address, version = _read(assignment)
    read = read_manifests(manifests, settings)
    loaded = read.load()
    if binding(loaded, address) is None:
        check_new_alias(loaded, address, yes=yes, only_typing_errors=True)
    edit = assign(read, loaded, address, Pin(version, digest))
    finish(edit, settings, f"{address} is {version} already")


def _read(text: str) -> tuple[Address, str]:
    """Split at an `=` so that both sides are legal, the last one first: aliases may have `=` in them, versions hardly."""
    from regsync.names import alias_problem, parse_address, parse_version_ref

    reason = "there is no `=` in it"
    for place in reversed([number for number, character in enumerate(text) if character == "="]):
        left, right = text[:place], text[place + 1 :]
        try:
            address = parse_address(left)
            if right != "absent" and "${" not in right:
                parse_version_ref(right)
        except ValueError as error:
            reason = f"{left!r} or {right!r} {error}" if reason.startswith("there") else reason
            continue
        if address.alias is None:
            reason = f"{left!r} names no alias"
            continue
        problem = alias_problem(address.alias)
        if problem:
            raise click.BadParameter(f"the alias {address.alias!r} {problem}", param_hint="ADDR=VERSION")
        return address, right
    raise click.BadParameter(
        f"{text!r}: {reason}; write registry/collection:alias=VERSION, where VERSION is entity/project/artifact:v3, "
        "v3 or absent",
        param_hint="ADDR=VERSION",
    )
