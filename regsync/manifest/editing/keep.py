"""Keeping theirs: what is live goes into the manifests, in place, so that the operations that would put it back are none.

Each operation of a plan is one edit or a few, made as if one came after the other. An edit goes where the value is written; what several
environments share is not edited for one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from regsync.core import actions as a
from regsync.core.live import Version
from regsync.core.operation import Operation
from regsync.diagnostics import RegsyncError
from regsync.manifest.editing import fields, lists
from regsync.manifest.editing.blocks import collection_in
from regsync.manifest.editing.edit import Edit, Manifests, assign
from regsync.manifest.editing.rounds import Step, carried_out
from regsync.manifest.editing.splice import ABSENT, Pin
from regsync.manifest.editing.together import assign_all
from regsync.manifest.editing.written import Written, edit_of
from regsync.manifest.reading.load import Loaded
from regsync.names import DIGEST_RULE, Address, IndexRef


def keep(manifests: Manifests, loaded: Loaded, operations: Sequence[Operation]) -> Edit:
    """The edit after which none of these operations is asked for. Nothing is written yet, and whoever calls plans again to prove it.

    Raises `RegsyncError` and `DiagnosticsError` for what cannot be kept by an edit in place.
    """
    now = Written(manifests, loaded)
    placed = [each for each in operations if isinstance(each.action, _PLACED)]
    now = carried_out(now, [step for each in sorted(placed, key=_turn) for step in _steps(each)])
    aliases = [each.action for each in operations if isinstance(each.action, a.SetAlias | a.RemoveAlias)]
    others = [each for each in operations if not isinstance(each.action, _PLACED | a.SetAlias | a.RemoveAlias)]
    now = bind_all(now, [(each.address, each.held_by, each.held_index) for each in aliases])
    now = carried_out(now, [step for each in others for step in _steps(each)])
    return edit_of(manifests, now)


_PLACED = a.LinkVersion | a.UnlinkVersion
"""What is found by its position goes first."""


def _turn(operation: Operation) -> tuple[int, int]:
    """From the end on: that is how lists of versions are edited."""
    return -operation.reason.position.line, -operation.reason.position.column


def _steps(operation: Operation) -> Iterator[Step]:
    action, position = operation.action, operation.reason.position
    match action:
        case a.AddTags():
            yield from (lists.unlisted(action.address, "tags", tag) for tag in action.tags)
        case a.RemoveTags():
            yield from (lists.listed(action.address, "tags", tag) for tag in action.tags)
        case a.ProtectAlias():
            yield lists.unlisted(action.address, "protected_aliases", action.alias)
        case a.UnprotectAlias():
            yield lists.listed(action.address, "protected_aliases", action.alias)
        case a.AllowArtifactTypes():
            yield from (lists.not_accepted(action.address, name) for name in action.added)
        case a.LinkVersion():
            yield lists.not_linked(position)
        case a.UnlinkVersion():
            yield lists.linked(action, position)
        case a.UpdateCollection() | a.UpdateRegistry():
            yield from fields.texts(action)
        case a.SetMember():
            role = None if action.before is None else str(action.before["role"])
            yield fields.member(action.address, action.member, role)
        case a.RemoveMember():
            yield fields.member(action.address, action.member, str(action.before["role"]))
        case _:
            raise RegsyncError(
                f"{action.address}: {action.kind} cannot be kept by an edit in place; nothing was written",
                f"{position}: take the block out, rename it or write `absent` by hand; `regsync import` writes what is live",
                code="cannot-edit",
            )


Held = tuple[Address, Version | None, int | None]
"""An alias, the version that holds it live, and its index; None: it is not set."""


def bind_all(now: Written, bindings: Iterable[Held]) -> Written:
    """Each bound to what holds it now, in the way that it was written: by source, by index, with its digest."""
    pins = {address: _pin_of(now, address, held, index) for address, held, index in bindings}
    together = assign_all(now, pins) if len(pins) > 1 else None
    if together is not None:
        return together
    for address, pin in pins.items():
        edit = assign(now.manifests, now.loaded, address, pin)
        manifests = now.manifests.with_texts({name: text for name, (_, text) in edit.files.items()})
        now = Written(manifests, edit.loaded)
    return now


def _pin_of(now: Written, address: Address, held: Version | None, index: int | None) -> Pin:
    item = (collection_in(now.loaded, address).aliases or {}).get(address.alias)  # type: ignore[call-overload]
    if held is None or index is None:
        return Pin(ABSENT)
    source = lists.source_text(held)
    by_index = source is None or (item is not None and isinstance(item.ref, IndexRef))
    pinned = source is None or (item is not None and item.digest is not None)
    digest = held.digest if pinned and DIGEST_RULE.problem(held.digest) is None else None
    return Pin(f"v{index}" if by_index or source is None else source, digest)
