"""Choosing rows: values as they stand or converted as Clarify converts them, thresholds, and what is printed."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pellucid.bias.kinds import profile
from pellucid.bias.selection import above_whole_part, by_threshold, by_values, threshold_of, truth_value
from pellucid.counts import ByThreshold, ByValue, Cube
from pellucid.errors import AnalysisError
from pellucid.protocols.table import Above, AnyOf


def chosen(kind, cells, values):
    """The values of the column that are chosen, and the given ones that never occur."""
    cube = Cube.of([ByValue("x")], [(cell,) for cell in cells], [1] * len(cells))
    found = by_values(profile(cube, "x", kind), cube.dimension("x"), values)
    return [value for value, cell in zip(cube.dimension("x").values, found.cells, strict=True) if cell], found.unseen


@pytest.mark.parametrize(
    ("kind", "cells", "values", "expected", "unseen"),
    [
        ("text", ["F", "M"], ["F"], ["F"], ()),
        ("text", ["F", "M"], ["f"], [], ("f",)),
        ("text", ["1", "2"], [1], ["1"], ()),
        ("text", ["1", "2"], ["9", 1], [], ("9", 1)),  # the first value is text already, so none is converted
        ("text", ["1", "2"], [9, 1], ["1"], (9,)),
        ("integer", [0, 1], ["1"], [1], ()),
        ("integer", [0, 1], ["1.0"], [1], ()),
        ("integer", [0, 1], [1.0], [1], ()),
        ("integer", [0, 1], [1.5], [1], ()),  # as int(1.5) has it
        ("integer", [0, 1], [1, "0"], [1], ("0",)),  # one value matches, so none is converted
        ("float", [0.0, 1.5], ["1.5", "0"], [0.0, 1.5], ()),
        ("boolean", [True, False], [1], [True], ()),
        ("boolean", [True, False], [0, 7], [False, True], ()),
        ("boolean", [True, False], ["False"], [False], ()),
        ("boolean", [True, False], ["no"], [], ("no",)),
        ("category", [0, 1], ["1"], [1], ()),
        ("category", ["0", "1"], [1], ["1"], ()),
        ("text", [True, False, None], [1], [True], ()),  # truth values with gaps are objects to pandas
        ("text", ["F", None], [None], [], (None,)),
        ("integer", [0, None], [None], [], (None,)),
    ],
)
def test_values_are_compared_and_then_converted(kind, cells, values, expected, unseen):
    assert chosen(kind, cells, values) == (expected, unseen)


def test_words_for_numbers_fail_in_clarifys_words():
    with pytest.raises(AnalysisError) as error:
        chosen("integer", [0, 1], ["yes"])
    assert str(error.value) == (
        "could not convert string to float: 'yes'. Column 'x' holds numbers; give the values as they stand in the data."
    )
    with pytest.raises(AnalysisError) as error:
        chosen("float", [0.0, 1.0], ["yes", "no"])
    assert str(error.value) == (
        "'label' has not positive elements. Double-check if 'label' and 'positive_label_values'"
        "have correct data-types or values. Column 'x' holds numbers; give the values as they stand in the data."
    )


def test_a_threshold_of_counted_sides_reads_the_largest_value_from_the_extremes():
    key = ByThreshold("x", 40)
    cube = Cube.of([key], [(-1,), (0,), (1,), (None,)], [1, 1, 1, 1], extremes={key: (18, 75)})
    found = by_threshold(profile(cube, "x", "integer", distinct=60), cube.dimension("x"), [40])
    assert (found.printed, found.cells.tolist()) == ("(40.0, 75.0]", [False, False, True, False])
    assert found.selection == Above("x", 40)


def test_a_threshold_on_text_selects_the_texts_above_it():
    cube = Cube.of([ByValue("x")], [("10",), ("200",)], [1, 1])
    found = by_threshold(profile(cube, "x", "text"), cube.dimension("x"), [20])
    assert (found.printed, found.selection) == ("(20, 200]", AnyOf("x", ("200",)))


@pytest.mark.parametrize(("value", "threshold"), [(40, 40), ("40", 40.0), (0, 0), (-1.5, -1.5), (" 7 ", 7.0)])
def test_a_threshold_may_be_text(value, threshold):
    assert repr(threshold_of([value], "age")) == repr(threshold)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [],
            (
                "Threshold values must be provided for continuous features. "
                "Give one threshold for 'age', or declare the column categorical in column_types."
            ),
        ),
        (
            ["old"],
            (
                "Facet/label value provided must be a single numeric threshold for continuous data. "
                "'age' was read as continuous, and 'old' is not a number; give a number, or declare the column "
                "categorical in column_types."
            ),
        ),
    ],
)
def test_thresholds_that_are_none(values, message):
    with pytest.raises(AnalysisError) as error:
        threshold_of(values, "age")
    assert str(error.value) == message


@example(0.5, 0)
@given(st.floats(-50, 50), st.one_of(st.integers(-40, 40), st.floats(-40, 40)))
def test_whole_parts_are_compared_as_if_cut(number, threshold):
    assert (number > above_whole_part(threshold)) == (math.trunc(number) > threshold)


def test_only_two_words_are_truth_values():
    assert [truth_value(word) for word in ("True", " false ", "1", "yes")] == [True, False, None, None]
