"""What the viewer of a request can see, by key or by name: records of the store, or None where they are hidden or missing.

What many rows of a page ask for is looked up once a request (`Session.once`).
"""

from __future__ import annotations

from collections.abc import Iterable

from regsync.local.server.session import Session
from regsync.local.store import accounts, aliases, artifacts, collections, links, projects, registries
from regsync.local.store.access import entity_role, sees_entity
from regsync.local.store.accounts import Entity, Organization, User
from regsync.local.store.artifacts import DELETED, Version
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.local.store.errors import NotFound
from regsync.local.store.links import Link
from regsync.local.store.projects import Project
from regsync.local.store.registries import Registry
from regsync.names import REGISTRY_PREFIX

Place = Registry | Project
"""What the schema calls a project: a registry, or a project of a user or a team."""


def organization(session: Session, name: str) -> Organization | None:
    """The organization of that display name, or None where the viewer is not in it."""
    try:
        return accounts.organization(session.tx, name)
    except NotFound:
        return None


def is_member(tx: Transaction, organization: Organization, user: User) -> bool:
    """Whether a user belongs to an organization."""
    return any(member.id == user.id for member, _ in accounts.organization_members(tx, organization))


def users(session: Session, name: str | None) -> list[User]:
    """Members of the viewer's organizations with that name (any name, without one)."""
    tx = session.tx
    known = {
        user.id: user
        for organization in accounts.organizations(tx)
        for user, _ in accounts.organization_members(tx, organization)
    }
    return [user for user in known.values() if name in (None, "", user.name)]


def entity(session: Session, name: str) -> Entity | None:
    """The entity of that name, or None where the viewer has nothing to do with it."""
    tx = session.tx
    try:
        found = accounts.entity(tx, name)
    except NotFound:
        return None
    return found if sees_entity(tx, found.id) else None


def readable(session: Session, entity: Entity) -> bool:
    """Whether the viewer can read the projects of a user or a team."""
    return entity_role(session.tx, entity.id) is not None


def registries_of(session: Session, organization: Organization) -> dict[int, Registry]:
    """The registries of an organization that the viewer can see, by integer key."""
    return session.once(
        ("registries", organization.id),
        lambda: {found.id: found for found in registries.visible(session.tx, organization)},
    )


def place_named(session: Session, entity: str | None, name: str | None) -> Place | None:
    """The project or registry of that name. Without an entity: the viewer's own."""
    if not name:
        return None
    owner = entity or session.actor.name
    return session.once(("place", owner, name), lambda: _place_named(session.tx, owner, name))


def _place_named(tx: Transaction, entity: str, name: str) -> Place | None:
    if not name.startswith(REGISTRY_PREFIX):
        return projects.find(tx, entity, name)
    organization = accounts.organization_of_entity(tx, entity)
    if organization is None or organization.entity != entity:
        return None
    return registries.find(tx, organization, name.removeprefix(REGISTRY_PREFIX))


def place(session: Session, key: int) -> Place | None:
    """The project or registry with that integer key."""
    return session.once(("place", key), lambda: _place(session.tx, key))


def _place(tx: Transaction, key: int) -> Place | None:
    for find in (registries.by_id, projects.by_id):
        try:
            return find(tx, key)
        except NotFound:
            continue
    return None


def project(session: Session, key: int) -> Project:
    """The project, not a registry, with that integer key. Raises `NotFound`."""
    return session.once(("project", key), lambda: projects.by_id(session.tx, key))


def collection(session: Session, key: int) -> Collection:
    """The collection with that integer key. Raises `NotFound`."""
    return session.one_of("collection", key, lambda: collections.by_id(session.tx, key))


def version(session: Session, key: int) -> Version | None:
    """The version with that integer key, unless it was deleted."""
    return session.one_of("version", key, lambda: _version(session.tx, key))


def _version(tx: Transaction, key: int) -> Version | None:
    try:
        found = artifacts.by_id(tx, key)
    except NotFound:
        return None
    return None if found.state == DELETED else found


def alias_names(session: Session, key: int) -> list[str]:
    """The aliases on the link with that integer key, by name."""
    return session.one_of("aliases", key, lambda: aliases.of_membership(session.tx, key))


def tag_names(session: Session, found: Collection) -> tuple[str, ...]:
    """The tags of a collection, by name."""
    return session.one_of("tags", found.id, lambda: tuple(collections.tags(session.tx, found)))


def expect_links(session: Session, found: Iterable[Link]) -> None:
    """A page shows these links: what they name is looked up for all of them together, when the first one is asked."""
    tx, rows = session.tx, list(found)
    session.expect("aliases", (link.id for link in rows), lambda keys: aliases.of_memberships(tx, keys))
    session.expect("collection", (link.collection_id for link in rows), lambda keys: collections.by_ids(tx, keys))
    session.expect("version", (link.artifact_id for link in rows), lambda keys: _versions(tx, keys))


def expect_collections(session: Session, keys: Iterable[int]) -> None:
    """A page shows the collections of these keys; as `expect_links`."""
    tx, rows = session.tx, list(keys)
    session.expect("collection", rows, lambda keys: collections.by_ids(tx, keys))
    session.expect("tags", rows, lambda keys: collections.tags_of(tx, keys))


def _versions(tx: Transaction, keys: Iterable[int]) -> dict[int, Version]:
    return {key: found for key, found in artifacts.by_ids(tx, keys).items() if found.state != DELETED}


def link_named(session: Session, place: Place, name: str) -> Link | None:
    """What `collection:v3` or `collection:alias` names in a project; without a colon, its `latest`."""
    collection_name, _, version = name.partition(":")
    found = collections.find(session.tx, place, collection_name)
    return link(session, found, version or aliases.LATEST) if found else None


def link(session: Session, collection: Collection, version: str) -> Link | None:
    """The link that an index (`v3`) or an alias names in a collection."""
    try:
        return links.get(session.tx, collection, version)
    except NotFound:
        return None
