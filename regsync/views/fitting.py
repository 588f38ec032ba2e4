"""Cutting a page to a number of characters by importance, loudly: what was left out is counted where it is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from regsync.slots import dataclass

NOTICE = 160
"""Characters kept free for the line that says how much of a section was left out."""


@dataclass(frozen=True, slots=True)
class Section:
    """Part of a page. `items` are whole: each is shown or left out. `rank`: the smaller, the more important.

    `opening` stands before the items (a heading, the head of a table); `noun` is what one item is called, as in "41 more removals".
    `least`: this many are shown before a less important section gets none, if there is room at all.
    """

    opening: str
    items: Sequence[str]
    noun: str
    rank: int
    least: int = 5


@dataclass(frozen=True, slots=True)
class Cut:
    """What was left out: how many items, of which noun."""

    noun: str
    number: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page before it is cut. `notice` words what was left out; it is put right after `top`.

    `shortest` stands alone where not even `top` and `bottom` fit; it has to be harmless wherever it is cut off.
    """

    top: str
    sections: Sequence[Section]
    bottom: str
    notice: Callable[[Sequence[Cut]], str]
    shortest: str


def fit(page: Page, limit: int) -> str:
    """The page as text of at most `limit` characters."""
    top, bottom, notice = page.top, page.bottom, page.notice
    sections = page.sections
    shown = [section for section in sections if section.items]
    whole = _joined(top, "", [_body(section, len(section.items)) for section in shown], bottom)
    if len(whole) <= limit:
        return whole
    longest_notice = len(notice([Cut(section.noun, len(section.items)) for section in shown]))
    room = limit - len(top) - len(bottom) - longest_notice - 8
    if room < 0:
        cut = page.shortest[: max(0, limit)]
        return cut if cut.strip("# ") else ""  # The beginning of a heading would be a heading of another level.
    counts = _shares(shown, room)
    bodies = [_body(section, count) for section, count in zip(shown, counts, strict=True) if count]
    cuts = [
        Cut(section.noun, len(section.items) - count)
        for section, count in zip(shown, counts, strict=True)
        if count < len(section.items)
    ]
    return _joined(top, notice(cuts), bodies, bottom)


def _joined(top: str, notice: str, bodies: Sequence[str], bottom: str) -> str:
    return "\n\n".join(part for part in (top, notice, *bodies, bottom) if part)


def _body(section: Section, count: int) -> str:
    missing = len(section.items) - count
    lines = [section.opening, *section.items[:count]]
    if missing:
        lines.append(f"\n**Not shown: {missing:,} more {section.noun}.**")
    return "\n".join(lines)


def _shares(sections: Sequence[Section], room: int) -> list[int]:
    """How many items of each section are shown: first the least of each, then as many as fit, both by rank."""
    counts = [0] * len(sections)
    order = sorted(range(len(sections)), key=lambda number: sections[number].rank)
    for least_only in (True, False):
        for number in order:
            section = sections[number]
            wanted = min(section.least, len(section.items)) if least_only else len(section.items)
            while counts[number] < wanted:
                cost = len(section.items[counts[number]]) + 1
                if counts[number] == 0:
                    cost += len(section.opening) + NOTICE
                if cost > room:
                    break
                room -= cost
                counts[number] += 1
    return counts
