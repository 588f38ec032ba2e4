"""Checks on what manifests mean together: names that deceive or clash, renames, things wanted and unwanted at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from regsync.core.desired import DesiredAlias, DesiredCollection, DesiredRegistry, DesiredVersion
from regsync.diagnostics import Diagnostic, Position, Severity
from regsync.names import VersionRef, suspicious_characters


class Findings:
    """Collects errors and warnings."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def error(self, code: str, message: str, where: Position, hint: str | None) -> None:
        self.diagnostics.append(Diagnostic(code, message, where, hint))

    def warning(self, code: str, message: str, where: Position, hint: str | None) -> None:
        self.diagnostics.append(Diagnostic(code, message, where, hint, Severity.WARNING))

    def name(self, text: str, where: Position) -> None:
        """Warn about a name or version that could deceive a reader."""
        if not text.isascii() and (problem := suspicious_characters(text)):
            hint = "type the name anew, if it was not meant like that"
            self.warning("suspicious-name", f"{text!r} {problem}", where, hint)


def similar_names(things: Mapping[Any, DesiredRegistry | DesiredCollection], noun: str, findings: Findings) -> None:
    """Warn about names that differ in upper and lower case only: people and some file systems mix them up."""
    first: dict[str, DesiredRegistry | DesiredCollection] = {}
    for thing in sorted(things.values(), key=lambda each: each.origin):
        other = first.setdefault(thing.name.casefold(), thing)
        if other is not thing:
            message = f"the {noun} `{other.name}` (at {other.origin}) and `{thing.name}` differ in case only"
            findings.warning("similar-names", message, thing.origin, "check that both are meant")


def renames(things: Mapping[Any, DesiredRegistry | DesiredCollection], noun: str, findings: Findings) -> None:
    """Report each `previously` that cannot be followed: itself, a thing that is declared, a name that two things claim."""
    claimed: dict[str, Position] = {}
    for name, (before, where) in sorted(
        (name, former) for name, thing in things.items() for former in thing.previously
    ):
        if before == name:
            hint = "delete the line, or write the name that it had before"
            findings.error("previously-itself", f"`{name}` was not called `{name}` before", where, hint)
        elif before in things:
            other = things[before]
            message = f"the {noun} `{before}` is still declared at {other.origin}, so it cannot have become `{name}`"
            hint = f"delete `{before}` there if it was renamed, or delete this line if it was not"
            findings.error("previously-declared", message, where, hint)
        elif before in claimed:
            message = f"`{before}` cannot have become two things: it is claimed at {claimed[before]} as well"
            findings.error("previously-twice", message, where, "keep one of them")
        else:
            claimed[before] = where


def contradictions(versions: Sequence[DesiredVersion], aliases: Mapping[Any, DesiredAlias], findings: Findings) -> None:
    """Report each alias that points at a version that the same collection wants unlinked."""
    gone: dict[VersionRef, DesiredVersion] = {version.ref: version for version in versions if version.absent}
    if not gone:
        return
    for name, alias in aliases.items():
        if alias.ref in gone:
            message = f"`{name}` points at {alias.ref}, which is `absent` at {gone[alias.ref].origin}"
            hint = "point the alias at another version, or keep this one"
            findings.error("contradiction", message, alias.origin, hint)
