"""Partial dependence and the curves of single rows."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.errors import ConfigError, DataError, ModelError
from pellucid.explain.partial_dependence import Grid, categorical_grid, numeric_grid, partial_dependence
from pellucid.protocols.model import Batch

ROWS = Batch({"age": np.array([20, 30, 40]), "job": np.array(["cook", None, "baker"], dtype=object)})


def test_buckets_have_equal_width_and_the_last_is_closed():
    grid = numeric_grid(np.array([0.0, 1.0, 2.0, 4.0]), 4)
    assert grid.values.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert grid.distribution.tolist() == [0.25, 0.25, 0.25, 0.25]


@pytest.mark.parametrize(
    ("column", "buckets", "centre"),
    [([1.0], 3, 1.0), ([-3.0, 2.0], 3, -0.5), ([0.0, 0.7], 7, 0.35), ([18.0, 90.0], 11, 54.0)],
)
def test_the_middle_of_an_odd_number_of_buckets_is_that_of_the_values(column, buckets, centre):
    assert numeric_grid(np.array(column), buckets).values[buckets // 2] == centre


def test_a_single_value_is_on_its_own_side_of_a_split():
    # Means of rounded ends have the centre of three buckets around 1 at 0.9999999999999999.
    rows = Batch({"a": np.array([1.0, 1.0])})
    found = partial_dependence(rows, "a", numeric_grid(rows.columns["a"], 3), lambda batch: batch.columns["a"] >= 1)
    assert found.predictions.tolist() == [[0.0, 1.0, 1.0]]


def test_missing_numbers_are_in_no_bucket():
    grid = numeric_grid(np.array([0.0, np.nan, 2.0, 2.0]), 2)
    assert grid.values.tolist() == [0.5, 1.5]
    assert grid.distribution.tolist() == [0.25, 0.5]


def test_whole_numbers_with_missing_ones_are_numbers():
    assert numeric_grid(np.array([1, None, 3], dtype=object), 1).values.tolist() == [2.0]


def test_categories_keep_their_type_and_come_in_order():
    assert categorical_grid(np.array([3, 1, 3])).values.tolist() == [1, 3]
    assert categorical_grid(np.array([3, 1, 3])).values.dtype.kind == "i"
    assert categorical_grid(ROWS.columns["job"]).values.tolist() == ["baker", "cook"]


def test_the_mean_is_over_all_rows_and_empty_buckets_too():
    dependence = partial_dependence(ROWS, "age", numeric_grid(ROWS.columns["age"], 4), lambda b: b.columns["age"] * 2.0)
    assert dependence.predictions.tolist() == [[45.0, 55.0, 65.0, 75.0]]
    assert dependence.grid.distribution.tolist() == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3])


def test_individual_curves_have_the_partial_dependence_as_their_mean():
    def scores(batch):
        cook = batch.columns["job"] == "cook"
        return np.column_stack([batch.columns["age"] + 10.0 * cook, -batch.columns["age"]])

    grid = categorical_grid(ROWS.columns["job"])
    dependence = partial_dependence(ROWS, "job", grid, scores, individual=True, batch_rows=2)
    assert dependence.individual.shape == (3, 2, 2)
    assert dependence.individual[:, 0].tolist() == [[20, 30], [30, 40], [40, 50]]
    assert dependence.individual.mean(axis=0).tolist() == dependence.predictions.tolist() == [[30, 40], [-30, -30]]


def test_the_model_is_asked_in_batches_of_bounded_size():
    sizes = []
    partial_dependence(
        ROWS,
        "age",
        Grid(np.array([1, 2]), np.zeros(2)),
        lambda b: sizes.append(len(b)) or np.zeros(len(b)),
        batch_rows=2,
    )
    assert sizes == [2, 1, 2, 1]


def test_an_unknown_feature_is_named():
    with pytest.raises(ConfigError) as raised:
        partial_dependence(ROWS, "aeg", Grid(np.array([1]), np.ones(1)), lambda b: np.zeros(len(b)))
    assert str(raised.value) == "methods.pdp.features: got 'aeg'. Use a column of the model; did you mean 'age'?"


NO_ENDS = (
    "income: 3 buckets of equal width from {} to {} have no ends that are doubles. Name the column categorical, or "
    "scale its values."
)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([np.nan, np.nan], "income: The column holds no value, so there is nothing to vary. Leave it out."),
        ([1.0, np.inf], "income: got inf. Replace infinite values; buckets need a finite range."),
        ([-np.inf, 1.0], "income: got -inf. Replace infinite values; buckets need a finite range."),
        ([2.0**62, 2.0**62], NO_ENDS.format("4.611686018427388e+18", "4.611686018427388e+18")),
        ([-1.7e308, 1.7e308], NO_ENDS.format("-1.7e+308", "1.7e+308")),
    ],
)
def test_a_column_without_a_range_is_refused(column, message):
    with pytest.raises(DataError) as raised:
        numeric_grid(np.array(column), 3, name="income")
    assert str(raised.value) == message


def test_a_resolution_below_one_is_refused():
    with pytest.raises(ConfigError) as raised:
        numeric_grid(np.array([1.0]), 0)
    assert str(raised.value) == "grid_resolution: got 0. Use an integer of at least 1."


def test_scores_that_are_no_numbers_are_reported():
    with pytest.raises(ModelError, match=r"^The model answered \[nan\] for the row \{'age': 1, 'job': 'cook'\}\. "):
        partial_dependence(ROWS, "age", Grid(np.array([1]), np.ones(1)), lambda b: np.full(len(b), np.nan))
