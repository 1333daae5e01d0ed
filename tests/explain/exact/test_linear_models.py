"""Closed forms of linear and logistic models against the definition of the Shapley value."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pellucid.errors import ModelError
from pellucid.explain.exact import logistic as logistic_module
from pellucid.explain.exact.additivity import additivity_gap
from pellucid.explain.exact.linear import linear
from pellucid.explain.exact.logistic import logistic


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


def test_log_odds_of_many_thousands_are_refused():
    expected = (
        "logistic regression: the log-odds of masked rows reach 2e+05, too far for the closed form in probability."
        " Explain the log-odds (link logit), or sample."
    )
    with pytest.raises(ModelError, match=f"^{re.escape(expected)}$"):
        logistic(np.array([1.0]), 0.0, np.array([[2e5]]), np.array([[0.0]]))


# --- additivity ------------------------------------------------------------------------------------------------------
def test_the_gap_is_relative_to_the_largest_number_involved():
    values = np.array([[[1.0], [2.0]], [[1.0], [2.0]]])
    assert additivity_gap(values, np.array([1.0]), np.array([[4.0], [5.0]])).tolist() == [[0.0], [0.2]]


def test_nothing_that_adds_up_to_nothing_has_no_gap():
    assert additivity_gap(np.zeros((1, 2, 1)), np.zeros(1), np.zeros((1, 1))).tolist() == [[0.0]]


def test_a_gap_of_nan_is_no_small_gap():
    gap = additivity_gap(np.array([[[np.nan]]]), np.zeros(1), np.ones((1, 1)))
    assert not (gap <= 1e-6).any()
