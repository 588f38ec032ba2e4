"""Plan: what would be done, where, on what evidence, and whether it may be. Frozen; every view is rendered from its document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from regsync.core.actions import Json
from regsync.core.desired import Consents
from regsync.core.diff import ManualStep
from regsync.core.live import Destination, LinkKey, Scope
from regsync.core.operation import Operation
from regsync.diagnostics import Diagnostic
from regsync.names import Address
from regsync.slots import NamedTuple, dataclass

if TYPE_CHECKING:
    from regsync.core.consent import Ask, Given
    from regsync.core.hazards import Hazard
    from regsync.core.moves import MovedByHand
    from regsync.core.proof import Proof
    from regsync.core.undo import Irrevocable
    from regsync.core.unmanaged import NoLonger


class ManifestInfo(NamedTuple):
    """Which manifests a plan was made from: a digest over all of them, each file's own, and the Git commit if known."""

    digest: str
    files: tuple[tuple[str, str], ...]
    commit: str | None


class ReadInfo(NamedTuple):
    """What was read: the scope, how much it was, and a fingerprint for every part, by address."""

    scope: Scope
    complete: bool
    pages: int
    items: int
    fingerprints: Mapping[str, str]


class Shard(NamedTuple):
    """The part `number`, counted from 1, of `of` parts."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def parse_shard(text: str) -> Shard:
    """Read `2/4`. Raises `ValueError` with the end of a sentence."""
    found = re.fullmatch(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", text)
    if found is None:
        raise ValueError("is not of the form I/N, as in 2/4: part 2 of 4")
    number, of = int(found[1]), int(found[2])
    if number > of:
        raise ValueError(f"names part {number} of {of}: parts are counted from 1 to {of}")
    return Shard(number, of)


class Selection(NamedTuple):
    """How `--target`, `--exclude`, `--shard` and `--allow` narrowed or widened this plan."""

    targets: tuple[Address, ...] = ()
    excludes: tuple[Address, ...] = ()
    allow: Consents = MappingProxyType({})
    shard: Shard | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all that the manifests declare is in it."""
        return not self.targets and not self.excludes and self.shard is None


EVERYTHING: Final = Selection()
"""All that is declared, with no consent but the manifests' own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The reviewed thing. `applyable` says that no hazard is open; it does not say that it still fits what is live.

    `complete` says that all that the manifests declare is in it, and that it rests on complete reads.
    """

    destination: Destination
    manifest: ManifestInfo
    read: ReadInfo
    selection: Selection
    operations: tuple[Operation, ...]
    hazards: tuple[Hazard, ...]
    manual: tuple[ManualStep, ...]
    warnings: tuple[Diagnostic, ...]
    owned: Mapping[str, Any]
    consents: tuple[Given, ...]
    missing_consents: tuple[Ask, ...]
    """What to write into the manifests to allow what is open; nothing for the plan of an undo, which has none."""
    unchanged: Json
    undo: tuple[Operation, ...]
    irrevocable: tuple[Irrevocable, ...]
    proof: Proof
    moved_by_hand: tuple[MovedByHand, ...] = ()
    """Moves outside of Git that operations meet, where that could be known; for the reader, nothing rests on it."""
    desired: Mapping[str, Any] | None = None
    """What the manifests declare of it, as one manifest, so that the same can be planned again; None for the plan of an undo."""
    no_longer_managed: tuple[NoLonger, ...] = ()
    """What the manifests managed before and is live; for readers only, nothing is decided from it."""
    undoes: str | None = None
    """The digest of the receipt that this plan takes back, for a plan made by `undo`."""
    reviewed: str | None = None
    """The digest of the document that was reviewed, where this is not quite that any more: another user takes the plan over, or
    links get other indices than when it was made. Not part of the document."""
    begun: frozenset[LinkKey] = frozenset()
    """Links that an interrupted run of the same manifests had made when this plan was. Not part of the document."""

    @property
    def complete(self) -> bool:
        return self.read.complete and self.selection.is_whole

    @property
    def applyable(self) -> bool:
        return all(hazard.consented for hazard in self.hazards)
