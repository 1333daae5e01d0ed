"""How sure sampled values are: 0 where exact, unknown where nothing tells, and right on average elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.explain.budget import Budget
from pellucid.explain.designs import enumeration, stream
from pellucid.explain.estimate import explain_games
from pellucid.explain.plan import Plan
from pellucid.explain.solve import solver


def exact(value, players):
    design, ends = enumeration(players), value(np.stack([np.zeros(players, bool), np.ones(players, bool)]))
    return solver(design).solve(value(design.coalitions)[None], ends[:1], ends[1:])[0]


def explain(games, estimator, samples, seed=0):
    return explain_games(games, Plan(estimator=estimator, budget=Budget(samples=samples), seed=seed))


def test_errors_are_zero_where_every_coalition_was_asked(function_games, make_random_game):
    games = function_games(3, 6, lambda row, z: make_random_game(6, row)(z))
    for estimator in ("auto", "enumeration", "leverage", "clarify"):
        assert not explain(games, estimator, 62).standard_errors.any()


@pytest.mark.parametrize(
    ("estimator", "samples"), [("border", 20), ("auto", 39), ("clarify", 15), ("permutation", 89), ("leverage", 16)]
)
def test_errors_are_unknown_where_nothing_is_left_to_tell_them(estimator, samples, function_games, make_random_game):
    games = function_games(1, 10, lambda row, z: make_random_game(10)(z))
    assert np.isnan(explain(games, estimator, samples).standard_errors).all()


@pytest.mark.parametrize(
    ("estimator", "samples"),
    [("leverage", 60), ("leverage", 200), ("clarify", 200), ("permutation", 600), ("auto", 60), ("auto", 150)],
)
def test_intervals_hold_the_exact_values(estimator, samples, function_games, make_smooth_game):
    value = make_smooth_game(10)
    games = function_games(64 * 40, 10, lambda row, z: value(z))
    # Rows of a block share the coalitions, and here the game: one row per block is a draw of its own.
    explained = explain(games, estimator, samples)
    values, errors = explained.values[::64, :, 0], explained.standard_errors[::64, :, 0]
    off = np.abs(values - exact(value, 10))
    assert 0.92 <= (off <= 1.96 * errors).mean() <= 1
    assert 0.9 <= np.sqrt((errors**2).sum() / (off**2).sum()) <= 2


def test_errors_shrink_with_more_samples(function_games, make_smooth_game):
    games = function_games(1, 14, lambda row, z: make_smooth_game(14)(z))
    few, many = (explain(games, "leverage", samples).relative_errors.item() for samples in (100, 3000))
    assert many < few / 4


def test_streams_of_one_seed_differ_by_block(function_games, make_smooth_game):
    value = make_smooth_game(10)
    values = explain(function_games(128, 10, lambda row, z: value(z)), "leverage", 60).values
    assert np.array_equal(values[0], values[63])
    assert not np.array_equal(values[63], values[64])
    assert stream(0).random() == stream(0).random()
