"""How far sampled Shapley values may be off: the spread that another draw of the coalitions would give.

A complement pair is the sampling unit. Its influence is its column of the solver times its residual, the residual
enlarged by the pair's leverage as if the pair had been left out (the HC3 form); a pair that is sure to be in the design
has no sampling error, so errors fall to 0 when everything is asked. The choice of the background is not covered. Games
that share a design share its pairs, and so part of their errors: their covariances come from the same influences.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pellucid.explain.designs import Design
from pellucid.explain.solve import Solver
from pellucid.records import dataclass

__all__ = ["Orders", "Units", "sampling_errors", "standard_errors"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

HIGHEST_LEVERAGE = 0.95
"""Above this leverage the residual of a left-out pair would be divided by next to nothing."""
LEAST_ORDERS = 5
"""Orders below which their spread tells next to nothing: two that happen to agree would seem to be exact."""


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

    def covariances(self, weighted: Floats, players: Integers) -> Floats:
        """Covariance of every error with the weighted sum of the errors of the same player.

        Parameters
        ----------
        weighted
            Weights in the sums, shape (aggregations, rows, places, outputs).
        players
            Who stands at each place of the design, shape (rows, places).

        Returns
        -------
        ndarray
            Of the shape of the weights.
        """
        kinds, rows, _, outputs = weighted.shape
        residuals = self.residuals.reshape(rows, outputs, -1).swapaxes(0, 1)
        sums = np.zeros((kinds, outputs, players.max() + 1, residuals.shape[2]))
        alike = _rows_of_equal_players(players)
        for chosen, which in alike:
            sums[:, :, which] += weighted[:, chosen].transpose(0, 3, 2, 1) @ residuals[:, chosen] * self.spread
        found = np.empty(weighted.shape)
        for chosen, which in alike:
            towards = (sums[:, :, which] * self.spread).swapaxes(2, 3)
            found[:, chosen] = (residuals[:, chosen] @ towards).transpose(0, 2, 3, 1)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Orders that games share, each with its reverse.

    Parameters
    ----------
    deviations
        What an order adds to the error of every player's value, shape (games, players, orders).
    """

    deviations: Floats

    def covariances(self, weighted: Floats, players: Integers) -> Floats:
        """As those of `Units`."""
        kinds, rows, _, outputs = weighted.shape
        deviations = self.deviations.reshape(rows, outputs, *self.deviations.shape[1:])
        sums = np.zeros((kinds, outputs, players.max() + 1, deviations.shape[3]))
        for row, which in enumerate(players):
            sums[:, :, which] += weighted[:, row].swapaxes(1, 2)[..., None] * deviations[row]
        found = [np.einsum("kopd,opd->kpo", sums[:, :, which], deviations[row]) for row, which in enumerate(players)]
        return np.stack(found, axis=1)


def _rows_of_equal_players(players: Integers) -> list[tuple[slice | Integers, Integers]]:
    if (players == players[:1]).all():
        return [(slice(None), players[0])]
    distinct, of_row = np.unique(players, axis=0, return_inverse=True)
    return [(np.flatnonzero(of_row.ravel() == place), which) for place, which in enumerate(distinct)]


def standard_errors(design: Design, solver: Solver, values: Floats, empty: Floats, shapley: Floats) -> Floats:
    """Standard error of every Shapley value, as of `sampling_errors`."""
    return sampling_errors(design, solver, values, empty, shapley)[0]


def sampling_errors(
    design: Design, solver: Solver, values: Floats, empty: Floats, shapley: Floats
) -> tuple[Floats, Units | Orders | None]:
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
        estimate an error from (the border, a few orders, fewer pairs than players).
    Units, Orders or None
        None where errors are 0 or nan.
    """
    if design.complete or design.players == 1:
        return np.zeros(shapley.shape), None
    if design.scheme == "border":
        return np.full(shapley.shape, np.nan), None
    if design.scheme == "permutation":
        return _of_orders(design, values, empty, shapley)
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


def _of_orders(design: Design, values: Floats, empty: Floats, shapley: Floats) -> tuple[Floats, Orders | None]:
    """Spread of the means of one order and its reverse, over the orders."""
    m, games = design.players, len(values)
    orders = design.pairs // (m - 1)
    if orders < LEAST_ORDERS:
        return np.full(shapley.shape, np.nan), None
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
    deviations = np.moveaxis(means - means.mean(axis=1, keepdims=True), 1, 2) / np.sqrt(orders * (orders - 1))
    return means.std(axis=1, ddof=1) / np.sqrt(orders), Orders(deviations)
