"""Who sends a request. A key that proved right before is found again without the registry file, which a commit keeps from being read
for as long as the disk takes.

Nobody is believed because of that: the transaction that answers asks for the key again (`Session.prove`), so one that was deleted
meanwhile is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool

from regsync.local.store import identities, keys
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store, Transaction

GUESSES_AT_ONCE = 2
"""Keys that are not known yet and are looked at together: each takes a slow hash."""
_MOST = 4096

Proof = Callable[[Transaction], None]
"""Raises `Unauthorized` in a transaction where an actor is not, or no longer, who sent a key."""


class Caller(NamedTuple):
    """Who sent a request, as far as is known. `proof` is None where the registry file has just been asked."""

    actor: Actor
    proof: Proof | None


class Callers:
    """The keys that can be proved without a slow hash, by their digests."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guesses = CapacityLimiter(GUESSES_AT_ONCE)
        self._known: dict[str, identities.Recalled] = {}

    async def identify(self, key: str) -> Actor:
        """Whose key that is. Raises `Unauthorized`."""
        found = await run_in_threadpool(identities.recall, self._store, key)
        if found is not None:
            if len(self._known) < _MOST:
                self._known[keys.digest(key)] = found
            return found.actor
        return await to_thread.run_sync(identities.identify, self._store, key, limiter=self._guesses)

    async def caller(self, key: str) -> Caller:
        """As `identify`, where the transaction that answers is asked for the `proof`."""
        known = self._known.get(keys.digest(key))
        if known is not None:
            return Caller(known.actor, partial(identities.prove, api_key=key, before=known))
        return Caller(await self.identify(key), None)

    def forget(self, key: str) -> None:
        """The key has turned out to be nobody's."""
        self._known.pop(keys.digest(key), None)
