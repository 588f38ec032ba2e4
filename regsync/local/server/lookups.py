"""Fields with arguments, read for many at once.

A client that looks up a hundred things by name asks one object a hundred times, with another argument each time (`LOOKUPS`); and
the rows of a page may each be asked for a list of their own, with the same arguments (`ASKED`). A node has a method for each such
field (`nodes/`). What is here gives the same values with a few statements for all of them, or raises where it cannot: then each is
asked for itself, as are fields that are not here. `tests/local/server/test_completion.py` compares the ways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from regsync.local.server import listings, seen
from regsync.local.server.nodes.collections import CollectionNode
from regsync.local.server.nodes.projects import PlainProjectNode, RegistryNode
from regsync.local.server.pages import Connection
from regsync.local.server.query import Queries
from regsync.local.server.session import Session
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.ids import Kind, decode
from regsync.local.store.links import Link

Arguments = dict[str, Any]
Lookup = Callable[[Session, Any, list[Arguments]], list[Any]]
"""What one object shows in one field for each of many arguments, in their order."""
Asked = Callable[[Session, list[Any], Arguments], list[Any]]
"""What each of many objects of one class shows in one field for the same arguments, in their order."""
ProjectNode = RegistryNode | PlainProjectNode


def looked_up(shape: type, attribute: str) -> Lookup | None:
    """How an attribute of an object of that class is looked up for many arguments at once; None where one by one."""
    return next((LOOKUPS[one, attribute] for one in shape.__mro__ if (one, attribute) in LOOKUPS), None)


def asked_of_many(shape: type, attribute: str) -> Asked | None:
    """How an attribute of many objects of that class is read with arguments at once; None where one by one."""
    return ASKED.get((shape, attribute))


def _collections(session: Session, node: ProjectNode, asked: list[Arguments]) -> list[Collection | None]:
    names = [arguments["name"] for arguments in asked]
    return seen.collections_named(session, node.place, names)


def _links(session: Session, node: ProjectNode, asked: list[Arguments]) -> list[Link | None]:
    names = [arguments["name"] for arguments in asked]
    return seen.links_named(session, node.place, names)


def _linked_versions(session: Session, node: ProjectNode, asked: list[Arguments]) -> list[Version | None]:
    found = _links(session, node, asked)
    present = [link.artifact_id for link in found if link is not None]
    versions = iter(seen.versions_of(session, present))
    return [None if link is None else next(versions) for link in found]


def _versions(session: Session, root: Queries, asked: list[Arguments]) -> list[Version | None]:
    keys = [decode(arguments["id"], Kind.ARTIFACT) for arguments in asked]
    seen.expect_versions(session, keys)
    return seen.versions_of(session, keys)


def _memberships(session: Session, nodes: list[CollectionNode], arguments: Arguments) -> list[Connection]:
    page = listings.Page(arguments.get("after"), arguments.get("first"), arguments.get("order"))
    keys = [node.collection.id for node in nodes]
    return listings.memberships_in_each(session, keys, arguments.get("filters"), page)


LOOKUPS: Mapping[tuple[type, str], Lookup] = {
    (Queries, "artifact"): _versions,
    (RegistryNode, "artifact_collection"): _collections,
    (PlainProjectNode, "artifact_collection"): _collections,
    (RegistryNode, "artifact_collection_membership"): _links,
    (PlainProjectNode, "artifact_collection_membership"): _links,
    (RegistryNode, "artifact"): _linked_versions,
    (PlainProjectNode, "artifact"): _linked_versions,
}

ASKED: Mapping[tuple[type, str], Asked] = {
    (CollectionNode, "artifact_memberships"): _memberships,
}
