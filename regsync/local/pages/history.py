"""The history of a registry, of a collection, or of an alias: every change, by whom, by which plan, cut into pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from regsync.local.changing.change import Place
from regsync.local.pages.paging import PAGE
from regsync.local.pages.reading import Page
from regsync.local.store import changes, collections, seen
from regsync.local.store.changes import Subject
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.local.store.events import Event
from regsync.local.store.former import FOREVER
from regsync.slots import NamedTuple


class Holding(NamedTuple):
    """A time for which an alias was on one version: since and until which change. None: it still is."""

    index: int  # type: ignore[assignment]  # hides the method of tuples
    source: str | None
    since: Event
    until: Event | None


def history(tx: Transaction, organization: str, name: str, asked: Mapping[str, str]) -> Page:
    """The changes of what the address names, the newest first, from the event `upto` on; `plan`: those by one plan."""
    registry = Place(organization, name).get(tx)
    wanted = asked.get("collection") or None
    plan = asked.get("plan", "")
    alias = (asked.get("alias") or None) if wanted and not plan else None
    text = asked.get("upto", "")
    upto = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else FOREVER
    found = changes.newest(tx, Subject(registry, wanted, alias), most=PAGE + 1, upto=upto, plan=plan)
    collection = collections.find(tx, registry, wanted) if wanted else None
    return Page(
        "history.jinja",
        {
            "registry": registry,
            "wanted": wanted,
            "alias": alias,
            "plan": plan,
            "collection": collection,
            "events": [] if alias else found[:PAGE],
            "holdings": _holdings(tx, collection, found, is_first=upto == FOREVER) if alias else [],
            "is_first": upto == FOREVER,
            "older": _older(found, alias=alias is not None),
        },
    )


def _older(found: Sequence[Event], *, alias: bool) -> int | None:
    """The event that the next page begins with. An alias's holder is on the page where the time that it held it began."""
    if len(found) <= PAGE:
        return None
    return found[PAGE - 1 if alias else PAGE].seq


def _holdings(
    tx: Transaction, collection: Collection | None, found: Sequence[Event], *, is_first: bool
) -> list[Holding]:
    """Who held an alias, the newest first. On a later page the first change is there as the end of what is below it."""
    held = []
    until: Event | None = None
    for event in found[:PAGE]:
        if event.after is not None and (until is not None or is_first):
            held.append(Holding(event.after, None, event, until))
        until = event
    sources = _sources(tx, collection, {each.index for each in held}) if collection else {}
    return [each._replace(source=_source(each, sources)) for each in held]


def _source(held: Holding, sources: Mapping[int, tuple[str, str]]) -> str | None:
    """An index of a collection that was deleted and made again means another version than it did: its link is younger."""
    linked_at, source = sources.get(held.index, ("", None))
    return source if linked_at <= held.since.at else None


def _sources(tx: Transaction, collection: Collection, indices: Iterable[int]) -> dict[int, tuple[str, str]]:
    """When each version of a collection was linked, and its full name, for those who may know it."""
    rows = tx.all(
        """SELECT m.version_index AS number, m.artifact_id AS artifact, m.created_at AS at
           FROM json_each(?) k CROSS JOIN memberships m ON m.collection_id = ? AND m.version_index = k.value""",
        json.dumps([*indices]),
        collection.id,
    )
    found = seen.versions(tx, [row["artifact"] for row in rows])
    told = seen.sources(tx, found.values())
    return {row["number"]: (row["at"], str(found[row["artifact"]])) for row in rows if row["artifact"] in told}
