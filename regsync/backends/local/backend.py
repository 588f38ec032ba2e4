"""The backend `local`: the embedded registry, read and written directly as the owner of its file.

The same things over HTTP, as a user with a role, are the backend `wandb` and `regsync local serve`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from json import loads
from math import ceil
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Self, assert_never

from regsync.backends.base import BackendError, Capabilities, Outcome, Status
from regsync.backends.local.actions import carry_out
from regsync.backends.local.observing import observe
from regsync.backends.local.resolving import is_in_registry, linked_version, resolved
from regsync.core.actions import Action, ContentAction, LinkVersion
from regsync.core.live import (
    Destination,
    Live,
    Scope,
    Unresolved,
    Version,
    VersionDetails,
)
from regsync.core.model import Model
from regsync.core.moves import AliasMove, AliasMoves, Held, Untold
from regsync.core.scope import scope_of_actions
from regsync.core.standing import Is, Standing, standing
from regsync.local.store import access, accounts, bulk, ids, moves, registries, seen
from regsync.local.store.accounts import Organization
from regsync.local.store.actor import OWNER, Actor
from regsync.local.store.database import DEFAULT_TIMEOUT, Store, Transaction, open_store
from regsync.local.store.errors import Damaged, Refused, RegistryError
from regsync.names import TEAM_PREFIX, Address, ArtifactId, Role, SourceRef

OWNER_NAME = "local:owner"
"""Who acts where the organization has no admin yet. No user can have this name, because of the colon."""
_SECONDS_A_DAY = 24 * 60 * 60
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
        with self._read() as (tx, organization):
            users = {user.name for user in seen.users(tx, None)}
            teams = {TEAM_PREFIX + team.name for team in accounts.teams(tx, organization) if seen.entity(tx, team.name)}
            certain = access.organization_role(tx, organization.id) is Role.ADMIN
            return dict.fromkeys(frozenset(members) - users - teams, certain)

    def observe(self, scope: Scope, *, exactly: bool = False) -> Live:
        """Read all that `scope` names, at one moment."""
        with self._read() as (tx, organization):
            return observe(tx, organization, scope)

    def resolve(self, refs: Collection[SourceRef]) -> Mapping[SourceRef, Version | Unresolved]:
        """The version that each reference means now, or why there is none that could be linked."""
        with self._read() as (tx, organization):
            linked = {ref for ref in refs if is_in_registry(ref, organization)}
            rows = bulk.sources(tx, [ref for ref in refs if ref not in linked])
            found = {ref: resolved(tx, organization, ref, row) for ref, row in rows.items()}
            return found | {ref: linked_version(tx, organization, ref) for ref in linked}

    def describe(self, artifact_ids: Collection[ArtifactId]) -> Mapping[ArtifactId, VersionDetails]:
        """Metadata, size, time to live and run of versions; deleted ones are left out."""
        with self._read() as (tx, _):
            keys = {ids.decode(text, ids.Kind.ARTIFACT): text for text in artifact_ids}
            found = bulk.details(tx, keys)
            inputs = {
                run: tuple(source for _, source in group)
                for run, group in groupby(
                    bulk.run_inputs(tx, (row.run_id for row in found if row.run_id is not None)), itemgetter(0)
                )
            }
            return {
                keys[row.artifact]: VersionDetails(
                    metadata=loads(row.metadata),
                    size=row.size,
                    created_at=row.created_at,
                    run=row.run,
                    commit=row.commit,
                    ttl_days=ceil(row.ttl_seconds / _SECONDS_A_DAY) if row.ttl_seconds else None,
                    inputs=None if row.run_id is None else inputs.get(row.run_id, ()),
                )
                for row in found
            }

    def alias_moves(self, addresses: Collection[Address], *, whole: bool = False) -> AliasMoves | Untold:
        """From the event history, which has every move; all of it costs one look."""
        found: dict[Address, list[AliasMove]] = {}
        try:
            with self._read() as (tx, organization):
                wanted = [(f"{each.registry}/{each.collection}", each.alias) for each in addresses if each.collection]
                for move in moves.of_aliases(tx, organization.name, wanted):
                    registry, _, collection = move.collection.partition("/")
                    address = Address(registry, collection, move.alias)
                    told = AliasMove(address, move.at, move.actor or OWNER_NAME, _held(move.before), _held(move.after))
                    found.setdefault(address, []).append(told)
        except BackendError as error:
            return Untold(f"the registry file did not tell: {error.message}")
        return found

    @contextmanager
    def _read(self) -> Iterator[tuple[Transaction, Organization]]:
        with _explained(), self._store.read(self._owner()) as tx:
            yield tx, _organization(tx, self._organization)

    def _owner(self) -> Actor:
        """Without a key, whoever can open the file acts as its owner: the organization's first admin."""
        if self._actor is None:
            with self._store.read(OWNER) as tx:
                self._actor = _first_admin(tx, _organization(tx, self._organization))
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


class LocalWriter(LocalReader):
    """Reads and writes a registry file."""

    _writes = True
    _plan = _commit = ""

    def announce(self, plan_digest: str, commit: str | None) -> None:
        """Keep with each event from now on by which plan it was made."""
        self._plan, self._commit = plan_digest, commit or ""

    def perform(self, actions: Sequence[Action]) -> list[Outcome]:
        """Carry out actions in one transaction, each on its own savepoint and checked against what is there right then.

        Nobody else can write in between. If one of them is stale, or the file itself fails, none of them is done.
        """
        try:
            with self._store.write(replace(self._owner(), plan=self._plan, commit=self._commit)) as tx:
                organization = _organization(tx, self._organization)
                model = Model(observe(tx, organization, scope_of_actions(actions)), tx.actor.name or OWNER_NAME)
                found = [standing(action, model.registries) for action in actions]
                if any(each.state is Is.MOVED for each in found):
                    return [_not_done(*pair, model) for pair in zip(actions, found, strict=True)]
                tx.settled = all(isinstance(action, ContentAction) for action in actions)
                return [_perform(tx, organization, model, action) for action in actions]
        except Damaged as error:
            return [Outcome(Status.UNKNOWN, str(error), error.hint, fatal=True)] * len(actions)
        except (RegistryError, BackendError) as error:
            return [Outcome(Status.FAILED, str(error), error.hint, fatal=True)] * len(actions)


def _not_done(action: Action, found: Standing, model: Model) -> Outcome:
    """What becomes of an action in a batch of which one is stale: nobody may write who knows that the plan has been overtaken."""
    match found.state:
        case Is.DONE:
            return Outcome(Status.SKIPPED, linked_index=_linked_index(model, action))
        case Is.MOVED:
            return Outcome(Status.FAILED, f"{action.address}: {found.found}", "plan again", stale=True)
        case Is.PENDING:
            return Outcome(Status.NOT_ATTEMPTED, "something else that was to be done with it is stale")
        case _:
            assert_never(found.state)


def _perform(tx: Transaction, organization: Organization, model: Model, action: Action) -> Outcome:
    found = standing(action, model.registries)
    if found.state is not Is.PENDING:
        return _not_done(action, found, model)
    try:
        with tx.savepoint():
            linked = carry_out(tx, organization, action)
    except Refused as error:
        return Outcome(Status.FAILED, str(error), error.hint)
    model.apply(action)
    return Outcome(Status.DONE, linked_index=linked)


def _linked_index(model: Model, action: Action) -> int | None:
    if not isinstance(action, LinkVersion):
        return None
    return model.collection(action.registry, action.collection).index_of(action.version.artifact_id)


def _organization(tx: Transaction, name: str | None) -> Organization:
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


def _held(place: moves.Place | None) -> Held | None:
    if place is None:
        return None
    known = "" if place.artifact is None else ids.encode(ids.Kind.ARTIFACT, place.artifact)
    return Held(known, place.source, place.index)


# Errors --------------------------------------------------------------------------------------------------------------


@contextmanager
def _explained() -> Iterator[None]:
    """Raise `BackendError` in place of the store's own errors, with the same words."""
    try:
        yield
    except RegistryError as error:
        code = re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()
        raise BackendError(str(error), error.hint, code=code) from error
