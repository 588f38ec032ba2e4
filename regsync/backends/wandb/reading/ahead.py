"""What will be asked next, asked in the requests of a read: as many answers in fewer round trips."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from regsync.backends.base import BackendError, Foreseen
from regsync.backends.wandb.connection.answers import well_formed
from regsync.backends.wandb.connection.documents import Dialect
from regsync.backends.wandb.connection.fetch import Part
from regsync.backends.wandb.connection.session import Session
from regsync.backends.wandb.reading import moves, resolving
from regsync.core.live import Unresolved, Version, VersionDetails
from regsync.core.moves import AliasMoves, Untold
from regsync.names import Address, ArtifactId, SourceRef


class Ahead:
    """What is foreseen for one read, and what came with it. Whatever did not come, or not in good form, is left to be asked."""

    def __init__(self, session: Session, foreseen: Foreseen) -> None:
        self._session = session
        self._refs = frozenset(foreseen.refs)
        self._ids = resolving.told_ids(foreseen.artifact_ids)
        self._addresses = sorted({each for each in foreseen.addresses if each.alias is not None})
        self._resolved: Mapping[SourceRef, Version | Unresolved] = {}
        self._described: frozenset[ArtifactId] = frozenset()
        self._details: Mapping[ArtifactId, VersionDetails] = {}
        self._moved: frozenset[Address] = frozenset()
        self._moves: AliasMoves = {}
        self._lost: str | None = None

    def parts(self, dialect: Dialect) -> list[Part]:
        """What to ask beside the read."""
        return [
            *(replace(part, aside="sources") for part in resolving.source_parts(self._session, self._refs, dialect)),
            *(replace(part, aside="versions") for part in resolving.detail_parts(self._ids, dialect)),
            *(replace(part, aside="moves") for part in moves.parts(self._session, self._addresses, 1, dialect)),
        ]

    def take(self, answers: Sequence[Any], dialect: Dialect) -> None:
        """Keep the answers to `parts` in that dialect."""
        first = len(resolving.source_parts(self._session, self._refs, dialect))
        second = first + len(self._ids)
        with suppress(BackendError), well_formed(resolving.SOURCES):
            self._resolved = resolving.sources_in(self._session, self._refs, answers[:first])
        with suppress(BackendError), well_formed(resolving.DETAILS):
            self._details = resolving.details_in(self._ids, answers[first:second])
            self._described = frozenset(self._ids)
        if dialect.alias_history:
            with suppress(BackendError), well_formed(moves.WHAT):
                self._moves = moves.moves_in(self._addresses, answers[second:], whole=False)
                self._moved = frozenset(self._addresses)

    def lose(self, error: BackendError) -> None:
        """No answer came with the read. Who moved aliases is not worth another wait until the deadline."""
        self._lost = error.message

    def resolved(self, refs: Collection[SourceRef]) -> dict[SourceRef, Version | Unresolved]:
        """What came of these references."""
        return {ref: self._resolved[ref] for ref in refs if ref in self._resolved}

    def details(self, artifact_ids: Collection[ArtifactId]) -> Mapping[ArtifactId, VersionDetails] | None:
        """What is known of these versions; None where it has to be asked."""
        if not self._described or not self._described.issuperset(resolving.told_ids(artifact_ids)):
            return None
        return {id_: self._details[id_] for id_ in artifact_ids if id_ in self._details}

    def moves(self, addresses: Collection[Address]) -> AliasMoves | Untold | None:
        """Who moved these aliases; None where it has to be asked."""
        if self._lost is not None and set(addresses) <= {*self._addresses}:
            return Untold(f"it was asked with a read, and no answer came: {self._lost}")
        if not self._moved or not self._moved.issuperset(addresses):
            return None
        return {address: self._moves[address] for address in addresses if address in self._moves}
