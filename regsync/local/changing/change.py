"""What all changes have in common, and the same change as a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from regsync.diagnostics import RegsyncError
from regsync.local.store import accounts, registries
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Conflict
from regsync.local.store.registries import Registry
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.load import load_sources
from regsync.manifest.writing.emit import emit
from regsync.slots import NamedTuple

Json = dict[str, Any]


class Place(NamedTuple):
    """A registry by the display name of its organization and by its own name."""

    organization: str
    registry: str

    def get(self, tx: Transaction) -> Registry:
        """The registry. Raises `NotFound`, for one that the actor does not see as well."""
        return registries.get(tx, accounts.organization(tx, self.organization), self.registry)


class Change(Protocol):
    """One thing that a person asks for."""

    @property
    def place(self) -> Place:
        """Which registry it is about."""
        ...

    def carry_out(self, tx: Transaction) -> None:
        """Do it as the transaction's actor. Raises the `Refused` family, and `AsksFirst` where somebody has to agree to a move."""
        ...

    def block(self, tx: Transaction) -> Any:
        """What a manifest says below the registry's name for the same to be so. Raises as `carry_out` does."""
        ...


class AsksFirst(Conflict):
    """Aliases would move from versions that whoever asks has not agreed to take them from. `moves`: each with the index that holds it."""

    def __init__(self, moves: Mapping[str, int]) -> None:
        told = ", ".join(f"{alias} from v{index}" for alias, index in sorted(moves.items()))
        super().__init__(f"this moves {told}")
        self.moves = dict(moves)


def in_git(change: Change, tx: Transaction) -> str:
    """A manifest whose plan makes the same change; "" where no manifest can say it."""
    block = change.block(tx)
    text = emit(
        {
            "apiVersion": "regsync/v1",
            "organization": escaped(change.place.organization),
            "registries": {change.place.registry: block},
        }
    )
    try:
        load_sources([Source("", text.encode("utf-8"), "")])
    except (RegsyncError, UnicodeError):  # A name that manifests do not allow: half a surrogate pair, `${` in a key.
        return ""
    return text


def escaped(text: str) -> str:
    """A value in which nothing is taken for a variable."""
    return text.replace("${", "$${")
