"""By how much leave-one-out residuals overstate the errors of a Gaussian process over coalitions.

Leaving out one pair after another tells how fast an estimate still changes. Where the error falls with the first power
of the number of pairs, in variance, that is the error itself; where it falls with the k-th power, as that of a process
with many interactions does, it is k times as much (Efron and Stein 1981, The jackknife estimate of variance. *Annals of
Statistics* 9). A process tells both without knowing any value: the error that it expects of its estimate, and the
residuals that it expects. What was seen of the residuals then says how large the games really are.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["expected_share", "legendre"]

Floats = npt.NDArray[np.float64]

NODES = 10
"""Points of each integral, which is exact for interactions of up to 20 players; others have next to no weight."""
CHOSEN = 20.0
"""The process is chosen by the same values. With n pairs more than players this makes it too sure by about 20 / n."""
SURE = 1.1
"""Further allowance for games that differ from what the process believes."""
LEAST = 0.25
"""Least share of the leave-one-out variance that is believed to be the error."""


def expected_share(
    signs: Floats,
    *,
    scales: Floats,
    noise: float,
    of_first_order: float,
    on_values: Floats,
    on_dual: Floats,
    influence: Floats,
    expected_spread: Floats,
) -> Floats:
    """The expected squared error of every Shapley value, as a share of its expected leave-one-out variance.

    Parameters
    ----------
    signs
        1 for absent and -1 for present players of every pair's first coalition, shape (pairs, players).
    scales, noise, of_first_order
        Of the process: scales, shape (players,); variances of what no interaction explains, and of the term of a
        single player.
    on_values
        Covariances of the Shapley values with the odd value of every pair and, last, of the pair of the full and the
        empty coalition, without noise, shape (players, pairs + 1).
    on_dual, influence
        What the estimate takes of the dual weights and of the odd values, shape (players, pairs): the second is the
        first times the inverse of the covariances.
    expected_spread
        Expected leave-one-out variance, shape (players,).

    Returns
    -------
    ndarray
        Shape (players,), in [0.25, 1].
    """
    pairs, players = signs.shape
    # What the influence makes of all pairs adds up to zero; the pair of the ends is shared equally by all players.
    of_ends = 2 / players
    reach, along = scales.sum(), -signs @ scales
    with_ends = (np.sinh(along) - along) / (np.sinh(reach) - reach) - of_first_order * signs.sum(axis=1)
    between_ends = 1 + of_first_order * players + noise
    met = on_values + noise * _weights_of_pairs(signs)
    error = _variance_of_kernel(scales) + 4 * of_first_order + noise * _squared_weights(players)
    error += ((on_dual - 2 * met[:, :pairs] + 2 * of_ends * with_ends) * influence).sum(axis=1)
    error += of_ends * (of_ends * between_ends - 2 * met[:, pairs])
    allowed = SURE * (1 + CHOSEN / max(pairs - players, 1))
    share = allowed * error / np.maximum(expected_spread, np.finfo(float).tiny)
    return np.asarray(np.clip(share, LEAST, 1.0))


@lru_cache(maxsize=NODES)
def legendre(nodes: int) -> tuple[Floats, Floats]:
    """Points in (-1, 1) and weights of the Gauss-Legendre quadrature, shape (nodes,) each."""
    at, weights = np.polynomial.legendre.leggauss(nodes)
    return np.asarray(at), np.asarray(weights)


def _variance_of_kernel(scales: Floats) -> Floats:
    """Prior variance of every player's Shapley value, of the orders from three, shape (players,).

    A term of the players in U counts (2 / |U|)^2 times its own variance, and 1 / |U|^2 is the integral of
    (q r)^(|U| - 1) over the unit square.
    """
    reach, slopes = scales.sum(), np.tanh(scales)
    nodes, weights = legendre(NODES)
    at = np.multiply.outer((nodes + 1) / 2, (nodes + 1) / 2).reshape(-1, 1)
    weight = np.multiply.outer(weights / 2, weights / 2).ravel()
    up, down = np.log1p(at * slopes), np.log1p(-at * slopes)
    others = (np.exp(up.sum(axis=1, keepdims=True) - up) + np.exp(down.sum(axis=1, keepdims=True) - down)) / 2
    found: Floats = 4 * (np.prod(np.cosh(scales)) * slopes * (weight @ others) - scales) / (np.sinh(reach) - reach)
    return found


def _weights_of_pairs(signs: Floats) -> Floats:
    """Weight of the odd value of every pair, and of the ends, in the Shapley values, shape (players, pairs + 1)."""
    pairs, players = signs.shape
    present = (signs < 0).T
    size = present.sum(axis=0)
    of_size = _weight_of_size(players)
    weights = np.full((players, pairs + 1), of_size[players])
    weights[:, :pairs] = np.where(present, of_size[size], -of_size[players - size])
    return weights


def _squared_weights(players: int) -> float:
    """Sum of the squared weights of all pairs in the Shapley value of one player."""
    # One half of every pair has the player; those of size s are C(M, s) s / M.
    return float(2 / players * _weight_of_size(players)[1:].sum())


@lru_cache(maxsize=64)
def _weight_of_size(players: int) -> Floats:
    """Weight of a pair in the Shapley value of a player, by the size of the half that has it: 2 / (s C(M, s)), or 0."""
    return np.array([0.0, *(2 / (size * math.comb(players, size)) for size in range(1, players + 1))])
