"""JSON: one document that holds all records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pellucid.datasets.json_columns import TypedTable, typed_table
from pellucid.datasets.json_records import RecordError, cells_of, compiled, found_in, json_names, keys_of, label_cell
from pellucid.datasets.locate import Files
from pellucid.datasets.sources import DatasetSource
from pellucid.errors import ConfigError, DataError, Problem

__all__ = ["document_at", "json_document_table"]

_LISTED = 5
Names = tuple[tuple[str, ...], str | None, str | None]


def json_document_table(
    connection: Any, source: DatasetSource, files: Files, table: str
) -> tuple[TypedTable, Names, tuple[str, ...]]:
    """The records of ``files`` as a typed table, the names of its columns and labels, and notes (none).

    Raises
    ------
    ConfigError
        A JMESPath is wrong, finds no list, or lists of different lengths; or ``headers`` does not fit.
    DataError
        A file is not JSON, or a record is not like the first one; up to five records are named.
    """
    expressions = compiled(source)
    lists = [(path, _lists(source, path, document_at(files, path), expressions)) for path in files.paths]
    first = next((row for _, found in lists for row in found["features"] if row is not None), None)
    if first is None:
        raise DataError(Problem(files.paths[0], fix="There is no record in it. Give at least one."))
    names = json_names(source, first)
    found = typed_table(connection, table, names[0], lambda: _rows(lists, first), as_text=source.as_text)
    return found, names, ()


def document_at(files: Files, path: str) -> Any:
    """The value that a JSON file holds.

    Raises
    ------
    DataError
        It cannot be read, or is no JSON.
    """
    try:
        with files.open(path) as file:
            return json.loads(file.read().removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError:
        fix = "The file is not UTF-8. Save it as UTF-8, for example: iconv -f latin1 -t utf-8."
        raise DataError(Problem(path, fix=fix)) from None
    except (json.JSONDecodeError, RecursionError) as error:
        fix = f"The file is not JSON: {error}."
        if "Extra data" in fix:
            fix += " If it holds one record a line, use dataset_type application/jsonlines."
        raise DataError(Problem(path, fix=fix)) from None
    except (OSError, EOFError) as error:
        raise DataError(Problem(path, fix=f"The file cannot be read: {error}.")) from None


def _lists(source: DatasetSource, path: str, document: Any, expressions: dict[str, Any]) -> dict[str, list[Any]]:
    given = {"features": source.features, "label": source.label, "predicted_label": source.predicted_label}
    lists: dict[str, list[Any]] = {}
    problems = []
    for key, expression in expressions.items():
        found = found_in(expression, document)
        if isinstance(found, list):
            lists[key] = found
            continue
        what = "nothing" if found is None else f"no list but {type(found).__name__} {str(found)[:60]!r}"
        fix = f"This JMESPath finds {what} in {path}; it must yield a list with one entry per record, like '[*].x'."
        problems.append(Problem(key, given[key], fix=fix))
    records = len(lists.get("features", ()))
    problems += [
        Problem(key, given[key], fix=f"It finds {len(found)} entries in {path}, features finds {records} records.")
        for key, found in lists.items()
        if "features" in lists and len(found) != records
    ]
    if problems:
        raise ConfigError(problems)
    return lists


def _rows(lists: list[tuple[str, dict[str, list[Any]]]], first: Any) -> Iterator[list[Any]]:
    keys, width = keys_of(first), len(first) if isinstance(first, (list, dict)) else 1
    problems: list[Problem] = []
    for path, found in lists:
        labels = [key for key in ("label", "predicted_label") if key in found]
        for index, features in enumerate(found["features"]):
            try:
                cells = cells_of(features, keys, width)
                cells = [*cells, *(label_cell(key, found[key][index]) for key in labels)]
            except RecordError as error:
                problems.append(Problem(f"{path}, record {index}", features, fix=f"{error} Correct the record."))
                if len(problems) == _LISTED:
                    raise DataError(problems) from None
                continue
            if not problems:
                yield cells
    if problems:
        raise DataError(problems)
