"""Lists of names and of versions: what is put into them and taken out, each as a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from regsync.core import actions as a
from regsync.core.live import Version
from regsync.diagnostics import Position
from regsync.manifest.editing.blocks import (
    block_of,
    by_hand,
    check_own_environment,
    collection_in,
    in_flow,
    registry_in,
    shared,
    without_entry,
    without_item,
)
from regsync.manifest.editing.rounds import Change, Step
from regsync.manifest.editing.splice import quoted
from regsync.manifest.editing.spots import Spot, with_item
from regsync.manifest.editing.ways import escaped
from regsync.manifest.editing.written import Written
from regsync.manifest.reading.spans import List
from regsync.names import Address, SourceRef, parse_version_ref


def step(change: Callable[[Written], Change | None], *, again: bool = False) -> Step:
    """A step that goes by no position."""
    return Step(lambda now, _: change(now), again)


def unlisted(address: Address, key: str, name: str) -> Step:
    """A name out of a list: wherever it stands, since lists of names add up."""

    def change(now: Written) -> Change | None:
        listed = _listed(now, address, key).get(name)
        if listed is None or listed.absent:
            return None
        spot = _item(now, address, key, name, listed.origin)
        if now.is_shared(listed.origin):
            return _more(now, address, key, name, absent=True)
        check_own_environment(now, spot, listed.origin)
        return without_item(spot)

    return step(change, again=True)


def listed(address: Address, key: str, name: str) -> Step:
    """A name into a list, in the place of `{name: absent}` where that stands there."""

    def change(now: Written) -> Change | None:
        found = _listed(now, address, key).get(name)
        if found is None:
            return _more(now, address, key, name)
        spot = _item(now, address, key, name, found.origin)
        if now.is_shared(found.origin):
            return _more(now, address, key, name)
        check_own_environment(now, spot, found.origin)
        return Change({spot.document.name: spot.instead(quoted(escaped(name), flow=in_flow(spot)))})

    return step(change)


def more(address: Address, key: str, name: str) -> Step:
    """A name at the end of a list, in the overlay where there is one."""
    return step(lambda now: _more(now, address, key, name))


def _more(now: Written, address: Address, key: str, name: str, *, absent: bool = False) -> Change:
    place = block_of(now, address, key)
    document, block = place.document, place.block
    place.check()
    entry = block.find(key)
    flow = entry is None or bool(getattr(entry[1], "flow", False)) or block.flow
    text = f"{{{quoted(escaped(name), flow=True)}: absent}}" if absent else quoted(escaped(name), flow=flow)
    if entry is None:
        last = block.entries[-1] if block.entries else None
        return Change({document.name: document.insert(block, key, f"[{text}]", last)})
    document.check_own(entry[1])
    joins = name if isinstance(entry[1], List) and entry[1].items else None
    into = document.name, entry[1].start.offset
    return Change({document.name: with_item(document, entry, text)}, joins, into=into)


def not_accepted(address: Address, name: str) -> Step:
    """A type out of `artifact_types`; where it is the only one, every type is accepted, and the list goes."""

    def change(now: Written) -> Change:
        origin = (registry_in(now.loaded, address).artifact_types or {}).get(name)
        if origin is None:
            raise by_hand(address, f"`{name}` in `artifact_types` is not written where it can be edited")
        spot = _item(now, address, "artifact_types", name, origin)
        if now.is_shared(origin):
            raise shared(address, origin)
        check_own_environment(now, spot, origin)
        items: Any = spot.entry[1]
        return without_entry(spot) if len(items.items) == 1 else without_item(spot)

    return step(change)


def not_linked(position: Position) -> Step:
    """Out of `versions`; a link that only an alias asks for goes with the alias."""

    def change(now: Written, at: Position | None) -> Change | None:
        spot = None if at is None else now.spot(at)
        if at is None or spot is None or spot.item is None:
            return None
        check_own_environment(now, spot, at)
        return without_item(spot)

    return Step(change, at=position)


def linked(action: a.UnlinkVersion, position: Position) -> Step:
    """Into `versions`, in the place of what asks for it to go."""
    source = source_text(action.version)

    def change(now: Written, at: Position | None) -> Change:
        spot = None if at is None else now.spot(at)
        if at is not None and spot is not None and spot.item is not None:
            check_own_environment(now, spot, at)
            if source is None:
                return without_item(spot)
            return Change({spot.document.name: spot.instead(quoted(source, flow=in_flow(spot)))})
        if source is None:
            raise by_hand(action.address, "the source of a version that is linked is not visible to this key")
        return _more(now, action.address, "versions", source)

    return Step(change, at=position)


def source_text(version: Version) -> str | None:
    """The full name of a version as a manifest has it; None where the key may not see it."""
    try:
        ref = parse_version_ref(version.source)
    except ValueError:
        return None
    return escaped(version.source) if isinstance(ref, SourceRef) and ref.is_pinned else None


def _item(now: Written, address: Address, key: str, name: str, origin: Position) -> Spot:
    spot = now.spot(origin)
    if spot is None or spot.item is None:
        raise by_hand(address, f"`{name}` in `{key}` is not written where it can be edited")
    return spot


def _listed(now: Written, address: Address, key: str) -> Mapping[str, Any]:
    block: Any = registry_in(now.loaded, address) if address.collection is None else collection_in(now.loaded, address)
    return getattr(block, key) or {}
