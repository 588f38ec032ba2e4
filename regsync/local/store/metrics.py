"""The versions of a collection in the order of a metric, without looking at all of them.

What they are sorted by is kept beside each place of a version, written whenever its metadata or its places change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.local.store.numbers import numbers
from regsync.slots import NamedTuple


class Placed(NamedTuple):
    """A version in a collection: its index there, the artifact's key, and what the list is sorted by (None: its index)."""

    index: int  # type: ignore[assignment]  # hides the method of tuples
    artifact: int
    value: float | None = None


def settle(tx: Transaction, artifacts: Iterable[int]) -> None:
    """Keep the metrics of versions as their metadata now has them, in every place that each version has now."""
    asked = json.dumps([*artifacts])
    tx.run(
        """DELETE FROM metrics WHERE membership_id IN (
             SELECT m.id FROM json_each(?) k CROSS JOIN memberships m ON m.artifact_id = k.value)""",
        asked,
    )
    rows = tx.tuples(
        """SELECT m.id, m.collection_id, m.version_index, a.metadata FROM json_each(?) k
             CROSS JOIN artifacts a ON a.id = k.value CROSS JOIN memberships m ON m.artifact_id = a.id
           WHERE a.state = 'COMMITTED' AND a.metadata <> '{}'""",
        asked,
    )
    tx.many(
        "INSERT INTO metrics (membership_id, name, value, collection_id, version_index) VALUES (?, ?, ?, ?, ?)",
        [(key, name, value, place, at) for key, place, at, text in rows for name, value in numbers(text).items()],
    )


def in_order(
    tx: Transaction,
    collection: Collection,
    name: str,
    *,
    down: bool,
    most: int,
    skip: int = 0,
    after: tuple[float, int] | None = None,
) -> list[Placed]:
    """The versions that have a metric, the smallest first, or `down` the largest; of equal ones the older, or `down` the newer.

    `after`: only those that come after that value at that index.
    """
    order, beyond = ("DESC", "<") if down else ("ASC", ">")
    where = f"AND (value, version_index) {beyond} (?, ?)" if after else ""
    rows = tx.tuples(
        f"""SELECT n.version_index, m.artifact_id, n.value FROM (
              SELECT membership_id, value, version_index FROM metrics WHERE collection_id = ? AND name = ? {where}
              ORDER BY value {order}, version_index {order} LIMIT ? OFFSET ?) n
            JOIN memberships m ON m.id = n.membership_id ORDER BY n.value {order}, n.version_index {order}""",  # noqa: S608
        collection.id,
        name,
        *(after or ()),
        most,
        skip,
    )
    return [Placed(*row) for row in rows]
