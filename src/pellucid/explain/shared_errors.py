"""Errors of sums of games that share sampling units, as those of one row before several background rows do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pellucid.explain.standard_errors import Units

__all__ = ["errors_of_sums"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]


def errors_of_sums(units: Units, own: Booleans, row: Integers, players: Integers, everyone: int) -> Floats:
    """Standard errors of the sums of Shapley values over the games of each row.

    A unit moves all games of a row with one sign, so what it adds to them is summed before it is squared.

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

    Returns
    -------
    ndarray
        Shape (rows, players, outputs).

    Examples
    --------
    Two games of one row, where the players stand at each other's place:

    >>> units = Units(np.array([[1.0], [-1.0]]), np.array([[3.0], [1.0]]))
    >>> both = np.ones((2, 1), dtype=bool)
    >>> errors_of_sums(units, both, np.array([0, 0]), np.array([[0, 1], [1, 0]]), 2)[0, :, 0].tolist()
    [2.0, 2.0]
    """
    errors, outputs = np.zeros((int(row[-1]) + 1, everyone, own.shape[1])), own.shape[1]
    residuals = units.residuals.reshape(len(row), outputs, -1)
    for output in range(outputs):
        games = np.flatnonzero(own[:, output])
        rows, place, turn = _turns(row[games])
        of_units = np.zeros((len(rows), everyone, residuals.shape[2]))
        # Of the games of each row one at a time, so that no place is written twice at once.
        for now in (np.flatnonzero(turn == number) for number in range(int(turn.max(initial=-1)) + 1)):
            some = games[now]
            of_units[place[now, None], players[some]] += units.spread * residuals[some, None, output]
        errors[rows, :, output] = np.sqrt(np.einsum("rpu,rpu->rp", of_units, of_units))
    return errors


def _turns(row: Integers) -> tuple[Integers, Integers, Integers]:
    """The distinct rows; of every game, which of them it belongs to, and how many of its row come before it."""
    begins = np.flatnonzero(np.diff(row, prepend=-1))
    place = np.cumsum(np.diff(row, prepend=-1) != 0) - 1
    return row[begins], place, np.arange(len(row)) - begins[place]
