"""Every change of a registry, a collection or an alias, under all the names that it had: the newest first, cut into pages.

Whoever calls has got the registry, so it is visible to the actor.
"""

from __future__ import annotations

import json

from regsync.local.store import events, former
from regsync.local.store.access import readable_entities
from regsync.local.store.database import Transaction
from regsync.local.store.events import Event
from regsync.local.store.former import FOREVER
from regsync.local.store.registries import Registry
from regsync.slots import NamedTuple


class Subject(NamedTuple):
    """What the changes are about: a registry, a collection in it, an alias of that."""

    registry: Registry
    collection: str | None = None
    alias: str | None = None

    @property
    def name(self) -> str:
        """`model`, or `model/fraud`: the part of the address before a colon."""
        return self.registry.name if self.collection is None else f"{self.registry.name}/{self.collection}"


def newest(tx: Transaction, subject: Subject, *, most: int, upto: int = FOREVER, plan: str = "") -> list[Event]:
    """At most so many changes, the newest first, from the event of that number on; of one plan, where its digest is given.

    The source of a version that was linked is left out where the actor cannot see where it was logged.
    """
    readable = readable_entities(tx)
    known = None if readable is None else _names(tx, readable)
    found: list[Event] = []
    for span in former.spans(tx, subject.registry.organization, subject.name):
        if len(found) < most and span.above < upto:
            found += _within(tx, subject, span, min(upto, span.upto), most - len(found), plan)
    return [_hidden(each, known) for each in found]


def _within(tx: Transaction, subject: Subject, span: former.Span, upto: int, most: int, plan: str) -> list[Event]:
    # A plus keeps SQLite from an index: what one plan did is found by the plan, which is short beside what all others did.
    plus = "+" if plan else ""
    if subject.alias is not None:
        where = f"{plus}place = :name AND alias IS NOT NULL AND {plus}alias = :alias"
    elif subject.collection is not None:
        where = f"{plus}place = :name AND +registry IS NOT NULL"  # A team of that name has events, too.
    else:
        where = f"registry IS NOT NULL AND {plus}registry = :name"
    if plan:
        where += " AND plan <> '' AND plan = :plan"
    rows = tx.all(
        f"""SELECT {events.COLUMNS} FROM events WHERE organization = :organization AND {where}
              AND seq > :above AND seq <= :upto ORDER BY seq DESC LIMIT :most""",  # noqa: S608 - constants of this file
        {
            "organization": subject.registry.organization,
            "name": span.name,
            "alias": subject.alias,
            "above": span.above,
            "upto": upto,
            "most": most,
            "plan": plan,
        },
    )
    return [*map(events.event, rows)]


def _names(tx: Transaction, keys: frozenset[int]) -> frozenset[str]:
    rows = tx.tuples("SELECT e.name FROM json_each(?) k JOIN entities e ON e.id = k.value", json.dumps([*keys]))
    return frozenset(name for (name,) in rows)


def _hidden(event: Event, known: frozenset[str] | None) -> Event:
    if event.kind not in ("link-version", "unlink-version"):
        return event
    return event._replace(before=_without_source(event.before, known), after=_without_source(event.after, known))


def _without_source(value: object, known: frozenset[str] | None) -> object:
    if known is None or not isinstance(value, dict) or str(value.get("source")).partition("/")[0] in known:
        return value
    return {name: each for name, each in value.items() if name != "source"}
