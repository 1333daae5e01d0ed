"""One data set, read by its format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pellucid.datasets.database_address import is_database
from pellucid.datasets.duckdb_engine import LateConnection, duckdb_engine, with_relations
from pellucid.datasets.locate import Files, locate
from pellucid.datasets.memory import connection_settings
from pellucid.datasets.parquet_files import parquet_scan
from pellucid.datasets.scan import relation_of
from pellucid.datasets.sources import CSV, JSON_LINES, PARQUET, DatasetSource, TypesFrom
from pellucid.datasets.sql import identifier
from pellucid.errors import ConfigError, DataError, Problem, which_column
from pellucid.protocols.table import RowOrder
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.datasets.csv_layout import CsvLayout
    from pellucid.datasets.plain_csv import PlainCsv

__all__ = ["Part", "bare_connection", "connect", "read_part"]

LARGE = 50_000_000
"""Bytes of CSV from which the types of the first rows are trusted until a scan contradicts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One data set that was read and not yet joined.

    Parameters
    ----------
    rows_of
        A DuckDB relation, an Ibis table, or a `Scan`.
    """

    source: DatasetSource
    rows_of: Any
    columns: tuple[str, ...]
    label: str | None
    predicted_label: str | None
    notes: tuple[str, ...]
    files: tuple[str, ...]
    rows: int | None = None
    types_from: TypesFrom = "all rows"
    plain: PlainCsv | None = None
    order: RowOrder = "rows"
    from_database: bool = False

    @property
    def relation(self) -> Any:
        """The rows as a lazy frame."""
        return relation_of(self.rows_of)


def connect() -> Any:
    """A DuckDB connection of its own, which lives as long as the relations made from it."""
    return with_relations(bare_connection())


def bare_connection() -> Any:
    """As `connect`, but for statements alone: it may lack the methods that make relations, which take time to load."""
    settings = connection_settings()

    def connected() -> Any:
        connection = duckdb_engine().connect(config=settings)
        connection.execute("SET parquet_metadata_cache = true")  # else every query reads all footers again
        connection.execute("SET enable_progress_bar = false")  # else a query of two seconds writes to standard output
        return connection

    return LateConnection(connected)


def read_part(connection: Any, source: DatasetSource, *, named: bool = False, lazy: bool = False) -> Part:
    """Read ``source`` by its format.

    Parameters
    ----------
    named
        CSV files have a header row whatever it looks like.
    lazy
        The types of a large CSV file may be taken from its first rows.
    """
    if is_database(source.uri):
        return _read_database(with_relations(connection), source)
    files = locate(source)
    if files.filesystem is not None:
        connection.register_filesystem(files.filesystem)
    if source.dataset_type == CSV:
        from pellucid.datasets.csv_layout import csv_layout

        return _read_csv(connection, source, csv_layout(source, files, named=named), lazy=lazy)
    if source.dataset_type == PARQUET:
        return _read_parquet(connection, source, files)
    return _read_json(with_relations(connection), source, files)


def _read_csv(connection: Any, source: DatasetSource, layout: CsvLayout, *, lazy: bool) -> Part:
    from pellucid.datasets.csv_files import (
        checked_scan,
        settled_types,
        type_of_identifier,
        typed_scan,
        types_of_sample,
    )
    from pellucid.datasets.header_row import refuse_equal_names

    refuse_equal_names(layout.columns, source.headers_key if source.headers else layout.files.paths[0])
    label = _column(source, "label", source.label, layout.columns)
    predicted_label = _column(source, "predicted_label", source.predicted_label, layout.columns)
    types = types_of_sample(layout) if lazy and layout.files.size() > LARGE else None
    rows: int | None = None
    types_from: TypesFrom = "first rows"
    plain: PlainCsv | None = None
    if types is not None:
        from pellucid.datasets.plain_csv import plain_csv

        scan = checked_scan(connection, layout, types)
        plain = plain_csv(layout, types, scan)
    else:
        types_from = "all rows"
        types, rows = settled_types(connection, layout)
        if not rows:
            fix = "There is a header row and nothing below it. Write at least one row of data."
            raise DataError(Problem(layout.files.paths[0], fix=fix))
        if source.as_text:
            types = dict.fromkeys(layout.columns, "VARCHAR")
        elif source.identifier in types:
            types |= type_of_identifier(connection, layout, source, types)
        scan = typed_scan(connection, layout, types)
    return Part(
        source=source,
        rows_of=scan,
        columns=layout.columns,
        label=label,
        predicted_label=predicted_label,
        notes=layout.notes,
        files=layout.files.paths,
        rows=rows,
        types_from=types_from,
        plain=plain,
    )


def _read_parquet(connection: Any, source: DatasetSource, files: Files) -> Part:
    scan, notes = parquet_scan(connection, files)
    columns = tuple(scan.types)
    _refuse_other_headers(source, columns)
    return Part(
        source=source,
        rows_of=scan,
        columns=columns,
        label=_column(source, "label", source.label, columns),
        predicted_label=_column(source, "predicted_label", source.predicted_label, columns),
        notes=notes,
        files=files.paths,
    )


def _read_database(connection: Any, source: DatasetSource) -> Part:
    if source.dataset_type not in (CSV, PARQUET):
        fix = f"A database has columns, as {PARQUET!r} and {CSV!r} have. Use one of the two."
        raise ConfigError(Problem("dataset_type", source.dataset_type, fix=fix))
    from pellucid.datasets.database import database_rows

    rows = database_rows(connection, source)
    columns = tuple(rows.relation.columns)
    _refuse_other_headers(source, columns)
    return Part(
        source=source,
        rows_of=rows.relation,
        columns=columns,
        label=_column(source, "label", source.label, columns),
        predicted_label=_column(source, "predicted_label", source.predicted_label, columns),
        notes=(),
        files=() if rows.file is None else (rows.file,),
        order=rows.order,
        from_database=True,
    )


def _read_json(connection: Any, source: DatasetSource, files: Files) -> Part:
    from pellucid.datasets.json_document import json_document_table
    from pellucid.datasets.json_lines import json_lines_table

    reader = json_lines_table if source.dataset_type == JSON_LINES else json_document_table
    found, (columns, label, predicted_label), notes = reader(connection, source, files, f"records of {source.where}")
    _refuse_absent_labels(source, found.relation, (("label", label), ("predicted_label", predicted_label)))
    mixed = tuple(f"{name}: holds values of several types or lists; it was read as text." for name in found.mixed)
    return Part(
        source=source,
        rows_of=found.relation,
        columns=columns,
        label=label,
        predicted_label=predicted_label,
        notes=notes + mixed,
        files=files.paths,
        rows=found.rows,
    )


def _refuse_absent_labels(source: DatasetSource, relation: Any, labels: Sequence[tuple[str, str | None]]) -> None:
    """Raise where a JMESPath finds nothing in any record; a single missing label is a missing value."""
    problems = [
        Problem(
            key, getattr(source, key), fix="This JMESPath finds nothing in any record; use one that yields the label."
        )
        for key, name in labels
        if name is not None and not relation.aggregate(f"count({identifier(name)})").fetchall()[0][0]
    ]
    if problems:
        raise ConfigError(problems)


def _refuse_other_headers(source: DatasetSource, columns: tuple[str, ...]) -> None:
    if source.headers is None or source.headers == columns:
        return
    known_as = ""
    if len(source.headers) != len(columns):
        known_as = "Headers in config do not match with the number of columns in the dataset."
    named = "Parquet files name their columns themselves"
    named = "The table names its columns itself" if is_database(source.uri) else named
    fix = f"{named}: {list(columns)}. Leave {source.headers_key} out, or repeat them."
    raise ConfigError(Problem(source.headers_key, list(source.headers), known_as=known_as, fix=fix))


def _column(source: DatasetSource, key: str, value: str | int | None, columns: Sequence[str]) -> str | None:
    """The name of the column that ``key`` gives by name or index."""
    if isinstance(value, int):
        if 0 <= value < len(columns):
            return columns[value]
        raise ConfigError(Problem(key, value, fix=f"Use an index from 0 to {len(columns) - 1}, or a column name."))
    if value is None or value in columns:
        return value
    if source.headers is None:
        raise ConfigError(Problem(key, value, fix=f"Use a column of the data set; {which_column(value, columns)}"))
    known_as = "Headers must contain label." if key == "label" else ""
    fix = f"Use a name in {source.headers_key}; {which_column(value, columns)}"
    raise ConfigError(Problem(key, value, known_as=known_as, fix=fix))
