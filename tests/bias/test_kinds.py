"""Categorical or continuous: Clarify's rule, line by line."""

import pytest

from pellucid.bias.kinds import ColumnProfile, decide, profile, whole_number
from pellucid.counts import ByThreshold, ByValue, Cube


def column(kind, *, distinct=2, present=1000, missing=0, whole_numbers=False):
    return ColumnProfile("x", kind, distinct, present, missing, whole_numbers)


@pytest.mark.parametrize(
    ("known", "values", "kind"),
    [
        (column("float"), [0], "continuous"),
        (column("float"), [], "continuous"),
        (column("float"), [0, 1], "categorical"),
        (column("category"), [0], "categorical"),
        (column("boolean"), [0], "categorical"),
        (column("text"), ["F"], "categorical"),
        (column("integer", distinct=2, present=40), [0], "continuous"),
        (column("integer", distinct=2, present=41), [0], "categorical"),
        (column("integer", distinct=60, present=1200), [40], "continuous"),
        (column("integer", distinct=60, present=1201), [40], "categorical"),
        (column("integer", distinct=0, present=0), [1], "categorical"),
        (column("text", distinct=5, present=100, whole_numbers=True), [1], "continuous"),
        (column("text", distinct=4, present=100, whole_numbers=True), [1], "categorical"),
        (column("text", distinct=5, present=100, whole_numbers=True), ["1", "2"], "categorical"),
    ],
)
def test_the_rule(known, values, kind):
    assert decide(known, values) == kind


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), (" -3 ", -3), ("1_0", 10), ("1.0", None), ("", None), ("F", None), ("1e3", None)]
)
def test_whole_numbers_are_what_python_reads_as_one(text, number):
    assert whole_number(text) == number


def cube(*values):
    return Cube.of([ByValue("x")], [(value,) for value in values], [1] * len(values))


def test_integers_with_gaps_are_floats():
    assert profile(cube(1, 2, None), "x", "integer") == ColumnProfile("x", "float", 2, present=2, missing=1)
    assert profile(cube(1, 2), "x", "integer").type == "integer"


def test_text_holds_whole_numbers_only_without_a_gap():
    assert profile(cube("1", "2"), "x", "text").holds_whole_numbers
    assert not profile(cube("1", "2", None), "x", "text").holds_whole_numbers
    assert not profile(cube("1", "two"), "x", "text").holds_whole_numbers
    assert not profile(cube(), "x", "text").holds_whole_numbers


def test_sides_of_a_threshold_do_not_tell_how_many_values_there_are():
    sides = Cube.of([ByThreshold("x", 4)], [(-1,), (1,)], [60, 40])
    assert profile(sides, "x", "integer").distinct is None
    assert profile(sides, "x", "integer", distinct=7).distinct == 7
