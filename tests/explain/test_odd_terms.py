"""Interactions of three and more players, learnt from the values that were asked anyway."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.explain.designs import enumeration, leverage, stream
from pellucid.explain.odd_terms import _shapley_of_kernel, fit_odd_terms
from pellucid.explain.solve import solver


def linear_fit(players, samples, values_of):
    design = leverage(players, samples, lambda size: stream(0, size))
    ends = values_of(np.stack([np.zeros(players, bool), np.ones(players, bool)]))
    values = values_of(design.coalitions)[None]
    solved = solver(design)
    return design, solved, values, solved.solve(values, ends[:1], ends[1:])


def exact(players, values_of):
    ends = values_of(np.stack([np.zeros(players, bool), np.ones(players, bool)]))
    design = enumeration(players)
    return solver(design).solve(values_of(design.coalitions)[None], ends[:1], ends[1:])[0]


def test_shapley_values_of_the_kernel_are_those_of_its_enumeration():
    scales = np.array([0.5, 0.3, 0.2, 0.7, 0.1, 0.2])
    signs = np.where(np.random.default_rng(0).random((4, 6)) < 0.5, -1.0, 1.0)

    def kernel_to(pair):
        def value(coalitions):
            together = ((1 - 2.0 * coalitions) * scales) @ pair
            return (np.sinh(together) - together) / (np.sinh(scales.sum()) - scales.sum())

        return value

    expected = np.array([exact(6, kernel_to(pair)) for pair in signs])
    assert np.abs(_shapley_of_kernel(signs, scales).T - expected).max() < 1e-13


def test_odd_terms_lessen_the_error_of_a_game_with_interactions_of_three(make_smooth_game):
    value, truth = make_smooth_game(12), exact(12, make_smooth_game(12))
    design, solved, values, linear = linear_fit(12, 240, value)
    fit = fit_odd_terms(design, solved, values, linear)
    assert fit.better.tolist() == [True]
    assert ((fit.shapley - truth) ** 2).sum() < ((linear - truth) ** 2).sum() / 3


def test_odd_terms_keep_the_sum(make_smooth_game):
    design, solved, values, linear = linear_fit(12, 240, make_smooth_game(12))
    assert fit_odd_terms(design, solved, values, linear).shapley.sum() == pytest.approx(linear.sum(), abs=1e-13)


def test_an_additive_game_is_left_to_the_linear_fit():
    design, solved, values, linear = linear_fit(12, 240, lambda z: 3 + z @ np.arange(1.0, 13.0))
    assert not fit_odd_terms(design, solved, values, linear).better.any()


def test_games_without_any_effect_stay_at_zero():
    design, solved, values, linear = linear_fit(12, 240, lambda z: np.full(len(z), 0.25))
    fit = fit_odd_terms(design, solved, values, linear)
    assert not fit.shapley.any()
    assert not fit.better.any()


def test_scaling_a_game_scales_its_values_and_errors(make_smooth_game):
    value = make_smooth_game(12)
    design, solved, values, linear = linear_fit(12, 240, value)
    small, large = (fit_odd_terms(design, solved, factor * values, factor * linear) for factor in (1, 1000))
    assert large.shapley == pytest.approx(1000 * small.shapley, rel=1e-9)
    assert large.standard_errors == pytest.approx(1000 * small.standard_errors, rel=1e-9)
