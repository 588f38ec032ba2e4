"""`dataclass` as the standard library has it, and ten times as quick to make where it has slots.

The library writes and compiles seven methods for each class, which takes half a millisecond every time that regsync starts: for
the seventy classes of a plan, a tenth of what a plan of 10,000 bindings takes. Six of these methods do the same in all classes,
so they are here, once. Only `__init__` is written for each, and not before it is called: most classes of most commands are never
made, only spoken of. `tests/test_slots.py` compares the two.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]

_MISSING = dataclasses.MISSING


def _made(cls: type, *, frozen: bool, kw_only: bool, eq: bool) -> Any:
    """The class with slots for its fields, and with those methods that it does not have itself."""
    own = set(cls.__dict__)
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
    fields = dataclasses.fields(made)
    made.__init__ = _first_init(made, fields)
    if frozen:
        made.__setattr__, made.__delattr__ = _setattr, _delattr
        made.__getstate__, made.__setstate__ = _getstate, _setstate
    if "__repr__" not in own:
        made.__repr__ = _repr
    if eq and "__eq__" not in own:
        made.__eq__, hashed = _comparing([field.name for field in fields if field.compare])
        if "__hash__" not in own:
            made.__hash__ = hashed if frozen else None
    return made


def _first_init(made: Any, fields: tuple[dataclasses.Field[Any], ...]) -> Any:
    """An `__init__` that writes the real one when it is called, and puts that in its place."""

    def init(self: Any, *args: Any, **named: Any) -> None:
        made.__init__ = written = _init(made, fields)
        written(self, *args, **named)

    return init


def _init(made: Any, fields: tuple[dataclasses.Field[Any], ...]) -> Any:
    """Gives each field its value through its slot, for which nothing is frozen."""
    known: dict[str, Any] = {"_default": _MISSING}
    arguments, named, body = ["self"], list[str](), list[str]()
    for field in fields:
        name, argument, value = field.name, field.name, field.name
        known[f"_set_{name}"] = getattr(made, name).__set__
        if field.default_factory is not _MISSING:
            known[f"_make_{name}"] = field.default_factory
            argument, value = f"{name}=_default", f"_make_{name}() if {name} is _default else {name}"
        elif field.default is not _MISSING:
            known[f"_default_{name}"] = field.default
            argument = f"{name}=_default_{name}"
        (named if field.kw_only else arguments).append(argument)
        body.append(f" _set_{name}(self, {value})")
    if hasattr(made, "__post_init__"):
        body.append(" self.__post_init__()")
    takes = ", ".join([*arguments, *(["*", *named] if named else [])])
    exec(f"def __init__({takes}):\n" + "\n".join(body or [" pass"]), known)  # noqa: S102 - as `dataclasses` does
    init = known["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


def _comparing(names: list[str]) -> tuple[Callable[[Any, object], bool], Callable[[Any], int]]:
    """`__eq__` and `__hash__` over those fields."""
    # The class is in it so that it is a tuple for one field, and for none.
    values: Callable[[Any], Any] = attrgetter(*names, "__class__")

    def equal(self: Any, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(values(self))

    return equal, hashed


def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _setattr(self: Any, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: Any, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        *, frozen: bool = False, slots: bool = False, kw_only: bool = False, eq: bool = True, **others: bool
    ) -> Any:
        """`dataclasses.dataclass` with these arguments; one that has slots is made here."""
        if not slots or others:
            return dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only, eq=eq, **others)
        return lambda cls: _made(cls, frozen=frozen, kw_only=kw_only, eq=eq)
