"""CSV files scanned by DuckDB, typed as pandas' reader types them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from pellucid.datasets.csv_layout import CsvLayout
from pellucid.datasets.csv_types import (
    CellType,
    checked,
    counts_of,
    may_be_other_than_text,
    type_by_counts,
    type_by_sample,
)
from pellucid.datasets.duckdb_engine import duckdb_engine
from pellucid.datasets.header_row import MISSING
from pellucid.datasets.scan import Scan
from pellucid.datasets.scan_errors import csv_problems, is_early_type
from pellucid.datasets.sources import DatasetSource
from pellucid.datasets.sql import exact_path, identifier, literals, struct
from pellucid.errors import DataError

__all__ = ["checked_scan", "settled_types", "type_of_identifier", "typed_scan", "types_of_sample"]


def types_of_sample(layout: CsvLayout) -> dict[str, CellType] | None:
    """Types by the first rows; None where a column has nothing but missing cells in them."""
    types = {name: type_by_sample(cells) for name, cells in zip(layout.columns, layout.columns_of_cells(), strict=True)}
    found = {name: cell_type for name, cell_type in types.items() if cell_type is not None}
    return found if len(found) == len(types) else None


def checked_scan(connection: Any, layout: CsvLayout, types: Mapping[str, CellType]) -> Scan:
    """The rows of the files, scanned whenever they are asked for, up to a cell that contradicts its column's type.

    Only the columns used are parsed and checked.
    """
    cells = ", ".join(checked(name, types[name]) for name in layout.columns)
    return Scan(connection, f"SELECT {cells} FROM ({_texts(layout)})", types)


def typed_scan(connection: Any, layout: CsvLayout, types: Mapping[str, CellType]) -> Scan:
    """The rows of the files, scanned whenever they are asked for; ``types`` must have been decided over all rows."""
    rows = _rows(layout, types)
    numbers = [identifier(name) for name, cell_type in types.items() if cell_type == "DOUBLE"]
    if not numbers:
        return Scan(connection, rows, types)
    # DuckDB reads other spellings of nan, such as NAN, as a number; a missing number is NULL everywhere else.
    missing = ", ".join(f"nullif({name}, 'nan'::DOUBLE) AS {name}" for name in numbers)
    return Scan(connection, f"SELECT * REPLACE ({missing}) FROM ({rows})", types)


def settled_types(connection: Any, layout: CsvLayout) -> tuple[dict[str, CellType], int]:
    """Types of the columns decided over all rows, and the number of rows.

    Raises
    ------
    DataError
        A line has too many or too few cells, a quote is not closed, or text is not UTF-8.
    """
    types = types_of_sample(layout)
    try:
        if types is not None:
            rows = _rows_if_all_fit(connection, layout, types)
            if rows is not None:
                return types, rows
        return _types_by_counting(connection, layout)
    except duckdb_engine().Error as error:
        raise DataError(csv_problems(error, rejected_lines(connection, layout))) from None


def type_of_identifier(
    connection: Any, layout: CsvLayout, source: DatasetSource, types: Mapping[str, CellType]
) -> dict[str, CellType]:
    """Another type than in ``types`` for the column that identifies the rows, where it needs one.

    As floats, different whole numbers beyond 2**53 would be one identifier.
    """
    name = source.identifier
    if name is None or (types[name] != "DOUBLE" and not source.identifier_as_text):
        return {}
    if source.identifier_as_text:
        return {name: "VARCHAR"}
    counts = f"SELECT {counts_of(name)} FROM ({_texts(layout)})"
    present, integers, *_ = connection.execute(counts).fetchall()[0]
    return {name: "BIGINT"} if 0 < present == integers else {}


def _rows_if_all_fit(connection: Any, layout: CsvLayout, types: Mapping[str, CellType]) -> int | None:
    """Number of rows; None if a cell contradicts ``types``."""
    counts = ["count(*)", *(f"count({identifier(name)})" for name in layout.columns if types[name] != "VARCHAR")]
    try:
        rows = checked_scan(connection, layout, types).statement
        return int(connection.execute(f"SELECT {', '.join(counts)} FROM ({rows})").fetchall()[0][0])
    except duckdb_engine().Error as error:
        if is_early_type(error):
            return None
        raise


def _types_by_counting(connection: Any, layout: CsvLayout) -> tuple[dict[str, CellType], int]:
    sample = zip(layout.columns, layout.columns_of_cells(), strict=True)
    undecided = [name for name, cells in sample if may_be_other_than_text(cells)]
    counts = ", ".join(["count(*)", *(counts_of(name) for name in undecided)])
    rows, *found = connection.execute(f"SELECT {counts} FROM ({_texts(layout)})").fetchall()[0]
    types: dict[str, CellType] = dict.fromkeys(layout.columns, "VARCHAR")
    if not rows:
        return types, 0
    for index, name in enumerate(undecided):
        types[name] = type_by_counts(rows, *found[4 * index : 4 * index + 4])
    return types, int(rows)


def rejected_lines(connection: Any, layout: CsvLayout, *, limit: int = 5) -> list[tuple[str, int, str, str]]:
    """The first lines that cannot be read: file, line number, text and what is wrong, by a second scan."""
    texts: dict[str, CellType] = dict.fromkeys(layout.columns, "VARCHAR")
    for first, paths in _runs(layout):
        more = f", store_rejects = true, rejects_limit = {limit}"
        try:
            connection.execute(f"SELECT count(*) FROM {_read_csv(paths, first, texts, more=more)}").fetchall()
            found = connection.execute(
                "SELECT DISTINCT ON (file_path, line) file_path, line, csv_line, error_message FROM reject_errors "
                f"JOIN reject_scans USING (scan_id, file_id) ORDER BY file_path, line LIMIT {limit}"
            ).fetchall()
        except duckdb_engine().Error:
            continue
        if found:
            return [(str(path), int(line), str(text), str(message)) for path, line, text, message in found]
    return []


def _texts(layout: CsvLayout) -> str:
    return _rows(layout, dict.fromkeys(layout.columns, "VARCHAR"))


def _rows(layout: CsvLayout, types: Mapping[str, CellType]) -> str:
    """The statement that reads all files."""
    scans = [f"SELECT * FROM {_read_csv(paths, first, types)}" for first, paths in _runs(layout)]
    return " UNION ALL ".join(scans)


class _FirstRow(NamedTuple):
    """What DuckDB must be told of the first row of a file."""

    is_header: bool
    line_end: str | None
    blank_lines: int


def _runs(layout: CsvLayout) -> Iterator[tuple[_FirstRow, list[str]]]:
    """Files in order, those together that are read alike."""
    first_rows = map(_FirstRow, layout.header, layout.line_ends, layout.blank_lines)
    for first, run in groupby(zip(first_rows, layout.files.paths, strict=True), key=lambda file: file[0]):
        yield first, [path for _, path in run]


def _read_csv(paths: Sequence[str], first: _FirstRow, types: Mapping[str, CellType], *, more: str = "") -> str:
    if first.line_end is not None:
        escaped = first.line_end.replace("\r", "\\r").replace("\n", "\\n")
        more += f", new_line = '{escaped}'"
    if first.blank_lines:
        # DuckDB would take an empty line for the header row.
        more += f", skip = {first.blank_lines}"
    return (
        f"read_csv({literals(map(exact_path, paths))}, columns = {struct(types)}, "
        f"header = {str(first.is_header).lower()}, "
        f"nullstr = {literals(sorted(MISSING))}, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
        # A folder name such as year=2024 must not add a column.
        f"hive_partitioning = false{more})"
    )
