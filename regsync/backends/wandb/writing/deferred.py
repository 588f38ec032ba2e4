"""Collections that the server can only make by their first link.

W&B's published client has no call for an empty collection; the one that regsync tries was in the schema of 2023. Where
the server does not know it, a new collection is remembered, its first link makes it, and its description and tags
follow at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from regsync.backends.base import Outcome, Status
from regsync.backends.wandb.connection.documents import project_name
from regsync.backends.wandb.writing import mutations as m
from regsync.core import actions as a
from regsync.core.live import LiveCollection, LiveRegistry
from regsync.names import MAX_TAGS_PER_CALL

MADE_LATER = "this server makes a collection with its first link; until then it is not there"
SET_LATER = "this server makes the collection with its first link; then this is set"
Key = tuple[str, str]
"""Registry and collection."""


@dataclass(slots=True)
class _Promise:
    type: str
    description: str | None
    tags: list[str] = field(default_factory=list)


class Deferred:
    """The collections that were promised. `needed`: the server cannot make empty ones."""

    def __init__(self) -> None:
        self.needed = False
        self._promises: dict[Key, _Promise] = {}
        self._absent: set[Key] = set()

    def pretend(self, registries: Mapping[str, LiveRegistry]) -> None:
        """Add the promised collections that are not there yet to what was read, empty as they will be."""
        for (registry, name), promise in self._promises.items():
            live = registries.get(registry)
            if live is None:
                continue
            self._absent.discard((registry, name))
            if name not in live.collections:
                self._absent.add((registry, name))
                tags = frozenset(promise.tags)
                live.collections[name] = LiveCollection(name, promise.type, promise.description, tags)

    def take(self, action: a.Action) -> Outcome | None:
        """Promise what an action asks for, if it has to wait for the first link; None where it is to be sent."""
        if isinstance(action, a.CreateCollection) and self.needed:
            key = action.registry, action.collection
            self._promises[key] = _Promise(action.type, action.description)
            self._absent.add(key)
            return Outcome(Status.DONE, MADE_LATER, promised=True)
        if isinstance(action, a.AddTags) and (action.registry, action.collection) in self._absent:
            self._promises[action.registry, action.collection].tags += action.tags
            return Outcome(Status.DONE, SET_LATER, promised=True)
        return None

    def due(self, links: Collection[Key]) -> list[Key]:
        """Of the collections that now have a link, those that were promised something that is not set yet."""
        due = [key for key in dict.fromkeys(links) if key in self._promises]
        for key in due:
            self._absent.discard(key)
            promise = self._promises[key]
            if promise.description is None and not promise.tags:
                del self._promises[key]
        return [key for key in due if key in self._promises]

    def redeem(self, key: Key, entity: str, collection_id: str) -> list[m.Mutation]:
        """What sets the description and the tags that a collection was promised. It is promised nothing afterwards."""
        promise = self._promises.pop(key)
        batch = []
        if promise.description is not None:
            given = {"artifactPortfolioID": collection_id, "description": promise.description}
            batch.append(m.Mutation(m.UPDATE_COLLECTION, given))
        registry, collection = key
        place = {"entityName": entity, "projectName": project_name(registry), "artifactCollectionName": collection}
        for start in range(0, len(promise.tags), MAX_TAGS_PER_CALL):
            tags = [{"tagName": tag} for tag in promise.tags[start : start + MAX_TAGS_PER_CALL]]
            batch.append(m.Mutation(m.ADD_TAGS, {**place, "tags": tags}))
        return batch
