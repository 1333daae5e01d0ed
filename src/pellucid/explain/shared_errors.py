"""Errors of sums of games that share sampling units, as those of one row before several background rows do.

A unit moves all games of a row with one sign, so what it adds to them is summed before it is squared; and it moves the
sums of several rows with one sign as well, so that rows share part of their errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pellucid.explain.loadings import normalised, of_draws
from pellucid.explain.standard_errors import Units
from pellucid.records import dataclass

__all__ = ["Draw", "SumsOfGames", "covariances_with_sums"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class SumsOfGames:
    """Sums of Shapley values over the games of each row.

    Parameters
    ----------
    units
        Of all games.
    own
        Which games and outputs count, shape (games, outputs).
    row
        Row of each game, from 0, ascending, shape (games,).
    players
        Who stands at each place of the design, shape (games, places).
    everyone
        Number of all players.

    Examples
    --------
    Two games of one row, where the players stand at each other's place:

    >>> units = Units(np.array([[1.0], [-1.0]]), np.array([[3.0], [1.0]]))
    >>> both = np.ones((2, 1), dtype=bool)
    >>> sums = SumsOfGames(units, both, np.array([0, 0]), np.array([[0, 1], [1, 0]]), everyone=2)
    >>> sums.errors()[0, :, 0].tolist()
    [2.0, 2.0]
    """

    units: Units
    own: Booleans
    row: Integers
    players: Integers
    everyone: int

    def errors(self) -> Floats:
        """Standard errors of the sums, shape (rows, players, outputs)."""
        errors = np.zeros((int(self.row[-1]) + 1, self.everyone, self.own.shape[1]))
        for output, rows, of_units in self._of_units():
            errors[rows, :, output] = np.sqrt(np.einsum("rpu,rpu->rp", of_units, of_units))
        return errors

    def covariances(self, weighted: Floats) -> Floats:
        """Covariance of the error of each sum with the weighted sum, over rows, of the errors of the same player.

        Parameters
        ----------
        weighted
            Weights in the sums over rows, shape (aggregations, rows, players, outputs).

        Returns
        -------
        ndarray
            Of the shape of the weights.
        """
        found = np.zeros(weighted.shape)
        for output, rows, of_units in self._of_units():
            by_player = of_units.swapaxes(0, 1)
            # Shape (aggregations, players, 1, units).
            towards = weighted[..., output][:, rows].swapaxes(1, 2)[:, :, None] @ by_player
            found[..., output][:, rows] = (by_player @ towards.swapaxes(2, 3))[..., 0].swapaxes(1, 2)
        return found

    def _of_units(self) -> Iterator[tuple[int, Integers, Floats]]:
        """What units add to the sums of an output: the rows that have any, and shape (those, players, units)."""
        outputs = self.own.shape[1]
        residuals = self.units.residuals.reshape(len(self.row), outputs, -1)
        for output in range(outputs):
            games = np.flatnonzero(self.own[:, output])
            rows, place, turn = _turns(self.row[games])
            of_units = np.zeros((len(rows), self.everyone, residuals.shape[2]))
            # Of the games of each row one at a time, so that no place is written twice at once.
            for now in (np.flatnonzero(turn == number) for number in range(int(turn.max(initial=-1)) + 1)):
                some = games[now]
                of_units[place[now, None], self.players[some]] += self.units.spread * residuals[some, None, output]
            yield output, rows, of_units


def _turns(row: Integers) -> tuple[Integers, Integers, Integers]:
    """The distinct rows; of every game, which of them it belongs to, and how many of its row come before it."""
    begins = np.flatnonzero(np.diff(row, prepend=-1))
    place = np.cumsum(np.diff(row, prepend=-1) != 0) - 1
    return row[begins], place, np.arange(len(row)) - begins[place]


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """Rows whose games were explained by one design.

    Parameters
    ----------
    rows
        Where they stand among all, ascending.
    samples
        Coalitions of the design.
    sums
        Over the games of these rows, where anything was sampled; more than one are taken to err together.
    """

    rows: Integers
    samples: int
    sums: Sequence[SumsOfGames]

    def errors(self, players: int, outputs: int) -> Floats:
        """Standard errors of the sums, shape (rows, players, outputs)."""
        return sum((sums.errors() for sums in self.sums), np.zeros((len(self.rows), players, outputs)))

    def loadings(self, weighted: Floats) -> Floats:
        """Loadings of the rows on the error of their weighted sum, of the shape of the weights."""
        of_sums = (normalised(sums.covariances(weighted), weighted) for sums in self.sums)
        return sum(of_sums, np.zeros(weighted.shape))


def covariances_with_sums(draws: Sequence[Draw], weighted: Floats) -> Floats:
    """Covariances of the errors of rows with their weighted sum, of designs that grew and hold each other.

    Parameters
    ----------
    draws
        From the smallest on, each of some of the rows before; a row has its error from the last that it is in.
    weighted
        Weights of the rows of the first draw, shape (aggregations, rows, players, outputs).

    Returns
    -------
    ndarray
        Of the shape of the weights.
    """
    rows, last = [np.searchsorted(draws[0].rows, draw.rows) for draw in draws], np.zeros(weighted.shape[1], np.intp)
    for number, of_draw in enumerate(rows):
        last[of_draw] = number
    loadings = np.zeros(weighted.shape)
    for number, (draw, of_draw) in enumerate(zip(draws, rows, strict=True)):
        counted = (last[of_draw] == number)[:, None, None]
        loadings[:, of_draw] += draw.loadings(weighted[:, of_draw] * counted) * counted
    samples = np.array([draw.samples for draw in draws])
    # A larger design holds the smaller ones.
    correlations = np.sqrt(np.minimum.outer(samples, samples) / np.maximum.outer(samples, samples))
    of_all = of_draws(loadings, weighted, last, correlations)
    return np.asarray(of_all * (of_all * weighted).sum(axis=1, keepdims=True))
