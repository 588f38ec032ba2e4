"""Whether a manifest manages a thing, as far as the history tells: by which plan it was set last, as its actor said."""

from __future__ import annotations

from typing import NamedTuple

from regsync.local.changing.change import Place
from regsync.local.store.database import Transaction


class Managed(NamedTuple):
    """The last plan that set something: its digest, the commit of its manifests ("" where it was not told), who applied it, when."""

    plan: str
    commit: str
    actor: str
    at: str


def last_plan(tx: Transaction, place: Place, inner: str = "") -> Managed | None:
    """By which plan a registry, or (`inner`: `/COLLECTION`, `/COLLECTION:ALIAS`) what is in it, was set last.

    None where no plan did since the registry was made. Asks first whether the actor sees the registry: raises `NotFound`.
    """
    registry = place.get(tx)
    row = tx.one(
        """SELECT plan, manifest_commit, actor, at FROM events
           WHERE organization = ? AND address = ? AND plan <> '' AND at >= ? ORDER BY seq DESC LIMIT 1""",
        registry.organization,
        registry.name + inner,
        registry.created_at,
    )
    return Managed(*row) if row else None
