"""Two results side by side: by how much each metric differs, how sure that is, and for which groups it got better."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from statistics import NormalDist
from typing import Literal, TypeVar

from pellucid.bias.metrics import METRICS
from pellucid.bias.significance import holm
from pellucid.critical_value import critical_value
from pellucid.records import dataclass

__all__ = ["Difference", "Estimate", "Verdict", "compare_estimates", "difference_of"]

Key = TypeVar("Key", bound=Hashable)

Verdict = Literal["better", "worse", "changed sides", "changed", "equal", "no clear change", "insufficient evidence"]
SIGNIFICANCE = 0.05
ROUNDING = 1e-12
"""What is nearer than this differs by arithmetic only, which of exact values a p-value would call certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A metric's value in one result.

    Parameters
    ----------
    interval
        None where none was computed.
    sufficient
        False where the evidence behind the value is not.
    """

    value: float
    interval: tuple[float, float] | None = None
    sufficient: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How much a metric differs between two results, the second minus the first.

    Parameters
    ----------
    interval
        Of the difference; None where one of the values has no interval, or an infinite one.
    p_value
        Against no difference, adjusted by Holm over everything compared; None without an interval.
    verdict
        ``better`` is nearer to parity, ``changed sides`` means that the other group is now the one that is worse off,
        and ``changed`` that the value has clearly moved, but neither clearly nearer to parity nor further from it.
    """

    first: Estimate
    second: Estimate
    value: float
    interval: tuple[float, float] | None
    p_value: float | None
    verdict: Verdict


def difference_of(first: Estimate, second: Estimate) -> tuple[float, tuple[float, float] | None]:
    """The difference of two values and its interval, from the interval of each.

    The margins of the two intervals are combined side by side as those of two independent estimates (MOVER: Zou and
    Donner, 2008), which keeps their asymmetry. Where both come from the same rows, estimates mostly err in the same
    direction, and the true interval is narrower.

    Examples
    --------
    >>> a = Estimate(value=0.20, interval=(0.17, 0.23))
    >>> b = Estimate(value=0.10, interval=(0.06, 0.14))
    >>> value, (low, high) = difference_of(a, b)
    >>> round(value, 3), round(low, 3), round(high, 3)
    (-0.1, -0.15, -0.05)
    """
    value = second.value - first.value
    if first.interval is None or second.interval is None or not math.isfinite(value):
        return value, None
    (low_1, high_1), (low_2, high_2) = first.interval, second.interval
    below = math.hypot(second.value - low_2, high_1 - first.value)
    above = math.hypot(high_2 - second.value, first.value - low_1)
    return value, (value - below, value + above) if math.isfinite(below) and math.isfinite(above) else None


def compare_estimates(
    pairs: Mapping[Key, tuple[str, Estimate, Estimate]],
    *,
    confidence_level: float,
    paired: Mapping[Key, tuple[float, tuple[float, float]]] | None = None,
) -> dict[Key, Difference]:
    """Differences of all pairs, with p-values adjusted over all of them.

    Parameters
    ----------
    pairs
        Name of the metric and its two values, by whatever identifies it.
    confidence_level
        Of all intervals, in (0, 1).
    paired
        Differences with intervals that are known better than from the two values alone: of two models on the same rows
        (`pellucid.bias.paired`), or 0 where both values were counted on the same labels.
    """
    known = paired or {}
    found = {key: known[key] if key in known else difference_of(*pair[1:]) for key, pair in pairs.items()}
    raw = {
        key: p_value
        for key, (value, interval) in found.items()
        if interval != (0.0, 0.0) and (p_value := _p_value(value, interval, confidence_level)) is not None
    }
    adjusted = holm(raw)
    return {
        key: Difference(
            first=pairs[key][1],
            second=pairs[key][2],
            value=value,
            interval=interval,
            p_value=adjusted.get(key),
            verdict=_verdict(*pairs[key], adjusted.get(key), confidence_level),
        )
        for key, (value, interval) in found.items()
    }


def _p_value(value: float, interval: tuple[float, float] | None, confidence_level: float) -> float | None:
    """Two-sided, from the margin on the side of no difference."""
    if interval is None:
        return None
    margin = value - interval[0] if value > 0 else interval[1] - value
    if margin <= 0:
        return 1.0 if value == 0 else 0.0
    deviations = abs(value) / margin * critical_value(confidence_level)
    return 2 * NormalDist().cdf(-deviations)


def _p_value_of_the_sum(metric: str, first: Estimate, second: Estimate, confidence_level: float) -> float:
    """Two-sided, of a sum of 0 of both signed distances from parity.

    Where it has the sign of their difference, the second value is further from parity than the first; where it has the
    other, nearer. Errors of results on the same rows go together, and so margins add up, which is wide enough for any.
    """
    if first.interval is None or second.interval is None:
        return 1.0
    of_sum, low, high = (
        _from_parity(metric, one) + _from_parity(metric, other)
        for one, other in ((first.value, second.value), *zip(first.interval, second.interval, strict=True))
    )
    if not math.isfinite(of_sum):
        return float(not low > 0 and not high < 0)
    p_value = _p_value(of_sum, (low, high), confidence_level)
    return 1.0 if p_value is None else p_value


def _verdict(metric: str, first: Estimate, second: Estimate, p_value: float | None, confidence_level: float) -> Verdict:
    if math.isclose(first.value, second.value, rel_tol=ROUNDING, abs_tol=ROUNDING):
        return "equal"
    if not (first.sufficient and second.sufficient) or p_value is None:
        return "insufficient evidence"
    if p_value >= SIGNIFICANCE:
        return "no clear change"
    before, after = _from_parity(metric, first.value), _from_parity(metric, second.value)
    if before * after < 0 and _excludes_parity(metric, first) and _excludes_parity(metric, second):
        return "changed sides"
    if _p_value_of_the_sum(metric, first, second, confidence_level) >= SIGNIFICANCE:
        return "changed"
    return "better" if abs(after) < abs(before) else "worse"


def _from_parity(metric: str, value: float) -> float:
    """Distance from no disparity; of a ratio, on the scale where twice and half are equally far."""
    parity = METRICS[metric].parity
    if parity == 0:
        return value
    return math.log(value / parity) if value > 0 else -math.inf


def _excludes_parity(metric: str, estimate: Estimate) -> bool:
    parity = METRICS[metric].parity
    return estimate.interval is not None and not estimate.interval[0] <= parity <= estimate.interval[1]
