"""What was sampled, beside the standard errors: their squares are the covariances of a value with itself."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.explain.designs import Design, leverage, permutations, stream
from pellucid.explain.solve import solver
from pellucid.explain.standard_errors import LEAST_ORDERS, sampling_errors

PLAYERS = 6
DESIGNS = {
    "permutation": permutations(PLAYERS, 2 * (PLAYERS - 1) * LEAST_ORDERS, stream(3)),
    "leverage": leverage(PLAYERS, 40, lambda size: stream(3, size)),
}


def sampled(design: Design):
    """Standard errors of a game without any structure, and what was sampled."""
    draw, found = np.random.default_rng(5), solver(design)
    values = draw.normal(size=(1, len(design.coalitions)))
    shapley = values @ found.on_values.T + found.on_total
    return sampling_errors(design, found, values, np.zeros(1), shapley)


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_the_covariance_of_a_value_with_itself_is_the_square_of_its_error(design):
    errors, parts = sampled(design)
    players = np.arange(PLAYERS)[None]
    for player in range(PLAYERS):
        alone = np.zeros((1, 1, PLAYERS, 1))
        alone[0, 0, player] = 1.0
        covariances = parts.covariances(alone, players)
        assert covariances[0, 0, player, 0] == pytest.approx(errors[0, player] ** 2)


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_covariances_are_symmetric_and_linear_in_the_weights(design):
    _, parts = sampled(design)
    players = np.arange(PLAYERS)[None]
    each = np.stack([parts.covariances(row[None, None, :, None], players)[0, 0, :, 0] for row in np.eye(PLAYERS)])
    weights = np.arange(1.0, PLAYERS + 1)
    assert each == pytest.approx(each.T)
    assert parts.covariances(weights[None, None, :, None], players)[0, 0, :, 0] == pytest.approx(weights @ each)
