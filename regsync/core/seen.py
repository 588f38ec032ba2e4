"""How whoever calls may see how far the core is: by handing on, one after the other, what the core goes through."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Seen(Protocol):
    """Hands on all of `things` in their order. `what` is done to them, and `unit` is what they are called, in words for people."""

    def __call__(self, what: str, unit: str, things: Collection[T]) -> Iterable[T]: ...


def unseen(what: str, unit: str, things: Collection[T]) -> Iterable[T]:
    """A `Seen` that nobody watches."""
    return things
