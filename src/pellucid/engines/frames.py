"""Rows in a data frame or a query: DuckDB relations, pandas, Polars, Arrow, Ibis and PySpark through narwhals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import field
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from pellucid.counts import ByThreshold, Cube, Key, Value
from pellucid.engines.batches import BATCH_ROWS, batches_of, collected, doubles
from pellucid.engines.cells import plain
from pellucid.engines.ibis_tables import arrow_batches, is_ibis_table, keeps_order, knows_nan
from pellucid.errors import DataError, Problem
from pellucid.nouns import counted
from pellucid.protocols.model import Batch
from pellucid.protocols.table import Above, AnyOf, ColumnType, RowOrder, Selection, Within
from pellucid.records import dataclass

__all__ = ["FrameTable"]

SIGNIFICANT_DIGITS = 12
"""Sums of weights keep this many digits: engines add in different orders, and must still agree to the last bit."""

LOOKED_INTO = 10_000
"""Rows in which the kind of cells is looked for where the type of a column does not tell it."""


@dataclass(frozen=True)
class FrameTable:
    """A `Table` over anything narwhals understands.

    Parameters
    ----------
    frame
        The native frame, relation or table; it is never copied and never turned into Python rows.
    translate
        Context in which queries run, to turn an engine's own errors about the data into ours.
    order
        Of the rows; None for what the kind of table tells: Ibis tables have none, unless they are in DuckDB. Rows
        without an order are sorted whenever they are asked for, so that several answers belong together.
    """

    frame: Any
    translate: Callable[[], AbstractContextManager[None]] = field(default=nullcontext, repr=False)
    order: RowOrder | None = None

    @cached_property
    def _lazy(self) -> nw.LazyFrame[Any]:
        frame: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(self.frame)
        return frame.lazy()

    @cached_property
    def _row_order(self) -> RowOrder:
        if self.order is not None:
            return self.order
        return "arbitrary" if is_ibis_table(self.frame) and not keeps_order(self.frame) else "rows"

    @cached_property
    def _in_order(self) -> nw.LazyFrame[Any]:
        """All columns, in an order that every scan keeps; rows that are equal in all of them may change places."""
        if self._row_order != "arbitrary":
            return self._lazy
        sortable = [name for name, kind in self._lazy.collect_schema().items() if _is_sortable(kind)]
        return self._lazy.sort(*sortable) if sortable else self._lazy

    @cached_property
    def columns(self) -> Mapping[str, ColumnType]:
        """Names and types of the columns, in order."""
        with self.translate():
            return {name: _column_type(dtype) for name, dtype in self._lazy.collect_schema().items()}

    @cached_property
    def _of_arrow(self) -> Mapping[str, Any]:
        """Types, as narwhals has them, of columns that Arrow may hold, also for pandas; no others are cast by it."""
        held = self._lazy.implementation in (nw.Implementation.PYARROW, nw.Implementation.PANDAS)
        return dict(self._lazy.collect_schema().items()) if held else {}

    def head(self, rows: int, columns: Sequence[str]) -> dict[str, list[Value]]:
        """The first ``rows`` rows of ``columns``, of rows without an order any; missing values are None."""
        fetched = self._fetch(self._lazy.select(*columns).head(rows))
        return {name: [plain(row[i]) for row in fetched] for i, name in enumerate(columns)}

    def cube(self, keys: Sequence[Key], *, weights: str | None = None) -> Cube:
        """Count the rows by ``keys`` in one pass: one projection, one group-by."""
        names = [f"key_{i}" for i in range(len(keys))]
        projected = [self._key(key).alias(name) for key, name in zip(keys, names, strict=True)]
        aggregates = [nw.len().alias("rows")]
        if weights is not None:
            if self.columns[weights] in ("text", "category"):
                raise DataError(Problem("weights", weights, known_as="The column holds text.", fix=_WEIGHTS))
            weight = self._number(weights)
            projected += [
                weight.alias("weight"),
                (weight * weight).alias("square"),
                nw.when(weight.is_null()).then(nw.lit(1)).otherwise(nw.lit(0)).alias("gap"),
            ]
            aggregates += [
                nw.col("weight").sum().alias("sum"),
                nw.col("square").sum().alias("squares"),
                nw.col("weight").min().alias("least"),
                nw.col("gap").sum().alias("missing"),
            ]
        thresholds = [i for i, key in enumerate(keys) if isinstance(key, ByThreshold)]
        for i in thresholds:
            projected.append(self._number(keys[i].column).alias(f"value_{i}"))
            aggregates += [
                nw.col(f"value_{i}").min().alias(f"low_{i}"),
                nw.col(f"value_{i}").max().alias(f"high_{i}"),
            ]
        with self._groups_of([key.column for key in keys]):
            grouped = self._lazy.select(*projected).group_by(*names, drop_null_keys=False).agg(*aggregates)
            columns = [list(column) for column in zip(*self._fetch(grouped), strict=True)]
        if not columns:
            return Cube.of(keys, [], [])
        fixed = len(keys) + len(aggregates) - 2 * len(thresholds)
        sums = columns[len(keys) + 1 : fixed]
        if weights is not None:
            _check_weights(weights, squares=sums[1], least=sums[2], missing=sums[3])
        extremes = {
            keys[i]: (min(low), max(high))
            for place, i in enumerate(thresholds)
            if (low := _present(columns[fixed + 2 * place])) and (high := _present(columns[fixed + 2 * place + 1]))
        }
        return Cube.of(
            keys,
            [tuple(plain(value) for value in cell) for cell in zip(*columns[: len(keys)], strict=True)],
            [int(rows) for rows in columns[len(keys)]],
            weight=None if weights is None else _rounded(sums[0]),
            weight_squared=None if weights is None else _rounded(sums[1]),
            extremes=extremes,
        )

    def distinct(self, column: str) -> int:
        """Number of distinct values of ``column``, missing ones left out."""
        values = self._lazy.select(self._key_value(column).alias("value")).drop_nulls()
        with self._groups_of([column]):
            counted = values.group_by("value").agg(nw.len().alias("rows")).select(nw.len())
            return int(self._fetch(counted)[0][0])

    def first_seen(self, column: str, values: Sequence[Value]) -> list[Value]:
        """``values``, all of which occur in ``column``, in order of their first row.

        Reads a growing prefix of the rows and, of it, only the values not found so far. Where rows have no order that
        means something, values come in their own: truth values, numbers, texts, and missing ones last.
        """
        if self._row_order != "rows":
            return sorted(values, key=_place_of_value)
        found: dict[Value, None] = {}
        wanted = set(values)
        stored = self._as_stored(column, values)
        both = self._key_value(column).alias("value"), self._comparable(column).alias("comparable")
        rows = 4096
        while len(found) < len(wanted):
            prefix = self._lazy.select(*both).head(rows)
            missing = [cell for value, cell in stored if value not in found]
            remaining = self._is_any_of(nw.col("comparable"), missing)
            if None in wanted and None not in found:
                remaining = remaining | nw.col("value").is_null()
            fetched = self._fetch(prefix.filter(remaining).select("value"))
            found |= dict.fromkeys(plain(row[0]) for row in fetched)
            if rows > self.row_count:
                break
            rows *= 16
        return [value for value in found if value in wanted]

    def mask(self, selection: Selection) -> npt.NDArray[np.bool_]:
        """Which rows are selected, shape (rows,)."""
        return self._arrays(self._in_order.select(self._selected(selection).alias("selected")))[:, 0].astype(bool)

    def numbers(self, columns: Sequence[str]) -> npt.NDArray[np.float64]:
        """Numeric and boolean columns as numbers, shape (rows, columns); missing values are nan."""
        if not columns:
            return np.empty((self.row_count, 0))
        return self._arrays(self._in_order.select(*[self._number(name).alias(name) for name in columns]))

    def batches(self, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """The rows of ``columns`` in order, at most ``rows`` at a time."""
        with self.translate():
            yield from batches_of(self._in_order, columns, rows)

    def where(self, selections: Sequence[Selection], *, negate: bool = False) -> FrameTable:
        """The rows that any of ``selections`` selects, or with ``negate`` all the others."""
        chosen = self._selected(selections[0])
        for selection in selections[1:]:
            chosen = chosen | self._selected(selection)
        rows = self._lazy.filter(~chosen if negate else chosen)
        return FrameTable(rows.to_native(), self.translate, self._row_order)

    @cached_property
    def row_count(self) -> int:
        """Number of rows."""
        return int(self._fetch(self._lazy.select(nw.len()))[0][0])

    def _key(self, key: Key) -> nw.Expr:
        if not isinstance(key, ByThreshold):
            return self._key_value(key.column)
        value = self._number(key.column)
        below = nw.when(value < key.threshold).then(nw.lit(-1))
        at = nw.when(value == key.threshold).then(nw.lit(0)).otherwise(below)
        return nw.when(value > key.threshold).then(nw.lit(1)).otherwise(at)

    def _key_value(self, column: str) -> nw.Expr:
        return self._number(column) if self.columns[column] == "float" else nw.col(column)

    def _number(self, column: str) -> nw.Expr:
        """The column as numbers in which not-a-number is missing: engines order and compare it differently."""
        if self.columns[column] == "boolean":  # PostgreSQL casts no truth value to a float
            no = nw.when(~nw.col(column)).then(nw.lit(0.0, nw.Float64))
            return nw.when(nw.col(column)).then(nw.lit(1.0, nw.Float64)).otherwise(no)
        if self.columns[column] in ("text", "category"):
            return nw.col(column).cast(nw.Float64)
        if self.columns[column] == "integer":
            return nw.col(column)
        number = doubles(nw.col(column), self._of_arrow.get(column))
        if is_ibis_table(self.frame) and not knows_nan(self.frame):
            return number
        return nw.when(~number.is_nan()).then(number)

    def _selected(self, selection: Selection) -> nw.Expr:
        """Rows selected; a missing cell makes the condition false, not missing, so that it can be negated."""
        match selection:
            case Above(column, threshold):
                chosen = self._number(column) > threshold
            case Within(column, low, high, closed_low, closed_high):
                number = self._number(column)
                chosen = (number >= low if closed_low else number > low) & (
                    number <= high if closed_high else number < high
                )
            case AnyOf(column, values):
                stored = [cell for _, cell in self._as_stored(column, values)]
                chosen = self._is_any_of(self._comparable(column), stored)
        return nw.when(chosen).then(nw.lit(value=True)).otherwise(nw.lit(value=False))

    def _is_any_of(self, column: nw.Expr, values: Sequence[Any]) -> nw.Expr:
        """Whether cells equal one of ``values``; no cell does where there are none, which not all engines can be asked.

        DuckDB joins rows with a list of five values or more, and the rows come out of that in any order. It does not
        where each value is compared by itself.
        """
        if not values:
            return column.is_null() & ~column.is_null()
        return _any([column == value for value in values]) if self._in_duckdb else column.is_in(values)

    @cached_property
    def _in_duckdb(self) -> bool:
        if is_ibis_table(self.frame):
            return str(self.frame.get_backend().name) == "duckdb"
        return type(self.frame).__module__.partition(".")[0].lstrip("_") == "duckdb"

    def _has_no_literal(self, column: str) -> bool:
        """Whether the library compares the column with no cells that it is given."""
        dtype, library = self._lazy.collect_schema()[column], type(self.frame).__module__.partition(".")[0]
        if library == "pyspark":
            return _has_parts(dtype)
        return library == "polars" and (dtype == nw.Object or (_has_parts(dtype) and dtype not in (nw.List, nw.Struct)))

    def _comparable(self, column: str) -> nw.Expr:
        """The column as cells that a query can be given: DuckDB takes no list within a list, but has a text of it."""
        of_parts = self._in_duckdb and _has_parts(self._lazy.collect_schema()[column])
        return nw.col(column).cast(nw.String) if of_parts else self._key_value(column)

    def _as_stored(self, column: str, values: Sequence[Value]) -> list[tuple[Value, Any]]:
        """Each value with its cells as `_comparable` has them, missing ones left out.

        Dates, lists and the like are given as they print.
        """
        wanted = {value for value in values if value is not None}
        if self.columns[column] != "text" or self._lazy.collect_schema()[column] == nw.String:
            return [(value, value) for value in values if value in wanted]
        if wanted and self._has_no_literal(column):
            raise DataError(self._without_groups(column, min(wanted, key=str)))
        both = self._lazy.select(nw.col(column).alias("value"), self._comparable(column).alias("comparable"))
        cells = self._fetch(both.group_by("value", "comparable").agg(nw.len().alias("rows")))
        return [(plain(value), cell) for value, cell, _ in cells if plain(value) in wanted]

    @contextmanager
    def _groups_of(self, columns: Sequence[str]) -> Iterator[None]:
        """Tell the columns by which a library makes no groups: for pandas and Arrow no two lists are equal."""
        try:
            yield
        except (TypeError, NotImplementedError):
            names = list(dict.fromkeys(columns))
            first = self._fetch(self._lazy.select(*names).head(LOOKED_INTO))
            problems = [
                self._without_groups(name, plain(cells[0]))
                for name, column in zip(names, zip(*first, strict=True), strict=True)
                if (cells := [cell for cell in column if isinstance(cell, list | tuple | dict | np.ndarray)])
            ]
            if not problems:
                raise
            raise DataError(problems) from None

    def _without_groups(self, column: str, cell: Value) -> Problem:
        known_as = f"The type of the column is {self._lazy.collect_schema()[column]}."
        fix = "Lists and objects make no groups in this kind of table. Turn them into text, or use a part of them."
        return Problem(column, cell, known_as=known_as, fix=fix)

    def _fetch(self, query: nw.LazyFrame[Any]) -> Sequence[tuple[Any, ...]]:
        """Rows of a small result."""
        with self.translate():
            native = query.to_native()
            if type(native).__module__.startswith(("duckdb", "_duckdb")):
                rows: Sequence[tuple[Any, ...]] = native.fetchall()  # narwhals would go through Arrow, an extra
                return rows
            if type(native).__module__.startswith("polars"):
                return list(native.collect(engine="streaming").rows())
            if is_ibis_table(native):
                batches = arrow_batches(native, BATCH_ROWS)
                return [row for batch in batches for row in zip(*batch.to_pydict().values(), strict=True)]
            return query.collect().rows()

    def _arrays(self, query: nw.LazyFrame[Any]) -> npt.NDArray[np.float64]:
        """Columns of numbers of all rows, in the order of the rows."""
        with self.translate():
            native = query.to_native()
            if type(native).__module__.startswith(("duckdb", "_duckdb")):
                columns: dict[str, Any] = native.fetchnumpy()
            else:
                frame = collected(query)
                columns = {name: doubles(frame[name], frame[name].dtype).to_numpy() for name in frame.columns}
        matrix = np.empty((len(next(iter(columns.values()))), len(columns)))
        for i, name in enumerate(list(columns)):
            # Each column is let go as soon as it is copied: all of them are as large as the matrix.
            matrix[:, i] = np.ma.filled(np.ma.asarray(columns.pop(name), dtype=float), np.nan)
        return matrix


def _any(tests: Sequence[nw.Expr]) -> nw.Expr:
    """Whether one test holds at least; a tree, since engines bound how deep an expression may be."""
    if len(tests) == 1:
        return tests[0]
    return _any(tests[: len(tests) // 2]) | _any(tests[len(tests) // 2 :])


def _is_sortable(dtype: Any) -> bool:
    return bool(dtype.is_numeric() or dtype.is_temporal() or dtype in (nw.String, nw.Boolean))


def _has_parts(dtype: Any) -> bool:
    """Whether cells are lists or objects; older narwhals have no name for maps."""
    return bool(dtype.is_nested() or dtype == nw.Unknown)


def _place_of_value(value: Value) -> tuple[int, float, str]:
    if value is None:
        return 3, 0.0, ""
    if isinstance(value, str):
        return 2, 0.0, value
    return (0 if isinstance(value, bool) else 1), float(value), ""


def _column_type(dtype: Any) -> ColumnType:
    if dtype == nw.Boolean:
        return "boolean"
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric():
        return "float"
    return "category" if dtype in (nw.Categorical, nw.Enum) else "text"


def _present(values: Iterable[Any]) -> list[float]:
    return [value for value in map(plain, values) if isinstance(value, int | float)]


def _rounded(sums: Iterable[float]) -> list[float]:
    return [float(f"{value:.{SIGNIFICANT_DIGITS}g}") for value in sums]


_WEIGHTS = "Weights are how many rows a row stands for; use finite numbers of at least 0."


def _check_weights(column: str, *, squares: Iterable[Any], least: Iterable[Any], missing: Iterable[int]) -> None:
    without = sum(map(int, missing))
    smallest = min(_present(least), default=0.0)
    problems = []
    if without:
        fix = "Give every row a weight, or leave rows without one out of the data set."
        known_as = f"{counted(without, 'row')} {'has' if without == 1 else 'have'} no weight there."
        problems.append(Problem("weights", column, known_as=known_as, fix=fix))
    if smallest < 0:
        known_as = f"The smallest weight there is {smallest:g}."
        problems.append(Problem("weights", column, known_as=known_as, fix=_WEIGHTS))
    elif any(math.isinf(square) for square in _present(squares)):
        problems.append(Problem("weights", column, known_as="A weight there is infinite, or nearly so.", fix=_WEIGHTS))
    if problems:
        raise DataError(problems)
