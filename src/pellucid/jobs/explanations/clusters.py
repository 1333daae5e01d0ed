"""Computed baselines: centres of clusters of rows, with means of numbers and most frequent values of everything else.

Numbers are standardised; any other value becomes an indicator of a length that makes two different values as far apart
as k-prototypes has them (Huang 1998, gamma of half the mean standard deviation). k-means on these coordinates places
the clusters; their centres are then taken column by column, as k-prototypes does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.config.bias_request import ColumnType as GivenType
from pellucid.counts import canonical_order
from pellucid.errors import DataError, Problem
from pellucid.protocols.model import Batch

__all__ = ["MOST_CLUSTERS", "SAMPLED_ROWS", "computed_baseline", "is_numeric"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

SAMPLED_ROWS = 10_000
"""Rows that clusters are sought among."""
MOST_CLUSTERS = 12
"""Clusters at most where their number is left to the data, as in Clarify."""
WORTH_A_CLUSTER = 0.1
"""Share of the spread of all rows that a further cluster must take away."""
FEW_VALUES = 0.05
"""Share of distinct values below which whole numbers are categories, as in Clarify."""
KNOWN_VALUES = 50
"""Values of a column that are told apart, the most frequent ones."""
GAMMA = 0.5


def computed_baseline(
    rows: Batch, *, number: int | None = None, seed: int = 0, column_types: Mapping[str, GivenType] | None = None
) -> Batch:
    """Centres of clusters, the largest cluster first.

    Parameters
    ----------
    rows
        Rows to cluster, at least one; `SAMPLED_ROWS` are enough.
    number
        Number of clusters; less where there are fewer distinct rows. None: the least number, up to `MOST_CLUSTERS`, at
        which one more would take away less than a tenth of the spread of all rows.
    seed
        Of the starting points.
    column_types
        Columns whose type is given, not guessed.

    Raises
    ------
    DataError
        A column to be averaged holds infinite numbers.

    Examples
    --------
    >>> rows = Batch({"age": np.array([20, 22, 61, 60, 60]), "job": np.array(["a", "a", "b", "b", "b"], dtype=object)})
    >>> {name: column.tolist() for name, column in computed_baseline(rows, number=2).columns.items()}
    {'age': [60, 21], 'job': ['b', 'a']}
    """
    given = column_types or {}
    numeric = {name: is_numeric(column, given.get(name)) for name, column in rows.columns.items()}
    _refuse_infinite({name: column for name, column in rows.columns.items() if numeric[name]})
    points = np.column_stack([_coordinates(column, numeric[name]) for name, column in rows.columns.items()])
    cluster = _clusters(points, number, seed)
    sizes = np.bincount(cluster)
    order = [int(i) for i in np.argsort(-sizes, kind="stable") if sizes[i]]
    return Batch(
        {
            name: _centres(column, [cluster == i for i in order], numeric=numeric[name])
            for name, column in rows.columns.items()
        }
    )


def is_numeric(column: npt.NDArray[Any], given: GivenType | None = None) -> bool:
    """Whether a column is averaged: floats are, whole numbers where 5 % of the values or more are distinct.

    >>> is_numeric(np.array([0.5, 0.5])), is_numeric(np.array([0, 1] * 100)), is_numeric(np.array(["a"], dtype=object))
    (True, False, False)
    """
    present = _present(column)
    numbers = column.dtype.kind in "iuf" or (bool(present) and all(type(cell) in (int, float) for cell in present))
    if not numbers or given is not None:
        return numbers and given != "categorical"
    return column.dtype.kind == "f" or len(set(present)) >= FEW_VALUES * len(present)


def _refuse_infinite(columns: Mapping[str, npt.NDArray[Any]]) -> None:
    fix = "The baseline is computed, and its mean would be infinite. Replace infinite values, or give a baseline."
    found = {name: [cell for cell in _present(column) if abs(cell) == math.inf] for name, column in columns.items()}
    problems = [Problem(name, cells[0], fix=fix) for name, cells in found.items() if cells]
    if problems:
        raise DataError(problems)


def _present(column: npt.NDArray[Any]) -> list[Any]:
    return [cell for cell in column.tolist() if cell is not None and cell == cell]


def _coordinates(column: npt.NDArray[Any], numeric: bool) -> Floats:
    """Coordinates of a column, shape (rows, coordinates); a missing number lies at the mean."""
    if numeric:
        numbers = np.array([np.nan if cell is None else cell for cell in column.tolist()], dtype=float)
        known = ~np.isnan(numbers)
        spread = numbers[known].std() if known.any() else 0.0
        centred = np.where(known, numbers - (numbers[known].mean() if known.any() else 0.0), 0.0)
        return (centred / spread if spread > 0 else np.zeros(len(numbers)))[:, None]
    cells = column.tolist()
    values = [value for value, _ in Counter(cells).most_common(KNOWN_VALUES)]
    indicators = np.array([[cell == value for value in values] for cell in cells], dtype=float)
    return np.asarray(indicators * np.sqrt(GAMMA / 2))


def _clusters(points: Floats, number: int | None, seed: int) -> Integers:
    """Cluster of every point, shape (points,)."""
    distinct = len(np.unique(points, axis=0))
    if number is not None:
        return _k_means(points, min(number, distinct), seed)[0]
    cluster, spread = _k_means(points, 1, seed)
    everything = spread
    for clusters in range(2, min(MOST_CLUSTERS, distinct) + 1):
        finer, less = _k_means(points, clusters, seed)
        if spread - less < WORTH_A_CLUSTER * everything:
            break
        cluster, spread = finer, less
    return cluster


def _k_means(points: Floats, clusters: int, seed: int) -> tuple[Integers, float]:
    from sklearn.cluster import KMeans

    fitted = KMeans(n_clusters=clusters, n_init=3, random_state=seed % 2**32).fit(points)
    return np.asarray(fitted.labels_, dtype=np.intp), float(fitted.inertia_)


def _centres(column: npt.NDArray[Any], members: Sequence[npt.NDArray[np.bool_]], *, numeric: bool) -> npt.NDArray[Any]:
    found = [_mean(column[chosen]) if numeric else _mode(column[chosen]) for chosen in members]
    if column.dtype.kind == "f":
        return np.array([np.nan if value is None else value for value in found], dtype=float)
    if column.dtype.kind != "O":
        return np.array(found, dtype=column.dtype)
    centres = np.empty(len(found), dtype=object)
    centres[:] = found
    return centres


def _mean(column: npt.NDArray[Any]) -> float | int | None:
    """Mean of the values that are there, whole in a column of whole numbers."""
    present = _present(column)
    if not present:
        return None
    if all(type(cell) is int for cell in present):
        return round(Fraction(sum(present), len(present)))  # a double would round whole numbers beyond 2**53
    return float(np.mean(present))


def _mode(column: npt.NDArray[Any]) -> Any:
    """The most frequent value; of equally frequent ones the first in order."""
    counts = Counter(None if cell != cell else cell for cell in column.tolist())
    most = max(counts.values())
    return canonical_order([value for value, count in counts.items() if count == most])[0]
