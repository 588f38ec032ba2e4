"""The judge from outside: what the registry file's own event history says, held against plans and receipts.

It reads the tables of the registry file with plain SQL and shares no code with what it judges but the words of plans.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from regsync.core import actions as a
from regsync.core.operation import Operation

Json = dict[str, Any]
Trace = tuple[str, str]
"""Kind and address of an event."""
SERVERS_OWN = "latest"


class Event(NamedTuple):
    """One row of the history."""

    seq: int
    actor: str
    kind: str
    address: str
    before: Any
    after: Any

    @property
    def alias(self) -> str | None:
        """The alias that it is about, as registry/collection:alias; None for other events."""
        return self.address if self.kind in ("set-alias", "remove-alias") else None


def connect(file: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(file, timeout=30))


def last_event(file: Path) -> int:
    with connect(file) as db:
        return int(db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])


def events(file: Path, since: int = 0) -> list[Event]:
    with connect(file) as db:
        rows = db.execute(
            "SELECT seq, actor, kind, address, before, after FROM events WHERE seq > ? ORDER BY seq", (since,)
        )
        return [Event(*row[:4], *(None if text is None else json.loads(text) for text in row[4:])) for row in rows]


BOUND = """SELECT p.name, c.name, a.name, m.version_index FROM aliases a
    JOIN memberships m ON m.id = a.membership_id JOIN collections c ON c.id = a.collection_id
    JOIN projects p ON p.id = c.project_id JOIN registries r ON r.project_id = p.id WHERE a.name <> 'latest'"""


def bindings(db: sqlite3.Connection) -> dict[str, int]:
    """The index that each alias of every registry points at, by address."""
    rows = db.execute(BOUND)
    return {f"{name.removeprefix('wandb-registry-')}/{place}:{alias}": at for name, place, alias, at in rows}


def traces(action: a.Action) -> list[Trace]:
    """The events that an action leaves, once each. What the server does by itself (`latest`, time to live) is not among them."""
    place = str(action.address)
    match action:
        case a.RenameRegistry():
            return [("rename-registry", action.previous)]
        case a.RenameCollection():
            return [("rename-collection", f"{action.registry}/{action.previous}")]
        case a.UpdateRegistry():
            described = action.old_description != action.new_description
            opened = action.old_visibility is not action.new_visibility
            return [("describe-registry", place)] * described + [("set-visibility", place)] * opened
        case a.UpdateCollection():
            return [("describe-collection", place)]
        case a.AllowArtifactTypes():
            return [("allow-types", place)]
        case a.AddTags() | a.RemoveTags():
            return [("tag-collection", place)]
        case a.LinkVersion() | a.UnlinkVersion():
            return [(action.kind, f"{place}:v{action.index}")]
        case a.DeleteCollection():
            return [(action.kind, place), *(("remove-alias", f"{place}:{alias}") for alias in action.aliases)]
    return [(action.kind, place)]


def own_events(found: Iterable[Event]) -> list[Event]:
    """Without what the server does by itself, and with the two steps of a new member counted as one."""
    kept: list[Event] = []
    for event in found:
        if event.kind == "set-ttl" or (event.alias or "").endswith(f":{SERVERS_OWN}"):
            continue
        if event.kind == "set-member" and _second_step(event, kept):
            continue
        kept.append(event)
    return kept


def _second_step(event: Event, earlier: Sequence[Event]) -> bool:
    """The API adds a member with the weakest role and then sets the right one."""
    added = [each for each in earlier if (each.kind, each.address, each.before) == ("set-member", event.address, None)]
    return any(event.before and each.after.keys() == event.before.keys() for each in added)


def deleted_registries(found: Iterable[Event]) -> frozenset[str]:
    return frozenset(event.address for event in found if event.kind == "delete-registry")


def check_only_planned(found: Sequence[Event], operations: Iterable[Operation]) -> None:
    """Guarantees 2 and 5: every event is that of a planned operation, each at most once, and aliases move as planned."""
    planned = [operation.action for operation in operations]
    allowed = Counter(trace for action in planned for trace in set(traces(action)))
    mine = own_events(found)
    gone = deleted_registries(mine)
    done = Counter((event.kind, event.address) for event in mine if not _goes_along(event, gone))
    extra = done - allowed
    assert not extra, f"done, but not planned (or done twice): {dict(extra)}"
    moves = {str(action.address): action for action in planned if isinstance(action, a.SetAlias)}
    for event in mine:
        move = moves.get(event.address)
        if event.kind == "set-alias" and move is not None:
            assert (event.before, event.after) == (move.held_index, move.index), (event, move)


def _goes_along(event: Event, gone: frozenset[str]) -> bool:
    """An alias that goes with its registry."""
    return event.kind == "remove-alias" and event.address.partition("/")[0] in gone


def check_bound(found: Iterable[Event], old: Mapping[str, int], new: Mapping[str, int]) -> None:
    """Guarantee 3: what is bound before and after was never unbound, and went from its old place to its new one at most once."""
    moved = Counter(event.alias for event in found if event.alias is not None)
    for event in found:
        place = event.alias
        if place is None or place not in old or place not in new:
            continue
        assert event.kind == "set-alias", f"{place} was unbound for a while"
        assert (event.before, event.after) == (old[place], new[place]), f"{place} went astray: {event}"
        assert moved[place] == 1, f"{place} moved {moved[place]} times"


def check_receipts(found: Sequence[Event], receipts: Iterable[Json]) -> None:
    """Guarantee 8: what receipts call done was done, exactly once; what they call anything but unknown was not done by that run."""
    mine = own_events(found)
    gone = deleted_registries(mine)
    happened = Counter((event.kind, event.address) for event in mine if not _goes_along(event, gone))
    claimed: Counter[Trace] = Counter()
    perhaps: Counter[Trace] = Counter()
    for operation, status in _statuses(receipts):
        target = {"done": claimed, "unknown": perhaps}.get(status)
        if target is not None:
            target.update(set(traces(operation.action)))
    assert not claimed - happened, f"called done, but not in the history: {dict(claimed - happened)}"
    silent = happened - claimed
    for trace in perhaps.elements():
        silent -= Counter(_any_of(trace, silent))
    assert not silent, f"in the history, but no receipt calls it done: {dict(silent)}"


def _any_of(trace: Trace, left: Iterable[Trace]) -> list[Trace]:
    """The event that an operation of unknown outcome may have left; a link whose index nobody learned may have got any."""
    kind, address = trace
    if not address.endswith(":vNone"):
        return [trace]
    place = address.removesuffix("None")
    return [each for each in left if each[0] == kind and re.fullmatch(re.escape(place) + "[0-9]+", each[1])][:1]


def _statuses(receipts: Iterable[Json]) -> Iterator[tuple[Operation, str]]:
    from regsync.execution.receipt import decode_receipt_operations

    for receipt in receipts:
        for operation, status in decode_receipt_operations(receipt):
            yield operation, status.value


def receipts_in(state: Path) -> list[Json]:
    """Every receipt in a state folder, oldest first. Their names say no more than the second."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (state / "receipts").glob("*.json")]
    return sorted(found, key=lambda receipt: datetime.fromisoformat(receipt.get("order", receipt["finished_at"])))
