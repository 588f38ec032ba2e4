"""Who moved which alias, where the server tells. Shape of the answer: the server's GraphQL types as published in 2023.

What the words of `actionType` are, and in which order the list comes, nobody published: neither is relied on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any

from regsync.backends.wandb.connection import documents
from regsync.backends.wandb.connection.answers import maybe, text, well_formed
from regsync.backends.wandb.connection.documents import Dialect
from regsync.backends.wandb.connection.fetch import SMALL_PAGE, Part
from regsync.backends.wandb.connection.session import Session
from regsync.backends.wandb.reading.observing import Reading
from regsync.backends.wandb.reading.versions import source_of
from regsync.core.moves import AliasMove, AliasMoves, Held, Untold
from regsync.names import LATEST, Address, version_index

Json = dict[str, Any]
WHAT = "asking who moved aliases"
_REMOVING = ("remove", "delete", "unset")


def alias_moves(
    reading: Reading, session: Session, addresses: Collection[Address], *, whole: bool
) -> AliasMoves | Untold:
    """The moves of those aliases, and of all aliases of those collections. Raises `BackendError`."""
    wanted = sorted({each for each in addresses if each.collection is not None})
    pages = None if whole else 1
    answers = reading.fetch(lambda dialect: parts(session, wanted, pages, dialect), WHAT)
    if not reading.dialect.alias_history:
        return Untold("this server does not tell who moved aliases")
    with well_formed(WHAT):
        return moves_in(wanted, answers, whole=whole)


def parts(session: Session, wanted: Sequence[Address], pages: int | None, dialect: Dialect) -> list[Part]:
    """What to ask for aliases, or collections; nothing where the server keeps no such record. `pages`: at most so many of each."""
    if not dialect.alias_history:
        return []
    return [
        documents.alias_history(session.entity, each.registry, each.collection or "", each.alias, pages)
        for each in wanted
    ]


def moves_in(wanted: Sequence[Address], answers: Sequence[Any], *, whole: bool) -> AliasMoves:
    """What the answers to `parts` say. Use it within `well_formed`."""
    found: dict[Address, list[AliasMove]] = {}
    for asked, nodes in zip(wanted, answers, strict=True):
        for move in _oldest_first(asked, nodes, whole=whole):
            found.setdefault(move.address, []).append(move)
    return found


def _oldest_first(asked: Address, nodes: Iterable[Json], *, whole: bool) -> list[AliasMove]:
    """A first page that may not be the last tells nothing where it begins with the oldest: the newest are missing."""
    moves = [_move(asked, node) for node in nodes]
    rising = any(one.at < other.at for one, other in pairwise(moves))
    if rising and not whole and len(moves) >= SMALL_PAGE:
        return []
    if not rising:
        moves.reverse()
    return [move for move in sorted(moves, key=lambda move: move.at) if _is_wanted(asked, move.address.alias or "")]


def _is_wanted(asked: Address, alias: str) -> bool:
    if asked.alias is not None:
        return alias == asked.alias
    return alias != LATEST and version_index(alias) is None


def _move(asked: Address, node: Json) -> AliasMove:
    user = node.get("user") or {}
    before, after = _held(node.get("sourceArtifact")), _held(node.get("targetArtifact"))
    if before is not None and after is None and not _removes(text(node, "actionType")):
        before, after = None, before
    if after is not None and before is None and _removes(text(node, "actionType")):
        before, after = after, None
    by = maybe(user, "username", str) or maybe(user, "name", str) or ""
    return AliasMove(asked._replace(alias=text(node, "alias")), text(node, "createdAt"), by, before, after)


def _removes(action: str) -> bool:
    return any(word in action.lower() for word in _REMOVING)


def _held(node: Json | None) -> Held | None:
    return None if not node else Held(text(node, "id"), source_of(node))
