"""The backend `local`, reading: the embedded registry as the owner of its file sees it, without a server in between.

The same things over HTTP, as a user with a role, are the backend `wandb` and `regsync local serve`. What only changes and
questions need is loaded where there are some: most plans are made to see that there is nothing to do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from regsync.backends.base import NOTHING_FORESEEN, BackendError, Capabilities, Foreseen
from regsync.backends.local.observing import observe
from regsync.core.live import Destination, Live, Scope, Unresolved, Version, VersionDetails
from regsync.local.store import access, accounts, bulk, registries
from regsync.local.store.accounts import Organization
from regsync.local.store.actor import OWNER, Actor
from regsync.local.store.database import DEFAULT_TIMEOUT, Store, Transaction, open_store
from regsync.local.store.errors import RegistryError
from regsync.names import TEAM_PREFIX, Address, ArtifactId, Role, SourceRef

if TYPE_CHECKING:
    from regsync.core.moves import AliasMoves, Untold

OWNER_NAME = "local:owner"
"""Who acts where the organization has no admin yet. No user can have this name, because of the colon."""
_CAPABILITIES = Capabilities(manages_protected_aliases=True, reads_settle=True, batch_size=500)


class LocalReader:
    """Reads a registry file. Its connection is in SQLite's `query_only` mode, so it cannot write."""

    _writes = False

    def __init__(self, file: Path, organization: str | None = None, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Open the file. `organization`: the display name; None for the only one there is. Raises `BackendError`."""
        with _explained():
            self._store: Store = open_store(file, timeout=timeout, read_only=not self._writes)
        self._organization = organization
        self._actor: Actor | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Everything can be managed here; 500 operations go into one transaction."""
        return _CAPABILITIES

    def destination(self) -> Destination:
        """The file, and the instance id that it was made with: another file at the same path is another destination."""
        with self._read() as (tx, organization):
            instance = tx.value("SELECT uuid FROM instance")
            url = f"local:{self._store.path.resolve()}"
            user = tx.actor.name or OWNER_NAME
            return Destination("local", url, organization.name, organization.entity, user, instance)

    def registry_names(self) -> list[str]:
        """Every registry of the organization, sorted."""
        with self._read() as (tx, organization):
            return sorted(registry.name for registry in registries.visible(tx, organization))

    def collection_names(self, registries_: Collection[str]) -> dict[str, list[str]]:
        """The collections of these registries, by name only, sorted."""
        if not registries_:
            return {}
        with self._read() as (tx, organization):
            found = {name: registries.find(tx, organization, name) for name in registries_}
            return {
                name: sorted(row.name for row in bulk.collections(tx, each, None)) if each else []
                for name, each in found.items()
            }

    def unknown_members(self, members: Collection[str]) -> Mapping[str, bool]:
        """Those of these users and teams (`team:NAME`) that are not there, or not shown to this user; an admin sees everybody."""
        if not members:
            return {}
        from regsync.local.store import seen

        with self._read() as (tx, organization):
            users = {user.name for user in seen.users(tx, None)}
            teams = {TEAM_PREFIX + team.name for team in accounts.teams(tx, organization) if seen.entity(tx, team.name)}
            certain = access.organization_role(tx, organization.id) is Role.ADMIN
            return dict.fromkeys(frozenset(members) - users - teams, certain)

    def observe(self, scope: Scope, *, exactly: bool = False, foreseen: Foreseen = NOTHING_FORESEEN) -> Live:
        """Read all that `scope` names, at one moment."""
        with self._read() as (tx, organization):
            return observe(tx, organization, scope)

    def resolve(self, refs: Collection[SourceRef]) -> Mapping[SourceRef, Version | Unresolved]:
        """The version that each reference means now, or why there is none that could be linked."""
        from regsync.backends.local.resolving import resolve

        with self._read() as (tx, organization):
            return resolve(tx, organization, refs)

    def describe(self, artifact_ids: Collection[ArtifactId]) -> Mapping[ArtifactId, VersionDetails]:
        """Metadata, size, time to live and run of versions; deleted ones are left out."""
        from regsync.backends.local.resolving import describe

        with self._read() as (tx, _):
            return describe(tx, artifact_ids)

    def alias_moves(self, addresses: Collection[Address], *, whole: bool = False) -> AliasMoves | Untold:
        """From the event history, which has every move; all of it costs one look."""
        from regsync.backends.local.moves import alias_moves
        from regsync.core.moves import Untold

        try:
            with self._read() as (tx, organization):
                return alias_moves(tx, organization, addresses, OWNER_NAME)
        except BackendError as error:
            return Untold(f"the registry file did not tell: {error.message}")

    @contextmanager
    def _read(self) -> Iterator[tuple[Transaction, Organization]]:
        with _explained(), self._store.read(self._owner()) as tx:
            yield tx, the_organization(tx, self._organization)

    def _owner(self) -> Actor:
        """Without a key, whoever can open the file acts as its owner: the organization's first admin."""
        if self._actor is None:
            with self._store.read(OWNER) as tx:
                self._actor = _first_admin(tx, the_organization(tx, self._organization))
        return self._actor

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def the_organization(tx: Transaction, name: str | None) -> Organization:
    """The organization of that display name; with None, the only one. Raises `BackendError` where there is not one only."""
    if name is not None:
        return accounts.organization(tx, name)
    known = accounts.organizations(tx)
    if len(known) == 1:
        return known[0]
    if not known:
        raise BackendError("this registry has no organization", "regsync local init --org NAME", code="no-organization")
    names = ", ".join(organization.name for organization in known)
    raise BackendError(
        f"this registry has {len(known)} organizations: {names}",
        "say which with `organization:` in the manifest, or --organization",
        code="which-organization",
    )


def _first_admin(tx: Transaction, organization: Organization) -> Actor:
    """The admin of the organization who was added first; the file's owner, who is no user, where there is none."""
    row = tx.one(
        """SELECT u.id, u.name FROM organization_members m JOIN users u ON u.id = m.user_id
           WHERE m.organization_id = ? AND m.role = 'admin' ORDER BY u.id LIMIT 1""",
        organization.id,
    )
    return OWNER if row is None else Actor(row["id"], row["name"])


# Errors --------------------------------------------------------------------------------------------------------------


@contextmanager
def _explained() -> Iterator[None]:
    """Raise `BackendError` in place of the store's own errors, with the same words."""
    try:
        yield
    except RegistryError as error:
        code = re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()
        raise BackendError(str(error), error.hint, code=code) from error
