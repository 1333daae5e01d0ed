"""Shapley values of sigmoids of sums, over all coalitions: the way for few features."""

from __future__ import annotations

from functools import lru_cache
from math import factorial

import numpy as np

from pellucid.explain.exact.additivity import Floats

__all__ = ["over_coalitions"]

# Scores of so many coalitions stay in a cache near the processor.
_SCORES_AT_ONCE = 1 << 15


def over_coalitions(absent: Floats, effects: Floats) -> Floats:
    """Shapley values of the games ``sigmoid(absent + sum of the effects of those present)``, up to rounding.

    Parameters
    ----------
    absent
        Score of the empty coalition, shape (games,).
    effects
        What each feature adds to the score, shape (games, features), at least one feature.

    Returns
    -------
    numpy.ndarray
        Shape (games, features).

    Examples
    --------
    >>> over_coalitions(np.array([0.0]), np.array([[1.0, 1.0]])).round(12).tolist()
    [[0.190398538989, 0.190398538989]]
    """
    games, features = effects.shape
    coalitions = 1 << features
    # sigmoid(z) = (1 + tanh(z / 2)) / 2, of which the constants leave no trace in differences.
    weights = _weights(features) / 2
    half, halves = absent / 2, effects.T / 2
    values = np.empty((games, features))
    block = max(8, _SCORES_AT_ONCE // coalitions)
    scores = np.empty((coalitions, min(block, games)))
    for start in range(0, games, block):
        some = slice(start, min(start + block, games))
        found = scores[:, : some.stop - start]
        found[0] = half[some]
        for feature, effect in enumerate(halves[:, some]):
            held = 1 << feature
            np.add(found[:held], effect, out=found[held : 2 * held])
        np.tanh(found, out=found)
        values[some] = (weights @ found).T
    return values


@lru_cache(maxsize=32)
def _weights(features: int) -> Floats:
    """Shapley values are these weights times the values of the coalitions, shape (features, coalitions).

    Bit i of the number of a coalition says whether it holds feature i.
    """
    members = (np.arange(1 << features) >> np.arange(features)[:, None]) & 1
    size = members.sum(axis=0)
    share = [factorial(held) * factorial(features - 1 - held) / factorial(features) for held in range(features)]
    joined, left = np.array([0.0, *share])[size], np.array([*share, 0.0])[size]
    return np.asarray(np.where(members == 1, joined, -left))
