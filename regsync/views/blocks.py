"""The operations of a document in blocks, one for each thing: the same blocks, in the same order, in every view."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from regsync.core.long import Picked
from regsync.slots import NamedTuple
from regsync.views.words import Effect, effect

Json = dict[str, Any]

_EFFECTS = tuple(Effect)
_ON_ALIAS = frozenset({"set-alias", "remove-alias"})


class Block(NamedTuple):
    """What happens to one registry itself, or to one collection. Removals and hazards stand first, then moves of protected aliases.

    `effect`: the most serious thing that happens in it; something with a hazard is as serious as a removal.
    """

    address: str
    operations: Sequence[Json]
    effect: Effect


def blocks(operations: Sequence[Json]) -> list[Block]:
    """The blocks, the most serious first; otherwise in the order of the plan. They look operations up when they are shown."""
    found: dict[str, array[int]] = {}
    ranks = bytearray()
    for number, operation in enumerate(operations):
        found.setdefault(thing(operation), array("L")).append(number)
        ranks.append(_rank(operation))
    made = []
    for address, numbers in found.items():
        ordered = sorted(numbers, key=ranks.__getitem__)
        made.append((ranks[ordered[0]], Block(address, Picked(operations, ordered), _EFFECTS[ranks[ordered[0]] // 2])))
    return [block for _, block in sorted(made, key=itemgetter(0))]


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


def _rank(operation: Json) -> int:
    """Twice the place of its effect, and one more for what is not protected. Additions stay in the order of the plan, which is
    the order in which they make sense.
    """
    serious = _seriousness(operation)
    return 2 * _EFFECTS.index(serious) + (serious is not Effect.ADD and not operation["protected"])
