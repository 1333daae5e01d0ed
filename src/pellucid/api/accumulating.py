"""Accumulated local effects for users of the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.critical_value import critical_value
from pellucid.explain.accumulated_effects import AccumulatedEffects, accumulated_effects
from pellucid.explain.partial_dependence import numbers_of
from pellucid.protocols.model import Batch
from pellucid.results.dependence import AccumulatedCurve

__all__ = ["accumulated_curve", "varies", "with_intervals"]


def varies(column: npt.NDArray[Any], name: str) -> bool:
    """Whether a column of numbers holds two values or more, so that there is an effect to accumulate."""
    return len(np.unique(numbers_of(column, name))) > 1


def accumulated_curve(
    rows: Batch,
    feature: str,
    intervals: int,
    predict: Callable[[Batch], npt.NDArray[np.float64]],
    confidence_level: float,
) -> AccumulatedCurve:
    """The curve of a number over all rows, with intervals.

    Raises
    ------
    ModelError
        The model does not answer with finite scores.
    """
    return with_intervals(accumulated_effects(rows, feature, intervals, predict), confidence_level)


def with_intervals(found: AccumulatedEffects, confidence_level: float) -> AccumulatedCurve:
    """The same curve, with what other rows would give at that level."""
    reach = critical_value(confidence_level) * found.standard_errors
    return AccumulatedCurve(
        edges=found.edges,
        effects=found.effects,
        standard_errors=found.standard_errors,
        low=found.effects - reach,
        high=found.effects + reach,
    )
