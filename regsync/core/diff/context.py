"""What the comparison of one registry shares: what was found so far, and how versions are looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from regsync.core.actions import Action
from regsync.core.desired import HazardName, Kind
from regsync.core.live import LinkKey, LiveCollection, LiveRegistry, Unresolved, Version
from regsync.core.operation import Draft, Hit, Reason
from regsync.diagnostics import Diagnostic, Position, Severity, some
from regsync.names import Address, SourceRef, named
from regsync.slots import NamedTuple, dataclass

DECLARED = "declared"
DECLARED_ABSENT = "declared absent"


class Emptied(NamedTuple):
    """A block that is declared empty while everything unlisted in it is to be removed: where, of which kind, and its hazard."""

    address: Address
    kind: Kind
    hit: Hit


@dataclass(frozen=True, slots=True)
class ManualStep:
    """Something that only a person can do, because the server offers no call for it."""

    address: Address
    text: str


class Matcher:
    """Finds, among the links of one live collection, the one that a reference means."""

    __slots__ = ("_by_source", "_hidden_by_digest", "by_artifact", "collection")

    def __init__(self, collection: LiveCollection | None) -> None:
        links = collection.links.items() if collection else {}.items()
        self.collection = collection
        self.by_artifact = {version.artifact_id: index for index, version in links}
        """The index of each linked artifact."""
        self._by_source = {version.source: index for index, version in links if version.source}
        self._hidden_by_digest = {version.digest: index for index, version in links if not version.source}

    def find(self, ref: SourceRef, digest: str | None) -> int | None:
        """The index of the link to that source version.

        A source alias is never found (it must be resolved): the full names of links end in `:v3`, and no alias looks like
        that. A link whose source the key may not see is found by digest.
        """
        index = self._by_source.get(f"{ref.entity}/{ref.project}/{ref.artifact}:{ref.version}")
        if index is not None:
            return index
        return self._hidden_by_digest.get(digest) if digest is not None else None


@dataclass(slots=True)
class Findings:
    """What the comparison finds: drafts of operations, diagnostics, and steps for a person. Mutable, filled in order."""

    resolved: Mapping[SourceRef, Version | Unresolved]
    begun: frozenset[LinkKey] = frozenset()
    """Links that an interrupted run of the same manifests has made."""
    made: Mapping[LinkKey, int] = field(default_factory=dict)
    """Links that are not in the live state that is compared, because they were taken back, with the index that each has."""
    drafts: list[Draft] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    manual: list[ManualStep] = field(default_factory=list)
    emptied: list[Emptied] = field(default_factory=list)
    """One for each block that is declared empty while everything unlisted in it is to be removed."""

    def draft(
        self,
        action: Action,
        text: str,
        position: Position,
        *,
        hits: tuple[Hit, ...] = (),
        protected: bool = False,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.drafts.append(Draft(action, Reason(text, position), hits, protected, notes))

    def error(
        self, code: str, message: str, position: Position, hint: str | None = None, cause: str | None = None
    ) -> None:
        self.diagnostics.append(Diagnostic(code, message, position, hint, cause=cause))

    def warn(self, code: str, message: str, position: Position, hint: str | None = None) -> None:
        self.diagnostics.append(Diagnostic(code, message, position, hint, Severity.WARNING))


@dataclass(frozen=True, slots=True)
class RegistryContext:
    """The registry that a collection is compared in. `accepted` None: every type; `live` None: it is made by this plan."""

    name: str
    live: LiveRegistry | None
    accepted: frozenset[str] | None
    protected: frozenset[str]
    """Aliases that are protected now, or will be, or (where the list cannot be read) are declared to be."""


def accepts(kind: str, context: RegistryContext, position: Position, findings: Findings) -> bool:
    """Whether the registry takes new links of that type, now or after this plan; an error is recorded where it does not."""
    if context.accepted is None or kind in context.accepted:
        return True
    findings.error(
        "type-not-accepted",
        f"registry {context.name!r} does not accept artifacts of type {kind!r}",
        position,
        f"accepted are {', '.join(sorted(context.accepted)) or 'none'}; add it to `artifact_types`",
    )
    return False


def note_if_emptied(block: object, unlisted: list[str], kind: Kind, address: Address, findings: Findings) -> None:
    """Record the hazard that an empty block would remove everything of its kind."""
    if not block and unlisted:
        message = f"an empty list would remove every {_ONE[kind]} of {named(address)}: {some([named(each) for each in unlisted])}"
        findings.emptied.append(Emptied(address, kind, Hit(HazardName.EMPTY_DESIRED, message, len(unlisted))))


_ONE = {
    Kind.ALIASES: "alias",
    Kind.VERSIONS: "version",
    Kind.TAGS: "tag",
    Kind.MEMBERS: "member",
    Kind.PROTECTED_ALIASES: "protected alias",
    Kind.COLLECTIONS: "collection",
}
