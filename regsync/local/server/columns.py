"""What the rows of a page show, read for all of them at once.

A node has an attribute for each field (`nodes/`), and `completion.py` reads it row by row. Those that a page of a thousand links asks
for are here as well, as columns: the same values, without what a call for each row costs. An attribute that is not here is read from
each node. `tests/local/server/test_completion.py` compares the ways.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from operator import attrgetter
from typing import Any

from regsync.local.server import seen
from regsync.local.server.nodes.collections import CollectionNode, HiddenSequence
from regsync.local.server.nodes.labels import AliasNode, TypeNode, types_of
from regsync.local.server.nodes.projects import PlainProjectNode, RegistryNode
from regsync.local.server.nodes.versions import ArtifactNode, MembershipNode
from regsync.local.server.session import Session
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.ids import Kind, encoder

Column = Callable[[Session, list[Any]], list[Any]]
"""The values of one attribute of many nodes of one class, in their order."""


def column(shape: type, attribute: str) -> Column:
    """How an attribute of nodes of that class is read at once."""
    return COLUMNS.get((shape, attribute)) or _plain(attribute)


def keys(shape: type, attribute: str) -> tuple[Callable[[Any], Hashable], Column] | None:
    """What tells apart the objects that an attribute shows (`SHARED`), of one node and of many; None where rows share none."""
    paths = SHARED.get((shape, attribute))
    if paths is None:
        return None
    return attrgetter(*paths), column(shape, paths[0]) if len(paths) == 1 else _plain(*paths)


def _plain(*paths: str) -> Column:
    read = attrgetter(*paths)
    return lambda session, nodes: [*map(read, nodes)]


def _ids(kind: Kind, path: str) -> Column:
    read, encode = attrgetter(path), encoder(kind)
    return lambda session, nodes: [*map(encode, map(read, nodes))]


def _aliases(session: Session, nodes: list[MembershipNode]) -> list[list[AliasNode]]:
    links = [node.link for node in nodes]
    places = seen.collections_of(session, [link.collection_id for link in links])
    names = seen.alias_names_of(session, [link.id for link in links])
    return [
        [AliasNode(session, place, name) for name in (*held, f"v{link.index}")]
        for link, place, held in zip(links, places, names, strict=True)
    ]


def _versions(session: Session, nodes: list[MembershipNode]) -> list[Version | None]:
    return seen.versions_of(session, [node.link.artifact_id for node in nodes])


def _sources(session: Session, nodes: list[ArtifactNode]) -> list[int | None]:
    places = {node.version.project_id: node for node in nodes}
    told = {key: node.source is not None for key, node in places.items()}
    return [version.sequence_id if told[version.project_id] else None for version in (node.version for node in nodes)]


def _collections(session: Session, nodes: list[MembershipNode]) -> list[Collection]:
    return seen.collections_of(session, [node.link.collection_id for node in nodes])


def _sequences(session: Session, nodes: list[ArtifactNode]) -> list[Collection | HiddenSequence]:
    owners = {node.version.entity_id: node for node in nodes}
    visible = {key: node.source_is_visible for key, node in owners.items()}
    found = [node.version.sequence_id for node in nodes if visible[node.version.entity_id]]
    shown = iter(seen.collections_of(session, found))
    return [next(shown) if visible[node.version.entity_id] else HiddenSequence(session, node.version) for node in nodes]


def _types(session: Session, nodes: list[ArtifactNode]) -> list[TypeNode]:
    return types_of(session, [node.version for node in nodes])


def _tags(session: Session, nodes: list[CollectionNode]) -> list[tuple[str, ...]]:
    return seen.tag_names_of(session, [node.collection for node in nodes])


COLUMNS: Mapping[tuple[type, str], Column] = {
    (MembershipNode, "id"): _ids(Kind.MEMBERSHIP, "link.id"),
    (MembershipNode, "version_index"): _plain("link.index"),
    (MembershipNode, "created_at"): _plain("link.created_at"),
    (MembershipNode, "aliases"): _aliases,
    (MembershipNode, "artifact"): _versions,
    (MembershipNode, "artifact_collection"): _collections,
    (ArtifactNode, "artifact_sequence"): _sequences,
    (ArtifactNode, "artifact_type"): _types,
    (CollectionNode, "tag_names"): _tags,
    (CollectionNode, "id"): _ids(Kind.COLLECTION, "collection.id"),
    (CollectionNode, "name"): _plain("collection.name"),
    (CollectionNode, "description"): _plain("collection.description"),
    (CollectionNode, "next_version_index"): _plain("collection.next_index"),
    (ArtifactNode, "id"): _ids(Kind.ARTIFACT, "version.id"),
    (ArtifactNode, "source"): _sources,
    (ArtifactNode, "digest"): _plain("version.digest"),
    (ArtifactNode, "state"): _plain("version.state"),
    (ArtifactNode, "version_index"): _plain("version.index"),
    (ArtifactNode, "size"): _plain("version.size"),
    (ArtifactNode, "metadata"): _plain("version.metadata_json"),
    (ArtifactNode, "created_at"): _plain("version.created_at"),
    (ArtifactNode, "description"): _plain("version.description"),
}

SHARED: Mapping[tuple[type, str], tuple[str, ...]] = {
    (MembershipNode, "artifact_collection"): ("link.collection_id",),
    (ArtifactNode, "artifact_sequence"): ("source",),
    (ArtifactNode, "artifact_type"): ("source",),
    (CollectionNode, "project"): ("collection.project_id",),
    (CollectionNode, "default_artifact_type"): ("collection.project_id", "collection.type_id"),
    (CollectionNode, "tags"): ("tag_names",),
    (RegistryNode, "entity"): ("place.entity",),
    (PlainProjectNode, "entity"): ("place.entity",),
}
"""Objects that many rows of a page have in common, by the node and the attribute that shows them: the attributes that tell two of
them apart. None where nothing does, because the object tells of the row. Used for one answer, so for one viewer and one state."""
