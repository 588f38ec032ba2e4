"""Versions side by side: the metrics of a collection's versions.

A metric is a number in a version's metadata (`numbers.py`), nested ones included: `val.acc`.
"""

from __future__ import annotations

from collections.abc import Mapping

from regsync.local.changing.change import Place
from regsync.local.pages.paging import PAGE, Cut, start
from regsync.local.pages.reading import Page
from regsync.local.store import artifacts, collections
from regsync.local.store import metrics as store_metrics
from regsync.local.store.artifacts import COMMITTED, Version
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.local.store.numbers import numbers
from regsync.slots import NamedTuple

MOST_METRICS = 12
"""Metrics on a page: the one that they are sorted by, then others in the order of their names."""
WIDTH, HEIGHT = 120, 28


class Metric(NamedTuple):
    """One metric of the versions on a page: `points` draws it from the oldest version to the newest, "" for fewer than two."""

    name: str
    points: str
    words: str


def metrics(tx: Transaction, organization: str, name: str, asked: Mapping[str, str]) -> Page:
    """A collection's versions with their metrics, in the order of one of them where the address names it (`by`)."""
    registry = Place(organization, name).get(tx)
    collection = collections.get(tx, registry, asked.get("collection", ""))
    by, down = asked.get("by", ""), asked.get("down") == "1"
    cut = _in_order(tx, collection, by, asked, down=down) if by else _newest_first(tx, collection, asked)
    found = artifacts.by_ids(tx, [row.artifact for row in cut.rows])
    versions = [(row.index, _numbers(found.get(row.artifact))) for row in cut.rows]
    names = sorted({each for _, values in versions for each in values}, key=lambda name: (name != by, name))
    return Page(
        "metrics.jinja",
        {
            "registry": registry,
            "collection": collection,
            "versions": versions,
            "metrics": [_metric(each, versions) for each in names[:MOST_METRICS]],
            "left_out": len(names[MOST_METRICS:]),
            "by": by,
            "down": down,
            "cut": cut,
        },
    )


def _in_order(tx: Transaction, collection: Collection, by: str, asked: Mapping[str, str], *, down: bool) -> Cut:
    begin = start(asked, (int, float), int)
    rows = store_metrics.in_order(
        tx, collection, by, down=down != begin.back, most=PAGE + 1, skip=begin.skip, after=begin.mark
    )
    return begin.cut(rows, [2, 0])


def _newest_first(tx: Transaction, collection: Collection, asked: Mapping[str, str]) -> Cut:
    begin = start(asked, int)
    after, order = begin.sql(["m.version_index"], down=True)
    rows = tx.tuples(
        f"""SELECT m.version_index, m.artifact_id FROM memberships m JOIN artifacts a ON a.id = m.artifact_id
            WHERE m.collection_id = ? AND a.state = ? AND {after} ORDER BY {order} LIMIT ? OFFSET ?""",  # noqa: S608
        collection.id,
        COMMITTED,
        *(begin.mark or ()),
        PAGE + 1,
        begin.skip,
    )
    return begin.cut([store_metrics.Placed(*row) for row in rows], [0])


def _numbers(version: Version | None) -> dict[str, float]:
    return numbers(version.metadata_json) if version else {}


def _metric(name: str, versions: list[tuple[int, dict[str, float]]]) -> Metric:
    values = [each[name] for _, each in sorted(versions, key=lambda one: one[0]) if name in each]
    low, high = min(values), max(values)
    words = f"{name}, from {low} to {high} on this page"
    if len(values) < 2:
        return Metric(name, "", words)
    span = float(high) / 2 - float(low) / 2  # Halves, because the whole may be more than a float holds.
    points = []
    for place, value in enumerate(values):
        height = 0.5 if span == 0 else (float(value) / 2 - float(low) / 2) / span
        points.append(f"{2 + place * (WIDTH - 4) / (len(values) - 1):.1f},{HEIGHT - 2 - height * (HEIGHT - 4):.1f}")
    return Metric(name, " ".join(points), words)
