"""The evidence of an operation as rows to show: the same rows, in the same order and words, in every view."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from regsync.slots import NamedTuple
from regsync.views.sentences import Name

Json = dict[str, Any]

NOT_KNOWN = "not known"
GOES_BACK = "the new version is the older one"
"""The note of `created` where an alias goes back to a version that was made earlier."""


class Tone(StrEnum):
    """How a row is to be read."""

    PLAIN = "plain"
    BETTER = "better"
    WORSE = "worse"
    BROKEN = "broken"


class Row(NamedTuple):
    """One fact about two versions. `own`: the name is regsync's, not a key that a stranger chose. A side that is a `Name` is a
    text of a stranger."""

    name: str
    old: str
    new: str
    note: str
    tone: Tone = Tone.PLAIN
    own: bool = False


class Facts(NamedTuple):
    """What there is to say of the versions of one operation; what is the same on both sides, or not known, is not among it.

    `metrics` are declared, so they stand beside the operation in every view; `rows` may be folded away. `remarks` say what is
    missing or was left out.
    """

    metrics: tuple[Row, ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]


def facts(operation: Json) -> Facts | None:
    """The evidence of an operation of a plan document; None where none was gathered."""
    evidence = operation["evidence"]
    if evidence is None:
        return None
    moves = operation["before"] is not None
    metrics = [_metric_row(metric, moves) for metric in evidence["metrics"]]
    rows = [*(_change_row(change, moves) for change in evidence["changes"]), *_version_rows(evidence, moves)]
    return Facts(tuple(metrics), tuple(rows), tuple(_remarks(evidence, moves)))


def shown_with_evidence(operations: Iterable[Json]) -> list[Json]:
    """Operations with evidence, worst first; a link that an alias of the same plan tells more about is left out."""
    chosen = [operation for operation in operations if operation["evidence"] is not None]
    told = {_link_key(operation) for operation in chosen if operation["kind"] == "set-alias"}
    chosen = [each for each in chosen if each["kind"] == "set-alias" or _link_key(each) not in told]
    return sorted(chosen, key=lambda operation: (not operation["hazards"], not operation["protected"]))


def _link_key(operation: Json) -> tuple[str, str]:
    place: str = operation["address"].partition(":")[0]
    return place, operation["after"]["artifact_id"]


def _remarks(evidence: Json, moves: bool) -> list[str]:
    old, new = evidence["old"], evidence["new"]
    remarks = []
    if new is None:
        remarks.append("Nothing is known of the new version: this key may not see it, or it was deleted.")
    if moves and old is None:
        remarks.append("Nothing is known of the old version: this key may not see it, or it was deleted.")
    hidden = [side for side, version in (("old", old), ("new", new)) if version and not version["metadata_known"]]
    if hidden:
        remarks.append(f"The metadata of the {' and the '.join(hidden)} version is not known.")
    if evidence["changes_left_out"]:
        number = evidence["changes_left_out"]
        remarks.append(f"Left out here: {number} more difference{'s' if number != 1 else ''} of the metadata.")
    return remarks


def _metric_row(metric: Json, moves: bool) -> Row:
    verdict, broken = metric["verdict"], metric["bound_broken"]
    parts = [delta_words(metric) if verdict != "same" else "", "" if verdict == "unknown" else _VERDICTS[verdict]]
    if broken:
        parts.append("breaks its bound")
    if metric["bound"] is not None or verdict not in {"better", "worse"}:
        parts.append(wish(metric))
    tone = Tone.BROKEN if broken else Tone(verdict) if verdict in {"better", "worse"} else Tone.PLAIN
    known = metric["old"] is not None or metric["new"] is not None
    old = value_words(metric["old"]) if metric["old"] is not None else NOT_KNOWN if moves and known else ""
    new = value_words(metric["new"]) if metric["new"] is not None else NOT_KNOWN
    return Row(metric["name"], old, new, ", ".join(part for part in parts if part), tone)


_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
_VERDICTS = {"better": "better", "worse": "worse", "same": "the same"}


def wish(metric: Json) -> str:
    """`higher is better`, or `must be at least 0.9`."""
    if metric["bound"] is None:
        return f"{metric['better']} is better"
    side = "at least" if metric["better"] == "higher" else "at most"
    return f"must be {side} {value_words(metric['bound'])}"


def _change_row(change: Json, moves: bool) -> Row:
    kind = change["change"]
    old = "" if kind == "added" else value_words(change["old"])
    new = "" if kind == "removed" else value_words(change["new"])
    return Row(change["path"], old, new, delta_words(change) if kind == "changed" else kind if moves else "")


def delta_words(item: Json) -> str:
    """`+0.018, +1.97 %`; "" where there is no difference of numbers."""
    difference, percent = item["delta"], item["percent"]
    if difference is None:
        return ""
    words = _signed(difference)
    return f"{words}, {_signed(percent)} %" if percent is not None and difference else words


def _signed(number: Any) -> str:
    if isinstance(number, str):
        return number
    sign = "+" if number > 0 else "−" if number < 0 else "±"
    return f"{sign}{number_words(abs(number))}"


def number_words(number: float) -> str:
    """`12,400`, `0.9301`, `1.2e-07`."""
    return f"{number:,}" if isinstance(number, int) else f"{number:,.10g}"


def value_words(value: Any) -> str:
    """A value of the metadata as people write it; a text of theirs is a `Name`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return Name(value) if isinstance(value, str) else number_words(value)


def size_words(size: int) -> str:
    """`12.4 MB`; decimal units.

    >>> size_words(1), size_words(12_400_000)
    ('1 byte', '12.4 MB')
    """
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            return f"{size:,} byte{'' if abs(size) == 1 else 's'}" if unit == "bytes" else f"{amount:,.1f} {unit}"
        amount /= 1000
    raise AssertionError


def _version_rows(evidence: Json, moves: bool) -> list[Row]:
    old, new = evidence["old"] or {}, evidence["new"] or {}
    rows = []
    for key, name in _FIELDS.items():
        before, after = old.get(key), new.get(key)
        if (before == after and moves) or (before is None and after is None):
            continue
        shown = [_field_words(key, side, known) for side, known in ((old, before), (new, after))]
        rows.append(Row(name, shown[0] if moves else "", shown[1], _field_note(key, before, after, moves), own=True))
    return rows


_FIELDS = {
    "size": "size",
    "created_at": "created",
    "run": "run",
    "commit": "commit",
    "inputs": "input artifacts",
    "ttl_days": "time to live",
}


def _field_words(key: str, side: Json, value: Any) -> str:
    if value is None:
        return NOT_KNOWN if key != "ttl_days" else "none"
    if key == "size":
        return size_words(value)
    if key == "ttl_days":
        return f"{value} day{'s' if value != 1 else ''}"
    if key == "inputs":
        more = f" and {side['inputs_left_out']} more" if side["inputs_left_out"] else ""
        return Name((", ".join(value) or "nothing") + more)
    return Name(value)


def _field_note(key: str, old: Any, new: Any, moves: bool) -> str:
    if key == "ttl_days":
        return "a link turns it off" if new else ""
    if not moves or old is None or new is None:
        return ""
    if key == "size" and old != new:
        percent = f", {_signed(round((new - old) / old * 100, 2))} %" if old else ""
        return f"{'+' if new > old else '−'}{size_words(abs(new - old))}{percent}"
    if key == "created_at" and re.match(_TIME, str(old)) and re.match(_TIME, str(new)) and str(new) < str(old):
        return GOES_BACK
    return ""
