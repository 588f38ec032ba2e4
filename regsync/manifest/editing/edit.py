"""Editing manifests in place: `promote` and `set`. The difference is the touched lines and nothing else.

An edit is proven before anything is written: the edited text is loaded again, and has to declare what was asked for and
otherwise what it declared before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import field, replace
from typing import Any

from regsync.core.desired import Desired, DesiredCollection
from regsync.diagnostics import DiagnosticsError, RegsyncError, did_you_mean
from regsync.manifest.editing.entries import Addition, added
from regsync.manifest.editing.environment import Setting, reset, settings_of, shared_settings, texts_of, variables_in
from regsync.manifest.editing.places import Place, Reader, documents, places, room
from regsync.manifest.editing.rewrite import rewrite
from regsync.manifest.editing.splice import ABSENT, Pin, Splice, pinned, quoted, spliced
from regsync.manifest.editing.ways import Examples, escaped, examples_of, ways_to_write
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.load import Loaded, load_sources
from regsync.manifest.writing.render import to_manifest
from regsync.names import Address, CollectionName, RegistryName
from regsync.slots import NamedTuple, dataclass


@dataclass(frozen=True, slots=True)
class Manifests:
    """Manifest files that were read, and what else their meaning depends on."""

    sources: tuple[Source, ...]
    overlays: tuple[Source, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[Source, ...] = ()
    organization: str | None = None

    def load(self) -> Loaded:
        """What they declare. Raises `DiagnosticsError`."""
        return load_sources(
            self.sources,
            overlays=self.overlays,
            variables=self.variables,
            variable_files=self.variable_files,
            organization=self.organization,
        )

    def find(self, name: str) -> Source:
        """The file of that name."""
        return next(source for source in (*self.sources, *self.overlays, *self.variable_files) if source.name == name)

    def with_texts(self, texts: Mapping[str, str]) -> Manifests:
        """The same with other contents, by file name."""

        def new(source: Source) -> Source:
            text = texts.get(source.name)
            return source if text is None else replace(source, data=text.encode())

        return replace(
            self,
            sources=tuple(map(new, self.sources)),
            overlays=tuple(map(new, self.overlays)),
            variable_files=tuple(map(new, self.variable_files)),
        )

    def outside(self) -> dict[str, Setting]:
        """The variables that belong to one environment, with the places that set them."""
        return settings_of(self.overlays, self.variable_files, self.variables)


class Touched(NamedTuple):
    """One place that was edited: its file, the number of its first line, and the lines before and after."""

    file: str
    line: int
    before: list[str]
    after: list[str]


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit that is proven and not yet written. Nothing `touched`: the manifests say so already."""

    loaded: Loaded
    touched: tuple[Touched, ...] = ()
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def write(self) -> None:
        """Write the files. Raises `RegsyncError`, and then has written none of them."""
        rewrite(self.files)


def assign(
    manifests: Manifests, loaded: Loaded, address: Address, value: Pin, made_of: frozenset[str] = frozenset()
) -> Edit:
    """Bind the alias at `address` to a version, or to `absent`. `loaded` is what `manifests` declare now.

    `value.version` is a text as manifests have them: `${team}` in it is a variable. It is written with the variables of the
    old value or of a neighbour, where they mean the same. `made_of`: variables of one environment that the version comes
    from; it goes into no text that other environments share. Raises `RegsyncError`, `DiagnosticsError`.
    """
    before = to_manifest(loaded.desired)
    declared = _declared(before, address)
    wanted = None if "${" in value.version.replace("$${", "") else rendered(value)
    if wanted is not None and declared.get("aliases", {}).get(address.alias) == wanted:
        return Edit(loaded)
    target = target_of(manifests, address)
    refused: DiagnosticsError | None = None
    for way in attempts(manifests, loaded.desired, address, value, target, made_of):
        splices = added([way]) if isinstance(way, Addition) else way
        texts = {name: spliced(manifests.find(name).data.decode(), each) for name, each in splices.items()}
        try:
            again = manifests.with_texts(texts).load()
        except DiagnosticsError as error:
            refused = error
            continue
        if _only_that_changed(before, to_manifest(again.desired), address, wanted):
            return _edit(manifests, again, splices, texts)
    raise (
        _of_one_environment(manifests, address, target, made_of)
        or refused
        or RegsyncError(
            f"{address} cannot be set to {value.version} by editing one place; nothing was written",
            "another file or overlay may say otherwise: `regsync why` shows which line counts; edit it by hand",
            code="cannot-edit",
        )
    )


def sources_of(manifests: Manifests, address: Address) -> frozenset[str]:
    """The variables of one environment that the version at `address` is made of."""
    places = target_of(manifests, address).places
    used = {name for place in places for text in texts_of(place, str(address.alias)) for name in variables_in(text)}
    return frozenset(used & manifests.outside().keys())


def binding(loaded: Loaded, address: Address) -> Pin | None:
    """What manifests bind an alias to, without variables; None where they do not mention it."""
    _declared(to_manifest(loaded.desired), address)
    registry = loaded.desired.registries[RegistryName(address.registry)]
    collection = (registry.collections or {})[CollectionName(str(address.collection))]
    item = {str(alias): each for alias, each in (collection.aliases or {}).items()}.get(str(address.alias))
    if item is None:
        return None
    return Pin(ABSENT if item.ref is None else escaped(str(item.ref)), item.digest)


def rendered(value: Pin) -> Any:
    """As `render` shows it."""
    return value.version if value.digest is None else {"version": value.version, "digest": value.digest}


def _declared(manifest: Any, address: Address) -> dict[str, Any]:
    """The collection in a rendered manifest. Raises `RegsyncError` where it is not declared, or declared absent."""
    place = Address(address.registry, address.collection)
    registries: dict[str, Any] = manifest["registries"]
    known = {
        f"{name}/{each}": found
        for name, block in registries.items()
        if isinstance(block, dict)
        for each, found in block.get("collections", {}).items()
    }
    found = known.get(str(place), registries.get(address.registry))
    if found == ABSENT:
        raise RegsyncError(f"{place} is declared absent", "declare it with its type first", code="not-declared")
    if str(place) not in known:
        hint = did_you_mean(str(place), known) or "declare it first; `regsync import` writes down what is live"
        raise RegsyncError(f"{place} is not declared in these manifests", hint, code="not-declared")
    collection: dict[str, Any] = known[str(place)]
    return collection


class Target(NamedTuple):
    """Where an alias is written, or else where it should be. `shared`: in manifests, not in an overlay of those given."""

    places: list[Place]
    shared: bool


def target_of(manifests: Manifests, address: Address, read: Reader = documents) -> Target:
    """The places to edit: where the alias is written, the last overlay first; else the one where it should be."""
    over = list(places(reversed(manifests.overlays), address, read))
    under = list(places(manifests.sources, address, read))
    alias = str(address.alias)
    for found, shared in ((over[:], False), (under, True)):
        holding = [place for place in found if place.alias(alias)]
        if holding:
            return Target(holding if shared else holding[:1], shared)
    either = over or under
    return Target(([place for place in either if place.aliases] or either)[:1], not over)


class Known(NamedTuple):
    """What is looked up to edit one alias, and is the same for all: the documents of a file, the variables of the environment with the
    places that set them, those of the shared manifests, and how the versions of a collection are written at a place."""

    read: Reader
    outside: Callable[[], Mapping[str, Setting]]
    shared: Callable[[], Mapping[str, Setting]]
    examples: Callable[[Place, DesiredCollection], Examples]


Way = Addition | Mapping[str, Sequence[Splice]]
"""An edit: one entry more in a map, or changes by file name."""


def attempts(
    manifests: Manifests,
    desired: Desired,
    address: Address,
    value: Pin,
    target: Target,
    made_of: frozenset[str],
    known: Known | None = None,
) -> Iterator[Way]:
    """The ways to edit, best first: where the alias is written, in the variables that it is made of, in the overlay at hand.
    No way writes what one environment says where others read it."""
    known = known or Known(documents, manifests.outside, lambda: shared_settings(manifests.sources), examples_of)
    collection = (desired.registries[RegistryName(address.registry)].collections or {})[
        CollectionName(str(address.collection))
    ]
    alias, outside, examples = str(address.alias), known.outside(), known.examples

    def ways() -> Iterator[Pin]:
        texts = ways_to_write(value.version, target.places, alias, lambda place: examples(place, collection))
        return (Pin(text, value.digest) for text in dict.fromkeys(texts))

    old = {name for place in target.places for text in texts_of(place, alias) for name in variables_in(text)}
    own = (old & outside.keys()) | made_of
    is_over = bool(manifests.overlays) and not target.shared
    if not target.shared or not manifests.overlays:
        for pin in ways():
            if own <= variables_in(f"{pin.version} {pin.digest or ''}"):
                yield _at_places(target.places, alias, pin)
    if old & outside.keys():
        settings = {**known.shared(), **outside}
        for found in reset(target.places[0], alias, value, settings):
            changes: dict[str, list[Splice]] = {}
            for name, splice in found:
                changes.setdefault(name, []).append(splice)
            yield changes
    if is_over:
        for pin in ways():
            yield _at_places(target.places, alias, pin)
    elif manifests.overlays:
        for pin in ways():
            yield _into_overlay(manifests.overlays[-1], address, pin, known.read)


def _into_overlay(source: Source, address: Address, pin: Pin, read: Reader) -> Way:
    """Give an alias to an overlay that does not write it yet."""
    document, parent, missing = room(source, address, read)
    if not missing:
        return Addition(document, parent, str(address.alias), pin, styled=False)
    keys = [*missing, str(address.alias)]
    last = parent.entries[-1] if parent.entries else None
    if parent.flow or last is None:
        style = '"' if document.flow else ""
        text = pinned(pin, style, style, flow=True)
        for key in reversed(keys[1:]):
            text = f"{{{quoted(key, style, flow=True)}: {text}}}"
        return {source.name: document.insert(parent, keys[0], text, last)}
    column = parent.entries[0][0].start.column
    lines = [f"{' ' * (column + 2 * depth)}{quoted(key)}:" for depth, key in enumerate(keys)]
    lines[-1] += f" {pinned(pin)}"
    return {source.name: [document.insert_line(last, document.line_break().join(lines))]}


def _of_one_environment(
    manifests: Manifests, address: Address, target: Target, made_of: frozenset[str]
) -> DiagnosticsError | None:
    """The error that an edit would change what other environments share; None where that is not the reason."""
    alias, outside = str(address.alias), manifests.outside()
    place = target.places[0]
    old = {name for text in texts_of(place, alias) for name in variables_in(text)} & outside.keys()
    name = min(old or made_of, default=None)
    if name is None:
        return None
    entry, setting = place.alias(alias), outside[name]
    node = entry[1] if entry else place.name
    if name not in old:
        message = f"the version is made of the variable `{name}`, which {setting.place} sets for one environment"
        hint = f"{place.document.name} is shared by all: make `{alias}` a variable too, or name an --overlay"
    elif setting.document is None:
        message = f"`{alias}` is made of the variable `{name}`, which the command line sets"
        hint = f"give the other value there: --var {name}=…"
    else:
        message = f"`{alias}` is made of the variable `{name}`, and another value for it would change other things too"
        hint = f"give `{alias}` a variable of its own in {setting.place}, or name an --overlay"
    return place.document.refuse(node, message, hint)


def _only_that_changed(before: Any, after: Any, address: Address, wanted: Any) -> bool:
    """Whether the edited manifests declare what was asked for, and otherwise what they declared before."""
    new = _declared(after, address).get("aliases", {}).get(address.alias)
    if new is None or (wanted is not None and new != wanted):
        return False
    expected = deepcopy(before)
    _declared(expected, address).setdefault("aliases", {})[address.alias] = new
    return bool(expected == after)


def _at_places(found: Sequence[Place], alias: str, pin: Pin) -> Way:
    """The alias where it is written; where it is not, there is one place."""
    result: dict[str, list[Splice]] = {}
    for place in found:
        place.check()
        entry, aliases = place.alias(alias), place.aliases
        if entry is None or aliases is None:
            return (
                Addition(place.document, aliases, alias, pin, sorts=True)
                if aliases
                else _first_alias(place, alias, pin)
            )
        splices = place.document.replace(entry, pin, flow=aliases.flow)
        result.setdefault(place.document.name, []).extend(splices)
    return result


def _first_alias(place: Place, alias: str, pin: Pin) -> Way:
    """The map of aliases, below all else."""
    document, block = place.document, place.block
    last = block.entries[-1] if block.entries else None
    if block.flow or last is None:
        style = '"' if document.flow else ""
        value = f"{{{quoted(alias, style, flow=True)}: {pinned(pin, style, style, flow=True)}}}"
        return {document.name: document.insert(block, "aliases", value, last)}
    column = block.entries[0][0].start.column
    inner = column + max(column - place.name.start.column, 1)
    lines = [f"{' ' * column}aliases:", f"{' ' * inner}{quoted(alias)}: {pinned(pin)}"]
    return {document.name: [document.insert_line(last, document.line_break().join(lines))]}


def _edit(
    manifests: Manifests, again: Loaded, splices: Mapping[str, Sequence[Splice]], texts: Mapping[str, str]
) -> Edit:
    touched = [
        each for name, found in splices.items() for each in _touched(name, manifests.find(name).data.decode(), found)
    ]
    files = {name: (manifests.find(name).sha256, text) for name, text in texts.items()}
    return Edit(again, tuple(touched), files)


def _touched(name: str, text: str, splices: Sequence[Splice]) -> Iterator[Touched]:
    """What changes in a file; changes in one line, or in lines that touch, are one."""
    groups: list[list[Splice]] = []
    end = -1
    for splice in sorted(splices):
        if groups and text.rfind("\n", 0, splice.start) + 1 <= end:
            groups[-1].append(splice)
        else:
            groups.append([splice])
        end = text.find("\n", splice.end)
        end = len(text) if end < 0 else end
    for group in groups:
        first = text.rfind("\n", 0, group[0].start) + 1
        end = text.find("\n", group[-1].end)
        end = len(text) if end < 0 else end
        moved = [Splice(start - first, stop - first, new) for start, stop, new in group]
        old = text[first:end]
        before, after = ([line.removesuffix("\r") for line in each.split("\n")] for each in (old, spliced(old, moved)))
        line = text.count("\n", 0, first) + 1
        while before and after and before[0] == after[0]:
            before, after, line = before[1:], after[1:], line + 1
        while before and after and before[-1] == after[-1]:
            before, after = before[:-1], after[:-1]
        yield Touched(name, line, before, after)
