"""Live: what a backend read, in the registry's own terms. And `Scope`: how much of it a plan needs.

A thing that is in the scope and not in Live is proven absent: backends raise rather than leave something out. What they know to
be there and cannot see is counted as `unseen`; nothing may be concluded from its absence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from regsync.names import Role, Visibility
from regsync.slots import NamedTuple, dataclass

LinkKey = tuple[str, str, str]
"""Registry, collection, and the id of the artifact that is linked there."""


class Version(NamedTuple):
    """One artifact version, wherever it is linked. `source` is its full name, or "" where the key may not see the source.

    Equality for planning is by `artifact_id`; compare that, not the tuple.
    """

    artifact_id: str
    source: str
    digest: str
    type: str


class Unresolved(NamedTuple):
    """Why a reference has no version that could be linked: `reason` ends a sentence, `hint` says what to do.

    `cause`: what other references may fail of as well, such as a team that is not there. None: this reference only.
    """

    reason: str
    hint: str | None = None
    cause: str | None = None


@dataclass(slots=True)
class LiveCollection:
    """One collection. `links` is by index; `aliases` gives the index each custom alias points at (`latest`, `vN` left out)."""

    name: str
    type: str
    description: str | None = None
    tags: frozenset[str] = frozenset()
    links: dict[int, Version] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    latest: int | None = None
    next_index: int | None = 0
    """The index that the next link gets; None where the backend cannot know."""
    unseen: int | None = 0
    """How many of its links and tags are announced and not shown to this key; None where the server has no list that proves it."""

    def copy(self) -> LiveCollection:
        """A copy whose maps can be changed without touching this one."""
        return LiveCollection(
            self.name,
            self.type,
            self.description,
            self.tags,
            dict(self.links),
            dict(self.aliases),
            self.latest,
            self.next_index,
            self.unseen,
        )

    def index_of(self, artifact_id: str) -> int | None:
        """The index under which that artifact is linked here, or None."""
        return next((index for index, version in self.links.items() if version.artifact_id == artifact_id), None)


@dataclass(slots=True)
class LiveRegistry:
    """One registry. `None` for `artifact_types` means that every type is accepted.

    `protected_aliases` None: the backend cannot read the list. `members` None: not read, because nothing needs it.
    `role` is the acting user's; None: unknown. `types_told` False: the server does not say which types it accepts.
    """

    name: str
    description: str | None = None
    visibility: Visibility = Visibility.ORGANIZATION
    artifact_types: frozenset[str] | None = None
    protected_aliases: frozenset[str] | None = frozenset()
    members: dict[str, Role] | None = None
    collections: dict[str, LiveCollection] = field(default_factory=dict)
    role: Role | None = None
    types_told: bool = True
    unseen: int | None = 0
    """How many collections are announced and not shown to this key, where all were asked for; None as for a collection."""

    def copy(self) -> LiveRegistry:
        """A copy with its own `members` and `collections` maps; the collections themselves are shared."""
        return LiveRegistry(
            self.name,
            self.description,
            self.visibility,
            self.artifact_types,
            self.protected_aliases,
            None if self.members is None else dict(self.members),
            dict(self.collections),
            self.role,
            self.types_told,
            self.unseen,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDetails:
    """What is known of a version beyond its identity; evidence for the reader of a plan. None: not known."""

    metadata: Mapping[str, Any] | None = None
    size: int | None = None
    """Bytes."""
    created_at: str | None = None
    """RFC 3339, UTC."""
    run: str | None = None
    """The run that logged it, as entity/project/run."""
    commit: str | None = None
    ttl_days: int | None = None
    """Days until the source would be deleted; linking turns this off. None: no TTL, or not known."""
    inputs: tuple[str, ...] | None = None
    """Full names of the artifacts that the run used."""


class ReadProof(NamedTuple):
    """What a read consisted of. `complete` is what removals need: every page asked for was answered in full."""

    complete: bool
    pages: int
    items: int


@dataclass(slots=True)
class Live:
    """The part of an organization's registries that a scope asked for."""

    registries: dict[str, LiveRegistry]
    read: ReadProof


class RegistryScope(NamedTuple):
    """What to read of one registry: its settings always; these collections, or (None) all; members if asked."""

    collections: frozenset[str] | None
    members: bool = False


Scope = dict[str, RegistryScope]
"""By registry name. Former names (`previously`) are in it as well."""


class Destination(NamedTuple):
    """Where a plan is made for. A plan is applied there or nowhere.

    `url` is the server's base URL, or `local:` and the file's absolute path; `instance` tells two files of one path apart.
    """

    backend: str
    url: str
    organization: str
    entity: str
    user: str
    instance: str = ""
