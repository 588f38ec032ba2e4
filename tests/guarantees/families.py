"""The families of live states and manifests that are tried whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations, product
from typing import Any

from tests.guarantees.smallworlds import REGISTRY, SmallWorld, shelves, source, versions_of
from tests.guarantees.witness import NOTHING, Shelf, State

Json = dict[str, Any]
ALIASES = ("production", "staging", "canary")
PROTECTED = frozenset({"production"})


def manifest(registry: Json | str) -> Json:
    return {"apiVersion": "regsync/v1", "organization": "acme", "registries": {REGISTRY: registry}}


def _aliases(names: Sequence[str], *choices: Sequence[str | None]) -> Iterator[dict[str, str]]:
    """Every choice of a target for each alias; None: not declared."""
    for chosen in product(*choices):
        yield {name: target for name, target in zip(names, chosen, strict=True) if target is not None}


def _one_collection(manifests: Iterator[Json]) -> SmallWorld:
    """1 collection, 3 versions, 3 aliases, one of them protected; also without the collection, and without the registry."""
    versions = versions_of("model", count=3)
    states = [NOTHING, State(True, None, PROTECTED)]
    states += [State(True, None, PROTECTED, (("c", shelf),)) for shelf in shelves("model", list(versions), ALIASES)]
    return SmallWorld(versions, states, list(manifests))


SOURCES = tuple(source("model", number) for number in range(3))


def _collection(**block: Any) -> Json:
    return manifest({"collections": {"c": {"type": "model", **block}}})


def alias_targets() -> SmallWorld:
    """Each alias not declared, absent, or on one of the versions; the first also by index."""
    targets = (None, "absent", *SOURCES)
    every = _aliases(ALIASES, (*targets, "v0", "v1", "v2"), targets, targets)
    return _one_collection(_collection(aliases=aliases) for aliases in every)


def exact_states() -> SmallWorld:
    """Everything that is not listed goes: each alias gone or on a version, some or none of the versions listed, in an order."""
    listings: list[tuple[str, ...]] = [(), SOURCES[:1], (SOURCES[2], SOURCES[0]), SOURCES[::-1]]
    every = product(_aliases(ALIASES, *[(None, *SOURCES)] * 3), listings)
    unlisted = {"aliases": "remove", "versions": "remove"}
    return _one_collection(
        _collection(aliases=aliases, versions=list(listed), unlisted=unlisted) for aliases, listed in every
    )


def listed_versions() -> SmallWorld:
    """Each version not mentioned, listed in some order, or absent; the protected alias anywhere."""

    def every() -> Iterator[Json]:
        for targets in _aliases(ALIASES[:1], (None, "absent", *SOURCES)):
            for stance in product((None, True, False), repeat=3):
                present = [each for each, there in zip(SOURCES, stance, strict=True) if there]
                gone = [{each: "absent"} for each, there in zip(SOURCES, stance, strict=True) if there is False]
                if any(target in each for target in targets.values() for each in gone):
                    continue  # A contradiction, which the manifest reader refuses.
                for order in permutations(present):
                    yield _collection(aliases=targets, versions=[*order, *gone])
        yield manifest({"collections": {"c": "absent"}})
        yield manifest({"collections": {}, "unlisted": {"collections": "remove"}})
        yield manifest("absent")

    return _one_collection(every())


PAIR = ("production", "staging")


def _two_shelves() -> Iterator[tuple[tuple[str, Any], ...]]:
    """Every pair of two collections of 2 versions and 2 aliases, each there or not; `a` holds models, `b` datasets."""
    first: list[Any] = [None, *shelves("model", ["model-0", "model-1"], PAIR)]
    second: list[Any] = [None, *shelves("dataset", ["dataset-0", "dataset-1"], PAIR)]
    for a, b in product(first, second):
        yield tuple(each for each in (("a", a), ("b", b)) if each[1] is not None)


def _two_collections(states: Sequence[State], manifests: Iterator[Json]) -> SmallWorld:
    return SmallWorld(versions_of("model", "dataset", count=2), states, list(manifests))


def _wanted(kind: str, choices: Sequence[str | None]) -> list[Json | str]:
    """Every way to declare one collection of the pair."""
    found: list[Json | str] = ["absent"]
    found += [{"type": kind, "aliases": aliases} for aliases in _aliases(PAIR, choices, choices)]
    return found


def two_collections() -> SmallWorld:
    """Both collections vary fully and at once, in a registry that accepts both types and protects one alias."""
    both = frozenset({"model", "dataset"})
    states = [NOTHING, *(State(True, both, PROTECTED, pair) for pair in _two_shelves())]
    kinds = {kind: _wanted(kind, ("absent", source(kind, 0), source(kind, 1))) for kind in ("model", "dataset")}
    return _two_collections(
        states,
        (
            manifest({"artifact_types": ["dataset", "model"], "collections": {"a": first, "b": second}})
            for first, second in product(kinds["model"], kinds["dataset"])
        ),
    )


def types_and_protections() -> SmallWorld:
    """Accepted types and protected aliases vary fully, on both sides, with one collection fully and the other in outline."""
    settings = list(product((None, frozenset({"model"}), frozenset({"model", "dataset"})), [frozenset(), PROTECTED]))
    states = [NOTHING]
    for types, protected in settings:
        for pair in _two_shelves():
            held = dict(pair)
            outline = held.get("b")
            if outline not in (None, Shelf("dataset", ((0, "dataset-0"),), (("production", 0),), 1)):
                continue
            if outline is not None and types is not None and "dataset" not in types:
                continue
            states.append(State(True, types, protected, pair))
    first = _wanted("model", (None, "absent", source("model", 0)))
    second: list[Json | str | None] = [None, {"type": "dataset", "aliases": {"production": source("dataset", 1)}}]

    def every() -> Iterator[Json]:
        stances: Sequence[Callable[[str], Json | str | None]] = (
            lambda _: None,
            lambda alias: alias,
            lambda alias: {alias: "absent"},
        )
        for a, b, types in product(first, second, (None, ["model"], ["model", "dataset"])):
            if b is not None and types == ["model"]:
                continue  # A contradiction, which the manifest reader refuses.
            for stance in product(stances, repeat=2):
                listed = [each for alias, say in zip(PAIR, stance, strict=True) if (each := say(alias)) is not None]
                block: Json = {"collections": {"a": a} | ({} if b is None else {"b": b})}
                block |= {"protected_aliases": listed} if listed else {}
                block |= {} if types is None else {"artifact_types": types}
                yield manifest(block)

    return _two_collections(states, every())


def renames() -> SmallWorld:
    """The registry and a collection under their old or their new names, beside a collection that goes."""
    first: list[Any] = [None, *shelves("model", ["model-0", "model-1"], PAIR[:1])]
    gone: list[Any] = [None, Shelf("model", ((0, "model-0"),), (("production", 0),), 1)]
    states = [NOTHING]
    for name, c, d, e in product(("old", REGISTRY), first, first, gone):
        held = tuple(each for each in (("c", c), ("d", d), ("e", e)) if each[1] is not None)
        states.append(State(True, None, PROTECTED, held, name))

    def every() -> Iterator[Json]:
        targets = (None, "absent", source("model", 0), source("model", 1))
        stances: Sequence[Json] = (
            {},
            {"protected_aliases": [{"production": "absent"}]},
        )  # The latter runs after deletions.
        for aliases, previously, e, more in product(
            _aliases(PAIR[:1], targets), ("d", None), ("absent", None), stances
        ):
            block: Json = {"type": "model", "aliases": aliases} | ({"previously": previously} if previously else {})
            collections: Json = {"c": block} | ({"e": e} if e else {})
            yield manifest({"previously": "old", "description": "as it is now", "collections": collections, **more})

    return SmallWorld(versions_of("model", count=2), states, list(every()))


FAMILIES: dict[str, Callable[[], SmallWorld]] = {
    family.__name__.replace("_", " "): family
    for family in (alias_targets, exact_states, listed_versions, two_collections, types_and_protections, renames)
}
"""By the name under which their figures stand in `docs/guarantees.md`."""
