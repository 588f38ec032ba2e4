"""What the actor can see, by key or by name: records of the store, or None where they are hidden, missing or deleted.

The API and the pages both ask here, so that what one of them hides the other does not show. Who sees what is decided in `access`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from regsync.local.store import accounts, artifacts, collections, links, projects, registries
from regsync.local.store.access import entity_role, is_server_admin, readable_entities, sees_entity
from regsync.local.store.accounts import Entity, Organization, User
from regsync.local.store.artifacts import DELETED, ManifestEntry, Version
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.local.store.errors import NotFound
from regsync.local.store.links import Link
from regsync.local.store.projects import Project
from regsync.local.store.registries import Registry
from regsync.names import LATEST, REGISTRY_PREFIX

Place = Registry | Project
"""What W&B calls a project: a registry, or a project of a user or a team."""


def organization(tx: Transaction, name: str) -> Organization | None:
    """The organization of that display name, or None where the actor is not in it."""
    try:
        return accounts.organization(tx, name)
    except NotFound:
        return None


def is_member(tx: Transaction, organization: Organization, user: User) -> bool:
    """Whether a user belongs to an organization."""
    return any(member.id == user.id for member, _ in accounts.organization_members(tx, organization))


def users(tx: Transaction, name: str | None) -> list[User]:
    """Members of the actor's organizations whose name has that text in it (all, without one): who has exactly that name first.

    The client takes the first one (`wandb.Api().user`), and shows all of them as a "partial username query" (`users`) [sdk].
    """
    known = {
        user.id: user
        for organization in accounts.organizations(tx)
        for user, _ in accounts.organization_members(tx, organization)
    }
    if is_server_admin(tx):
        known = {user.id: user for user in accounts.everybody(tx)}
    wanted = (name or "").casefold()
    found = [user for user in known.values() if wanted in user.name.casefold()]
    return sorted(found, key=lambda user: (user.name != name, user.name))


def entity(tx: Transaction, name: str) -> Entity | None:
    """The entity of that name, or None where the actor has nothing to do with it."""
    try:
        found = accounts.entity(tx, name)
    except NotFound:
        return None
    return found if sees_entity(tx, found.id) else None


def readable(tx: Transaction, entity: Entity) -> bool:
    """Whether the actor can read the projects of a user or a team."""
    return entity_role(tx, entity.id) is not None


def place_named(tx: Transaction, entity: str, name: str) -> Place | None:
    """The project of that name, or the registry of that name with `wandb-registry-` before it."""
    if not name.startswith(REGISTRY_PREFIX):
        return projects.find(tx, entity, name)
    organization = accounts.organization_of_entity(tx, entity)
    if organization is None or organization.entity != entity:
        return None
    return registries.find(tx, organization, name.removeprefix(REGISTRY_PREFIX))


def place(tx: Transaction, key: int) -> Place | None:
    """The project or registry with that integer key."""
    for find in (registries.by_id, projects.by_id):
        try:
            return find(tx, key)
        except NotFound:
            continue
    return None


def places(tx: Transaction, keys: Iterable[int]) -> dict[int, Place]:
    """The projects that the actor can read among the places with those integer keys, by key. Registries are left out."""
    return {**projects.by_ids(tx, keys)}


def version(tx: Transaction, key: int) -> Version | None:
    """The version with that integer key, unless it was deleted."""
    try:
        found = artifacts.by_id(tx, key)
    except NotFound:
        return None
    return None if found.state == DELETED else found


def versions(tx: Transaction, keys: Iterable[int]) -> dict[int, Version]:
    """The versions with those integer keys, without those that were deleted."""
    return {key: found for key, found in artifacts.by_ids(tx, keys).items() if found.state != DELETED}


def link_named(tx: Transaction, place: Place, name: str) -> Link | None:
    """What `collection:v3` or `collection:alias` names in a project; without a colon, its `latest`."""
    collection_name, _, version = name.partition(":")
    found = collections.find(tx, place, collection_name)
    return link(tx, found, version or LATEST) if found else None


def links_named(tx: Transaction, place: Place, names: Sequence[str]) -> list[Link | None]:
    """As `link_named`, for many names, in their order. Raises as `links.named`."""
    parts = [name.partition(":") for name in names]
    known = collections.named(tx, place, {collection for collection, _, _ in parts})
    wanted = [(known[name], version or LATEST) for name, _, version in parts if name in known]
    found = iter(links.named(tx, wanted))
    return [next(found) if name in known else None for name, _, _ in parts]


def link(tx: Transaction, collection: Collection, version: str) -> Link | None:
    """The link that an index (`v3`) or an alias names in a collection."""
    try:
        return links.get(tx, collection, version)
    except NotFound:
        return None


def sources(tx: Transaction, found: Iterable[Version]) -> set[int]:
    """The keys of those versions of which the actor may know where they were logged."""
    known = readable_entities(tx)
    return {each.id for each in found if known is None or each.entity_id in known}


def files(tx: Transaction, version: Version, most: int, skip: int = 0) -> list[ManifestEntry]:
    """Files of a version, as `artifacts.entries`; none for a restricted viewer, who may not know what they are called."""
    return artifacts.entries(tx, version, most, skip) if artifacts.may_read_contents(tx, version) else []
