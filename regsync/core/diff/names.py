"""What a declared registry or collection is called now: its name, or one that it had before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from regsync.core.desired import DesiredCollection, DesiredRegistry
from regsync.core.diff.context import Findings
from regsync.diagnostics import Diagnostic, Severity
from regsync.names import Address

T = TypeVar("T")


def find_by_name(wanted: DesiredRegistry | DesiredCollection, live: Mapping[str, T]) -> T | None:
    """What is there under the declared name, or else under a former one."""
    names = [wanted.name, *(former.name for former in wanted.previously)]
    return next((live[name] for name in names if name in live), None)


def name_is_clear(
    wanted: DesiredRegistry | DesiredCollection,
    address: Address,
    live: Mapping[str, object],
    *,
    siblings: bool,
    to: Findings,
) -> bool:
    """Whether it is clear what a `previously` means here; an error is recorded where it is not.

    Warns where it means nothing: what was renamed has its new name, or (`siblings`: others are there) nobody has any of them.
    """
    if not wanted.previously:
        return True
    noun = "" if address.collection else "registry "
    label = f"registry {wanted.name!r}" if noun else str(address)
    there = [former for former in wanted.previously if former.name in live]
    origin = wanted.previously[0].origin
    names = [former.name for former in wanted.previously]
    if wanted.name in live and not there:
        message = f"{label} is called that already, and nothing is called {' or '.join(map(repr, names))} any more"
        hint = "the renaming is done: delete `previously`; `regsync fmt --prune` does it"
        to.warn("unused-previously", message, origin, hint)
    elif wanted.name in live or len(there) > 1:
        _conflict(wanted, label, [former.name for former in there], address, live, to)
        return False
    elif not there and siblings:
        found = nobody_was_called(wanted, address)
        to.warn(found.code, found.message, origin, found.hint)
    return True


def nobody_was_called(wanted: DesiredRegistry | DesiredCollection, address: Address) -> Diagnostic:
    """The warning that something is made anew, for it is there under none of its former names."""
    names = [former.name for former in wanted.previously]
    label = str(address) if address.collection else f"registry {wanted.name!r}"
    message = f"none of {', '.join(map(repr, names))} is there, and {label} is not: it is made anew"
    if len(names) == 1:
        message = f"neither {names[0]!r} nor {label} is there: it is made anew"
    hint = (
        f"if it has another name here, add that: previously: [{', '.join(names)}, NAME]; "
        f"`regsync unmanaged{' ' + address.registry if address.collection else ''}` lists what nothing declares"
    )
    return Diagnostic("previously-not-found", message, wanted.previously[0].origin, hint, Severity.WARNING)


def _conflict(
    wanted: DesiredRegistry | DesiredCollection,
    label: str,
    there: list[str],
    address: Address,
    live: Mapping[str, object],
    to: Findings,
) -> None:
    if wanted.name in live:
        hint = f"delete the line `previously: {there[0]}`"
        if len(wanted.previously) > 1:
            hint = f"take {there[0]} out of `previously`"
        if address.collection:
            hint += f", or declare `{there[0]}: absent` in its place"
        message = f"{label} was to be renamed from {there[0]!r}, but both are there"
    else:
        hint = "keep in `previously` the name that it has here, and take the others out"
        message = f"{label} was to be renamed, but from which? {', '.join(map(repr, there))} are all there"
    to.error("rename-conflict", message, wanted.origin, hint)
