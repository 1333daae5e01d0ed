"""From local values to global ones: Clarify's aggregates, and the same freed from the noise of sampling.

The noise of an estimate makes its square, and its absolute value, too large on average. A feature without any effect
would get a global value above 0; the corrected aggregates take that part off.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pellucid.critical_value import critical_value
from pellucid.explain.absolute_values import TrueValues
from pellucid.explain.error_of_sum import ErrorOfSum
from pellucid.explain.loadings import AGGREGATIONS, Aggregation, moving_together, weights
from pellucid.explain.local_rows import LocalRows, Pieces
from pellucid.explain.order_statistics import quantiles
from pellucid.records import dataclass
from pellucid.results.ties import tied_with_next

__all__ = [
    "AGGREGATIONS",
    "Aggregation",
    "GlobalValues",
    "aggregate",
    "aggregate_pieces",
    "ranks_with_ties",
]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

LEAST_GAP = 1e-100
"""Stands for no gap at all between the rows in the middle: those that are exactly there outweigh all others."""
OFF = {"mean_abs": 0.3, "mean_sq": 0.4, "median": 2.0}
"""Standard error of what noise is taken to do to an aggregate, as a share of it. That of a mean of absolute values
hangs on what true values are taken to look like, that of a mean square on the errors only. A median is not corrected:
where most values are near it, noise moves it by about twice what the same noise would move it by once more."""
OFF_BY_NOISE = 0.05
"""As a share of the noise of the rows near a median: what lies closer together than that is blurred, and noise that is
added once more does not tell how."""

LEAST_COMPARED, MOST_COMPARED, COMPARED_VALUES = 256, 512, 2**20
"""Rows, about, that tell what true values look like, evenly spread over all: the fewer, the more values a row has."""


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


def aggregate(
    values: Floats,
    standard_errors: Floats,
    *,
    method: Aggregation = "mean_abs",
    confidence_level: float = 0.95,
    blocks: Integers | None = None,
    loadings: npt.NDArray[np.floating] | None = None,
    odd_parts: npt.NDArray[np.floating] | None = None,
    learnt: Booleans | None = None,
    noise_shares: Floats | None = None,
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
        Block of every row, in any order, shape (rows,): rows of different blocks err independently of each other. None
        takes all rows as independent.
    loadings
        Of the rows of a block on its error, for the method, shape (rows, players, outputs); see
        `pellucid.explain.loadings`. Without them the errors of a block are taken to move together, which makes the
        standard error larger, never smaller.
    odd_parts
        What odd terms add to the values of the linear fit, shape (rows, players, outputs), by default nothing.
    learnt
        Rows with odd terms, shape (rows,), by default none. What these miss, they miss alike in all blocks: a part of
        their error does not average out. How large it is, the odd parts of many blocks tell: the linear fit misses
        less of them, and its other errors average out.
    noise_shares
        Shares of the squared standard errors that are noise, shape (rows,), by default all of them: what is told of
        single values is rather too much than too little.

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
    known = moving_together(values, standard_errors, method) if loadings is None or blocks is None else loadings
    added = np.zeros(values.shape) if odd_parts is None else odd_parts
    of_prior = np.zeros(len(values), dtype=bool) if learnt is None else learnt
    shares = np.ones(len(values)) if noise_shares is None else noise_shares
    rows = LocalRows(
        values[order],
        standard_errors[order],
        known[order],
        added[order],
        of_prior[order],
        shares[order],
        None if blocks is None else blocks[order],
    )
    return aggregate_pieces(rows.pieces, len(values), method=method, confidence_level=confidence_level)


def aggregate_pieces(
    pieces: Pieces, rows: int, *, method: Aggregation = "mean_abs", confidence_level: float = 0.95
) -> GlobalValues:
    """`aggregate` of rows that need not be in memory together.

    Parameters
    ----------
    pieces
        Gives all rows anew at every call, `rows_of_a_piece` at a time: up to two passes are made over them, eleven for
        a median.
    rows
        Number of all rows, at least 1.
    """
    plain, corrected, error = _METHODS[method](pieces, rows)
    corrected = np.where(np.isnan(corrected), plain, corrected)
    reach = critical_value(confidence_level) * error
    low = corrected - reach
    return GlobalValues(
        plain, corrected, error, low if method == "median" else np.where(low < 0, 0.0, low), corrected + reach
    )


Found = tuple[Floats, Floats, Floats]
"""Plain aggregate, corrected aggregate, its standard error; shape (players, outputs) each."""


def _mean_square(pieces: Pieces, rows: int) -> Found:
    """Each square less the squared error; and, as of every aggregate, how far each row's noise moves it.

    Near zero the square has no slope, and the spread of the squared noise counts: twice the squared covariance of two
    rows, which their loadings tell but for what each row has of its own.
    """
    error = ErrorOfSum(lambda sums: sums[0] ** 2 + 2 * sums[1] ** 2 + sums[2])
    sums: Floats | float = 0.0
    for part in pieces():
        squares, noise, shared = part.values**2, part.noise, part.loadings.astype(float) ** 2
        own = np.maximum(part.errors**4 - shared**2, 0.0)
        error.add(2 * part.values / rows, part, [shared / rows, 2 * own / rows**2])
        sums = sums + np.stack([squares.sum(axis=0), (squares - noise).sum(axis=0)])
    plain, corrected = np.asarray(sums) / rows
    off = OFF["mean_sq"] * (plain - corrected)
    return plain, np.maximum(corrected - error.missed(), 0.0), error.result(off)


def _mean_absolute(pieces: Pieces, rows: int) -> Found:
    """Each absolute value less what noise is expected to add to it, given what was seen.

    What true values look like, some of the rows tell.
    """
    plain: Floats | float = 0.0
    some: list[tuple[Floats, Floats]] = []
    before = 0
    for part in pieces():
        plain = np.asarray(plain + np.abs(part.values).sum(axis=0))
        step = -(-rows // min(MOST_COMPARED, max(LEAST_COMPARED, COMPARED_VALUES // max(1, plain.size))))
        evenly = slice(-before % step, None, step)
        # A view would keep all the piece in memory.
        some.append((part.values[evenly].copy(), np.sqrt(part.noise[evenly])))
        before += len(part.values)
    true = TrueValues.seen_in(*(np.concatenate(of_parts) for of_parts in zip(*some, strict=True)))
    error, added = ErrorOfSum(lambda sums: sums[0] ** 2), np.zeros(np.shape(plain))
    for part in pieces():
        expected = true.expected(part.values, np.sqrt(part.noise))
        added += expected.added.sum(axis=0)
        error.add(weights(part.values, "mean_abs") / rows, part, along=expected.signs / rows)
    plain, added = np.asarray(plain) / rows, added / rows
    return plain, np.maximum(plain - added - error.missed(), 0.0), error.result(OFF["mean_abs"] * added)


def _median(pieces: Pieces, rows: int) -> Found:
    """The median moves as far as rows cross it, over the density of rows there.

    A row's noise carries it over with a probability whose slope says how far the median moves with it; what a
    probability does beyond its slope is the row's own and averages out. The density is that of the same rows, seen
    through the noise and the gap between the rows in the middle. Where there are more rows on one side, noise moves the
    median systematically, which shows in what the same noise would do once more, unless the rows differ by less than
    their noise.
    """
    shape = next(iter(pieces())).values.shape[1:]
    shares = [0.5, 0.5 - 0.5 / rows, 0.5 + 0.5 / rows]
    found = quantiles(lambda: (part.values.reshape(len(part.values), -1) for part in pieces()), rows, shares)
    middle, low, high = found.reshape(3, *shape)
    gap = np.maximum((high - low) / 2, LEAST_GAP)
    density, excess, noise = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for part in pieces():
        crossing = _crossing(part, middle, gap)
        density += crossing.slope.sum(axis=0)
        excess += crossing.excess.sum(axis=0)
        noise += (crossing.slope * part.errors).sum(axis=0)
    error = ErrorOfSum(_of_crossings)
    for part in pieces():
        crossing, shared = _crossing(part, middle, gap), part.loadings.astype(float)
        moved, own = crossing.slope / density, np.maximum(part.errors**2 - shared**2, 0.0)
        error.add(moved, part, [moved**2 * own + crossing.beyond / density**2, moved * own, own])
    return middle, middle, error.result(np.hypot(OFF["median"] * excess, OFF_BY_NOISE * noise) / density)


@dataclass(frozen=True, slots=True, eq=False)
class _Crossing:
    """How likely rows are to be below a median once their noise is added; all arrays are of the shape of the values.

    Parameters
    ----------
    slope
        Of the probability, per move of the row.
    beyond
        Variance of being below that the slope does not explain.
    excess
        Probability above that without noise.
    """

    slope: Floats
    beyond: Floats
    excess: Floats


def _crossing(part: LocalRows, middle: Floats, gap: Floats) -> _Crossing:
    from scipy.special import ndtr

    width, off = np.hypot(part.errors, gap), middle - part.values
    slope = np.exp(-((off / width) ** 2) / 2) / np.sqrt(2 * np.pi)
    below = ndtr(off / width)
    beyond = (below * (1 - below) - slope**2) * (part.errors / width) ** 4
    return _Crossing(slope / width, beyond, below - ndtr(off / gap))


def _of_crossings(sums: Floats) -> Floats:
    together, apart, moved, own = sums
    return np.asarray(together**2 + apart - np.divide(moved**2, own, out=np.zeros(own.shape), where=own > 0))


_METHODS: dict[Aggregation, Callable[[Pieces, int], Found]] = {
    "mean_abs": _mean_absolute,
    "median": _median,
    "mean_sq": _mean_square,
}


def ranks_with_ties(importance: GlobalValues, output: int = 0) -> tuple[Integers, Booleans]:
    """Players by falling size of the plain value, and for each place whether it is tied with the next.

    Returns
    -------
    order
        Players, shape (players,); equal sizes keep the order of the columns.
    tied
        Shape (players,), as `pellucid.results.ties.tied_with_next` tells.

    Examples
    --------
    >>> exact = np.array([[[1.0], [3.0]]])
    >>> order, tied = ranks_with_ties(aggregate(exact, np.zeros_like(exact)))
    >>> order.tolist(), tied.tolist()
    ([1, 0], [False, False])
    """
    order = np.argsort(-np.abs(importance.value[:, output]), kind="stable")
    return order, tied_with_next(importance.low[order, output], importance.high[order, output])
