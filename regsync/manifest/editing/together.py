"""Many bindings at once: a few passes over the files, where `assign` takes one for each."""

from __future__ import annotations

from collections.abc import Mapping

from regsync.diagnostics import RegsyncError
from regsync.manifest.editing.edit import attempts, rendered, target_of
from regsync.manifest.editing.entries import Addition
from regsync.manifest.editing.lists import step
from regsync.manifest.editing.places import room
from regsync.manifest.editing.rounds import Change, Step, carried_out
from regsync.manifest.editing.splice import Pin
from regsync.manifest.editing.written import Written
from regsync.manifest.writing.render import to_manifest
from regsync.names import Address


def assign_all(now: Written, bindings: Mapping[Address, Pin]) -> Written | None:
    """Bind every alias as `assign` would, each where it is written now.

    None: they have to be bound one after the other, which also tells what is wrong. So it is where the edited manifests do not
    declare just what was asked for and otherwise what they declared before.
    """
    expected = to_manifest(now.loaded.desired)
    steps = []
    for address, pin in bindings.items():
        collection = now.loaded.desired.collection_at(address)
        if collection is None or collection.absent or "${" in pin.version:
            return None
        aliases = expected["registries"][address.registry]["collections"][address.collection].setdefault("aliases", {})
        if aliases.get(address.alias) != rendered(pin):
            aliases[address.alias] = rendered(pin)
            steps.append(_bound(address, pin))
    try:
        edited = carried_out(now, steps)
    except RegsyncError:
        return None
    return edited if to_manifest(edited.loaded.desired) == expected else None


def _bound(address: Address, pin: Pin) -> Step:
    def change(now: Written) -> Change | None:
        target = target_of(now.manifests, address, now.documents)
        ways = attempts(now.manifests, now.loaded.desired, address, pin, target, frozenset(), now.known())
        way = next(ways, None)
        if isinstance(way, Addition):
            return Change(adds=way)
        return None if way is None else Change(way, _new_in_overlay(now, address) if target.shared else None)

    return step(change)


def _new_in_overlay(now: Written, address: Address) -> str | None:
    """What an overlay that does not mention the alias' collection gets: a block of that name, below the last of others."""
    if not now.manifests.overlays:
        return None
    _, parent, missing = room(now.manifests.overlays[-1], address, now.documents)
    return None if parent.flow or not parent.entries else next(iter(missing), None)
