"""From local values to global ones: Clarify's aggregates, and the same freed from the noise of sampling.

The noise of an estimate makes its square, and its absolute value, too large on average. A feature without any effect
would get a global value above 0; the corrected aggregates take that part off.

Rows are summed in pieces of a length that depends on their width alone. So rows that are read back from a file give the
same bits as rows in memory, however they came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import Literal

import numpy as np
import numpy.typing as npt

from pellucid.explain.order_statistics import quantiles
from pellucid.records import dataclass

__all__ = [
    "AGGREGATIONS",
    "Aggregation",
    "GlobalValues",
    "LocalRows",
    "aggregate",
    "aggregate_pieces",
    "ranks_with_ties",
    "rows_of_a_piece",
]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Aggregation = Literal["mean_abs", "median", "mean_sq"]
AGGREGATIONS: tuple[Aggregation, ...] = ("mean_abs", "median", "mean_sq")

PIECE_VALUES = 2**18
"""Values of a piece: 2 MB, and some ten times that while they are summed."""


def rows_of_a_piece(players: int, outputs: int) -> int:
    """Rows that are summed at once.

    >>> rows_of_a_piece(players=14, outputs=1), rows_of_a_piece(players=10**6, outputs=1)
    (18724, 1)
    """
    return max(1, PIECE_VALUES // max(1, players * outputs))


@dataclass(frozen=True, slots=True, eq=False)
class GlobalValues:
    """Importance of every player for every output; all arrays have the shape (players, outputs).

    Parameters
    ----------
    value
        The plain aggregate of the local values, as Clarify's.
    corrected
        The same without the bias that sampling noise brings, at least 0 for ``mean_abs`` and ``mean_sq``; equal to
        ``value`` where the local values are exact.
    standard_error
        Of ``corrected``, from the noise of the local values; 0 where these are exact, nan where theirs is not known.
        The choice of the rows is not covered.
    low, high
        Ends of the interval.
    """

    value: Floats
    corrected: Floats
    standard_error: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LocalRows:
    """Local values of some rows.

    Parameters
    ----------
    values, errors
        Shape (rows, players, outputs).
    blocks
        Block of every row, ascending, shape (rows,); None where rows are independent.
    """

    values: Floats
    errors: Floats
    blocks: Integers | None = None

    def pieces(self) -> Iterator[LocalRows]:
        """The same rows, `rows_of_a_piece` at a time."""
        step = rows_of_a_piece(*self.values.shape[1:])
        for start in range(0, len(self.values), step):
            part = slice(start, start + step)
            yield LocalRows(self.values[part], self.errors[part], None if self.blocks is None else self.blocks[part])


Pieces = Callable[[], Iterable[LocalRows]]


def aggregate(
    values: Floats,
    standard_errors: Floats,
    *,
    method: Aggregation = "mean_abs",
    confidence_level: float = 0.95,
    blocks: Integers | None = None,
) -> GlobalValues:
    """Aggregate local values over the rows.

    Parameters
    ----------
    values, standard_errors
        Of the local values, shape (rows, players, outputs), at least one row.
    method
        ``mean_abs``: mean of the absolute values; ``median``: of the signed values; ``mean_sq``: mean of the squares.
    confidence_level
        Of the interval, in (0, 1).
    blocks
        Block of every row, in any order, shape (rows,). Rows of a block share their coalitions, so their errors are
        taken to move together, which makes the standard error larger, never smaller. None takes rows as independent.

    Examples
    --------
    >>> exact = np.array([[[1.0]], [[-3.0]]])
    >>> aggregate(exact, np.zeros_like(exact)).value.item()
    2.0
    >>> noisy = aggregate(exact, np.full_like(exact, 2.0), method="mean_sq")
    >>> noisy.value.item(), noisy.corrected.item()
    (5.0, 1.0)
    """
    order = slice(None) if blocks is None else np.argsort(blocks, kind="stable")
    rows = LocalRows(values[order], standard_errors[order], None if blocks is None else blocks[order])
    return aggregate_pieces(rows.pieces, len(values), method=method, confidence_level=confidence_level)


def aggregate_pieces(
    pieces: Pieces, rows: int, *, method: Aggregation = "mean_abs", confidence_level: float = 0.95
) -> GlobalValues:
    """`aggregate` of rows that need not be in memory together.

    Parameters
    ----------
    pieces
        Gives all rows anew at every call, `rows_of_a_piece` at a time: up to two passes are made over them, ten for a
        median.
    rows
        Number of all rows, at least 1.
    """
    from scipy.special import ndtri

    plain, corrected, error = _METHODS[method](pieces, rows)
    corrected = np.where(np.isnan(corrected), plain, corrected)
    reach = float(ndtri((1 + confidence_level) / 2)) * error
    low = corrected - reach
    return GlobalValues(
        plain, corrected, error, low if method == "median" else np.where(low < 0, 0.0, low), corrected + reach
    )


@dataclass(slots=True, eq=False)
class _ErrorOfSum:
    """Standard error of a sum of errors, of which those of one block move together."""

    _squares: Floats | float = 0.0
    _open: Floats | float = 0.0
    _block: int | None = field(default=None)

    def add(self, errors: Floats, blocks: Integers | None) -> None:
        """Errors of further rows, shape (rows, players, outputs)."""
        if blocks is None:
            self._squares = self._squares + (errors**2).sum(axis=0)
            return
        starts = np.flatnonzero(np.diff(blocks, prepend=blocks[0] - 1))
        sums = np.add.reduceat(np.abs(errors), starts, axis=0)
        if self._block == blocks[0]:
            sums[0] += self._open
        else:
            self._close()
        self._squares = self._squares + (sums[:-1] ** 2).sum(axis=0)
        self._open, self._block = sums[-1], int(blocks[-1])

    def _close(self) -> None:
        self._squares = self._squares + np.asarray(self._open) ** 2
        self._open = 0.0

    def result(self) -> Floats:
        """Of all rows, shape (players, outputs)."""
        self._close()
        return np.asarray(np.sqrt(self._squares))


Found = tuple[Floats, Floats, Floats]
"""Plain aggregate, corrected aggregate, its standard error; shape (players, outputs) each."""


def _mean_square(pieces: Pieces, rows: int) -> Found:
    """Each square less the squared error; and, as of every aggregate, how far each row's noise moves it."""
    error = _ErrorOfSum()
    sums: Floats | float = 0.0
    for part in pieces():
        squares, noise = part.values**2, part.errors**2
        # Near zero the square has no slope, and the spread of the squared noise counts.
        error.add(part.errors * np.sqrt(4 * squares + 2 * noise) / rows, part.blocks)
        sums = sums + np.stack([squares.sum(axis=0), (squares - noise).sum(axis=0)])
    plain, corrected = np.asarray(sums) / rows
    return plain, np.maximum(corrected, 0.0), error.result()


def _mean_absolute(pieces: Pieces, rows: int) -> Found:
    """Each absolute value less what noise is expected to add to it, given what was seen.

    The true value is taken to lie around its estimate shrunk towards 0, as the mean square of all rows says it should;
    noise then adds the difference of two means of folded normals, one with the noise and one without.
    """
    error = _ErrorOfSum()
    sums: Floats | float = 0.0
    for part in pieces():
        error.add(part.errors / rows, part.blocks)
        sums = sums + np.stack([np.abs(part.values).sum(axis=0), (part.values**2 - part.errors**2).sum(axis=0)])
    plain, true = np.asarray(sums) / rows
    true = np.maximum(true, 0.0)
    corrected = sum((_without_noise(part, true).sum(axis=0) for part in pieces()), start=np.zeros(true.shape)) / rows
    return plain, np.where(corrected < 0, 0.0, corrected), error.result()


def _without_noise(part: LocalRows, true: Floats) -> Floats:
    noisy = part.errors > 0
    noise = part.errors[noisy] ** 2
    kept = np.broadcast_to(true, noisy.shape)[noisy]
    kept = kept / (kept + noise)
    middle, variance = kept * part.values[noisy], kept * noise
    found = np.abs(part.values)
    found[noisy] -= _folded_mean(middle, np.sqrt(variance + noise)) - _folded_mean(middle, np.sqrt(variance))
    found[np.isnan(part.errors)] = np.nan
    return found


def _folded_mean(middle: Floats, spread: Floats) -> Floats:
    """Mean of the absolute value of a normal variable."""
    from scipy.special import erf

    ratio = np.divide(middle, spread, out=np.full(middle.shape, np.inf), where=spread != 0)
    folded: Floats = spread * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2)
    return np.where(spread == 0, np.abs(middle), folded + middle * erf(ratio / np.sqrt(2)))


def _median(pieces: Pieces, rows: int) -> Found:
    """The median moves as far as rows cross it, over the density of rows there.

    A row crosses with the probability that its noise carries it over; the density comes from the quantiles around.
    """
    from scipy.special import ndtr

    reach = min(0.5, 1 / np.sqrt(rows))
    shape = next(iter(pieces())).values.shape[1:]
    shares = [0.5, 0.5 - reach, 0.5 + reach]
    found = quantiles(lambda: (part.values.reshape(len(part.values), -1) for part in pieces()), rows, shares)
    middle, low, high = found.reshape(3, *shape)
    error = _ErrorOfSum()
    for part in pieces():
        off = np.abs(part.values - middle)
        distance = np.divide(off, part.errors, out=np.full(off.shape, np.inf), where=part.errors != 0)
        error.add(np.sqrt(ndtr(-distance)) * (high - low) / (2 * reach * rows), part.blocks)
    return middle, middle, error.result()


_METHODS: dict[Aggregation, Callable[[Pieces, int], Found]] = {
    "mean_abs": _mean_absolute,
    "median": _median,
    "mean_sq": _mean_square,
}


def ranks_with_ties(importance: GlobalValues, output: int = 0) -> tuple[Integers, Booleans]:
    """Players by falling plain value, and for each place whether its interval overlaps that of the next.

    Returns
    -------
    order
        Players, shape (players,); equal values keep the order of the columns.
    tied
        Shape (players,); the last is False.

    Examples
    --------
    >>> exact = np.array([[[1.0], [3.0]]])
    >>> order, tied = ranks_with_ties(aggregate(exact, np.zeros_like(exact)))
    >>> order.tolist(), tied.tolist()
    ([1, 0], [False, False])
    """
    order = np.argsort(-importance.value[:, output], kind="stable")
    low, high = importance.low[order, output], importance.high[order, output]
    unknown = np.isnan(low) | np.isnan(high)
    overlaps = np.maximum(low[:-1], low[1:]) <= np.minimum(high[:-1], high[1:])
    return order, np.append(overlaps | unknown[:-1] | unknown[1:], False)
