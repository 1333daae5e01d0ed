"""Partial dependence: the mean prediction over all rows with one feature set to one value after another.

Source: Friedman (2001); grid and fractions as Amazon SageMaker Clarify has them. The curves of the single rows, whose
mean it is, are the individual conditional expectations of Goldstein et al. (2015).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.counts import canonical_order
from pellucid.errors import ConfigError, DataError, Problem, did_you_mean
from pellucid.explain.game import BATCH_ROWS, checked_scores
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = [
    "Dependence",
    "Grid",
    "bucket_centres",
    "bucket_edges",
    "categorical_grid",
    "numbers_of",
    "numeric_grid",
    "partial_dependence",
]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Values that a feature is set to, and how usual they are.

    Parameters
    ----------
    values
        Shape (points,), as the model takes them.
    distribution
        Share of the rows in the bucket of each point, shape (points,); rows without a value are in none.
    """

    values: npt.NDArray[Any]
    distribution: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """How the predictions move with a feature.

    Parameters
    ----------
    grid
        The points.
    predictions
        Mean prediction at each point, shape (outputs, points).
    individual
        Prediction of rows at each point, shape (rows, outputs, points), if they were asked for.
    """

    grid: Grid
    predictions: Floats
    individual: Floats | None = None


def numeric_grid(column: npt.NDArray[Any], resolution: int, *, name: str = "column") -> Grid:
    """Centres of buckets of equal width from the least to the largest value; the last bucket is closed.

    Parameters
    ----------
    column
        Numbers, shape (rows,); missing ones are nan or None.
    resolution
        Number of buckets, at least 1.
    name
        Of the column, for errors.

    Raises
    ------
    ConfigError
        The resolution is below 1.
    DataError
        The column holds no number, or an infinite one, or doubles cannot part its buckets.

    Examples
    --------
    >>> grid = numeric_grid(np.array([20, 22, 26, 30]), 2)
    >>> grid.values.tolist(), grid.distribution.tolist()
    ([22.5, 27.5], [0.5, 0.5])
    """
    if resolution < 1:
        raise ConfigError(Problem("grid_resolution", resolution, fix="Use an integer of at least 1."))
    numbers = numbers_of(column, name)
    edges = bucket_edges(float(numbers.min()), float(numbers.max()), resolution, name=name)
    return Grid(bucket_centres(edges), np.histogram(numbers, bins=resolution)[0] / len(column))


def bucket_edges(least: float, most: float, resolution: int, *, name: str) -> Floats:
    """Ends of buckets of equal width, shape (resolution + 1,); half a unit around a single value.

    Raises
    ------
    DataError
        An end is infinite, or there are no doubles to part so many buckets.
    """
    for end in (most, least):
        if not np.isfinite(end):
            raise DataError(Problem(name, end, fix="Replace infinite values; buckets need a finite range."))
    try:
        with np.errstate(all="ignore"):
            edges: Floats = np.histogram_bin_edges(np.array([least, most]), bins=resolution)
            parted = bool(np.isfinite(edges).all() and (np.diff(edges) > 0).all())
    except ValueError:
        parted = False
    if not parted:
        fix = f"{resolution} buckets of equal width from {least!r} to {most!r} have no ends that are doubles."
        raise DataError(Problem(name, fix=f"{fix} Name the column categorical, or scale its values."))
    return edges


def bucket_centres(edges: Floats) -> Floats:
    """Centres of buckets of equal width between the first and the last of their ends, shape (buckets,).

    They are the doubles nearest to the centres. Means of rounded ends may be off in the last digit: a centre just below
    1 is on the other side of a split of a tree that sends 1 to the right.

    >>> bucket_centres(np.linspace(0.5, 1.5, 4)).tolist()
    [0.6666666666666666, 1.0, 1.3333333333333333]
    """
    low, high, number = Fraction(float(edges[0])), Fraction(float(edges[-1])), len(edges) - 1
    return np.array([float(low + (high - low) * Fraction(2 * i + 1, 2 * number)) for i in range(number)])


def numbers_of(column: npt.NDArray[Any], name: str) -> Floats:
    """The numbers of a column that are not missing.

    Raises
    ------
    DataError
        There is none, or an infinite one.
    """
    numbers = np.array([np.nan if value is None else value for value in column.tolist()], dtype=float)
    present: Floats = numbers[~np.isnan(numbers)]
    if not len(present):
        raise DataError(Problem(name, fix="The column holds no value, so there is nothing to vary. Leave it out."))
    infinite = present[np.isinf(present)]
    if len(infinite):
        raise DataError(Problem(name, float(infinite[0]), fix="Replace infinite values; buckets need a finite range."))
    return present


def categorical_grid(column: npt.NDArray[Any]) -> Grid:
    """Every distinct value: numbers, then text; missing ones are no value.

    Examples
    --------
    >>> grid = categorical_grid(np.array(["b", "a", "b", None], dtype=object))
    >>> grid.values.tolist(), grid.distribution.tolist()
    (['a', 'b'], [0.25, 0.5])
    """
    cells = [None if value != value else value for value in column.tolist()]
    values = [value for value in canonical_order(cells) if value is not None]
    counts = dict.fromkeys(values, 0)
    for cell in cells:
        if cell is not None:
            counts[cell] += 1
    points = np.empty(len(values), dtype=object)
    points[:] = values
    shares = np.array([counts[value] for value in values], dtype=float) / max(len(cells), 1)
    return Grid(points if column.dtype.kind == "O" else points.astype(column.dtype), shares)


def partial_dependence(
    rows: Batch,
    feature: str,
    grid: Grid,
    predict: Callable[[Batch], npt.NDArray[np.floating]],
    *,
    individual: bool | Sequence[int] = False,
    batch_rows: int = BATCH_ROWS,
) -> Dependence:
    """Predictions of all rows with ``feature`` at each point of ``grid``; rows x points inputs in all.

    Parameters
    ----------
    rows
        All rows, at least one.
    feature
        A column of them.
    grid
        Its points.
    predict
        Scores of a batch, shape (inputs,) or (inputs, outputs).
    individual
        Keep the predictions of all single rows as well, or of those at the positions given.
    batch_rows
        Most inputs per call of ``predict``.

    Raises
    ------
    ConfigError
        There is no such column.
    ModelError
        The model does not answer with one finite score, or one row of them, per input.

    Examples
    --------
    >>> rows = Batch({"a": np.array([1.0, 3.0]), "b": np.array([1.0, 2.0])})
    >>> grid = numeric_grid(rows.columns["a"], 2)
    >>> partial_dependence(rows, "a", grid, lambda batch: batch.columns["a"] * batch.columns["b"]).predictions.tolist()
    [[2.25, 3.75]]
    """
    if feature not in rows.names:
        fix = f"Use a column of the model; {did_you_mean(feature, rows.names)}"
        raise ConfigError(Problem("methods.pdp.features", feature, fix=fix))
    kept = slice(None) if individual is True else list(individual or ())
    means, curves = [], []
    for i in range(len(grid.values)):
        scores = _at(rows, feature, grid.values[i : i + 1], predict, batch_rows)
        means.append(scores.mean(axis=0))
        curves.append(scores[kept])
    return Dependence(grid, np.array(means).T, np.stack(curves, axis=2) if individual else None)


def _at(
    rows: Batch,
    feature: str,
    value: npt.NDArray[Any],
    predict: Callable[[Batch], npt.NDArray[np.floating]],
    batch_rows: int,
) -> Floats:
    """Scores of all rows with the feature at one value, shape (rows, outputs)."""
    parts = []
    for start in range(0, len(rows), batch_rows):
        part = rows[slice(start, start + batch_rows)]
        inputs = Batch({**part.columns, feature: np.repeat(value, len(part))})
        parts.append(checked_scores(predict(inputs), inputs))
    return np.concatenate(parts)
