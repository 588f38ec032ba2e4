"""Artifact versions and their places in collections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from regsync.local.server import nodes
from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import aliases, artifacts, collections, links, projects, uses
from regsync.local.store.accounts import user_by_id
from regsync.local.store.artifacts import DELETED, Version
from regsync.local.store.errors import NotFound
from regsync.local.store.ids import Kind, encode
from regsync.local.store.links import Link
from regsync.local.store.projects import Project
from regsync.local.store.registries import Registry

Json = dict[str, Any]

TTL_INHERITED, TTL_OFF = -1, -2
"""What the client means by a time to live that is not a number of seconds (`Artifact._ttl_duration_seconds_to_gql`)."""


@dataclass(frozen=True, slots=True)
class MembershipNode:
    """A version's place in a collection."""

    session: Session
    link: Link

    typename: ClassVar[str] = "ArtifactCollectionMembership"

    @property
    def id(self) -> str:
        return encode(Kind.MEMBERSHIP, self.link.id)

    @property
    def version_index(self) -> int:
        return self.link.index

    @property
    def created_at(self) -> str:
        return self.link.created_at

    @property
    def aliases(self) -> list[nodes.collections.AliasNode]:
        collection = self.artifact_collection.collection
        names = [*aliases.of_membership(self.session.tx, self.link.id), f"v{self.link.index}"]
        return [nodes.collections.AliasNode(self.session, collection, name) for name in names]

    @property
    def artifact_collection(self) -> nodes.collections.CollectionNode:
        return nodes.collections.of(self.session, self.link.collection_id)

    @property
    def artifact(self) -> ArtifactNode | None:
        return artifact(self.session, self.link.artifact_id)

    def files(
        self, names: list[str] | None = None, after: str | None = None, first: int | None = None
    ) -> Connection | None:
        found = self.artifact
        return found.files(names, after, first) if found else None


@dataclass(frozen=True, slots=True)
class ArtifactNode:
    """A version, whether it was found in its own project or through a link."""

    session: Session
    version: Version

    typename: ClassVar[str] = "Artifact"
    history_step: ClassVar[None] = None

    @property
    def id(self) -> str:
        return encode(Kind.ARTIFACT, self.version.id)

    @property
    def artifact_sequence(self) -> nodes.collections.CollectionNode | nodes.collections.HiddenSequence:
        if artifacts.source_is_visible(self.session.tx, self.version):
            return nodes.collections.of(self.session, self.version.sequence_id)
        return nodes.collections.HiddenSequence(self)

    @property
    def version_index(self) -> int | None:
        return self.version.index

    @property
    def artifact_type(self) -> nodes.collections.TypeNode:
        version = self.version
        key = self.session.once(
            ("type of", version.sequence_id),
            lambda: self.session.tx.value("SELECT type_id FROM collections WHERE id = ?", version.sequence_id),
        )
        return nodes.collections.TypeNode(self.session, version.project_id, key, version.type)

    @property
    def description(self) -> str | None:
        return self.version.description

    @property
    def metadata(self) -> str:
        return self.version.metadata_json

    @property
    def ttl_duration_seconds(self) -> int:
        seconds = self.version.ttl_seconds
        return TTL_INHERITED if seconds is None else seconds or TTL_OFF

    @property
    def ttl_is_inherited(self) -> bool:
        return self.version.ttl_seconds is None

    @property
    def tags(self) -> list[Json]:
        return [nodes.collections.tag(name) for name in artifacts.tags(self.session.tx, self.version)]

    @property
    def state(self) -> str:
        return self.version.state

    @property
    def size(self) -> int:
        return self.version.size

    @property
    def digest(self) -> str:
        return self.version.digest

    @property
    def digest_algorithm(self) -> str:
        return self.version.digest_algorithm

    @property
    def commit_hash(self) -> str | None:
        run = self.created_by
        return run.commit if isinstance(run, nodes.runs.RunNode) else None

    @property
    def file_count(self) -> int:
        return self.version.file_count

    @property
    def created_at(self) -> str:
        return self.version.created_at

    @property
    def updated_at(self) -> str:
        return self.version.updated_at

    @property
    def aliases(self) -> list[nodes.collections.AliasNode]:
        return [alias for membership in self._memberships() for alias in membership.aliases]

    def artifact_memberships(self, after: str | None = None, first: int | None = None) -> Connection:
        found = self._memberships()
        return listed(
            found,
            lambda membership: f"{membership.link.id:020}",
            lambda membership: membership,
            after=after,
            first=len(found) if first is None else first,
        )

    @property
    def current_manifest(self) -> nodes.files.ManifestNode:
        return nodes.files.ManifestNode(self.session, self.version)

    def files(self, names: list[str] | None = None, after: str | None = None, first: int | None = None) -> Connection:
        return nodes.files.of_version(self.session, self.version, names, after, first)

    def files_by_manifest_entries(
        self,
        *,
        storage_layout: str | None = None,
        manifest_version: str | None = None,
        entries: list[Json] | None = None,
        storage_region: str | None = None,
        after: str | None = None,
        first: int | None = None,
    ) -> Connection:
        names = None if entries is None else [entry["name"] for entry in entries]
        return self.files(names, after, first if first is not None else len(names or ()) or None)

    def used_by(self, after: str | None = None, first: int | None = None) -> Connection:
        return listed(
            uses.runs(self.session.tx, self.version),
            lambda run: f"{run.id:020}",
            lambda run: nodes.runs.of(self.session, run),
            after=after,
            first=first,
        )

    @property
    def created_by(self) -> nodes.runs.RunNode | nodes.accounts.UserNode | None:
        tx = self.session.tx
        if self.version.run_id is not None:
            try:
                return nodes.runs.of(self.session, projects.run_by_id(tx, self.version.run_id))
            except NotFound:
                return None
        if self.version.user_id is not None:
            return nodes.accounts.UserNode(self.session, user_by_id(tx, self.version.user_id))
        return None

    def _memberships(self) -> list[MembershipNode]:
        """Its places in the collections that the viewer can see."""
        rows = self.session.tx.all(
            "SELECT id, collection_id FROM memberships WHERE artifact_id = ? ORDER BY id", self.version.id
        )
        found = []
        for row in rows:
            try:
                collections.by_id(self.session.tx, row["collection_id"])
            except NotFound:
                continue
            found.append(MembershipNode(self.session, links.by_id(self.session.tx, row["id"])))
        return found


def artifact(session: Session, key: int) -> ArtifactNode | None:
    """The version with that integer key; None where it was deleted or the viewer cannot see it."""
    return session.once(("artifact", key), lambda: _artifact(session, key))


def _artifact(session: Session, key: int) -> ArtifactNode | None:
    try:
        version = artifacts.by_id(session.tx, key)
    except NotFound:
        return None
    return None if version.state == DELETED else ArtifactNode(session, version)


def named(session: Session, place: Registry | Project, name: str) -> MembershipNode | None:
    """The version that `collection:v3` or `collection:alias` names in a project; without a colon, its `latest`."""
    collection_name, _, version = name.partition(":")
    collection = collections.find(session.tx, place, collection_name)
    if collection is None:
        return None
    try:
        return MembershipNode(session, links.get(session.tx, collection, version or aliases.LATEST))
    except NotFound:
        return None


def none() -> Connection:
    """A page of nothing."""
    return listed((), str, str)
