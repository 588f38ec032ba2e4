"""Who sends a request. A key that proved right before is found again without the registry file, which a commit keeps from being read
for as long as the disk takes.

Nobody is believed because of that: the transaction that answers asks for the key again (`Session.prove`), so one that was deleted
meanwhile is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool

from regsync.local.store import identities, keys
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store, Transaction
from regsync.slots import NamedTuple

GUESSES_AT_ONCE = 2
"""Keys that are not known yet and are looked at together: each takes a slow hash."""
_MOST = 4096

Proof = Callable[[Transaction], None]
"""Raises `Unauthorized` in a transaction where an actor is not, or no longer, who sent a key."""


class Caller(NamedTuple):
    """Who sent a request, as far as is known, until the `proof` has said so."""

    actor: Actor
    proof: Proof


class Callers:
    """The keys that can be proved without a slow hash, by their digests."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guesses = CapacityLimiter(GUESSES_AT_ONCE)
        self._known: dict[str, identities.Recalled] = {}

    async def identify(self, key: str) -> Actor:
        """Whose key that is. Raises `Unauthorized`."""
        return (await self._found(key)).actor

    async def caller(self, key: str) -> Caller:
        """As `identify`, with what the transaction that answers is asked: a body may take its time, and the key be deleted meanwhile."""
        found = self._known.get(keys.digest(key)) or await self._found(key)
        return Caller(found.actor, partial(identities.prove, api_key=key, before=found))

    async def _found(self, key: str) -> identities.Recalled:
        found = await run_in_threadpool(identities.recall, self._store, key)
        if found is None:
            return await to_thread.run_sync(identities.identify, self._store, key, limiter=self._guesses)
        if len(self._known) < _MOST:
            self._known[keys.digest(key)] = found
        return found

    def forget(self, key: str) -> None:
        """The key has turned out to be nobody's."""
        self._known.pop(keys.digest(key), None)
