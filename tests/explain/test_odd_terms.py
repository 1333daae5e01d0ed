"""Interactions of three and more players, learnt from the values that were asked anyway."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from pellucid.explain.designs import enumeration, leverage, stream
from pellucid.explain.odd_terms import (
    MANY_GAMES,
    NOISES,
    REACHES,
    WIDE,
    Prior,
    Search,
    _shapley_of_kernel,
    fit_odd_terms,
)
from pellucid.explain.one_thread import one_thread
from pellucid.explain.solve import solver


@pytest.fixture(autouse=True)
def on_one_thread():
    with one_thread():
        yield


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


def searched(players=8, pairs=40):
    draw = np.random.default_rng(5)
    signs = np.where(draw.random((pairs, players)) < 0.5, -1.0, 1.0)
    left = np.tanh(signs @ draw.normal(size=(players, 3)) / 2).T
    return Search(signs, left, draw.random(pairs) + 0.5, draw.random(players))


def left_out_error(search, prior):
    """Each pair foretold from all others, written out."""
    scales = prior.scales(search.importance)
    together = (search.signs * scales) @ search.signs.T
    covariance = (np.sinh(together) - together) / (np.sinh(scales.sum()) - scales.sum())
    covariance += WIDE / len(scales) * search.signs @ search.signs.T + prior.noise * np.eye(len(search.signs))
    error = 0.0
    for pair in range(len(search.signs)):
        others = np.delete(np.arange(len(search.signs)), pair)
        foretold = search.left[:, others] @ np.linalg.solve(
            covariance[np.ix_(others, others)], covariance[others, pair]
        )
        error += search.weights[pair] * ((search.left[:, pair] - foretold) ** 2).sum()
    return error


def test_the_error_of_a_prior_is_that_of_leaving_out_one_pair_after_another():
    search = searched()
    found = search.noise_near(Prior(2.0, 0.5, 1e-3))
    assert found.error == pytest.approx(left_out_error(search, found.prior), rel=1e-7)


def test_the_noise_that_is_found_is_no_worse_than_those_beside_it():
    search = searched()
    found = search.noise_near(Prior(1.0, 1.0, 0.3))
    at = NOISES.index(found.prior.noise)
    beside = [left_out_error(search, Prior(1.0, 1.0, noise)) for noise in NOISES[max(at - 1, 0) : at + 2]]
    assert found.error == pytest.approx(min(beside), rel=1e-7)


def test_a_prior_is_changed_as_long_as_that_lessens_the_error():
    search = searched()
    errors = {reach: search.noise_near(Prior(reach, 0.5, 1e-3)).error for reach in REACHES}
    for reaches in (REACHES, REACHES[::-1]):
        found = search.least(
            search.noise_near(Prior(reaches[0], 0.5, 1e-3)), [partial(replace, reach=reach) for reach in reaches[1:]]
        )
        steps = [errors[reach] for reach in reaches]
        falling = next((step for step in range(1, len(steps)) if steps[step] >= steps[step - 1]), len(steps))
        assert found.error == pytest.approx(steps[falling - 1], rel=1e-9)
        assert found.error == pytest.approx(left_out_error(search, found.prior), rel=1e-7)


def test_noise_that_few_pairs_told_is_looked_for_again_and_settled_noise_is_kept(make_smooth_game):
    design, solved, values, linear = linear_fit(12, 240, make_smooth_game(12))
    far_off = Prior(2.0, 0.5, 1.0)
    assert fit_odd_terms(design, solved, values, linear, far_off).prior.noise < 0.1
    assert fit_odd_terms(design, solved, values, linear, Prior(2.0, 0.5, 1.0, settled=True)).prior.noise == 1.0
    few = linear_fit(12, 60, make_smooth_game(12))
    assert not fit_odd_terms(*few).prior.settled
    assert fit_odd_terms(design, solved, values, linear).prior.settled


def test_errors_are_the_root_of_the_summed_squares_of_what_each_unit_does(make_smooth_game):
    design, solved, values, linear = linear_fit(12, 240, make_smooth_game(12))
    fit = fit_odd_terms(design, solved, values, linear)
    of_units = fit.units.spread * fit.units.residuals[0]
    assert fit.standard_errors[0] == pytest.approx(np.sqrt((of_units**2).sum(axis=1)), rel=1e-12)
    assert (fit.units.spread < 0).any()


def many_games(make_smooth_game, samples, number=150, players=12):
    """Mixtures of three games with interactions of three, as alike as the rows of a table."""
    kinds = [make_smooth_game(players, seed) for seed in range(3)]
    mixtures = np.random.default_rng(1).normal(size=(number, 3))

    def values_of(coalitions):
        return mixtures @ np.stack([kind(coalitions) for kind in kinds])

    design = leverage(players, samples, lambda size: stream(0, size))
    ends = values_of(np.stack([np.zeros(players, bool), np.ones(players, bool)]))
    solved, values = solver(design), values_of(design.coalitions)
    return design, solved, values, solved.solve(values, ends[:, 0], ends[:, 1])


def test_many_games_get_the_values_and_errors_that_a_few_of_them_get(make_smooth_game):
    design, solved, values, linear = many_games(make_smooth_game, samples=240)
    prior = Prior(1.0, 0.0, 1e-3, settled=True)
    together = fit_odd_terms(design, solved, values, linear, prior)
    assert len(values) >= MANY_GAMES
    # Under a prior of power 0, scales do not depend on which games stand together.
    for few in (slice(0, 1), slice(40, 100)):
        alone = fit_odd_terms(design, solved, values[few], linear[few], prior)
        assert together.shapley[few] == pytest.approx(alone.shapley, rel=1e-9, abs=1e-12)
        assert together.standard_errors[few] == pytest.approx(alone.standard_errors, rel=1e-7)
        assert together.better[few].tolist() == alone.better.tolist()


def test_errors_of_many_games_come_from_fewer_pairs_and_are_as_large(make_smooth_game):
    design, solved, values, linear = many_games(make_smooth_game, samples=1200)
    prior = Prior(1.0, 0.0, 1e-3, settled=True)
    together = fit_odd_terms(design, solved, values, linear, prior)
    alone = fit_odd_terms(design, solved, values[:60], linear[:60], prior)
    assert together.units.spread.shape[1] < alone.units.spread.shape[1] < design.pairs
    assert together.shapley[:60] == pytest.approx(alone.shapley, rel=1e-9, abs=1e-12)
    ratio = np.sqrt((together.standard_errors[:60] ** 2).mean() / (alone.standard_errors**2).mean())
    assert ratio == pytest.approx(1.0, abs=0.1)


def test_games_from_the_first_to_the_last_tell_the_prior_of_many(make_smooth_game):
    design, solved, smooth, linear_of_smooth = many_games(make_smooth_game, samples=240)
    rough = np.random.default_rng(2).normal(size=smooth.shape)
    linear_of_rough = solved.solve(rough, np.zeros(len(rough)), np.ones(len(rough)))

    def noise(*games):
        values, linear = (np.concatenate(parts) for parts in zip(*games, strict=True))
        return fit_odd_terms(design, solved, values, linear).prior.noise

    ordered, random = (smooth, linear_of_smooth), (rough, linear_of_rough)
    assert noise(ordered) < noise(random)
    assert noise(ordered, random) == noise(random, ordered) > noise(ordered)
