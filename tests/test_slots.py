"""Classes with slots are as the standard library makes them, whoever writes their methods."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError, field
from typing import Any, ClassVar, NamedTuple, get_type_hints

import pytest

from regsync import slots


@slots.dataclass(frozen=True, slots=True)
class Ours:
    """Some of everything."""

    kind: ClassVar[str] = "some"
    name: str
    number: int = 3
    items: list[int] = field(default_factory=list)
    aside: str = field(default="", compare=False, repr=False)


@slots.dataclass(frozen=True, slots=True)
class OursBelow(Ours):
    more: str = "more"


@slots.dataclass(frozen=True, slots=True, kw_only=True)
class OursByName:
    first: str
    second: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    """Some of everything."""

    kind: ClassVar[str] = "some"
    name: str
    number: int = 3
    items: list[int] = field(default_factory=list)
    aside: str = field(default="", compare=False, repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class TheirsBelow(Theirs):
    more: str = "more"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TheirsByName:
    first: str
    second: tuple[int, ...] = ()


PAIRS = [(Ours, Theirs), (OursBelow, TheirsBelow)]
ALL: list[Any] = [
    Ours("a", 1, [2], "b"),
    OursBelow("a", more="c"),
    OursByName(first="a", second=(1,)),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_made_compared_and_shown_alike(ours: type[Ours], theirs: type[Theirs]) -> None:
    assert repr(ours("a", items=[1])) == repr(theirs("a", items=[1])).replace("Theirs", "Ours")
    assert ours.__match_args__ == theirs.__match_args__  # type: ignore[attr-defined]
    assert ours.__slots__ == theirs.__slots__  # type: ignore[attr-defined]
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
    for made in (ours, theirs):
        assert made("a") == made("a", 3, [], "aside is not compared")
        assert made("a") != made("b")
        assert made("a").items is not made("a").items
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
            made()  # type: ignore[call-arg]


def test_another_class_is_never_equal() -> None:
    assert Ours("a") != OursBelow("a")
    assert Ours("a") != ("a", 3, [])


def test_hashes_go_by_what_is_compared() -> None:
    assert len({OursByName(first="a"), OursByName(first="a", second=()), OursByName(first="b")}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Ours("a"))


@pytest.mark.parametrize(("ours", "theirs"), [(OursByName, TheirsByName)])
def test_by_name_only(ours: Any, theirs: Any) -> None:
    assert ours.__match_args__ == theirs.__match_args__ == ()
    for made in (ours, theirs):
        with pytest.raises(TypeError, match="positional"):
            made("a")


@pytest.mark.parametrize("value", ALL, ids=lambda each: type(each).__name__)
def test_nothing_of_it_changes(value: Any) -> None:
    before = copy.deepcopy(value)
    for name in (dataclasses.fields(value)[0].name, "other"):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, "x")
        with pytest.raises(FrozenInstanceError):
            delattr(value, name)
    assert not hasattr(value, "__dict__")
    assert value == before


@pytest.mark.parametrize("value", ALL, ids=lambda each: type(each).__name__)
def test_copied_pickled_and_replaced(value: Any) -> None:
    assert pickle.loads(pickle.dumps(value)) == copy.copy(value) == dataclasses.replace(value) == value


def test_what_a_class_writes_itself_stays() -> None:
    @slots.dataclass(frozen=True, slots=True)
    class Own:
        number: int

        def __post_init__(self) -> None:
            if self.number < 0:
                raise ValueError("below zero")

        def __repr__(self) -> str:
            return "mine"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own)

        def __hash__(self) -> int:
            return 7

    assert repr(Own(1)) == "mine"
    assert Own(1) == Own(2)
    assert hash(Own(1)) == 7
    with pytest.raises(ValueError, match="below zero"):
        Own(-1)


@slots.dataclass(slots=True)
class OursChanging:
    """What may change."""

    name: str
    items: list[int] = field(default_factory=list)
    aside: str = field(default="", compare=False, repr=False)


@dataclasses.dataclass(slots=True)
class TheirsChanging:
    """What may change."""

    name: str
    items: list[int] = field(default_factory=list)
    aside: str = field(default="", compare=False, repr=False)


@pytest.mark.parametrize("made", [OursChanging, TheirsChanging])
def test_what_may_change_does(made: type[OursChanging]) -> None:
    one = made("a", [1], "b")
    assert one == made("a", [1], "other")
    assert one != made("c", [1])
    assert repr(one) == f"{made.__name__}(name='a', items=[1])"
    assert pickle.loads(pickle.dumps(one)) == copy.copy(one) == dataclasses.replace(one) == one
    one.name = "c"
    assert one.name == "c"
    assert not hasattr(one, "__dict__")
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_one_that_is_not_compared_is_itself_only() -> None:
    @slots.dataclass(slots=True, eq=False)
    class Itself:
        name: str

    one = Itself("a")
    assert one != Itself("a")
    assert len({one, one}) == 1


def test_any_other_dataclass_is_the_librarys() -> None:
    @slots.dataclass()
    class Open:
        number: int

    assert vars(Open(1)) == {"number": 1}


class OurTuple(slots.NamedTuple):
    """Some of everything."""

    name: str
    number: int = 3
    items: tuple[int, ...] = ()

    @property
    def long(self) -> str:
        return f"{self.name} {self.number}"


class OurOne(slots.NamedTuple):
    only: str


class OurNone(slots.NamedTuple):
    pass


class TheirTuple(NamedTuple):
    """Some of everything."""

    name: str
    number: int = 3
    items: tuple[int, ...] = ()

    @property
    def long(self) -> str:
        return f"{self.name} {self.number}"


class TheirOne(NamedTuple):
    only: str


class TheirNone(NamedTuple):
    pass


TUPLES: list[tuple[Any, Any, tuple[Any, ...]]] = [
    (OurTuple, TheirTuple, ("a", 1, (2,))),
    (OurTuple, TheirTuple, ("a",)),
    (OurOne, TheirOne, ("a",)),
    (OurNone, TheirNone, ()),
]


@pytest.mark.parametrize(("ours", "theirs", "items"), TUPLES)
def test_named_tuples_are_alike(ours: Any, theirs: Any, items: tuple[Any, ...]) -> None:
    one, other = ours(*items), theirs(*items)
    assert one == other == ours._make(other)
    assert hash(one) == hash(other)
    assert repr(one) == repr(other).replace("Their", "Our")
    assert one._asdict() == other._asdict()
    assert ours(**one._asdict()) == one
    for made in (ours, theirs):
        assert made.__slots__ == ()
        assert list(inspect.signature(made).parameters) == list(made._fields)
        with pytest.raises(TypeError):
            made(*range(9))
        with pytest.raises(TypeError, match="Expected"):
            made._make(range(9))
        with pytest.raises((TypeError, ValueError), match="unexpected field names: \\['other'\\]"):
            made(*items)._replace(other=1)
        with pytest.raises(AttributeError):
            made(*items).other = 1
    for name in ("_fields", "__match_args__", "_field_defaults", "__module__"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert get_type_hints(ours) == get_type_hints(theirs)
    for copied in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):
        assert copied == one
        assert type(copied) is ours


def test_a_named_tuple_keeps_what_its_class_says() -> None:
    assert OurTuple("a", items=(1,))._replace(name="b") == ("b", 3, (1,))
    assert OurTuple("a").long == "a 3"
    assert OurTuple.__doc__ == "Some of everything."
    assert isinstance(OurTuple("a"), tuple)
    with pytest.raises(AttributeError):
        OurTuple("a").name = "b"  # type: ignore[misc]
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        OurTuple()  # type: ignore[call-arg]
    match OurTuple("a", 5):
        case OurTuple(name, number):
            assert (name, number) == ("a", 5)


def test_a_class_below_a_named_tuple_is_made_as_itself() -> None:
    class Below(OurTuple):
        __slots__ = ()

    assert type(Below("a")) is Below
    assert type(Below("a")._replace(number=1)) is Below
    assert type(OurTuple("a")) is OurTuple
