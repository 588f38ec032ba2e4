"""A seed: a small or large world to start from, as data. `seed_reader` reads one from YAML, `planting` puts it into a registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from regsync.diagnostics import Position
from regsync.names import Role, SourceRef, VersionRef, Visibility
from regsync.slots import NamedTuple, dataclass


class SeedUser(NamedTuple):
    """A user of the organization. Without `api_key` one is made up when the user is made."""

    name: str
    api_key: str | None
    role: Role
    origin: Position


class SeedTeam(NamedTuple):
    """A team and who is in it."""

    name: str
    users: tuple[str, ...]
    origin: Position


@dataclass(frozen=True, slots=True)
class SeedVersion:
    """One version of an artifact. Without `files` it gets a small one that no other version has, so that digests differ.

    `aliases` are those of the source; `latest` comes by itself. `ttl_days` None: inherited.
    """

    origin: Position
    files: Mapping[str, str] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    description: str | None = None
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ttl_days: int | None = None


class SeedArtifact(NamedTuple):
    """An artifact of a team or a user: its versions v0, v1, …"""

    entity: str
    project: str
    name: str
    type: str
    versions: tuple[SeedVersion, ...]
    origin: Position

    def __str__(self) -> str:
        return f"{self.entity}/{self.project}/{self.name}"


class SeedCollection(NamedTuple):
    """A collection: `versions` are linked in this order, then what only `aliases` name, by source and number."""

    name: str
    type: str
    description: str | None
    tags: tuple[str, ...]
    versions: tuple[tuple[SourceRef, Position], ...]
    aliases: tuple[tuple[str, VersionRef, Position], ...]
    origin: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRegistry:
    """A registry with what is in it. `artifact_types` None: every type."""

    name: str
    origin: Position
    description: str | None = None
    visibility: Visibility = Visibility.ORGANIZATION
    artifact_types: tuple[str, ...] | None = None
    protected_aliases: tuple[str, ...] = ()
    members: Mapping[str, Role] = field(default_factory=dict)
    collections: tuple[SeedCollection, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A world: one organization with its people, artifacts and registries."""

    organization: str
    origin: Position
    users: tuple[SeedUser, ...] = ()
    teams: tuple[SeedTeam, ...] = ()
    artifacts: tuple[SeedArtifact, ...] = ()
    registries: tuple[SeedRegistry, ...] = ()
