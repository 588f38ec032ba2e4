"""Many bindings at once: one pass over the files, where `assign` takes one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from regsync.diagnostics import RegsyncError
from regsync.manifest.editing.edit import Manifests, attempts, rendered, target_of
from regsync.manifest.editing.places import documents
from regsync.manifest.editing.splice import Pin, Splice, spliced
from regsync.manifest.reading.load import Loaded
from regsync.manifest.writing.render import to_manifest
from regsync.names import Address


class Together(NamedTuple):
    """Manifests with all bindings, which are not on disk yet, and what they declare."""

    manifests: Manifests
    loaded: Loaded


def assign_all(manifests: Manifests, loaded: Loaded, bindings: Mapping[Address, Pin]) -> Together | None:
    """Bind every alias as `assign` would, each where it is written now.

    None: they have to be bound one after the other, which also tells what is wrong. So it is with overlays, with edits that
    touch, and where the edited manifests do not declare just what was asked for and otherwise what they declared before.
    """
    expected = to_manifest(loaded.desired)
    splices = {} if manifests.overlays else _splices(manifests, loaded, bindings, expected)
    if not splices or any(map(_some_touch, splices.values())):
        return None
    texts = {name: spliced(manifests.find(name).data.decode(), each) for name, each in splices.items()}
    edited = manifests.with_texts(texts)
    try:
        again = edited.load()
    except RegsyncError:
        return None
    return Together(edited, again) if to_manifest(again.desired) == expected else None


def _splices(
    manifests: Manifests, loaded: Loaded, bindings: Mapping[Address, Pin], expected: dict[str, Any]
) -> dict[str, list[Splice]]:
    """The changes, by file name; none where one of them cannot be told alone. `expected` becomes what they make of it."""
    read = cache(documents)
    found: dict[str, list[Splice]] = {}
    for address, pin in bindings.items():
        collection = loaded.desired.collection_at(address)
        if collection is None or collection.absent or "${" in pin.version:
            return {}
        aliases = expected["registries"][address.registry]["collections"][address.collection].setdefault("aliases", {})
        if aliases.get(address.alias) == rendered(pin):
            continue
        aliases[address.alias] = rendered(pin)
        try:
            target = target_of(manifests, address, read)
            changes = next(attempts(manifests, loaded.desired, address, pin, target, frozenset()), None)
        except RegsyncError:
            return {}
        if not changes:
            return {}
        for name, each in changes.items():
            found.setdefault(name, []).extend(each)
    return found


def _some_touch(splices: Sequence[Splice]) -> bool:
    inorder = sorted(splices)
    return any(each.end >= following.start for each, following in pairwise(inorder))
