"""Which object of the schema shows which record of the store.

A field returns records; the engine makes their nodes from this table. So a node never has to know the others, although
the types of the schema all refer to each other (a project has an entity, which has projects).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from regsync.local.server.nodes.accounts import EntityNode, OrganizationNode, UserNode
from regsync.local.server.nodes.collections import CollectionNode
from regsync.local.server.nodes.projects import PlainProjectNode, RegistryNode
from regsync.local.server.nodes.runs import RunNode
from regsync.local.server.nodes.versions import ArtifactNode, MembershipNode
from regsync.local.server.session import Session
from regsync.local.store.accounts import Entity, Organization, User
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.links import Link
from regsync.local.store.projects import Project, Run
from regsync.local.store.registries import Registry

NODES: Mapping[type, Callable[[Session, Any], object]] = {
    User: UserNode,
    Organization: OrganizationNode,
    Entity: EntityNode,
    Registry: RegistryNode,
    Project: PlainProjectNode,
    Collection: CollectionNode,
    Link: MembershipNode,
    Version: ArtifactNode,
    Run: RunNode,
}


def shown(session: Session, value: Any) -> Any:
    """A field's value with nodes in the place of records; anything else as it is."""
    if isinstance(value, list):
        return [shown(session, item) for item in value]
    node = NODES.get(type(value))
    return node(session, value) if node else value
