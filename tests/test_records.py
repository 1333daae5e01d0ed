"""Dataclasses that are quick to define behave as those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any, Generic, TypeVar

import pytest

import pellucid.records

T = TypeVar("T")


@pellucid.records.dataclass(frozen=True, slots=True)
class Facet:
    """One column with values."""

    name: str
    values: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict, hash=False)
    note: str = field(default="none", repr=False, compare=False)
    rank: int = field(default=7, init=False)


@pellucid.records.dataclass(frozen=True, slots=True, kw_only=True)
class Named(Facet):
    """A facet with a title; its own field is given by name."""

    title: str = "untitled"


@pellucid.records.dataclass(slots=True)
class Tally(Generic[T]):
    """Values that were seen; it changes."""

    first: T
    seen: list[T] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen = [self.first, *self.seen]


@pellucid.records.dataclass(frozen=True, eq=False)
class Unequal:
    """Compared by identity."""

    value: int

    def __repr__(self) -> str:
        return "mine"


def both(**options: bool) -> list[Callable[[type[Any]], type[Any]]]:
    """The decorator of the standard library and ours."""
    return [dataclasses.dataclass(**options), pellucid.records.dataclass(**options)]  # type: ignore[call-overload]


def test_arguments_are_positional_or_named_and_have_the_defaults_of_the_fields() -> None:
    facet = Facet("sex", counts={"F": 1})
    assert (facet.name, facet.values, facet.counts, facet.note, facet.rank) == ("sex", (), {"F": 1}, "none", 7)
    assert Facet("a").counts is not Facet("a").counts
    named = Named("age", ("40",), title="Age")
    assert (named.name, named.values, named.title, named.rank) == ("age", ("40",), "Age", 7)


def test_what_was_not_given_is_named_as_by_a_function() -> None:
    with pytest.raises(TypeError, match=r"^Facet.__init__\(\) missing 1 required positional argument: 'name'$"):
        Facet()  # type: ignore[call-arg]
    with pytest.raises(
        TypeError, match=r"^Named.__init__\(\) takes from 2 to 5 positional arguments but 6 were given$"
    ):
        Named("age", (), {}, "note", "title")  # type: ignore[misc]


def test_a_frozen_instance_refuses_to_change() -> None:
    facet = Facet("sex")
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"^cannot assign to field 'name'$"):
        facet.name = "age"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"^cannot delete field 'name'$"):
        del facet.name  # type: ignore[misc]
    tally = Tally(1)
    tally.first = 2
    assert (tally.first, tally.seen) == (2, [1])


def test_equal_fields_make_equal_instances_of_one_class() -> None:
    assert Facet("sex", note="a") == Facet("sex", note="b")
    assert Facet("sex") != Facet("age")
    assert Facet("sex") != Named("sex")
    assert hash(Facet("sex", counts={"F": 1})) == hash(Facet("sex"))
    assert Unequal(1) != Unequal(1)
    assert len({Unequal(1), Unequal(1)}) == 2
    with pytest.raises(TypeError, match="unhashable type: 'Tally'"):
        hash(Tally(1))


def test_representations_name_class_and_fields() -> None:
    assert repr(Facet("sex")) == "Facet(name='sex', values=(), counts={}, rank=7)"
    assert repr(Unequal(1)) == "mine"
    tally: Tally[Any] = Tally(1)
    tally.seen.append(tally)
    assert repr(tally) == "Tally(first=1, seen=[1, ...])"


@pytest.mark.parametrize("value", [Facet("sex", ("F",), {"F": 1}), Named("a", title="b"), Tally(1, [2]), Unequal(3)])
def test_instances_can_be_pickled_and_copied(value: Any) -> None:
    for twin in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert type(twin) is type(value)
        assert dataclasses.asdict(twin) == dataclasses.asdict(value)


def test_functions_of_the_standard_library_take_the_instances() -> None:
    facet = Facet("sex", ("F",))
    assert dataclasses.replace(facet, name="age") == Facet("age", ("F",))
    assert dataclasses.asdict(facet) == {"name": "sex", "values": ("F",), "counts": {}, "note": "none", "rank": 7}
    assert dataclasses.is_dataclass(facet)
    match facet:
        case Facet(name, values):
            assert (name, values) == ("sex", ("F",))


def test_a_class_shows_its_arguments_before_it_was_ever_instantiated() -> None:
    @pellucid.records.dataclass(frozen=True, slots=True)
    class Fresh:
        """Never instantiated."""

        name: str
        values: tuple[str, ...] = ()

    assert str(inspect.signature(Fresh)) == "(name: 'str', values: 'tuple[str, ...]' = ()) -> None"


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("slots", [True, False])
@pytest.mark.parametrize("eq", [True, False])
def test_every_option_means_what_it_means_in_the_standard_library(frozen: bool, slots: bool, eq: bool) -> None:
    shown = []
    for decorator in both(frozen=frozen, slots=slots, eq=eq):

        class Pair:
            """Two numbers."""

            low: float
            high: float = 1.0

            def width(self) -> float:
                return self.high - self.low

        made: Any = decorator(Pair)
        one, two = made(0.25), made(0.25, high=1.0)
        shown.append(
            (
                repr(one),
                one.width(),
                one == two,
                hasattr(one, "__dict__"),
                made.__hash__ is None,
                made.__hash__ is not None and hash(one) == hash(two),
                made.__match_args__,
                str(inspect.signature(made)),
                dataclasses.astuple(one),
            )
        )
    assert shown[0] == shown[1]
