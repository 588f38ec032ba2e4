"""Editing manifests in place: `promote` and `set`. The difference is the touched lines and nothing else.

An edit is proven before anything is written: the edited text is loaded again, and has to declare what was asked for and
otherwise what it declared before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from regsync.core.desired import Desired
from regsync.diagnostics import DiagnosticsError, RegsyncError, did_you_mean
from regsync.manifest.editing.places import Place, places, written_version
from regsync.manifest.editing.rewrite import rewrite
from regsync.manifest.editing.splice import ABSENT, Pin, Splice, pinned, quoted, spliced
from regsync.manifest.reading.files import AnyPath, Source
from regsync.manifest.reading.load import Loaded, load_sources
from regsync.manifest.reading.spans import Scalar
from regsync.manifest.writing.render import to_manifest
from regsync.names import Address, CollectionName, RegistryName, SourceRef, parse_version_ref


@dataclass(frozen=True, slots=True)
class Manifests:
    """Manifest files that were read, and what else their meaning depends on."""

    sources: tuple[Source, ...]
    overlays: tuple[Source, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[AnyPath, ...] = ()
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
        return next(source for source in (*self.sources, *self.overlays) if source.name == name)

    def with_texts(self, texts: Mapping[str, str]) -> Manifests:
        """The same with other contents, by file name."""

        def new(source: Source) -> Source:
            text = texts.get(source.name)
            return source if text is None else replace(source, data=text.encode())

        return replace(self, sources=tuple(map(new, self.sources)), overlays=tuple(map(new, self.overlays)))


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


def assign(manifests: Manifests, loaded: Loaded, address: Address, value: Pin) -> Edit:
    """Bind the alias at `address` to a version, or to `absent`. `loaded` is what `manifests` declare now.

    `value.version` is a text as manifests have them: `${team}` in it is a variable. It is written with the variables of the
    old value or of a neighbour, where they mean the same. Raises `RegsyncError`, `DiagnosticsError`.
    """
    before = to_manifest(loaded.desired)
    declared = _declared(before, address)
    wanted = None if "${" in value.version.replace("$${", "") else _rendered(value)
    if wanted is not None and declared.get("aliases", {}).get(address.alias) == wanted:
        return Edit(loaded)
    found = _to_edit(manifests, address)
    refused: DiagnosticsError | None = None
    for version in _ways_to_write(value.version, found, loaded.desired, address):
        pin = Pin(version, value.digest)
        splices = _splices(found, str(address.alias), pin)
        texts = {name: spliced(manifests.find(name).data.decode(), each) for name, each in splices.items()}
        try:
            again = manifests.with_texts(texts).load()
        except DiagnosticsError as error:
            refused = error
            continue
        if _only_that_changed(before, to_manifest(again.desired), address, wanted):
            return _edit(manifests, again, splices, texts)
    if refused is not None:
        raise refused
    raise RegsyncError(
        f"{address} cannot be set to {value.version} by editing one place; nothing was written",
        "another file or overlay may say otherwise: `regsync why` shows which line counts; edit it by hand",
        code="cannot-edit",
    )


def binding(loaded: Loaded, address: Address) -> Pin | None:
    """What manifests bind an alias to, without variables; None where they do not mention it."""
    _declared(to_manifest(loaded.desired), address)
    registry = loaded.desired.registries[RegistryName(address.registry)]
    collection = (registry.collections or {})[CollectionName(str(address.collection))]
    item = {str(alias): each for alias, each in (collection.aliases or {}).items()}.get(str(address.alias))
    if item is None:
        return None
    return Pin(ABSENT if item.ref is None else escaped(str(item.ref)), item.digest)


def escaped(text: str) -> str:
    """A text in which nothing is taken for a variable."""
    return text.replace("${", "$${")


def _rendered(value: Pin) -> Any:
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


def _to_edit(manifests: Manifests, address: Address) -> list[Place]:
    """The places to edit: where the alias is written, the last overlay first; else the one where it should be."""
    over = list(places(reversed(manifests.overlays), address))
    under = list(places(manifests.sources, address))
    alias = str(address.alias)
    holding = [place for place in over if place.alias(alias)][:1] or [place for place in under if place.alias(alias)]
    if holding:
        return holding
    either = under or over
    return ([place for place in either if place.aliases] or either)[:1]


def _ways_to_write(version: str, found: Sequence[Place], desired: Desired, address: Address) -> Iterator[str]:
    """The version with the variables that the manifest uses for it, best first, and at last without."""
    try:
        ref = parse_version_ref(version.replace("$${", "${"))
    except ValueError:
        ref = None
    if isinstance(ref, SourceRef):
        examples = list(_examples(found, desired, address))
        for text, meaning in examples:
            if meaning[:3] == ref[:3] and text.endswith(f":{meaning.version}"):
                yield f"{text.removesuffix(meaning.version)}{escaped(ref.version)}"
        for text, meaning in examples:
            parts = text.rpartition(":")[0].split("/")
            if len(parts) == 3 and meaning.entity == ref.entity:
                yield (
                    "/".join(
                        [
                            part if old == new else escaped(new)
                            for part, old, new in zip(parts, meaning[:3], ref[:3], strict=True)
                        ]
                    )
                    + f":{escaped(ref.version)}"
                )
    yield version


def _examples(found: Sequence[Place], desired: Desired, address: Address) -> Iterator[tuple[str, SourceRef]]:
    """How versions are written where the edit takes place, the old value first, and what they mean."""
    registry = desired.registries[RegistryName(address.registry)]
    collection = (registry.collections or {})[CollectionName(str(address.collection))]
    meanings = {str(alias): item.ref for alias, item in (collection.aliases or {}).items()}
    for place in found:
        own = place.alias(str(address.alias))
        for entry in ([own] if own else []) + place.entries():
            text, meaning = written_version(entry), meanings.get(entry[0].value if isinstance(entry[0], Scalar) else "")
            if text is not None and isinstance(meaning, SourceRef):
                yield text, meaning


def _only_that_changed(before: Any, after: Any, address: Address, wanted: Any) -> bool:
    """Whether the edited manifests declare what was asked for, and otherwise what they declared before."""
    new = _declared(after, address).get("aliases", {}).get(address.alias)
    if new is None or (wanted is not None and new != wanted):
        return False
    expected = deepcopy(before)
    _declared(expected, address).setdefault("aliases", {})[address.alias] = new
    return bool(expected == after)


def _splices(found: Sequence[Place], alias: str, pin: Pin) -> dict[str, list[Splice]]:
    """The changes, by file name."""
    result: dict[str, list[Splice]] = {}
    for place in found:
        place.check()
        entry, aliases = place.alias(alias), place.aliases
        own = place.document.replace(entry, pin, flow=aliases.flow) if entry and aliases else None
        splices = _new_alias(place, alias, pin) if own is None else own
        result.setdefault(place.document.name, []).extend(splices)
    return result


def _new_alias(place: Place, alias: str, pin: Pin) -> list[Splice]:
    """The line of an alias that is not there: in its place where the others are sorted, else below them."""
    document, block, parent = place.document, place.block, place.aliases
    if parent:
        names = [key.value if isinstance(key, Scalar) else "" for key, _ in parent.entries]
        smaller = [entry for name, entry in zip(names, parent.entries, strict=True) if name < alias]
        is_sorted = len(names) > 1 and names == sorted(names)
        after = (smaller[-1] if smaller else None) if is_sorted else (parent.entries[-1] if names else None)
        styles = {value.style for _, value in parent.entries if isinstance(value, Scalar) and not value.is_block}
        text = pinned(pin, styles.pop() if len(styles) == 1 else "", flow=parent.flow)
        return document.insert(parent, alias, text, after)
    last = block.entries[-1] if block.entries else None
    if block.flow or last is None:
        value = f"{{{quoted(alias, flow=True)}: {pinned(pin, flow=True)}}}"
        return document.insert(block, "aliases", value, last)
    column = block.entries[0][0].start.column
    inner = column + max(column - place.name.start.column, 1)
    lines = [f"{' ' * column}aliases:", f"{' ' * inner}{quoted(alias)}: {pinned(pin)}"]
    return [document.insert_line(last, document.line_break().join(lines))]


def _edit(
    manifests: Manifests, again: Loaded, splices: Mapping[str, Sequence[Splice]], texts: Mapping[str, str]
) -> Edit:
    touched = [
        _touched(name, manifests.find(name).data.decode(), each)
        for name, found in splices.items()
        for each in sorted(found)
    ]
    files = {name: (manifests.find(name).sha256, text) for name, text in texts.items()}
    return Edit(again, tuple(touched), files)


def _touched(name: str, text: str, splice: Splice) -> Touched:
    first = text.rfind("\n", 0, splice.start) + 1
    end = text.find("\n", splice.end)
    end = len(text) if end < 0 else end
    before = text[first:end].splitlines()
    after = (text[first : splice.start] + splice.text + text[splice.end : end]).splitlines()
    line = text.count("\n", 0, first) + 1
    while before and after and before[0] == after[0]:
        before, after, line = before[1:], after[1:], line + 1
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    return Touched(name, line, before, after)
