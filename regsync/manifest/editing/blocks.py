"""Where a thing is edited, and why it is not: what several environments share is not edited for one of them."""

from __future__ import annotations

from typing import Any

from regsync.core.desired import DesiredCollection, DesiredRegistry
from regsync.diagnostics import Position, RegsyncError
from regsync.manifest.editing.environment import variables_in
from regsync.manifest.editing.places import Place
from regsync.manifest.editing.rounds import Change
from regsync.manifest.editing.splice import Splice
from regsync.manifest.editing.spots import Spot
from regsync.manifest.editing.written import Written
from regsync.manifest.reading.load import Loaded
from regsync.names import Address, CollectionName, RegistryName


def block_of(now: Written, address: Address, key: str, inner: str | None = None) -> Place:
    """The block to edit: where the key is written, the last overlay first. With overlays, none of the manifests below them."""

    def has(place: Place) -> bool:
        entry = place.block.find(key)
        return entry is not None and (inner is None or (hasattr(entry[1], "find") and entry[1].find(inner) is not None))

    over = now.places(reversed(now.manifests.overlays), address)
    under = now.places(now.manifests.sources, address)
    here = over if now.manifests.overlays else under
    for test in (has, lambda place: place.block.find(key) is not None, lambda _: True):
        found = next((place for place in here if test(place)), None)
        if found is not None:
            return found
    if under:
        first = under[0].name.start
        raise shared(address, Position(under[0].document.name, first.line + 1, first.column + 1))
    raise by_hand(address, "it is not declared here")


def check_own_environment(now: Written, spot: Spot, position: Position) -> None:
    """Raise `RegsyncError` where something may not be edited at a place, for it would change what others have."""
    if now.is_shared(position):
        raise shared(Address(spot.document.name), position)
    spot.check()
    check_texts(now, spot)


def check_texts(now: Written, spot: Spot) -> None:
    """What one environment's variables make is not written down for all. Raises `DiagnosticsError`."""
    used = {name for text in spot.texts() for name in variables_in(text)}
    used &= now.outside().keys() if used else set()
    if used:
        node = spot.item if spot.item is not None else spot.entry[1]
        message = f"the value here is made of the variable `{min(used)}`, which is set for one environment"
        raise spot.document.refuse(node, message, "change the variable where it is set, or name an --overlay")


def shared(address: Address, position: Position) -> RegsyncError:
    """The error that a place belongs to other environments too."""
    return RegsyncError(
        f"{position}: this file is shared by all environments, and the overlays at hand say nothing of it; nothing was written",
        f"write it into the overlay by hand, or run without --overlay to change it for all ({address})",
        code="cannot-edit",
    )


def by_hand(address: Address, why: str) -> RegsyncError:
    """The error that no edit in place does it."""
    return RegsyncError(f"{address}: {why}; nothing was written", "edit it by hand", code="cannot-edit")


def without_item(spot: Spot) -> Change:
    """A list without an item."""
    listed: Any = spot.entry[1]
    return Change(
        {spot.document.name: spot.without_item()}, out_of=_within(spot, listed.start.offset, len(listed.items))
    )


def without_entry(spot: Spot) -> Change:
    """A map without an entry, which goes with its lines; in braces with its comma."""
    return Change(
        {spot.document.name: [_entry_gone(spot)]},
        out_of=_within(spot, spot.parent.start.offset, len(spot.parent.entries)),
    )


def _within(spot: Spot, offset: int, number: int) -> tuple[str, int, int]:
    return spot.document.name, offset, number


def _entry_gone(spot: Spot) -> Splice:
    key, value = spot.entry
    document = spot.document
    if not spot.parent.flow:
        start, end = document.line_start(key.start.offset), document.line_end(document.last_offset(spot.entry))
        if len(spot.parent.entries) == 1:
            raise document.refuse(key, "it is all that stands in this block", "take the block out by hand")
        if end < len(document.text):
            return Splice(start, document.text.index("\n", end) + 1, "")
        return Splice(max(start - 1, 0), end, "")
    number = spot.number if spot.item is None else spot.parent.entries.index(spot.entry)
    if number + 1 < len(spot.parent.entries):
        return Splice(key.start.offset, spot.parent.entries[number + 1][0].start.offset, "")
    before = spot.parent.entries[number - 1][1].end.offset if number else key.start.offset
    return Splice(before, value.end.offset, "")


def in_flow(spot: Spot) -> bool:
    """Whether what is at a place stands in brackets."""
    return bool(getattr(spot.entry[1], "flow", False))


def registry_in(loaded: Loaded, address: Address) -> DesiredRegistry:
    """What is declared of the registry at an address."""
    return loaded.desired.registries[RegistryName(address.registry)]


def collection_in(loaded: Loaded, address: Address) -> DesiredCollection:
    """What is declared of the collection at an address."""
    return (registry_in(loaded, address).collections or {})[CollectionName(str(address.collection))]
