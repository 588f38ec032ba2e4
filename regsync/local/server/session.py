"""One request's view of the registry: who asks, the transaction that answers, and addresses for files."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from regsync.local.server.addresses import Addresses
from regsync.local.server.budget import Budget
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store, Transaction
from regsync.local.store.faults import explained

T = TypeVar("T")


class Session:
    """Reading happens in one transaction, so a query's answer is one consistent state of the registry.

    A mutation closes it, changes the registry in a transaction of its own, and what is read afterwards is the state
    that it left. For one request in one thread; use it as a context manager.
    """

    def __init__(self, store: Store, actor: Actor, addresses: Addresses, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self.store = store
        self.actor = actor
        self.addresses = addresses
        self._reading = ExitStack()
        self._tx: Transaction | None = None
        self._cache: dict[Hashable, Any] = {}

    @property
    def tx(self) -> Transaction:
        """The transaction under way; one that reads is begun where there is none."""
        if self._tx is None:
            self.budget.begin_reading()
            tx = self._reading.enter_context(self.store.read(self.actor, self.budget.is_spent))
            with explained(self.store.path, self.store.timeout):
                tx.value("SELECT 1 FROM instance")  # the first read is the one that may have to wait for a writer
            self._tx = tx
        return self._tx

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A change, kept when the block ends and taken back when it raises."""
        self._release()
        self.budget.begin_reading()
        with self.store.write(self.actor, self.budget.is_spent) as tx:
            yield tx

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns, made once for a key until the next change. For what many rows of a page share."""
        if key not in self._cache:
            self._cache[key] = make()
        value: T = self._cache[key]
        return value

    def knows(self, key: Hashable) -> bool:
        """Whether `once` has made that already."""
        return self._cache.get(key) is not None

    def _release(self) -> None:
        self._reading.close()
        self._tx = None
        self._cache.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()
