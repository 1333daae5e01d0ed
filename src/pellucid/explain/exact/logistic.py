"""Exact Shapley values of a logistic regression: of its log-odds, and of its probability."""

from __future__ import annotations

from typing import Literal

import numpy as np

from pellucid.explain.exact.additivity import ExactValues, Floats
from pellucid.explain.exact.linear import linear
from pellucid.explain.exact.sigmoid_coalitions import over_coalitions
from pellucid.explain.exact.sigmoid_waves import over_waves

__all__ = ["logistic"]

# Beyond, waves cost less than coalitions.
_MOST_ENUMERATED = 12
_CELLS_AT_ONCE = 1 << 19


def logistic(
    weights: Floats,
    intercept: float | Floats,
    rows: Floats,
    background: Floats,
    *,
    link: Literal["identity", "logit"] = "identity",
) -> ExactValues:
    """Shapley values of ``sigmoid(intercept + weights @ row)``, or with ``link="logit"`` of the score inside.

    In probability the game is the mean over the background of sigmoids of sums, one term per feature. Against one
    background row only features play whose terms differ: usually few, whose coalitions are all looked at
    (`over_coalitions`); where they are many, the sigmoid is taken apart into exponentials (`over_waves`).

    Parameters
    ----------
    weights
        Shape (features,).
    intercept
        Log-odds of a row of zeros; one number, or one for each explained row, shape (rows,), which holds in its game.
    rows
        Rows to explain, shape (rows, features).
    background
        Rows that stand for an absent feature, shape (background rows, features), at least one.
    link
        ``identity`` explains the probability, ``logit`` the log-odds.

    Returns
    -------
    ExactValues
        With one output; the base has shape (rows, 1) if each row has its intercept. In probability the error is about
        1e-14, absolute. Values are nan in a row for which more features play than `over_coalitions` is for, and whose
        log-odds range over thousands.

    Examples
    --------
    >>> values, base = logistic(np.array([1.0, 1.0]), 0.0, np.array([[1.0, 1.0]]), np.array([[0.0, 0.0]]))
    >>> values[0, :, 0].round(12).tolist(), base.tolist()
    ([0.190398538989, 0.190398538989], [0.5])
    """
    held = np.asarray(intercept, dtype=np.float64)
    if link == "logit":
        values, base = linear(weights, 0.0, rows, background)
        return ExactValues(values, base + held[..., None])
    terms, usual = rows * weights, background * weights
    absent = held[..., None] + usual.sum(axis=1)
    of_row = np.broadcast_to(absent, (len(rows), len(background)))
    values = np.empty(rows.shape)
    at_once = max(1, _CELLS_AT_ONCE // max(1, usual.size))
    for start in range(0, len(rows), at_once):
        some = slice(start, start + at_once)
        values[some] = _mean_over_background(terms[some], usual, of_row[some])
    return ExactValues(values[:, :, None], _sigmoid(absent).mean(axis=-1, keepdims=True))


def _mean_over_background(terms: Floats, usual: Floats, absent: Floats) -> Floats:
    """Attributions of some rows, shape (rows, features).

    Parameters
    ----------
    terms, usual
        Terms of the score of explained and of background rows, shape (rows, features), (background rows, features).
    absent
        Score of the empty coalition, shape (rows, background rows).
    """
    total = np.zeros(terms.size)
    at_once = max(1, _CELLS_AT_ONCE // max(1, terms.size))
    for start in range(0, len(usual), at_once):
        some = slice(start, start + at_once)
        effects = (terms[:, None] - usual[some]).reshape(-1, terms.shape[1])
        total += _sums_by_row(absent[:, some].ravel(), effects, len(terms))
    return total.reshape(terms.shape) / len(usual)


def _sums_by_row(absent: Floats, effects: Floats, rows: int) -> Floats:
    """Attributions added up over the games of each row, which stand together, shape (rows * features,)."""
    games, features = effects.shape
    plays = effects != 0
    players = plays.sum(axis=1)
    row = np.arange(games) // (games // rows)
    total = np.zeros(rows * features)
    for count in np.unique(players[players > 0]).tolist():
        some = np.flatnonzero(players == count)
        column = np.nonzero(plays[some])[1].reshape(-1, count)
        way = over_coalitions if count <= _MOST_ENUMERATED else over_waves
        found = way(absent[some], effects[some[:, None], column])
        slot = row[some][:, None] * features + column
        total += np.bincount(slot.ravel(), found.ravel(), minlength=len(total))
    return total


def _sigmoid(scores: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-scores)))
