"""Accumulated local effects: known curves, centred, the same in parts, errors that hold."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pellucid.errors import ConfigError, DataError
from pellucid.explain.accumulated_effects import (
    LocalEffects,
    accumulated,
    accumulated_effects,
    effect_grid,
    effect_grid_of_pieces,
    local_effects,
)
from pellucid.protocols.model import Batch


def rows_of(number, seed=0):
    rng = np.random.default_rng(seed)
    first = rng.normal(size=number)
    return Batch({"a": first, "b": 0.9 * first + 0.3 * rng.normal(size=number), "c": rng.integers(0, 4, number)})


def test_effects_of_a_linear_model_are_its_line_less_its_mean():
    rows = rows_of(200)
    found = accumulated_effects(rows, "a", 7, lambda batch: 3 * batch.columns["a"] - 2 * batch.columns["b"])
    assert found.effects[0] == pytest.approx(3 * (found.edges - rows.columns["a"].mean()), abs=1e-12)
    assert found.standard_errors[0] == pytest.approx(np.zeros(len(found.edges)), abs=1e-7)


def test_a_feature_that_only_goes_along_with_another_has_no_effect():
    found = accumulated_effects(rows_of(500), "b", 10, lambda batch: np.sin(batch.columns["a"]))
    assert found.effects.tolist() == np.zeros((1, len(found.edges))).tolist()


def test_an_interaction_is_averaged_where_the_rows_are():
    rows = Batch({"a": np.array([0.0, 1.0, 2.0]), "b": np.array([0.0, 10.0, 100.0])})
    found = accumulated_effects(rows, "a", 2, lambda batch: batch.columns["a"] * batch.columns["b"])
    # From 0 to 1 rows 0 and 1 rise by 0 and 10, from 1 to 2 the third by 100; the mean over the rows is 115 / 3.
    assert found.edges.tolist() == [0.0, 1.0, 2.0]
    assert (found.effects[0] + 110 / 3).tolist() == pytest.approx([0.0, 5.0, 105.0])


def test_every_output_has_a_curve():
    rows = rows_of(60)
    found = accumulated_effects(rows, "a", 3, lambda b: np.column_stack([b.columns["a"], -2 * b.columns["a"]]))
    assert found.effects[1] == pytest.approx(-2 * found.effects[0])


def test_whole_numbers_stay_whole_and_missing_ones_take_no_part():
    asked = []

    def score(batch):
        asked.extend(batch.columns["c"].tolist())
        return batch.columns["c"].astype(float)

    whole = accumulated_effects(rows_of(50), "c", 3, score)
    assert whole.edges.dtype.kind == "i"
    assert set(map(type, asked)) == {int}
    column = np.array([1.0, np.nan, 2.0, 4.0])
    rows = Batch({"a": column, "b": np.zeros(4)})
    assert effect_grid(column, 2).counts.sum() == 3
    assert accumulated_effects(rows, "a", 2, lambda b: b.columns["a"]).effects[0] == pytest.approx(
        np.array([1.0, 2.0, 4.0]) - 7 / 3
    )


def test_rows_without_any_value_add_nothing():
    rows = Batch({"a": np.array([np.nan, np.nan])})
    none = local_effects(rows, "a", np.array([0.0, 1.0]), lambda batch: np.zeros(len(batch)))
    assert (none.counts.tolist(), none.means.tolist()) == ([0.0], [[0.0]])


@given(st.integers(2, 60), st.integers(1, 12), st.integers(0, 10**6))
def test_the_mean_over_the_rows_is_zero(number, intervals, seed):
    rows = rows_of(number, seed)
    found = accumulated_effects(rows, "a", intervals, lambda batch: np.tanh(batch.columns["a"] + batch.columns["b"]))
    at_rows = np.interp(rows.columns["a"], found.edges, found.effects[0])
    assert at_rows.mean() == pytest.approx(0.0, abs=1e-12)


@given(st.integers(2, 80), st.lists(st.integers(1, 79), max_size=4), st.integers(0, 10**6))
def test_rows_in_parts_say_the_same(number, cuts, seed):
    rows = rows_of(number, seed)
    grid = effect_grid(rows.columns["a"], 5)

    def score(batch):
        return batch.columns["a"] ** 2 * batch.columns["b"]

    ends = sorted({0, number, *(cut for cut in cuts if cut < number)})
    parts = [local_effects(rows[slice(*pair)], "a", grid.edges, score) for pair in pairwise(ends)]
    whole = accumulated(grid, [local_effects(rows, "a", grid.edges, score)])
    found = accumulated(grid, parts)
    assert found.effects == pytest.approx(whole.effects, abs=1e-10)
    assert found.standard_errors == pytest.approx(whole.standard_errors, abs=1e-7, nan_ok=True)


def test_intervals_hold_what_other_rows_would_give():
    def score(batch):
        return batch.columns["a"] * batch.columns["b"]

    rng = np.random.default_rng(1)
    feature = rng.normal(size=300)
    found = [
        accumulated_effects(Batch({"a": feature, "b": 1 + rng.normal(size=300)}), "a", 6, score) for _ in range(200)
    ]
    true = feature.mean()  # b is 1 on average, so that the curve is the line a - mean
    off = np.array([part.effects[0] - (part.edges - true) for part in found])
    held = np.abs(off) <= 1.96 * np.array([part.standard_errors[0] for part in found])
    assert 0.92 <= held.mean() <= 0.98


def test_an_interval_of_a_single_row_has_no_standard_error():
    grid = effect_grid(np.array([0.0, 1.0, 2.0]), 2)
    local = LocalEffects(grid.counts, np.ones((1, 2)), np.zeros((1, 2)))
    assert grid.counts.tolist() == [2.0, 1.0]
    assert np.isnan(accumulated(grid, [local]).standard_errors).all()


def test_ends_of_intervals_beyond_what_doubles_tell_apart_stay_doubles_and_in_order():
    whole = np.array([-(2**63), 0, 2**63 - 1])  # as a double the largest is 2**63, which 64 bits would turn negative
    assert effect_grid(whole, 2).edges.tolist() == [-(2.0**63), 0.0, 2.0**63]
    assert effect_grid(whole // 2**11, 2).edges.tolist() == [-(2**52), 0, 2**52 - 1]


@pytest.mark.parametrize(
    ("column", "intervals", "message"),
    [
        ([1.0, 1.0], 3, "age: got 1.0. The column holds a single value, so there is no effect to accumulate."),
        ([1.0, np.inf], 3, "age: got inf. Replace infinite values; buckets need a finite range."),
        ([1.0, 2.0], 0, "grid_resolution: got 0. Use an integer of at least 1."),
    ],
)
def test_columns_without_intervals_are_refused(column, intervals, message):
    with pytest.raises((ConfigError, DataError)) as raised:
        effect_grid(np.array(column), intervals, name="age")
    assert str(raised.value).removesuffix(" Leave it out.") == message


# --- columns in pieces ------------------------------------------------------------------------------------------------
NUMBERS = st.floats(-1e9, 1e9) | st.sampled_from([0.0, -0.0, 1.0, 2.0])


@given(st.lists(NUMBERS | st.just(np.nan), min_size=2, max_size=80), st.integers(1, 12), st.lists(st.integers(0, 80)))
def test_intervals_of_pieces_are_those_of_the_whole_column_to_the_last_bit(cells, intervals, cuts):
    column = np.array(cells)
    present = column[~np.isnan(column)]
    assume(len(set(present.tolist())) > 1)
    whole = effect_grid(column, intervals)
    found = effect_grid_of_pieces(np.split(column, sorted(cuts)), intervals, present=len(present))
    for name in ("edges", "counts", "travelled"):
        assert getattr(found, name).tobytes() == getattr(whole, name).tobytes()
    quantiles = np.quantile(present, np.linspace(0, 1, intervals + 1), method="inverted_cdf")
    assert np.array_equal(whole.edges, np.unique(quantiles))


@given(st.lists(st.integers(-50, 50) | st.none(), min_size=2, max_size=60), st.integers(1, 60))
def test_pieces_with_and_without_gaps_are_one_column(cells, rows):
    present = [cell for cell in cells if cell is not None]
    assume(len(set(present)) > 1)
    parts = [cells[start : start + rows] for start in range(0, len(cells), rows)]
    pieces = [np.array(part, dtype=object if None in part else np.int64) for part in parts]
    found = effect_grid_of_pieces(pieces, 4, present=len(present))
    whole = effect_grid(np.array(cells, dtype=object), 4)
    assert found.edges.tolist() == whole.edges.tolist()
    assert found.travelled.tobytes() == whole.travelled.tobytes()
