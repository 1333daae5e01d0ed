"""What a process over coalitions expects of its own errors, against games that are drawn from it."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.explain.designs import enumeration, leverage, stream
from pellucid.explain.expected_errors import (
    CHOSEN,
    SURE,
    _squared_weights,
    _variance_of_kernel,
    _weights_of_pairs,
)
from pellucid.explain.odd_terms import WIDE, Prior, fit_odd_terms
from pellucid.explain.solve import solver


def kernel(signs, scales):
    together = (signs * scales) @ signs.T
    return (np.sinh(together) - together) / (np.sinh(scales.sum()) - scales.sum())


def all_pairs(players):
    """Signs of every complement pair, the pair of the full and the empty coalition last."""
    design = enumeration(players)
    present = np.concatenate([design.coalitions[: design.pairs], np.ones((1, players), bool)])
    return np.where(present, -1.0, 1.0)


def shapley_of_odd_values(odd, players):
    """Exact values of games given by the odd values of all pairs, shape (games, players)."""
    design, (inner, ends) = enumeration(players), (odd[:, :-1], odd[:, -1])
    return solver(design).solve(np.concatenate([inner, -inner], axis=1), -ends, ends)


def test_weights_of_pairs_give_the_shapley_values():
    odd = np.random.default_rng(0).normal(size=(1, 32))
    assert odd @ _weights_of_pairs(all_pairs(6)[:-1]).T == pytest.approx(shapley_of_odd_values(odd, 6), abs=1e-13)


def test_squared_weights_add_up_to_those_of_all_pairs():
    assert _squared_weights(6) == pytest.approx((_weights_of_pairs(all_pairs(6)[:-1])[2] ** 2).sum(), rel=1e-12)


def test_the_variance_of_shapley_values_is_that_of_the_kernel_over_all_pairs():
    scales = np.array([0.5, 0.3, 0.2, 0.7, 0.1, 0.2])
    weights = _weights_of_pairs(all_pairs(6)[:-1])
    covariance = weights @ kernel(all_pairs(6), scales) @ weights.T
    assert _variance_of_kernel(scales) == pytest.approx(np.diag(covariance), rel=1e-10)


@pytest.mark.parametrize(("samples", "reach", "noise"), [(300, 1.0, 1e-4), (300, 2.0, 0.1), (400, 1.0, 1e-2)])
def test_errors_of_games_that_are_as_believed_are_told_but_for_the_allowances(samples, reach, noise):
    players, prior = 9, Prior(reach=reach, power=0.0, noise=noise, settled=True)
    signs, scales = all_pairs(players), prior.scales(np.ones(players))
    covariance = kernel(signs, scales) + WIDE / players * signs @ signs.T + noise * np.eye(len(signs))
    draws = np.random.default_rng(0).normal(size=(4000, len(signs)))
    odd = draws @ np.linalg.cholesky(covariance).T
    design = leverage(players, samples, lambda size: stream(0, size))
    place = {tuple(row): position for position, row in enumerate(signs[:-1].tolist())}
    asked = np.empty((len(odd), len(design.coalitions)))
    for position, coalition in enumerate(design.coalitions):
        own, other = (tuple(np.where(side, -1.0, 1.0).tolist()) for side in (coalition, ~coalition))
        asked[:, position] = odd[:, place[own]] if own in place else -odd[:, place[other]]
    solved = solver(design)
    linear = solved.solve(asked, -odd[:, -1], odd[:, -1])
    fit = fit_odd_terms(design, solved, asked, linear, prior)
    true = ((fit.shapley - shapley_of_odd_values(odd, players)) ** 2).mean(axis=0)
    allowed = SURE * (1 + CHOSEN / (samples // 2 - players))
    assert (fit.standard_errors**2).mean(axis=0) / true == pytest.approx(np.full(players, allowed), rel=0.12)
