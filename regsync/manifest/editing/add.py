"""Adding what is live and declared nowhere: aliases, tags, members and whole collections, in the manifests that are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from regsync.core.live import Live, LiveCollection
from regsync.diagnostics import RegsyncError
from regsync.manifest.editing.blocks import registry_in
from regsync.manifest.editing.edit import Edit, Manifests
from regsync.manifest.editing.fields import member
from regsync.manifest.editing.keep import bind_all
from regsync.manifest.editing.lists import more, step
from regsync.manifest.editing.places import Place
from regsync.manifest.editing.rounds import Change, Step, carried_out
from regsync.manifest.editing.splice import Splice
from regsync.manifest.editing.written import Written, edit_of
from regsync.manifest.reading.load import Loaded
from regsync.manifest.reading.spans import Map
from regsync.manifest.writing.emit import emit
from regsync.manifest.writing.from_live import Content, collection_block
from regsync.names import Address, CollectionName


def add(
    manifests: Manifests,
    loaded: Loaded,
    live: Live,
    missing: Iterable[Address],
    content: Content,
    within: Sequence[Address],
) -> Edit:
    """The edit that declares the `missing` collections and aliases, and what lists lack that are declared. Not written yet.

    `missing` holds no registries. `within`: only there; nothing: everywhere. Raises `RegsyncError`, `DiagnosticsError`.
    """
    aliases, collections = [], []
    for address in missing:
        collection = live.registries[address.registry].collections[str(address.collection)]
        if address.alias is None:
            collections.append(_collection(address, collection, content))
        else:
            index = collection.aliases[address.alias]
            aliases.append((address, collection.links[index], index))
    now = carried_out(Written(manifests, loaded), collections)
    now = carried_out(bind_all(now, aliases), [*_listed(now, live, content, within)])
    return edit_of(manifests, now)


def _listed(now: Written, live: Live, content: Content, within: Sequence[Address]) -> Iterator[Step]:
    """Tags and members that lists lack which are there: a kind that nothing lists stays unmanaged."""

    def asked(address: Address) -> bool:
        return not within or any(each.covers(address) for each in within)

    for registry in now.loaded.desired.registries.values():
        there = live.registries.get(registry.name)
        if there is None or registry.absent:
            continue
        address = Address(registry.name)
        if registry.members is not None and content.members and asked(address):
            for name in sorted((there.members or {}).keys() - registry.members.keys()):
                yield member(address, name, (there.members or {})[name])
        for collection in (registry.collections or {}).values():
            found = there.collections.get(collection.name)
            place = Address(registry.name, collection.name)
            if found is not None and collection.tags is not None and asked(place):
                for tag in sorted(found.tags - collection.tags.keys()):
                    yield more(place, "tags", tag)


def _collection(address: Address, live: LiveCollection, content: Content) -> Step:
    def change(now: Written) -> Change | None:
        registry = registry_in(now.loaded, address)
        if CollectionName(str(address.collection)) in (registry.collections or {}):
            return None
        accepted = None if registry.artifact_types is None else set(registry.artifact_types)
        block: Any = collection_block(address.registry, live, accepted, content)
        found = now.places(now.manifests.sources, Address(address.registry))
        place = next((each for each in found if each.block.find("collections")), found[0])
        place.check()
        entry = place.block.find("collections")
        if entry is None:
            return Change(_lines(place, place.block, {"collections": {live.name: block}}))
        if not isinstance(entry[1], Map):
            raise _by_hand(place, address)
        place.document.check_own(entry[1])
        return Change(_lines(place, entry[1], {live.name: block}), joins=live.name)

    return step(change)


def _lines(place: Place, parent: Map, block: dict[str, Any]) -> dict[str, list[Splice]]:
    """Lines below the last entry of a block, as deep as it stands."""
    if parent.flow or not parent.entries:
        raise _by_hand(place, Address(str(next(iter(block)))))
    document, last = place.document, parent.entries[-1]
    indent = " " * parent.entries[0][0].start.column
    lines = [f"{indent}{line}" if line else "" for line in emit(block).rstrip("\n").split("\n")]
    return {document.name: [document.insert_line(last, document.line_break().join(lines))]}


def _by_hand(place: Place, address: Address) -> RegsyncError:
    return RegsyncError(
        f"{place.document.name}: there is no room for {address} where its neighbours are written in braces; nothing was written",
        "write the block with one line for each entry (`regsync import ADDR` prints what to add)",
        code="cannot-edit",
    )
