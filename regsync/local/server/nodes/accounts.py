"""People, teams and organizations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from regsync.local.server.nodes import listings, projects
from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import accounts
from regsync.local.store.accounts import Entity, Organization, User
from regsync.local.store.database import Transaction
from regsync.local.store.errors import NotFound
from regsync.local.store.ids import Kind, encode
from regsync.names import Role

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UserNode:
    """A user. There are no e-mail addresses in the embedded registry, and keys are never told."""

    session: Session
    user: User

    typename: ClassVar[str] = "User"
    email: ClassVar[None] = None
    admin: ClassVar[bool] = False
    flags: ClassVar[str] = "{}"
    deleted_at: ClassVar[None] = None
    api_keys: ClassVar[Json] = {"edges": []}

    @property
    def id(self) -> str:
        return encode(Kind.USER, self.user.id)

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def username(self) -> str:
        return self.user.name

    @property
    def entity(self) -> str:
        return self.user.name

    def teams(self, after: str | None = None, first: int | None = None) -> Connection:
        found = accounts.teams_of_user(self.session.tx, self.user)
        return listed(
            found, lambda team: team.name, lambda team: EntityNode(self.session, team), after=after, first=first
        )

    @property
    def organizations(self) -> list[OrganizationNode]:
        tx = self.session.tx
        mine = accounts.organizations(tx)
        return [OrganizationNode(self.session, found) for found in mine if is_member(tx, found, self.user)]


@dataclass(frozen=True, slots=True)
class OrganizationNode:
    """An organization that the viewer belongs to."""

    session: Session
    organization: Organization

    typename: ClassVar[str] = "Organization"
    advanced_registry_features: ClassVar[Json] = {"advanced_search": True}
    core_weave_organization_id: ClassVar[None] = None

    @property
    def id(self) -> str:
        return encode(Kind.ORGANIZATION, self.organization.id)

    @property
    def name(self) -> str:
        return self.organization.name

    @property
    def org_entity(self) -> EntityNode:
        return EntityNode(self.session, accounts.entity_by_id(self.session.tx, self.organization.entity_id))

    @property
    def teams(self) -> list[EntityNode]:
        return [EntityNode(self.session, team) for team in accounts.teams(self.session.tx, self.organization)]

    @property
    def members(self) -> list[Json]:
        return [
            {"id": encode(Kind.USER, user.id), "username": user.name, "role": role.value}
            for user, role in accounts.organization_members(self.session.tx, self.organization)
        ]

    def feature_flags(self, ramp_id_type: str | None = None) -> list[Json]:
        return []


@dataclass(frozen=True, slots=True)
class EntityNode:
    """A user's own entity, a team, or an organization's own entity, which holds its registries."""

    session: Session
    record: Entity

    typename: ClassVar[str] = "Entity"
    available: ClassVar[bool] = False
    photo_url: ClassVar[None] = None
    read_only: ClassVar[bool] = False
    read_only_admin: ClassVar[bool] = False
    private_only: ClassVar[bool] = False
    storage_bytes: ClassVar[int] = 0
    code_saving_enabled: ClassVar[bool] = False
    default_access: ClassVar[str] = "PRIVATE"
    is_paid: ClassVar[bool] = False
    limits: ClassVar[None] = None
    xxhash_digests_enabled: ClassVar[bool] = False

    @property
    def id(self) -> str:
        return encode(Kind.ENTITY, self.record.id)

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def entity_type(self) -> str:
        return self.record.kind

    @property
    def is_team(self) -> bool:
        return self.record.kind == "team"

    @property
    def organization(self) -> OrganizationNode | None:
        if self.record.organization_id is None:
            return None
        return OrganizationNode(self.session, self._organization)

    @property
    def user(self) -> UserNode | None:
        if self.record.kind != "user":
            return None
        return UserNode(self.session, accounts.user(self.session.tx, self.record.name))

    @property
    def members(self) -> list[Json]:
        tx = self.session.tx
        if self.record.kind == "user":
            return [_member(accounts.user(tx, self.record.name), Role.ADMIN)]
        if self.record.kind == "team":
            return [_member(user, role) for user, role in accounts.team_members(tx, self.record)]
        return [_member(user, role) for user, role in accounts.organization_members(tx, self._organization)]

    def project(self, name: str | None = None) -> projects.ProjectNode | None:
        return projects.find(self.session, self.record.name, name)

    def projects(
        self,
        filters: str | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> Connection:
        page = listings.Page(after, first, order)
        if self.record.kind == "organization":
            return listings.registries_of(self.session, self._organization, filters, page)
        return listings.projects_of(self.session, self.record, filters, page)

    def artifact_collections(
        self,
        *,
        project_filters: str | None = None,
        filters: str | None = None,
        collection_types: list[str] | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> Connection | None:
        if self.record.kind != "organization":
            return None
        scope = listings.scope(self.session, self._visible, project_filters)
        return listings.collections_in(
            self.session, scope, filters, listings.Page(after, first, order), collection_types
        )

    def artifact_memberships(
        self,
        *,
        project_filters: str | None = None,
        collection_filters: str | None = None,
        filters: str | None = None,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> Connection | None:
        if self.record.kind != "organization":
            return None
        scope = listings.links_scope(self.session, self._visible, project_filters, collection_filters)
        return listings.memberships_in(self.session, scope, filters, listings.Page(after, first, order))

    @property
    def _organization(self) -> Organization:
        return accounts.organization_by_id(self.session.tx, self.record.organization_id or 0)

    @property
    def _visible(self) -> list[int]:
        return [found.id for found in listings.visible_registries(self.session, self._organization).values()]


def is_member(tx: Transaction, organization: Organization, user: User) -> bool:
    """Whether a user belongs to an organization."""
    return any(member.id == user.id for member, _ in accounts.organization_members(tx, organization))


def find_organization(session: Session, name: str) -> OrganizationNode | None:
    """The organization of that display name, or None where the viewer is not in it."""
    try:
        return OrganizationNode(session, accounts.organization(session.tx, name))
    except NotFound:
        return None


def find_entity(session: Session, name: str) -> EntityNode | None:
    """The entity of that name, or None where the viewer has nothing to do with it."""
    tx = session.tx
    try:
        found = accounts.entity(tx, name)
    except NotFound:
        return None
    if found.kind == "user":
        owner = accounts.user(tx, name)
        known = owner.id == session.actor.user_id or any(
            is_member(tx, organization, owner) for organization in accounts.organizations(tx)
        )
    else:
        known = accounts.organization_of_entity(tx, name) is not None
    return EntityNode(session, found) if known else None


def find_users(session: Session, query: str | None) -> list[User]:
    """Members of the viewer's organizations with that name (any name, without a query)."""
    tx = session.tx
    known = {
        user.id: user
        for organization in accounts.organizations(tx)
        for user, _ in accounts.organization_members(tx, organization)
    }
    return [user for user in known.values() if query in (None, "", user.name)]


def _member(user: User, role: Role) -> Json:
    return {
        "id": encode(Kind.USER, user.id),
        "name": user.name,
        "username": user.name,
        "admin": role is Role.ADMIN,
        "role": role.value,
        "pending": False,
        "account_type": "MEMBER",
    }
