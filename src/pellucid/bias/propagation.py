"""Intervals of metrics built from several proportions: the uncertainty of the parts is carried into the whole.

*Propagating imprecision* (Newcombe 2011): where a value depends on two independent quantities that have intervals of
their own, its interval at ``z`` is the range it takes when the one is moved by ``z1`` and the other by ``z2``, with
z1^2 + z2^2 = z^2. No resampling, so no seed, no floor under p-values, and infinite parts give infinite ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.bias.intervals import Bounds, Interval, odds_bounds, paired_ratio_bounds, wilson_bounds
from pellucid.counts import Counts, ratio

__all__ = [
    "acceptance_ratio_difference",
    "conditional_disparity",
    "error_ratio_difference",
    "generalized_entropy",
    "jensen_shannon",
    "kullback_leibler",
    "propagated",
    "rejection_ratio_difference",
]

Array = npt.NDArray[np.float64]

PRIOR_ROWS = 2.0
"""How many rows the share of ``d`` in a stratum counts as; 2 covered best of 0.25 to 4 (``benchmarks/coverage.py``)."""

_ANGLES = np.linspace(0.0, math.pi / 2, 65)
_AROUND = np.linspace(0.0, 2 * math.pi, 128, endpoint=False)


def propagated(
    first: Callable[[Array], Bounds],
    second: Callable[[Array], Bounds],
    combine: Callable[[Array, Array], Array],
    z: float,
) -> Interval:
    """Interval of ``combine(first, second)``, which rises with the first and falls with the second quantity.

    Parameters
    ----------
    first, second
        Ends of the interval of each quantity as functions of an array of ``z``.
    combine
        The value as a function of both; nan, as in infinity minus infinity, may be any number.
    z
        See `pellucid.critical_value.critical_value`.

    Notes
    -----
    Newcombe (2011), *Propagating imprecision: combining confidence intervals from independent sources*.
    """
    first_low, first_high = first(z * np.cos(_ANGLES))
    second_low, second_high = second(z * np.sin(_ANGLES))
    with np.errstate(invalid="ignore"):
        low, high = combine(first_low, second_high), combine(first_high, second_low)
    return Interval(
        float(np.min(np.where(np.isnan(low), -np.inf, low))), float(np.max(np.where(np.isnan(high), np.inf, high)))
    )


# --- differences of a ratio within each group ------------------------------------------------------------------------
def acceptance_ratio_difference(a: Counts, d: Counts, z: float) -> Interval:
    """Interval of DCA, of groups that have observed or predicted positives."""
    return propagated(
        lambda z: paired_ratio_bounds(a.tp, a.fn, a.fp, z),
        lambda z: paired_ratio_bounds(d.tp, d.fn, d.fp, z),
        np.subtract,
        z,
    )


def rejection_ratio_difference(a: Counts, d: Counts, z: float) -> Interval:
    """Interval of DCR, of groups that have observed or predicted negatives."""
    return propagated(
        lambda z: paired_ratio_bounds(d.tn, d.fp, d.fn, z),
        lambda z: paired_ratio_bounds(a.tn, a.fp, a.fn, z),
        np.subtract,
        z,
    )


def error_ratio_difference(a: Counts, d: Counts, z: float) -> Interval:
    """Interval of TE, of groups that have errors."""
    return propagated(
        lambda z: odds_bounds(d.fn, d.fp, z),
        lambda z: odds_bounds(a.fn, a.fp, z),
        np.subtract,
        z,
    )


# --- divergences -----------------------------------------------------------------------------------------------------
def kullback_leibler(a: Counts, d: Counts, z: float) -> Interval:
    """Interval of KL, of groups that have both outcomes: where one lacks any, Clarify's value is no divergence."""
    return _divergence(_relative_entropy, a, d, z)


def jensen_shannon(a: Counts, d: Counts, z: float) -> Interval:
    """Interval of JS, of groups that have both outcomes."""
    return _divergence(_jensen_shannon_divergence, a, d, z)


def _divergence(of: Callable[[Array, Array], Array], a: Counts, d: Counts, z: float) -> Interval:
    """Interval of a divergence by its root with the sign of q_a - q_d, which has no boundary at equal shares."""

    def signed_root(q_a: Array, q_d: Array) -> Array:
        return np.sign(q_a - q_d) * np.sqrt(np.maximum(of(q_a, q_d), 0.0))

    root = propagated(
        lambda z: wilson_bounds(a.positive, a.n, z), lambda z: wilson_bounds(d.positive, d.n, z), signed_root, z
    )
    low, high = sorted((root.low**2, root.high**2))
    return Interval(0.0 if 0.0 in root else low, high)


def _relative_entropy(p: Array, q: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        positive = np.where(p > 0, p * np.log(p / q), 0.0)
        negative = np.where(p < 1, (1 - p) * np.log((1 - p) / (1 - q)), 0.0)
    return np.asarray(positive + negative)


def _jensen_shannon_divergence(p: Array, q: Array) -> Array:
    mean = (p + q) / 2
    return (_relative_entropy(p, mean) + _relative_entropy(q, mean)) / 2


# --- all rows --------------------------------------------------------------------------------------------------------
def generalized_entropy(rows: Counts, z: float) -> Interval:
    """Interval of GE, a function of the share of errors and of the share of false positives among the errors."""
    errors = rows.fp + rows.fn
    along, across = z * np.cos(_AROUND), z * np.sin(_AROUND)
    error_rate = _moved(errors, rows.n, along)
    false_positives = _moved(rows.fp, errors, across)
    values = _entropy(error_rate, false_positives)
    point = float(_entropy(errors / rows.n, ratio(rows.fp, errors)))
    return Interval(min(point, float(np.min(values))), max(point, float(np.max(values))))


def _moved(successes: float, rows: float, z: Array) -> Array:
    """The proportion moved down (z < 0) or up (z > 0) to the end of its interval at ``|z|``."""
    low, high = wilson_bounds(successes, rows, np.abs(z))
    return np.asarray(np.where(z < 0, low, high))


def _entropy(error_rate: Any, false_positives: Any) -> Any:
    mean = 1 + error_rate * (2 * false_positives - 1)
    mean_square = 1 + error_rate * (4 * false_positives - 1)
    return (ratio(mean_square, mean * mean) - 1) / 2


# --- strata ----------------------------------------------------------------------------------------------------------
def conditional_disparity(a: Counts, d: Counts) -> Callable[[float], Interval]:
    """Interval of CDDL as a function of ``z``; of CDDPL for `Counts.predictions_as_labels`.

    The score interval of a weighted sum of proportions, the shares of ``d`` among the rejected and the accepted of each
    stratum: values whose distance from the estimate is at most ``z`` standard errors, where the variance follows the
    value along the direction in which the sum changes most per standard error, as in Wilson's interval of a single
    proportion. Variances use shares drawn by `PRIOR_ROWS` towards the share of ``d`` in the stratum, because the share
    of a handful of rows is often 0 or 1, and its own variance 0.

    Parameters
    ----------
    a, d
        Counts with the strata on their last axis, of at least one row.
    """
    rejected, accepted = a.negative + d.negative, a.positive + d.positive
    rows = rejected + accepted
    total = float(np.sum(rows))
    weights, overall = rows / total, ratio(d.n, rows)
    gaps = ratio(d.negative, rejected) - ratio(d.positive, accepted)
    value = float(np.sum(weights * gaps))
    # The sizes of the strata are random too.
    variance = float(np.sum(weights * (gaps - value) ** 2)) / total
    slope = curvature = 0.0
    for factor, part, whole in ((weights, d.negative, rejected), (-weights, d.positive, accepted)):
        of_sum, its_slope, its_curvature = _variance(factor, part, whole, overall)
        variance, slope, curvature = variance + of_sum, slope + its_slope, curvature + its_curvature
    if not variance:
        return lambda _: Interval(value, value)
    return lambda z: _score_interval(value, variance, slope / variance, curvature / variance**2, z)


def _variance(factor: Array, part: Array, whole: Array, overall: Array) -> tuple[float, float, float]:
    """Variance of ``sum factor * part / whole``, and its first and second change as the sum moves, times variance."""
    seen = whole > 0
    factor, rows = factor[seen], whole[seen]
    observations = rows + PRIOR_ROWS
    share = (part[seen] + PRIOR_ROWS * overall[seen]) / observations
    of_share = share * (1 - share) / rows * observations / (observations - 1)
    return (
        float(np.sum(factor**2 * of_share)),
        float(np.sum(factor**3 * of_share * (1 - 2 * share) / rows)),
        float(np.sum(factor**4 * of_share**2 / rows)),
    )


def _score_interval(value: float, variance: float, slope: float, curvature: float, z: float) -> Interval:
    """All values in [-1, 1] at a distance x with x^2 <= z^2 (variance + slope x - curvature x^2)."""
    z2 = z * z
    scale = 1 + z2 * curvature
    centre = z2 * slope / (2 * scale)
    spread = math.sqrt(centre * centre + z2 * variance / scale)
    return Interval(max(value + centre - spread, -1.0), min(value + centre + spread, 1.0))
