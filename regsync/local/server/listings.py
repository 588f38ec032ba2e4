"""The lists that come in pages, with the client's filters and orders: registries, projects, collections, links, runs.

Rows are records of the store. What the viewer may see is asked of it (`seen.py`); the SQL here only narrows that down.
Fields and orders: `wandb/apis/public/registries/_utils.py` (0.31), which has one name more for some of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from sqlite3 import Row
from typing import Any

from regsync.local.server import seen
from regsync.local.server.filters import Condition, Field, Fields, both, compile_filter, index, moment
from regsync.local.server.pages import Connection, Listing, select, select_each
from regsync.local.server.session import Session
from regsync.local.store.accounts import Entity, Organization
from regsync.local.store.links import Link
from regsync.local.store.projects import Project, by_id, run_by_id
from regsync.slots import NamedTuple

Json = dict[str, Any]


class Page(NamedTuple):
    """What a client asks of a list: after which cursor, how many, in which order."""

    after: str | None = None
    first: int | None = None
    order: str | None = None


_PROJECT_FIELDS: Fields = {
    "id": Field("p.id"),
    "project_id": Field("p.id"),
    "name": Field("p.name"),
    "entity_id": Field("p.entity_id"),
    "description": Field("p.description"),
    "created_at": Field("p.created_at", read=moment),
    "updated_at": Field("p.updated_at", read=moment),
}
_PROJECTS = Listing(
    "p.id",
    "projects p",
    "p.id",
    {"name": "p.name", "created_at": "p.created_at", "updated_at": "p.updated_at", "id": "p.id"},
    "-id",
)

_COLLECTION_TAGS = "FROM collection_tags ct WHERE ct.collection_id = c.id"
_COLLECTION_FIELDS: Fields = {
    "id": Field("c.id"),
    "collection_id": Field("c.id"),
    "artifact_collection_id": Field("c.id"),
    "name": Field("c.name"),
    "type": Field("t.name"),
    "tag": Field("ct.tag", rows=_COLLECTION_TAGS),
    "tags": Field("ct.tag", rows=_COLLECTION_TAGS),
    "description": Field("c.description"),
    "created_at": Field("c.created_at", read=moment),
    "updated_at": Field("c.updated_at", read=moment),
}
_COLLECTIONS = Listing(
    "c.id",
    "collections c JOIN artifact_types t ON t.id = c.type_id",
    "c.id",
    {"name": "c.name", "created_at": "c.created_at", "updated_at": "c.updated_at", "id": "c.id"},
    "-id",
)

_VERSION_TAGS = "FROM artifact_tags at WHERE at.artifact_id = a.id"
_LINK_ALIASES = "FROM aliases al WHERE al.membership_id = m.id"
_LINK_FIELDS: Fields = {
    "id": Field("a.id"),
    "artifact_id": Field("a.id"),
    "version": Field("m.version_index", read=index),
    "version_index": Field("m.version_index", read=index),
    "tag": Field("at.tag", rows=_VERSION_TAGS),
    "tags": Field("at.tag", rows=_VERSION_TAGS),
    "alias": Field("al.name", rows=_LINK_ALIASES),
    "aliases": Field("al.name", rows=_LINK_ALIASES),
    "metadata": Field("a.metadata", json=True),
    "artifact_metadata": Field("a.metadata", json=True),
    "state": Field("a.state"),
    "digest": Field("a.digest"),
    "created_at": Field("a.created_at", read=moment),
    "artifact_created_at": Field("a.created_at", read=moment),
    "updated_at": Field("a.updated_at", read=moment),
    "artifact_size": Field("a.size"),
    "size": Field("a.size"),
    "acm_created_at": Field("m.created_at", read=moment),
    "linked_at": Field("m.created_at", read=moment),
}
_LINKS = Listing(
    "m.id, m.collection_id, m.artifact_id, m.version_index, m.created_at",
    "memberships m JOIN artifacts a ON a.id = m.artifact_id",
    "m.id",
    {
        "id": "m.id",
        "version": "m.version_index",
        "version_index": "m.version_index",
        "versionIndex": "m.version_index",
        "createdAt": "a.created_at",
        "created_at": "a.created_at",
        "artifact_created_at": "a.created_at",
        "updated_at": "a.updated_at",
        "artifact_size": "a.size",
        "acm_created_at": "m.created_at",
        "linked_at": "m.created_at",
    },
    "-id",
)

_RUN_FIELDS: Fields = {
    "name": Field("r.name"),
    "display_name": Field("r.display_name"),
    "displayName": Field("r.display_name"),
    "state": Field("r.state"),
    "config": Field("r.config", json=True),
    "summary_metrics": Field("r.summary", json=True),
    "created_at": Field("r.created_at", read=moment),
    "createdAt": Field("r.created_at", read=moment),
    "heartbeat_at": Field("r.updated_at", read=moment),
}
_RUNS = Listing(
    "r.id",
    "runs r",
    "r.id",
    {"created_at": "r.created_at", "heartbeat_at": "r.updated_at", "name": "r.name", "id": "r.id"},
    "+created_at",
)
_COLUMNS_OF_RUNS = {"config": "config", "summary_metrics": "summary"}
_IN_RUN = re.compile(r"(?P<column>config|summary_metrics)\.(?P<path>[A-Za-z0-9_/-]+(\.[A-Za-z0-9_/-]+){0,9})")
"""An order by a key, or by one within it. No other character than these goes into SQL."""


def registries_of(session: Session, organization: Organization, filters: str | None, page: Page) -> Connection:
    """The registries of an organization that the viewer can see and that match."""
    visible = seen.registries_of(session, organization)
    condition = both(_among("p.id", visible), compile_filter(filters, _PROJECT_FIELDS))

    def edge(row: Row) -> Json:
        return {"node": visible[row["id"]]}

    return select(session.tx, _PROJECTS, condition, edge, **page._asdict())


def projects_of(session: Session, entity: Entity, filters: str | None, page: Page) -> Connection:
    """The projects of a user or a team that the viewer can see and that match."""
    tx = session.tx
    allowed = seen.readable(session, entity)
    condition = both(
        Condition("p.entity_id = ?", (entity.id,)) if allowed else Condition("0"),
        compile_filter(filters, _PROJECT_FIELDS),
    )

    def edge(row: Row) -> Json:
        return {"node": by_id(tx, row["id"])}

    return select(tx, _PROJECTS, condition, edge, **page._asdict())


def scope(session: Session, project_ids: Iterable[int], project_filters: str | None) -> Condition:
    """The condition that a collection is in one of these registries, and its registry matches."""
    matches = both(_among("p.id", project_ids), compile_filter(project_filters, _PROJECT_FIELDS))
    return Condition(f"c.project_id IN (SELECT p.id FROM projects p WHERE {matches.sql})", matches.parameters)


def links_scope(
    session: Session, project_ids: Iterable[int], project_filters: str | None, collection_filters: str | None
) -> Condition:
    """The condition that a link is in a collection that matches, in one of these registries that matches."""
    inside = both(scope(session, project_ids, project_filters), compile_filter(collection_filters, _COLLECTION_FIELDS))
    return Condition(
        f"m.collection_id IN (SELECT c.id FROM {_COLLECTIONS.source} WHERE {inside.sql})", inside.parameters
    )


def collections_in(
    session: Session, where: Condition, filters: str | None, page: Page, kinds: list[str] | None = None
) -> Connection:
    """The collections that `where` allows and that match."""
    tx = session.tx
    kind = _among("c.kind", [name.lower() for name in kinds]) if kinds else Condition("1")
    condition = both(where, kind, compile_filter(filters, _COLLECTION_FIELDS))

    def begin(rows: list[Row]) -> None:
        seen.expect_collections(session, (row["id"] for row in rows))

    def edge(row: Row) -> Json:
        return {"node": seen.collection(session, row["id"])}

    return select(tx, _COLLECTIONS, condition, edge, begin, **page._asdict())


def memberships_in(session: Session, where: Condition, filters: str | None, page: Page) -> Connection:
    """The links that `where` allows and that match."""
    tx = session.tx
    condition = both(where, compile_filter(filters, _LINK_FIELDS))

    found: dict[int, Link] = {}

    def begin(rows: list[Row]) -> None:
        found.update((row[0], _link(row)) for row in rows)
        seen.expect_links(session, found.values())

    def edge(row: Row) -> Json:
        return {"node": found[row[0]]}

    return select(tx, _LINKS, condition, edge, begin, **page._asdict())


def memberships_in_each(session: Session, keys: Sequence[int], filters: str | None, page: Page) -> list[Connection]:
    """The links that match of each of many collections, as `memberships_in` has them of one."""
    condition = both(Condition("m.collection_id = k.value", ()), compile_filter(filters, _LINK_FIELDS))

    def begin(rows: list[Row]) -> None:
        seen.expect_links(session, map(_link, rows))

    def edge(row: Row) -> Json:
        return {"node": _link(row)}

    return select_each(session.tx, _LINKS, condition, keys, edge, begin, **page._asdict())


def _link(row: Row) -> Link:
    return Link._make(row[: len(Link._fields)])  # `_LINKS` has its columns first.


def versions_in(session: Session, collection_id: int, filters: str | None, page: Page) -> Connection:
    """The versions of one collection that match, each edge with its index there."""
    condition = both(Condition("m.collection_id = ?", (collection_id,)), compile_filter(filters, _LINK_FIELDS))

    def edge(row: Row) -> Json:
        return {
            "node": seen.version(session, row["artifact_id"]),
            "version": f"v{row['version_index']}",
        }

    def begin(rows: list[Row]) -> None:
        seen.expect_links(session, map(_link, rows))

    return select(session.tx, _LINKS, condition, edge, begin, **page._asdict())


def runs_of(session: Session, project: Project, filters: str | None, page: Page) -> Connection:
    """The runs of a project that match."""
    tx = session.tx
    condition = both(Condition("r.project_id = ?", (project.id,)), compile_filter(filters, _RUN_FIELDS))

    def edge(row: Row) -> Json:
        return {"node": run_by_id(tx, row["id"])}

    return select(tx, _runs_by(page.order), condition, edge, **page._asdict())


def _runs_by(order: str | None) -> Listing:
    """Runs, which clients also order by what is in them: `config.lr.value`, `summary_metrics.loss`."""
    word = (order or "").lstrip("+-")
    found = _IN_RUN.fullmatch(word)
    if found is None:
        return _RUNS
    path = "".join(f'."{key}"' for key in found["path"].split("."))
    # Numbers come before texts, and runs that have none of it among the texts: so that a cursor is never null.
    inside = f"coalesce(json_extract(r.{_COLUMNS_OF_RUNS[found['column']]}, '${path}'), '')"
    return replace(_RUNS, orders={**_RUNS.orders, word: inside})


def _among(expression: str, values: Iterable[Any]) -> Condition:
    return Condition(f"{expression} IN (SELECT value FROM json_each(?))", (json.dumps(list(values)),))
