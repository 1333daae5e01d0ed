"""Local values of a large job as Parquet beside the CSV, for whoever reads them by column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pellucid.datasets.parts import connect
from pellucid.datasets.sql import exact_path, identifier, literal, literals, struct
from pellucid.errors import DataError, Problem

__all__ = ["SQL_TYPES", "write_values_in_parquet"]

SQL_TYPES = {"boolean": "BOOLEAN", "integer": "BIGINT", "float": "DOUBLE"}
"""Types of a join column that are kept; every other one is written as text."""


def write_values_in_parquet(csv: Path, parquet: Path, *, join_type: str | None) -> bool:
    """Write the same rows, in the same order and to the last bit, to a Parquet file; rows pass through, some at a time.

    Parameters
    ----------
    csv
        ``out.csv``: one file, or a folder of parts that have a header line each. All columns are numbers but the last
        one, if there is a join column.
    join_type
        Type of the join column's cells, as a `Table` names it; None where there is none.

    Returns
    -------
    Whether it was written: not where names of columns differ at most in upper and lower case, as Parquet's readers
    take them for one.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    import duckdb

    files = sorted(csv.iterdir()) if csv.is_dir() else [csv]
    names = _names(files[0])
    if len({name.casefold() for name in names}) < len(names):
        return False
    types = ["DOUBLE"] * len(names)
    if join_type is not None:
        types[-1] = SQL_TYPES.get(join_type, "VARCHAR")
    columns = struct({f"c{i}": kind for i, kind in enumerate(types)})
    renamed = ", ".join(f"c{i} AS {identifier(name)}" for i, name in enumerate(names))
    listed = literals(exact_path(str(file)) for file in files)
    # DuckDB would take quoted text such as "a" for a header of its own guess: everything is said.
    reader = f"read_csv({listed}, columns = {columns}, header = true, delim = ',', quote = '\"', auto_detect = false)"
    try:
        connect().execute(f"COPY (SELECT {renamed} FROM {reader}) TO {literal(str(parquet))} (FORMAT parquet)")
    except duckdb.IOException as error:
        raise DataError(Problem("--output", fix=f"It cannot be written: {error}")) from None
    return True


def _names(file: Path) -> Sequence[str]:
    import csv

    with file.open(encoding="utf-8", newline="") as lines:
        return next(csv.reader(lines))
