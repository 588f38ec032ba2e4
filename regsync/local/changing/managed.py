"""Whether a manifest manages a thing, as far as the history tells: by which plan it was set last, as its actor said."""

from __future__ import annotations

from typing import NamedTuple

from regsync.local.changing.change import Place
from regsync.local.store import former
from regsync.local.store.database import Transaction


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
    registry = place.get(tx)
    collection, colon, alias = inner.removeprefix("/").partition(":")
    name = f"{registry.name}/{collection}" if collection else registry.name
    for span in former.spans(tx, registry.organization, name):
        row = tx.one(
            """SELECT plan, manifest_commit, actor, at FROM events
               WHERE organization = ? AND address = ? AND plan <> '' AND at >= ? AND seq > ? AND seq <= ? ORDER BY seq DESC LIMIT 1""",
            registry.organization,
            span.name + colon + alias,
            registry.created_at,
            span.above,
            span.upto,
        )
        if row:
            return Managed(*row)
    return None
