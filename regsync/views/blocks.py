"""The operations of a document in blocks, one for each thing: the same blocks, in the same order, in every view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from regsync.views.words import Effect, effect

Json = dict[str, Any]

_ON_ALIAS = frozenset({"set-alias", "remove-alias"})


class Block(NamedTuple):
    """What happens to one registry itself, or to one collection. Removals and hazards stand first, then moves of protected aliases."""

    address: str
    operations: tuple[Json, ...]

    @property
    def effect(self) -> Effect:
        """The most serious thing that happens in it; something with a hazard is as serious as a removal."""
        return min((_seriousness(operation) for operation in self.operations), key=list(Effect).index)


def blocks(operations: Iterable[Json]) -> list[Block]:
    """The blocks, the most serious first; otherwise in the order of the plan."""
    found: dict[str, list[Json]] = {}
    for operation in operations:
        found.setdefault(thing(operation), []).append(operation)
    made = [Block(address, tuple(sorted(inside, key=_rank))) for address, inside in found.items()]
    return sorted(made, key=lambda block: _rank(block.operations[0]))


def grouped(found: Sequence[Block]) -> list[tuple[Effect, list[Block]]]:
    """The blocks by their most serious effect; kinds without a block are left out."""
    groups = [(kind, [block for block in found if block.effect is kind]) for kind in Effect]
    return [(kind, inside) for kind, inside in groups if inside]


def thing(operation: Json) -> str:
    """The registry or the collection that the operation is about."""
    address: str = operation["address"]
    return address.rpartition(":")[0] if operation["kind"] in _ON_ALIAS else address


def inner_name(operation: Json) -> str:
    """What the operation is about inside of its block: an alias; "" where it is the block's own thing."""
    address: str = operation["address"]
    return address.rpartition(":")[2] if operation["kind"] in _ON_ALIAS else ""


def _seriousness(operation: Json) -> Effect:
    return Effect.REMOVE if operation["hazards"] else effect(operation)


def _rank(operation: Json) -> tuple[int, bool]:
    """Additions stay in the order of the plan, which is the order in which they make sense."""
    serious = _seriousness(operation)
    return list(Effect).index(serious), serious is not Effect.ADD and not operation["protected"]
