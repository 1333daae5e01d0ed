"""How far sampled Shapley values may be off: the spread that another draw of the coalitions would give.

A complement pair is the sampling unit. Its influence is its column of the solver times its residual, the residual
enlarged by the pair's leverage as if the pair had been left out (the HC3 form); a pair that is sure to be in the design
has no sampling error, so errors fall to 0 when everything is asked. The choice of the background is not covered.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pellucid.explain.designs import Design
from pellucid.explain.solve import Solver
from pellucid.records import dataclass

__all__ = ["Units", "sampling_errors", "standard_errors"]

Floats = npt.NDArray[np.float64]

HIGHEST_LEVERAGE = 0.95
"""Above this leverage the residual of a left-out pair would be divided by next to nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Sampling units that games share: the error of a value is the sum of spread times residual, each of random sign.

    Parameters
    ----------
    spread
        How far a unit moves each player, shape (players, units).
    residuals
        Left-out residuals, shape (games, units); games are ordered by row, then by output.
    """

    spread: Floats
    residuals: Floats


def standard_errors(design: Design, solver: Solver, values: Floats, empty: Floats, shapley: Floats) -> Floats:
    """Standard error of every Shapley value, as of `sampling_errors`."""
    return sampling_errors(design, solver, values, empty, shapley)[0]


def sampling_errors(
    design: Design, solver: Solver, values: Floats, empty: Floats, shapley: Floats
) -> tuple[Floats, Units | None]:
    """Standard error of every Shapley value, and what was sampled.

    Parameters
    ----------
    design, solver
        What was asked, and how it was solved.
    values
        Values of the coalitions, shape (games, coalitions).
    empty
        Value of the empty coalition, shape (games,).
    shapley
        The solution, shape (games, players).

    Returns
    -------
    ndarray
        Shape (games, players), at least 0; 0 where the answer is exact, nan where the design leaves nothing to
        estimate an error from (the border, a single order, fewer pairs than players).
    Units or None
        None where errors are 0 or nan, or come from orders.
    """
    if design.complete or design.players == 1:
        return np.zeros(shapley.shape), None
    if design.scheme == "border":
        return np.full(shapley.shape, np.nan), None
    if design.scheme == "permutation":
        return _of_orders(design, values, empty, shapley), None
    residuals = values - empty[:, None] - shapley @ design.coalitions.T
    return _of_regression(design, solver, residuals)


def _of_regression(design: Design, solver: Solver, residuals: Floats) -> tuple[Floats, Units | None]:
    pairs, missing = design.pairs, np.full((len(residuals), design.players), np.nan)
    weight = solver.on_values
    # Complements have opposite columns, so a pair acts through half the difference of its values, twice.
    influence = np.concatenate([weight[:, :pairs] - weight[:, pairs : 2 * pairs], weight[:, 2 * pairs :]], axis=1)
    odd = (residuals[:, :pairs] - residuals[:, pairs : 2 * pairs]) / 2
    left_over = np.concatenate([odd, residuals[:, 2 * pairs :]], axis=1)
    unit = np.r_[0:pairs, 2 * pairs : len(design.coalitions)]
    leverage = np.einsum("up,pu->u", design.coalitions[unit], influence)
    units = influence.shape[1]
    determined = leverage.sum() > design.players - 1 - 1e-6
    if units < design.players or not determined:
        return missing, None
    spread = influence * (np.sqrt(1 - design.inclusion[unit]) / (1 - np.minimum(leverage, HIGHEST_LEVERAGE)))
    return np.sqrt(left_over**2 @ (spread**2).T), Units(spread, left_over)


def _of_orders(design: Design, values: Floats, empty: Floats, shapley: Floats) -> Floats:
    """Spread of the means of one order and its reverse, over the orders."""
    m, games = design.players, len(values)
    orders = design.pairs // (m - 1)
    if orders < 2:
        return np.full(shapley.shape, np.nan)
    halves = design.coalitions[: design.pairs].reshape(orders, m - 1, m)
    ends = [np.zeros((orders, 1, m), bool), np.ones((orders, 1, m), bool)]
    joined = np.diff(np.concatenate([ends[0], halves, ends[1]], axis=1), axis=1).astype(float)
    full = empty + shapley.sum(axis=1)
    forward, reverse = (
        (values[:, part] - empty[:, None]).reshape(games, orders, m - 1)
        for part in (slice(0, design.pairs), slice(design.pairs, 2 * design.pairs))
    )
    nothing, everything = (
        np.zeros((games, orders, 1)),
        np.broadcast_to((full - empty)[:, None, None], (games, orders, 1)),
    )
    gains = np.diff(np.concatenate([nothing, forward, everything], axis=2), axis=2)
    losses = -np.diff(np.concatenate([everything, reverse, nothing], axis=2), axis=2)
    means = np.einsum("gok,okp->gop", (gains + losses) / 2, joined)
    found: Floats = means.std(axis=1, ddof=1) / np.sqrt(orders)
    return found
