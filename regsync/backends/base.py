"""The protocol between the planner, the executor and a registry. Each backend speaks it; nothing above knows more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from regsync.core.actions import Action
from regsync.core.live import Destination, Live, Scope, Unresolved, Version, VersionDetails
from regsync.diagnostics import RegsyncError
from regsync.names import Address, ArtifactId, SourceRef
from regsync.slots import NamedTuple, dataclass

if TYPE_CHECKING:
    from regsync.core.moves import AliasMoves, Untold

Notify = Callable[[str], None]
"""Shows a wait (a retry, a rate limit) to whoever is watching."""


class BackendError(RegsyncError):
    """The registry could not be read or written: the message says which request failed, the hint what to do."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do. The planner plans within it; `doctor` shows it."""

    manages_protected_aliases: bool
    """False: the list of protected aliases can be neither read nor set; the plan asks a person to do it."""
    reads_settle: bool
    """True: what a read does not show was not carried out, and never will be. False: a request whose answer was lost may lie
    about somewhere and be carried out after the read."""
    batch_size: int
    """How many independent operations the executor may hand to one `perform` call."""
    searches: bool = False
    """Much is read by searches, whose index may lag behind what was written; `observe` with `exactly` looks things up one by one."""


class Status(StrEnum):
    """How an operation stands. The words of the receipt."""

    DONE = "done"
    SKIPPED = "skipped"
    """Its result was already there; nothing was sent."""
    FAILED = "failed"
    """Refused, and proven not to have been carried out."""
    UNKNOWN = "unknown"
    """Sent, and no answer came: it may or may not have been carried out. Settled by reading again."""
    NOT_ATTEMPTED = "not-attempted"


class Outcome(NamedTuple):
    """What became of one operation. `stale`: its precondition no longer held, so nothing was sent (status FAILED).

    `fatal`: no later operation can succeed either (credentials refused, server gone), so the executor stops.
    """

    status: Status
    message: str | None = None
    hint: str | None = None
    linked_index: int | None = None
    """For a link: the index it was given."""
    stale: bool = False
    fatal: bool = False
    promised: bool = False
    """Status DONE, but for good only when a later operation of the plan has been carried out: after a crash, read again."""


class Foreseen(NamedTuple):
    """What is likely to be asked after a read. `addresses`: of aliases, for `alias_moves`."""

    refs: Collection[SourceRef] = ()
    artifact_ids: Collection[ArtifactId] = ()
    addresses: Collection[Address] = ()


NOTHING_FORESEEN = Foreseen()


class Reader(Protocol):
    """Reads a registry. An object that is only a Reader cannot write: it has no way to send a mutation."""

    @property
    def capabilities(self) -> Capabilities: ...

    def destination(self) -> Destination:
        """Who acts, where. Raises `BackendError` (unreachable, wrong key, no such organization)."""
        ...

    def registry_names(self) -> list[str]:
        """Every registry of the organization that this key can see, sorted."""
        ...

    def collection_names(self, registries: Collection[str]) -> dict[str, list[str]]:
        """The collections of these registries that this key can see, by name only, sorted; nothing is asked for none."""
        ...

    def unknown_members(self, members: Collection[str]) -> Mapping[str, bool]:
        """Those of these users and teams (`team:NAME`) that are not there, or not shown to this key; nothing is asked for none.

        True: it is certain, because an admin of the organization is shown everybody. Where the server tells this key of no users,
        none: nothing is known then.
        """
        ...

    def observe(self, scope: Scope, *, exactly: bool = False, foreseen: Foreseen = NOTHING_FORESEEN) -> Live:
        """Read all that `scope` names. Raises `BackendError` where any part could not be read in full.

        `exactly`: each thing that the scope names is looked up by its name, where `capabilities.searches`. `foreseen`: may be asked
        in the same requests, and answers `resolve`, `describe` and `alias_moves` until the next read or write. Nothing else comes of
        it: what it does not bring is asked when it is wanted, and no read fails for it.
        """
        ...

    def resolve(self, refs: Collection[SourceRef]) -> Mapping[SourceRef, Version | Unresolved]:
        """The version that each reference means now. The answer has every reference as a key."""
        ...

    def describe(self, artifact_ids: Collection[ArtifactId]) -> Mapping[ArtifactId, VersionDetails]:
        """Evidence about versions; an id that the key may not see is left out."""
        ...

    def alias_moves(self, addresses: Collection[Address], *, whole: bool = False) -> AliasMoves | Untold:
        """Who moved these aliases (and all aliases of these collections), as the registry recorded it; for people to read.

        `latest` is told only where it is asked for by name. Not `whole`: at most a page for each address, the newest moves in
        it or nothing, so that it costs little. Never raises: what a server does not tell, or fails to tell, is `Untold`.
        """
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Writer(Reader, Protocol):
    """Reads and writes a registry."""

    def announce(self, plan_digest: str, commit: str | None) -> None:
        """What is performed from now on carries out this plan, made from manifests of that Git commit. For the registry's own
        history, where it keeps one that can hold this; never a condition of anything."""
        ...

    def perform(self, actions: Sequence[Action]) -> list[Outcome]:
        """Carry out independent actions (at most `capabilities.batch_size`), each checked once more right before it is sent.

        Where one of them turns out to be stale, none of the others is begun any more: they come back as NOT_ATTEMPTED.
        Returns one outcome an action, in order; never raises for an action's own failure.
        """
        ...
