"""Small worlds, drawn at random: what is live (a seed) and what is wanted (a manifest), independently of each other.

Names come from small pools, so that the two meet often. A collection's type follows from its name, because a mismatch can
only ever be an error; everything else is free.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

REGISTRIES = ["model", "Golden Datasets"]
COLLECTIONS = {"fraud": "model", "churn detector": "model", "transactions": "dataset"}
SOURCES = {"model": ["acme-ml/fraud/detector", "acme-ml/lab/other"], "dataset": ["acme-ml/fraud/rows"]}
VERSIONS = 4
ALIASES = ["production", "staging", "canary", "pre release"]
TAGS = ["fraud", "tabular", "team a"]
MEMBERS = ["bob", "carol", "team:acme-ml"]
ROLES = ["admin", "member", "viewer"]
DESCRIPTIONS: list[str | None] = [None, "", "Card fraud", "two\nlines: and # more"]

BASE: Json = {
    "organization": "acme",
    "users": {
        "alice": {"api_key": "alice-key-for-the-local-registry-00000000", "role": "admin"},
        "bob": {"api_key": "bob-key-for-the-local-registry-0000000000", "role": "member"},
        "carol": {"api_key": "carol-key-for-the-local-registry-00000000", "role": "member"},
    },
    "teams": {"acme-ml": ["alice", "bob"]},
    "artifacts": {
        source: {"type": kind, "versions": VERSIONS} for kind, sources in SOURCES.items() for source in sources
    },
}


def versions_of(kind: str) -> list[str]:
    """Every source version of a type."""
    return [f"{source}:v{number}" for source in SOURCES[kind] for number in range(VERSIONS)]


@st.composite
def live_collections(draw: st.DrawFn, name: str) -> Json:
    """A collection with some links in some order, and aliases on them."""
    kind = COLLECTIONS[name]
    linked = draw(st.lists(st.sampled_from(versions_of(kind)), unique=True, max_size=4))
    aliases = draw(st.dictionaries(st.sampled_from(ALIASES), st.sampled_from(linked), max_size=3)) if linked else {}
    return {
        "type": kind,
        "description": draw(st.sampled_from(DESCRIPTIONS)),
        "tags": sorted(draw(st.sets(st.sampled_from(TAGS)))),
        "versions": linked,
        "aliases": aliases,
    }


@st.composite
def live_registries(draw: st.DrawFn) -> Json:
    """A registry that accepts every type, or those of its collections."""
    names = draw(st.sets(st.sampled_from(sorted(COLLECTIONS))))
    registry: Json = {
        "description": draw(st.sampled_from(DESCRIPTIONS)),
        "visibility": draw(st.sampled_from(["organization", "organization", "restricted"])),
        "protected_aliases": sorted(draw(st.sets(st.sampled_from(ALIASES), max_size=2))),
        "members": draw(st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from(ROLES), max_size=2)),
        "collections": {name: draw(live_collections(name)) for name in sorted(names)},
    }
    if draw(st.booleans()):
        registry["artifact_types"] = ["dataset", "model"]
    return registry


@st.composite
def live_worlds(draw: st.DrawFn) -> Json:
    """A seed: always the same people and artifacts, and any registries."""
    names = draw(st.sets(st.sampled_from(REGISTRIES)))
    return {**BASE, "registries": {name: draw(live_registries()) for name in sorted(names)}}


def unlisted(kinds: list[str]) -> st.SearchStrategy[Json]:
    """`unlisted` for some of these kinds."""
    return st.dictionaries(st.sampled_from(kinds), st.sampled_from(["keep", "remove"]), max_size=len(kinds))


@st.composite
def wanted_collections(draw: st.DrawFn, name: str) -> Json | str:
    """A collection as a manifest declares it, any block of it missing."""
    if draw(st.integers(0, 7)) == 0:
        return "absent"
    kind = COLLECTIONS[name]
    pool = versions_of(kind)
    collection: Json = {"type": kind}
    if draw(st.booleans()):
        collection["description"] = draw(st.sampled_from(DESCRIPTIONS))
    if draw(st.booleans()):
        tags = draw(st.lists(st.sampled_from(TAGS), unique=True))
        collection["tags"] = [{tag: "absent"} if draw(st.integers(0, 3)) == 0 else tag for tag in tags]
    if draw(st.booleans()):
        listed = draw(st.lists(st.sampled_from(pool), unique=True, max_size=3))
        collection["versions"] = [{v: "absent"} if draw(st.integers(0, 3)) == 0 else v for v in listed]
    if draw(st.integers(0, 3)):
        target = st.one_of(
            st.sampled_from(pool),
            st.sampled_from(pool),
            st.just("absent"),
            st.integers(0, 3).map(lambda index: f"v{index}"),
        )
        collection["aliases"] = draw(st.dictionaries(st.sampled_from(ALIASES), target, max_size=4))
    if draw(st.booleans()):
        collection["unlisted"] = draw(unlisted(["aliases", "versions", "tags"]))
    return collection


@st.composite
def wanted_registries(draw: st.DrawFn) -> Json | str:
    """A registry as a manifest declares it, any block of it missing."""
    if draw(st.integers(0, 9)) == 0:
        return "absent"
    registry: Json = {}
    if draw(st.booleans()):
        registry["description"] = draw(st.sampled_from(DESCRIPTIONS))
    if draw(st.integers(0, 3)) == 0:
        registry["visibility"] = "restricted"
    if draw(st.booleans()):
        registry["artifact_types"] = ["model", "dataset"]
    if draw(st.booleans()):
        listed = draw(st.lists(st.sampled_from(ALIASES), unique=True, max_size=3))
        registry["protected_aliases"] = [{a: "absent"} if draw(st.integers(0, 3)) == 0 else a for a in listed]
    if draw(st.booleans()):
        role = st.sampled_from([*ROLES, "absent"])
        registry["members"] = draw(st.dictionaries(st.sampled_from(MEMBERS), role, max_size=2))
    if draw(st.integers(0, 5)):
        names = draw(st.sets(st.sampled_from(sorted(COLLECTIONS))))
        registry["collections"] = {name: draw(wanted_collections(name)) for name in sorted(names)}
        _rename_some(draw, registry["collections"], sorted(COLLECTIONS))
    if draw(st.booleans()):
        registry["unlisted"] = draw(unlisted(["members", "protected_aliases", "collections", "aliases", "tags"]))
    return registry


@st.composite
def wanted_worlds(draw: st.DrawFn) -> Json:
    """A manifest."""
    names = draw(st.sets(st.sampled_from(REGISTRIES), min_size=1))
    registries = {name: draw(wanted_registries()) for name in sorted(names)}
    _rename_some(draw, registries, REGISTRIES)
    return {"apiVersion": "regsync/v1", "organization": "acme", "registries": registries}


def _rename_some(draw: st.DrawFn, blocks: dict[str, Any], pool: list[str]) -> None:
    """Give some blocks a former name: one that is not declared itself, nor taken by another block."""
    free = [name for name in pool if name not in blocks]
    for block in blocks.values():
        if free and block != "absent" and draw(st.integers(0, 2)) == 0:
            names = [free.pop() for _ in range(draw(st.integers(1, min(2, len(free)))))]
            block["previously"] = names if len(names) > 1 or draw(st.booleans()) else names[0]
