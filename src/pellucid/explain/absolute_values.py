"""What noise adds to absolute values, given what was seen of them and what true values are taken to look like.

Noise of standard deviation s makes the mean absolute value of a number that is 0 as large as 0.8 s, and next to nothing
of one that is far from 0. So what it adds to the mean over rows depends on how true values lie around 0. They are taken
to be a mixture of normal distributions of several widths that is fitted to what was seen (adaptive shrinkage, Stephens
2017, *Biostatistics* 18: 275-294): a feature that few rows have is 0 in most and far from it in some. The widths are
the same for all rows, or in proportion to the error of each, whichever is likelier, as is proposed there: rows with
larger values often have larger errors, too.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pellucid.records import dataclass

__all__ = ["Expected", "TrueValues"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

WIDTHS = np.array([2.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.0])
"""Standard deviations of the mixture, over the root mean square of true values; 0 is for rows without any effect."""
NORMAL_ROWS = np.where(WIDTHS == 1, 10.0, 0.0)
"""Rows by which the mixture is believed to be a single normal distribution before any is seen: where noise is as large
as the values, these hardly tell."""
STEPS = 50
"""Steps of expectation and maximisation: further ones change little of what noise adds."""
FAR = 8.0
"""Errors from 0 beyond which noise adds nothing that could be told from rounding."""
NO_ERROR = 1e-140
"""Errors up to here are rounding, and their squares could not be told from 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What is expected of some rows; all arrays have the shape (rows, players, outputs), nan where an error is.

    Parameters
    ----------
    added
        How much larger noise makes absolute values, at least 0.
    signs
        Mean of the signs of true values, from -1 to 1: near 0 where nothing is seen but noise.
    """

    added: Floats
    signs: Floats


@dataclass(frozen=True, slots=True, eq=False)
class TrueValues:
    """What true values are taken to look like: a mixture of normal distributions around 0.

    Parameters
    ----------
    variances, shares
        Of the normal distributions, shape (distributions, players, outputs).
    of_errors
        Whether the variances are multiples of the squared error of each row, shape (players, outputs).

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(400, 1, 1))
    >>> TrueValues.seen_in(noise, np.ones_like(noise)).expected(noise, np.ones_like(noise)).added.mean().round(1).item()
    0.8
    >>> far = noise + 20
    >>> TrueValues.seen_in(far, np.ones_like(far)).expected(far, np.ones_like(far)).added.mean().round(1).item()
    0.0
    """

    variances: Floats
    shares: Floats
    of_errors: Booleans

    @classmethod
    def seen_in(cls, values: Floats, errors: Floats) -> TrueValues:
        """Fit to some values and their errors, shape (rows, players, outputs); nan where an error is."""
        noisy = ~(errors <= NO_ERROR)
        units = np.where(noisy, errors, 1.0)
        in_errors, ones = values / units, np.ones(values.shape)
        near = noisy & (np.abs(in_errors) < FAR)
        alike = _fitted(values, units, noisy)
        # How far values are that no noise brings near 0 says nothing of those that it may.
        scaled = _fitted(np.clip(in_errors, -FAR, FAR), ones, noisy)
        per_error = (np.log(units) * near).sum(axis=0)
        likelier = _likelihood(scaled, in_errors, ones, near) - per_error > _likelihood(alike, values, units, near)
        variances, shares = (np.where(likelier, *either) for either in zip(scaled, alike, strict=True))
        return cls(variances, shares, likelier)

    def expected(self, values: Floats, errors: Floats) -> Expected:
        """What is expected of rows, given what was seen: values and errors, shape (rows, players, outputs)."""
        near = (np.abs(values) < FAR * errors) & (errors > NO_ERROR)
        unknown = np.where(np.isnan(errors), np.nan, 0.0)
        found = Expected(unknown, np.sign(values) + unknown)
        seen, noise = values[near], errors[near] ** 2
        units = np.where(np.broadcast_to(self.of_errors, near.shape)[near], noise, 1.0)
        added, signs, of_all = np.zeros(seen.shape), np.zeros(seen.shape), np.zeros(seen.shape)
        for variance, share in zip(self.variances, self.shares, strict=True):
            of_true = np.broadcast_to(variance, near.shape)[near] * units
            total = of_true + noise
            density = np.broadcast_to(share, near.shape)[near] * np.exp(-(seen**2) / total / 2) / np.sqrt(total)
            kept = of_true / total
            middle, variance_left = kept * seen, kept * noise
            size, sign = _folded(middle, np.sqrt(variance_left))
            added += density * (_folded(middle, np.sqrt(variance_left + noise))[0] - size)
            signs += density * sign
            of_all += density
        found.added[near] = np.divide(added, of_all, out=np.zeros(added.shape), where=of_all != 0)
        found.signs[near] = np.divide(signs, of_all, out=np.zeros(added.shape), where=of_all != 0)
        return found


Mixture = tuple[Floats, Floats]
"""Variances and shares, shape (distributions, players, outputs)."""


def _fitted(values: Floats, errors: Floats, noisy: Booleans) -> Mixture:
    """The mixture that makes noisy rows likeliest."""
    number = np.maximum(noisy.sum(axis=0), 1)
    square = np.maximum(((values**2 - errors**2) * noisy).sum(axis=0) / number, 0.0)
    variances = np.multiply.outer(WIDTHS**2, square)
    logarithms = _log_densities(variances, values, errors)
    densities = np.exp(logarithms - logarithms.max(axis=0)) * noisy
    # Shape (players, outputs, distributions, rows), in which steps are products of matrices.
    joint = np.ascontiguousarray(np.moveaxis(densities, (0, 1), (2, 3)))
    shares = np.full(joint.shape[:3], 1 / len(WIDTHS))
    for _ in range(STEPS):
        total = (shares[..., None, :] @ joint)[..., 0, :]
        over_total = np.divide(1.0, total, out=np.zeros(total.shape), where=total != 0)
        of_rows = shares * (joint @ over_total[..., None])[..., 0] + NORMAL_ROWS
        shares = of_rows / of_rows.sum(axis=-1, keepdims=True)
    return variances, np.moveaxis(shares, -1, 0)


def _likelihood(mixture: Mixture, values: Floats, errors: Floats, near: Booleans) -> Floats:
    """Logarithm of the likelihood of those rows that are near 0, given that they are, shape (players, outputs)."""
    from scipy.special import erf

    variances, shares = mixture
    logarithms = _log_densities(variances, values, errors)
    largest = logarithms.max(axis=0)
    density = np.einsum("kpo,krpo->rpo", shares, np.exp(logarithms - largest))
    reach = FAR * errors / np.sqrt(2 * (variances[:, None] + errors**2))
    is_near = np.einsum("kpo,krpo->rpo", shares, erf(reach))
    seen = np.log(density, out=np.zeros(density.shape), where=near) + largest
    return np.asarray(((seen - np.log(is_near, out=np.zeros(density.shape), where=near)) * near).sum(axis=0))


def _log_densities(variances: Floats, values: Floats, errors: Floats) -> Floats:
    """Logarithms of the densities of values with noise, shape (distributions, rows, players, outputs), to a constant.

    The constant is the same for all mixtures.
    """
    total = variances[:, None] + errors**2
    return np.asarray(-(values**2) / total / 2 - np.log(total) / 2)


def _folded(middle: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Means of the absolute value and of the sign of a normal variable."""
    from scipy.special import erf

    ratio = np.divide(middle, spread, out=np.zeros(middle.shape), where=spread != 0)
    sign = np.where(spread == 0, np.sign(middle), erf(ratio / np.sqrt(2)))
    size: Floats = spread * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + middle * sign
    return size, sign
