"""Who moved which alias, and who linked what: read from the event history, under the names that things have today.

A collection keeps its history when it, or its registry, is renamed. What a deleted registry of the same name held is not
told: its members may have been others.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Collection as Names
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from regsync.local.store import former
from regsync.local.store.database import Transaction, read_json
from regsync.local.store.former import Span, Step
from regsync.names import LATEST
from regsync.slots import NamedTuple, dataclass

AliasPlace = tuple[str, str | None]
"""A collection's address (`model/fraud`, as it is now) and an alias; None for all of its aliases but `latest`."""


@dataclass(frozen=True, slots=True)
class Place:
    """What an alias pointed at: the index, the artifact's key (None where it is not known any more) and its source name."""

    index: int
    artifact: int | None
    source: str


class Move(NamedTuple):
    """One change of one alias. `actor` is a user name, or "" for the owner of the file."""

    seq: int
    at: str
    actor: str
    collection: str
    alias: str
    before: Place | None
    after: Place | None


class Linked(NamedTuple):
    """One version that was linked or (`gone`) unlinked."""

    seq: int
    at: str
    actor: str
    gone: bool
    artifact: int | None


_Spans = dict[str, list[tuple[str, Span]]]
"""By a name that collections have had: what each is called now, and when it had it."""


def of_aliases(tx: Transaction, organization: str, wanted: Iterable[AliasPlace]) -> list[Move]:
    """The moves of those aliases, oldest first. Whoever calls has got the collections, so they are visible to the actor."""
    aliases: dict[str, set[str | None]] = {}
    for collection, alias in wanted:
        aliases.setdefault(collection, set()).add(alias)
    spans = _spans(tx, organization, aliases)
    found = []
    for seq, at, actor, address, before, after in _events(tx, organization, spans, ("set-alias", "remove-alias")):
        name, _, alias = address.partition(":")
        for now in _now(spans, name, seq):
            if alias in aliases[now] or (None in aliases[now] and alias != LATEST):
                found.append((seq, at, actor, now, name, alias, before, after))
    known = _versions(
        tx, organization, {f"{row[4]}:v{index}" for row in found for index in row[6:] if index is not None}
    )
    return [
        Move(seq, at, actor, now, alias, _place(known, name, before, seq), _place(known, name, after, seq))
        for seq, at, actor, now, name, alias, before, after in found
    ]


def of_links(tx: Transaction, organization: str, collection: str) -> list[Linked]:
    """What was linked into a collection and unlinked from it, oldest first."""
    spans = _spans(tx, organization, [collection])
    found = []
    for seq, at, actor, address, before, after in _events(tx, organization, spans, ("link-version", "unlink-version")):
        if next(_now(spans, address.partition(":")[0], seq), None) is not None:
            found.append((seq, at, actor, after is None, (after or before)["source"]))
    keys = _keys(tx, {source for *_, source in found})
    return [Linked(seq, at, actor, gone, keys.get(source)) for seq, at, actor, gone, source in found]


def _spans(tx: Transaction, organization: str, collections: Iterable[str]) -> _Spans:
    """Under which names each collection is in the history, by the name that it has now; newest first."""
    rows = tx.all(
        f"""SELECT seq, kind, address, before, after FROM events
           WHERE organization = ? AND {former.STEPS}
           ORDER BY seq DESC""",  # noqa: S608 - a constant
        organization,
    )
    steps = _Steps({})
    for row in rows:
        steps.add(former.step(row))
    spans: _Spans = {}
    for collection in collections:
        for span in former.walk(collection, steps.before):
            spans.setdefault(span.name, []).append((collection, span))
    return spans


@dataclass(frozen=True, slots=True)
class _Steps:
    """Steps by the registry and the collection (None: the registry itself) that they are about, newest first."""

    by_place: dict[tuple[str, str | None], list[Step]]

    def add(self, step: Step) -> None:
        """Whoever calls begins with the newest."""
        registry = step.address.partition("/")[0]
        if step.kind == "rename-collection":
            places: set[tuple[str, str | None]] = {(registry, step.before), (registry, step.after)}
        else:
            places = {(registry, None)} | ({(step.after, None)} if step.kind == "rename-registry" else set())
        for place in places:
            self.by_place.setdefault(place, []).append(step)

    def before(self, seq: int, registry: str, collection: str) -> Step | None:
        """The newest step before the event `seq` that is about the collection or its registry."""
        found = []
        for place in ((registry, None), (registry, collection)):
            steps = self.by_place.get(place, [])
            at = bisect_right(steps, -seq, key=lambda step: -step.seq)
            found += steps[at : at + 1]
        return max(found, default=None, key=lambda step: step.seq)


def _now(spans: _Spans, name: str, seq: int) -> Iterator[str]:
    return (now for now, span in spans.get(name, ()) if span.above < seq <= span.upto)


def _events(
    tx: Transaction, organization: str, spans: _Spans, kinds: Names[str]
) -> list[tuple[int, str, str, str, Any, Any]]:
    rows = tx.all(
        """SELECT seq, at, actor, address, before, after FROM events
           WHERE organization = ? AND kind IN (SELECT value FROM json_each(?))
             AND place IN (SELECT value FROM json_each(?)) ORDER BY seq""",
        organization,
        json.dumps(sorted(kinds)),
        json.dumps(sorted(spans)),
    )
    return [(*row[:4], read_json(row[4]), read_json(row[5])) for row in rows]


def _versions(tx: Transaction, organization: str, links: Names[str]) -> dict[str, list[tuple[int, Place]]]:
    """What each link (`model/fraud:v3`) was, with the number of the event that made it; newest first."""
    rows = tx.all(
        """SELECT seq, address, after FROM events WHERE organization = ? AND kind = 'link-version'
             AND place IN (SELECT value FROM json_each(?)) AND address IN (SELECT value FROM json_each(?)) ORDER BY seq DESC""",
        organization,
        json.dumps(sorted({link.partition(":")[0] for link in links})),
        json.dumps(sorted(links)),
    )
    sources = [(row["seq"], row["address"], str(read_json(row["after"])["source"])) for row in rows]
    keys = _keys(tx, {source for _, _, source in sources})
    found: dict[str, list[tuple[int, Place]]] = {}
    for seq, address, source in sources:
        index = int(address.rpartition(":v")[2])
        found.setdefault(address, []).append((seq, Place(index, keys.get(source), source)))
    return found


def _place(known: Mapping[str, list[tuple[int, Place]]], name: str, index: int | None, seq: int) -> Place | None:
    """What the index meant at the event `seq`: a collection that was deleted and made again began to count anew."""
    if index is None:
        return None
    return next((place for made, place in known.get(f"{name}:v{index}", ()) if made < seq), Place(index, None, ""))


def _keys(tx: Transaction, sources: Names[str]) -> dict[str, int]:
    """The artifact's key for each full source name that there is."""
    asked = []
    for source in sources:
        name, _, number = source.rpartition(":v")
        asked.append([source, *name.split("/"), int(number)])
    rows = tx.all(
        """SELECT w.value ->> 0 AS source, a.id FROM json_each(?) w
           JOIN entities e ON e.name = w.value ->> 1
           JOIN projects p ON p.entity_id = e.id AND p.name = w.value ->> 2
           JOIN collections c ON c.project_id = p.id AND c.name = w.value ->> 3 AND c.kind = 'sequence'
           JOIN artifacts a ON a.sequence_id = c.id AND a.version_index = w.value ->> 4""",
        json.dumps(sorted(asked)),
    )
    return {row["source"]: row["id"] for row in rows}
