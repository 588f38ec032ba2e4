"""How a version may be written: with the variables that the manifest has for it, as the aliases beside it show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from regsync.core.desired import DesiredCollection
from regsync.manifest.editing.places import Place, written_version
from regsync.manifest.reading.spans import Scalar
from regsync.names import SourceRef, parse_version_ref
from regsync.slots import NamedTuple


class Example(NamedTuple):
    """A version as it is written, and what it means."""

    text: str
    meaning: SourceRef


class Examples(NamedTuple):
    """The versions at a place: by alias, and different ways by the artifact and by the entity that they are of."""

    by_alias: dict[str, Example]
    by_artifact: dict[tuple[str, ...], list[Example]]
    by_entity: dict[str, list[Example]]


def examples_of(place: Place, collection: DesiredCollection) -> Examples:
    """How the versions of a collection are written at a place."""
    meanings = {str(alias): item.ref for alias, item in (collection.aliases or {}).items()}
    found = Examples({}, {}, {})
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for entry in place.entries():
        name = entry[0].value if isinstance(entry[0], Scalar) else ""
        text, meaning = written_version(entry), meanings.get(name)
        if text is None or not isinstance(meaning, SourceRef) or not _may_mean(text, meaning):
            continue
        example = Example(text, meaning)
        found.by_alias.setdefault(name, example)
        way = text.removesuffix(meaning.version), meaning.parts[:3]
        if way not in seen:
            seen.add(way)
            found.by_artifact.setdefault(meaning.parts[:3], []).append(example)
            found.by_entity.setdefault(meaning.entity, []).append(example)
    return found


def _may_mean(text: str, meaning: SourceRef) -> bool:
    """Whether it is this place that says so, and not an overlay or another file: without variables that can be told."""
    if "${" in text.replace("$${", ""):
        return True
    try:
        return parse_version_ref(text.replace("$${", "${")) == meaning
    except ValueError:
        return False


def escaped(text: str) -> str:
    """A text in which nothing is taken for a variable."""
    return text.replace("${", "$${")


def ways_to_write(
    version: str, found: Sequence[Place], alias: str, examples: Callable[[Place], Examples]
) -> Iterator[str]:
    """The version with the variables that the manifest uses for it, best first, and at last without. The old value comes first."""
    try:
        ref = parse_version_ref(version.replace("$${", "${"))
    except ValueError:
        ref = None
    if isinstance(ref, SourceRef):
        beside = [examples(place) for place in found]
        yield from _of_artifact(ref, alias, beside)
        yield from _of_entity(ref, alias, beside)
    yield version


def _of_artifact(ref: SourceRef, alias: str, beside: Iterable[Examples]) -> Iterator[str]:
    for known in beside:
        for text, meaning in _own_first(known, alias, known.by_artifact.get(ref.parts[:3], ())):
            before, colon, version = text.rpartition(":")
            if colon and meaning.parts[:3] == ref.parts[:3] and (version == meaning.version or "${" in version):
                yield f"{before}:{escaped(ref.version)}"


def _of_entity(ref: SourceRef, alias: str, beside: Iterable[Examples]) -> Iterator[str]:
    for known in beside:
        for text, meaning in _own_first(known, alias, known.by_entity.get(ref.entity, ())):
            parts = text.rpartition(":")[0].split("/")
            if len(parts) == 3 and meaning.entity == ref.entity:
                pairs = zip(parts, meaning.parts[:3], ref.parts[:3], strict=True)
                yield (
                    "/".join(part if old == new else escaped(new) for part, old, new in pairs)
                    + f":{escaped(ref.version)}"
                )


def _own_first(known: Examples, alias: str, others: Sequence[Example]) -> Iterator[Example]:
    if alias in known.by_alias:
        yield known.by_alias[alias]
    yield from others
