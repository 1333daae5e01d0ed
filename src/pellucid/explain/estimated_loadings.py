"""Loadings of the rows of a task on their common error, from the designs, and the ways of fitting, that they share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pellucid.explain.fits import Estimate, Fit
from pellucid.explain.loadings import all_moving_together, all_weights, normalised, of_draws, widened

__all__ = ["loadings_of"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]


def loadings_of(estimate: Estimate, chosen: Booleans, active: Integers, players: int) -> Floats:
    """Loadings of a task's rows on the errors of some of them.

    Parameters
    ----------
    estimate
        Of all rows of the task.
    chosen
        Rows whose sum is meant, shape (rows,).
    active
        Active players of each row, shape (rows, active players).
    players
        Number of all players.

    Returns
    -------
    ndarray
        Shape (aggregations, rows, players, outputs); 0 for rows that are not chosen.
    """
    if len(chosen) == 1:
        together = all_moving_together(estimate.values, estimate.standard_errors)
        return widened(together * chosen[:, None, None], active, players)
    weighted = all_weights(estimate.values) * chosen[:, None, None]
    of_fits = np.concatenate([_of_fit(fit, weighted, active, players) for fit in estimate.fits], axis=1)
    # Each stratum of the background has a design of its own; the value is the mean of theirs.
    strata, draws = len(estimate.fits), np.repeat(np.arange(len(estimate.fits)), len(chosen))
    repeated = np.tile(widened(weighted, active, players), (1, strata, 1, 1))
    of_mean = of_draws(of_fits, repeated, draws, np.eye(strata))
    return np.asarray(of_mean.reshape(len(weighted), strata, len(chosen), *of_fits.shape[2:]).mean(axis=1))


def _of_fit(fit: Fit, weighted: Floats, active: Integers, players: int) -> Floats:
    """Of one design, from weights of the active players' values, shape (aggregations, rows, active, outputs)."""
    found = np.zeros((*weighted.shape[:2], players, weighted.shape[3]))
    # Values with odd terms and without come from the same units: their errors are taken to move together.
    for units, games in fit.units_with_games():
        own = games.reshape(weighted.shape[1], 1, -1)
        shared = units.covariances(weighted * own, active) * own
        found += normalised(widened(shared, active, players), widened(weighted * own, active, players))
    return found
