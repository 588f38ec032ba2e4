"""Whether a decoded plan makes sense as a whole. A digest says that nobody changed a plan by accident; it is no signature,
so whoever can write a plan file can write a fitting digest. Nothing of such a plan may be carried out by half.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
    for name, hint in _hints(kind).items():
        if name not in {"action", "evidence"}:
            _check(getattr(value, name), hint, name)
    if isinstance(value, Operation):
        for hit in value.hits:
            if hit.weight < 1:
                raise ValueError(f"{value.id} carries a hazard of weight {hit.weight}")


def _check_action(action: Action) -> None:
    kind: Any = type(action)
    for name, hint in _hints(kind).items():
        _check(getattr(action, name), hint, f"{action.kind}: {name}")


_PLAIN = (str, int, bool)
"""Types of which nearly all values are, and that have no parts."""


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def _parts(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _check(value: object, hint: Any, what: str) -> None:
    """Raise `TypeError` unless `value` is of the type; enough of the typing language for what plans are made of."""
    if hint in _PLAIN and type(value) is hint:
        return
    if isinstance(hint, UnionType):
        options = get_args(hint)
        if value is None and NoneType in options:
            return
        hint = next(option for option in options if option is not NoneType)
        if hint in _PLAIN and type(value) is hint:
            return
    if get_origin(hint) is tuple:
        if not isinstance(value, tuple):
            raise TypeError(f"{what} is no list")
        for item in value:
            _check(item, get_args(hint)[0], what)
    elif isinstance(value, tuple) and hasattr(hint, "_fields"):
        for name, part in _parts(hint).items():
            _check(getattr(value, name), part, f"{what}: {name}")
    elif type(value) is not hint and not (issubclass(hint, Enum) and isinstance(value, hint)):
        raise TypeError(f"{what} is {value!r}, not of type {hint.__name__}")
