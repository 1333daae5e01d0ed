"""What noise adds to absolute values, given what was seen of them and what true values are taken to look like.

Noise of standard deviation s makes the mean absolute value of a number that is 0 as large as 0.8 s, and next to nothing
of one that is far from 0. So what it adds to the mean over rows depends on how true values lie around 0, of which two
accounts are given: as a normal distribution has them, and as a mixture of normal distributions of several widths has
them that is fitted to what was seen (adaptive shrinkage, Stephens 2017, *Biostatistics* 18: 275-294).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["added_by_noise", "without_noise"]

Floats = npt.NDArray[np.float64]

WIDTHS = np.array([2.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.0])
"""Standard deviations of the mixture, over the root mean square of true values; 0 is for rows without any effect."""
STEPS = 12
"""Steps of expectation and maximisation: further ones change little of what noise adds."""


def without_noise(values: Floats, errors: Floats, square: Floats) -> Floats:
    """Absolute values less what noise is expected to add, where true values are normal.

    Parameters
    ----------
    values, errors
        Shape (rows, players, outputs).
    square
        Mean square of the true values, shape (players, outputs).

    Returns
    -------
    ndarray
        Shape (rows, players, outputs); nan where the error is.

    Examples
    --------
    >>> without_noise(np.array([[[2.0]], [[2.0]]]), np.array([[[0.0]], [[1.0]]]), np.array([[1.0]])).round(2).tolist()
    [[[2.0]], [[1.76]]]
    """
    noisy = errors > 0
    noise = errors[noisy] ** 2
    found = np.abs(values)
    found[noisy] -= _added(values[noisy], noise, np.broadcast_to(square, noisy.shape)[noisy])
    found[np.isnan(errors)] = np.nan
    return found


def added_by_noise(values: Floats, errors: Floats) -> Floats:
    """How much larger noise makes the mean absolute value, where true values are a mixture around 0.

    Parameters
    ----------
    values, errors
        Shape (rows, players, outputs).

    Returns
    -------
    ndarray
        Shape (players, outputs), at least 0; nan where an error is.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(400, 1, 1))
    >>> added_by_noise(noise, np.ones_like(noise)).round(1).tolist()
    [[0.8]]
    >>> added_by_noise(noise + 20, np.ones_like(noise)).round(1).tolist()
    [[0.0]]
    """
    noisy = ~(errors == 0)
    if not noisy.any():
        return np.zeros(values.shape[1:])
    noise, number = np.where(noisy, errors, 1.0) ** 2, np.maximum(noisy.sum(axis=0), 1)
    square = np.maximum(((values**2 - noise) * noisy).sum(axis=0) / number, 0.0)
    variances = np.multiply.outer(WIDTHS**2, square)[:, None]
    total = variances + noise
    logarithms = -(values**2) / total / 2 - np.log(total) / 2
    densities = np.exp(logarithms - logarithms.max(axis=0))
    shares = np.full((len(WIDTHS), 1, *square.shape), 1 / len(WIDTHS))
    for _ in range(STEPS):
        shares = (_posterior(shares, densities) * noisy).sum(axis=1, keepdims=True) / number
    added = (_posterior(shares, densities) * _added(values, noise, variances)).sum(axis=0)
    return np.asarray((added * noisy).mean(axis=0))


def _posterior(shares: Floats, densities: Floats) -> Floats:
    joint = shares * densities
    total = joint.sum(axis=0)
    return np.asarray(np.divide(joint, total, out=np.zeros(joint.shape), where=total != 0))


def _added(values: Floats, noise: Floats, square: Floats) -> Floats:
    """What noise adds where true values are normal: the difference of two means of folded normals, with and without."""
    kept = square / (square + noise)
    middle, variance = kept * values, kept * noise
    return _folded_mean(middle, np.sqrt(variance + noise)) - _folded_mean(middle, np.sqrt(variance))


def _folded_mean(middle: Floats, spread: Floats) -> Floats:
    """Mean of the absolute value of a normal variable."""
    from scipy.special import erf

    ratio = np.divide(middle, spread, out=np.full(middle.shape, np.inf), where=spread != 0)
    folded: Floats = spread * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2)
    return np.where(spread == 0, np.abs(middle), folded + middle * erf(ratio / np.sqrt(2)))
