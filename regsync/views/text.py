"""Plan and receipt for a terminal. Rendered from the document alone; everything in it is escaped.

What is most serious stands first, and what to do next stands last, where a terminal shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from regsync.views.sentences import bare, parts_of
from regsync.views.statements import Statement, Tone, about_plan, hazard_state, proof_words, what_is_left
from regsync.views.terminal import QUIET, TONES, Page
from regsync.views.words import destination, state_after, summary

Json = dict[str, Any]


def render_plan(document: Json, *, color: bool = False, width: int | None = None, compact: bool = False) -> str:
    """The whole plan. `width`: columns of the terminal; None where lines may be of any length. `compact`: one line an operation."""
    return "\n".join(plan_lines(document, color=color, width=width, compact=compact))


def plan_lines(
    document: Json, *, color: bool = False, width: int | None = None, compact: bool = False
) -> Iterator[str]:
    """The same, line by line: a plan may have millions of them."""
    page = Page(color, None if compact else width)
    page.line(f"Plan for {destination(document)}", bold=True)
    page.line()
    if document["operations"]:
        from regsync.views.operation_text import show_operations

        yield from show_operations(page, document["operations"], compact=compact)
    if not compact:
        _warnings(page, document)
        _no_longer_managed(page, document)
        _manual(page, document)
        _irrevocable(page, document)
    _hazards(page, document, compact=compact)
    _ending(page, document, compact=compact)
    yield from page.lines


def _warnings(page: Page, document: Json) -> None:
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


def _no_longer_managed(page: Page, document: Json) -> None:
    if not document["no_longer_managed"]:
        return
    from regsync.views.unmanaged import in_brackets, known_from

    page.heading("No longer managed: nothing declares it any more, and it stays as it is")
    for item in document["no_longer_managed"]:
        words = f"{bare(item['address'])}{in_brackets(item)}, {known_from(item)}"
        page.say([f"no longer managed: {words}"], "yellow", indent="  ")
        if item["hint"]:
            page.say(["hint: ", *parts_of(item["hint"])], indent="    ")


def _manual(page: Page, document: Json) -> None:
    if not document["manual"]:
        return
    page.heading("For a person to do")
    for step in document["manual"]:
        page.say(parts_of(step["text"]), indent="  ")


def _irrevocable(page: Page, document: Json) -> None:
    lost = document["undo"]["irrevocable"]
    if not lost:
        return
    page.heading("Cannot be taken back")
    for item in lost:
        page.say([f"{bare(item['address'])}: ", *parts_of(item["why"])], indent="  ")


def _hazards(page: Page, document: Json, *, compact: bool) -> None:
    if not document["hazards"]:
        return
    from regsync.views.consents import given_before, holding

    page.heading("Hazards")
    for hazard in document["hazards"]:
        state = hazard_state(hazard)
        page.say([f"{hazard['name']}: {hazard['count']:,}, ", *state.parts], TONES[state.tone], indent="  ")
        for message in () if compact else hazard["messages"]:
            page.say(parts_of(message), indent="    ")
        for line in holding(document, hazard):
            page.line(f"    {line}")
        for where in given_before(document, hazard):
            page.line(f"    consent given before this change ({where})", "red", bold=True)
    _missing(page, document)


def _missing(page: Page, document: Json) -> None:
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


def _ending(page: Page, document: Json, *, compact: bool) -> None:
    if page.lines[-1]:
        page.line()
    if document["operations"]:
        page.line(summary(document), bold=True)
        if not compact:
            page.say([proof_words(document)], QUIET)
    for statement in [*about_plan(document), *what_is_left(document)]:
        page.statement(statement, bold=statement.tone is Tone.BAD)


def render_statement(statement: Statement, *, color: bool = False, width: int | None = None) -> str:
    """One statement by itself."""
    page = Page(color, width)
    page.statement(statement)
    return str(page)


def render_receipt(document: Json, *, color: bool = False, width: int | None = None) -> str:
    """What became of every operation, and of the whole."""
    page = Page(color, width)
    page.line(f"Receipt for {destination(document)}", bold=True)
    page.line()
    from regsync.views.operation_text import show_outcome

    for operation in document["operations"]:
        show_outcome(page, operation)
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
