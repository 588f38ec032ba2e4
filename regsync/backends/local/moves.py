"""Moves of aliases, as the event history of a registry file has them."""

from __future__ import annotations

from collections.abc import Collection

from regsync.core.moves import AliasMove, AliasMoves, Held
from regsync.local.store import ids, moves
from regsync.local.store.accounts import Organization
from regsync.local.store.database import Transaction
from regsync.names import Address


def alias_moves(tx: Transaction, organization: Organization, addresses: Collection[Address], owner: str) -> AliasMoves:
    """Every move of these aliases, or of all aliases of a collection, oldest first. `owner`: who moved what no user did."""
    found: dict[Address, list[AliasMove]] = {}
    wanted = [(f"{each.registry}/{each.collection}", each.alias) for each in addresses if each.collection]
    for move in moves.of_aliases(tx, organization.name, wanted):
        registry, _, collection = move.collection.partition("/")
        address = Address(registry, collection, move.alias)
        told = AliasMove(address, move.at, move.actor or owner, _held(move.before), _held(move.after))
        found.setdefault(address, []).append(told)
    return found


def _held(place: moves.Place | None) -> Held | None:
    if place is None:
        return None
    known = "" if place.artifact is None else ids.encode(ids.Kind.ARTIFACT, place.artifact)
    return Held(known, place.source, place.index)
