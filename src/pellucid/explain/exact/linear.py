"""Exact Shapley values of a linear score."""

from __future__ import annotations

import numpy as np

from pellucid.explain.exact.additivity import ExactValues, Floats

__all__ = ["linear"]


def linear(weights: Floats, intercept: Floats | float, rows: Floats, background: Floats) -> ExactValues:
    """Shapley values of ``intercept + weights @ row``: ``w_j (x_j - mean b_j)``.

    They are those of a generalised linear model in its link space, a logistic regression's log-odds for example.

    Parameters
    ----------
    weights
        Shape (features,), or (outputs, features).
    intercept
        A number, or one per output.
    rows
        Rows to explain, shape (rows, features).
    background
        Rows that stand for an absent feature, shape (background rows, features), at least one.

    References
    ----------
    Lundberg and Lee, *A Unified Approach to Interpreting Model Predictions* (2017), corollary 1.

    Examples
    --------
    >>> values, base = linear(np.array([2.0, -1.0]), 0.5, np.array([[3.0, 1.0]]), np.array([[0.0, 0.0], [2.0, 4.0]]))
    >>> values[0, :, 0].tolist(), base.tolist()
    ([4.0, 1.0], [0.5])
    """
    weights = np.atleast_2d(weights)
    usual = background.mean(axis=0)
    values = (rows - usual)[:, :, None] * weights.T
    return ExactValues(values, np.broadcast_to(intercept, len(weights)) + weights @ usual)
