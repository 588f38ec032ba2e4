"""Diagnostics for people (text, coloured where wanted) and for tools (JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from regsync.diagnostics import Diagnostic, Severity, counted
from regsync.looks.escape import plain

_RESET = "\x1b[0m"
_BOLD = "\x1b[1m"
_DIM = "\x1b[2m"
_COLORS = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m"}

_MOST_PLACES = 3
"""Further places of one cause that are named; the others are only counted."""


def render_diagnostics(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """One finding a line, its hint below, and then the other places where the same cause shows.

    What users wrote is shown harmless: no escape codes, no invisible characters.
    """
    return "\n".join(f"{_one(first, color)}{_places(more)}" for first, *more in _by_cause(diagnostics))


def _by_cause(diagnostics: Iterable[Diagnostic]) -> list[list[Diagnostic]]:
    """The findings in their order; those of one code and cause, and warnings in the same words, are with the first of them."""
    groups: dict[object, list[Diagnostic]] = {}
    for number, each in enumerate(diagnostics):
        cause = each.cause or (number if each.is_error else f"{each.message} {each.hint}")
        key = (each.severity, each.code, cause)
        groups.setdefault(key, []).append(each)
    return list(groups.values())


def _places(more: Sequence[Diagnostic]) -> str:
    places = [plain(str(each.position)) for each in more if each.position]
    if not places:
        return ""
    end = ", …" if len(places) > _MOST_PLACES else ""
    return f"\n    and {counted(len(places), 'more place')}: {', '.join(places[:_MOST_PLACES])}{end}"


def _one(diagnostic: Diagnostic, color: bool) -> str:
    where = f"{plain(str(diagnostic.position))}: " if diagnostic.position else ""
    severity, message = diagnostic.severity.value, plain(diagnostic.message)
    hint = f"\n    hint: {plain(diagnostic.hint)}" if diagnostic.hint else ""
    code = f"[{diagnostic.code}]"
    if color:
        where = f"{_BOLD}{where}{_RESET}" if where else ""
        severity = f"{_COLORS[diagnostic.severity]}{severity}{_RESET}"
        code = f"{_DIM}{code}{_RESET}"
    return f"{where}{severity}: {message} {code}{hint}"


def diagnostics_json(diagnostics: Iterable[Diagnostic]) -> str:
    """A list of objects with code, severity, message, hint, file, line and column; line 0 is the file as a whole."""
    return json.dumps([_object(each) for each in diagnostics], indent=2) + "\n"


def _object(diagnostic: Diagnostic) -> dict[str, Any]:
    where = diagnostic.position
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "file": where.file if where else None,
        "line": where.line if where else None,
        "column": where.column if where else None,
    }
