"""`regsync accept`: keep what is live, in the manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.options import ManifestArguments, manifest_arguments
from regsync.console.selection import addresses_and_paths

if TYPE_CHECKING:
    from regsync.core.operation import Operation
    from regsync.core.plan import Plan
    from regsync.names import Address


@click.command("accept")
@manifest_arguments(required=False, metavar="[ADDR...] [PATH...]")
@pass_settings
def command(settings: Settings, manifests: ManifestArguments) -> None:
    """Write what is live back into the manifests at PATH (default: the current folder): theirs is kept.

    Without ADDR, all that differs; ADDR is registry, registry/collection or registry/collection:alias. Values are edited in
    place, in the way they were written (source, index, digest, variables), and comments stay. What is not there live becomes
    `absent`, or leaves its list. Nothing is sent to the registry; afterwards the plan for these addresses is empty.
    """
    from dataclasses import replace

    from regsync.console.editing import finish, read_manifests
    from regsync.manifest.editing.keep import keep
    from regsync.planning.making import plan_manifests

    addresses, paths = addresses_and_paths(tuple(map(str, manifests.paths)))
    read = read_manifests(replace(manifests, paths=paths), settings)
    loaded = read.load()
    with settings.reader(loaded.desired.organization) as reader:
        plan = plan_manifests(loaded, reader).plan
        chosen, others = _split(plan, addresses)
        _check_known(plan, addresses, chosen)
        edit = keep(read, loaded, chosen)
        if edit.files:
            _prove(plan_manifests(edit.loaded, reader).plan, chosen, others)
    finish(edit, settings, "nothing to accept: live is as declared")


def _split(plan: Plan, addresses: tuple[Address, ...]) -> tuple[list[Operation], list[Operation]]:
    """The operations that are to be none, and those that stay."""
    chosen = [
        each for each in plan.operations if not addresses or any(a.covers(each.action.address) for a in addresses)
    ]
    names = {each.id for each in chosen}
    return chosen, [each for each in plan.operations if each.id not in names]


def _check_known(plan: Plan, addresses: tuple[Address, ...], chosen: list[Operation]) -> None:
    """An address that nothing declares, and where nothing would be done, is a typing error."""
    from regsync.diagnostics import RegsyncError, did_you_mean

    known = {str(each.action.address) for each in plan.operations}
    for name, registry in plan.owned.items():
        known.add(name)
        for collection, block in registry.get("collections", {}).items():
            known.add(f"{name}/{collection}")
            known |= {f"{name}/{collection}:{alias}" for alias in block.get("aliases", ())}
    for address in addresses:
        if str(address) not in known and not any(address.covers(each.action.address) for each in chosen):
            hint = did_you_mean(str(address), known) or "`regsync drift` lists what differs"
            raise RegsyncError(f"{address} is not declared in these manifests", hint, code="not-declared")


def _prove(plan: Plan, chosen: list[Operation], others: list[Operation]) -> None:
    """Planned again, the chosen operations are gone, and no other came or went but what only they needed: otherwise nothing is written."""
    from regsync.core.actions import LinkVersion
    from regsync.diagnostics import RegsyncError

    def place(operation: Operation) -> tuple[str, str, str]:
        action = operation.action
        thing = action.version.artifact_id if isinstance(action, LinkVersion) else repr(action.after)
        return str(action.address), action.kind, thing

    needed = {name for each in chosen for name in each.depends_on}
    left, expected = {place(each) for each in plan.operations}, {place(each) for each in others}
    gone = expected - left - {place(each) for each in others if each.id in needed}
    for address, kind, _ in sorted((left - expected) | gone):
        raise RegsyncError(
            f"{address}: after the edit, {kind} would {'not be' if gone else 'still be'} planned; nothing was written",
            "several places may say it, or it hangs on what was not named: name the whole collection, or edit it by hand",
            code="cannot-edit",
        )
