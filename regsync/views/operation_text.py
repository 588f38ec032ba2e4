"""Operations for a terminal: one block for each thing, one line for each operation where it fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from regsync.views.blocks import Block, blocks, inner_name
from regsync.views.facts import Row, facts
from regsync.views.facts import Tone as FactTone
from regsync.views.flowing import fits
from regsync.views.sentences import Name, bare, parts_of
from regsync.views.terminal import QUIET, Page
from regsync.views.words import LOCK, SYMBOLS, Effect, change, effect, place, verb, versions_on_one_line

Json = dict[str, Any]

MOST_FACTS = 12
"""Facts shown beside one alias that are not declared metrics; the other views show all of them."""

_COLOURS = {Effect.REMOVE: "red", Effect.CHANGE: "yellow", Effect.ADD: "green"}
_FACT_TONES = {FactTone.BETTER: "green", FactTone.WORSE: "yellow", FactTone.BROKEN: "red"}
_STATUS_COLOURS = {"done": "green", "skipped": "cyan", "failed": "red", "unknown": "red", "not-attempted": "yellow"}


def show_operations(page: Page, operations: Sequence[Json], *, compact: bool) -> Iterator[str]:
    """The lines of a plan's operations, block by block."""
    for block in blocks(operations):
        _block(page, block, compact=compact)
        yield from page.done()


def _block(page: Page, block: Block, *, compact: bool) -> None:
    if len(block.operations) == 1 or compact:
        for operation in block.operations:
            _operation(page, operation, bare(operation["address"]), "", compact=compact)
        return
    page.line(bare(block.address), bold=True)
    for operation in block.operations:
        _operation(page, operation, bare(name) if (name := inner_name(operation)) else "", "  ", compact=compact)


def _operation(page: Page, operation: Json, name: str, indent: str, *, compact: bool) -> None:
    kind = effect(operation)
    lock = f" {LOCK}" if operation["protected"] else ""
    head = f"{indent}{SYMBOLS[kind]} {verb(operation)}{lock}{f' {name}' if name else ''}"
    words, why = _change_words(operation), _why(operation)
    inner = indent + "    "
    whole = f"{head}  {words}" if words else head
    if fits(f"{whole}  ({why})", page.width):
        page.line(f"{whole}  ({why})", _COLOURS[kind])
    elif fits(whole, page.width):
        page.line(whole, _COLOURS[kind])
        page.line(f"{inner}({why})", QUIET)
    else:
        _on_several_lines(page, operation, head, why, indent)
    for hazard in operation["hazards"]:
        if compact:
            continue
        page.say([f"! {hazard['name']}: ", *parts_of(hazard["message"])], "red", indent=inner)
    if compact:
        return
    for note in operation["notes"]:
        page.say(["note: ", *parts_of(note)], indent=inner)
    _facts(page, operation, inner)


def _on_several_lines(page: Page, operation: Json, head: str, why: str, indent: str) -> None:
    """What was and what will be, one below the other; nothing of either is broken."""
    kind = effect(operation)
    page.line(head, _COLOURS[kind])
    old, new = change(operation)
    page.line(f"{indent}    {old or new}", _COLOURS[kind])
    if old and new:
        page.line(f"{indent}  → {new}", _COLOURS[kind])
    page.line(f"{indent}    ({why})", QUIET)


def _change_words(operation: Json) -> str:
    before, after = operation["before"], operation["after"]
    if operation["kind"] == "set-alias" and before and after:
        return versions_on_one_line(before, after)
    return " → ".join(part for part in change(operation) if part)


def _why(operation: Json) -> str:
    reason = operation["reason"]
    where = bare(place(reason))
    return where if reason["text"] == "declared" else f"{reason['text']}, {where}"


def _facts(page: Page, operation: Json, indent: str) -> None:
    found = facts(operation) if operation["kind"] == "set-alias" else None
    if found is None:
        return
    for row in found.metrics:
        page.line(f"{indent}{_fact(row)}", _FACT_TONES.get(row.tone))
    if operation["before"] is None:
        return
    rest = [_fact(row) for row in found.rows[:MOST_FACTS]]
    if len(found.rows) > MOST_FACTS:
        rest.append(f"{len(found.rows) - MOST_FACTS} more in `regsync show --format html`")
    page.items(rest, QUIET, indent=indent)
    for remark in found.remarks:
        page.say([remark], QUIET, indent=indent)


def _fact(row: Row) -> str:
    sides = " → ".join(bare(side) if isinstance(side, Name) else side for side in (row.old, row.new) if side)
    return f"{row.name if row.own else bare(row.name)} {sides}{f' ({row.note})' if row.note else ''}"


def show_outcome(page: Page, operation: Json) -> None:
    """What became of one operation."""
    status = operation["status"]
    lock = f" {LOCK}" if operation["protected"] else ""
    head = f"  {status:<13} {verb(operation)}{lock} {bare(operation['address'])}"
    words = _change_words(operation)
    whole = f"{head}  {words}" if words else head
    if fits(whole, page.width):
        page.line(whole, _STATUS_COLOURS[status])
    else:
        page.line(head, _STATUS_COLOURS[status])
        old, new = change(operation)
        for side, arrow in ((old, "  "), (new, "→ " if old else "  ")):
            if side:
                page.line(f"              {arrow}{side}")
    for said, label in ((operation["message"], ""), (operation["hint"], "hint: ")):
        if said:
            page.say([label, *parts_of(said)], indent=" " * 16)
