"""Several documents as one: maps merge. Manifests must agree; an overlay wins over what it is laid upon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from regsync.diagnostics import Diagnostic
from regsync.manifest.reading.tree import Block, Items, key_position, value_position

_PINNED = {"version", "digest"}
"""A version with its digest is one value: an overlay replaces it whole, so that no digest stays behind on another version."""


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
        problems += [_conflict(key, first, other) for other in others if other[key] != first[key]]
        _put(result, key, value, first)
    return result


def overlay(base: Block, top: Block) -> Block:
    """`base` with `top` laid over it: maps merge, everything else replaces."""
    result = Block(base)
    result.at = dict(base.at)
    result.mark = base.mark
    for key, value in top.items():
        first = base.get(key)
        if isinstance(first, Block) and isinstance(value, Block) and not _is_pinned(first) and not _is_pinned(value):
            _put(result, key, overlay(first, value), base)
        else:
            _put(result, key, value, top)
    return result


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
