"""From local values to global ones: Clarify's aggregates, and the same freed from the noise of sampling.

The noise of an estimate makes its square, and its absolute value, too large on average. A feature without any effect
would get a global value above 0; the corrected aggregates take that part off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Aggregation", "GlobalValues", "aggregate", "ranks_with_ties"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Aggregation = Literal["mean_abs", "median", "mean_sq"]


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
        Block of every row, shape (rows,). Rows of a block share their coalitions, so their errors are taken to move
        together, which makes the standard error larger, never smaller. None takes rows as independent.

    Examples
    --------
    >>> exact = np.array([[[1.0]], [[-3.0]]])
    >>> aggregate(exact, np.zeros_like(exact)).value.item()
    2.0
    >>> noisy = aggregate(exact, np.full_like(exact, 2.0), method="mean_sq")
    >>> noisy.value.item(), noisy.corrected.item()
    (5.0, 1.0)
    """
    from scipy.special import ndtri

    plain = PLAIN[method](values)
    corrected, moves = CORRECTED[method](values, standard_errors)
    corrected = np.where(np.isnan(corrected), plain, corrected)
    error = _error_of_sum(moves, blocks)
    reach = float(ndtri((1 + confidence_level) / 2)) * error
    low = corrected - reach
    return GlobalValues(
        plain, corrected, error, low if method == "median" else np.where(low < 0, 0.0, low), corrected + reach
    )


def _error_of_sum(errors: Floats, blocks: Integers | None) -> Floats:
    if blocks is None:
        return np.asarray(np.sqrt((errors**2).sum(axis=0)))
    of_block = np.zeros((int(blocks.max()) + 1, *errors.shape[1:]))
    np.add.at(of_block, blocks, np.abs(errors))
    return np.asarray(np.sqrt((of_block**2).sum(axis=0)))


def _corrected_mean_square(values: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """Each square less the squared error; and, as of every aggregate, how far each row's noise moves it."""
    corrected = np.maximum((values**2 - errors**2).mean(axis=0), 0.0)
    # Near zero the square has no slope, and the spread of the squared noise counts.
    return corrected, errors * np.sqrt(4 * values**2 + 2 * errors**2) / len(values)


def _corrected_mean_absolute(values: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """Each absolute value less what noise is expected to add to it, given what was seen.

    The true value is taken to lie around its estimate shrunk towards 0, as the mean square of all rows says it should;
    noise then adds the difference of two means of folded normals, one with the noise and one without.
    """
    noise = errors**2
    true = np.maximum((values**2 - noise).mean(axis=0), 0.0)
    kept = np.divide(true, true + noise, out=np.ones(values.shape), where=noise > 0)
    middle, variance = kept * values, kept * noise
    excess = _folded_mean(middle, np.sqrt(variance + noise)) - _folded_mean(middle, np.sqrt(variance))
    corrected = (np.abs(values) - np.where(noise == 0, 0.0, excess)).mean(axis=0)
    return np.where(corrected < 0, 0.0, corrected), errors / len(values)


def _folded_mean(middle: Floats, spread: Floats) -> Floats:
    """Mean of the absolute value of a normal variable."""
    from scipy.special import erf

    ratio = np.divide(middle, spread, out=np.full(middle.shape, np.inf), where=spread != 0)
    folded: Floats = spread * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2)
    return np.where(spread == 0, np.abs(middle), folded + middle * erf(ratio / np.sqrt(2)))


def _median(values: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """The median moves as far as rows cross it, over the density of rows there.

    A row crosses with the probability that its noise carries it over; the density comes from the quantiles around.
    """
    from scipy.special import ndtr

    n, middle = len(values), np.median(values, axis=0)
    distance = np.divide(values - middle, errors, out=np.full(values.shape, np.inf), where=errors != 0)
    crosses = ndtr(-np.abs(distance))
    reach = min(0.5, 1 / np.sqrt(n))
    low, high = np.quantile(values, [0.5 - reach, 0.5 + reach], axis=0)
    return middle, np.sqrt(crosses) * (high - low) / (2 * reach * n)


PLAIN: dict[Aggregation, Callable[[Floats], Floats]] = {
    "mean_abs": lambda values: np.asarray(np.abs(values).mean(axis=0)),
    "median": lambda values: np.asarray(np.median(values, axis=0)),
    "mean_sq": lambda values: np.asarray((values**2).mean(axis=0)),
}
CORRECTED: dict[Aggregation, Callable[[Floats, Floats], tuple[Floats, Floats]]] = {
    "mean_abs": _corrected_mean_absolute,
    "median": _median,
    "mean_sq": _corrected_mean_square,
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
