"""Everything that a document can ask of the server: the object behind Query and Mutation."""

from __future__ import annotations

from typing import Any

from regsync.local.server.mutations.collections import CollectionMutations
from regsync.local.server.mutations.linking import LinkMutations
from regsync.local.server.mutations.logging import ArtifactMutations
from regsync.local.server.mutations.people import PeopleMutations
from regsync.local.server.mutations.queues import QueueMutations
from regsync.local.server.mutations.registry import RegistryMutations
from regsync.local.server.mutations.runs import RunMutations
from regsync.local.server.query import Queries
from regsync.local.server.session import Session
from regsync.local.server.showing import all_shown, shown
from regsync.slots import dataclass


@dataclass(frozen=True, slots=True)
class Root(
    Queries,
    RegistryMutations,
    CollectionMutations,
    LinkMutations,
    ArtifactMutations,
    RunMutations,
    PeopleMutations,
    QueueMutations,
):
    """The fields of Query and of Mutation, for one request."""

    session: Session

    def shown(self, value: Any) -> Any:
        """What the engine puts in the place of a field's value: for a record of the store, its node."""
        return shown(self.session, value)

    def all_shown(self, values: list[Any]) -> list[Any]:
        """As `shown`, for a field's values of many rows."""
        return all_shown(self.session, values)
