"""Projects: registries, and the projects of users and teams. Both are `Project` in the schema."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, ClassVar

from regsync.local.server import seen
from regsync.local.server.filters import Condition
from regsync.local.server.listings import Page, collections_in, runs_of
from regsync.local.server.nodes import labels
from regsync.local.server.nodes.absent import NoSweeps
from regsync.local.server.nodes.labels import TypeNode
from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import accounts, collections, members, projects, queues, registries
from regsync.local.store.access import entity_role
from regsync.local.store.accounts import Entity
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.errors import NotFound
from regsync.local.store.ids import Kind, encode
from regsync.local.store.links import Link
from regsync.local.store.projects import Project, Run
from regsync.local.store.queues import Queue
from regsync.local.store.registries import Registry
from regsync.names import TEAM_PREFIX, Role, Visibility
from regsync.slots import dataclass

Json = dict[str, Any]

ACCESS = {Visibility.ORGANIZATION: "PRIVATE", Visibility.RESTRICTED: "RESTRICTED"}
"""The client's words for who sees a registry (`wandb/apis/public/registries/_utils.py`)."""


@dataclass(frozen=True, slots=True)
class _ProjectNode(NoSweeps):
    """What registries and other projects have in common. `place` is how the store knows it."""

    session: Session
    place: seen.Place

    typename: ClassVar[str] = "Project"
    views: ClassVar[None] = None
    is_benchmark: ClassVar[bool] = False
    user: ClassVar[None] = None

    @property
    def id(self) -> str:
        return encode(Kind.PROJECT, self.place.id)

    @property
    def internal_id(self) -> str:
        return b64encode(f"ProjectInternalId:{self.place.id}".encode()).decode()

    @property
    def entity_name(self) -> str:
        return self.place.entity

    @property
    def entity(self) -> Entity:
        name = self.place.entity
        return self.session.once(("entity", name), lambda: accounts.entity(self.session.tx, name))

    @property
    def created_at(self) -> str:
        return self.place.created_at

    @property
    def updated_at(self) -> str:
        return self.place.updated_at

    def artifact_types(
        self, include_all: bool | None = None, after: str | None = None, first: int | None = None
    ) -> Connection:
        return listed(
            self._types(),
            lambda found: found.name,
            lambda found: found,
            after=after,
            first=first if first is not None else len(self._types()),
        )

    def artifact_type(self, name: str) -> TypeNode | None:
        return next((found for found in labels.types(self.session, self.place) if found.name == name), None)

    def artifact_collections(
        self,
        *,
        filters: str | None = None,
        collection_types: list[str] | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> Connection:
        here = Condition("c.project_id = ?", (self.place.id,))
        return collections_in(self.session, here, filters, Page(after, first, order), collection_types)

    def artifact_collection(self, name: str) -> Collection | None:
        return collections.find(self.session.tx, self.place, name)

    def artifact_collection_membership(self, name: str) -> Link | None:
        return seen.link_named(self.session, self.place, name)

    def artifact(self, name: str, enable_tracking: bool | None = None) -> Version | None:
        found = self.artifact_collection_membership(name)
        return seen.version(self.session, found.artifact_id) if found else None

    def bucket(self, name: str, missing_ok: bool | None = None) -> Run | None:
        return self.run(name)

    def run(self, name: str) -> Run | None:
        return None

    def _types(self) -> list[TypeNode]:
        return labels.types(self.session, self.place)


@dataclass(frozen=True, slots=True)
class RegistryNode(_ProjectNode):
    """A registry."""

    place: Registry

    @property
    def name(self) -> str:
        return self.place.project_name

    @property
    def description(self) -> str | None:
        return self.place.description

    @property
    def access(self) -> str:
        return ACCESS[self.place.visibility]

    @property
    def read_only(self) -> bool:
        own = registries.role(self.session.tx, self.place)
        return own not in (Role.ADMIN, Role.MEMBER)

    @property
    def allow_all_artifact_types_in_registry(self) -> bool:
        return self.place.all_types

    @property
    def protected_aliases(self) -> list[str]:
        return registries.protected_aliases(self.session.tx, self.place)

    @property
    def members(self) -> list[Json]:
        return [
            {
                "id": encode(Kind.USER, found.key),
                "name": found.member,
                "username": found.member,
                "role": {"name": found.role.value},
            }
            for found in members.members(self.session.tx, self.place)
            if not found.is_team
        ]

    @property
    def team_members(self) -> list[Json]:
        tx = self.session.tx
        return [
            {
                "team": accounts.entity(tx, found.member.removeprefix(TEAM_PREFIX)),
                "role": {"name": found.role.value},
            }
            for found in members.members(tx, self.place)
            if found.is_team
        ]

    def runs(
        self,
        filters: str | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> Connection:
        return listed((), str, str)

    def run_count(self, filters: str | None = None) -> int:
        return 0

    @property
    def run_queues(self) -> tuple[()]:
        return ()

    def run_queue(self, name: str) -> None:
        return None

    def _types(self) -> list[TypeNode]:
        """The types on the registry's list; where it accepts all, those in use as well (the client's words)."""
        found = labels.types(self.session, self.place)
        if self.place.all_types:
            return found
        accepted = set(registries.accepted_types(self.session.tx, self.place))
        return [kind for kind in found if kind.name in accepted]


@dataclass(frozen=True, slots=True)
class PlainProjectNode(_ProjectNode):
    """A project of a user or a team, where runs log artifacts."""

    place: Project

    description: ClassVar[None] = None
    access: ClassVar[str] = "PRIVATE"
    allow_all_artifact_types_in_registry: ClassVar[None] = None
    protected_aliases: ClassVar[None] = None
    members: ClassVar[list[Json]] = []
    team_members: ClassVar[list[Json]] = []

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def read_only(self) -> bool:
        return entity_role(self.session.tx, self.place.entity_id) not in (Role.ADMIN, Role.MEMBER)

    def run(self, name: str) -> Run | None:
        try:
            return projects.run(self.session.tx, self.place, name)
        except NotFound:
            return None

    def runs(
        self,
        filters: str | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> Connection:
        return runs_of(self.session, self.place, filters, Page(after, first, order))

    def run_count(self, filters: str | None = None) -> int:
        return self.runs(filters, first=0).total_count()

    @property
    def run_queues(self) -> list[Queue]:
        return queues.of_project(self.session.tx, self.place)

    def run_queue(self, name: str) -> Queue | None:
        return queues.find(self.session.tx, self.place, name)
