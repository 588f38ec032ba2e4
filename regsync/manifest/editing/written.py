"""Manifests between edits: what is written where, looked up once; and what has become of them in the end."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from regsync.core.desired import DesiredCollection
from regsync.diagnostics import Position
from regsync.manifest.editing.edit import Edit, Known, Manifests, Touched
from regsync.manifest.editing.environment import Setting, shared_settings
from regsync.manifest.editing.places import Place, documents, places
from regsync.manifest.editing.splice import Document, Splice, spliced
from regsync.manifest.editing.spots import Spot, spots_of
from regsync.manifest.editing.ways import Examples, examples_of
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.load import Loaded
from regsync.manifest.reading.spans import Node
from regsync.names import Address


class Written:
    """Manifests with edits that are not on disk yet, and what they declare. Neither changes: an edit makes others."""

    def __init__(self, manifests: Manifests, loaded: Loaded) -> None:
        self.manifests = manifests
        self.loaded = loaded
        self._files = {each.name: each for each in (*manifests.sources, *manifests.overlays)}
        self._documents: dict[int, list[tuple[Document, Node]]] = {}
        self._spots: dict[str, dict[tuple[int, int], Spot]] = {}
        self._settings: dict[bool, Mapping[str, Setting]] = {}
        self._examples: dict[int, Examples] = {}

    def documents(self, source: Source) -> list[tuple[Document, Node]]:
        """The documents of one of the files, each with its root."""
        found = self._documents.get(id(source))
        if found is None:
            found = self._documents[id(source)] = documents(source)
        return found

    def places(self, sources: Iterable[Source], address: Address) -> list[Place]:
        """Every block of the collection or the registry at `address`, in the order of the sources."""
        return list(places(sources, address, self.documents))

    def spot(self, position: Position) -> Spot | None:
        """What is at a position of a file: an item of a list, or an entry of a map by its key."""
        source = self._files.get(position.file)
        if source is None:
            return None
        if source.name not in self._spots:
            self._spots[source.name] = spots_of(self.documents(source))
        return self._spots[source.name].get((position.line, position.column))

    def outside(self) -> Mapping[str, Setting]:
        """The variables that belong to one environment, with the places that set them."""
        if False not in self._settings:
            self._settings[False] = self.manifests.outside()
        return self._settings[False]

    def known(self) -> Known:
        """The same for whoever edits one alias."""
        return Known(self.documents, self.outside, self._shared, self._examples_of)

    def _examples_of(self, place: Place, collection: DesiredCollection) -> Examples:
        found = self._examples.get(id(place.block))
        if found is None:
            found = self._examples[id(place.block)] = examples_of(place, collection)
        return found

    def _shared(self) -> Mapping[str, Setting]:
        if True not in self._settings:
            self._settings[True] = shared_settings(self.manifests.sources)
        return self._settings[True]

    def is_shared(self, position: Position) -> bool:
        """Whether a place is in a file that other environments have too: there are overlays, and it is in none."""
        return bool(self.manifests.overlays) and position.file not in {each.name for each in self.manifests.overlays}

    def with_splices(self, splices: Mapping[str, Sequence[Splice]]) -> Written:
        """With changes, by file name. Raises `DiagnosticsError` where the result is no manifest."""
        return self.with_texts(
            {name: spliced(self.manifests.find(name).data.decode(), each) for name, each in splices.items()}
        )

    def with_texts(self, texts: Mapping[str, str]) -> Written:
        """With other contents, by file name. Raises `DiagnosticsError` where the result is no manifest."""
        manifests = self.manifests.with_texts(texts)
        return Written(manifests, manifests.load())


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


def _touched(name: str, before: str, after: str) -> Iterator[Touched]:
    """What changed, for showing it: whole lines."""
    old, new = before.split("\n"), after.split("\n")
    if max(len(old), len(new)) <= _MANY_LINES:
        yield from _differences(name, old, new, 0)
    elif len(old) == len(new):
        yield from _touched_in_place(name, old, new)
    else:
        for (start, end), (into, to) in _parts(old, new):
            if old[start:end] != new[into:to]:
                yield from _differences(name, old[start:end], new[into:to], start)


_MANY_LINES = 2000
"""More than these are not looked through at once: most lines of a large manifest are like many others, and that is where looking for
the smallest difference takes with the square of them."""


def _differences(name: str, old: Sequence[str], new: Sequence[str], before: int) -> Iterator[Touched]:
    """Between lines of a file of which so many come before."""
    for tag, start, end, into, to in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            sides = ([line.removesuffix("\r") for line in lines] for lines in (old[start:end], new[into:to]))
            yield Touched(name, before + start + 1, *sides)


def _parts(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The lines between those that stand once in both: edits move none, so each stands for itself."""
    once = [{line for line, number in Counter(side).items() if number == 1} for side in (old, new)]
    both = once[0] & once[1]
    sides = ([number for number, line in enumerate(side) if line in both] for side in (old, new))
    anchors = list(zip(*sides, strict=True))
    if any(old[one] != new[other] for one, other in anchors):
        anchors = []
    for (start, into), (end, to) in pairwise([(-1, -1), *anchors, (len(old), len(new))]):
        yield (start + 1, end), (into + 1, to)


def _touched_in_place(name: str, old: Sequence[str], new: Sequence[str]) -> Iterable[Touched]:
    changed = [number for number, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]
    for _, group in groupby(enumerate(changed), lambda pair: pair[1] - pair[0]):
        lines = [number for _, number in group]
        sides = ([side[number].removesuffix("\r") for number in lines] for side in (old, new))
        yield Touched(name, lines[0] + 1, *sides)
