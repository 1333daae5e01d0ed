"""Rows that a statement of DuckDB yields, counted in SQL: loading a library of frames takes longer than counting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pellucid.counts import ByThreshold, Cube, Key, Value
from pellucid.engines.cells import plain
from pellucid.protocols.table import BATCH_ROWS, ColumnType, Selection
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.engines.frames import FrameTable
    from pellucid.protocols.model import Batch

__all__ = ["StatementTable"]

INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
)
FLOATS = frozenset({"FLOAT", "DOUBLE"})
SIDES = ((">", 1), ("=", 0), ("<", -1))
"""Of a threshold, with how a `ByThreshold` key counts them."""


@dataclass(frozen=True, eq=False)
class StatementTable:
    """A `Table` over a SELECT statement of DuckDB, with the answers of a `FrameTable` over the same rows.

    Counting is done here; whatever needs rows and not only counts is asked of the `FrameTable`.

    Parameters
    ----------
    connection
        The DuckDB connection.
    statement
        The SELECT.
    types
        DuckDB's names of the types of the columns, by column, in order.
    relation
        Makes the relation with the same rows.
    translate
        Context in which queries run, to turn DuckDB's errors about the data into ours.
    counted
        Counts rows without weights in a quicker way; its answer is None where there is none.
    first
        The first rows in a quicker way; its answer is None where there is none.
    """

    connection: Any = field(repr=False)
    statement: str
    types: Mapping[str, str] = field(repr=False)
    relation: Callable[[], Any] = field(repr=False)
    translate: Callable[[], AbstractContextManager[None]] = field(default=nullcontext, repr=False)
    counted: Callable[[Sequence[Key]], Cube | None] | None = field(default=None, repr=False)
    first: Callable[[int, Sequence[str]], dict[str, list[Value]] | None] | None = field(default=None, repr=False)

    @cached_property
    def _frame(self) -> FrameTable:
        from pellucid.engines.frames import FrameTable

        return FrameTable(self.relation(), self.translate)

    @cached_property
    def columns(self) -> Mapping[str, ColumnType]:
        """Names and types of the columns, in order."""
        return {name: _column_type(kind) for name, kind in self.types.items()}

    def head(self, rows: int, columns: Sequence[str]) -> dict[str, list[Value]]:
        """The first ``rows`` rows of ``columns``; missing values are None."""
        known = self.first(rows, columns) if self.first is not None else None
        if known is not None:
            return known
        names = ", ".join(map(_quoted, columns))
        fetched = self._fetched(f"SELECT {names} FROM ({self.statement}) LIMIT {rows}")
        return {name: [plain(row[i]) for row in fetched] for i, name in enumerate(columns)}

    def cube(self, keys: Sequence[Key], *, weights: str | None = None) -> Cube:
        """Count the rows by ``keys`` in one pass: one projection, one group-by."""
        if weights is not None:
            return self._frame.cube(keys, weights=weights)
        counted = self.counted(keys) if self.counted is not None else None
        return self._cube(keys) if counted is None else counted

    def _cube(self, keys: Sequence[Key]) -> Cube:
        projected = [f"{self._key(key)} AS k{i}" for i, key in enumerate(keys)]
        thresholds = [i for i, key in enumerate(keys) if isinstance(key, ByThreshold)]
        projected += [f"{self._number(keys[i].column)} AS v{i}" for i in thresholds]
        groups = ", ".join(f"k{i}" for i in range(len(keys)))
        counted = ["count(*)", *(f"min(v{i}), max(v{i})" for i in thresholds)]
        cells = self._fetched(
            f"SELECT {groups}, {', '.join(counted)} FROM"
            f" (SELECT {', '.join(projected)} FROM ({self.statement})) GROUP BY {groups}"
        )
        ends = {keys[i]: len(keys) + 1 + 2 * place for place, i in enumerate(thresholds)}
        return Cube.of(
            keys,
            [tuple(map(plain, cell[: len(keys)])) for cell in cells],
            [int(cell[len(keys)]) for cell in cells],
            extremes={key: found for key, low in ends.items() if (found := _extremes(cells, low)) is not None},
        )

    def distinct(self, column: str) -> int:
        """Number of distinct values of ``column``, missing ones left out."""
        values = f"SELECT {self._key_value(column)} AS v FROM ({self.statement})"
        counted = f"SELECT count(*) FROM (SELECT v FROM ({values}) WHERE v IS NOT NULL GROUP BY v)"
        return int(self._fetched(counted)[0][0])

    @cached_property
    def row_count(self) -> int:
        """Number of rows."""
        return int(self._fetched(f"SELECT count(*) FROM ({self.statement})")[0][0])

    def first_seen(self, column: str, values: Sequence[Value]) -> list[Value]:
        """``values``, all of which occur in ``column``, in order of their first row."""
        return self._frame.first_seen(column, values)

    def mask(self, selection: Selection) -> npt.NDArray[np.bool_]:
        """Which rows are selected, shape (rows,)."""
        return self._frame.mask(selection)

    def numbers(self, columns: Sequence[str]) -> npt.NDArray[np.float64]:
        """Numeric and boolean columns as numbers, shape (rows, columns); missing values are nan."""
        return self._frame.numbers(columns)

    def batches(self, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """The rows of ``columns`` in order, at most ``rows`` at a time."""
        return self._frame.batches(columns, rows)

    def where(self, selections: Sequence[Selection], *, negate: bool = False) -> FrameTable:
        """The rows that any of ``selections`` selects, or with ``negate`` all the others."""
        return self._frame.where(selections, negate=negate)

    def _key(self, key: Key) -> str:
        if not isinstance(key, ByThreshold):
            return self._key_value(key.column)
        number, threshold = self._number(key.column), _double(key.threshold)
        above, at, below = (f"WHEN {number} {sign} {threshold} THEN {side}" for sign, side in SIDES)
        return f"CASE {above} {at} {below} END"

    def _key_value(self, column: str) -> str:
        return self._number(column) if self.columns[column] == "float" else _quoted(column)

    def _number(self, column: str) -> str:
        """The column as numbers in which not-a-number is missing."""
        name = _quoted(column)
        match self.columns[column]:
            case "boolean":
                return f"CASE WHEN {name} THEN 1::DOUBLE WHEN NOT {name} THEN 0::DOUBLE END"
            case "integer":
                return name
            case "float":
                return f"CASE WHEN NOT isnan({name}::DOUBLE) THEN {name}::DOUBLE END"
        return f"{name}::DOUBLE"

    def _fetched(self, query: str) -> list[tuple[Any, ...]]:
        with self.translate():
            rows: list[tuple[Any, ...]] = self.connection.execute(query).fetchall()
            return rows


def _column_type(kind: str) -> ColumnType:
    """The type of a column that DuckDB calls ``kind``.

    Examples
    --------
    >>> _column_type("DECIMAL(18,3)"), _column_type("DATE"), _column_type("DOUBLE[]")
    ('float', 'text', 'text')
    """
    if kind == "BOOLEAN":
        return "boolean"
    if kind in INTEGERS:
        return "integer"
    name = kind.partition("(")[0]
    if kind in FLOATS or (name == "DECIMAL" and kind.endswith(")")):
        return "float"
    return "category" if name == "ENUM" and kind.endswith(")") else "text"


def _extremes(cells: Sequence[tuple[Any, ...]], low: int) -> tuple[float, float] | None:
    """The smallest and the largest number of all cells, whose ends stand at ``low`` and behind it."""
    ends = [(plain(cell[low]), plain(cell[low + 1])) for cell in cells]
    lows = [value for value, _ in ends if isinstance(value, int | float)]
    highs = [value for _, value in ends if isinstance(value, int | float)]
    return (min(lows), max(highs)) if lows and highs else None


def _double(value: float) -> str:
    """A number as SQL: a literal with a point would be a decimal, which DuckDB compares in another way."""
    return f"'{float(value)!r}'::DOUBLE"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
