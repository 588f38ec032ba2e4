"""What is linked in collections that were read in full, so that they need not be read in full before each link.

Where a server tells the index that the next link of a collection gets (regsync's own does, and never gives one twice), a collection
that still has its id and that index holds no link which it did not hold when it was read, but for those that were made here.
"""

from __future__ import annotations

from regsync.backends.base import Outcome, Status
from regsync.core import actions as a
from regsync.core.live import LiveCollection
from regsync.slots import NamedTuple

Key = tuple[str, str]
"""Registry and collection."""


class _Known(NamedTuple):
    """`artifacts`: the ids of all that is linked, and perhaps of some that is not any more."""

    id: str
    next_index: int
    artifacts: set[str]


class Linked:
    """What is known of collections, by registry and name."""

    def __init__(self) -> None:
        self._known: dict[Key, _Known] = {}

    def read(self, key: Key, id_: str | None, live: LiveCollection) -> None:
        """A collection was read in full."""
        self.forget(key)
        if id_ is not None and live.next_index is not None and live.unseen == 0:
            artifacts = {version.artifact_id for version in live.links.values()}
            self._known[key] = _Known(id_, live.next_index, artifacts)

    def is_new(self, action: a.LinkVersion) -> bool:
        """Whether that version was not linked in the collection when it was read in full, nor by what was done here since."""
        known = self._known.get((action.registry, action.collection))
        return known is not None and action.version.artifact_id not in known.artifacts

    def holds(self, key: Key, id_: str | None, live: LiveCollection) -> bool:
        """Whether a collection that was read now, without its links, is as far as it is known."""
        known = self._known.get(key)
        return known is not None and (id_, live.next_index) == (known.id, known.next_index)

    def made(self, action: a.LinkVersion, outcome: Outcome | None) -> None:
        """A link was sent. Nothing is known of its collection any more, unless the answer says that it got the index that was next."""
        key = action.registry, action.collection
        known = self._known.pop(key, None)
        done = outcome is not None and outcome.status is Status.DONE
        if known is not None and done and outcome is not None and outcome.linked_index == known.next_index:
            known.artifacts.add(action.version.artifact_id)
            self._known[key] = known._replace(next_index=known.next_index + 1)

    def forget(self, key: Key) -> None:
        """Nothing is known of it any more."""
        self._known.pop(key, None)
