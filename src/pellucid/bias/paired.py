"""Two models on the same rows: the interval of a metric's difference, from how often the models disagree where.

Both values come from the same rows, so what one row adds to the one it mostly adds to the other, and the difference is
surer than either value. The joint counts of observed label, first prediction and second prediction hold all there is to
know of it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pellucid.bias.metrics import Metric
from pellucid.counts import Counts
from pellucid.critical_value import critical_value

__all__ = ["JointCounts", "paired_difference"]

JointCounts = npt.NDArray[np.float64]
"""Rows by group (a, d), observed label, first and second predicted label (negative, positive), and stratum.

Shape (2, 2, 2, 2) or, for conditional metrics, (2, 2, 2, 2, strata).
"""

PSEUDO_ROWS = 0.5
"""Added to every cell of a group and label that has rows, as Agresti and Min (2005) do for matched pairs."""
STEP = 1e-3


def paired_difference(
    metric: Metric, joint: JointCounts, confidence_level: float
) -> tuple[float, tuple[float, float]] | None:
    """Value of the second model's metric minus the first's, and its interval.

    Parameters
    ----------
    metric
        Any metric that counts suffice for.
    confidence_level
        In (0, 1).

    Returns
    -------
    None where there is no finite difference.

    Notes
    -----
    Delta method over the cells, which are multinomial: the variance is the sum over cells of rows x slope^2. What is to
    be taken off for rows in a fixed number, the squared sum of rows x slope, is 0, since no metric changes when all
    counts grow alike. Cells get half a row before (Agresti and Min 2005, *Simple improved
    confidence intervals for comparing matched proportions*), so that no disagreement at all is no certainty.

    Examples
    --------
    >>> from pellucid.bias.metrics import METRICS
    >>> joint = np.zeros((2, 2, 2, 2))
    >>> joint[0, 1] = [[20, 0], [0, 80]]  # group a: both models agree everywhere
    >>> joint[1, 1] = [[50, 20], [0, 30]]  # group d: the second model also predicts 20 of the others positive
    >>> value, (low, high) = paired_difference(METRICS["DPPL"], joint, 0.95)
    >>> round(value, 3), low < -0.2 < high < 0
    (-0.2, True)
    """
    value = _difference(metric, joint)
    if not math.isfinite(value):
        return None
    smoothed = np.where(joint.sum(axis=(2, 3), keepdims=True) > 0, joint + PSEUDO_ROWS, joint)
    slopes = _slopes(metric, smoothed)
    variance = float((smoothed * slopes**2).sum())
    if not math.isfinite(variance):
        return None
    margin = critical_value(confidence_level) * math.sqrt(variance)
    return value, (value - margin, value + margin)


def _slopes(metric: Metric, joint: JointCounts) -> JointCounts:
    """Change of the difference with each cell; 0 where a cell is empty and stays so."""
    slopes = np.zeros_like(joint)
    for cell in np.ndindex(*joint.shape):
        if joint[cell] > 0:
            more, less = joint.copy(), joint.copy()
            more[cell] += STEP
            less[cell] -= STEP
            slopes[cell] = (_difference(metric, more) - _difference(metric, less)) / (2 * STEP)
    return slopes


def _difference(metric: Metric, joint: JointCounts) -> float:
    if metric.compute is None:
        return math.nan
    first, second = (metric.compute(*(_counts(joint[group].sum(axis=other)) for group in (0, 1))) for other in (2, 1))
    return float(second) - float(first)


def _counts(cells: npt.NDArray[np.float64]) -> Counts:
    """Counts of one group from rows by observed and predicted label."""
    found = Counts(tp=cells[1, 1], fp=cells[0, 1], fn=cells[1, 0], tn=cells[0, 0])
    return found if cells.ndim > 2 else Counts(*(float(part) for part in (found.tp, found.fp, found.fn, found.tn)))
