"""Artifact versions and their places in collections."""

from __future__ import annotations

from typing import Any, ClassVar

from regsync.local.server import seen
from regsync.local.server.nodes import files
from regsync.local.server.nodes.collections import HiddenSequence
from regsync.local.server.nodes.files import ManifestNode
from regsync.local.server.nodes.labels import AliasNode, TypeNode, tag, type_of
from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import artifacts, collections, links, projects, uses
from regsync.local.store.accounts import User, user_by_id
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.errors import NotFound
from regsync.local.store.ids import Kind, encode
from regsync.local.store.links import Link
from regsync.local.store.projects import Run
from regsync.slots import dataclass

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
    def aliases(self) -> list[AliasNode]:
        collection = self.artifact_collection
        names = [*seen.alias_names(self.session, self.link.id), f"v{self.link.index}"]
        return [AliasNode(self.session, collection, name) for name in names]

    @property
    def artifact_collection(self) -> Collection:
        return seen.collection(self.session, self.link.collection_id)

    @property
    def artifact(self) -> Version | None:
        return seen.version(self.session, self.link.artifact_id)

    def files(
        self, names: list[str] | None = None, after: str | None = None, first: int | None = None
    ) -> Connection | None:
        found = self.artifact
        return files.of_version(self.session, found, names, after, first) if found else None


@dataclass(frozen=True, slots=True)
class ArtifactNode:
    """A version, whether it was found in its own project or through a link."""

    session: Session
    version: Version

    typename: ClassVar[str] = "Artifact"

    @property
    def id(self) -> str:
        return encode(Kind.ARTIFACT, self.version.id)

    @property
    def artifact_sequence(self) -> Collection | HiddenSequence:
        if self.source_is_visible:
            return seen.collection(self.session, self.version.sequence_id)
        return HiddenSequence(self.session, self.version)

    @property
    def source(self) -> int | None:
        """The key of its source collection, where that is all that `artifactSequence` and `artifactType` tell of the version."""
        told = self.session.once(
            ("told", self.version.project_id),
            lambda: self.source_is_visible and seen.place(self.session, self.version.project_id) is not None,
        )
        return self.version.sequence_id if told else None

    @property
    def source_is_visible(self) -> bool:
        """Whether the viewer can read the project where it was logged."""
        return self.session.once(
            ("source", self.version.entity_id), lambda: artifacts.source_is_visible(self.session.tx, self.version)
        )

    @property
    def version_index(self) -> int | None:
        return self.version.index

    @property
    def artifact_type(self) -> TypeNode:
        return type_of(self.session, self.version)

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
        return [tag(name) for name in artifacts.tags(self.session.tx, self.version)]

    @property
    def state(self) -> str:
        return self.version.state

    @property
    def size(self) -> int:
        return self.version.size

    @property
    def history_step(self) -> int | None:
        return self.version.history_step

    @property
    def digest(self) -> str:
        return self.version.digest

    @property
    def digest_algorithm(self) -> str:
        return self.version.digest_algorithm

    @property
    def commit_hash(self) -> str | None:
        run = self.created_by
        return run.git_commit if isinstance(run, Run) else None

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
    def aliases(self) -> list[AliasNode]:
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
    def current_manifest(self) -> ManifestNode:
        artifacts.require_contents(self.session.tx, self.version)  # It tells the names and digests of the files.
        return ManifestNode(self.session, self.version)

    def files(self, names: list[str] | None = None, after: str | None = None, first: int | None = None) -> Connection:
        return files.of_version(self.session, self.version, names, after, first)

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
            lambda run: run,
            after=after,
            first=first,
        )

    @property
    def created_by(self) -> Run | User | None:
        tx = self.session.tx
        if self.version.run_id is not None:
            try:
                return projects.run_by_id(tx, self.version.run_id)
            except NotFound:
                return None
        if self.version.user_id is not None:
            return user_by_id(tx, self.version.user_id)
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
