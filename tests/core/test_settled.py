"""What the comparison passes over at a glance is what it would have found nothing about: every small deviation is tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

from regsync.core.desired import (
    UNSET,
    DesiredAlias,
    DesiredCollection,
    DesiredVersion,
    Former,
    Kind,
    Listed,
    PinnedAliases,
)
from regsync.core.diff.collection import diff_collection
from regsync.core.diff.context import Findings, Matcher, RegistryContext
from regsync.core.diff.settled import is_settled
from regsync.core.live import LiveCollection, LiveRegistry, Version
from regsync.diagnostics import Position
from regsync.names import Alias, CollectionName, are_pinned_sources, parse_version_ref

HERE = Position("registry.yaml", 1, 1)
DETECTOR = "acme-ml/fraud/detector"
LINKS = {
    0: Version("id-0", f"{DETECTOR}:v0", f"{0:032x}", "model"),
    1: Version("id-1", f"{DETECTOR}:v1", f"{1:032x}", "model"),
    2: Version("id-2", "acme-ml/fraud/rows:v0", f"{2:032x}", "dataset"),
    3: Version("id-3", "", f"{3:032x}", "model"),
    4: Version("id-4", "acme/wandb-registry-model/fraud:v0", f"{4:032x}", "model"),
    6: Version("id-6", f"{DETECTOR}:v0", f"{6:032x}", "model"),
}
LIVE = LiveCollection(
    "fraud",
    "model",
    "Card fraud",
    frozenset({"fraud", "tabular"}),
    LINKS,
    {"production": 1, "rows": 2, "hidden": 3, "link": 4, "again": 6, "first": 0},
    6,
    7,
)
TEXTS = [each.source for each in LINKS.values() if each.source] + [
    f"{DETECTOR}:v9",
    f"{DETECTOR}:best",
    "v1",
    "v2",
    "v5",
]
DIGESTS = [None, f"{1:032x}", f"{3:032x}"]
UNLISTED: list[frozenset[Kind]] = [frozenset(), frozenset({Kind.ALIASES}), frozenset(Kind)]
BARE = DesiredCollection(name=CollectionName("fraud"), origin=HERE)


def pinned(texts: Mapping[str, str]) -> PinnedAliases:
    return PinnedAliases({Alias(alias): text for alias, text in texts.items()}, lambda: [HERE] * len(texts))


def aliases() -> Iterator[Mapping[Alias, DesiredAlias] | None]:
    yield None
    yield {}
    for alias in (*LIVE.aliases, "new"):
        yield {Alias(alias): DesiredAlias(None, None, HERE)}
        for text, digest in product(dict.fromkeys(TEXTS), DIGESTS):
            yield {Alias(alias): DesiredAlias(parse_version_ref(text), digest, HERE)}
        for text in filter(lambda text: are_pinned_sources([text]), TEXTS):
            yield pinned({alias: text})


def versions() -> Iterator[tuple[DesiredVersion, ...] | None]:
    yield None
    yield ()
    for text, absent in product(dict.fromkeys(TEXTS), (False, True)):
        yield (DesiredVersion(parse_version_ref(text), f"{1:032x}" if absent else None, absent, HERE),)
    yield (DesiredVersion(parse_version_ref(f"{DETECTOR}:v1"), f"{3:032x}", False, HERE),)


def all_listed(live: LiveCollection) -> DesiredCollection:
    """A declaration of all that a collection has, where it can be written."""
    written = {
        Alias(alias): DesiredAlias(parse_version_ref(live.links[index].source or f"v{index}"), None, HERE)
        for alias, index in live.aliases.items()
    }
    return replace(
        BARE, aliases=written, tags={tag: Listed(False, HERE) for tag in live.tags}, description=live.description
    )


def others() -> Iterator[DesiredCollection]:
    whole = all_listed(LIVE)
    for wanted, unlisted in product((BARE, whole), UNLISTED):
        base = replace(wanted, remove_unlisted=unlisted)
        yield base
        yield replace(base, absent=True)
        yield replace(base, previously=(Former("fraud-model", HERE),))
        for kind, description in product((None, "model", "dataset"), (UNSET, None, "", "Card fraud")):
            yield replace(base, type=kind, description=description)
        for names in ((), ("fraud",), ("fraud", "tabular"), ("fraud", "new")):
            yield replace(base, tags={name: Listed(False, HERE) for name in names})
            yield replace(base, tags={name: Listed(True, HERE) for name in names})


def found(wanted: DesiredCollection, live: LiveCollection) -> list[object]:
    """All that the comparison finds about it when it looks."""
    findings = Findings({})
    registry = LiveRegistry("model", collections={"fraud": live})
    diff_collection(wanted, RegistryContext("model", registry, None, frozenset()), Matcher(live), findings)
    return [*findings.drafts, *findings.diagnostics, *findings.emptied, *findings.manual]


def test_nothing_is_found_about_what_is_settled() -> None:
    plain = replace(LIVE, aliases={"production": 1}, links={1: LINKS[1]}, tags=frozenset({"fraud"}))
    settled = 0
    tried = [
        replace(BARE, aliases=each, versions=listed, remove_unlisted=unlisted)
        for each, listed, unlisted in product(aliases(), versions(), UNLISTED)
    ]
    for wanted, live in product([*tried, *others(), all_listed(plain)], (LIVE, plain)):
        if is_settled(wanted, live):
            settled += 1
            assert found(wanted, live) == [], wanted
    assert settled > 100


def test_what_is_declared_just_as_it_is_live_is_settled() -> None:
    plain = replace(LIVE, links={1: LINKS[1]}, aliases={"production": 1, "staging": 1})
    assert is_settled(replace(all_listed(plain), type="model", remove_unlisted=UNLISTED[1]), plain)


def test_aliases_of_which_only_the_version_is_said_are_settled_as_any_others() -> None:
    plain = replace(LIVE, links={0: LINKS[0], 1: LINKS[1], 3: LINKS[3]}, aliases={"production": 1, "staging": 0})
    texts = {"production": f"{DETECTOR}:v1", "staging": f"{DETECTOR}:v0"}
    for named, unlisted in product((texts, {"production": texts["production"]}), UNLISTED):
        short = pinned(named)
        whole = {alias: DesiredAlias(parse_version_ref(text), None, HERE) for alias, text in short.sources.items()}
        wanted = replace(BARE, aliases=short, remove_unlisted=unlisted)
        assert is_settled(wanted, plain) is (Kind.ALIASES not in unlisted or len(named) == 2)
        assert wanted == replace(wanted, aliases=whole)
        assert list(short) == list(whole)
