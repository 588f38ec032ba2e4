"""The backend itself: what `Reader` and `Writer` promise, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Self

from regsync.backends.base import NOTHING_FORESEEN, BackendError, Capabilities, Foreseen, Outcome, Status
from regsync.backends.checkup import Finding, Probed
from regsync.backends.wandb.connection import documents
from regsync.backends.wandb.connection.answers import text, well_formed
from regsync.backends.wandb.connection.fetch import SMALL_PAGE, Fetcher
from regsync.backends.wandb.connection.options import Options
from regsync.backends.wandb.connection.session import Session, connect, has_search_index
from regsync.backends.wandb.connection.transport import ReadOnlyClient, WritingClient
from regsync.backends.wandb.reading import people, resolving
from regsync.backends.wandb.reading.ahead import Ahead
from regsync.backends.wandb.reading.facts import completeness, facts, searching
from regsync.backends.wandb.reading.moves import alias_moves
from regsync.backends.wandb.reading.observing import Reading
from regsync.backends.wandb.writing.performing import Writing
from regsync.core.actions import Action
from regsync.core.live import Destination, Live, Scope, Unresolved, Version, VersionDetails
from regsync.core.moves import AliasMoves, Untold
from regsync.diagnostics import counted
from regsync.names import REGISTRY_PREFIX, Address, ArtifactId, SourceRef

_REGISTRIES_TO_COMPARE = 20
"""`doctor` asks no more registries for their own lists, so that it stays quick."""


class WandbReader:
    """Reads a W&B server. Its client has no way to send a mutation. The first call that needs the server connects."""

    def __init__(self, client: ReadOnlyClient, organization: str | None, options: Options) -> None:
        self._client = client
        self._organization = organization
        self._options = options
        self._session: Session | None = None
        self._made: tuple[Fetcher, Reading] | None = None
        self._ahead: Ahead | None = None

    @property
    def session(self) -> Session:
        """Who the key is, and what the server can do. Raises `BackendError`."""
        if self._session is None:
            self._session = connect(self._client, self._organization)
        return self._session

    @property
    def reading(self) -> Reading:
        """What reads, and what it has learned of the server."""
        return self._parts[1]

    @property
    def _parts(self) -> tuple[Fetcher, Reading]:
        if self._made is None:
            first = None if self.session.instance else SMALL_PAGE
            fetcher = Fetcher(self._client, self.session.organization, self._options, documents.names_optional, first)
            self._made = fetcher, Reading(fetcher, self.session)
        return self._made

    @property
    def client(self) -> ReadOnlyClient:
        """The connection."""
        return self._client

    @property
    def capabilities(self) -> Capabilities:
        """W&B lets nobody but its web app edit the list of protected aliases; regsync's own server does."""
        return Capabilities(
            manages_protected_aliases=self.session.dialect.protected_aliases,
            reads_settle=False,
            batch_size=self._options.mutations_per_document * self._options.documents_of_mutations,
            searches=True,
        )

    def destination(self) -> Destination:
        """Who acts, where. Raises `BackendError`."""
        session = self.session
        return Destination(
            "wandb", self._client.server, session.organization, session.entity, session.user, session.instance
        )

    def registry_names(self) -> list[str]:
        """Every registry of the organization that this key can see, sorted."""
        what = "listing registries"
        nodes = self.reading.fetch(lambda _: [documents.all_registry_names()], what)[0]
        with well_formed(what):
            names = [text(node, "name") for node in nodes]
            return sorted(name.removeprefix(REGISTRY_PREFIX) for name in names if name.startswith(REGISTRY_PREFIX))

    def collection_names(self, registries: Collection[str]) -> dict[str, list[str]]:
        """The collections of these registries that this key can see, by name only, sorted."""
        found: dict[str, list[str]] = {name: [] for name in registries}
        if not found:
            return {}
        what = "listing collections"
        nodes = self.reading.fetch(lambda _: [documents.all_collection_names(found)], what)[0]
        with well_formed(what):
            for node in nodes:
                if node is None or node["project"] is None:
                    continue  # The key may not see it, or where it is.
                registry = text(node["project"], "name").removeprefix(REGISTRY_PREFIX)
                found.setdefault(registry, []).append(text(node, "name"))
        return {name: sorted(each) for name, each in found.items()}

    def unknown_members(self, members: Collection[str]) -> Mapping[str, bool]:
        """Those of these users and teams that are not there, or not shown to this key. Raises `BackendError`."""
        return people.unknown(self.reading, members)

    def observe(self, scope: Scope, *, exactly: bool = False, foreseen: Foreseen = NOTHING_FORESEEN) -> Live:
        """Read all that `scope` names. Raises `BackendError` where any part could not be read in full."""
        self._ahead = None
        ahead = Ahead(self.session, foreseen) if any(foreseen) else None
        live = self.reading.observe(scope, exactly=exactly, beside=ahead)
        self._ahead = ahead
        return live

    def resolve(self, refs: Collection[SourceRef]) -> Mapping[SourceRef, Version | Unresolved]:
        """The version that each reference means now. Raises `BackendError`."""
        known = self._ahead.resolved(refs) if self._ahead else {}
        left = set(refs) - known.keys()
        return {**known, **(resolving.resolve(self.reading, self.session, left) if left else {})}

    def describe(self, artifact_ids: Collection[ArtifactId]) -> Mapping[ArtifactId, VersionDetails]:
        """Evidence about versions; an id that the key may not see is left out. Raises `BackendError`."""
        known = self._ahead.details(artifact_ids) if self._ahead else None
        return resolving.describe(self.reading, artifact_ids) if known is None else known

    def alias_moves(self, addresses: Collection[Address], *, whole: bool = False) -> AliasMoves | Untold:
        """What the server recorded, where it keeps such a record and tells it to this key."""
        known = self._ahead.moves(addresses) if self._ahead and not whole else None
        if known is not None:
            return known
        try:
            return alias_moves(self.reading, self.session, addresses, whole=whole)
        except BackendError as error:
            return Untold(f"{self._client.host} did not tell: {error.message}")

    def facts(self) -> list[Finding]:
        """For `doctor`: the key, what the server can do, and what follows from what it cannot."""
        found = facts(self.session, self.reading.dialect, self._client.credentials.source)
        if not self.session.instance:  # Our own server searches the file itself.
            found += searching(has_search_index(self._client, self.session))
        compared = self._collections_that_searches_miss()
        missed = None if compared is None else self.reading.missed_by_searches + compared
        return found + completeness(missed, self.reading.unseen)

    def _collections_that_searches_miss(self) -> int | None:
        """How many collections the registries that were read list themselves, and a search for all of theirs does not show; None
        where that cannot be compared."""
        names = sorted(self.reading.ids.registries)[:_REGISTRIES_TO_COMPARE]
        try:
            listed = self.reading.listed(names)
            searched = self.collection_names(names)
        except BackendError:
            return None  # Whatever keeps it from being read is told where it is needed.
        if self.reading.searched:
            return None
        return sum(len(found.names - set(searched[name])) for name, found in listed.items())

    def may_write(self, registry: str) -> bool | None:
        """What the server says of a registry that was read with its members; None where it does not say."""
        read_only = self.reading.read_only.get(registry)
        return None if read_only is None else not read_only

    def close(self) -> None:
        """Close the connections. What could not be seen is said now, so that it is said once."""
        if self._made is not None:
            self._made[0].close()
            if unseen := self._made[1].unseen:
                number = counted(unseen, "thing")
                self._client.say(
                    f"{number} in its lists cannot be seen with this key: left alone, and not taken for absent"
                )
            if self._made[1].searched:
                self._client.say("lists what registries hold by search only, and a search may leave something out")
            self._made = None
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class WandbWriter(WandbReader):
    """Reads and writes a W&B server."""

    def __init__(self, client: WritingClient, organization: str | None, options: Options) -> None:
        super().__init__(client, organization, options)
        self._writing_client = client
        self._writing: Writing | None = None

    def close(self) -> None:
        """End what is not under way yet, and close the connections."""
        if self._writing is not None:
            self._writing.close()
        super().close()

    def announce(self, plan_digest: str, commit: str | None) -> None:
        """Name the plan with every mutation from now on. regsync's own server keeps it in its history; others ignore it."""
        self._writing_client.announce(plan_digest, commit)

    def perform(self, actions: Sequence[Action]) -> list[Outcome]:
        """Carry out independent actions, each checked once more right before it is sent. Never raises for an action's failure."""
        self._ahead = None
        try:
            if self._writing is None:
                self._writing = Writing(self._writing_client, self.reading, self.session, self._options)
        except BackendError as error:
            return [Outcome(Status.FAILED, f"not sent: {error.message}", error.hint, fatal=True)] * len(actions)
        return self._writing.perform(actions)

    def probe(self, registry: str, sources: Sequence[SourceRef], stop_requested: Callable[[], bool]) -> Probed:
        """Try every assumption on a throw-away registry, and delete it. Raises `BackendError` where it cannot begin."""
        # Only `doctor` gets here; no other command has to load what it tries.
        from regsync.backends.wandb.writing.bench import Probing
        from regsync.backends.wandb.writing.probing import linked_versions, probe

        if sources:
            found = self.resolve(sources)
            versions = []
            for ref in sources:
                version = found[ref]
                if isinstance(version, Unresolved):
                    raise BackendError(f"{ref}: {version.reason}", version.hint, code="probe-no-source")
                versions.append(version)
            one, other = versions
        else:
            one, other = linked_versions(self.reading, self.registry_names())
        client, page = self._writing_client, self._options.page_size
        return probe(Probing(client, self.reading, self.session, registry, (one, other), stop_requested, page))
