"""Moves of aliases as the registry itself recorded them: when, who, from which version to which.

Evidence for people. No operation and no removal may rest on it: a server may keep no such record, or not all of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from regsync.names import Address
from regsync.slots import NamedTuple, dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """What an alias pointed at. A part that is not told is "" or None; `index` is the number of the link in the collection."""

    artifact_id: str
    source: str
    index: int | None = None

    def __str__(self) -> str:
        return f"v{self.index}" if self.index is not None else self.source or "a version that is gone"


class AliasMove(NamedTuple):
    """One change of one alias. `before` None: it was not set; `after` None: it was taken off.

    `address` is what the alias is called today, also where its registry or collection had another name then. `at` is RFC 3339,
    UTC, by the registry's clock. `by` is a user name, "" where the registry does not tell.
    """

    address: Address
    at: str
    by: str
    before: Held | None
    after: Held | None


class MovedByHand(NamedTuple):
    """Somebody moved the alias of an operation outside of Git, and the operation meets that.

    `by` and `at` are "" where no registry told. `since_apply`: a receipt shows what the last apply left there; otherwise the
    registry's record alone shows that the operation puts back the last move, which may have been an apply's.
    """

    operation: str
    address: Address
    before: Held | None
    after: Held | None
    by: str
    at: str
    since_apply: bool


class Moved(StrEnum):
    """Which side differs from what the last apply saw."""

    LIVE = "live"
    MANIFEST = "manifest"
    BOTH = "both"
    UNKNOWN = "unknown"


class Untold(NamedTuple):
    """The registry does not tell who moved what. `reason` is a whole sentence without its full stop."""

    reason: str


AliasMoves = Mapping[Address, Sequence[AliasMove]]
"""By alias, each oldest first. An alias that is not in it was never moved, or is one that the registry tells nothing of."""


def named(user: str) -> str:
    """A user's name; in quotes unless it is one plain word, so that it cannot go on with our sentence."""
    return user if re.fullmatch(r"[\w.@-]+(:owner)?", user) else repr(user)
