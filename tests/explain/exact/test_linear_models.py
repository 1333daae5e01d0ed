"""Closed forms of linear and logistic models against the definition of the Shapley value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pellucid.explain.exact import logistic as logistic_module
from pellucid.explain.exact import sigmoid_coalitions, sigmoid_waves
from pellucid.explain.exact.additivity import additivity_gap
from pellucid.explain.exact.linear import linear
from pellucid.explain.exact.logistic import logistic
from pellucid.explain.exact.sigmoid_coalitions import over_coalitions
from pellucid.explain.exact.sigmoid_waves import over_waves


def sigmoid(scores):
    return 1 / (1 + np.exp(-scores))


def matrices(rows, features):
    return arrays(np.float64, (rows, features), elements=st.floats(-4, 4, width=32))


# --- linear ----------------------------------------------------------------------------------------------------------
def test_a_linear_attribution_is_the_weight_times_the_distance_from_the_background_mean():
    values, base = linear(np.array([2.0, -1.0]), 1.0, np.array([[3.0, 5.0]]), np.array([[0.0, 4.0], [2.0, 8.0]]))
    assert values[0, :, 0].tolist() == [2 * (3 - 1), -1 * (5 - 6)]
    assert base.tolist() == [1 + 2 * 1 - 1 * 6]


def test_linear_values_equal_enumeration(enumerated):
    rng = np.random.default_rng(0)
    weights, intercept = rng.normal(size=(2, 6)), np.array([1.0, -2.0])
    rows, background = rng.normal(size=(3, 6)), rng.normal(size=(4, 6))
    values, base = linear(weights, intercept, rows, background)
    assert values == pytest.approx(
        enumerated(lambda inputs: inputs @ weights.T + intercept, rows, background), abs=1e-12
    )
    assert base == pytest.approx((background @ weights.T + intercept).mean(axis=0), abs=1e-12)


# --- logistic --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("features", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("scale", [0.1, 1, 20])
def test_logistic_values_in_probability_equal_enumeration(enumerated, features, scale):
    rng = np.random.default_rng(features)
    weights, intercept = rng.normal(size=features) * scale, 0.3
    rows, background = rng.normal(size=(2, features)), rng.normal(size=(3, features))
    values, base = logistic(weights, intercept, rows, background)

    def probability(inputs):
        return sigmoid(inputs @ weights + intercept)[:, None]

    assert values == pytest.approx(enumerated(probability, rows, background), abs=1e-12)
    assert base == pytest.approx(probability(background).mean(axis=0), abs=1e-14)


def test_two_features_that_are_needed_together_share_the_probability_equally():
    values, base = logistic(np.array([40.0, 40.0]), -60.0, np.array([[1.0, 1.0]]), np.array([[0.0, 0.0]]))
    assert values[0, :, 0] == pytest.approx([0.5, 0.5], abs=1e-8)
    assert base == pytest.approx([0.0], abs=1e-12)


def test_logistic_values_in_log_odds_are_those_of_the_linear_score():
    rng = np.random.default_rng(1)
    weights, rows, background = rng.normal(size=4), rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
    in_log_odds = logistic(weights, 0.5, rows, background, link="logit")
    assert np.array_equal(in_log_odds.values, linear(weights, 0.5, rows, background).values)


@settings(max_examples=25, deadline=None)
@given(matrices(1, 12), matrices(3, 12), matrices(1, 12))
def test_logistic_values_add_up_to_the_probability(rows, background, weights):
    values, base = logistic(weights[0], 0.0, rows, background)
    assert values.sum() + base.item() == pytest.approx(sigmoid(rows @ weights[0]).item(), abs=1e-13)


@settings(max_examples=25, deadline=None)
@given(matrices(2, 6), matrices(3, 6))
def test_a_row_of_the_background_alone_has_no_attributions(rows, background):
    values, _ = logistic(np.arange(6.0), 0.0, rows[:1], rows[:1])
    assert not values.any()


def test_features_that_equal_the_whole_background_get_exactly_nothing():
    values, _ = logistic(np.array([1.0, 2.0]), 0.0, np.array([[1.0, 7.0]]), np.array([[0.0, 7.0], [2.0, 7.0]]))
    assert values[0, 1, 0] == 0.0


def test_a_background_in_blocks_gives_the_same_values(monkeypatch):
    rng = np.random.default_rng(2)
    weights, rows, background = rng.normal(size=4), rng.normal(size=(2, 4)), rng.normal(size=(7, 4))
    at_once = logistic(weights, 0.0, rows, background).values
    monkeypatch.setattr(logistic_module, "_CELLS_AT_ONCE", 1)
    assert logistic(weights, 0.0, rows, background).values == pytest.approx(at_once, abs=1e-15)


def test_each_row_may_have_an_intercept_of_its_own():
    rng = np.random.default_rng(4)
    weights, rows, background = rng.normal(size=4), rng.normal(size=(2, 4)), rng.normal(size=(3, 4))
    for link in ("identity", "logit"):
        values, base = logistic(weights, np.array([0.5, -2.0]), rows, background, link=link)
        for row, intercept in enumerate((0.5, -2.0)):
            alone = logistic(weights, intercept, rows[row : row + 1], background, link=link)
            assert values[row] == pytest.approx(alone.values[0], abs=1e-15)
            assert base[row] == pytest.approx(alone.base, abs=1e-15)


def test_few_features_are_exact_however_far_the_log_odds_range():
    values, base = logistic(np.array([1.0, 1e6]), 0.0, np.array([[2e5, 1.0]]), np.array([[0.0, 0.0]]))
    assert values[0, :, 0].tolist() == [0.25, 0.25]
    assert base.tolist() == [0.5]


def test_many_features_whose_log_odds_range_over_thousands_have_no_values_and_other_rows_do():
    rows = np.stack([np.full(13, 1e4), np.ones(13)])
    values, _ = logistic(np.ones(13), 0.0, rows, np.zeros((1, 13)))
    assert np.isnan(values[0]).all()
    assert values[1, :, 0] == pytest.approx(np.full(13, (sigmoid(13.0) - 0.5) / 13), abs=1e-14)


# --- the two ways to the probability ---------------------------------------------------------------------------------
@pytest.mark.parametrize("way", [over_coalitions, over_waves])
@pytest.mark.parametrize(("features", "scale"), [(1, 1.0), (2, 30.0), (5, 0.1), (6, 3.0), (9, 12.0)])
def test_either_way_equals_enumeration(enumerated, way, features, scale):
    rng = np.random.default_rng(features)
    absent, effects = rng.normal(size=3) * scale, rng.normal(size=(3, features)) * scale
    for game in range(3):
        truth = enumerated(
            lambda inputs, game=game: sigmoid(absent[game] + inputs @ effects[game])[:, None],
            np.ones((1, features)),
            np.zeros((1, features)),
        )
        assert way(absent[game : game + 1], effects[game : game + 1])[0] == pytest.approx(truth[0, :, 0], abs=1e-13)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 13), st.floats(0.01, 80))
def test_both_ways_agree(seed, features, scale):
    rng = np.random.default_rng(seed)
    absent, effects = rng.normal(size=5) * scale, rng.normal(size=(5, features)) * scale
    assert over_waves(absent, effects) == pytest.approx(over_coalitions(absent, effects), abs=1e-13)


@pytest.mark.parametrize("features", [13, 30, 61])
def test_many_features_add_up_to_the_probability(features):
    rng = np.random.default_rng(features)
    weights, rows, background = (
        rng.normal(size=features),
        rng.normal(size=(3, features)),
        rng.normal(size=(4, features)),
    )
    values, base = logistic(weights, 0.5, rows, background)
    assert values[:, :, 0].sum(axis=1) + base == pytest.approx(sigmoid(rows @ weights + 0.5), abs=1e-13)


def test_more_games_than_are_held_at_once_are_the_same(monkeypatch):
    rng = np.random.default_rng(3)
    absent, effects = rng.normal(size=20), rng.normal(size=(20, 5))
    monkeypatch.setattr(sigmoid_coalitions, "_SCORES_AT_ONCE", 32)
    monkeypatch.setattr(sigmoid_waves, "_GAMES_AT_ONCE", 3)
    assert over_coalitions(absent, effects) == pytest.approx(over_waves(absent, effects), abs=1e-14)


# --- additivity ------------------------------------------------------------------------------------------------------
def test_the_gap_is_relative_to_the_largest_number_involved():
    values = np.array([[[1.0], [2.0]], [[1.0], [2.0]]])
    assert additivity_gap(values, np.array([1.0]), np.array([[4.0], [5.0]])).tolist() == [[0.0], [0.2]]


def test_nothing_that_adds_up_to_nothing_has_no_gap():
    assert additivity_gap(np.zeros((1, 2, 1)), np.zeros(1), np.zeros((1, 1))).tolist() == [[0.0]]


def test_a_gap_of_nan_is_no_small_gap():
    gap = additivity_gap(np.array([[[np.nan]]]), np.zeros(1), np.ones((1, 1)))
    assert not (gap <= 1e-6).any()
