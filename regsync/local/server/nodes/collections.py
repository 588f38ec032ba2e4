"""Collections of both kinds."""

from __future__ import annotations

from typing import Any, ClassVar

from regsync.local.server import seen
from regsync.local.server.filters import Condition
from regsync.local.server.listings import Page, memberships_in, versions_in
from regsync.local.server.nodes import actions
from regsync.local.server.nodes.labels import AliasNode, TypeNode, tag, type_of
from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import aliases, links
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.ids import Kind, encode
from regsync.local.store.links import Link
from regsync.names import LATEST
from regsync.slots import dataclass

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CollectionNode:
    """A collection of links (`ArtifactPortfolio`), or an artifact's own versions (`ArtifactSequence`)."""

    session: Session
    collection: Collection
    state: str = "READY"

    @property
    def typename(self) -> str:
        return "ArtifactPortfolio" if self.collection.is_portfolio else "ArtifactSequence"

    @property
    def id(self) -> str:
        return encode(Kind.COLLECTION, self.collection.id)

    @property
    def name(self) -> str:
        return self.collection.name

    @property
    def description(self) -> str | None:
        return self.collection.description

    @property
    def created_at(self) -> str:
        return self.collection.created_at

    @property
    def updated_at(self) -> str:
        return self.collection.updated_at

    @property
    def project(self) -> seen.Place | None:
        return seen.place(self.session, self.collection.project_id)

    @property
    def default_artifact_type(self) -> TypeNode:
        return TypeNode(self.session, self.collection.project_id, self.collection.type_id, self.collection.type)

    @property
    def tag_names(self) -> tuple[str, ...]:
        return seen.tag_names(self.session, self.collection)

    def tags(self, after: str | None = None, first: int | None = None) -> Connection:
        found = self.tag_names
        return listed(found, str, tag, after=after, first=len(found) if first is None else first)

    def aliases(self, after: str | None = None, first: int | None = None) -> Connection:
        tx = self.session.tx
        names = [*aliases.of_collection(tx, self.collection)]
        names += [f"v{link.index}" for link in links.of_collection(tx, self.collection)]
        return listed(names, str, lambda name: AliasNode(self.session, self.collection, name), after=after, first=first)

    def artifacts(
        self,
        filters: str | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> Connection:
        return versions_in(self.session, self.collection.id, filters, Page(after, first, order))

    def artifact_membership(self, alias_name: str) -> Link | None:
        return seen.link(self.session, self.collection, alias_name)

    def artifact_memberships(
        self,
        *,
        filters: str | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> Connection:
        here = Condition("m.collection_id = ?", (self.collection.id,))
        return memberships_in(self.session, here, filters, Page(after, first, order))

    def alias_action_history(self, **arguments: Any) -> Connection:
        return actions.on_aliases(self.session, self.collection, **arguments)

    def artifact_collection_actions(self, **arguments: Any) -> Connection:
        return actions.on_links(self.session, self.collection, **arguments)

    @property
    def latest_artifact(self) -> Version | None:
        found = self.artifact_membership(LATEST)
        return seen.version(self.session, found.artifact_id) if found else None

    @property
    def digest_algorithm(self) -> str | None:
        latest = self.latest_artifact
        return latest.digest_algorithm if latest else None

    @property
    def next_version_index(self) -> int:
        return self.collection.next_index


@dataclass(frozen=True, slots=True)
class HiddenSequence:
    """A source collection in a project that the viewer cannot see: W&B tells its name, and nothing of where it is."""

    session: Session
    version: Version

    typename: ClassVar[str] = "ArtifactSequence"
    state: ClassVar[str] = "READY"
    description: ClassVar[None] = None
    updated_at: ClassVar[None] = None
    project: ClassVar[None] = None
    latest_artifact: ClassVar[None] = None
    digest_algorithm: ClassVar[None] = None

    @property
    def id(self) -> str:
        return encode(Kind.COLLECTION, self.version.sequence_id)

    @property
    def name(self) -> str:
        return self.version.name

    @property
    def created_at(self) -> str:
        return self.version.created_at

    @property
    def default_artifact_type(self) -> TypeNode:
        return type_of(self.session, self.version)

    def tags(self, after: str | None = None, first: int | None = None) -> Connection:
        return listed((), str, str)

    def aliases(self, after: str | None = None, first: int | None = None) -> Connection:
        return listed((), str, str)

    def artifacts(self, **arguments: Any) -> None:
        return None

    def artifact_membership(self, alias_name: str) -> None:
        return None

    def artifact_memberships(self, **arguments: Any) -> None:
        return None

    def alias_action_history(self, **arguments: Any) -> Connection:
        return listed((), str, str)

    def artifact_collection_actions(self, **arguments: Any) -> Connection:
        return listed((), str, str)
