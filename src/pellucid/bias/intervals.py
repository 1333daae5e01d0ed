"""Score intervals of proportions, of their differences and ratios, in closed form.

Every interval takes ``z``, the two-sided normal quantile of its level (`pellucid.critical_value`), in the place of the
level: as ``z`` grows the intervals are nested, so that a p-value can be read off the same formula that draws the
interval (`pellucid.bias.significance.p_value_by_inversion`) however small it is. Counts may be fractional: effective
rows of weighted data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pellucid.counts import ratio
from pellucid.records import dataclass

__all__ = [
    "Interval",
    "absolute",
    "class_imbalance",
    "newcombe_difference",
    "newcombe_ratio",
    "odds_bounds",
    "paired_difference",
    "paired_ratio_bounds",
    "wilson",
    "wilson_bounds",
]

Bounds = tuple[Any, Any]
"""Low and high ends: two numbers, or two arrays where ``z`` was an array."""


@dataclass(frozen=True, slots=True)
class Interval:
    """All values from ``low`` to ``high``, ends included; an end may be infinite.

    Examples
    --------
    >>> 0.0 in Interval(-0.1, 0.3)
    True
    """

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


# --- one proportion --------------------------------------------------------------------------------------------------
def wilson_bounds(successes: float, rows: float, z: Any) -> Bounds:
    """Ends of Wilson's interval of a proportion; ``z`` may be an array. Without rows it is [0, 1] for every z > 0."""
    failures = rows - successes
    z2 = z * z
    if rows == 0:
        unknown = np.where(z2 > 0, 1.0, 0.0)
        return unknown * 0.0, unknown
    root = z * np.sqrt(z2 + 4 * successes * failures / rows)
    # The product of both ends is known: dividing by the far end loses no digits where the near one is close to 0.
    high = np.minimum((2 * successes + z2 + root) / (2 * (rows + z2)), 1.0)
    low = successes * successes / rows / ((rows + z2) * high) if successes else high * 0.0
    return low, high


def wilson(successes: float, rows: float, z: float) -> Interval:
    """Score interval of a proportion.

    Parameters
    ----------
    successes, rows
        Counts, ``0 <= successes <= rows``; fractional where rows are weighted.
    z
        See `critical_value`.

    Notes
    -----
    Wilson (1927), *Probable inference, the law of succession, and statistical inference*.

    Examples
    --------
    >>> from pellucid.critical_value import critical_value
    >>> interval = wilson(81, 263, critical_value(0.95))
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.2553, 0.3662)
    """
    low, high = wilson_bounds(successes, rows, z)
    return Interval(float(low), float(high))


def odds_bounds(first: float, second: float, z: Any) -> Bounds:
    """Ends of the interval of the odds ``first : second``, Wilson's interval of ``first / (first + second)`` as odds.

    Infinite at the high end where ``second`` is 0.
    """
    first_low, first_high = wilson_bounds(first, first + second, z)
    second_low, second_high = wilson_bounds(second, first + second, z)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(second_high > 0, np.divide(first_low, second_high), np.inf)
        high = np.where(second_low > 0, np.divide(first_high, second_low), np.inf)
    return low, high


def class_imbalance(n_a: float, n_d: float, z: float) -> Interval:
    """Interval of (n_a - n_d) / (n_a + n_d): 1 - 2 p for Wilson's interval of the share p of ``d``.

    Examples
    --------
    >>> interval = class_imbalance(50, 50, 2.0)
    >>> round(interval.low, 4), round(interval.high, 4)
    (-0.1961, 0.1961)
    """
    share = wilson(n_d, n_a + n_d, z)
    return Interval(1 - 2 * share.high, 1 - 2 * share.low)


# --- two independent proportions -------------------------------------------------------------------------------------
def newcombe_difference(x_a: float, n_a: float, x_d: float, n_d: float, z: float) -> Interval:
    """Hybrid score interval of ``x_a / n_a - x_d / n_d``, two independent proportions; ``n_a`` and ``n_d`` above 0.

    Notes
    -----
    Newcombe (1998), *Interval estimation for the difference between independent proportions*, method 10.

    Examples
    --------
    >>> from pellucid.critical_value import critical_value
    >>> interval = newcombe_difference(56, 70, 48, 80, critical_value(0.95))
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.0524, 0.3339)
    """
    p_a, p_d = x_a / n_a, x_d / n_d
    a, d = wilson(x_a, n_a, z), wilson(x_d, n_d, z)
    difference = p_a - p_d
    return Interval(
        difference - math.hypot(p_a - a.low, d.high - p_d), difference + math.hypot(a.high - p_a, p_d - d.low)
    )


def newcombe_ratio(x_d: float, n_d: float, x_a: float, n_a: float, z: float) -> Interval:
    """Hybrid score interval of ``(x_d / n_d) / (x_a / n_a)``; ``n_a`` and ``n_d`` above 0.

    The ratios R for which `newcombe_difference`, written for p_d - R p_a, spans 0. So it holds 1 exactly when the
    interval of the difference holds 0, and needs no correction of empty cells: the high end is infinite without
    successes in ``a``, the low end 0 without successes in ``d``.

    Notes
    -----
    Donner and Zou (2012), *Closed-form confidence intervals for functions of the normal mean and standard deviation*
    (MOVER-R), over Wilson's intervals.

    Examples
    --------
    >>> from pellucid.critical_value import critical_value
    >>> interval = newcombe_ratio(48, 80, 56, 70, critical_value(0.95))
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.6014, 0.9274)
    """
    p_a, p_d = x_a / n_a, x_d / n_d
    a, d = wilson(x_a, n_a, z), wilson(x_d, n_d, z)
    product = p_a * p_d
    # Each end solves R^2 square - 2 R product + constant = 0.
    square, constant = a.high * (2 * p_a - a.high), d.low * (2 * p_d - d.low)
    low = ratio(constant, product + _root(product, square, constant))
    square, constant = a.low * (2 * p_a - a.low), d.high * (2 * p_d - d.high)
    high = (product + _root(product, square, constant)) / square if square > 0 else math.inf
    return Interval(low, high)


def _root(product: float, square: float, constant: float) -> float:
    return math.sqrt(max(product * product - square * constant, 0.0))


# --- two proportions of the same rows --------------------------------------------------------------------------------
def paired_ratio_bounds(both: float, first_only: float, second_only: float, z: Any) -> Bounds:
    """Ends of the interval of ``(both + first_only) / (both + second_only)``, two shares of the same rows.

    Infinite at the high end where the denominator is 0. At least one count is above 0; ``z`` may be an array.

    Notes
    -----
    Bonett and Price (2006), *Confidence intervals for a ratio of binomial proportions based on paired data*.
    """
    first, second, rows = both + first_only, both + second_only, both + first_only + second_only
    spread = math.sqrt((first_only + second_only + 2) / ((first + 1) * (second + 1)))
    own = math.sqrt((1 - (first + 1) / (rows + 2)) / (first + 1)) + math.sqrt(
        (1 - (second + 1) / (rows + 2)) / (second + 1)
    )
    first_low, first_high = wilson_bounds(first, rows, z * spread / own)
    second_low, second_high = wilson_bounds(second, rows, z * spread / own)
    with np.errstate(divide="ignore"):
        low = np.where(second_high > 0, np.divide(first_low, second_high), np.inf)
        high = np.where(second_low > 0, np.divide(first_high, second_low), np.inf)
    return low, high


def paired_difference(to_negative: float, to_positive: float, rows: float, z: float) -> Interval:
    """Score interval of ``(to_negative - to_positive) / rows``, the difference of two shares of the same rows.

    Parameters
    ----------
    to_negative, to_positive
        Rows that change from positive to negative, and from negative to positive.
    rows
        All rows, above 0.
    z
        See `critical_value`.

    Notes
    -----
    Tango (1998), *Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design*. It holds 0 exactly when McNemar's test at the same level does not reject.

    Examples
    --------
    >>> from pellucid.critical_value import critical_value
    >>> interval = paired_difference(1, 7, 21, critical_value(0.95))
    >>> round(interval.low, 3), round(interval.high, 3)
    (-0.517, -0.026)
    """
    low = _first_below(lambda delta: _tango_score(to_negative, to_positive, rows, delta), z)
    high = _first_below(lambda delta: _tango_score(to_negative, to_positive, rows, delta), -z)
    return Interval(low, high)


def _tango_score(to_negative: float, to_positive: float, rows: float, delta: float) -> float:
    """Standardised distance of the observed difference from ``delta``; falls as ``delta`` grows from -1 to 1."""
    linear = (2 * rows - to_negative + to_positive) * delta - to_negative - to_positive
    constant = -to_positive * delta * (1 - delta)
    share = (math.sqrt(max(linear * linear - 8 * rows * constant, 0.0)) - linear) / (4 * rows)
    variance = rows * (2 * share + delta * (1 - delta))
    distance = to_negative - to_positive - rows * delta
    if variance > 0:
        return distance / math.sqrt(variance)
    return math.copysign(math.inf, distance) if distance else 0.0


def _first_below(score: Callable[[float], float], target: float) -> float:
    """Where the falling ``score`` crosses ``target`` between -1 and 1, by bisection to the last digit."""
    low, high = -1.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) > target else (low, middle)
    return (low + high) / 2


# --- images ----------------------------------------------------------------------------------------------------------
def absolute(interval: Interval, factor: float = 1.0) -> Interval:
    """The interval of ``factor * |x|`` for an interval of ``x``; it reaches down to 0 where the other spans 0.

    Examples
    --------
    >>> absolute(Interval(-0.25, 0.5)), absolute(Interval(-0.75, -0.5))
    (Interval(low=0.0, high=0.5), Interval(low=0.5, high=0.75))
    """
    ends = sorted((abs(interval.low), abs(interval.high)))
    return Interval(0.0 if 0.0 in interval else factor * ends[0], factor * ends[1])
