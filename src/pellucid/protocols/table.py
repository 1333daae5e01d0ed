"""What an engine can do with rows: it knows columns and counts, never labels, facets or metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import numpy.typing as npt

from pellucid.counts import Cube, Key, Value
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.protocols.model import Batch

__all__ = ["BATCH_ROWS", "Above", "AnyOf", "ColumnType", "LocalTable", "RowOrder", "Selection", "Table", "Within"]

BATCH_ROWS = 65_536
"""Rows read at a time: large enough for a model's own speed, a few megabytes in memory."""

ColumnType = Literal["boolean", "integer", "float", "text", "category"]
"""Type of a column as the data-type rule of Clarify sees it; dates and everything else that prints are text."""

RowOrder = Literal["rows", "values", "arbitrary"]
"""What order the rows of a table have.

``rows``: that of a file. ``values``: one that is always the same and means nothing. ``arbitrary``: another one at every
scan, as in most databases. Without an order of rows, values are told in an order of their own.
"""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Rows whose cell equals one of ``values``; a missing cell equals nothing."""

    column: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Above:
    """Rows whose cell is a number above ``threshold``; a missing cell is not."""

    column: str
    threshold: float


@dataclass(frozen=True, slots=True)
class Within:
    """Rows whose cell is a number between ``low`` and ``high``; an end counts in where it is closed."""

    column: str
    low: float
    high: float
    closed_low: bool
    closed_high: bool


Selection = AnyOf | Above | Within


class Table(Protocol):
    """Rows somewhere: in a file, in memory, in a database, on a cluster."""

    @property
    def columns(self) -> Mapping[str, ColumnType]:
        """Names and types of the columns, in order."""
        ...

    def head(self, rows: int, columns: Sequence[str]) -> dict[str, list[Value]]:
        """The first ``rows`` rows of ``columns``; missing values are None."""
        ...

    def cube(self, keys: Sequence[Key], *, weights: str | None = None) -> Cube:
        """Count the rows by ``keys`` in one pass."""
        ...

    def distinct(self, column: str) -> int:
        """Number of distinct values of ``column``, missing ones left out."""
        ...

    def first_seen(self, column: str, values: Sequence[Value]) -> list[Value]:
        """``values``, all of which occur in ``column``, in order of their first row."""
        ...

    def mask(self, selection: Selection) -> npt.NDArray[np.bool_]:
        """Which rows are selected, shape (rows,)."""
        ...

    def numbers(self, columns: Sequence[str]) -> npt.NDArray[np.float64]:
        """Numeric and boolean columns as numbers, shape (rows, columns); missing values are nan."""
        ...

    def batches(self, columns: Sequence[str], rows: int = ...) -> Iterator[Batch]:
        """The rows of ``columns`` in order, at most ``rows`` at a time, as a model takes them."""
        ...

    def where(self, selections: Sequence[Selection], *, negate: bool = False) -> Table:
        """The rows that any of ``selections`` selects, or with ``negate`` all the others."""
        ...


class LocalTable(Table, Protocol):
    """Rows that this machine scans."""

    @property
    def row_count(self) -> int:
        """Number of rows."""
        ...

    def translate(self) -> AbstractContextManager[None]:
        """Context in which an engine's own errors about the data become ours."""
        ...

    def where(self, selections: Sequence[Selection], *, negate: bool = False) -> LocalTable:
        """The rows that any of ``selections`` selects, or with ``negate`` all the others."""
        ...
