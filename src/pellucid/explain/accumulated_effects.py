"""Accumulated local effects: how predictions move as a numeric feature moves among rows that have such values.

Of each row only its own interval of the feature is crossed, from the lower end to the upper, so that the model is never
asked for rows that mix far-apart values, as partial dependence asks where features depend on each other. Mean
differences of the intervals add up to a curve, which is centred: its mean over all rows is 0.

Source: Apley and Zhu, *Visualizing the effects of predictor variables in black box supervised learning models* (2020,
JRSS B 82). Between the ends of an interval the curve is a line, over which the centring goes as well; so the effects of
a linear model are its own line less its mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, DataError, Problem
from pellucid.explain.game import BATCH_ROWS, checked_scores
from pellucid.explain.order_statistics import order_statistics
from pellucid.explain.partial_dependence import numbers_of
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = [
    "AccumulatedEffects",
    "EffectGrid",
    "LocalEffects",
    "accumulated",
    "accumulated_effects",
    "effect_grid",
    "effect_grid_of_pieces",
    "local_effects",
]

Floats = npt.NDArray[np.float64]

WHOLE_DOUBLES = 2.0**53
"""Below it every whole number is a double."""


@dataclass(frozen=True, slots=True, eq=False)
class EffectGrid:
    """Intervals of a feature, and where the rows stand in them.

    Parameters
    ----------
    edges
        Ends of the intervals, ascending values of the column, shape (intervals + 1,).
    counts
        Rows in each interval, which holds its upper end, the first one both, shape (intervals,).
    travelled
        Shares of the interval that its rows have behind them, summed, shape (intervals,).
    """

    edges: npt.NDArray[Any]
    counts: Floats
    travelled: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LocalEffects:
    """Differences of predictions across intervals, of some rows.

    Parameters
    ----------
    counts
        Rows in each interval, shape (intervals,).
    means
        Their mean difference, shape (outputs, intervals); 0 where there is no row.
    squares
        Squared distances from the mean, summed, shape (outputs, intervals).
    """

    counts: Floats
    means: Floats
    squares: Floats

    def __add__(self, other: LocalEffects) -> LocalEffects:
        """Of both sets of rows (Chan, Golub and LeVeque, 1983)."""
        counts = self.counts + other.counts
        share = np.divide(other.counts, counts, out=np.zeros(counts.shape), where=counts > 0)
        apart = other.means - self.means
        means = np.where(self.counts > 0, self.means + apart * share, other.means)
        return LocalEffects(counts, means, self.squares + other.squares + apart**2 * self.counts * share)


@dataclass(frozen=True, slots=True, eq=False)
class AccumulatedEffects:
    """The curve of a feature.

    Parameters
    ----------
    edges
        Values of the feature, shape (edges,).
    effects
        Shape (outputs, edges), in units of the prediction; over all rows their mean is 0.
    standard_errors
        Shape (outputs, edges), at least 0: what other rows with the same values of this feature would give; nan where
        an interval has a single row.
    """

    edges: npt.NDArray[Any]
    effects: Floats
    standard_errors: Floats


def effect_grid(column: npt.NDArray[Any], intervals: int, *, name: str = "column") -> EffectGrid:
    """Intervals that hold about equally many rows; values that occur often make them fewer.

    Parameters
    ----------
    column
        Numbers, shape (rows,); missing ones are nan or None, and in no interval.
    intervals
        At least 1.
    name
        Of the column, for errors.

    Raises
    ------
    ConfigError
        There is to be no interval.
    DataError
        The column holds less than two values, or an infinite one.

    Examples
    --------
    >>> grid = effect_grid(np.array([1, 2, 3, 4, 5]), 2)
    >>> grid.edges.tolist(), grid.counts.tolist(), grid.travelled.tolist()
    ([1, 3, 5], [3.0, 2.0], [1.5, 1.5])
    """
    if intervals < 1:
        raise ConfigError(Problem("grid_resolution", intervals, fix="Use an integer of at least 1."))
    numbers = numbers_of(column, name)
    if numbers.min() == numbers.max():
        fix = "The column holds a single value, so there is no effect to accumulate. Leave it out."
        raise DataError(Problem(name, float(numbers[0]), fix=fix))
    return effect_grid_of_pieces([column], intervals, present=len(numbers))


def effect_grid_of_pieces(pieces: Iterable[npt.NDArray[Any]], intervals: int, *, present: int) -> EffectGrid:
    """`effect_grid` of a column that is read some rows at a time, to the last bit.

    Parameters
    ----------
    pieces
        All cells, shape (rows,) each, of which two values or more are numbers, and all are finite or missing; gone
        through ten times, so that no more than a piece is held.
    present
        Number of cells that are not missing.
    """

    def numbers() -> Iterator[Floats]:
        return (_present(piece)[:, None] for piece in pieces)

    # Values that occur, not means of two: whole numbers stay whole. NumPy calls these quantiles `inverted_cdf`.
    places = present * np.linspace(0, 1, intervals + 1) - 1
    edges = np.unique(order_statistics(numbers, np.maximum(np.ceil(places), 0).astype(np.int64).tolist()))
    number, types = len(edges) - 1, set()
    counts, travelled = np.zeros(number), np.zeros(number)
    for piece in pieces:
        types.add(piece.dtype)
        cells = _present(piece)
        place = _intervals(cells, edges)
        share = (cells - edges[place]) / np.diff(edges)[place]
        counts += np.bincount(place, minlength=number)
        # The sums so far come first, so that all are added in the order of the rows, however these are divided.
        every = np.concatenate([np.arange(number), place])
        travelled = np.asarray(np.bincount(every, np.concatenate([travelled, share])), dtype=np.float64)
    # Beyond 2**53 an edge is not the whole number itself any longer, and may be none that 64 bits hold.
    plain = all(kind.kind in "iuf" for kind in types) and float(np.abs(edges).max()) < WHOLE_DOUBLES
    return EffectGrid(edges.astype(np.result_type(*types)) if plain else edges, counts, travelled)


def local_effects(
    rows: Batch,
    feature: str,
    edges: npt.NDArray[Any],
    predict: Callable[[Batch], npt.NDArray[np.floating]],
    *,
    batch_rows: int = BATCH_ROWS,
) -> LocalEffects:
    """Differences of the predictions of rows with the feature at the two ends of their interval; 2 x rows inputs.

    Parameters
    ----------
    rows
        Rows, at least one; those without a value of the feature take no part.
    feature
        A column of them.
    edges
        Of an `EffectGrid` that all rows were in.
    predict
        Scores of a batch, shape (inputs,) or (inputs, outputs).
    batch_rows
        Most inputs per call of ``predict``.

    Raises
    ------
    ModelError
        The model does not answer with one finite score, or one row of them, per input.
    """
    numbers = np.array([np.nan if value is None else value for value in rows.columns[feature].tolist()], dtype=float)
    known = np.flatnonzero(~np.isnan(numbers))
    place, number = _intervals(numbers[known], edges.astype(float)), len(edges) - 1
    parts = []
    for start in range(0, max(len(known), 1), batch_rows):
        some = slice(start, start + batch_rows)
        # Without a value in all of these rows, one is asked all the same: it tells the number of outputs.
        chosen, ends = rows[known[some]], (place[some], place[some] + 1)
        if not len(known):
            chosen, ends = rows[:1], (np.zeros(1, dtype=np.intp),) * 2
        low, high = (_scores(chosen, feature, edges[at], predict) for at in ends)
        parts.append(high - low)
    differences = np.concatenate(parts)[: len(known)]
    counts = np.bincount(place, minlength=number).astype(np.float64)
    safe = np.maximum(counts, 1)
    means = np.stack([np.bincount(place, column, minlength=number) / safe for column in differences.T])
    off = (differences - means[:, place].T) ** 2
    squares = np.stack([np.bincount(place, column, minlength=number) for column in off.T]).astype(np.float64)
    return LocalEffects(counts, means, squares)


def accumulated(grid: EffectGrid, local: Iterable[LocalEffects]) -> AccumulatedEffects:
    """The centred curve from the differences of all rows of ``grid``, in any number of parts.

    Examples
    --------
    >>> grid = effect_grid(np.array([0.0, 1.0, 3.0]), 2)
    >>> slope_of_two = LocalEffects(grid.counts, 2.0 * np.diff(grid.edges)[None], np.zeros((1, 2)))
    >>> accumulated(grid, [slope_of_two]).effects.round(12).tolist()
    [[-2.666666666667, -0.666666666667, 3.333333333333]]
    """
    total: LocalEffects | None = None
    for part in local:
        total = part if total is None else total + part
    if total is None:
        raise ValueError("There is no row to accumulate effects of.")
    number = len(grid.counts)
    # The curve at an edge sums the intervals before it, less the mean over the rows, to which an interval adds once for
    # each row beyond it and in part for those in it.
    beyond = np.append(np.cumsum(grid.counts[::-1])[::-1][1:], 0.0)
    share = (beyond + grid.travelled) / grid.counts.sum()
    summed = np.tril(np.ones((number + 1, number)), -1) - share
    with np.errstate(invalid="ignore", divide="ignore"):
        variances = total.squares / (total.counts * (total.counts - 1))
    return AccumulatedEffects(grid.edges, total.means @ summed.T, np.sqrt(variances @ (summed**2).T))


def accumulated_effects(
    rows: Batch,
    feature: str,
    intervals: int,
    predict: Callable[[Batch], npt.NDArray[np.floating]],
    *,
    batch_rows: int = BATCH_ROWS,
) -> AccumulatedEffects:
    """Accumulated local effects of a numeric feature over all rows; see `effect_grid` and `local_effects`.

    Examples
    --------
    >>> rows = Batch({"a": np.array([0.0, 1.0, 3.0]), "b": np.array([5.0, 1.0, 2.0])})
    >>> found = accumulated_effects(rows, "a", 2, lambda batch: 3 * batch.columns["a"] + batch.columns["b"] ** 2)
    >>> found.edges.tolist(), found.effects.round(12).tolist()
    ([0.0, 1.0, 3.0], [[-4.0, -1.0, 5.0]])
    """
    grid = effect_grid(rows.columns[feature], intervals, name=feature)
    return accumulated(grid, [local_effects(rows, feature, grid.edges, predict, batch_rows=batch_rows)])


def _present(piece: npt.NDArray[Any]) -> Floats:
    """The numbers that are not missing; a zero below 0 is 0."""
    if piece.dtype.kind == "O":
        piece = np.array([np.nan if cell is None else cell for cell in piece.tolist()], dtype=np.float64)
    numbers: Floats = piece.astype(np.float64)
    return numbers[~np.isnan(numbers)] + 0.0


def _intervals(numbers: Floats, edges: Floats) -> npt.NDArray[np.intp]:
    return np.clip(np.searchsorted(edges, numbers, side="left") - 1, 0, len(edges) - 2)


def _scores(
    rows: Batch, feature: str, values: npt.NDArray[Any], predict: Callable[[Batch], npt.NDArray[np.floating]]
) -> Floats:
    inputs = Batch({**rows.columns, feature: values})
    return checked_scores(predict(inputs), inputs)
