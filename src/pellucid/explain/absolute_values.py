"""What noise adds to absolute values, given what was seen of them and what true values are taken to look like.

Noise of standard deviation s makes the mean absolute value of a number that is 0 as large as 0.8 s, and next to nothing
of one that is far from 0. So what it adds to the mean over rows depends on how true values lie around 0. They are taken
to be a mixture of normal distributions of several widths that is fitted to what was seen (adaptive shrinkage, Stephens
2017, *Biostatistics* 18: 275-294): a feature that few rows have is 0 in most and far from it in some.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pellucid.records import dataclass

__all__ = ["TrueValues"]

Floats = npt.NDArray[np.float64]

WIDTHS = np.array([2.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.0])
"""Standard deviations of the mixture, over the root mean square of true values; 0 is for rows without any effect."""
NORMAL_ROWS = np.where(WIDTHS == 1, 10.0, 0.0)
"""Rows by which the mixture is believed to be a single normal distribution before any is seen: where noise is as large
as the values, these hardly tell."""
STEPS = 40
"""Steps of expectation and maximisation: further ones change little of what noise adds."""
FAR = 8.0
"""Errors from 0 beyond which noise adds nothing that could be told from rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class TrueValues:
    """What true values are taken to look like: a mixture of normal distributions around 0.

    Parameters
    ----------
    variances, shares
        Of the normal distributions, shape (distributions, players, outputs).

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(400, 1, 1))
    >>> TrueValues.seen_in(noise, np.ones_like(noise)).added(noise, np.ones_like(noise)).mean().round(1).item()
    0.8
    >>> far = noise + 20
    >>> TrueValues.seen_in(far, np.ones_like(far)).added(far, np.ones_like(far)).mean().round(1).item()
    0.0
    """

    variances: Floats
    shares: Floats

    @classmethod
    def seen_in(cls, values: Floats, errors: Floats) -> TrueValues:
        """Fit to some values and their errors, shape (rows, players, outputs); nan where an error is."""
        noisy = ~(errors == 0)
        noise, number = np.where(noisy, errors, 1.0) ** 2, np.maximum(noisy.sum(axis=0), 1)
        square = np.maximum(((values**2 - noise) * noisy).sum(axis=0) / number, 0.0)
        variances = np.multiply.outer(WIDTHS**2, square)
        total = variances[:, None] + noise
        logarithms = -(values**2) / total / 2 - np.log(total) / 2
        densities = np.exp(logarithms - logarithms.max(axis=0))
        shares = np.full((len(WIDTHS), *square.shape), 1 / len(WIDTHS))
        for _ in range(STEPS):
            of_rows = (_posterior(shares[:, None], densities) * noisy).sum(axis=1) + NORMAL_ROWS[:, None, None]
            shares = of_rows / of_rows.sum(axis=0)
        return cls(variances, shares)

    def added(self, values: Floats, errors: Floats) -> Floats:
        """How much larger noise is expected to make absolute values, given what was seen.

        Parameters
        ----------
        values, errors
            Shape (rows, players, outputs).

        Returns
        -------
        ndarray
            Of the same shape, at least 0; nan where an error is.
        """
        near = np.abs(values) < FAR * errors
        found = np.where(np.isnan(errors), np.nan, 0.0)
        seen, noise = values[near], errors[near] ** 2
        added, of_all = np.zeros(seen.shape), np.zeros(seen.shape)
        for variance, share in zip(self.variances, self.shares, strict=True):
            of_true = np.broadcast_to(variance, near.shape)[near]
            total = of_true + noise
            density = np.broadcast_to(share, near.shape)[near] * np.exp(-(seen**2) / total / 2) / np.sqrt(total)
            added += density * _added(seen, noise, of_true)
            of_all += density
        found[near] = np.divide(added, of_all, out=np.zeros(added.shape), where=of_all != 0)
        return found


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
