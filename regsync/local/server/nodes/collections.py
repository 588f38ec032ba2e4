"""Artifact types and collections of both kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from regsync.local.server import nodes
from regsync.local.server.filters import Condition
from regsync.local.server.nodes.listings import Page
from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import aliases, collections, links
from regsync.local.store.collections import Collection
from regsync.local.store.errors import NotFound
from regsync.local.store.ids import Kind, encode
from regsync.local.store.projects import Project
from regsync.local.store.registries import Registry

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TypeNode:
    """An artifact type in a project that the viewer can see."""

    session: Session
    project_id: int
    key: int
    name: str

    typename: ClassVar[str] = "ArtifactType"

    @property
    def id(self) -> str:
        return encode(Kind.ARTIFACT_TYPE, self.key)

    @property
    def description(self) -> str | None:
        found: str | None = self.session.tx.value("SELECT description FROM artifact_types WHERE id = ?", self.key)
        return found

    @property
    def created_at(self) -> str:
        return str(self.session.tx.value("SELECT created_at FROM artifact_types WHERE id = ?", self.key))

    def artifact_collections(
        self,
        *,
        filters: str | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> Connection:
        here = Condition("c.type_id = ?", (self.key,))
        return nodes.listings.collections_in(self.session, here, filters, Page(after, first, order))

    def artifact_collection(self, name: str) -> CollectionNode | None:
        place = nodes.projects.of(self.session, self.project_id)
        found = place.artifact_collection(name) if place else None
        return found if found and found.collection.type_id == self.key else None

    def artifact(self, name: str) -> nodes.versions.ArtifactNode | None:
        place = nodes.projects.of(self.session, self.project_id)
        found = place.artifact_collection_membership(name) if place else None
        return found.artifact if found and found.artifact_collection.collection.type_id == self.key else None


@dataclass(frozen=True, slots=True)
class AliasNode:
    """An alias or an index of one version in one collection. The client needs the index among the aliases (0.23)."""

    session: Session
    collection: Collection
    alias: str

    typename: ClassVar[str] = "ArtifactAlias"

    @property
    def id(self) -> str:
        return encode(Kind.ALIAS, f"{self.collection.id}/{self.alias}")

    @property
    def artifact_collection(self) -> CollectionNode:
        return CollectionNode(self.session, self.collection)


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
    def project(self) -> nodes.projects.ProjectNode | None:
        return nodes.projects.of(self.session, self.collection.project_id)

    @property
    def default_artifact_type(self) -> TypeNode:
        return TypeNode(self.session, self.collection.project_id, self.collection.type_id, self.collection.type)

    def tags(self, after: str | None = None, first: int | None = None) -> Connection:
        found = collections.tags(self.session.tx, self.collection)
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
        return nodes.listings.versions_in(self.session, self.collection.id, filters, Page(after, first, order))

    def artifact_membership(self, alias_name: str) -> nodes.versions.MembershipNode | None:
        try:
            return nodes.versions.MembershipNode(self.session, links.get(self.session.tx, self.collection, alias_name))
        except NotFound:
            return None

    def artifact_memberships(
        self,
        *,
        filters: str | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> Connection:
        here = Condition("m.collection_id = ?", (self.collection.id,))
        return nodes.listings.memberships_in(self.session, here, filters, Page(after, first, order))

    @property
    def latest_artifact(self) -> nodes.versions.ArtifactNode | None:
        found = self.artifact_membership(aliases.LATEST)
        return found.artifact if found else None

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

    version: nodes.versions.ArtifactNode

    typename: ClassVar[str] = "ArtifactSequence"
    state: ClassVar[str] = "READY"
    description: ClassVar[None] = None
    updated_at: ClassVar[None] = None
    project: ClassVar[None] = None
    latest_artifact: ClassVar[None] = None
    digest_algorithm: ClassVar[None] = None

    @property
    def id(self) -> str:
        return encode(Kind.COLLECTION, self.version.version.sequence_id)

    @property
    def name(self) -> str:
        return self.version.version.name

    @property
    def created_at(self) -> str:
        return self.version.created_at

    @property
    def default_artifact_type(self) -> TypeNode:
        return self.version.artifact_type

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


def of(session: Session, key: int) -> CollectionNode:
    """The collection with that integer key. Raises `NotFound`."""
    return session.once(("collection", key), lambda: CollectionNode(session, collections.by_id(session.tx, key)))


def types(session: Session, place: Registry | Project) -> list[TypeNode]:
    """The artifact types known in a project, by name."""
    rows = session.tx.all("SELECT id, name FROM artifact_types WHERE project_id = ? ORDER BY name", place.id)
    return [TypeNode(session, place.id, row["id"], row["name"]) for row in rows]


def tag(name: str) -> Json:
    """A tag, as the schema has it."""
    return {"id": encode(Kind.TAG, name), "name": name}
