"""Long lists of a document, of which only what somebody looks at is in memory: the operations of a plan of a million bindings.

A `Long` stands where JSON has a list, and is read like one. Nobody may change what it gives: it may be given again, or made anew.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, NoReturn, TypeVar, overload

Json = dict[str, Any]
T = TypeVar("T")

PIECE = 256
"""Items of a `Packed` list that are unpacked together."""
_KEPT = 32
"""Pieces that stay unpacked: a view goes along several places of a plan at once."""


WRITTEN = 10_000
"""Most items of a `Told` list of which the text is kept once it is written: some megabytes."""


class Long(Sequence[Any]):
    """Equal to every list or `Long` of equal items, as a list of them would be."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment] # As lists have none.

    @abstractmethod
    def _item(self, number: int) -> Any: ...

    @overload
    def __getitem__(self, at: int) -> Any: ...

    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...

    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [self._item(number) for number in range(*at.indices(len(self)))]
        number = at + len(self) if at < 0 else at
        if not 0 <= number < len(self):
            raise IndexError(at)
        return self._item(number)

    def __iter__(self) -> Iterator[Any]:
        return (self._item(number) for number in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list | Long):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"


class Told(Long, Generic[T]):
    """What `tell` says of each of `things`. It must say the same whenever it is asked."""

    __slots__ = ("_tell", "_things", "_written")

    def __init__(self, things: Sequence[T], tell: Callable[[T], Json]) -> None:
        self._things, self._tell = things, tell
        self._written: dict[tuple[int, int], str] | None = {} if len(things) <= WRITTEN else None

    def written(self, start: int, end: int, write: Callable[[list[Any]], str]) -> str:
        """What `write` makes of these items. It must always be the same function: a text is digested, and then it is saved."""
        if self._written is None:
            return write(self[start:end])
        if (start, end) not in self._written:
            self._written[start, end] = write(self[start:end])
        return self._written[start, end]

    def __len__(self) -> int:
        return len(self._things)

    def _item(self, number: int) -> Json:
        return self._tell(self._things[number])

    def __iter__(self) -> Iterator[Json]:
        return map(self._tell, self._things)


class Picked(Long):
    """Some items of a list, by number, in an order of their own."""

    __slots__ = ("_numbers", "_whole")

    def __init__(self, whole: Sequence[Any], numbers: Iterable[int]) -> None:
        self._whole, self._numbers = whole, array("L", numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def _item(self, number: int) -> Any:
        return self._whole[self._numbers[number]]


class Packed(Long):
    """Items that are kept as JSON text. `pieces`: lists of JSON in UTF-8, each but the last of `PIECE` items; they have been read
    once, so that they are known to be JSON."""

    __slots__ = ("_length", "_open", "_pieces")

    def __init__(self, pieces: Sequence[bytes], length: int) -> None:
        self._pieces, self._length = pieces, length
        self._open: OrderedDict[int, list[Any]] = OrderedDict()

    def __len__(self) -> int:
        return self._length

    def _item(self, number: int) -> Any:
        which, inside = divmod(number, PIECE)
        found = self._open.get(which)
        if found is None:
            found = self._open[which] = json.loads(self._pieces[which])
            if len(self._open) > _KEPT:
                self._open.popitem(last=False)
        else:
            self._open.move_to_end(which)
        return found[inside]

    def __iter__(self) -> Iterator[Any]:
        for piece in self._pieces:
            yield from json.loads(piece)


def as_list(value: object) -> list[Any]:
    """For encoders of JSON, which know lists only (`default=as_list`)."""
    if isinstance(value, Long):
        return list(value)
    return _unknown(value)


def _unknown(value: object) -> NoReturn:
    raise TypeError(f"a {type(value).__name__} has no place in JSON")
