"""Rows handed to a model, some at a time: the one place where rows become arrays, and never all of them at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from uuid import uuid4

import narwhals as nw
import numpy as np
import numpy.typing as npt

from pellucid.engines.cells import plain, whole_numbers
from pellucid.engines.ibis_tables import arrow_batches, is_ibis_table
from pellucid.protocols.model import Batch
from pellucid.protocols.table import BATCH_ROWS

__all__ = ["BATCH_ROWS", "batches_of", "collected", "doubles", "first_rows"]

_Column = TypeVar("_Column", nw.Expr, nw.Series[Any])

_IN_ARRAYS = re.compile(
    r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$|FLOAT$|DOUBLE$|DECIMAL\(.*\)$|BOOLEAN$|VARCHAR$|ENUM\(.*\)$"
)
"""DuckDB's types that it gives as arrays of numbers or texts; of others NumPy's cells print in another way."""


def batches_of(frame: nw.LazyFrame[Any], columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[Batch]:
    """The rows of ``columns`` in order, at most ``rows`` at a time.

    A DuckDB relation is read once into a table of its connection, which DuckDB keeps on disk where memory runs out;
    a Polars query and an Ibis table are streamed; frames in memory are sliced.
    """
    native = frame.select(*columns).to_native()
    library = type(native).__module__.partition(".")[0].lstrip("_")
    if library == "duckdb":
        yield from _of_relation(native, columns, rows)
    elif library == "polars" and hasattr(native, "collect_batches"):
        for part in native.collect_batches(chunk_size=rows, maintain_order=True):
            yield from _of_frame(nw.from_native(part, eager_only=True), rows)
    elif is_ibis_table(native):
        for part in arrow_batches(native, rows):
            yield from _of_frame(nw.from_native(part, eager_only=True), rows)
    else:
        yield from _of_frame(frame.select(*columns).collect(), rows)


def first_rows(native: Any, columns: Sequence[str], rows: int) -> Batch | None:
    """The first rows of a native frame or relation; None where there are none. No others are read."""
    return next(batches_of(nw.from_native(native).lazy().head(rows), columns, rows), None)


def collected(frame: nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
    """All rows in memory."""
    native = frame.to_native()
    if not is_ibis_table(native):
        return frame.collect()
    import pyarrow as pa

    empty = native.schema().to_pyarrow().empty_table()
    return nw.from_native(pa.concat_tables([empty, *arrow_batches(native, BATCH_ROWS)]), eager_only=True)


def doubles(column: _Column, dtype: Any) -> _Column:
    """A column of numbers as doubles, each the nearest one.

    Arrow's own cast of decimals is off by the last bit in one of eight: 299.65 would not equal the 299.65 of any other
    library, and stand on one side of a threshold of 299.65.

    Parameters
    ----------
    dtype
        Of the column, as narwhals has it.
    """
    return (column.cast(nw.String) if dtype == nw.Decimal else column).cast(nw.Float64)


def _of_relation(relation: Any, columns: Sequence[str], rows: int) -> Iterator[Batch]:
    import duckdb

    table = f"pellucid_{uuid4().hex}"
    names = [f"c{i}" for i in range(len(columns))]  # names that need no quoting
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    arrays = [name for column, name in zip(columns, names, strict=True) if _IN_ARRAYS.match(types[column])]
    objects = [name for name in names if name not in arrays]
    renamed = ", ".join(f'{_quoted(column)} AS "{name}"' for column, name in zip(columns, names, strict=True))
    relation.project(renamed).create(table)
    try:
        start = 0
        while True:
            within = f"FROM {table} WHERE rowid >= {start} AND rowid < {start + rows}"
            found: dict[str, npt.NDArray[Any]] = {}
            if arrays:
                read = relation.query(f"{table}_rows", f"SELECT {', '.join(arrays)} {within}").fetchnumpy()
                found |= {name: _plain(read[name]) for name in arrays}
            if objects:
                cells = relation.query(f"{table}_rows", f"SELECT {', '.join(objects)} {within}").fetchall()
                found |= {name: _objects(row[place] for row in cells) for place, name in enumerate(objects)}
            batch = Batch({column: found[name] for column, name in zip(columns, names, strict=True)})
            if len(batch):
                yield batch
            if len(batch) < rows:
                return
            start += rows
    finally:
        # Any query by way of the relation opens its files, which may be gone when a reader that failed is let go of;
        # the table then goes with its connection.
        with suppress(duckdb.Error):
            relation.query(f"{table}_rows", f"DROP TABLE {table}")


def _of_frame(frame: nw.DataFrame[Any], rows: int) -> Iterator[Batch]:
    for start in range(0, len(frame), rows):
        part = frame[start : start + rows]
        yield Batch({name: _of_series(part[name]) for name in part.columns})


def _of_series(series: nw.Series[Any]) -> npt.NDArray[Any]:
    if series.dtype.is_numeric() and not series.dtype.is_integer():
        return np.asarray(doubles(series, series.dtype).to_numpy(), dtype=float)
    if series.dtype.is_integer() and not series.is_null().any():
        return whole_numbers(series.to_numpy())
    if series.dtype == nw.Boolean and not series.is_null().any():
        return np.asarray(series.to_numpy(), dtype=bool)
    return _objects(series.to_list())


def _plain(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array as a `Batch` holds it: nothing masked, one type per kind of number."""
    missing = np.ma.getmaskarray(values)
    if values.dtype.kind == "f":
        return np.asarray(np.ma.filled(values.astype(float), np.nan))
    if values.dtype.kind in "iub" and not missing.any():
        present = np.asarray(values)
        return present if present.dtype.kind == "b" else whole_numbers(present)
    if values.dtype.kind == "O" and not missing.any():
        return np.asarray(values)
    return _objects(None if gone else value for value, gone in zip(values.tolist(), missing.tolist(), strict=True))


def _objects(values: Iterable[Any]) -> npt.NDArray[Any]:
    listed = [plain(value) for value in values]
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
