"""The warnings of a plan's document, each cause once: what is said alike in many places, with how many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

from regsync.diagnostics import counted
from regsync.slots import NamedTuple
from regsync.views.words import place

Json = dict[str, Any]
MOST_PLACES = 3
"""Further places of one warning that are named; the others are only counted."""


class Warned(NamedTuple):
    """One thing that is said."""

    where: str | None
    """Where it shows first."""
    message: str
    code: str
    more: tuple[str, ...]
    """Further places, at most `MOST_PLACES`."""
    number: int
    """Of further places."""
    hint: str | None
    """None as well where the next one has the same."""

    @property
    def elsewhere(self) -> str:
        """In front of the names of further places."""
        return f"and {counted(self.number, 'more place')}: "


def by_cause(warnings: Iterable[Json]) -> list[Warned]:
    """In their order; those in the same words are one, and a hint that helps several in a row stands below the last of them."""
    alike: dict[tuple[str, str, str | None], list[Json]] = {}
    for each in warnings:
        alike.setdefault((each["code"], each["message"], each["hint"]), []).append(each)
    said = [_one(group) for group in alike.values()]
    return [
        one._replace(hint=None) if after and (after.code, after.hint) == (one.code, one.hint) else one
        for one, after in zip_longest(said, said[1:])
    ]


def _one(group: Sequence[Json]) -> Warned:
    first, *others = group
    places = list(dict.fromkeys(place(each) for each in others if each["file"]))
    where = place(first) if first["file"] else None
    return Warned(where, first["message"], first["code"], tuple(places[:MOST_PLACES]), len(places), first["hint"])
