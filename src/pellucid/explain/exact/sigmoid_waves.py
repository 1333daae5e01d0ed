"""Shapley values of sigmoids of sums without any coalition: the way for many features.

A Shapley value is the integral over q in [0, 1] of a feature's expected effect when each other feature is present with
probability q: a polynomial in q, which Gauss-Legendre integrates exactly. The sigmoid becomes a sum of exponentials
(`_Series`), and the expectation of an exponential of a sum of independent terms is a product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.exact.additivity import Floats
from pellucid.records import dataclass

__all__ = ["over_waves"]

# exp(-35) < 1e-15, the error left in a probability.
_NEGLIGIBLE = 35.0
_MOST_WAVES = 2048
_GROWING = 4
# Exponentials of `_GROWING` times twice this are still numbers.
_FARTHEST_GROWING = 60.0
_GAMES_AT_ONCE = 128

# Exponentials by (frequency, game) of each feature, real or complex.
_Exponentials = npt.NDArray[Any]


def over_waves(absent: Floats, effects: Floats) -> Floats:
    """Shapley values of the games ``sigmoid(absent + sum of the effects of those present)``, to about 1e-14.

    Cost per game: features x features / 4 x (2 x reach + 23), where the reach is that of the scores.

    Parameters
    ----------
    absent
        Score of the empty coalition, shape (games,).
    effects
        What each feature adds to the score, shape (games, features), at least one feature.

    Returns
    -------
    numpy.ndarray
        Shape (games, features); nan for a game whose scores reach farther than about a thousand from 0.

    Examples
    --------
    >>> over_waves(np.array([0.0]), np.array([[1.0, 1.0]])).round(12).tolist()
    [[0.190398538989, 0.190398538989]]
    """
    lowest = absent + np.minimum(effects, 0).sum(axis=1)
    highest = absent + np.maximum(effects, 0).sum(axis=1)
    reach = np.maximum(np.abs(lowest), np.abs(highest))
    values = np.full(effects.shape, np.nan)
    # Games of like reach share a series that is no longer than they need.
    order = np.argsort(reach, kind="stable")
    for start in range(0, len(order), _GAMES_AT_ONCE):
        some = order[start : start + _GAMES_AT_ONCE]
        series = _series(float(reach[some[-1]]))
        if series is None:
            some = some[[_series(float(one)) is not None for one in reach[some]]]
            series = _series(float(reach[some[-1]])) if len(some) else None
        if series is not None:
            values[some] = _of_games(absent[some], effects[some].T, series)
    return values


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """``sigmoid(z) = 1/2 + sum of waves[k] sin((2 k + 1) base z) + sum of growing[m] 2 sinh((m + 1) z)`` near 0.

    Parameters
    ----------
    base
        The lowest frequency, of which the others are odd multiples.
    waves
        Amplitudes, shape (waves,).
    growing
        Amplitudes, shape (growing exponentials,).
    """

    base: float
    waves: Floats
    growing: Floats


def _series(reach: float) -> _Series | None:
    """The series on [-reach, reach], with an error below 1e-14; None where it would be too long.

    A smooth square wave, sigmoids that go up and down in turn every half period, is near the sigmoid until the next
    step is near. The Fourier transform of the sigmoid's slope is ``pi t / sinh(pi t)``, so the wave's series is known
    in closed form. What the next steps add is known as well, by ``sigmoid(y) = exp(y) - exp(2 y) + ...`` for y < 0:
    in all of them together ``exp(m z) - exp(-m z)`` has the amplitude ``(-1)**m / (exp(m half period) + 1)``. As many
    of these as are taken away let the next step come so much nearer, and the period and the series are shorter.
    """
    growing = _GROWING if reach <= _FARTHEST_GROWING else 0
    half_period = reach + _NEGLIGIBLE / (growing + 1)
    base = np.pi / half_period
    most = np.ceil(_NEGLIGIBLE / np.pi / base / 2)
    if not most <= _MOST_WAVES:
        return None
    odd = 2 * np.arange(int(most)) + 1
    powers = np.arange(1, growing + 1)
    corrections = -((-1.0) ** powers) / (np.exp(powers * half_period) + 1)
    return _Series(float(base), 2 * base / np.sinh(np.pi * base * odd), corrections)


def _of_games(absent: Floats, effects: Floats, series: _Series) -> Floats:
    """Shapley values, shape (games, features), of games of ``effects``, shape (features, games)."""
    total = absent + effects.sum(axis=0)
    turns = _odd_powers(np.exp(1j * series.base * effects), len(series.waves))
    starts, ends = (_odd_powers(np.exp(1j * series.base * score), len(series.waves)) for score in (absent, total))
    # At 1 - q an expected wave is, but for its end, the conjugate of that at q, so that both nodes are one product.
    starts = series.waves[:, None] * (starts + ends.conj())
    values = _expected_effects(starts, turns, lambda parts: parts.imag)
    if len(series.growing):
        powers = np.concatenate([np.arange(1, len(series.growing) + 1), -np.arange(1, len(series.growing) + 1)])[
            :, None
        ]
        amplitudes = (np.sign(powers) * np.tile(series.growing, 2)[:, None]) * (
            np.exp(powers * absent) + np.exp(-powers * total)
        )
        values += _expected_effects(amplitudes, np.exp(powers * effects[:, None]), lambda parts: parts)
    return values.T


def _odd_powers(numbers: _Exponentials, count: int) -> _Exponentials:
    """``numbers`` to the powers 1, 3, 5, ..., shape (..., count, games), of shape (..., games)."""
    powers = np.empty((*numbers.shape[:-1], count, numbers.shape[-1]), dtype=numbers.dtype)
    square = numbers * numbers
    powers[..., 0, :] = numbers
    for power in range(1, count):
        np.multiply(powers[..., power - 1, :], square, out=powers[..., power, :])
    return powers


def _expected_effects(
    starts: _Exponentials, exponentials: _Exponentials, part: Callable[[_Exponentials], Floats]
) -> Floats:
    """Integral over q of each feature's expected effect, summed over the frequencies, shape (features, games).

    Parameters
    ----------
    starts
        Amplitudes times the exponentials of the empty coalition, shape (frequencies, games).
    exponentials
        Those of each feature's effect, shape (features, frequencies, games).
    part
        What of the sums is meant.
    """
    changes = exponentials - 1
    found = np.zeros_like(changes)
    before = np.empty_like(changes)
    factors = np.empty_like(changes)
    held = np.empty_like(starts)
    for present, length in zip(*_presence(len(changes)), strict=True):
        np.multiply(changes, present, out=factors)
        factors += 1
        # Products over all other features: those before times those after.
        before[0] = length * starts
        for feature in range(1, len(changes)):
            np.multiply(before[feature - 1], factors[feature - 1], out=before[feature])
        found[-1] += before[-1]
        after = factors[-1]
        for feature in range(len(changes) - 2, -1, -1):
            np.multiply(before[feature], after, out=held)
            found[feature] += held
            after *= factors[feature]
    found *= changes
    return np.asarray(part(found.sum(axis=1)), dtype=np.float64)


def _presence(features: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes on [0, 1/2] and their weights.

    With their mirror images on [1/2, 1] they are exact for polynomials of degree ``features - 1``.
    """
    half = -(-features // 4)
    nodes, weights = np.polynomial.legendre.leggauss(2 * half)
    return (nodes[:half] + 1) / 2, weights[:half] / 2
