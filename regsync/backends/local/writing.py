"""The backend `local`, writing: what is handed over together is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from regsync.backends.base import BackendError, Outcome, Status
from regsync.backends.local.actions import carry_out
from regsync.backends.local.observing import observe
from regsync.backends.local.reading import OWNER_NAME, LocalReader, the_organization
from regsync.core.actions import Action, ContentAction, LinkVersion
from regsync.core.model import Model
from regsync.core.scope import scope_of_actions
from regsync.core.standing import Is, Standing, standing
from regsync.local.store.accounts import Organization
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Damaged, Refused, RegistryError


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
                organization = the_organization(tx, self._organization)
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
