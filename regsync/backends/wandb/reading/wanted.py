"""What is to be read."""

from __future__ import annotations

from dataclasses import dataclass

from regsync.core.live import Scope


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read: settings of `registries`, with the members of those in `members`; whole registries; the named
    collections, with their links (`linked`) or without (`bare`)."""

    registries: frozenset[str]
    members: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    linked: frozenset[tuple[str, str]] = frozenset()
    bare: frozenset[tuple[str, str]] = frozenset()


def wanted_of(scope: Scope) -> Wanted:
    """What a scope needs."""
    return Wanted(
        frozenset(scope),
        frozenset(name for name, each in scope.items() if each.members),
        frozenset(name for name, each in scope.items() if each.collections is None),
        frozenset((name, collection) for name, each in scope.items() for collection in each.collections or ()),
    )
