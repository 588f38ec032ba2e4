"""One request's view of the registry: who asks, the transaction that answers, and addresses for files."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from regsync.local.server.addresses import Addresses
from regsync.local.server.budget import Budget
from regsync.local.server.groups import GROUP_SECONDS, Group, leave
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store, Transaction
from regsync.local.store.faults import explained

T = TypeVar("T")


class Session:
    """Reading happens in one transaction, so a query's answer is one consistent state of the registry.

    Mutations of one document share a transaction, each in a savepoint of its own: one that fails takes back nothing but itself,
    and what is read after one is the state that it left. `settle` commits them, and must be called before anything is answered.
    `proof` raises `Unauthorized` where the actor is not, or no longer, who sent the request; each transaction is asked.
    In a `group` the transaction is shared with other requests as well, and it is committed by whoever made the group.
    For one request in one thread; use it as a context manager.
    """

    def __init__(
        self,
        store: Store,
        actor: Actor,
        addresses: Addresses,
        budget: Budget | None = None,
        group: Group | None = None,
        proof: Callable[[Transaction], None] | None = None,
    ) -> None:
        self.budget = budget or Budget()
        self.store = store
        self.actor = actor
        self.addresses = addresses
        self._group = group
        self._proof = proof
        self._open = ExitStack()
        self._tx: Transaction | None = None
        self._group_end = 0.0
        self._changes = 0
        self._lost: Exception | None = None
        self._cache: dict[Hashable, Any] = {}
        self._expected: dict[str, tuple[frozenset[int], Callable[[frozenset[int]], Mapping[int, Any]]]] = {}

    @property
    def tx(self) -> Transaction:
        """The transaction under way; one that reads is begun where there is none."""
        if self._tx is None:
            self.budget.begin_reading()
            if self._group is not None:
                self._tx = self._proven(self._group.enter(self.actor, self.budget.is_spent))
                return self._tx
            tx = self._open.enter_context(self.store.read(self.actor, self.budget.is_spent))
            with explained(self.store.path, self.store.timeout):
                tx.value("SELECT 1 FROM instance")  # the first read is the one that may have to wait for a writer
            self._tx = self._proven(tx)
        return self._tx

    def prove(self) -> None:
        """Ask in a transaction, the first of those that answer, whether the actor is who it is taken for. Raises `Unauthorized`."""
        if self._proof is not None:
            _ = self.tx

    def _proven(self, tx: Transaction) -> Transaction:
        if self._proof is not None:
            self._proof(tx)
        return tx

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A change, kept (once `settle` has committed it) when the block ends and taken back when it raises."""
        group = self._own() if self._group is None else self.tx
        self._forget()
        part = group.savepoint() if self._group is None or self._changes else self._group.first(group)
        try:
            with explained(self.store.path, self.store.timeout), part:
                yield group
        except Exception as error:
            if not group.is_open:  # SQLite has taken all of it back: a full disk, for one.
                self._lost = error if self._changes else None
                self._leave()
            raise
        self._changes += 1

    def _own(self) -> Transaction:
        """The transaction that writes, where there is no group of several requests."""
        if self._tx is None or not self._tx.writing or time.monotonic() > self._group_end:
            self.settle()
            self.budget.begin_reading()
            self._tx = self._proven(self._open.enter_context(self.store.write(self.actor, self.budget.is_spent)))
            self._group_end = time.monotonic() + GROUP_SECONDS
            self._changes = 0
        return self._tx

    def settle(self) -> None:
        """Commit what was written and end what was read. In a group it is committed later, with the rest of the group.

        Raises what kept a change from being committed, then and ever after.
        """
        if self._lost is not None:
            raise self._lost
        self._tx = None
        self._forget()
        try:
            if self._group is not None:
                self._group.keep()
            self._open.close()
        except Exception as error:
            self._lost = error
            raise

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns, made once for a key until the next change. For what many rows of a page share."""
        if key not in self._cache:
            self._cache[key] = make()
        value: T = self._cache[key]
        return value

    def expect(self, kind: str, keys: Iterable[int], load: Callable[[frozenset[int]], Mapping[int, Any]]) -> None:
        """A page has rows that may ask for the things of these keys. The first that does has all of them loaded at once."""
        more, _ = self._expected.get(kind, (frozenset(), load))
        self._expected[kind] = more.union(keys), load

    def one_of(self, kind: str, key: int, make: Callable[[], T]) -> T:
        """What `make` returns for the thing of that key, once as `once`; from what a page has loaded, where it is there."""
        found: Any = self._cache.get((kind, key))
        if found is not None:
            return cast(T, found)
        if (kind, key) not in self._cache and key in self._expected.get(kind, (frozenset(),))[0]:
            keys, load = self._expected.pop(kind)
            for each, loaded in load(keys).items():
                self._cache.setdefault((kind, each), loaded)
        return self.once((kind, key), make)

    def all_of(self, kind: str, keys: Sequence[int], make: Callable[[int], T]) -> list[T]:
        """As `one_of`, for many keys, in their order."""
        if not keys:
            return []
        self.one_of(kind, keys[0], lambda: make(keys[0]))  # Loads what the others need.
        found = [self._cache.get((kind, key)) for key in keys]
        return [
            cast(T, each) if each is not None else self.one_of(kind, key, partial(make, key))
            for key, each in zip(keys, found, strict=True)
        ]

    def knows(self, key: Hashable) -> bool:
        """Whether `once` has made that already."""
        return self._cache.get(key) is not None

    def _forget(self) -> None:
        self._cache.clear()
        self._expected.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What was written and not settled is taken back."""
        self._leave()

    def _leave(self) -> None:
        self._tx = None
        self._forget()
        if self._group is not None:
            self._group.drop()
        leave(self._open)
