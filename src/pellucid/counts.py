"""Counts of rows: what every bias metric except the flip test is a function of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.records import dataclass

__all__ = ["ByThreshold", "ByValue", "Counts", "Cube", "Dimension", "Key", "Number", "Value", "difference", "ratio"]

Value = str | int | float | bool | None
"""A cell of a data set as a plain Python value; a missing one is None, whatever the engine calls it."""

Number = Any
"""A Python number, or a NumPy array of numbers: every function of counts takes both."""


def ratio(part: Number, whole: Number) -> Number:
    """``part / whole`` as Clarify divides: ``x / 0`` is an infinity of the sign of ``x``, ``0 / 0`` is 0.

    Source: ``x / 0 = inf`` and ``0 / 0 = 0`` are the safe division of Clarify's metrics.

    Examples
    --------
    >>> ratio(1, 4), ratio(3, 0), ratio(0, 0)
    (0.25, inf, 0.0)
    >>> ratio(np.array([1, 3, 0]), np.array([4, 0, 0]))
    array([0.25,  inf, 0.  ])
    """
    if isinstance(part, np.ndarray) or isinstance(whole, np.ndarray):
        part, whole = np.broadcast_arrays(np.asarray(part, dtype=float), np.asarray(whole, dtype=float))
        signed: npt.NDArray[np.float64] = np.where(part == 0, 0.0, np.copysign(np.inf, part))
        return np.divide(part, whole, out=signed, where=whole != 0)
    if whole:
        return part / whole
    return 0.0 if part == 0 else float(np.copysign(np.inf, part))


def difference(first: Number, second: Number) -> Number:
    """``first - second``, and the integer 0 where both are plus infinity, as Clarify has it.

    Examples
    --------
    >>> difference(0.75, 0.5), difference(float("inf"), float("inf")), difference(float("inf"), 1)
    (0.25, 0, inf)
    """
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        first, second = np.broadcast_arrays(first, second)
        both_infinite = np.isposinf(first) & np.isposinf(second)
        return np.subtract(first, second, out=np.zeros(first.shape), where=~both_infinite)
    return 0 if first == second == float("inf") else first - second


@dataclass(frozen=True, slots=True)
class Counts:
    """Confusion counts of one group of rows, positive meaning the favourable outcome.

    Fields are numbers, or arrays of one shape (many tables at once, strata). Weighted rows make them fractional.
    Where there are no predictions, `of_labels` fills the two cells that the label metrics read.

    Parameters
    ----------
    tp, fp, fn, tn
        Rows observed and predicted positive; predicted positive only; observed positive only; neither. Each >= 0.

    Examples
    --------
    >>> group = Counts(tp=6, fp=1, fn=2, tn=11)
    >>> group.n, group.positive, group.predicted_positive
    (20, 8, 7)
    >>> group + Counts(tp=1)
    Counts(tp=7, fp=1, fn=2, tn=11)
    """

    tp: Number = 0
    fp: Number = 0
    fn: Number = 0
    tn: Number = 0

    @classmethod
    def of_labels(cls, positive: Number, negative: Number) -> Counts:
        """Counts of rows that carry no prediction; only label metrics may be computed from them."""
        return cls(fn=positive, tn=negative)

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    @property
    def n(self) -> Number:
        """All rows."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def positive(self) -> Number:
        """Rows observed positive."""
        return self.tp + self.fn

    @property
    def negative(self) -> Number:
        """Rows observed negative."""
        return self.fp + self.tn

    @property
    def predicted_positive(self) -> Number:
        """Rows predicted positive."""
        return self.tp + self.fp

    @property
    def predicted_negative(self) -> Number:
        """Rows predicted negative."""
        return self.fn + self.tn

    @property
    def correct(self) -> Number:
        """Rows predicted as observed."""
        return self.tp + self.tn

    def predictions_as_labels(self) -> Counts:
        """The same rows with the predicted label in the place of the observed one."""
        return Counts.of_labels(self.predicted_positive, self.predicted_negative)


@dataclass(frozen=True, slots=True)
class ByValue:
    """Count rows by the value of a column."""

    column: str


@dataclass(frozen=True, slots=True)
class ByThreshold:
    """Count rows of a numeric column by their side of ``threshold``: -1 below, 0 at, 1 above, None missing."""

    column: str
    threshold: float


Key = ByValue | ByThreshold


@dataclass(frozen=True, slots=True, eq=False)
class Dimension:
    """One key of a cube: its distinct values, and which of them each cell has.

    Parameters
    ----------
    values
        Distinct values in canonical order (numbers, then text, missing last); the sides for a `ByThreshold` key.
    codes
        Position in ``values`` for every cell, shape (cells,).
    extremes
        Smallest and largest value of the column, for a `ByThreshold` key whose column holds any value.
    """

    key: Key
    values: tuple[Value, ...]
    codes: npt.NDArray[np.intp]
    extremes: tuple[float, float] | None = None


def canonical_order(values: Iterable[Value]) -> list[Value]:
    """Distinct values in an order that no engine decides: numbers and booleans, then text, a missing value last."""
    return sorted(set(values), key=lambda v: (v is None, isinstance(v, str), v if v is not None else 0))


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """Number and weight of the rows for every combination of key values that occurs. Cubes of the same keys add up.

    Parameters
    ----------
    dimensions
        One per key.
    rows
        Number of rows of each cell, shape (cells,).
    weight, weight_squared
        Sum of the row weights and of their squares, shape (cells,); without weights both equal ``rows``.

    Examples
    --------
    >>> morning = Cube.of([ByValue("sex"), ByValue("y")], [("F", 1), ("M", 0)], rows=[2, 5])
    >>> evening = Cube.of([ByValue("sex"), ByValue("y")], [("F", 1), ("F", 0)], rows=[1, 4])
    >>> for cell in (morning + evening).cells():
    ...     print(cell)
    (('F', 0), 4)
    (('F', 1), 3)
    (('M', 0), 5)
    """

    dimensions: tuple[Dimension, ...]
    rows: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    weight_squared: npt.NDArray[np.float64]

    @classmethod
    def of(
        cls,
        keys: Sequence[Key],
        cells: Sequence[tuple[Value, ...]],
        rows: Sequence[int],
        *,
        weight: Sequence[float] | None = None,
        weight_squared: Sequence[float] | None = None,
        extremes: Mapping[Key, tuple[float, float]] | None = None,
    ) -> Cube:
        """Build a cube from cells in any order; cells that occur twice are added."""
        number: dict[tuple[Value, ...], int] = {}
        place = np.fromiter((number.setdefault(cell, len(number)) for cell in cells), dtype=np.intp, count=len(cells))
        distinct = [canonical_order(column) for column in zip(*number, strict=True)] or [[] for _ in keys]
        codes = [{value: code for code, value in enumerate(values)} for values in distinct]
        coded = np.array([[codes[i][value] for i, value in enumerate(cell)] for cell in number], dtype=np.intp).reshape(
            len(number), len(keys)
        )
        order = np.lexsort(coded.T[::-1]) if len(keys) else np.arange(len(number))

        def total(parts: Sequence[float]) -> npt.NDArray[np.float64]:
            sums = np.zeros(len(number))
            np.add.at(sums, place, np.asarray(parts, dtype=float))
            return sums[order]

        counted = total(rows)
        weighted = counted if weight is None else total(weight)
        return cls(
            dimensions=tuple(
                Dimension(key, tuple(values), coded[order, i], (extremes or {}).get(key))
                for i, (key, values) in enumerate(zip(keys, distinct, strict=True))
            ),
            rows=counted.astype(np.int64),
            weight=weighted,
            weight_squared=weighted if weight_squared is None else total(weight_squared),
        )

    def cells(self) -> list[tuple[tuple[Value, ...], int]]:
        """Every cell with its number of rows, in canonical order."""
        columns = [[dimension.values[code] for code in dimension.codes] for dimension in self.dimensions]
        return list(zip(zip(*columns, strict=True), self.rows.tolist(), strict=True))

    def dimension(self, column: str) -> Dimension:
        """The dimension that counts ``column``.

        Raises
        ------
        KeyError
            The cube does not count that column.
        """
        for dimension in self.dimensions:
            if dimension.key.column == column:
                return dimension
        raise KeyError(column)

    def totals(self, column: str) -> dict[Value, int]:
        """Number of rows for every value of ``column``."""
        dimension = self.dimension(column)
        sums = np.bincount(dimension.codes, weights=self.rows, minlength=len(dimension.values))
        return {value: int(rows) for value, rows in zip(dimension.values, sums, strict=True)}

    def __add__(self, other: Cube) -> Cube:
        keys = [dimension.key for dimension in self.dimensions]
        if keys != [dimension.key for dimension in other.dimensions]:
            raise ValueError("cubes of different keys do not add up")
        extremes = {}
        for mine, theirs in zip(self.dimensions, other.dimensions, strict=True):
            known = [pair for pair in (mine.extremes, theirs.extremes) if pair is not None]
            if known:
                extremes[mine.key] = (min(low for low, _ in known), max(high for _, high in known))
        return Cube.of(
            keys,
            [cell for cell, _ in (*self.cells(), *other.cells())],
            [*self.rows, *other.rows],
            weight=[*self.weight, *other.weight],
            weight_squared=[*self.weight_squared, *other.weight_squared],
            extremes=extremes,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cube):
            return NotImplemented
        return (
            [(d.key, d.values, d.extremes, d.codes.tolist()) for d in self.dimensions]
            == [(d.key, d.values, d.extremes, d.codes.tolist()) for d in other.dimensions]
            and self.rows.tolist() == other.rows.tolist()
            and self.weight.tolist() == other.weight.tolist()
            and self.weight_squared.tolist() == other.weight_squared.tolist()
        )

    __hash__ = None  # type: ignore[assignment]
