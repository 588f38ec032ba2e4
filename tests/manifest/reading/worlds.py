"""Generated manifests: plain maps that are right in structure and meaning, and ways to cut one into several."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import yaml
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from regsync.core.desired import HazardName, Kind
from regsync.diagnostics import Position
from regsync.manifest.reading.merge import SETS
from regsync.names import (
    ALIAS_RULE,
    COLLECTION_RULE,
    REGISTRY_PREFIX,
    REGISTRY_RULE,
    TAG_RULE,
    Role,
    alias_problem,
    wildcard_problem,
)

Manifest = dict[str, Any]
TRICKY = [
    "yes",
    "null",
    "2024",
    "1.5",
    "2024-01-31",
    "~",
    "<<",
    "=",
    "a b",
    "é",
    "日本",
    "0x1",
    "- a",
    "# a",
    "1_0",
    "'",
    '"',
]
WORDS = ["production", "staging", "fraud", "churn", "model", "a", "b", "c", "A", *TRICKY]


def names(rule: Any, problem: Any = None) -> SearchStrategy[str]:
    """Names that a rule allows; mostly few and short, so that they meet."""
    problem = problem or rule.problem
    odd = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
    return st.one_of(st.sampled_from(WORDS), odd).filter(
        lambda text: problem(text) is None and "${" not in text and wildcard_problem(text) is None
    )


ALIASES = names(ALIAS_RULE, alias_problem)
TAGS = names(TAG_RULE)
COLLECTIONS = names(COLLECTION_RULE)
REGISTRIES = names(REGISTRY_RULE).filter(lambda name: not name.startswith(REGISTRY_PREFIX))
TYPES = st.sampled_from(["model", "dataset", "check point", "a.b"])
MEMBERS = st.sampled_from(["alice", "bob", "team:ml", "yes", "2024"])
SOURCES = st.builds(
    "{}/{}/{}:{}".format,
    st.sampled_from(["acme-ml", "e"]),
    st.sampled_from(["fraud", "my project"]),
    st.sampled_from(["detector", "mödel"]),
    st.sampled_from(["v0", "v1", "v12", "latest"]),
)
INDICES = st.sampled_from(["v0", "v1", "v7"])
DESCRIPTIONS = (
    st.none()
    | st.text("ab \n\t:#-", max_size=8)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda t: "${" not in t)
)
CONSENT = st.lists(
    st.sampled_from(list(HazardName)).flatmap(
        lambda name: st.sampled_from(
            [
                name.value,
                f"{name.value}=2",
                {name.value: 3},
                {name.value: "shadow"},
                {name.value: "a b: ${c}".replace("${", "$${")},
            ]
        )
    ),
    unique_by=lambda item: item.partition("=")[0] if isinstance(item, str) else next(iter(item)),
    max_size=3,
)


def digest_of(ref: str) -> str:
    """One digest for each version, so that two places never disagree."""
    return hashlib.md5(ref.encode(), usedforsecurity=False).hexdigest()


def unlisted(kinds: list[str]) -> SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(kinds), st.sampled_from(["keep", "remove"]), max_size=3)


def listed(items: SearchStrategy[str]) -> SearchStrategy[list[Any]]:
    """Names and `{NAME: absent}`, each name once."""
    item = items.flatmap(lambda name: st.sampled_from([name, name, {name: "absent"}]))
    return st.lists(item, max_size=4, unique_by=lambda each: each if isinstance(each, str) else next(iter(each)))


@st.composite
def bindings(draw: DrawFn, gone: set[str]) -> Any:
    ref = draw((SOURCES | INDICES).filter(lambda each: each not in gone))
    return draw(st.sampled_from([ref, ref, "absent", {"version": ref, "digest": digest_of(ref)}, {"version": ref}]))


@st.composite
def collections(draw: DrawFn, types: list[str] | None) -> Any:
    if draw(st.integers(0, 9)) == 0:
        return "absent"
    refs = draw(st.lists(SOURCES, unique=True, max_size=4))
    gone = set(draw(st.lists(st.sampled_from(refs), unique=True))) if refs else set()
    versions = [
        {ref: "absent"} if ref in gone else draw(st.sampled_from([ref, {"version": ref, "digest": digest_of(ref)}]))
        for ref in refs
    ]
    metric = st.sampled_from(["higher", "lower", {"better": "higher", "bound": 0.5}, {"better": "lower", "bound": 3}])
    optional = {
        "description": DESCRIPTIONS,
        "tags": listed(TAGS),
        "versions": st.just(versions),
        "aliases": st.dictionaries(ALIASES, bindings(gone), max_size=4),
        "unlisted": unlisted(["aliases", "versions", "tags"]),
        "consent": CONSENT,
        "metrics": st.dictionaries(st.sampled_from(["accuracy", "eval.loss"]), metric, max_size=2),
    }
    if types is None or types:
        optional["type"] = TYPES if types is None else st.sampled_from(types)
    return draw(st.fixed_dictionaries({}, optional=optional))


@st.composite
def registries(draw: DrawFn) -> Any:
    if draw(st.integers(0, 9)) == 0:
        return "absent"
    types = draw(st.none() | st.lists(TYPES, unique=True, max_size=3))
    block = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "description": DESCRIPTIONS,
                "visibility": st.sampled_from(["organization", "restricted"]),
                "protected_aliases": listed(ALIASES),
                "members": st.dictionaries(MEMBERS, st.sampled_from([*map(str, Role), "absent"]), max_size=3),
                "collections": st.dictionaries(COLLECTIONS, collections(types), max_size=3),
                "unlisted": unlisted(list(map(str, Kind))),
                "consent": CONSENT,
            },
        )
    )
    if types is not None:
        block["artifact_types"] = types
    for things in (block.get("collections", {}),):
        rename_one(draw, things, "old collection")
    return block


def rename_one(draw: DrawFn, things: dict[str, Any], before: str) -> None:
    present = [thing for thing in things.values() if isinstance(thing, dict)]
    if present and before not in things and draw(st.booleans()):
        draw(st.sampled_from(present))["previously"] = draw(
            st.sampled_from([before, [before], [before, f"{before} 2"]])
        )


@st.composite
def manifests(draw: DrawFn) -> Manifest:
    """A manifest without variables that is right in structure and meaning."""
    cap = st.fixed_dictionaries({"percent": st.sampled_from([0, 12.5, 100]), "number": st.integers(0, 5000)})
    manifest: Manifest = draw(
        st.fixed_dictionaries(
            {"apiVersion": st.just("regsync/v1")},
            optional={
                "organization": st.sampled_from(["acme", "Acme Inc", "2024"]),
                "defaults": st.fixed_dictionaries({}, optional={"unlisted": unlisted(list(map(str, Kind)))}),
                "consent": CONSENT,
                "limits": st.dictionaries(st.sampled_from(list(map(str, Kind))), cap, max_size=2),
                "registries": st.dictionaries(REGISTRIES, registries(), max_size=3),
            },
        )
    )
    rename_one(draw, manifest.get("registries", {}), "old registry")
    return manifest


def to_yaml(manifest: Any) -> bytes:
    text: str = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=10_000)
    return text.encode()


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


_ANY = object()
_PATHS: list[tuple[Any, ...]] = [
    (),
    ("defaults",),
    ("defaults", "unlisted"),
    ("limits",),
    ("registries",),
    ("registries", _ANY),
    *[("registries", _ANY, key) for key in ("members", "collections", "unlisted")],
    ("registries", _ANY, "collections", _ANY),
    *[("registries", _ANY, "collections", _ANY, key) for key in ("aliases", "metrics", "unlisted")],
]
"""The maps of a manifest that several files may share."""


def _may_split(path: tuple[str, ...]) -> bool:
    return any(
        len(path) == len(each) and all(want is _ANY or want == have for want, have in zip(each, path, strict=True))
        for each in _PATHS
    )


@st.composite
def splits(draw: DrawFn, manifest: Manifest) -> list[Manifest]:
    """The manifest cut into several that together say the same."""
    count = draw(st.integers(1, 4))
    parts: list[Manifest] = [{"apiVersion": "regsync/v1"} for _ in range(count)]

    def place(path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, dict) and value and _may_split(path) and draw(st.booleans()):
            for key, each in value.items():
                place((*path, key), each)
            return
        if path[-1] in SETS and isinstance(value, list) and value and draw(st.booleans()):
            for item in value:
                place_in_set(path, item)
            return
        copies = draw(st.lists(st.sampled_from(range(count)), min_size=1, max_size=2, unique=True))
        for index in copies:
            node = parts[index]
            for key in path[:-1]:
                node = node.setdefault(key, {})
            node[path[-1]] = value

    def place_in_set(path: tuple[str, ...], item: Any) -> None:
        for index in draw(st.lists(st.sampled_from(range(count)), min_size=1, max_size=2, unique=True)):
            node = parts[index]
            for key in path[:-1]:
                node = node.setdefault(key, {})
            node[path[-1]] = [*node.get(path[-1], []), item]

    for key, value in manifest.items():
        if key != "apiVersion":
            place((key,), value)
    return parts


def without_origins(value: Any) -> Any:
    """A desired state as plain data, with all positions left out, to be compared."""
    if isinstance(value, Position):
        return None
    if is_dataclass(value):
        return {each.name: without_origins(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): without_origins(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [without_origins(each) for each in value]
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    return value.value if isinstance(value, Enum) else value
