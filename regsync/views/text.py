"""Plan and receipt for a terminal. Rendered from the document alone; everything in it is escaped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from regsync.views.consents import for_one_run, given_before, holding, missing
from regsync.views.escape import plain
from regsync.views.facts import Tone, facts
from regsync.views.words import (
    HEADINGS,
    LOCK,
    SYMBOLS,
    Effect,
    change,
    counted,
    destination,
    effect,
    place,
    state_after,
    summary,
    verb,
)

Json = dict[str, Any]

MOST_FACTS = 12
"""Lines of evidence for one alias; the other views show all of it."""

_COLOURS = {Effect.REMOVE: "red", Effect.CHANGE: "yellow", Effect.ADD: "green"}
_TONES = {Tone.BETTER: "green", Tone.WORSE: "yellow", Tone.BROKEN: "red"}
_STATUS_COLOURS = {"done": "green", "skipped": "cyan", "failed": "red", "unknown": "red", "not-attempted": "yellow"}


class _Paint:
    """Colours text, or does not. Escapes it in any case."""

    def __init__(self, color: bool) -> None:
        self._color = color

    def __call__(self, text: str, foreground: str | None = None, *, bold: bool = False) -> str:
        safe = plain(text)
        return click.style(safe, fg=foreground, bold=bold) if self._color and (foreground or bold) else safe


def render_plan(document: Json, *, color: bool = False) -> str:
    """The whole plan: what it removes first, then what it changes and adds; hazards, steps for a person, and a summary."""
    paint = _Paint(color)
    lines = [paint(f"Plan for {destination(document)}", bold=True), ""]
    lines += _operations(document, paint)
    lines += _warnings(document, paint)
    lines += _manual(document, paint)
    lines += _hazards(document, paint)
    lines += _undo(document, paint)
    lines += _ending(document, paint)
    return "\n".join(lines)


def _operations(document: Json, paint: _Paint) -> Iterator[str]:
    for kind in Effect:
        chosen = [operation for operation in document["operations"] if effect(operation) is kind]
        if not chosen:
            continue
        yield paint(f"{HEADINGS[kind]} ({len(chosen)})", bold=True)
        for operation in chosen:
            yield from _operation(operation, kind, paint)
        yield ""


def _operation(operation: Json, kind: Effect, paint: _Paint) -> Iterator[str]:
    lock = f"{LOCK} " if operation["protected"] else ""
    head = f"  {SYMBOLS[kind]} {verb(operation)} {lock}{operation['address']}"
    yield paint(head, _COLOURS[kind])
    words = " → ".join(part for part in change(operation) if part)
    reason = operation["reason"]
    why = place(reason) if reason["text"] == "declared" else f"{reason['text']}, {place(reason)}"
    yield f"{paint(f'      {words}')} {paint(f'({why})', 'bright_black')}"
    for hazard in operation["hazards"]:
        yield paint(f"      ! {hazard['name']}: {hazard['message']}", "red")
    for note in operation["notes"]:
        yield paint(f"      note: {note}")
    if operation["kind"] == "set-alias":
        yield from _evidence(operation, paint)


def _evidence(operation: Json, paint: _Paint) -> Iterator[str]:
    found = facts(operation)
    if found is None:
        return
    moves = operation["before"] is not None
    rows = found.rows if moves else found.rows[: len(operation["evidence"]["metrics"])]
    for row in rows[:MOST_FACTS]:
        sides = " → ".join(side for side in (row.old, row.new) if side)
        yield paint(f"      {row.name}: {sides}{f' ({row.note})' if row.note else ''}", _TONES.get(row.tone))
    if len(rows) > MOST_FACTS:
        yield paint(f"      and {len(rows) - MOST_FACTS} more facts: regsync show --format html", "bright_black")
    for remark in found.remarks if moves else ():
        yield paint(f"      {remark}", "bright_black")


def _warnings(document: Json, paint: _Paint) -> Iterator[str]:
    if not document["warnings"]:
        return
    yield paint("Warnings", bold=True)
    for warning in document["warnings"]:
        where = f"{warning['file']}:{warning['line']}:{warning['column']}: " if warning["file"] else ""
        yield paint(f"  {where}{warning['message']} [{warning['code']}]", "yellow")
        if warning["hint"]:
            yield paint(f"    hint: {warning['hint']}")
    yield ""


def _manual(document: Json, paint: _Paint) -> Iterator[str]:
    if not document["manual"]:
        return
    yield paint("For a person to do", bold=True)
    for step in document["manual"]:
        yield paint(f"  {step['text']}")
    yield ""


def _hazards(document: Json, paint: _Paint) -> Iterator[str]:
    if not document["hazards"]:
        return
    yield paint("Hazards", bold=True)
    for hazard in document["hazards"]:
        state = "consented to" if hazard["consented"] else f"not consented to: {hazard['open']}"
        yield paint(f"  {hazard['name']}: {hazard['count']}, {state}", "green" if hazard["consented"] else "red")
        for message in hazard["messages"]:
            yield paint(f"    {message}")
        for line in holding(document, hazard):
            yield paint(f"    {line}")
        for where in given_before(document, hazard):
            yield paint(f"    consent given before this change ({where})", "red", bold=True)
    yield from _missing(document, paint)
    yield ""


def _missing(document: Json, paint: _Paint) -> Iterator[str]:
    """What would allow the hazards that are open, ready to paste."""
    options = for_one_run(document)
    if not options:
        return
    asks = missing(document)
    for ask in asks:
        yield paint(f"  to allow exactly this, {'add' if ask.extends else 'write'} {ask.where}:")
        yield paint(f"    {ask.text}", bold=True)
    yield paint(f"  {'or, for one run' if asks else 'to allow exactly this'}: {options}")


def _undo(document: Json, paint: _Paint) -> Iterator[str]:
    lost = document["undo"]["irrevocable"]
    if not lost:
        return
    yield paint("Cannot be taken back", bold=True)
    for item in lost:
        yield paint(f"  {item['address']}: {item['why']}")
    yield ""


def _ending(document: Json, paint: _Paint) -> Iterator[str]:
    if not document["operations"]:
        unchanged = counted(document["unchanged"]["aliases"], "alias", "aliases")
        yield paint(f"No changes. Live is as declared ({unchanged} checked).", "green", bold=True)
    else:
        yield paint(summary(document), bold=True)
        proof = document["proof"]
        yield paint(f"Proof: states {proof['states']}, invariants {proof['invariants']}.")
    if not document["complete"]:
        yield paint("This plan is not complete: --target or --exclude left something out.", "yellow")
    if not document["applyable"]:
        yield paint("This plan is not applyable: nobody consented to its hazards.", "red", bold=True)


def render_receipt(document: Json, *, color: bool = False) -> str:
    """What became of every operation, and of the whole."""
    paint = _Paint(color)
    lines = [paint(f"Receipt for {destination(document)}", bold=True), ""]
    for operation in document["operations"]:
        lines += _receipt_line(operation, paint)
    if document["operations"]:
        lines.append("")
    for step in document["manual"]:
        lines.append(paint(f"For a person to do: {step['text']}", "yellow"))
    parts = [f"{number} {status}" for status, number in document["summary"].items() if number]
    good = document["result"] == "done"
    words = ", ".join(parts) or "nothing to do"
    lines.append(paint(f"Apply {document['result']}: {words}.", "green" if good else "red", bold=True))
    state, fine = state_after(document)
    lines.append(paint(state, None if fine else "yellow"))
    return "\n".join(lines)


def _receipt_line(operation: Json, paint: _Paint) -> Iterator[str]:
    status = operation["status"]
    lock = f"{LOCK} " if operation["protected"] else ""
    what = " → ".join(part for part in change(operation) if part)
    head = paint(f"  {status:<13}", _STATUS_COLOURS[status])
    words = f"{verb(operation)} {lock}{operation['address']}  {what}"
    yield f"{head} {paint(words)}"
    if operation["message"]:
        yield paint(f"                  {operation['message']}")
    if operation["hint"]:
        yield paint(f"                  hint: {operation['hint']}")
