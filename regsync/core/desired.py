"""Desired: what the manifests declare, after composition. Pure data; made by `regsync.manifest`, read by the planner.

What is not declared is not managed: `None` (for blocks) and `UNSET` (for values) mean "leave alone", never "remove".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping
from dataclasses import field
from enum import Enum, StrEnum
from typing import Final

from regsync.core.later import Later
from regsync.diagnostics import Position
from regsync.names import Address, Alias, CollectionName, RegistryName, Role, SourceRef, VersionRef, Visibility
from regsync.slots import NamedTuple, dataclass


class _Unset(Enum):
    UNSET = "unset"


UNSET: Final = _Unset.UNSET
"""The manifest does not mention this value. Unlike `None`, which a description may really have."""
Description = str | None | _Unset


class Kind(StrEnum):
    """Kinds of things that a block of the manifest lists, and that `unlisted: {kind: remove}` speaks of."""

    ALIASES = "aliases"
    VERSIONS = "versions"
    TAGS = "tags"
    MEMBERS = "members"
    PROTECTED_ALIASES = "protected_aliases"
    COLLECTIONS = "collections"


class HazardName(StrEnum):
    """What a plan may not do without consent. Each is explained in `docs/hazards.md`."""

    REMOVE_ALIAS = "remove-alias"
    REMOVE_PROTECTED_ALIAS = "remove-protected-alias"
    UNLINK_VERSION = "unlink-version"
    DELETE_COLLECTION = "delete-collection"
    DELETE_REGISTRY = "delete-registry"
    IRREVERSIBLE = "irreversible"
    LATEST_MOVES = "latest-moves"
    MASS_CHANGE = "mass-change"
    EMPTY_DESIRED = "empty-desired"
    METRIC_BOUND = "metric-bound"


Consents = Mapping[HazardName, int | None]
"""How many of each hazard are consented to on the command line; None: any number."""


class Consent(NamedTuple):
    """One item of a `consent` list. With a `thing` it covers that thing only; else `number` of them, or (None) any number.

    `thing` is the name as written: relative to the block that the list stands in, or from the registry on.
    """

    hazard: HazardName
    number: int | None
    thing: str | None
    origin: Position

    def __str__(self) -> str:
        if self.thing is not None:
            return written(self.hazard, self.thing)
        return self.hazard.value if self.number is None else f"{self.hazard}={self.number}"


_PLAIN = r"(?i)(?![-0-9.+~]|(?:true|false|yes|no|on|off|null|y|n|absent)\Z)[\w./+-](?:[ ]?[\w./+-]|:(?=[\w./+-]))*"


def written(hazard: HazardName, thing: str) -> str:
    """A consent to a hazard of one thing, as an item of a list."""
    return f"{{{hazard}: {quoted(thing.replace('${', '$${'))}}}"


def quoted(text: str) -> str:
    """The text as YAML takes it anywhere, in a flow map too: in quotes where it would mean something else without."""
    return text if re.fullmatch(_PLAIN, text) else json.dumps(text, ensure_ascii=False)


class Former(NamedTuple):
    """A name that something had before. What is there under it is renamed."""

    name: str
    origin: Position


class Listed(NamedTuple):
    """One item of a list or map: wanted there, or (`absent`) wanted gone."""

    absent: bool
    origin: Position


class DesiredMember(NamedTuple):
    """The role a user or team shall have; None: not a member."""

    role: Role | None
    origin: Position


class DesiredVersion(NamedTuple):
    """A version that shall be linked (or, `absent`, unlinked). `digest`: the only content that is acceptable."""

    ref: VersionRef
    digest: str | None
    absent: bool
    origin: Position


class DesiredAlias(NamedTuple):
    """The version an alias shall point at; `ref` None: the alias shall not exist."""

    ref: VersionRef | None
    digest: str | None
    origin: Position


class PinnedAliases(Later[Alias, DesiredAlias]):
    """Aliases of which nothing is said but the source version, by its number: those of nearly all collections.

    What they are bound to is made a `SourceRef` with its place when somebody looks at one of them. Nobody does where live is as
    declared, and for every binding of most plans that is the most that would be made. `sources`: the same as texts, none of them
    a link in a registry. `origins` gives the places of the aliases, in their order.
    """

    __slots__ = ("sources",)

    def __init__(self, sources: Mapping[Alias, str], origins: Callable[[], Iterable[Position]]) -> None:
        self.sources = sources
        super().__init__(lambda: dict(zip(sources, map(_pinned, sources.values(), origins()), strict=True)))

    def keys(self) -> KeysView[Alias]:
        return self.sources.keys()

    def __iter__(self) -> Iterator[Alias]:
        return iter(self.sources)

    def __len__(self) -> int:
        return len(self.sources)

    def __contains__(self, alias: object) -> bool:
        return alias in self.sources


def _pinned(source: str, origin: Position) -> DesiredAlias:
    return DesiredAlias(str.__new__(SourceRef, source), None, origin)


class Metric(NamedTuple):
    """A metric of interest: a dotted key of the version's metadata, which direction is better, and an optional bound.

    `bound` is in the metric's own unit: a minimum where higher is better, a maximum where lower is better.
    """

    higher_is_better: bool
    bound: float | None
    origin: Position


class Cap(NamedTuple):
    """The most existing things of one kind that a plan may change without consent: percent of all (0–100), and a number."""

    percent: float
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredCollection:
    """One collection. A block that is None is not managed here."""

    name: CollectionName
    origin: Position
    absent: bool = False
    type: str | None = None
    previously: tuple[Former, ...] = ()
    description: Description = UNSET
    tags: Mapping[str, Listed] | None = None
    versions: tuple[DesiredVersion, ...] | None = None
    aliases: Mapping[Alias, DesiredAlias] | None = None
    remove_unlisted: frozenset[Kind] = frozenset()
    consent: tuple[Consent, ...] = ()
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    partial: bool = False
    """Cut down by `--target`: it must exist, and only what is left here is managed."""

    @property
    def absent_aliases(self) -> dict[Alias, Position]:
        """The aliases that are declared absent, with their places."""
        if self.aliases is None or isinstance(self.aliases, PinnedAliases):
            return {}
        return {alias: item.origin for alias, item in self.aliases.items() if item.ref is None}


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredRegistry:
    """One registry, by its name without `wandb-registry-`. A block that is None is not managed here."""

    name: RegistryName
    origin: Position
    absent: bool = False
    previously: tuple[Former, ...] = ()
    description: Description = UNSET
    visibility: Visibility | None = None
    artifact_types: Mapping[str, Position] | None = None
    protected_aliases: Mapping[Alias, Listed] | None = None
    guarded: frozenset[Alias] = frozenset()
    """Aliases that the manifests declare protected, where `--target` has cut off the list itself: nothing sets them, and no
    alias of that name loses the care that a protected one gets. W&B tells nobody which aliases it protects."""
    members: Mapping[str, DesiredMember] | None = None
    collections: Mapping[CollectionName, DesiredCollection] | None = None
    remove_unlisted: frozenset[Kind] = frozenset()
    consent: tuple[Consent, ...] = ()
    partial: bool = False
    """Cut down by `--target`: it must exist, and only what is left here is managed."""

    @property
    def declared_protected(self) -> frozenset[Alias]:
        """The aliases that shall be protected, whether or not this run manages the list."""
        listed = (self.protected_aliases or {}).items()
        return self.guarded | {alias for alias, item in listed if not item.absent}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """All that one run declares. `organization` is the display name; None: whatever the backend's user belongs to."""

    organization: str | None
    registries: Mapping[RegistryName, DesiredRegistry]
    origin: Position | None = None
    """Where `registries` stands in the first of the manifests."""
    consent: tuple[Consent, ...] = ()
    caps: Mapping[Kind, Cap] = field(default_factory=dict)

    def registry_at(self, address: Address) -> DesiredRegistry | None:
        """The declared registry that an address names or lies in."""
        return self.registries.get(RegistryName(address.registry))

    def collection_at(self, address: Address) -> DesiredCollection | None:
        """The declared collection that an address names or lies in."""
        registry = self.registry_at(address)
        if registry is None or registry.collections is None or address.collection is None:
            return None
        return registry.collections.get(CollectionName(address.collection))
