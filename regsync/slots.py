"""`dataclass` and `NamedTuple` as the standard library has them, and ten times as quick to make.

The library writes and compiles seven methods for each class, which takes half a millisecond every time that regsync starts: for
the seventy classes of a plan, a tenth of what a plan of 10,000 bindings takes. Six of these methods do the same in all classes,
so they are here, once. Only `__init__` is written for each, and not before it is called: most classes of most commands are never
made, only spoken of. The same goes for the sixty named tuples of a plan and `__new__`; the library also compiles the type of each of
their fields. `tests/test_slots.py` compares what is made here with what the library makes.
"""

from __future__ import annotations

import dataclasses
from collections import _tuplegetter  # type: ignore[attr-defined]
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn, Self

__all__ = ["NamedTuple", "dataclass"]

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


class _Tuple(tuple[Any, ...]):
    """What all named tuples do in the same way."""

    __slots__ = ()
    _fields = tuple[str, ...]()

    @classmethod
    def _make(cls, values: Iterable[Any]) -> Self:
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, /, **changed: Any) -> Self:
        made = self._make(map(changed.pop, self._fields, self))
        if changed:
            raise TypeError(f"Got unexpected field names: {[*changed]!r}")
        return made

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{self.__class__.__name__}({', '.join(shown)})"


class _Naming(type):
    """Makes a class below `NamedTuple` one of tuples, with a name for each item."""

    def __new__(cls, name: str, _: tuple[type, ...], own: dict[str, Any]) -> Any:
        fields = own["_fields"] = own["__match_args__"] = tuple(own.get("__annotations__", ()))
        defaults = own["_field_defaults"] = {field: own[field] for field in fields if field in own}
        own |= {field: _tuplegetter(number, None) for number, field in enumerate(fields)}
        made: Any = type(name, (_Tuple,), {**own, "__slots__": ()})

        def new(of: Any, /, *args: Any, **named: Any) -> Any:
            written = _new(made, fields, tuple(defaults.values()))
            made.__new__ = staticmethod(written)
            return written(of, *args, **named)

        made.__new__ = staticmethod(new)
        return made


def _new(made: type, fields: tuple[str, ...], defaults: tuple[Any, ...]) -> Any:
    """The `__new__` of a named tuple."""
    items = "".join(f"{field}, " for field in fields)
    new = eval(f"lambda _cls, {items}: _new(_cls, ({items}))", {"_new": tuple.__new__})  # noqa: S307 - as `collections` does
    new.__name__, new.__qualname__, new.__defaults__ = "__new__", f"{made.__qualname__}.__new__", defaults
    return new


if TYPE_CHECKING:
    from dataclasses import dataclass
    from typing import NamedTuple
else:
    NamedTuple = type.__new__(_Naming, "NamedTuple", (), {})

    def dataclass(
        *, frozen: bool = False, slots: bool = False, kw_only: bool = False, eq: bool = True, **others: bool
    ) -> Any:
        """`dataclasses.dataclass` with these arguments; one that has slots is made here."""
        if not slots or others:
            return dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only, eq=eq, **others)
        return lambda cls: _made(cls, frozen=frozen, kw_only=kw_only, eq=eq)
