"""Predictions put beside the rows they belong to: a file of them, matched by position."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from pellucid.datasets.parts import connect
from pellucid.datasets.sources import Dataset
from pellucid.datasets.sql import identifier, literal
from pellucid.errors import DataError, ModelError, Problem

__all__ = ["with_predictions", "write_predictions"]

Columns = Mapping[str, npt.NDArray[Any]]
"""Shape (rows,) each: numbers, missing where nan or masked, or objects of text and None."""

_SQL_TYPES = {"b": "BOOLEAN", "i": "BIGINT", "f": "DOUBLE", "O": "VARCHAR"}


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
        if not rows:
            _create(connection, part)
        # Its own names would clash with those of the table where they differ only in case.
        given = {f"c{i}": values for i, values in enumerate(part.values())}
        connection.execute(f"INSERT INTO predictions SELECT {_selected(given)} FROM given")
        rows += len(next(iter(part.values())))
    if not rows:
        raise ModelError("There are no rows to predict.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(f"COPY predictions TO {literal(str(file))} (FORMAT parquet)")
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.lstrip("_").startswith("duckdb"):
            raise DataError(Problem("--output", str(file), fix=f"It cannot be written: {error}")) from None
        raise
    return rows


def with_predictions(dataset: Dataset, file: Path, column: str) -> tuple[Dataset, int]:
    """The data set with ``column`` of a Parquet file as its predicted label, row by row.

    Returns
    -------
    tuple
        The data set, and the number of its rows that are left out because they have no prediction.

    Raises
    ------
    DataError
        The file does not hold one prediction for every row.
    """
    name = identifier(column)
    beside = f"SELECT {name} FROM read_parquet({literal(str(file))})"
    predictions, missing = connect().sql(f"SELECT count(*), count(*) - count({name}) FROM ({beside})").fetchall()[0]
    rows = dataset.rows if dataset.rows is not None else dataset.frame.aggregate("count(*)").fetchall()[0][0]
    if rows != predictions:
        fix = (
            f"It has {rows:,} rows now, and had {predictions:,} while they were predicted. Do not change it meanwhile."
        )
        raise DataError(Problem("data set", fix=fix))
    frame = dataset.frame.query("pellucid_rows", f"SELECT * FROM pellucid_rows POSITIONAL JOIN ({beside})")
    if missing:
        frame = frame.filter(f"{name} IS NOT NULL")
    joined = replace(
        dataset, frame=frame, columns=(*dataset.columns, column), predicted_label=column, rows=rows - missing
    )
    return joined, int(missing)


def _create(connection: Any, part: Columns) -> None:
    columns = ", ".join(f"{identifier(name)} {_SQL_TYPES[values.dtype.kind]}" for name, values in part.items())
    connection.execute(f"CREATE TABLE predictions ({columns})")


def _selected(given: Columns) -> str:
    """Every column; not-a-number is a missing number."""
    floats = {name for name, values in given.items() if values.dtype.kind == "f"}
    return ", ".join(f"nullif({name}, 'nan'::DOUBLE)" if name in floats else name for name in given)
