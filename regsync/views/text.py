"""Plan and receipt for a terminal. Rendered from the document alone; everything in it is escaped.

One block for each thing, one line for each operation where it fits; what is most serious stands first, and what to do next
stands last, where a terminal shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from regsync.looks.escape import plain
from regsync.views.blocks import Block, blocks, inner_name
from regsync.views.facts import Row, facts
from regsync.views.facts import Tone as FactTone
from regsync.views.flowing import fits, listed, sentence
from regsync.views.sentences import Name, Part, bare, parts_of, pieces
from regsync.views.statements import (
    Statement,
    Tone,
    about_plan,
    hazard_state,
    proof_words,
    what_is_left,
)
from regsync.views.words import (
    LOCK,
    SYMBOLS,
    Effect,
    change,
    destination,
    effect,
    place,
    state_after,
    summary,
    verb,
    versions_on_one_line,
)

Json = dict[str, Any]

MOST_FACTS = 12
"""Facts shown beside one alias that are not declared metrics; the other views show all of them."""

_COLOURS = {Effect.REMOVE: "red", Effect.CHANGE: "yellow", Effect.ADD: "green"}
_FACT_TONES = {FactTone.BETTER: "green", FactTone.WORSE: "yellow", FactTone.BROKEN: "red"}
_TONES = {Tone.GOOD: "green", Tone.PLAIN: None, Tone.MILD: "yellow", Tone.BAD: "red"}
_STATUS_COLOURS = {"done": "green", "skipped": "cyan", "failed": "red", "unknown": "red", "not-attempted": "yellow"}
_QUIET = "bright_black"


class _Page:
    """The lines of a page. Whatever is put on it is escaped; it is coloured, or it is not."""

    def __init__(self, color: bool, width: int | None) -> None:
        self._color = color
        self.width = width
        self.lines: list[str] = []

    def line(self, text: str = "", foreground: str | None = None, *, bold: bool = False) -> None:
        safe = plain(text)
        self.lines.append(click.style(safe, fg=foreground, bold=bold) if self._color and (foreground or bold) else safe)

    def say(
        self, parts: Sequence[Part], foreground: str | None = None, *, indent: str = "", bold: bool = False
    ) -> None:
        for text in sentence(pieces(parts), indent, self.width):
            self.line(text, foreground, bold=bold)

    def items(self, items: Sequence[str], foreground: str | None = None, *, indent: str, separator: str = "; ") -> None:
        for text in listed(items, indent, self.width, separator):
            self.line(text, foreground)

    def statement(self, statement: Statement, *, bold: bool = False) -> None:
        self.say(statement.parts, _TONES[statement.tone], bold=bold)

    def heading(self, text: str) -> None:
        if self.lines and self.lines[-1]:
            self.line()
        self.line(text, bold=True)

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def done(self) -> Iterator[str]:
        """The lines so far but the last, on which it depends how the next heading looks; they are gone from the page then."""
        yield from self.lines[:-1]
        del self.lines[:-1]


def render_plan(document: Json, *, color: bool = False, width: int | None = None, compact: bool = False) -> str:
    """The whole plan. `width`: columns of the terminal; None where lines may be of any length. `compact`: one line an operation."""
    return "\n".join(plan_lines(document, color=color, width=width, compact=compact))


def plan_lines(
    document: Json, *, color: bool = False, width: int | None = None, compact: bool = False
) -> Iterator[str]:
    """The same, line by line: a plan may have millions of them."""
    page = _Page(color, None if compact else width)
    page.line(f"Plan for {destination(document)}", bold=True)
    page.line()
    for block in blocks(document["operations"]):
        _block(page, block, compact=compact)
        yield from page.done()
    if not compact:
        _warnings(page, document)
        _no_longer_managed(page, document)
        _manual(page, document)
        _irrevocable(page, document)
    _hazards(page, document, compact=compact)
    _ending(page, document, compact=compact)
    yield from page.lines


def _block(page: _Page, block: Block, *, compact: bool) -> None:
    if len(block.operations) == 1 or compact:
        for operation in block.operations:
            _operation(page, operation, bare(operation["address"]), "", compact=compact)
        return
    page.line(bare(block.address), bold=True)
    for operation in block.operations:
        _operation(page, operation, bare(name) if (name := inner_name(operation)) else "", "  ", compact=compact)


def _operation(page: _Page, operation: Json, name: str, indent: str, *, compact: bool) -> None:
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
        page.line(f"{inner}({why})", _QUIET)
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


def _on_several_lines(page: _Page, operation: Json, head: str, why: str, indent: str) -> None:
    """What was and what will be, one below the other; nothing of either is broken."""
    kind = effect(operation)
    page.line(head, _COLOURS[kind])
    old, new = change(operation)
    page.line(f"{indent}    {old or new}", _COLOURS[kind])
    if old and new:
        page.line(f"{indent}  → {new}", _COLOURS[kind])
    page.line(f"{indent}    ({why})", _QUIET)


def _change_words(operation: Json) -> str:
    before, after = operation["before"], operation["after"]
    if operation["kind"] == "set-alias" and before and after:
        return versions_on_one_line(before, after)
    return " → ".join(part for part in change(operation) if part)


def _why(operation: Json) -> str:
    reason = operation["reason"]
    where = bare(place(reason))
    return where if reason["text"] == "declared" else f"{reason['text']}, {where}"


def _facts(page: _Page, operation: Json, indent: str) -> None:
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
    page.items(rest, _QUIET, indent=indent)
    for remark in found.remarks:
        page.say([remark], _QUIET, indent=indent)


def _fact(row: Row) -> str:
    sides = " → ".join(bare(side) if isinstance(side, Name) else side for side in (row.old, row.new) if side)
    return f"{row.name if row.own else bare(row.name)} {sides}{f' ({row.note})' if row.note else ''}"


def _warnings(page: _Page, document: Json) -> None:
    if not document["warnings"]:
        return
    from regsync.views.warnings import by_cause

    page.heading("Warnings")
    for warning in by_cause(document["warnings"]):
        where = f"{bare(warning.where)}: " if warning.where else ""
        page.say([where, *parts_of(warning.message), f" [{warning.code}]"], "yellow", indent="  ")
        if warning.more:
            end = ", …" if warning.number > len(warning.more) else ""
            page.say([f"{warning.elsewhere}{', '.join(map(bare, warning.more))}{end}"], indent="    ")
        if warning.hint:
            page.say(["hint: ", *parts_of(warning.hint)], indent="    ")


def _no_longer_managed(page: _Page, document: Json) -> None:
    if not document["no_longer_managed"]:
        return
    from regsync.views.unmanaged import in_brackets, known_from

    page.heading("No longer managed: nothing declares it any more, and it stays as it is")
    for item in document["no_longer_managed"]:
        words = f"{bare(item['address'])}{in_brackets(item)}, {known_from(item)}"
        page.say([f"no longer managed: {words}"], "yellow", indent="  ")
        if item["hint"]:
            page.say(["hint: ", *parts_of(item["hint"])], indent="    ")


def _manual(page: _Page, document: Json) -> None:
    if not document["manual"]:
        return
    page.heading("For a person to do")
    for step in document["manual"]:
        page.say(parts_of(step["text"]), indent="  ")


def _irrevocable(page: _Page, document: Json) -> None:
    lost = document["undo"]["irrevocable"]
    if not lost:
        return
    page.heading("Cannot be taken back")
    for item in lost:
        page.say([f"{bare(item['address'])}: ", *parts_of(item["why"])], indent="  ")


def _hazards(page: _Page, document: Json, *, compact: bool) -> None:
    if not document["hazards"]:
        return
    from regsync.views.consents import given_before, holding

    page.heading("Hazards")
    for hazard in document["hazards"]:
        state = hazard_state(hazard)
        page.say([f"{hazard['name']}: {hazard['count']:,}, ", *state.parts], _TONES[state.tone], indent="  ")
        for message in () if compact else hazard["messages"]:
            page.say(parts_of(message), indent="    ")
        for line in holding(document, hazard):
            page.line(f"    {line}")
        for where in given_before(document, hazard):
            page.line(f"    consent given before this change ({where})", "red", bold=True)
    _missing(page, document)


def _missing(page: _Page, document: Json) -> None:
    """What would allow the hazards that are open, ready to paste: nothing of it is broken."""
    from regsync.views.consents import for_one_run, missing

    options = for_one_run(document)
    if not options:
        return
    asks = missing(document)
    for ask in asks:
        page.line(f"  to allow exactly this, {'add' if ask.extends else 'write'} {ask.where}:")
        page.line(f"    {ask.text}", bold=True)
    page.line(f"  {'or, for one run' if asks else 'to allow exactly this'}: {options}")


def _ending(page: _Page, document: Json, *, compact: bool) -> None:
    if page.lines[-1]:
        page.line()
    if document["operations"]:
        page.line(summary(document), bold=True)
        if not compact:
            page.say([proof_words(document)], _QUIET)
    for statement in [*about_plan(document), *what_is_left(document)]:
        page.statement(statement, bold=statement.tone is Tone.BAD)


def render_statement(statement: Statement, *, color: bool = False, width: int | None = None) -> str:
    """One statement by itself."""
    page = _Page(color, width)
    page.statement(statement)
    return str(page)


def render_receipt(document: Json, *, color: bool = False, width: int | None = None) -> str:
    """What became of every operation, and of the whole."""
    page = _Page(color, width)
    page.line(f"Receipt for {destination(document)}", bold=True)
    page.line()
    for operation in document["operations"]:
        _receipt_line(page, operation)
    if document["operations"]:
        page.line()
    for step in document["manual"]:
        page.say(["For a person to do: ", *parts_of(step["text"])], "yellow")
    numbers = [f"{number} {status}" for status, number in document["summary"].items() if number]
    words = ", ".join(numbers) or "nothing to do"
    page.line(f"Apply {document['result']}: {words}.", "green" if document["result"] == "done" else "red", bold=True)
    state, fine = state_after(document)
    page.say([state], None if fine else "yellow")
    return str(page)


def _receipt_line(page: _Page, operation: Json) -> None:
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
