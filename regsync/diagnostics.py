"""Errors and warnings as values: code, severity, position, message, hint. They are collected, sorted and shown together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from regsync.slots import NamedTuple, dataclass


class Severity(StrEnum):
    """An error stops the command; a warning is shown and the command goes on."""

    ERROR = "error"
    WARNING = "warning"


def some(names: Sequence[str]) -> str:
    """The first five names, and how many more there are."""
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """`1 alias`, `2 aliases`: how a message says how many there are."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


class Position(NamedTuple):
    """A place in a file as a person counts: line and column start at 1. Line 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is stable and documented in `docs/diagnostics.md`; `message` says what is wrong, `hint` what to do.

    `cause`: the same in every finding that one and the same thing brought about, such as a team that is not there. Findings
    with the same code and cause are put right together, so people are shown the first of them, and how many more there are.
    """

    code: str
    message: str
    position: Position | None = None
    hint: str | None = None
    severity: Severity = Severity.ERROR
    cause: str | None = None

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.position}: " if self.position else ""
        text = f"{where}{self.severity}: {self.message} [{self.code}]"
        return f"{text}\n    hint: {self.hint}" if self.hint else text


def sort_diagnostics(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By file, line and column; without duplicates."""
    unique = dict.fromkeys(diagnostics)
    return sorted(
        unique,
        key=lambda d: (d.position or Position(""), d.severity is not Severity.ERROR, d.code, d.message),
    )


class RegsyncError(Exception):
    """Anything that ends a command with a message instead of a result.

    `exit_code` is what the command line returns: 1 error, 3 refused for safety, 4 applied in part, 5 stale plan.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None, *, code: str = "error") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


class DiagnosticsError(RegsyncError):
    """One or more errors in what the user wrote (or in how it meets the live registry); all of them, sorted."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = sort_diagnostics(diagnostics)
        errors = sum(d.is_error for d in self.diagnostics)
        super().__init__(f"{errors} error{'s' if errors != 1 else ''}", code="diagnostics")

    def __str__(self) -> str:
        return "\n".join(str(d) for d in self.diagnostics)


class RefusedError(RegsyncError):
    """Refused for safety: a hazard that nobody consented to, or a cap."""

    exit_code = 3


class StalePlanError(RegsyncError):
    """The plan no longer fits what is live, or was not made for this destination, or was changed by hand."""

    exit_code = 5


def did_you_mean(wrong: str, known: Iterable[str]) -> str | None:
    """A hint that names the closest of the `known` words, or all of them where none is close and they are few."""
    import difflib  # Only mistakes need it.

    words = sorted(set(known))
    close = difflib.get_close_matches(wrong, words, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    if words and len(words) <= 12:
        return f"known here: {', '.join(words)}"
    return None
