"""Predictions put beside the rows they belong to: a file of them, matched by position."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from pellucid.datasets.parts import connect
from pellucid.datasets.sources import Dataset
from pellucid.datasets.sql import exact_path, identifier, literal, literals
from pellucid.errors import DataError, ModelError, Problem
from pellucid.records import dataclass

__all__ = ["with_predictions", "write_predictions"]

Columns = Mapping[str, npt.NDArray[Any]]
"""Shape (rows,) each: numbers, missing where nan or masked, or objects of text and None."""

PIECE_ROWS = 262_144
"""Rows that wait in memory before they are written."""

_SQL_TYPES = {"b": "BOOLEAN", "i": "BIGINT", "f": "DOUBLE", "O": "VARCHAR"}


def write_predictions(parts: Iterable[Columns], file: Path) -> int:
    """Write columns of predictions, given some rows at a time, to a Parquet file; the number of rows written.

    Memory does not grow with the rows: they are written in pieces beside ``file``, which are then copied into it.

    Raises
    ------
    DataError
        The file cannot be written.
    ModelError
        There are no rows.
    """
    connection = connect()
    # Several threads would keep what they have read until it is their turn to write.
    connection.execute("SET threads = 1")
    folder = file.with_name(f"{file.name}.pieces")
    try:
        pieces = list(_written(connection, parts, folder, file))
        with _writing_to(file):
            if len(pieces) == 1:
                pieces[0].file.replace(file)
            elif pieces:
                _put_together(connection, pieces, file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not pieces:
        raise ModelError("There are no rows to predict.")
    return sum(piece.rows for piece in pieces)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A file with some of the rows."""

    file: Path
    rows: int


@contextmanager
def _writing_to(file: Path) -> Iterator[None]:
    """Say of what goes wrong that ``file`` cannot be written."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.lstrip("_").startswith("duckdb"):
            raise DataError(Problem("--output", str(file), fix=f"It cannot be written: {error}")) from None
        raise


def _written(connection: Any, parts: Iterable[Columns], folder: Path, file: Path) -> Iterator[_Piece]:
    """Files in ``folder`` with the rows of ``parts``, in order; the first part decides the types."""
    number = waiting = 0
    for part in parts:
        if not number and not waiting:
            _create(connection, part)
        # Its own names would clash with those of the table where they differ only in case.
        given = {f"c{i}": values for i, values in enumerate(part.values())}
        connection.execute(f"INSERT INTO predictions SELECT {_selected(given)} FROM given")
        waiting += len(next(iter(part.values())))
        if waiting >= PIECE_ROWS:
            with _writing_to(file):
                piece = _piece(connection, folder / f"{number}.parquet", waiting)
            yield piece
            number, waiting = number + 1, 0
    if waiting:
        with _writing_to(file):
            piece = _piece(connection, folder / f"{number}.parquet", waiting)
        yield piece


def _piece(connection: Any, file: Path, rows: int) -> _Piece:
    """Write the rows that wait."""
    file.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"COPY predictions TO {literal(str(file))} (FORMAT parquet)")
    connection.execute("CREATE OR REPLACE TABLE predictions AS FROM predictions LIMIT 0")
    return _Piece(file, rows)


def _put_together(connection: Any, pieces: Sequence[_Piece], file: Path) -> None:
    """Copy ``pieces`` into ``file`` one after the other.

    Rows are known by nothing but their position, so what was written is compared with the pieces, place by place.
    """
    written = literals(exact_path(str(piece.file)) for piece in pieces)
    connection.execute(f"COPY (FROM read_parquet({written})) TO {literal(str(file))} (FORMAT parquet)")
    wanted = start = 0
    for piece in pieces:
        wanted += _fingerprint(connection, piece.file, start)
        start += piece.rows
    if _fingerprint(connection, file, 0) != wanted:
        file.unlink()
        raise DataError(Problem("--output", str(file), fix="Its rows were not written in their order. Run it again."))


def _fingerprint(connection: Any, file: Path, start: int) -> int:
    """The sum of a hash of every row and its place, when the first row has the place ``start``."""
    rows = f"read_parquet({literal(exact_path(str(file)))}, file_row_number = true)"
    hashed = f"hash(file_row_number + {start}, *COLUMNS(* EXCLUDE file_row_number))"
    return int(connection.sql(f"SELECT sum({hashed}::HUGEINT) FROM {rows}").fetchall()[0][0])


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
    beside = f"SELECT {name} FROM read_parquet({literal(exact_path(str(file)))})"
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
        dataset, rows_of=frame, columns=(*dataset.columns, column), predicted_label=column, rows=rows - missing
    )
    return joined, int(missing)


def _create(connection: Any, part: Columns) -> None:
    columns = ", ".join(f"{identifier(name)} {_SQL_TYPES[values.dtype.kind]}" for name, values in part.items())
    connection.execute(f"CREATE TABLE predictions ({columns})")


def _selected(given: Columns) -> str:
    """Every column; not-a-number is a missing number."""
    floats = {name for name, values in given.items() if values.dtype.kind == "f"}
    return ", ".join(f"nullif({name}, 'nan'::DOUBLE)" if name in floats else name for name in given)
