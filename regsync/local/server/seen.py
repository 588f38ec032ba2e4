"""What the viewer of a request can see: `store.seen`, remembered for the request.

What many rows of a page ask for is looked up once a request (`Session.once`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from operator import attrgetter

from regsync.local.server.session import Session
from regsync.local.store import aliases, collections, projects, registries, seen
from regsync.local.store.accounts import Entity, Organization, User
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.links import Link
from regsync.local.store.projects import Project
from regsync.local.store.registries import Registry
from regsync.local.store.seen import Place, is_member

__all__ = ["Place", "is_member"]


_id = attrgetter("id")


def organization(session: Session, name: str) -> Organization | None:
    """The organization of that display name, or None where the viewer is not in it."""
    return seen.organization(session.tx, name)


def users(session: Session, name: str | None) -> list[User]:
    """Members of the viewer's organizations with that text in their name (all, without one): the user of exactly that name first."""
    return seen.users(session.tx, name)


def entity(session: Session, name: str) -> Entity | None:
    """The entity of that name, or None where the viewer has nothing to do with it."""
    return seen.entity(session.tx, name)


def readable(session: Session, entity: Entity) -> bool:
    """Whether the viewer can read the projects of a user or a team."""
    return seen.readable(session.tx, entity)


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
    return session.once(("place", owner, name), lambda: seen.place_named(session.tx, owner, name))


def place(session: Session, key: int) -> Place | None:
    """The project or registry with that integer key."""
    return session.one_of("place", key, lambda: seen.place(session.tx, key))


def project(session: Session, key: int) -> Project:
    """The project, not a registry, with that integer key. Raises `NotFound`."""
    return session.once(("project", key), lambda: projects.by_id(session.tx, key))


def collection(session: Session, key: int) -> Collection:
    """The collection with that integer key. Raises `NotFound`."""
    return session.one_of("collection", key, lambda: collections.by_id(session.tx, key))


def version(session: Session, key: int) -> Version | None:
    """The version with that integer key, unless it was deleted."""
    return session.one_of("version", key, lambda: seen.version(session.tx, key))


def alias_names(session: Session, key: int) -> list[str]:
    """The aliases on the link with that integer key, by name."""
    return session.one_of("aliases", key, lambda: aliases.of_membership(session.tx, key))


def collections_of(session: Session, keys: Sequence[int]) -> list[Collection]:
    """As `collection`, for many."""
    return session.all_of("collection", keys, partial(collections.by_id, session.tx))


def versions_of(session: Session, keys: Sequence[int]) -> list[Version | None]:
    """As `version`, for many."""
    return session.all_of("version", keys, partial(seen.version, session.tx))


def alias_names_of(session: Session, keys: Sequence[int]) -> list[list[str]]:
    """As `alias_names`, for many."""
    return session.all_of("aliases", keys, partial(aliases.of_membership, session.tx))


def tag_names(session: Session, found: Collection) -> tuple[str, ...]:
    """The tags of a collection, by name."""
    return session.one_of("tags", found.id, lambda: tuple(collections.tags(session.tx, found)))


def tag_names_of(session: Session, found: Sequence[Collection]) -> list[tuple[str, ...]]:
    """As `tag_names`, for many."""
    by_key = {each.id: each for each in found}
    return session.all_of("tags", [*map(_id, found)], lambda key: tuple(collections.tags(session.tx, by_key[key])))


def expect_links(session: Session, found: Iterable[Link]) -> None:
    """A page shows these links: what they name is looked up for all of them together, when the first one is asked."""
    tx, rows = session.tx, list(found)
    session.expect("aliases", (link.id for link in rows), lambda keys: aliases.of_memberships(tx, keys))
    session.expect("collection", (link.collection_id for link in rows), lambda keys: collections.by_ids(tx, keys))
    expect_versions(session, (link.artifact_id for link in rows))


def _expect_sources(session: Session, found: list[Version]) -> None:
    """These versions may be asked where they were logged, and of which type they are."""
    tx, sources = session.tx, {version.sequence_id for version in found}
    session.expect("collection", sources, lambda keys: collections.by_ids(tx, keys))
    session.expect("type of", sources, lambda keys: collections.types_of(tx, keys))
    session.expect("place", (version.project_id for version in found), lambda keys: seen.places(tx, keys))


def expect_versions(session: Session, keys: Iterable[int]) -> None:
    """These versions are looked up; as `expect_links`."""
    session.expect("version", keys, partial(_versions, session))


def _versions(session: Session, keys: Iterable[int]) -> dict[int, Version]:
    loaded = seen.versions(session.tx, keys)
    _expect_sources(session, [*loaded.values()])
    return loaded


def expect_collections(session: Session, keys: Iterable[int]) -> None:
    """A page shows the collections of these keys; as `expect_links`."""
    tx, rows = session.tx, list(keys)
    session.expect("collection", rows, lambda keys: collections.by_ids(tx, keys))
    session.expect("tags", rows, lambda keys: collections.tags_of(tx, keys))


def link_named(session: Session, place: Place, name: str) -> Link | None:
    """What `collection:v3` or `collection:alias` names in a project; without a colon, its `latest`."""
    return seen.link_named(session.tx, place, name)


def collections_named(session: Session, place: Place, names: Sequence[str]) -> list[Collection | None]:
    """The collections of those names in a project, in their order; None where there is none. Raises as `collections.named`."""
    known = collections.named(session.tx, place, names)
    expect_collections(session, (found.id for found in known.values()))
    return [known.get(name) for name in names]


def links_named(session: Session, place: Place, names: Sequence[str]) -> list[Link | None]:
    """As `link_named`, for many names, in their order. Raises as `links.named`."""
    found = seen.links_named(session.tx, place, names)
    expect_links(session, (link for link in found if link is not None))
    return found


def link(session: Session, collection: Collection, version: str) -> Link | None:
    """The link that an index (`v3`) or an alias names in a collection."""
    return seen.link(session.tx, collection, version)
