"""Keeping theirs: what is live goes into the manifests, in place, so that the operations that would put it back are none.

Each operation of a plan is one edit. An edit goes where the value is written; what several environments share is not edited
for one of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from regsync.core import actions as a
from regsync.core.desired import DesiredCollection, DesiredRegistry
from regsync.core.live import Version
from regsync.core.operation import Operation
from regsync.diagnostics import Position, RegsyncError
from regsync.manifest.editing.edit import Edit, Manifests, Touched, assign, escaped
from regsync.manifest.editing.environment import variables_in
from regsync.manifest.editing.places import Place, places
from regsync.manifest.editing.splice import ABSENT, Pin, Splice, quoted, spliced
from regsync.manifest.editing.spots import Spot, set_scalar, spot_at, with_item
from regsync.manifest.editing.together import assign_all
from regsync.manifest.reading.load import Loaded
from regsync.names import DIGEST_RULE, Address, CollectionName, IndexRef, RegistryName, SourceRef, parse_version_ref


class Written(NamedTuple):
    """Manifests with edits that are not on disk yet."""

    manifests: Manifests
    loaded: Loaded


def keep(manifests: Manifests, loaded: Loaded, operations: Sequence[Operation]) -> Edit:
    """The edit after which none of these operations is asked for. Nothing is written yet, and whoever calls plans again to prove it.

    Raises `RegsyncError` and `DiagnosticsError` for what cannot be kept by an edit in place.
    """
    now = Written(manifests, loaded)
    placed = [each for each in operations if isinstance(each.action, _PLACED)]
    for operation in sorted(placed, key=_turn):
        now = _kept(now, operation)
    left = [each for each in operations if not isinstance(each.action, _PLACED)]
    pins = {
        each.action.address: _pin_of(now, each.action.address, each.action.held_by, each.action.held_index)
        for each in left
        if isinstance(each.action, a.SetAlias | a.RemoveAlias)
    }
    together = assign_all(now.manifests, now.loaded, pins) if len(pins) > 1 else None
    if together is not None:
        now = Written(*together)
        left = [each for each in left if each.action.address not in pins]
    for operation in left:
        now = _kept(now, operation)
    return edit_of(manifests, now)


def edit_of(manifests: Manifests, now: Written) -> Edit:
    """What has become of manifests, as one edit."""
    changed = {
        source.name: source.data.decode()
        for source in (*now.manifests.sources, *now.manifests.overlays, *now.manifests.variable_files)
        if source.data != manifests.find(source.name).data
    }
    touched = [
        each for name, text in changed.items() for each in _touched(name, manifests.find(name).data.decode(), text)
    ]
    return Edit(
        now.loaded, tuple(touched), {name: (manifests.find(name).sha256, text) for name, text in changed.items()}
    )


_PLACED = a.LinkVersion | a.UnlinkVersion
"""What is found by its position goes first, before any edit moves it."""


def _turn(operation: Operation) -> tuple[int, int]:
    """From the end on, so that no edit moves what is still to be found."""
    return -operation.reason.position.line, -operation.reason.position.column


def _kept(now: Written, operation: Operation) -> Written:
    action, position = operation.action, operation.reason.position
    match action:
        case a.SetAlias():
            return bind(now, action.address, action.held_by, action.held_index)
        case a.RemoveAlias():
            return bind(now, action.address, action.held_by, action.held_index)
        case a.AddTags():
            return _each(now, action.tags, lambda n, tag: _unlist(n, action.address, "tags", tag))
        case a.RemoveTags():
            return _each(now, action.tags, lambda n, tag: _list(n, action.address, "tags", tag))
        case a.ProtectAlias():
            return _unlist(now, action.address, "protected_aliases", action.alias)
        case a.UnprotectAlias():
            return _list(now, action.address, "protected_aliases", action.alias)
        case a.AllowArtifactTypes():
            return _types(now, action)
        case a.LinkVersion():
            return _not_linked(now, position)
        case a.UnlinkVersion():
            return _linked(now, action, position)
        case a.UpdateCollection() | a.UpdateRegistry():
            return _fields(now, action)
        case a.SetMember():
            return set_member(
                now, action.address, action.member, None if action.before is None else str(action.before["role"])
            )
        case a.RemoveMember():
            return set_member(now, action.address, action.member, str(action.before["role"]))
        case _:
            raise RegsyncError(
                f"{action.address}: {action.kind} cannot be kept by an edit in place; nothing was written",
                f"{position}: take the block out, rename it or write `absent` by hand; `regsync import` writes what is live",
                code="cannot-edit",
            )


# Aliases and versions ------------------------------------------------------------------------------------------------


def bind(now: Written, address: Address, held: Version | None, index: int | None) -> Written:
    """Bound to what holds it now, in the way that it was written: by source, by index, with its digest."""
    edit = assign(now.manifests, now.loaded, address, _pin_of(now, address, held, index))
    return Written(now.manifests.with_texts({name: text for name, (_, text) in edit.files.items()}), edit.loaded)


def _pin_of(now: Written, address: Address, held: Version | None, index: int | None) -> Pin:
    item = (_collection(now.loaded, address).aliases or {}).get(address.alias)  # type: ignore[call-overload]
    if held is None or index is None:
        return Pin(ABSENT)
    source = source_text(held)
    by_index = source is None or (item is not None and isinstance(item.ref, IndexRef))
    pinned = source is None or (item is not None and item.digest is not None)
    digest = held.digest if pinned and DIGEST_RULE.problem(held.digest) is None else None
    return Pin(f"v{index}" if by_index or source is None else source, digest)


def source_text(version: Version) -> str | None:
    """The full name of a version as a manifest has it; None where the key may not see it."""
    try:
        ref = parse_version_ref(version.source)
    except ValueError:
        return None
    return escaped(version.source) if isinstance(ref, SourceRef) and ref.is_pinned else None


def _not_linked(now: Written, position: Position) -> Written:
    """Out of `versions`; a link that only an alias asks for goes with the alias."""
    spot = _find(now.manifests, position)
    if spot is None or spot.item is None:
        return now
    _check_own_environment(now.manifests, spot, position)
    return with_splices(now, {spot.document.name: spot.without_item()})


def _linked(now: Written, action: a.UnlinkVersion, position: Position) -> Written:
    spot = _find(now.manifests, position)
    source = source_text(action.version)
    if spot is not None and spot.item is not None:
        _check_own_environment(now.manifests, spot, position)
        splices = spot.without_item() if source is None else spot.instead(quoted(source, flow=_in_flow(spot)))
        return with_splices(now, {spot.document.name: splices})
    if source is None:
        raise _by_hand(action.address, "the source of a version that is linked is not visible to this key")
    return add_to_list(now, action.address, "versions", source)


# Lists of names ------------------------------------------------------------------------------------------------------


def _unlist(now: Written, address: Address, key: str, name: str) -> Written:
    """A name out of a list: wherever it stands, since lists of names add up."""
    while (listed := _listed(now.loaded, address, key).get(name)) is not None and not listed.absent:
        spot = _find(now.manifests, listed.origin)
        if spot is None or spot.item is None:
            raise _by_hand(address, f"`{name}` in `{key}` is not written where it can be edited")
        if _is_shared(now.manifests, listed.origin):
            return add_to_list(now, address, key, name, absent=True)
        _check_own_environment(now.manifests, spot, listed.origin)
        now = with_splices(now, {spot.document.name: spot.without_item()})
    return now


def _list(now: Written, address: Address, key: str, name: str) -> Written:
    """A name into a list, in the place of `{name: absent}` where that stands there."""
    listed = _listed(now.loaded, address, key).get(name)
    if listed is None:
        return add_to_list(now, address, key, name)
    spot = _find(now.manifests, listed.origin)
    if spot is None or spot.item is None:
        raise _by_hand(address, f"`{name}` in `{key}` is not written where it can be edited")
    if _is_shared(now.manifests, listed.origin):
        return add_to_list(now, address, key, name)
    _check_own_environment(now.manifests, spot, listed.origin)
    return with_splices(now, {spot.document.name: spot.instead(quoted(escaped(name), flow=_in_flow(spot)))})


def add_to_list(now: Written, address: Address, key: str, name: str, *, absent: bool = False) -> Written:
    """A name at the end of a list, in the overlay where there is one."""
    place = _block(now.manifests, address, key)
    document, block = place.document, place.block
    place.check()
    entry = block.find(key)
    flow = entry is None or bool(getattr(entry[1], "flow", False)) or block.flow
    text = f"{{{quoted(escaped(name), flow=True)}: absent}}" if absent else quoted(escaped(name), flow=flow)
    if entry is None:
        splices = document.insert(block, key, f"[{text}]", block.entries[-1] if block.entries else None)
    else:
        document.check_own(entry[1])
        splices = with_item(document, entry, text)
    return with_splices(now, {document.name: splices})


def _types(now: Written, action: a.AllowArtifactTypes) -> Written:
    """Out of the list what is not accepted; where every type is, the list goes."""
    for name in action.added:
        origin = (_registry(now.loaded, action.address).artifact_types or {}).get(name)
        spot = None if origin is None else _find(now.manifests, origin)
        if origin is None or spot is None or spot.item is None:
            raise _by_hand(action.address, f"`{name}` in `artifact_types` is not written where it can be edited")
        if _is_shared(now.manifests, origin):
            raise _shared(action.address, origin)
        _check_own_environment(now.manifests, spot, origin)
        only = len(spot.entry[1].items) == 1  # type: ignore[attr-defined]
        splices = [_entry_gone(spot)] if only else spot.without_item()
        now = with_splices(now, {spot.document.name: splices})
    return now


# Texts and members ---------------------------------------------------------------------------------------------------


def _fields(now: Written, action: a.UpdateCollection | a.UpdateRegistry) -> Written:
    before, after = action.before, action.after
    for key in ("description", "visibility"):
        if key in after and before.get(key) != after[key]:
            now = _field(now, action.address, key, before[key])
    return now


def _field(now: Written, address: Address, key: str, value: str | None) -> Written:
    place = _block(now.manifests, address, key)
    place.check()
    entry = place.block.find(key)
    if entry is not None:
        _check_texts(now.manifests, Spot(place.document, place.path, place.block, entry, None), address)
    if value is not None:
        return with_splices(now, {place.document.name: set_scalar(place.document, place.block, key, escaped(value))})
    if entry is None:
        raise _by_hand(
            address, f"there is no `{key}` live, and the one that is declared stands in a file that is shared"
        )
    return with_splices(
        now, {place.document.name: [_entry_gone(Spot(place.document, place.path, place.block, entry, None))]}
    )


def set_member(now: Written, address: Address, member: str, role: str | None) -> Written:
    """A member with a role; None: `absent`."""
    place = _block(now.manifests, address, "members", member)
    place.check()
    entry = place.block.find("members")
    text = role or ABSENT
    if entry is None:
        value = f"{{{quoted(member, flow=True)}: {text}}}"
        last = place.block.entries[-1] if place.block.entries else None
        return with_splices(now, {place.document.name: place.document.insert(place.block, "members", value, last)})
    place.document.check_own(entry[1])
    return with_splices(now, {place.document.name: set_scalar(place.document, entry[1], member, text)})  # type: ignore[arg-type]


# Where it is written -------------------------------------------------------------------------------------------------


def _find(manifests: Manifests, position: Position) -> Spot | None:
    source = next((each for each in (*manifests.sources, *manifests.overlays) if each.name == position.file), None)
    return None if source is None else spot_at(source, position)


def _block(manifests: Manifests, address: Address, key: str, inner: str | None = None) -> Place:
    """The block to edit: where the key is written, the last overlay first. With overlays, none of the manifests below them."""

    def has(place: Place) -> bool:
        entry = place.block.find(key)
        return entry is not None and (inner is None or (hasattr(entry[1], "find") and entry[1].find(inner) is not None))

    over = list(places(reversed(manifests.overlays), address))
    under = list(places(manifests.sources, address))
    here = over if manifests.overlays else under
    for test in (has, lambda place: place.block.find(key) is not None, lambda _: True):
        found = next((place for place in here if test(place)), None)
        if found is not None:
            return found
    if under:
        raise _shared(
            address, Position(under[0].document.name, under[0].name.start.line + 1, under[0].name.start.column + 1)
        )
    raise _by_hand(address, "it is not declared here")


def _is_shared(manifests: Manifests, position: Position) -> bool:
    return bool(manifests.overlays) and position.file not in {each.name for each in manifests.overlays}


def _check_own_environment(manifests: Manifests, spot: Spot, position: Position) -> None:
    if _is_shared(manifests, position):
        raise _shared(Address(spot.document.name), position)
    spot.check()
    _check_texts(manifests, spot, position)


def _check_texts(manifests: Manifests, spot: Spot, where: object) -> None:
    """What one environment's variables make is not written down for all."""
    outside = manifests.outside().keys()
    used = {name for text in spot.texts() for name in variables_in(text)} & outside
    if used:
        node = spot.item if spot.item is not None else spot.entry[1]
        message = f"the value here is made of the variable `{min(used)}`, which is set for one environment"
        raise spot.document.refuse(node, message, "change the variable where it is set, or name an --overlay")


def _shared(address: Address, position: Position) -> RegsyncError:
    return RegsyncError(
        f"{position}: this file is shared by all environments, and the overlays at hand say nothing of it; nothing was written",
        f"write it into the overlay by hand, or run without --overlay to change it for all ({address})",
        code="cannot-edit",
    )


def _by_hand(address: Address, why: str) -> RegsyncError:
    return RegsyncError(f"{address}: {why}; nothing was written", "edit it by hand", code="cannot-edit")


def _entry_gone(spot: Spot) -> Splice:
    """An entry of a map taken out with its lines; in braces with its comma."""
    key, value = spot.entry
    document = spot.document
    if not spot.parent.flow:
        start, end = document.line_start(key.start.offset), document.line_end(document.last_offset(spot.entry))
        if len(spot.parent.entries) == 1:
            raise document.refuse(key, "it is all that stands in this block", "take the block out by hand")
        if end < len(document.text):
            return Splice(start, document.text.index("\n", end) + 1, "")
        return Splice(max(start - 1, 0), end, "")
    number = spot.parent.entries.index(spot.entry)
    if number + 1 < len(spot.parent.entries):
        return Splice(key.start.offset, spot.parent.entries[number + 1][0].start.offset, "")
    before = spot.parent.entries[number - 1][1].end.offset if number else key.start.offset
    return Splice(before, value.end.offset, "")


def _in_flow(spot: Spot) -> bool:
    return bool(getattr(spot.entry[1], "flow", False))


# Desired and texts ---------------------------------------------------------------------------------------------------


def _registry(loaded: Loaded, address: Address) -> DesiredRegistry:
    return loaded.desired.registries[RegistryName(address.registry)]


def _collection(loaded: Loaded, address: Address) -> DesiredCollection:
    return (_registry(loaded, address).collections or {})[CollectionName(str(address.collection))]


def _listed(loaded: Loaded, address: Address, key: str) -> Mapping[str, Any]:
    block: Any = _registry(loaded, address) if address.collection is None else _collection(loaded, address)
    return getattr(block, key) or {}


def _each(now: Written, names: Iterable[str], edit: Callable[[Written, str], Written]) -> Written:
    for name in names:
        now = edit(now, name)
    return now


def with_splices(now: Written, splices: Mapping[str, Sequence[Splice]]) -> Written:
    """With changes, by file name. Raises `DiagnosticsError` where the result is no manifest."""
    texts = {name: spliced(now.manifests.find(name).data.decode(), each) for name, each in splices.items()}
    manifests = now.manifests.with_texts(texts)
    return Written(manifests, manifests.load())


def _touched(name: str, before: str, after: str) -> Iterable[Touched]:
    """What changed, for showing it: whole lines."""
    old, new = before.split("\n"), after.split("\n")
    if len(old) == len(new) > _MANY_LINES:
        yield from _touched_in_place(name, old, new)
        return
    for tag, start, end, into, to in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            sides = ([line.removesuffix("\r") for line in lines] for lines in (old[start:end], new[into:to]))
            yield Touched(name, start + 1, *sides)


_MANY_LINES = 2000
"""More than these are compared line by line where nothing came or went: most lines of a large manifest are like many others, and
that is where looking for the smallest difference takes with the square of them."""


def _touched_in_place(name: str, old: Sequence[str], new: Sequence[str]) -> Iterable[Touched]:
    changed = [number for number, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]
    for _, group in groupby(enumerate(changed), lambda pair: pair[1] - pair[0]):
        lines = [number for _, number in group]
        sides = ([side[number].removesuffix("\r") for number in lines] for side in (old, new))
        yield Touched(name, lines[0] + 1, *sides)
