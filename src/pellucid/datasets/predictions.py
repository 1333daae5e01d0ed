"""Predictions put beside the rows they belong to: a file of them, matched by position."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.datasets.parts import connect
from pellucid.datasets.sources import Dataset
from pellucid.datasets.sql import identifier, literal
from pellucid.errors import DataError, ModelError, Problem

__all__ = ["with_predictions", "write_predictions"]

Columns = Mapping[str, npt.NDArray[Any]]


def write_predictions(parts: Iterable[Columns], file: Path) -> int:
    """Write columns of predictions, given some rows at a time, to a Parquet file; the number of rows written.

    Raises
    ------
    DataError
        The file cannot be written.
    ModelError
        There are no rows.
    """
    connection = connect()
    rows = 0
    for part in parts:
        columns = {name: _storable(values) for name, values in part.items()}
        add = "INSERT INTO predictions" if rows else "CREATE TABLE predictions AS"
        connection.execute(f"{add} SELECT * FROM columns")
        rows += len(next(iter(columns.values())))
    if not rows:
        raise ModelError("There are no rows to predict.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(f"COPY predictions TO {literal(str(file))} (FORMAT parquet)")
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.lstrip("_").startswith("duckdb"):
            raise DataError(Problem("output", str(file), fix=f"{error}")) from None
        raise
    return rows


def with_predictions(dataset: Dataset, file: Path, column: str) -> Dataset:
    """The data set with ``column`` of a Parquet file as its predicted label, row by row.

    Rows without a prediction are left out, and a note says how many.
    """
    beside = f"SELECT {identifier(column)} FROM read_parquet({literal(str(file))})"
    frame = dataset.frame.query("pellucid_rows", f"SELECT * FROM pellucid_rows POSITIONAL JOIN ({beside})")
    without = connect().sql(f"SELECT count(*) FROM ({beside}) WHERE {identifier(column)} IS NULL").fetchall()[0][0]
    notes = dataset.notes
    if without:
        frame = frame.filter(f"{identifier(column)} IS NOT NULL")
        notes += (f"{without:,} rows are left out of the analysis: the model rejected them.",)
    return replace(dataset, frame=frame, columns=(*dataset.columns, column), predicted_label=column, notes=notes)


def _storable(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array that DuckDB reads with one type: objects of one kind of number as that kind, others as text."""
    if values.dtype != object:
        return values
    present = [value for value in values.tolist() if value is not None]
    kinds = {type(value) for value in present}
    if kinds <= {int} or kinds <= {bool}:
        masked = np.ma.masked_array([value or 0 for value in values], [value is None for value in values])
        return masked.astype(bool if kinds == {bool} else np.int64)
    if kinds <= {int, float}:
        return np.array([np.nan if value is None else float(value) for value in values])
    text = np.empty(len(values), dtype=object)
    text[:] = [None if value is None else str(value) for value in values.tolist()]
    return text
