"""A version at one of its places: where it was logged, or a collection of a registry that links it; and the addresses of its pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from regsync.local.pages.frame import collection_url, page_url, project_url, registry_url, source_url
from regsync.local.store import accounts, collections, registries, seen
from regsync.local.store.access import missing
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.local.store.links import Link
from regsync.local.store.registries import Registry
from regsync.local.store.seen import Place
from regsync.names import REGISTRY_PREFIX
from regsync.slots import NamedTuple


class Shown(NamedTuple):
    """`link` is the version's place in `collection`, which is in `place`."""

    place: Place
    collection: Collection
    link: Link
    version: Version

    @property
    def short(self) -> str:
        """Its name within the collection."""
        return f"v{self.link.index}"

    @property
    def name(self) -> str:
        """Its full name, as code uses it and as `named` reads it."""
        inside = f"{self.collection.name}:{self.short}"
        return f"{_project_of(self.place)}/{inside}"

    @property
    def url(self) -> str:
        """Its page."""
        if isinstance(self.place, Registry):
            at = self.place
            return collection_url(at.organization, at.entity, at.name, self.collection.name, self.link.index)
        found = self.collection
        return source_url(self.place.entity, self.place.name, found.type, found.name, self.link.index)

    def beside(self, page: str, **more: Any) -> str:
        """A page beside its own: its files, its lineage, a comparison with it."""
        if isinstance(self.place, Registry):
            at = self.place
            which = {"old": self.short} if page == "compare" else {"version": self.short}
            return page_url(at.organization, at.name, page, collection=self.collection.name, **which, **more)
        return f"{self.url}/{page}" + (f"?{urlencode(more)}" if more else "")

    @property
    def above(self) -> list[tuple[str, str]]:
        """What it is in, from the outside to the inside: each with the address of its page."""
        if isinstance(self.place, Registry):
            at = self.place
            return [
                (at.name, registry_url(at.organization, at.name)),
                (self.collection.name, collection_url(at.organization, at.entity, at.name, self.collection.name)),
            ]
        return [(str(self.place), project_url(self.place.entity, self.place.name))]


def in_registry(tx: Transaction, organization: str, registry: str, collection: str, version: str) -> Shown:
    """A version of a collection by its index or an alias. Raises `NotFound`, for one that was deleted too."""
    place = registries.get(tx, accounts.organization(tx, organization), registry)
    return inside(tx, place, collections.get(tx, place, collection), version)


def in_project(tx: Transaction, entity: str, project: str, name: str, version: str) -> Shown:
    """A version by the names of W&B's addresses, in which a registry is a project too. Raises as `in_registry`."""
    place = seen.place_named(tx, entity, project) or missing(f"project {entity}/{project}")
    return inside(tx, place, collections.get(tx, place, name), version)


def inside(tx: Transaction, place: Place, collection: Collection, version: str) -> Shown:
    """A version of a collection that was found. Raises `NotFound`."""
    link = seen.link(tx, collection, version)
    found = seen.version(tx, link.artifact_id) if link else None
    if link is None or found is None:
        missing(f"{collection.address}:{version}")
    return Shown(place, collection, link, found)


def named(tx: Transaction, text: str, beside: Shown) -> Shown:
    """What somebody typed: `v3` or an alias in the same collection, or a full name of any place. Raises `NotFound`."""
    if "/" not in text:
        return inside(tx, beside.place, beside.collection, text)
    path, _, version = text.partition(":")
    parts = path.split("/")
    if len(parts) == 2 and parts[0].startswith(REGISTRY_PREFIX) and isinstance(beside.place, Registry):
        parts.insert(0, beside.place.entity)
    if len(parts) != 3:
        missing(text)
    organization = seen.organization(tx, parts[0])
    entity = organization.entity if organization and parts[1].startswith(REGISTRY_PREFIX) else parts[0]
    place = seen.place_named(tx, entity, parts[1])
    collection = collections.find(tx, place, parts[2]) if place else None
    if place is None or collection is None:
        missing(text)
    return inside(tx, place, collection, version or "latest")


def _project_of(place: Place) -> str:
    return f"{place.organization}/{place.project_name}" if isinstance(place, Registry) else str(place)
