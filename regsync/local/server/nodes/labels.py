"""What collections and versions carry: their artifact type, their aliases, their tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from regsync.local.server import seen
from regsync.local.server.filters import Condition
from regsync.local.server.listings import Page, collections_in
from regsync.local.server.pages import Connection
from regsync.local.server.session import Session
from regsync.local.store import collections
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.ids import Kind, encode
from regsync.slots import NamedTuple, dataclass

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TypeNode:
    """An artifact type in a project; of one that the viewer cannot see, only its name."""

    session: Session
    project_id: int
    key: int
    name: str
    stand_in: str | None = None
    """Where the viewer cannot see the project: the time that is told in place of the one when the type came to it."""

    typename: ClassVar[str] = "ArtifactType"

    @property
    def id(self) -> str:
        return encode(Kind.ARTIFACT_TYPE, self.key)

    @property
    def description(self) -> str | None:
        if self.stand_in is not None:
            return None
        found: str | None = self.session.tx.value("SELECT description FROM artifact_types WHERE id = ?", self.key)
        return found

    @property
    def created_at(self) -> str:
        return self.stand_in or str(
            self.session.tx.value("SELECT created_at FROM artifact_types WHERE id = ?", self.key)
        )

    def artifact_collections(
        self,
        *,
        filters: str | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> Connection:
        here = Condition("c.type_id = ?" if self.stand_in is None else "c.type_id = ? AND 0", (self.key,))
        return collections_in(self.session, here, filters, Page(after, first, order))

    def artifact_collection(self, name: str) -> Collection | None:
        place = seen.place(self.session, self.project_id)
        found = collections.find(self.session.tx, place, name) if place else None
        return found if found and found.type_id == self.key else None

    def artifact(self, name: str) -> Version | None:
        place = seen.place(self.session, self.project_id)
        found = seen.link_named(self.session, place, name) if place else None
        if found is None or seen.collection(self.session, found.collection_id).type_id != self.key:
            return None
        return seen.version(self.session, found.artifact_id)


class AliasNode(NamedTuple):
    """An alias or an index of one version in one collection. The client needs the index among the aliases (0.23)."""

    session: Session
    collection: Collection
    alias: str

    @property
    def typename(self) -> str:
        return "ArtifactAlias"

    @property
    def id(self) -> str:
        return encode(Kind.ALIAS, f"{self.collection.id}/{self.alias}")

    @property
    def artifact_collection(self) -> Collection:
        return self.collection


def type_of(session: Session, version: Version) -> TypeNode:
    """The type of a version, in the project that it was logged to."""
    return types_of(session, [version])[0]


def types_of(session: Session, versions: Sequence[Version]) -> list[TypeNode]:
    """As `type_of`, for many."""

    def type_key(sequence: int) -> int:
        return int(session.tx.value("SELECT type_id FROM collections WHERE id = ?", sequence))

    keys = session.all_of("type of", [version.sequence_id for version in versions], type_key)
    projects = {version.project_id for version in versions}
    hidden = {project for project in projects if seen.place(session, project) is None}
    return [
        TypeNode(
            session,
            version.project_id,
            key,
            version.type,
            version.created_at if version.project_id in hidden else None,
        )
        for version, key in zip(versions, keys, strict=True)
    ]


def types(session: Session, place: seen.Place) -> list[TypeNode]:
    """The artifact types known in a project, by name."""
    rows = session.tx.all("SELECT id, name FROM artifact_types WHERE project_id = ? ORDER BY name", place.id)
    return [TypeNode(session, place.id, row["id"], row["name"]) for row in rows]


def tag(name: str) -> Json:
    """A tag, as the schema has it."""
    return {"id": encode(Kind.TAG, name), "name": name}
