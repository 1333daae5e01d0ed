"""The points of a partial dependence plot, from a column that is read some rows at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import field
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.config.bias_request import ColumnType as GivenType
from pellucid.counts import canonical_order
from pellucid.errors import DataError, Problem
from pellucid.explain.partial_dependence import Grid, bucket_centres, bucket_edges
from pellucid.jobs.explanations.clusters import FEW_VALUES
from pellucid.records import dataclass

__all__ = ["ColumnSummary", "categorical_points", "numeric_points", "summary_of"]

Column = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


@dataclass(slots=True, eq=False)
class ColumnSummary:
    """What a column holds.

    Parameters
    ----------
    rows, present
        Number of cells, and of those that are not missing.
    kinds
        Kinds of the arrays it came in, as NumPy has them.
    numbers, text
        Whether all cells that are present are numbers, and whether one is text.
    least, most
        Ends of the numbers; nan where there is none.
    counts
        How often each value occurs; None for floats, and where there are too many to be categories.
    """

    rows: int = 0
    present: int = 0
    kinds: set[str] = field(default_factory=set)
    numbers: bool = True
    text: bool = False
    least: float = np.nan
    most: float = np.nan
    counts: Counter[Any] | None = field(default_factory=Counter)

    @property
    def floats(self) -> bool:
        """Whether it is a column of floats."""
        return "f" in self.kinds and self.kinds <= {"f", "i", "u"}

    @property
    def many_values(self) -> bool:
        """Whether at least 5 % of the cells are distinct."""
        return self.counts is None or len(self.counts) >= FEW_VALUES * self.present

    def is_numeric(self, given: GivenType | None) -> bool:
        """Whether it is cut into buckets; the rule of `pellucid.jobs.explanations.clusters.is_numeric`."""
        numbers = self.numbers and (self.present > 0 or self.kinds <= {"f", "i", "u"})
        if not numbers or given is not None:
            return numbers and given != "categorical"
        return self.floats or self.many_values


def summary_of(pieces: Iterable[Column], given: GivenType | None, *, total: int) -> ColumnSummary:
    """Read a column once.

    Parameters
    ----------
    pieces
        Its cells, shape (rows,) each.
    given
        Its type, where it is given and not guessed.
    total
        Number of all rows: once 5 % of it are distinct values, they are not kept any longer.
    """
    found = ColumnSummary()
    for piece in pieces:
        found.rows += len(piece)
        found.kinds.add(piece.dtype.kind)
        _add(found, piece, counted=given == "categorical" or piece.dtype.kind != "f")
        too_many = found.counts is not None and len(found.counts) >= FEW_VALUES * total
        if given != "categorical" and too_many and (found.text or found.numbers):
            found.counts = None
    return found


def _add(found: ColumnSummary, piece: Column, *, counted: bool) -> None:
    if piece.dtype.kind in "iuf":
        cells = piece[~np.isnan(piece)] if piece.dtype.kind == "f" else piece
    else:
        cells = np.array([cell for cell in piece.tolist() if cell is not None and cell == cell], dtype=object)
        found.numbers = found.numbers and all(type(cell) in (int, float) for cell in cells)
        found.text = found.text or any(isinstance(cell, str) for cell in cells)
    found.present += len(cells)
    if found.numbers and len(cells):
        found.least = float(np.fmin(found.least, float(cells.min())))
        found.most = float(np.fmax(found.most, float(cells.max())))
    if counted and found.counts is not None:
        found.counts.update(cells.tolist())


def numeric_points(feature: str, pieces: Iterable[Column], found: ColumnSummary, resolution: int) -> Grid:
    """Centres of buckets of equal width: `pellucid.explain.partial_dependence.numeric_grid`, some rows at a time.

    Raises
    ------
    DataError
        The column holds no number, or an infinite one, or doubles cannot part its buckets.
    """
    if not found.present:
        raise DataError(Problem(feature, fix="The column holds no value, so there is nothing to vary. Leave it out."))
    edges = bucket_edges(found.least, found.most, resolution, name=feature)
    ends = (found.least, found.most)
    counts = np.zeros(resolution, dtype=np.intp)
    for piece in pieces:
        numbers = _floats(piece)
        counts += np.histogram(numbers[~np.isnan(numbers)], bins=resolution, range=ends)[0]
    return Grid(bucket_centres(edges), counts / found.rows)


def _floats(piece: Column) -> Floats:
    if piece.dtype.kind != "O":
        return np.asarray(piece, dtype=float)
    return np.array([np.nan if cell is None else cell for cell in piece.tolist()], dtype=float)


def categorical_points(feature: str, found: ColumnSummary) -> Grid:
    """Every distinct value: `pellucid.explain.partial_dependence.categorical_grid` of values that are counted.

    Raises
    ------
    DataError
        A value is infinite, which JSON has no number for.
    """
    counts: Counter[Any] = Counter() if found.counts is None else found.counts
    infinite = [value for value in counts if isinstance(value, float) and np.isinf(value)]
    if infinite:
        raise DataError(Problem(feature, infinite[0], fix="Replace infinite values; no plot has a place for them."))
    values = canonical_order(counts)
    points = np.empty(len(values), dtype=object)
    points[:] = values
    shares = np.array([counts[value] for value in values], dtype=float) / max(found.rows, 1)
    kinds = {"i": np.int64, "b": np.bool_, "f": np.float64}
    only = next(iter(found.kinds)) if len(found.kinds) == 1 else "O"
    return Grid(points.astype(kinds[only]) if only in kinds else points, shares)
