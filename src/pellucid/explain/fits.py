"""What is estimated of the games of a task: of one design, and as the mean over designs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pellucid.explain.odd_terms import OddFit, Prior
from pellucid.explain.solve import Solver
from pellucid.explain.standard_errors import Orders, Units
from pellucid.records import dataclass

__all__ = ["Estimate", "Fit", "relative_errors"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Shapley values of a task's rows and active players.

    Parameters
    ----------
    values, standard_errors
        Shape (rows, active players, outputs).
    with_odd_terms
        Shape (rows,): whether odd terms were used for any output.
    fits
        What the values are the means of.
    believed
        Prior of the odd terms, where they were looked for.
    """

    values: Floats
    standard_errors: Floats
    with_odd_terms: Booleans
    fits: Sequence[Fit]
    believed: Prior | None = None

    def errors(self) -> Floats:
        """Relative error of every row, the largest of its outputs, shape (rows,); nan where unknown."""
        return relative_errors(self.values, self.standard_errors**2)

    def odd_parts(self) -> Floats:
        """What odd terms add to the values, shape (rows, active players, outputs)."""
        parts = [fit.odd_parts for fit in self.fits if fit.odd_parts is not None]
        if not parts:
            return np.zeros(self.values.shape)
        rows, players, outputs = self.values.shape
        return np.asarray(np.moveaxis(np.mean(parts, axis=0).reshape(rows, outputs, players), 2, 1))


def relative_errors(values: Floats, variances: Floats) -> Floats:
    """Relative error of every row, the largest of its outputs, of arrays of shape (rows, players, outputs)."""
    sizes = np.maximum((values**2).sum(axis=1), np.finfo(float).tiny)
    return np.asarray(np.sqrt((variances.sum(axis=1) / sizes).max(axis=1)))


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Shapley values of games that share a design, with the solver and the values that they come from.

    Parameters
    ----------
    solver
        Linear solver of the design.
    games
        Values of the coalitions, shape (games, coalitions).
    shapley, errors
        Shape (games, players).
    with_odd_terms
        Shape (games,).
    units, odd_units
        What the errors come from without and with odd terms, where they are known and not 0.
    odd_parts
        What odd terms add to the values, shape (games, players), where they were looked for.
    """

    solver: Solver
    games: Floats
    shapley: Floats
    errors: Floats
    with_odd_terms: Booleans
    units: Units | Orders | None
    odd_units: Units | None = None
    odd_parts: Floats | None = None

    def units_with_games(self) -> Iterator[tuple[Units | Orders, Booleans]]:
        """What the errors come from, and which games' errors come from it, shape (games,)."""
        for units, games in ((self.units, ~self.with_odd_terms), (self.odd_units, self.with_odd_terms)):
            if units is not None and games.any():
                yield units, games

    def refined(self, odd: OddFit) -> Fit:
        """With odd terms where these are better."""
        better = odd.better[:, None]
        return replace(
            self,
            shapley=np.where(better, odd.shapley, self.shapley),
            errors=np.where(better, odd.standard_errors, self.errors),
            odd_parts=np.where(better, odd.shapley - self.shapley, 0.0),
            with_odd_terms=odd.better,
            odd_units=odd.units,
        )
