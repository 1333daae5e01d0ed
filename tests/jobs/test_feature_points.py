"""Points of a column that is read in pieces: those of the whole column, to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import DataError
from pellucid.explain.partial_dependence import categorical_grid, numeric_grid
from pellucid.jobs.explanations.clusters import is_numeric
from pellucid.jobs.explanations.feature_points import categorical_points, numeric_points, summary_of
from pellucid.jobs.explanations.pdp_job import FREE_TEXT, grid_of


def objects(cells):
    cells = list(cells)
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column


FLOATS = st.lists(st.floats(-1e12, 1e12) | st.just(np.nan), min_size=1, max_size=40).map(np.array)
INTEGERS = st.lists(st.integers(-(2**53), 2**53) | st.integers(0, 3), min_size=1, max_size=80).map(
    lambda cells: np.array(cells, dtype=np.int64)
)
GAPS = st.lists(st.integers(0, 5) | st.none(), min_size=1, max_size=200).map(objects)
TEXTS = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=120).map(objects)
TRUTHS = st.lists(st.booleans(), min_size=1, max_size=20).map(np.array)
COLUMNS = FLOATS | INTEGERS | GAPS | TEXTS | TRUTHS
TYPES = st.sampled_from([None, "numerical", "categorical"])


def cut(column, ends):
    return [piece for piece in np.split(column, sorted(end % len(column) for end in ends)) if len(piece)]


@given(COLUMNS, st.lists(st.integers(0, 200), max_size=4), TYPES, st.integers(1, 9))
def test_pieces_have_the_type_and_the_points_of_the_whole_column(column, ends, given_type, resolution):
    pieces = cut(column, ends)
    found = summary_of(pieces, given_type, total=len(column))
    numeric = is_numeric(column, given_type)
    assert found.is_numeric(given_type) == numeric
    if numeric:
        if not found.present:
            return
        expected, grid = numeric_grid(column, resolution), numeric_points("x", pieces, found, resolution)
    else:
        expected = categorical_grid(column)
        grid = categorical_points("x", summary_of(pieces, "categorical", total=len(column)))
    assert grid.values.tolist() == expected.values.tolist()
    assert grid.values.dtype == expected.values.dtype
    assert grid.distribution.tolist() == expected.distribution.tolist()


def test_values_are_not_kept_once_they_are_too_many_for_categories():
    found = summary_of(np.split(np.arange(1000), 20), None, total=1000)
    assert found.counts is None
    assert (found.least, found.most, found.present, found.many_values) == (0.0, 999.0, 1000, True)
    assert grid_of("note", [objects(f"note {i}" for i in range(50))] * 2, 5, total=100).error == FREE_TEXT


def test_text_after_many_numbers_is_free_and_truth_values_after_them_are_categories():
    numbers = objects(range(60))
    assert grid_of("x", [numbers, objects(["a"])], 5, total=61).error == FREE_TEXT
    mixed = grid_of("x", [numbers, objects([True, None])], 5, total=62)
    assert (mixed.kind, len(mixed.grid.values), mixed.grid.distribution[1]) == ("categorical", 60, 2 / 62)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([np.nan], "x: The column holds no value, so there is nothing to vary. Leave it out."),
        ([1.0, np.inf], "x: got inf. Replace infinite values; buckets need a finite range."),
        ([-np.inf, 2.0], "x: got -inf. Replace infinite values; buckets need a finite range."),
        (
            [1e300, 1e300],
            (
                "x: 3 buckets of equal width from 1e+300 to 1e+300 have no ends that are doubles. Name the column "
                "categorical, or scale its values."
            ),
        ),
    ],
)
def test_a_column_without_a_range_is_told_as_the_whole_one_is(column, message):
    pieces = [np.array([cell]) for cell in column]
    with pytest.raises(DataError) as error:
        numeric_points("x", pieces, summary_of(pieces, None, total=len(column)), 3)
    assert str(error.value) == message
    with pytest.raises(DataError) as whole:
        numeric_grid(np.array(column), 3, name="x")
    assert str(whole.value) == message


def test_intervals_of_accumulated_effects_are_those_of_all_pieces_together():
    column = np.arange(10.0) ** 2
    found = grid_of("x", np.split(column, 5), 3, total=10, ale=True)
    assert found.effect_grid.edges.tolist() == [0.0, 9.0, 36.0, 81.0]
    assert grid_of("x", [np.ones(4)], 3, total=4, ale=True).effect_grid is None


def test_an_infinite_category_has_no_plot():
    found = grid_of("x", [np.array([1.0, -np.inf, np.nan])], 3, "categorical", total=3)
    assert (found.kind, found.grid) == ("categorical", None)
    assert found.error == "x: got -inf. Replace infinite values; no plot has a place for them."
