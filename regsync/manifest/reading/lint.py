"""Checks on what manifests mean together: names that deceive or clash, renames, things wanted and unwanted at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from regsync.alike import alike_key, difference, is_slip, odd_ends
from regsync.core.desired import DesiredAlias, DesiredCollection, DesiredRegistry, DesiredVersion
from regsync.diagnostics import Diagnostic, Position, Severity, did_you_mean
from regsync.manifest.reading.tree import Block, key_position
from regsync.names import Alias, VersionRef, suspicious_characters, wildcard_problem

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*")
"""Names about which nothing can be said, which is nearly all of them."""


class Findings:
    """Collects errors and warnings."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def error(self, code: str, message: str, where: Position, hint: str | None) -> None:
        self.diagnostics.append(Diagnostic(code, message, where, hint))

    def warning(self, code: str, message: str, where: Position, hint: str | None) -> None:
        self.diagnostics.append(Diagnostic(code, message, where, hint, Severity.WARNING))

    def name(self, text: str, where: Position) -> None:
        """Warn about a name or version that could deceive a reader; one that is meant as a pattern is an error."""
        if _PLAIN.fullmatch(text):
            return
        if text and (problem := wildcard_problem(text)):
            self.error("bad-name", f"`{text}` {problem}", where, "write one entry for each name, or delete this one")
        problem = (None if text.isascii() else suspicious_characters(text)) or odd_ends(text)
        if problem:
            hint = "type the name anew, if it was not meant like that"
            self.warning("suspicious-name", f"{text!r} {problem}", where, hint)


def has_similar(names: Collection[str]) -> bool:
    """Whether people take some of these names, which are all different, for one another."""
    return len(set(map(alike_key, names))) < len(names)


def similar_names(names: Iterable[tuple[str, Position]], noun: str, findings: Findings) -> None:
    """Warn about names that people take for one another: that differ in case, spaces, dashes, quotes or look-alike letters."""
    there = list(names)
    if not has_similar({name for name, _ in there}):
        return
    first: dict[str, tuple[str, Position]] = {}
    for name, where in there:
        other, before = first.setdefault(alike_key(name), (name, where))
        if other != name:
            message = f"the {noun} `{other}` (at {before}) and `{name}` {difference(other, name)}"
            findings.warning("similar-names", message, where, "check that both are meant")


def unguarded(registry: DesiredRegistry, findings: Findings) -> None:
    """Warn about aliases that are almost called as a protected one is, and so are not protected."""
    listed = {alias: item for alias, item in (registry.protected_aliases or {}).items() if not item.absent}
    by_key = {alike_key(alias): alias for alias in listed}
    done = set(listed)
    for collection in (registry.collections or {}).values():
        aliases = collection.aliases or {}
        if done.issuperset(aliases):
            continue
        for name, alias in aliases.items():
            guarded = (by_key.get(alike_key(name)) or _slip_for(name, listed)) if name not in done else None
            if guarded is None:
                done.add(name)
            elif alias.ref is not None:
                done.add(name)
                how = difference(guarded, name)
                message = f"`{name}` is not protected: the protected alias is `{guarded}` ({listed[guarded].origin}), and the two {how}"
                findings.warning(
                    "similar-names", message, alias.origin, "write both alike, if they are meant to be one"
                )


def _slip_for(name: Alias, listed: Iterable[Alias]) -> Alias | None:
    """The protected alias that one slip of the finger makes of this one."""
    return next((each for each in listed if is_slip(name, each)), None)


def strangers(base: Mapping[str, Any], top: Mapping[str, Any], findings: Findings) -> None:
    """Warn about registries and collections of an overlay that nothing below declares, where that looks like a slip.

    A collection without a type cannot be made, so the overlay means one that is there; or one below is called almost like it.
    """
    below, above = base.get("registries"), top.get("registries")
    if not isinstance(below, Block) or not isinstance(above, Block):
        return
    _strangers("registry", below, above, findings)
    for name, block in above.items():
        under = below.get(name)
        if isinstance(block, Block) and isinstance(under, Block):
            mine, theirs = under.get("collections"), block.get("collections")
            if isinstance(mine, Block) and isinstance(theirs, Block):
                _strangers("collection", mine, theirs, findings)


def _strangers(noun: str, below: Block, above: Block, findings: Findings) -> None:
    for name, block in above.items():
        if name in below or not below or not isinstance(block, Block) or block.get("previously"):
            continue
        guess = did_you_mean(name, below)
        close = bool(guess and guess.startswith("did you mean"))
        if close or (noun == "collection" and "type" not in block):
            message = f"the {noun} `{name}` is in this overlay only; nothing that it is laid upon declares it"
            hint = guess if close else "check the name; one that is to be made needs a type"
            findings.warning("overlay-only", message, key_position(above, name), hint)


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
