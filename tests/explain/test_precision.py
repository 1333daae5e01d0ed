"""Sampling to a wanted precision: what it promises of each row, and that it asks little more than it needs."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget
from pellucid.explain.designs import enumeration
from pellucid.explain.estimate import explain_blocks, explain_games
from pellucid.explain.plan import Plan
from pellucid.explain.solve import solver

PLAYERS = 13


def network(seed):
    """A small network of tanh units, with interactions of every order."""
    rng = np.random.default_rng([1, seed])
    first, second = rng.normal(size=(PLAYERS, 8)) / 2, rng.normal(size=8)
    return lambda z: np.tanh(z @ first - 0.5) @ second


def trees(seed):
    """Products of up to four players, as in trees: few interactions, but of high orders."""
    rng = np.random.default_rng([2, seed])
    paths = [rng.choice(PLAYERS, size=rng.integers(1, 5), replace=False) for _ in range(40)]
    leaves = rng.normal(size=40)
    return lambda z: sum(leaf * z[:, path].all(axis=1) for leaf, path in zip(leaves, paths, strict=True))


def sigmoid(seed):
    """The probability of a logistic regression."""
    weights = np.random.default_rng([3, seed]).normal(size=PLAYERS)
    return lambda z: 1 / (1 + np.exp(-(z @ weights)))


KINDS = (network, trees, sigmoid)


@cache
def exact(kind, number):
    design, solved = enumerated()
    value, ends = kind(number), np.stack([np.zeros(PLAYERS, bool), np.ones(PLAYERS, bool)])
    empty, full = value(ends).astype(float)
    return solved.solve(value(design.coalitions).astype(float)[None], np.array([empty]), np.array([full]))[0]


@cache
def enumerated():
    design = enumeration(PLAYERS)
    return design, solver(design)


def explained_rows(function_games, kind, wanted, seed, estimator="auto", rows=8):
    values = [kind(100 * seed + row) for row in range(rows)]
    games = function_games(rows, PLAYERS, lambda row, z: values[row](z))
    found = explain_games(games, Plan(estimator=estimator, budget=Budget(precision=wanted), seed=seed))
    truth = np.stack([exact(kind, 100 * seed + row) for row in range(rows)])
    return found, np.sqrt(((found.values[:, :, 0] - truth) ** 2).sum(axis=1) / (truth**2).sum(axis=1))


@pytest.mark.parametrize("estimator", ["auto", "leverage"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wanted", [0.1, 0.03])
def test_true_errors_are_within_the_precision_on_the_whole_in_two_of_three_rows_and_never_twice_as_large(
    estimator, kind, wanted, function_games
):
    errors = np.concatenate(
        [explained_rows(function_games, kind, wanted, seed, estimator)[1] for seed in range(6)], axis=0
    )
    assert np.sqrt((errors**2).mean()) <= wanted
    assert (errors > wanted).mean() <= 1 / 3
    assert errors.max() <= 2 * wanted


@pytest.mark.parametrize("kind", KINDS)
def test_half_of_the_samples_would_not_reach_the_precision(kind, function_games):
    found, _ = explained_rows(function_games, kind, 0.03, seed=0)
    half = Budget(samples=int(np.median(found.samples)) // 2)
    values = [kind(row) for row in range(8)]
    less = explain_games(function_games(8, PLAYERS, lambda row, z: values[row](z)), Plan(budget=half))
    assert found.relative_errors.max() <= 0.03 < np.median(less.relative_errors)


def test_additive_rows_end_with_four_samples_per_player(function_games):
    games = function_games(3, PLAYERS, lambda row, z: z @ np.arange(1.0, PLAYERS + 1) * (row + 1))
    found = explain_games(games, Plan(budget=Budget(precision=1e-6)))
    assert found.samples.tolist() == [4 * PLAYERS] * 3


def test_odd_terms_are_learnt_when_no_more_samples_may_be_asked(function_games):
    value = trees(2)
    games = function_games(1, PLAYERS, lambda row, z: value(z))
    bounded, fixed = (
        explain_games(games, Plan(budget=Budget(samples=4 * PLAYERS, precision=wanted))) for wanted in (1e-6, None)
    )
    assert bounded.estimators == fixed.estimators == ("odd terms",)
    assert bounded.values.tobytes() == fixed.values.tobytes()
    assert bounded.standard_errors.tobytes() == fixed.standard_errors.tobytes()


def test_blocks_asked_for_alone_or_together_reach_the_precision_with_the_same_bytes(function_games):
    values = [network(row) for row in range(4)]
    games = function_games(130, PLAYERS, lambda row, z: values[row % 4](z))
    plan = Plan(budget=Budget(precision=0.05))
    together = Attributions.join(list(explain_blocks(games, plan)))
    alone = Attributions.join([part for block in (0, 1, 2) for part in explain_blocks(games, plan, [block])])
    assert together.samples.tolist() == alone.samples.tolist()
    assert together.values.tobytes() == alone.values.tobytes()
    assert together.standard_errors.tobytes() == alone.standard_errors.tobytes()


@pytest.mark.parametrize(("players", "samples"), [(5, 30), (6, 62), (7, 28)])
def test_rows_start_with_all_coalitions_where_these_are_at_most_three_times_four_per_player(
    players, samples, function_games
):
    value = network(3)
    games = function_games(
        2, players, lambda row, z: value(np.concatenate([z, np.zeros((len(z), PLAYERS - players))], 1))
    )
    found = explain_games(games, Plan(budget=Budget(precision=0.9)))
    assert found.samples.tolist() == [samples, samples]


def test_samples_that_grow_to_all_coalitions_ask_none_twice_and_are_exact(function_games):
    asked, value, players = [], network(3), 8

    def remembered(row, z):
        asked.extend(map(bytes, z))
        return value(np.concatenate([z, np.zeros((len(z), PLAYERS - players))], 1))

    found = explain_games(function_games(1, players, remembered), Plan(budget=Budget(precision=1e-9)))
    assert len(set(asked)) == len(asked) == 2**players
    assert found.samples.tolist() == [2**players - 2]
    assert found.estimators == ("enumeration",)
    assert not found.standard_errors.any()
