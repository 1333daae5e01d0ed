"""Exact attributions, and the check that they add up to what the model really predicts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["ExactValues", "Floats", "additivity_gap"]

Floats = npt.NDArray[np.float64]


class ExactValues(NamedTuple):
    """Interventional Shapley values against the whole background.

    Parameters
    ----------
    values
        Attributions, shape (rows, features, outputs).
    base
        Mean prediction over the background, shape (outputs,).
    """

    values: Floats
    base: Floats


def additivity_gap(values: Floats, base: Floats, predictions: Floats) -> Floats:
    """How far attributions are from adding up to the predictions, relative to the largest number involved.

    A closed form is only as good as the belief that it describes the model. Shapley values add up to the prediction
    minus the base, so a row that does not refutes the belief.

    Parameters
    ----------
    values
        Attributions, shape (rows, features, outputs).
    base
        Mean prediction over the background, shape (outputs,) or (rows, outputs).
    predictions
        What the model itself predicts, in the same space, shape (rows, outputs).

    Returns
    -------
    numpy.ndarray
        Shape (rows, outputs), >= 0: ``|base + sum - prediction| / max(|base|, |prediction|, sum of |values|)``. It is
        nan where any of them is, so accept a row by ``gap <= tolerance`` and never by ``not gap > tolerance``. A model
        that adds up in single precision leaves a gap of up to about 1e-7 times the root of its number of trees.

    Examples
    --------
    >>> additivity_gap(np.array([[[1.0], [2.0]]]), np.array([1.0]), np.array([[5.0]]))
    array([[0.2]])
    """
    missed = np.abs(base + values.sum(axis=1) - predictions)
    size = np.maximum(np.maximum(np.abs(base), np.abs(predictions)), np.abs(values).sum(axis=1))
    gap: Floats = np.divide(missed, size, out=missed.copy(), where=size != 0)
    return gap
