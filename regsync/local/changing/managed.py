"""Whether a manifest manages a thing, as far as the history tells: by which plan it was set last, as its actor said."""

from __future__ import annotations

import json
from collections.abc import Sequence

from regsync.local.changing.change import Place
from regsync.local.store import former
from regsync.local.store.database import Transaction
from regsync.slots import NamedTuple


class Managed(NamedTuple):
    """The last plan that set something: its digest, the commit of its manifests ("" where it was not told), who applied it, when."""

    plan: str
    commit: str
    actor: str
    at: str


def last_plan(tx: Transaction, place: Place, inner: str = "") -> Managed | None:
    """By which plan a registry, or (`inner`: `/COLLECTION`, `/COLLECTION:ALIAS`) what is in it, was set last.

    Under all the names that the registry and the collection had. None where no plan did since the registry was made. Asks first
    whether the actor sees the registry: raises `NotFound`.
    """
    collection, colon, alias = inner.removeprefix("/").partition(":")
    return last_plans(tx, place, collection, [colon + alias])[colon + alias]


def last_plans(tx: Transaction, place: Place, collection: str, inner: Sequence[str]) -> dict[str, Managed | None]:
    """As `last_plan`, for several things in one collection (`:ALIAS`, "" for itself), each by what was asked, in few statements."""
    registry = place.get(tx)
    name = f"{registry.name}/{collection}" if collection else registry.name
    found: dict[str, Managed | None] = dict.fromkeys(inner)
    for span in former.spans(tx, registry.organization, name):
        wanted = {span.name + each: each for each in inner if found[each] is None}
        rows = tx.all(
            """SELECT address, plan, manifest_commit, actor, at, max(seq) FROM events
               WHERE organization = ? AND address IN (SELECT value FROM json_each(?)) AND plan <> '' AND at >= ? AND seq > ? AND seq <= ?
               GROUP BY address""",
            registry.organization,
            json.dumps([*wanted]),
            registry.created_at,
            span.above,
            span.upto,
        )
        found.update({wanted[row["address"]]: Managed(*row[1:5]) for row in rows})
    return found
