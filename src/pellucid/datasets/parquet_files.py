"""Parquet files, scanned by DuckDB."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from pellucid.datasets.duckdb_engine import duckdb_engine
from pellucid.datasets.locate import Files
from pellucid.datasets.scan import Scan
from pellucid.datasets.sql import exact_path, identifier, literal, literals
from pellucid.errors import DataError, Problem

__all__ = ["parquet_scan"]

_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)
_ZONED = "TIMESTAMP WITH TIME ZONE"
_INDEX = re.compile(r"__index_level_\d+__")
_RENAMED = "Two columns have names that differ at most in upper and lower case. Rename one of the two."


def parquet_scan(connection: Any, files: Files) -> tuple[Scan, tuple[str, ...]]:
    """The rows of the files, scanned whenever they are asked for, and notes; integers with a missing cell are float.

    That is how pandas reads them, and why the index that it stored of rows without names is no column. A time with a
    zone is read as the time in UTC: what DuckDB makes of it depends on the zone of the machine.

    Raises
    ------
    DataError
        A file is not Parquet or is damaged, or has other columns than the first one.
    """
    schemas = _schemas(connection, files)
    first = schemas[files.paths[0]]
    problems = [
        Problem(path, _plain(schema), fix=f"Its columns differ from those of {files.paths[0]}: {_plain(first)}.")
        for path, schema in schemas.items()
        if schema != first
    ]
    if problems:
        raise DataError(problems)
    numbers = _numbers_of_rows(connection, files.paths[0], [name for name, _ in first])
    kept = [(name, kind) for name, kind in first if name not in numbers]
    missing = _missing(connection, files, [name for name, kind in kept if kind in _INTEGERS])
    zoned = [name for name, kind in kept if kind == _ZONED]
    replaced = [f"CAST({identifier(name)} AS DOUBLE) AS {identifier(name)}" for name in missing]
    replaced += [f"make_timestamp(epoch_us({identifier(name)})) AS {identifier(name)}" for name in zoned]
    chosen = f"* EXCLUDE ({', '.join(map(identifier, numbers))})" if numbers else "*"
    chosen += f" REPLACE ({', '.join(replaced)})" if replaced else ""
    types = dict(kept) | dict.fromkeys(missing, "DOUBLE") | dict.fromkeys(zoned, "TIMESTAMP")
    notes = tuple(f"{files.paths[0]}: {name!r} was left out, the index of a pandas data frame." for name in numbers)
    return Scan(connection, f"SELECT {chosen} FROM {_read_parquet(files.paths)}", types), notes


def _numbers_of_rows(connection: Any, path: str, names: Sequence[str]) -> list[str]:
    """Columns in which pandas stored an index that has no name; it says so in the file."""
    found = [name for name in names if _INDEX.fullmatch(name)]
    if not found or len(found) == len(names):
        return []
    stored = f"FROM parquet_kv_metadata({literal(exact_path(path))}) WHERE key::VARCHAR = 'pandas'"
    told = connection.execute(f"SELECT value {stored}").fetchall()
    index = json.loads(told[0][0]).get("index_columns", []) if told else []
    return [name for name in found if name in index]


def _read_parquet(paths: Sequence[str]) -> str:
    # A folder name such as year=2024 must not add a column.
    return f"read_parquet({literals(map(exact_path, paths))}, hive_partitioning = false)"


def _missing(connection: Any, files: Files, columns: Sequence[str]) -> list[str]:
    """Those of ``columns`` that have a missing cell, by the files' footers where they tell."""
    if not columns:
        return []
    footers = connection.execute(
        "SELECT path_in_schema, coalesce(sum(stats_null_count), 0), count(*) = count(stats_null_count) "
        f"FROM parquet_metadata({literals(map(exact_path, files.paths))}) GROUP BY ALL"
    ).fetchall()
    told = {name: count > 0 for name, count, complete in footers if complete}
    unknown = [name for name in columns if name not in told]
    if unknown:
        counts = ", ".join(f"count(*) > count({identifier(name)})" for name in unknown)
        found = connection.execute(f"SELECT {counts} FROM {_read_parquet(files.paths)}").fetchall()
        told |= dict(zip(unknown, found[0], strict=True))
    return [name for name in columns if told[name]]


def _instead(path: str) -> str:
    """What to do about a file that is none, by what its name says."""
    end = path.rpartition(".")[2].lower()
    meant = {"csv": "text/csv", "json": "application/json", "jsonl": "application/jsonlines"}.get(end)
    if meant is None:
        return "Write it again."
    return f"Its name says otherwise: set dataset_type to {meant!r}, or give a Parquet file."


def _schemas(connection: Any, files: Files) -> dict[str, list[tuple[str, str]]]:
    schemas: dict[str, list[tuple[str, str]]] = {}
    problems = []
    for path in files.paths:
        try:
            described = connection.execute(f"DESCRIBE SELECT * FROM {_read_parquet([path])}").fetchall()
        except duckdb_engine().Error as error:
            cause = str(error).splitlines()[0]
            problems.append(Problem(path, fix=f"The file is not Parquet or is damaged: {cause}. {_instead(path)}"))
            continue
        names = connection.execute(f"SELECT name FROM parquet_schema({literal(exact_path(path))})").fetchall()
        stored = {name for (name,) in names}
        renamed = [name for name, *_ in described if name not in stored]
        problems += [Problem(path, name, fix=_RENAMED) for name in renamed]
        schemas[path] = [(name, kind) for name, kind, *_ in described]
    if problems:
        raise DataError(problems)
    return schemas


def _plain(schema: list[tuple[str, str]]) -> dict[str, str]:
    return dict(schema)
