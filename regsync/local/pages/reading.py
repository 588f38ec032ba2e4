"""What the pages show: read from the store as the visitor may see it, and cut into pages.

Whatever is not seen is not there: the functions of the store raise `NotFound`, in the same words for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regsync.local.changing.change import Place
from regsync.local.pages.paging import PAGE, page_start, start
from regsync.local.store import accounts, aliases, changes, collections, members, projects, registries, seen
from regsync.local.store.access import missing
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.local.store.registries import Registry
from regsync.slots import NamedTuple

NEWEST = 10
"""Changes at the end of a page about something else; the page of its history has all of them."""
MOST_COUNTED = 1000
"""Versions that are counted where only their number is shown."""
Json = dict[str, Any]


class Page(NamedTuple):
    """A template, and what goes into it."""

    template: str
    values: Json


def registry_list(tx: Transaction, asked: Mapping[str, str]) -> Page:
    """Every registry that the visitor sees, of all their organizations; searched by name and description."""
    number, skip = page_start(asked)
    rows = registries.search(tx, asked.get("q", "").strip(), most=PAGE + 1, skip=skip)
    names = [each.name for each in accounts.organizations(tx)]
    return Page(
        "registries.jinja",
        {
            "registries": rows[:PAGE],
            "q": asked.get("q", ""),
            "number": number,
            "more": len(rows) > PAGE,
            "organizations": names,
        },
    )


def registry_page(tx: Transaction, organization: str, name: str, asked: Mapping[str, str]) -> Page:
    """A registry; or, where the address selects one, a collection in it."""
    place = Place(organization, name)
    registry = place.get(tx)
    if asked.get("selectionPath"):
        return _collection(tx, place, registry, selected(tx, registry, asked["selectionPath"]), asked)
    wanted = asked.get("q", "").strip()
    begin = start(asked, str)
    after, order = begin.sql(["c.name"])
    rows = tx.all(
        f"""SELECT c.name, t.name AS type, c.description,
             (SELECT count(*) FROM (SELECT 1 FROM memberships m WHERE m.collection_id = c.id LIMIT ?)) AS links
           FROM collections c JOIN artifact_types t ON t.id = c.type_id
           WHERE c.project_id = ? AND instr(lower(c.name), lower(?)) AND {after} ORDER BY {order} LIMIT ? OFFSET ?""",  # noqa: S608
        MOST_COUNTED + 1,
        registry.id,
        wanted,
        *(begin.mark or ()),
        PAGE + 1,
        begin.skip,
    )
    cut = begin.cut(rows, ["name"])
    return Page(
        "registry.jinja",
        {
            "registry": registry,
            "collections": cut.rows,
            "cut": cut,
            "q": wanted,
            "most_counted": MOST_COUNTED,
            "types": None if registry.all_types else registries.accepted_types(tx, registry),
            "protected": registries.protected_aliases(tx, registry),
            "members": members.members(tx, registry),
            "role": registries.role(tx, registry),
            "path": f"{organization}/{registry.project_name}/COLLECTION",
            "events": changes.newest(tx, changes.Subject(registry), most=NEWEST),
        },
    )


def selected(tx: Transaction, registry: Registry, path: str) -> Collection:
    """The collection of a registry that an address selects: `ENTITY/wandb-registry-NAME/COLLECTION`. Raises `NotFound`."""
    parts = path.split("/")
    if len(parts) != 3 or parts[0] not in (registry.entity, registry.organization) or parts[1] != registry.project_name:
        missing("collection")
    return collections.get(tx, registry, parts[2])


def _collection(
    tx: Transaction, place: Place, registry: Registry, collection: Collection, asked: Mapping[str, str]
) -> Page:
    begin = start(asked, int)
    after, order = begin.sql(["m.version_index"], down=True)
    rows = tx.all(
        f"""SELECT m.id, m.version_index AS number, m.created_at AS linked_at, a.digest, a.size, a.id AS artifact
           FROM (SELECT m.* FROM memberships m WHERE m.collection_id = ? AND {after} ORDER BY {order} LIMIT ? OFFSET ?) m
           JOIN artifacts a ON a.id = m.artifact_id ORDER BY {order}""",  # noqa: S608 - of this function's columns
        collection.id,
        *(begin.mark or ()),
        PAGE + 1,
        begin.skip,
    )
    cut = begin.cut(rows, ["number"])
    held = aliases.of_memberships(tx, [row["id"] for row in cut.rows])
    protected = frozenset(registries.protected_aliases(tx, registry))
    found = seen.versions(tx, [row["artifact"] for row in cut.rows])
    told = seen.sources(tx, found.values())
    versions = [
        {
            **dict(row),
            "is_there": row["artifact"] in found,
            "source": str(found[row["artifact"]]) if row["artifact"] in told else None,
            "aliases": [(each, each in protected) for each in held[row["id"]]],
        }
        for row in cut.rows
    ]
    return Page(
        "collection.jinja",
        {
            "registry": registry,
            "collection": collection,
            "tags": collections.tags(tx, collection),
            "versions": versions,
            "cut": cut,
            "path": f"{place.organization}/{registry.project_name}/{collection.name}",
            "events": changes.newest(tx, changes.Subject(registry, collection.name), most=NEWEST),
        },
    )


def profile(tx: Transaction, entity: str, asked: Mapping[str, str]) -> Page | str:
    """A team, or a user, with their projects: the last part of its address is the entity that code logs to.

    What an organization's own entity holds is in the list of registries.
    """
    organization = accounts.organization_of_entity(tx, entity)
    if organization is not None and organization.entity == entity:
        return "/registry/"
    rows = projects.of_entity(tx, entity)
    number, skip = page_start(asked)
    shown = rows[skip : skip + PAGE]
    return Page(
        "profile.jinja", {"entity": entity, "projects": shown, "number": number, "more": len(rows) > skip + PAGE}
    )


def browser(tx: Transaction, entity: str, project: str, asked: Mapping[str, str]) -> Page:
    """A project's artifacts, by type."""
    place = projects.get(tx, entity, project)
    number, skip = page_start(asked)
    rows = tx.all(
        """SELECT c.name, t.name AS type, m.version_index AS number FROM artifact_types t
           CROSS JOIN collections c ON c.project_id = t.project_id AND c.type_id = t.id
           CROSS JOIN memberships m ON m.collection_id = c.id WHERE t.project_id = ?
           ORDER BY t.name, c.name, m.version_index DESC LIMIT ? OFFSET ?""",
        place.id,
        PAGE + 1,
        skip,
    )
    return Page("browser.jinja", {"project": place, "rows": rows[:PAGE], "number": number, "more": len(rows) > PAGE})
