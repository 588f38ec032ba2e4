"""Whether a decoded plan makes sense as a whole. A digest says that nobody changed a plan by accident; it is no signature,
so whoever can write a plan file can write a fitting digest. Nothing of such a plan may be carried out by half.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from regsync.core import actions as a
from regsync.core.actions import Action
from regsync.core.desired import HazardName
from regsync.core.hazards import Hazard
from regsync.core.operation import Operation

_PLAN_WIDE = frozenset({HazardName.MASS_CHANGE, HazardName.EMPTY_DESIRED})
"""Hazards that no single operation carries."""


def check_operations(operations: Sequence[Operation]) -> None:
    """Raise `ValueError` or `TypeError` where operations could not have come from a planner.

    Ids are unique, an operation depends on earlier ones only, and every value has its type.
    """
    known: set[str] = set()
    for operation in operations:
        _check_types(operation)
        _check_action(operation.action)
        if operation.id in known:
            raise ValueError(f"two operations are called {operation.id}")
        unknown = [name for name in operation.depends_on if name not in known]
        if unknown:
            raise ValueError(f"{operation.id} depends on {unknown[0]}, which does not come before it")
        known.add(operation.id)


def check_hazards(operations: Sequence[Operation], hazards: Sequence[Hazard]) -> None:
    """Raise `ValueError` where the summary of hazards leaves something out that the operations carry, or adds up wrongly."""
    carried = Counter[HazardName]()
    for operation in operations:
        needed = _needed(operation.action)
        if needed and needed.isdisjoint(hit.name for hit in operation.hits):
            raise ValueError(f"{operation.id} ({operation.action.kind}) does not carry the hazard {min(needed)}")
        for hit in operation.hits:
            carried[hit.name] += hit.weight
    summed = {hazard.name: hazard for hazard in hazards}
    if len(summed) != len(hazards):
        raise ValueError("a hazard is listed twice")
    for hazard in hazards:
        _check_types(hazard)
        if not 0 <= hazard.open <= hazard.count:
            raise ValueError(f"hazard {hazard.name}: {hazard.open} of {hazard.count} are open")
        if hazard.count < carried[hazard.name] or (hazard.name not in _PLAN_WIDE and not carried[hazard.name]):
            raise ValueError(
                f"hazard {hazard.name}: {hazard.count} listed, {carried[hazard.name]} carried by operations"
            )
    missing = carried.keys() - summed.keys()
    if missing:
        raise ValueError(f"hazard {min(missing)} is carried by an operation and not listed")


def _needed(action: Action) -> frozenset[HazardName]:
    """The hazards of which every planner gives at least one to such an action; none: it needs no consent."""
    match action:
        case a.RemoveAlias():
            return frozenset({HazardName.REMOVE_ALIAS, HazardName.REMOVE_PROTECTED_ALIAS})
        case a.UnprotectAlias():
            return frozenset({HazardName.REMOVE_PROTECTED_ALIAS})
        case a.UnlinkVersion():
            return frozenset({HazardName.UNLINK_VERSION})
        case a.DeleteCollection():
            return frozenset({HazardName.DELETE_COLLECTION})
        case a.DeleteRegistry():
            return frozenset({HazardName.DELETE_REGISTRY})
        case a.AllowArtifactTypes():
            return frozenset({HazardName.IRREVERSIBLE})
        case a.UpdateRegistry() if action.old_visibility is not action.new_visibility:
            return frozenset({HazardName.IRREVERSIBLE})
        case _:
            return frozenset()


def _check_types(value: Operation | Hazard) -> None:
    kind: Any = type(value)
    for name, check in _fields(kind, ""):
        if name not in {"action", "evidence"}:
            check(getattr(value, name))
    if isinstance(value, Operation):
        for hit in value.hits:
            if hit.weight < 1:
                raise ValueError(f"{value.id} carries a hazard of weight {hit.weight}")


def _check_action(action: Action) -> None:
    kind: Any = type(action)
    for name, check in _fields(kind, f"{action.kind}: "):
        check(getattr(action, name))


_Check = Callable[[Any], None]
"""Raises `TypeError` where a value is not of the one type that it knows."""


@cache
def _fields(kind: Any, prefix: str) -> list[tuple[str, _Check]]:
    """The fields of a dataclass or named tuple, each with its check. `prefix` comes before the name in what is raised."""
    hints = get_type_hints(kind)
    names = kind._fields if hasattr(kind, "_fields") else [field.name for field in fields(kind)]
    return [(name, _check(hints[name], f"{prefix}{name}")) for name in names]


def _check(hint: Any, what: str) -> _Check:
    """The check for a type; enough of the typing language for what plans are made of. A large plan has millions of values and few
    types, so all that can be known of the type is asked here, once."""
    if isinstance(hint, UnionType):
        options = get_args(hint)
        chosen = _check(next(option for option in options if option is not NoneType), what)
        return _or_none(chosen) if NoneType in options else chosen
    if get_origin(hint) is tuple:
        return _items(_check(get_args(hint)[0], what), what)
    if hasattr(hint, "_fields"):
        return _parts(hint, what)

    def check(value: Any) -> None:
        if type(value) is not hint and not (issubclass(hint, Enum) and isinstance(value, hint)):
            raise TypeError(f"{what} is {value!r}, not of type {hint.__name__}")

    return check


def _or_none(check: _Check) -> _Check:
    return lambda value: None if value is None else check(value)


def _items(check: _Check, what: str) -> _Check:
    def check_all(value: Any) -> None:
        if not isinstance(value, tuple):
            raise TypeError(f"{what} is no list")
        for item in value:
            check(item)

    return check_all


def _parts(hint: Any, what: str) -> _Check:
    parts = _fields(hint, f"{what}: ")

    def check_parts(value: Any) -> None:
        if not isinstance(value, hint):
            raise TypeError(f"{what} is {value!r}, not of type {hint.__name__}")
        for part, (_, check) in zip(value, parts, strict=True):
            check(part)

    return check_parts
