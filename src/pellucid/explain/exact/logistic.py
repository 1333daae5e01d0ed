"""Exact Shapley values of a logistic regression: of its log-odds, and of its probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pellucid.errors import ModelError
from pellucid.explain.exact.additivity import ExactValues, Floats
from pellucid.explain.exact.linear import linear

__all__ = ["logistic"]

# Where a sigmoid equals its limit in double precision, exp(-37) < 2**-53.
_SATURATED = 37.0
_MOST_HARMONICS = 4096
_CELLS_AT_ONCE = 1 << 16


def logistic(
    weights: Floats,
    intercept: float,
    rows: Floats,
    background: Floats,
    *,
    link: Literal["identity", "logit"] = "identity",
) -> ExactValues:
    """Shapley values of ``sigmoid(intercept + weights @ row)``, or with ``link="logit"`` of the score inside.

    In probability the game is the mean over the background of sigmoids of sums, one term per feature. A Shapley value
    is the integral over q in [0, 1] of a feature's expected effect when each other feature is present with probability
    q: a polynomial in q, which Gauss-Legendre integrates exactly. The sigmoid becomes a sine series (`_Waves`), and the
    expectation of a wave of a sum of independent terms is a product. Cost per row: background rows x features x
    harmonics x features / 2, without the 2**features coalitions.

    Parameters
    ----------
    weights
        Shape (features,).
    intercept
        Log-odds of a row of zeros.
    rows
        Rows to explain, shape (rows, features).
    background
        Rows that stand for an absent feature, shape (background rows, features), at least one.
    link
        ``identity`` explains the probability, ``logit`` the log-odds.

    Returns
    -------
    ExactValues
        With one output; in probability the error is about 1e-15, absolute.

    Raises
    ------
    ModelError
        Log-odds range so far that the series would be too long, which is thousands.

    Examples
    --------
    >>> values, base = logistic(np.array([1.0, 1.0]), 0.0, np.array([[1.0, 1.0]]), np.array([[0.0, 0.0]]))
    >>> values[0, :, 0].round(12).tolist(), base.tolist()
    ([0.190398538989, 0.190398538989], [0.5])
    """
    if link == "logit":
        return linear(weights, intercept, rows, background)
    absent = intercept + background @ weights
    values = np.zeros((*rows.shape, 1))
    for position, row in enumerate(rows):
        values[position, :, 0] = _of_row(weights * (row - background), absent)
    return ExactValues(values, np.atleast_1d(_sigmoid(absent).mean()))


def _of_row(effects: Floats, absent: Floats) -> Floats:
    """Attributions of one row, shape (features,).

    Parameters
    ----------
    effects
        What each feature adds to the score, shape (background rows, features).
    absent
        Score of each background row, shape (background rows,).
    """
    total = np.zeros(effects.shape[1])
    # A feature that adds nothing against any background row is no player.
    active = np.flatnonzero(effects.any(axis=0))
    if not active.size:
        return total
    effects = effects[:, active]
    lowest = absent + np.minimum(effects, 0).sum(axis=1)
    highest = absent + np.maximum(effects, 0).sum(axis=1)
    waves = _waves(float(np.abs(np.stack([lowest, highest])).max()))
    block = max(1, _CELLS_AT_ONCE // (waves.frequencies.size * active.size))
    for start in range(0, len(absent), block):
        some = slice(start, start + block)
        total[active] += _expected_effects(effects[some], absent[some], waves)
    return total / len(absent)


def _expected_effects(effects: Floats, absent: Floats, waves: _Waves) -> Floats:
    """Sum of the attributions over background rows, shape (features,)."""
    phases = waves.frequencies[:, None] * effects[:, None, :]
    turned = np.exp(1j * phases) - 1
    scores = waves.frequencies * absent[:, None]
    # At 1 - q a factor is the turn times the conjugate of that at q, so that both nodes are one product.
    starts = waves.amplitudes * (np.exp(1j * scores) + np.exp(-1j * (scores + phases.sum(axis=2))))
    nodes, lengths = _presence(effects.shape[1])
    total = np.zeros(effects.shape[1])
    for present, length in zip(nodes, lengths, strict=True):
        factors = present * turned
        factors += 1
        # The product over the others by division: a factor vanishes at present = 1/2 only, which is no node.
        products = starts * factors.prod(axis=2)
        np.divide(turned, factors, out=factors)
        total += length * np.tensordot(products, factors, axes=2).imag
    return total


def _presence(features: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes on [0, 1/2] and their weights.

    With their mirror images on [1/2, 1] they are exact for polynomials of degree ``features - 1``. All of them are an
    even number, so that 1/2 is none.
    """
    half = -(-features // 4)
    nodes, weights = np.polynomial.legendre.leggauss(2 * half)
    return (nodes[:half] + 1) / 2, weights[:half] / 2


@dataclass(frozen=True, slots=True)
class _Waves:
    """``sigmoid(z) = 1/2 + sum over k of amplitudes[k] sin(frequencies[k] z)`` on an interval around 0."""

    frequencies: Floats
    amplitudes: Floats


def _waves(reach: float) -> _Waves:
    """The sine series of the sigmoid on [-reach, reach], to double precision.

    A smooth square wave, sigmoids going up and down in turn every half period, equals the sigmoid until the next step
    is near. The Fourier transform of the sigmoid's slope is ``pi t / sinh(pi t)``, so that the wave's series is known
    in closed form, and falls below double precision at t = 37 / pi.
    """
    period = 2 * (reach + _SATURATED)
    harmonics = int(np.ceil(_SATURATED / np.pi * period / (2 * np.pi)))
    if not harmonics <= 2 * _MOST_HARMONICS:
        raise ModelError(
            f"logistic regression: the log-odds of masked rows reach {reach:.4g}, too far for the closed form in"
            " probability. Explain the log-odds (link logit), or sample."
        )
    frequencies = 2 * np.pi / period * np.arange(1, harmonics + 1, 2, dtype=np.float64)
    return _Waves(frequencies, 4 * np.pi / period / np.sinh(np.pi * frequencies))


def _sigmoid(scores: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-scores)))
