"""Several documents as one: maps merge, and sets (tags, protected aliases, consents) add up. Elsewhere manifests must agree;
an overlay wins over what it is laid upon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from regsync.core.desired import HazardName
from regsync.diagnostics import Diagnostic
from regsync.manifest.reading.tree import Block, Items, key_position, value_position

_HAZARDS = {hazard.value for hazard in HazardName}
_PINNED = {"version", "digest"}
"""A version with its digest is one value: an overlay replaces it whole, so that no digest stays behind on another version."""
SETS = {"tags", "protected_aliases", "consent"}
"""Lists in which the order says nothing: those of several files add up, whatever the order of the files."""


def agree(blocks: Sequence[Block], problems: list[Diagnostic]) -> Block:
    """All blocks in one. A key with two different values is reported, and keeps the first of them."""
    if len(blocks) == 1:
        return blocks[0]
    holders: dict[str, list[Block]] = {}
    for block in blocks:
        for key in block:
            holders.setdefault(key, []).append(block)
    result = Block()
    result.at = {}
    result.mark = blocks[0].mark
    for key, having in holders.items():
        first, *others = having
        value = first[key]
        if others and isinstance(value, Block):
            value = agree([each[key] for each in having if isinstance(each[key], Block)], problems)
            others = [each for each in others if not isinstance(each[key], Block)]
        elif others and key in SETS and isinstance(value, Items):
            value = _union([each[key] for each in having if isinstance(each[key], Items)])
            others = [each for each in others if not isinstance(each[key], Items)]
        problems += [_conflict(key, first, other) for other in others if other[key] != first[key]]
        _put(result, key, value, first)
    return result


def overlay(base: Block, top: Block) -> Block:
    """`base` with `top` laid over it: maps merge, sets add up, everything else replaces."""
    result = Block(base)
    result.at = dict(base.at)
    result.mark = base.mark
    for key, value in top.items():
        first = base.get(key)
        if isinstance(first, Block) and isinstance(value, Block) and not _is_pinned(first) and not _is_pinned(value):
            _put(result, key, overlay(first, value), base)
        elif key in SETS and isinstance(first, Items) and isinstance(value, Items):
            _put(result, key, _laid_over(first, value), base)
        else:
            _put(result, key, value, top)
    return result


def _union(lists: Sequence[Items]) -> Items:
    """Every item of the lists. What two lists say alike is there once; what they say otherwise stays, and is reported later."""
    result = _empty(lists[0])
    there: set[tuple[str, ...]] = set()
    for items in lists:
        own: set[tuple[str, ...]] = set()
        for index, item in enumerate(items):
            said = _said(item)
            if said not in there or said in own:
                _add(result, items, index)
            own.add(said)
        there |= own
    return result


def _laid_over(base: Items, top: Items) -> Items:
    """The items of both; where both speak of one thing, `top` counts, so that `{NAME: absent}` drops it."""
    result = _empty(base)
    named = {_named(item) for item in top}
    dropped = {_said(item)[0] for item in top if _said(item)[1:] == ("absent",)}
    for index, item in enumerate(base):
        if _named(item) not in named and _said(item)[0] not in dropped:
            _add(result, base, index)
    for index in range(len(top)):
        _add(result, top, index)
    return result


def _said(item: Any) -> tuple[str, ...]:
    """What an item says: `production`; `production`, `absent`; `remove-alias`, `2`; `remove-alias`, `shadow`."""
    if isinstance(item, Block):
        return next((name, str(value)) for name, value in item.items())
    name, equals, number = str(item).partition("=")
    return (name, number) if equals and name in _HAZARDS else (str(item),)


def _named(item: Any) -> tuple[str, ...]:
    """What an item is about: all that it says, but for a number and for `absent`."""
    said = _said(item)
    return said[:1] if said[1:] == ("absent",) or said[-1].isdecimal() else said


def _empty(like: Items) -> Items:
    result = Items()
    result.at = []
    result.mark = like.mark
    return result


def _add(result: Items, items: Items, index: int) -> None:
    result.append(items[index])
    result.at.append(items.at[index])


def _is_pinned(block: Block) -> bool:
    return "version" in block and block.keys() <= _PINNED and isinstance(block["version"], str)


def _put(result: Block, key: str, value: Any, source: Block) -> None:
    result[key] = value
    result.at[key] = source.at[key]


def _conflict(key: str, base: Block, other: Block) -> Diagnostic:
    mine, first = _show(other[key]), _show(base[key])
    where = _place(base, key)
    if mine == first:  # noqa: SIM108
        message = f"`{key}` is not the same here as at {where}"
    else:
        message = f"`{key}` is {mine} here and {first} at {where}"
    hint = "keep one of them; --overlay FILE is the way to override a value"
    return Diagnostic("conflict", message, _place(other, key), hint)


def _place(block: Block, key: str) -> Any:
    return key_position(block, key) if isinstance(block[key], Block | Items) else value_position(block, key)


def _show(value: Any) -> str:
    if isinstance(value, Block):
        return "a map"
    if isinstance(value, Items):
        text = ", ".join(_show(item) for item in value)
        return f"[{text}]" if len(text) <= 60 else "a list"
    if value is None:
        return "null"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return repr(text) if len(text) <= 80 else repr(text[:60] + "…")
