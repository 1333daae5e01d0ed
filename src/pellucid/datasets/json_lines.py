"""JSON Lines: one record a line, parsed line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pellucid.datasets.json_columns import TypedTable, typed_table
from pellucid.datasets.json_records import RecordError, cells_of, compiled, json_fault, json_names, keys_of, label_cell
from pellucid.datasets.locate import Files
from pellucid.datasets.sources import DatasetSource
from pellucid.errors import ConfigError, DataError, Problem

__all__ = ["json_lines_table"]

_LISTED = 5
Names = tuple[tuple[str, ...], str | None, str | None]


def json_lines_table(
    connection: Any, source: DatasetSource, files: Files, table: str
) -> tuple[TypedTable, Names, tuple[str, ...]]:
    """The records of ``files`` as a typed table, the names of its columns and labels, and notes.

    Memory stays bounded: a chunk of records at a time is handed to DuckDB.

    Raises
    ------
    ConfigError
        A JMESPath is wrong or finds nothing, or ``headers`` does not fit.
    DataError
        A line is not JSON, or its record is not like the first one; up to five lines are named.
    """
    expressions = compiled(source)
    first = next(_records(files, {}), None)
    if first is None:
        raise DataError(Problem(files.paths[0], fix="There is no record in it. Write one JSON object a line."))
    features = expressions["features"].search(first[1])
    if features is None:
        fix = f"This JMESPath finds nothing in {first[0]}; use one that yields the list of features."
        raise ConfigError(Problem("features", source.features, fix=fix))
    names = json_names(source, features)
    blank: dict[str, int] = {}

    def rows() -> Iterator[list[Any]]:
        blank.clear()
        return _rows(_records(files, blank), expressions, features)

    found = typed_table(connection, table, names[0], rows, as_text=source.as_text)
    notes = tuple(
        f"{path}: {count} blank line{' was' if count == 1 else 's were'} skipped." for path, count in blank.items()
    )
    return found, names, notes


def _rows(records: Iterator[tuple[str, Any]], expressions: dict[str, Any], first: Any) -> Iterator[list[Any]]:
    """The cells of each record; a record that does not fit is remembered, and all of them are raised together."""
    keys, width = keys_of(first), len(first) if isinstance(first, (list, dict)) else 1
    find_features = expressions["features"].search
    labels = [(key, expressions[key].search) for key in ("label", "predicted_label") if key in expressions]
    problems: list[Problem] = []
    for where, record in records:
        try:
            cells = cells_of(find_features(record), keys, width)
            cells = [*cells, *(label_cell(key, find(record)) for key, find in labels)]
        except RecordError as error:
            problems.append(Problem(where, record, fix=f"{error} Correct the line."))
            if len(problems) == _LISTED:
                break
            continue
        if not problems:
            yield cells
    if problems:
        raise DataError(problems)


def _records(files: Files, blank: dict[str, int]) -> Iterator[tuple[str, Any]]:
    """Where each record stands, and the record; blank lines are counted, broken ones raised together."""
    problems: list[Problem] = []
    for path in files.paths:
        for number, line in _lines(files, path):
            if not line.strip():
                blank[path] = blank.get(path, 0) + 1
                continue
            where = f"{path}, line {number}"
            try:
                record = json.loads(line)
            except UnicodeDecodeError:
                fix = "The line is not UTF-8. Save the file as UTF-8, for example: iconv -f latin1 -t utf-8."
                problems.append(Problem(where, line.decode("latin-1").strip(), fix=fix))
            except (json.JSONDecodeError, RecursionError) as error:
                text = line.decode("utf-8", errors="replace").strip()
                problems.append(Problem(where, text, fix=f"The line is not JSON: {json_fault(error)}. Correct it."))
            else:
                if not problems:
                    yield where, record
            if len(problems) == _LISTED:
                raise DataError(problems)
    if problems:
        raise DataError(problems)


def _lines(files: Files, path: str) -> Iterator[tuple[int, bytes]]:
    try:
        with files.open(path) as file:
            for number, line in enumerate(file, start=1):
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except (OSError, EOFError) as error:
        raise DataError(Problem(path, fix=f"The file cannot be read: {error}.")) from None
