"""Which object of the schema shows which record of the store.

A field returns records; the engine makes their nodes from this table. So a node never has to know the others, although
the types of the schema all refer to each other (a project has an entity, which has projects). And nothing is shown that the
viewer does not see: whatever way led to a record, `access.py` is asked about it here, so a way that forgot to ask gives null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any

from regsync.local.server.nodes.accounts import EntityNode, OrganizationNode, UserNode
from regsync.local.server.nodes.collections import CollectionNode
from regsync.local.server.nodes.projects import PlainProjectNode, RegistryNode
from regsync.local.server.nodes.queues import AgentNode, ItemNode, QueueNode
from regsync.local.server.nodes.runs import RunNode
from regsync.local.server.nodes.versions import ArtifactNode, MembershipNode
from regsync.local.server.session import Session
from regsync.local.store import access
from regsync.local.store.accounts import Entity, Organization, User
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.local.store.launch_agents import Agent
from regsync.local.store.links import Link
from regsync.local.store.projects import Project, Run
from regsync.local.store.queue_items import Item
from regsync.local.store.queues import Queue
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
    Queue: QueueNode,
    Item: ItemNode,
    Agent: AgentNode,
}


SEEN: Mapping[type, tuple[Callable[[Any], int], Callable[[Transaction, int], bool]]] = {
    User: (attrgetter("id"), access.sees_user),
    Organization: (attrgetter("id"), access.sees_organization),
    Entity: (attrgetter("id"), access.sees_entity),
    Registry: (attrgetter("id"), access.sees_place),
    Project: (attrgetter("id"), access.sees_place),
    Collection: (attrgetter("project_id"), access.sees_place),
    Run: (attrgetter("project_id"), access.sees_place),
    Queue: (attrgetter("project_id"), access.sees_place),
    Item: (attrgetter("project_id"), access.sees_place),
    Agent: (attrgetter("project_id"), access.sees_place),
    Link: (attrgetter("collection_id"), access.sees_collection),
    Version: (attrgetter("id"), access.sees_version),
}
"""For each record: the key that decides, and whether the viewer sees what has that key."""

_KEPT = {Version: "version", Link: "collection", Collection: "place", Project: "place", Registry: "place"}


def shown(session: Session, value: Any) -> Any:
    """A field's value with nodes in the place of records that the viewer sees; anything else as it is."""
    if isinstance(value, list):
        if not any(type(item) in SEEN or isinstance(item, list) for item in value):
            return value
        return [shown(session, item) for item in value if type(item) not in SEEN or _sees(session, item)]
    node = NODES.get(type(value))
    if node is None:
        return value
    return node(session, value) if _sees(session, value) else None


def all_shown(session: Session, values: list[Any]) -> list[Any]:
    """As `shown`, for each of many values."""
    kinds = {*map(type, values)}
    if type(None) in kinds and len(kinds) == 2:
        present = iter(all_shown(session, [value for value in values if value is not None]))
        return [None if value is None else next(present) for value in values]
    kind = kinds.pop()
    if kind is list and not kinds and not {*map(type, chain.from_iterable(values))} & _SPECIAL:
        return values
    node = None if kinds else NODES.get(kind)
    if node is None:
        return [shown(session, value) for value in values]
    keys = [*map(SEEN[kind][0], values)]
    many = _SEEN_OF_MANY.get(kind)
    if many is not None:
        _look(session, kind, many, {*keys})
    hidden = {key for key in {*keys} if not _sees_key(session, kind, key)}
    return [None if key in hidden else node(session, value) for key, value in zip(keys, values, strict=True)]


_SEEN_OF_MANY: Mapping[type, Callable[[Transaction, Iterable[int]], set[int]]] = {Link: access.seen_collections}
"""As `SEEN`, for many keys at once."""


def _look(session: Session, kind: type, many: Callable[[Transaction, Iterable[int]], set[int]], keys: set[int]) -> None:
    """Find out what `_sees_key` will be asked about each of many keys."""
    kept, sees = _KEPT[kind], SEEN[kind][1]
    unknown = [key for key in keys if not session.knows((kept, key)) and not session.knows(("sees", sees, key))]
    if len(unknown) > 1:
        visible = many(session.tx, unknown)
        for key in unknown:
            session.once(("sees", sees, key), partial(visible.__contains__, key))


_SPECIAL = {*SEEN, list}
"""What a list may not hold to be shown as it is."""


def _sees(session: Session, record: Any) -> bool:
    kind = type(record)
    return _sees_key(session, kind, SEEN[kind][0](record))


def _sees_key(session: Session, kind: type, key: int) -> bool:
    kept = _KEPT.get(kind)
    if kept is not None and session.knows((kept, key)):
        return True  # The function of `seen` that keeps it under that word has asked.
    sees = SEEN[kind][1]
    return session.once(("sees", sees, key), lambda: sees(session.tx, key))
