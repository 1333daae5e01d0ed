"""P-values that never contradict the interval they stand beside, and their adjustment for many hypotheses."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

from pellucid.bias.intervals import Interval

__all__ = ["holm", "p_value_by_inversion"]

K = TypeVar("K", bound=Hashable)

LARGEST_Z = 37.5
"""Its two tails are 9e-308, about the smallest positive float of full precision; smaller p-values are given as this."""


def p_value_by_inversion(interval_at: Callable[[float], Interval], parity: float) -> float:
    """Two-sided p-value of ``parity``: one minus the highest level whose interval excludes it.

    Parameters
    ----------
    interval_at
        The interval as a function of ``z`` (`pellucid.critical_value.critical_value`), nested as ``z`` grows.
    parity
        The value under the null hypothesis.

    Returns
    -------
    float
        In [9e-308, 1]. Below 1 - level exactly when the interval at that level excludes ``parity``.

    Examples
    --------
    >>> from pellucid.bias.intervals import newcombe_difference
    >>> round(p_value_by_inversion(lambda z: newcombe_difference(56, 70, 48, 80, z), parity=0), 4)
    0.0081
    """
    low, high = 0.0, LARGEST_Z
    if parity not in interval_at(high):
        return math.erfc(high / math.sqrt(2))
    if parity in interval_at(low):
        return 1.0
    for _ in range(52):
        middle = (low + high) / 2
        low, high = (low, middle) if parity in interval_at(middle) else (middle, high)
    return math.erfc(high / math.sqrt(2))


def holm(p_values: Mapping[K, float]) -> dict[K, float]:
    """P-values adjusted so that the chance of any false rejection among all of them stays below the level.

    Parameters
    ----------
    p_values
        One p-value per hypothesis, each in [0, 1].

    Returns
    -------
    dict
        Adjusted values in [0, 1] under the keys of ``p_values``, never below the given ones and ranked as they are.

    Notes
    -----
    Holm (1979), *A simple sequentially rejective multiple test procedure*. Valid however the tests
    depend on each other.

    Examples
    --------
    >>> holm({"DPL": 0.01, "RD": 0.04, "AD": 0.03})
    {'DPL': 0.03, 'RD': 0.06, 'AD': 0.06}
    """
    ordered = sorted(p_values, key=lambda key: p_values[key])
    adjusted: dict[K, float] = {}
    largest = 0.0
    for place, key in enumerate(ordered):
        largest = max(largest, min(1.0, (len(ordered) - place) * p_values[key]))
        adjusted[key] = largest
    return {key: adjusted[key] for key in p_values}
