"""Who did what in a collection, in the shape that the server's types had in 2023. The words of `actionType` are this server's own.

Kept for registries. The versions that a team logs have no such record here: the lists are empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from regsync.local.server import seen
from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import accounts, moves
from regsync.local.store.accounts import User
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.errors import Invalid, NotFound
from regsync.local.store.ids import Kind, encode
from regsync.names import LATEST
from regsync.slots import dataclass

OLDEST_FIRST = ("createdAt", "+createdAt", "created_at", "+created_at")
NEWEST_FIRST = (None, "-createdAt", "-created_at")
_LAST = 10**12
"""Larger than the number of any event."""

T = TypeVar("T", moves.Move, moves.Linked)


@dataclass(frozen=True, slots=True)
class AliasActionNode:
    """One change of one alias."""

    session: Session
    artifact_collection: Collection
    move: moves.Move

    typename: ClassVar[str] = "ArtifactAliasAction"

    @property
    def action_type(self) -> str:
        if self.move.after is None:
            return "REMOVE"
        return "ADD" if self.move.before is None else "MOVE"

    @property
    def alias(self) -> str:
        return self.move.alias

    @property
    def created_at(self) -> str:
        return self.move.at

    @property
    def source_artifact(self) -> Version | None:
        return _artifact(self.session, self.move.before)

    @property
    def target_artifact(self) -> Version | None:
        return _artifact(self.session, self.move.after)

    @property
    def user(self) -> User | None:
        return _user(self.session, self.move.actor)


@dataclass(frozen=True, slots=True)
class CollectionActionNode:
    """One version linked or unlinked."""

    session: Session
    artifact_collection: Collection
    number: int
    linked: moves.Linked

    typename: ClassVar[str] = "ArtifactCollectionAction"

    @property
    def id(self) -> str:
        # Counted within the collection: the number of the event would tell how much happens elsewhere.
        return encode(Kind.ACTION, f"{self.artifact_collection.id}/{self.number}")

    @property
    def action_type(self) -> str:
        return "UNLINK" if self.linked.gone else "LINK"

    @property
    def created_at(self) -> str:
        return self.linked.at

    @property
    def artifact(self) -> Version | None:
        return None if self.linked.artifact is None else seen.version(self.session, self.linked.artifact)

    @property
    def user(self) -> User | None:
        return _user(self.session, self.linked.actor)


def on_aliases(session: Session, collection: Collection, *, alias: str | None = None, **page: Any) -> Connection:
    """A page of the changes of one alias, or of all of them, `latest` included."""
    found: list[moves.Move] = []
    if collection.in_registry:
        wanted = [alias] if alias is not None else [None, LATEST]
        asked = [(collection.address, each) for each in wanted]
        found = moves.of_aliases(session.tx, collection.organization, asked)
    return _page(found, lambda number, move: AliasActionNode(session, collection, move), **page)


def on_links(session: Session, collection: Collection, *, filters: str | None = None, **page: Any) -> Connection:
    """A page of what was linked and unlinked. Raises `Invalid` for filters, which this server has none of."""
    if filters:
        raise Invalid("this server cannot filter the actions of a collection")
    found = moves.of_links(session.tx, collection.organization, collection.address) if collection.in_registry else []
    return _page(found, lambda number, linked: CollectionActionNode(session, collection, number, linked), **page)


def _page(
    found: Iterable[T],
    node: Callable[[int, T], Any],
    *,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
    before: str | None = None,
    last: int | None = None,
) -> Connection:
    """Events by their numbers in the list, oldest first, written so that they sort like numbers."""
    if before or last is not None:
        raise Invalid("this server reads lists forwards: `after` and `first`")
    if order not in (*NEWEST_FIRST, *OLDEST_FIRST):
        raise Invalid(f"no order {order!r}; there is createdAt, with + or - before")
    rising = order in OLDEST_FIRST
    return listed(
        enumerate(found),
        lambda item: f"{item[0] if rising else _LAST - item[0]:013}",
        lambda item: node(*item),
        after=after,
        first=first,
    )


def _artifact(session: Session, place: moves.Place | None) -> Version | None:
    return None if place is None or place.artifact is None else seen.version(session, place.artifact)


def _user(session: Session, name: str) -> User | None:
    try:
        return accounts.user(session.tx, name)
    except NotFound:
        return None
