"""Texts and members: each change as a step."""

from __future__ import annotations

from collections.abc import Iterator

from regsync.core import actions as a
from regsync.manifest.editing.blocks import block_of, by_hand, check_texts, without_entry
from regsync.manifest.editing.entries import Addition
from regsync.manifest.editing.lists import step
from regsync.manifest.editing.rounds import Change, Step
from regsync.manifest.editing.splice import ABSENT, quoted
from regsync.manifest.editing.spots import Spot, set_scalar
from regsync.manifest.editing.ways import escaped
from regsync.manifest.editing.written import Written
from regsync.manifest.reading.spans import Map
from regsync.names import Address


def texts(action: a.UpdateCollection | a.UpdateRegistry) -> Iterator[Step]:
    """Description and visibility as they are live."""
    before, after = action.before, action.after
    for key in ("description", "visibility"):
        if key in after and before.get(key) != after[key]:
            yield _text(action.address, key, before[key])


def _text(address: Address, key: str, value: str | None) -> Step:
    def change(now: Written) -> Change:
        place = block_of(now, address, key)
        place.check()
        entry = place.block.find(key)
        spot = None
        if entry is not None:
            spot = Spot(place.document, place.path, place.block, entry, None, place.block.entries.index(entry))
        if spot is not None:
            check_texts(now, spot)
        if value is not None:
            return Change({place.document.name: set_scalar(place.document, place.block, key, escaped(value))})
        if spot is None:
            raise by_hand(
                address, f"there is no `{key}` live, and the one that is declared stands in a file that is shared"
            )
        return without_entry(spot)

    return step(change)


def member(address: Address, name: str, role: str | None) -> Step:
    """A member with a role; None: `absent`."""

    def change(now: Written) -> Change:
        place = block_of(now, address, "members", name)
        place.check()
        entry = place.block.find("members")
        document, text = place.document, role or ABSENT
        if entry is None:
            value = f"{{{quoted(name, flow=True)}: {text}}}"
            last = place.block.entries[-1] if place.block.entries else None
            return Change({document.name: document.insert(place.block, "members", value, last)})
        document.check_own(entry[1])
        members = entry[1]
        if isinstance(members, Map) and members.find(name) is None:
            return Change(adds=Addition(document, members, name, text))
        return Change({document.name: set_scalar(document, members, name, text)})  # type: ignore[arg-type]

    return step(change)
