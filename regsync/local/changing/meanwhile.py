"""Two people at one registry's settings: what others changed between the page that somebody saw and what they send from it.

A form carries how many times the settings of its registry had been changed when its page was made (numbers of events would tell how
much happens in registries that are hidden). The change looks for later ones of its own kind in the transaction that it writes in,
so that nothing comes in between; where there are any, nothing is kept and the form asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from sqlite3 import Row
from typing import Any

from regsync.local.changing.change import Place
from regsync.local.store import events
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Conflict, NotFound
from regsync.slots import NamedTuple

TYPES = ("allow-types",)
DESCRIPTION = ("describe-registry",)
VISIBILITY = ("set-visibility",)
PROTECTED = ("protect-alias", "unprotect-alias")
MEMBERS = ("set-member", "remove-member")
_SETTINGS = (*TYPES, *DESCRIPTION, *VISIBILITY, *PROTECTED, *MEMBERS)


class Other(NamedTuple):
    """What somebody changed meanwhile, as a sentence; `at` is when."""

    at: str
    told: str


class ChangedMeanwhile(Conflict):
    """Others changed the same setting after the page was made."""

    def __init__(self, others: Collection[Other]) -> None:
        super().__init__("this was changed meanwhile; nothing of yours is saved yet")
        self.others = tuple(others)


def unless_changed(
    tx: Transaction, place: Place, kinds: Collection[str], seen: int | None, act: Callable[[], object], member: str = ""
) -> None:
    """Do `act`, and raise `ChangedMeanwhile`, with which the transaction is taken back, where others were there since `seen`.

    Whoever may not do it is told that first; what is so already, whoever made it so, needs no question. `member`: only what was
    done to that one counts. `seen` None: nobody looked at a page.
    """
    last = events.last(tx)
    others = [] if seen is None else since(tx, place, kinds, seen, member)
    try:
        act()
    except NotFound:  # It was there on the page.
        if not others:
            raise
    else:
        if not others or events.last(tx) == last:
            return
    raise ChangedMeanwhile(others)


def changes(tx: Transaction, place: Place) -> int:
    """How many times the settings of a registry were changed since it was made. Raises `NotFound`."""
    return len(_events(tx, place))


def since(tx: Transaction, place: Place, kinds: Collection[str], seen: int, member: str = "") -> list[Other]:
    """The changes of these kinds after the first `seen` ones of any setting, oldest first. Raises `NotFound`."""
    rows = [row for row in _events(tx, place)[max(seen, 0) :] if row["kind"] in kinds]
    found = []
    for row in rows:
        before, after = (None if row[side] is None else json.loads(row[side]) for side in ("before", "after"))
        if member and member not in {**(before or {}), **(after or {})}:
            continue
        found.append(Other(row["at"], f"{row['actor'] or 'The owner of the file'} {_did(row['kind'], before, after)}"))
    return found


def _events(tx: Transaction, place: Place) -> list[Row]:
    registry = place.get(tx)
    return tx.all(
        """SELECT at, actor, kind, before, after FROM events
           WHERE organization = ? AND place = ? AND at >= ? AND kind IN (SELECT value FROM json_each(?)) ORDER BY seq""",
        registry.organization,
        registry.name,
        registry.created_at,
        json.dumps(_SETTINGS),
    )


def _did(kind: str, before: Any, after: Any) -> str:
    match kind:
        case "describe-registry":
            return f"changed the description from {_text(before)} to {_text(after)}"
        case "set-visibility":
            return f"changed the visibility from {before} to {after}"
        case "allow-types":
            return f"changed the accepted types from {_types(before)} to {_types(after)}"
        case "protect-alias":
            return f"protected {after}"
        case "unprotect-alias":
            return f"took the protection off {before}"
        case "set-member":
            ((member, role),) = after.items()
            had = f", who was {before[member].replace('_', ' ')}" if before else ""
            return f"gave the role {role.replace('_', ' ')} to {member}{had}"
        case _:
            ((member, role),) = before.items()
            return f"took the role {role.replace('_', ' ')} from {member}"


def _text(described: Any) -> str:
    text = described["description"]
    return "none" if text is None else f"“{text}”"


def _types(types: list[str] | None) -> str:
    return "every type" if types is None else ", ".join(types) or "none"
