"""People, teams and organizations."""

from __future__ import annotations

from typing import Any, ClassVar

from regsync.local.server import listings, seen
from regsync.local.server.nodes.absent import NoAutomations, NoIntegrations
from regsync.local.server.nodes.queues import config_key, config_shown
from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import accounts, people, queues, user_keys
from regsync.local.store.access import organization_role, sees_entity
from regsync.local.store.accounts import Entity, Organization, User
from regsync.local.store.database import Transaction
from regsync.local.store.ids import Kind, encode
from regsync.local.store.user_keys import Key
from regsync.names import Role
from regsync.slots import dataclass

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UserNode:
    """A user. Only those whom an admin made by it have an e-mail address; keys are told once, when they are made."""

    session: Session
    user: User

    typename: ClassVar[str] = "User"
    flags: ClassVar[str] = "{}"
    deleted_at: ClassVar[None] = None

    @property
    def id(self) -> str:
        return encode(Kind.USER, self.user.id)

    @property
    def email(self) -> str | None:
        return people.about(self.session.tx, [self.user])[self.user.id].email

    @property
    def admin(self) -> bool:
        return accounts.is_server_admin(self.session.tx, self.user)

    @property
    def api_keys(self) -> Json:
        return {"edges": [{"node": key_shown(key)} for key in user_keys.of_user(self.session.tx, self.user)]}

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def username(self) -> str:
        return self.user.name

    @property
    def entity(self) -> str:
        """What somebody else chose is theirs to know: it may be a team that the viewer must not hear of."""
        tx = self.session.tx
        return accounts.default_entity(tx) if self.user.id == tx.actor.user_id else self.user.name

    def teams(self, after: str | None = None, first: int | None = None) -> Connection:
        tx = self.session.tx
        found = [team for team in accounts.teams_of_user(tx, self.user) if sees_entity(tx, team.id)]
        return listed(found, lambda team: team.name, lambda team: team, after=after, first=first)

    def projects(self, after: str | None = None, first: int | None = None, order: str | None = None) -> Connection:
        """Those of the user's own entity."""
        own = accounts.entity_by_id(self.session.tx, self.user.entity_id)
        return listings.projects_of(self.session, own, None, listings.Page(after, first, order))

    @property
    def organizations(self) -> list[Organization]:
        tx = self.session.tx
        return [found for found in accounts.organizations(tx) if seen.is_member(tx, found, self.user)]


@dataclass(frozen=True, slots=True)
class OrganizationNode(NoAutomations):
    """An organization that the viewer belongs to, or a guest of whose registries they are: guests hear of no team and nobody else."""

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
    def org_entity(self) -> Entity:
        return accounts.entity_by_id(self.session.tx, self.organization.entity_id)

    @property
    def teams(self) -> list[Entity]:
        return accounts.teams(
            self.session.tx, self.organization
        )  # `showing.py` leaves out what the viewer does not see.

    @property
    def members(self) -> list[Json]:
        return _people(self.session.tx, self.organization)

    def feature_flags(self, ramp_id_type: str | None = None) -> list[Json]:
        return []


@dataclass(frozen=True, slots=True)
class EntityNode(NoIntegrations):
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
    def organization(self) -> Organization | None:
        return None if self.record.organization_id is None else self._organization

    @property
    def user(self) -> User | None:
        return accounts.user(self.session.tx, self.record.name) if self.record.kind == "user" else None

    @property
    def members(self) -> list[Json]:
        tx = self.session.tx
        if self.record.kind == "user":
            return _members(tx, [(accounts.user(tx, self.record.name), Role.ADMIN)])
        if self.record.kind == "team":
            return _members(tx, accounts.team_members(tx, self.record))
        return _people(tx, self._organization)

    def default_resource_config(self, id: str) -> Json | None:
        found = queues.config_by_id(self.session.tx, config_key(id))
        return None if found is None or found.entity_id != self.record.id else config_shown(found)

    def project(self, name: str | None = None) -> seen.Place | None:
        return seen.place_named(self.session, self.record.name, name)

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
        return [found.id for found in seen.registries_of(self.session, self._organization).values()]


def key_shown(key: Key, secret: str | None = None) -> Json:
    """A key by its first characters; whole, as the client wants it, in the answer to making it."""
    kind, number = (Kind.FIRST_KEY, key.user_id) if key.id is None else (Kind.API_KEY, key.id)
    return {"id": encode(kind, number), "name": secret or key.hint, "description": key.description}


def _people(tx: Transaction, organization: Organization) -> list[Json]:
    """The members of an organization, for those who are in it themselves."""
    if organization_role(tx, organization.id) is None:
        return []
    return _members(tx, accounts.organization_members(tx, organization))


def _members(tx: Transaction, found: list[tuple[User, Role]]) -> list[Json]:
    about = people.about(tx, [user for user, _ in found])
    return [_member(user, role, about[user.id]) for user, role in found]


def _member(user: User, role: Role, about: people.About) -> Json:
    """A member with the type of their account: SERVICE for machines, VIEWER for those who only read, MEMBER for all others."""
    seat = "VIEWER" if role is Role.VIEWER else "MEMBER"
    return {
        "id": encode(Kind.USER, user.id),
        "name": user.name,
        "username": user.name,
        "email": about.email,
        "admin": role is Role.ADMIN,
        "role": role.value,
        "pending": False,
        "account_type": "SERVICE" if about.is_service else seat,
    }
