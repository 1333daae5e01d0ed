"""Rows of Python values, as JSON yields them, kept as typed columns of a DuckDB table."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from itertools import islice
from typing import Any, Literal

from pellucid.datasets.sql import identifier
from pellucid.errors import DataError, Problem
from pellucid.records import dataclass

__all__ = ["TypedTable", "typed_table"]

_CHUNK = 20_000
_INT64 = 1 << 63
_HALF_A_PAIR = re.compile(r"[\ud800-\udfff]")

Kind = Literal["BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR", "mixed"]


@dataclass(frozen=True, slots=True)
class TypedTable:
    """A table of typed columns.

    Parameters
    ----------
    relation
        The DuckDB relation over all rows.
    rows
        Number of rows.
    mixed
        Columns that hold values of different types and were therefore kept as text.
    """

    relation: Any
    rows: int
    mixed: tuple[str, ...]


def typed_table(
    connection: Any,
    table: str,
    names: Sequence[str],
    rows: Callable[[], Iterator[Sequence[Any]]],
    *,
    as_text: bool = False,
) -> TypedTable:
    """Store what ``rows()`` yields, one type per column.

    Booleans, integers (float where one is missing or has a fraction), floats and text; values of several types in one
    column, and lists or objects in a cell, make it text. ``rows`` is called a second time only in that case, because
    values stored as numbers no longer tell how they were written. With ``as_text`` every column is text, as those of
    several types are.

    Examples
    --------
    >>> import duckdb
    >>> found = typed_table(duckdb.connect(), "t", ["a", "b"], lambda: iter([(1, "x"), (None, 2)]))
    >>> found.relation.fetchall(), found.mixed
    ([(1.0, 'x'), (None, '2')], ('b',))
    """
    store = _Store(connection, table, names, frozenset(range(len(names)) if as_text else ()))
    store.fill(rows())
    if as_text:
        return TypedTable(store.relation(), store.rows, ())
    if store.mixed:
        store = _Store(connection, table, names, frozenset(store.mixed))
        store.fill(rows())
    mixed = tuple(name for index, name in enumerate(names) if index in store.as_text)
    return TypedTable(store.relation(), store.rows, mixed)


@dataclass(slots=True)
class _Store:
    """A table that grows by chunks and widens its columns as values demand."""

    connection: Any
    table: str
    names: Sequence[str]
    as_text: frozenset[int]
    rows: int = 0
    kinds: list[Kind | None] = field(init=False)
    missing: list[bool] = field(init=False)
    mixed: set[int] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.kinds = ["VARCHAR" if index in self.as_text else None for index in range(len(self.names))]
        self.missing = [False] * len(self.names)
        columns = ", ".join(
            f"{identifier(name)} {kind or 'DOUBLE'}" for name, kind in zip(self.names, self.kinds, strict=True)
        )
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {identifier(self.table)} ({columns})")

    def fill(self, rows: Iterator[Sequence[Any]]) -> None:
        while chunk := list(islice(rows, _CHUNK)):
            columns = [self._cells(index, cells) for index, cells in enumerate(zip(*chunk, strict=True))]
            self.rows += len(chunk)
            if not self.mixed:
                self._insert(columns)

    def _cells(self, index: int, cells: Iterable[Any]) -> list[Any]:
        if index in self.as_text:
            return [None if _is_missing(cell) else _text(cell) for cell in cells]
        present = [None if _is_missing(cell) else cell for cell in cells]
        self.missing[index] = self.missing[index] or None in present
        found = {_kind(cell) for cell in present if cell is not None}
        widened = _common({*found, *({self.kinds[index]} if self.kinds[index] else ())})
        if widened == "mixed":
            self.mixed.add(index)
        elif widened is not None and widened != self.kinds[index]:
            self.kinds[index] = widened
            column = f"{identifier(self.table)} ALTER {identifier(self.names[index])}"
            self.connection.execute(f"ALTER TABLE {column} TYPE {widened}")
        return present

    def _insert(self, columns: list[list[Any]]) -> None:
        _refuse_half_pairs(columns, self.names, self.rows - len(columns[0]) if columns else 0)
        values = ", ".join(f"unnest(${index + 1}::{kind or 'DOUBLE'}[])" for index, kind in enumerate(self.kinds))
        self.connection.execute(f"INSERT INTO {identifier(self.table)} SELECT {values}", columns)

    def relation(self) -> Any:
        """All rows, integer columns with a missing cell as float."""
        columns = (
            f"CAST({identifier(name)} AS DOUBLE) AS {identifier(name)}"
            if kind == "BIGINT" and missing
            else identifier(name)
            for name, kind, missing in zip(self.names, self.kinds, self.missing, strict=True)
        )
        return self.connection.sql(f"SELECT {', '.join(columns)} FROM {identifier(self.table)}")


def _refuse_half_pairs(columns: Sequence[Sequence[Any]], names: Sequence[str], first: int) -> None:
    """See that all texts can be written: JSON can hold half of a surrogate pair, where a text was cut within an emoji.

    Raises
    ------
    DataError
        A text holds one.
    """
    for name, cells in zip(names, columns, strict=True):
        for row, cell in enumerate(cells, start=first):
            if isinstance(cell, str) and not cell.isascii() and (found := _HALF_A_PAIR.search(cell)):
                fix = (
                    f"Row {row:,} (the first is 0) holds {found.group()!a}, half of a surrogate pair, which cannot "
                    "be written as UTF-8. Texts that were cut to a length often end so. Remove it."
                )
                raise DataError(Problem(name, fix=fix))


def _is_missing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _kind(cell: Any) -> Kind:
    if isinstance(cell, bool):
        return "BOOLEAN"
    if isinstance(cell, int):
        return "BIGINT" if -_INT64 <= cell < _INT64 else "mixed"
    if isinstance(cell, float):
        return "DOUBLE"
    return "VARCHAR" if isinstance(cell, str) else "mixed"


def _common(kinds: set[Kind | None]) -> Kind | None:
    if len(kinds) <= 1:
        return next(iter(kinds), None)
    return "DOUBLE" if kinds <= {"BIGINT", "DOUBLE"} else "mixed"


def _text(cell: Any) -> str:
    if isinstance(cell, (list, dict)):
        import json

        return json.dumps(cell, ensure_ascii=False)
    return str(cell)
