"""How much of the error of a block each of its rows brings: rows that share coalitions err together.

The error of a value is a sum over what was sampled, of a residual of its own row times an influence that all rows of a
design share. So the error of a weighted sum of rows is known as well as that of one row: it is that of the weighted sum
of their games. The *loading* of a row is the covariance of its error with the weighted sum of the errors of its block,
over the standard deviation of that sum. Loadings times weights add up to the standard deviation, and what a loading
leaves of a row's variance is its own. The weights are those with which an aggregate takes the rows.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = [
    "AGGREGATIONS",
    "Aggregation",
    "all_moving_together",
    "all_weights",
    "moving_together",
    "nan_where_unknown",
    "normalised",
    "of_block",
    "of_draws",
    "weights",
    "widened",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Aggregation = Literal["mean_abs", "median", "mean_sq"]
AGGREGATIONS: tuple[Aggregation, ...] = ("mean_abs", "median", "mean_sq")


def weights(values: Floats, method: Aggregation) -> Floats:
    """By how much an aggregate moves with every value, to a factor; of a median, as if all rows were as near to it.

    >>> weights(np.array([3.0, -2.0]), "mean_abs").tolist()
    [1.0, -1.0]
    """
    match method:
        case "mean_abs":
            return np.where(values < 0, -1.0, 1.0)
        case "median":
            return np.ones(values.shape)
        case "mean_sq":
            return values


def all_weights(values: Floats) -> Floats:
    """Those of all aggregations, shape (aggregations, ...)."""
    return np.stack([weights(values, method) for method in AGGREGATIONS])


def moving_together(values: Floats, errors: Floats, method: Aggregation) -> Floats:
    """Loadings of rows whose errors are taken to move fully together: no other loadings make a sum less sure."""
    return np.copysign(errors, weights(values, method))


def all_moving_together(values: Floats, errors: Floats) -> Floats:
    """Those of all aggregations, shape (aggregations, ...)."""
    return np.stack([moving_together(values, errors, method) for method in AGGREGATIONS])


def normalised(covariances: Floats, weighted: Floats) -> Floats:
    """Loadings from the covariances of errors with their weighted sum.

    Parameters
    ----------
    covariances, weighted
        Shape (aggregations, rows, players, outputs): the covariances, and the weights.
    """
    return _over_deviation(covariances, (covariances * weighted).sum(axis=1, keepdims=True))


def of_draws(loadings: Floats, weighted: Floats, draws: Integers, correlations: Floats) -> Floats:
    """Loadings of rows on the error of all draws, from those on the error of the draw that each belongs to.

    Parameters
    ----------
    loadings, weighted
        Shape (aggregations, rows, players, outputs).
    draws
        Draw of each row, from 0, shape (rows,).
    correlations
        Of the errors of draws, shape (draws, draws).
    """
    if len(correlations) == 1:
        return loadings
    of_rows = loadings * weighted
    deviations = np.stack([of_rows[:, draws == draw].sum(axis=1) for draw in range(len(correlations))], axis=1)
    shared = np.tensordot(correlations, deviations, (1, 1)).swapaxes(0, 1)
    variance = (deviations * shared).sum(axis=1, keepdims=True)
    return _over_deviation(loadings * shared[:, draws], variance)


def of_block(
    loadings: Floats, values: Floats, errors: Floats, draws: Integers, correlations: Floats
) -> npt.NDArray[np.float32]:
    """Loadings of the rows of a block, from those on the errors of the draws that they belong to.

    Parameters
    ----------
    loadings
        Shape (aggregations, rows, players, outputs).
    values, errors
        Of the rows, shape (rows, players, outputs).
    draws, correlations
        As for `of_draws`.

    Returns
    -------
    ndarray
        Shape (rows, players, outputs, aggregations), nan where errors are.
    """
    together = of_draws(loadings, all_weights(values), draws, correlations)
    return (np.moveaxis(together, 0, -1) + nan_where_unknown(errors)).astype(np.float32)


def nan_where_unknown(errors: Floats) -> npt.NDArray[np.float32]:
    """Loadings of rows of which none has a known error, shape (*errors.shape, aggregations): nan or, if exact, 0."""
    return np.repeat(np.where(np.isnan(errors), np.float32(np.nan), np.float32(0))[..., None], len(AGGREGATIONS), -1)


def _over_deviation(covariances: Floats, variance: Floats) -> Floats:
    # Errors may cancel in their sum; rounding then leaves a little, of either sign.
    deviation = np.sqrt(np.maximum(variance, 0.0))
    return np.divide(covariances, deviation, out=np.zeros(covariances.shape), where=~(deviation <= 0))


def widened(of_active: Floats, active: Integers, players: int) -> Floats:
    """Numbers of each row's active players, shape (aggregations, rows, active, outputs), with 0 for all others."""
    wide = np.zeros((*of_active.shape[:2], players, of_active.shape[3]))
    wide[:, np.arange(len(active))[:, None], active] = of_active
    return wide
