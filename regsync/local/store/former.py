"""The names that a registry or a collection had before: the history tells of it under the name that it had then.

A thing keeps its history when it, or its registry, is renamed. What a deleted registry of the same name held is not its history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from sqlite3 import Row
from typing import Any

from regsync.local.store.database import Transaction, read_json, to_json
from regsync.slots import NamedTuple

FOREVER = 2**63 - 1
_RENAMES = "(kind = 'rename-registry' OR kind = 'rename-collection')"
STEPS = (
    "(kind = 'rename-registry' OR kind = 'rename-collection' OR kind = 'create-registry' OR kind = 'delete-registry')"
)
"""SQL: whether an event is a `Step`. In the words of the indices `events_to_names` and `events_of_names`, which are found by them."""


class Span(NamedTuple):
    """A name that a thing had from after the event `above` to the event `upto`."""

    name: str
    above: int
    upto: int


class Step(NamedTuple):
    """An event after which something had another name, or was another thing."""

    seq: int
    kind: str
    address: str
    before: Any
    after: Any


def step(row: Row) -> Step:
    """What a row tells that has the columns of a `Step`."""
    return Step(row["seq"], row["kind"], row["address"], read_json(row["before"]), read_json(row["after"]))


Before = Callable[[int, str, str], Step | None]
"""The newest step before an event that is about a registry, or about the collection in it ("": none)."""


def spans(tx: Transaction, organization: str, name: str) -> list[Span]:
    """The names that a registry (`model`) or a collection (`model/fraud`) had, the present one first, and when."""

    def before(seq: int, registry: str, collection: str) -> Step | None:
        row = tx.one(
            f"""SELECT seq, kind, address, before, after FROM (
                 SELECT * FROM events WHERE organization = :organization AND place = :registry AND seq < :seq
                   AND {STEPS}
                 UNION ALL SELECT * FROM events WHERE organization = :organization AND place = :place AND seq < :seq
                   AND {STEPS}
                 UNION ALL SELECT * FROM events WHERE organization = :organization AND seq < :seq
                   AND {_RENAMES}
                   AND ((kind = 'rename-registry' AND after = :to_registry)
                     OR (kind = 'rename-collection' AND after = :to_collection AND registry = :registry))
                   AND after IN (:to_registry, :to_collection))
               ORDER BY seq DESC LIMIT 1""",  # noqa: S608 - constants of this file
            {
                "organization": organization,
                "registry": registry,
                "place": _joined(registry, collection),
                "to_registry": to_json(registry),
                "to_collection": to_json(collection),
                "seq": seq,
            },
        )
        return step(row) if row else None

    return [*walk(name, before)]


def walk(name: str, before: Before) -> Iterator[Span]:
    """The names of a registry or a collection, the present one first."""
    registry, _, collection = name.partition("/")
    upto = FOREVER
    while (step := before(upto, registry, collection)) is not None:
        made_here = step.kind == "create-registry" and step.address == registry
        yield Span(_joined(registry, collection), step.seq - made_here, upto)
        if step.kind == "rename-registry" and step.after == registry:
            registry, upto = step.before, step.seq
        elif (
            step.kind == "rename-collection" and step.address.partition("/")[0] == registry and step.after == collection
        ):
            collection, upto = step.before, step.seq
        else:
            return  # Before that, the name was another's.
    yield Span(_joined(registry, collection), 0, upto)


def _joined(registry: str, collection: str) -> str:
    return f"{registry}/{collection}" if collection else registry
