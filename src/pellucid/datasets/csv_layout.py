"""The files of a CSV data set: where their rows begin and what their columns are called."""

from __future__ import annotations

import csv
import io
import operator
import re
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from pellucid.datasets.header_row import generated_names, is_number, names_columns
from pellucid.datasets.locate import Files
from pellucid.datasets.sources import DatasetSource
from pellucid.errors import ConfigError, DataError, Problem, shorten
from pellucid.records import dataclass

__all__ = ["CsvLayout", "csv_layout"]

_HEAD_BYTES = 1 << 19
_HEADER_BYTES = 1 << 18
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """Columns of a set of CSV files and where their rows begin.

    Parameters
    ----------
    files
        The files in order.
    header
        For each file whether its first row is a header row.
    line_ends
        For each file what its lines end with, where the first row has a line break within a cell; None where DuckDB,
        which goes by the first line break, will see for itself.
    blank_lines
        For each file the number of empty lines before its first row.
    columns
        Names of the columns.
    sample
        First data rows of the first file.
    notes
        What was decided about header rows.
    """

    files: Files
    header: tuple[bool, ...]
    line_ends: tuple[str | None, ...]
    blank_lines: tuple[int, ...]
    columns: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def columns_of_cells(self) -> list[Sequence[str]]:
        """The sample's cells of every column; a row that is too short has none in the last ones."""
        if self.sample and all(len(row) == len(self.columns) for row in self.sample):
            return list(zip(*self.sample, strict=True))
        return [[row[place] for row in self.sample if place < len(row)] for place in range(len(self.columns))]


def csv_layout(source: DatasetSource, files: Files, *, named: bool = False) -> CsvLayout:
    """Find the header rows and the names of the columns.

    Each file is judged on its own. With ``headers`` a first row equal to them is skipped; without, the names come from
    the first file that has a header row. With ``named`` every file must have one.

    Raises
    ------
    ConfigError
        ``headers`` does not fit the number of columns.
    DataError
        A file is empty, not UTF-8, or has other columns than the first one; a name occurs twice.
    """
    read = [_head(files, path, _HEAD_BYTES if index == 0 else _HEADER_BYTES) for index, path in enumerate(files.paths)]
    heads = [head.rows for head in read]
    problems = [
        Problem(path, fix="The file is empty. Leave it out, or write its rows into it.")
        for path, rows in zip(files.paths, heads, strict=True)
        if not rows
    ]
    if problems:
        raise DataError(problems)
    _refuse_other_separators(source, files.paths, heads)
    if named:
        _refuse_data_as_header(files.paths, heads)
    if source.headers is None:
        columns, header, notes = _names_from_files(files.paths, heads, heads[0][0] if named else source.known_names)
    else:
        columns, header, notes = _names_from_config(source, files.paths, heads, source.headers)
    first = heads[0][1:] if header[0] else heads[0]
    line_ends, blank_lines = tuple(head.line_end for head in read), tuple(head.blank_lines for head in read)
    return CsvLayout(files, header, line_ends, blank_lines, columns, tuple(tuple(row) for row in first), notes)


def _refuse_other_separators(source: DatasetSource, paths: Sequence[str], heads: Sequence[list[list[str]]]) -> None:
    """A line without a comma is one cell; where another character parts it into what was expected, that was meant."""
    problems = []
    for path, rows in zip(paths, heads, strict=True):
        for separator, called in _OTHER_SEPARATORS.items() if len(rows[0]) == 1 else ():
            cells = [cell.strip().strip('"') for cell in rows[0][0].split(separator)]
            as_many = source.headers is not None and len(cells) == len(source.headers)
            if len(cells) > 1 and (as_many or any(cell in source.known_names for cell in cells)):
                fix = f"Its cells are separated by {called}. Save the file with commas between them."
                problems.append(Problem(path, rows[0][0], fix=fix))
    if problems:
        raise DataError(problems)


def _refuse_data_as_header(paths: Sequence[str], heads: Sequence[list[list[str]]]) -> None:
    fix = "The first row does not look like column names. Write a header row, or give `headers` to read_dataset."
    problems = [
        Problem(path, rows[0], fix=fix)
        for path, rows in zip(paths, heads, strict=True)
        if not names_columns(rows[0], (), [cell.strip() for cell in rows[0]])
        or any(is_number(cell) for cell in rows[0])
    ]
    if problems:
        raise DataError(problems)


class _Head(NamedTuple):
    """The beginning of a file: its first rows, and what DuckDB must be told because it does not see it itself."""

    rows: list[list[str]]
    line_end: str | None
    blank_lines: int


def _head(files: Files, path: str, size: int) -> _Head:
    """The first rows of ``path``; the last one is left out where the bytes read end in the middle of the file."""
    try:
        with files.open(path) as file:
            data = file.read(size)
    except (OSError, EOFError) as error:
        raise DataError(Problem(path, fix=f"The file cannot be read: {error}.")) from None
    cut = len(data) == size
    try:
        text = data.decode("utf-8-sig", errors="strict")
    except UnicodeDecodeError as error:
        if not cut or error.start < len(data) - 4:
            raise DataError(_not_utf8(path, data, error)) from None
        text = data[: error.start].decode("utf-8-sig")
    lines: list[list[str]] = []
    try:
        lines.extend(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        if not any(lines):
            raise DataError(Problem(f"{path}, line 1", fix=f"The first row cannot be read: {error}.")) from None
        # A cell longer than Python's reader takes: what was read before it is sample enough.
        cut = False
    rows = [row for row in lines if row]
    blank_lines = sum(1 for _ in takewhile(operator.not_, lines))
    broken = bool(rows) and any("\n" in cell or "\r" in cell for cell in rows[0])
    return _Head(rows[:-1] if cut and len(rows) > 1 else rows, _line_end(text) if broken else None, blank_lines)


def _line_end(text: str) -> str | None:
    r"""The first line break outside of quotes.

    >>> _line_end('"first\nname",age\r\nAda,36\r\n')
    '\r\n'
    """
    found = re.match(r'(?:[^"\r\n]|"[^"]*")*(\r\n|\r|\n)', text)
    return None if found is None else found[1]


def _not_utf8(path: str, data: bytes, error: UnicodeDecodeError) -> Problem:
    line = data[: error.start].count(b"\n") + 1
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Problem(path, fix="The file is UTF-16, not UTF-8. Save it as 'CSV UTF-8', or convert it with iconv.")
    text = data[max(error.start - 20, 0) : error.start + 20].decode("latin-1")
    fix = f"Byte 0x{data[error.start]:02x} is not UTF-8. Save the file as UTF-8, for example: iconv -f latin1 -t utf-8."
    return Problem(f"{path}, line {line}", text, fix=fix)


def _names_from_config(
    source: DatasetSource, paths: Sequence[str], heads: Sequence[list[list[str]]], headers: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[bool, ...], tuple[str, ...]]:
    for path, rows in zip(paths, heads, strict=True):
        if len(rows[0]) != len(headers):
            raise ConfigError(_wrong_number_of_headers(source, path, len(rows[0]), len(headers)))
    trimmed = [name.strip() for name in headers]
    _refuse_other_names(source, paths, heads, trimmed)
    header = tuple([cell.strip() for cell in rows[0]] == trimmed for rows in heads)
    notes = [
        f"{path}: the first row equals {source.headers_key} and was skipped as a header row."
        for path, is_header in zip(paths, header, strict=True)
        if is_header
    ]
    notes += [
        f"{path}: the first row {shorten(rows[0])} looks like a header row but differs from {source.headers_key}; "
        "it was counted as data. Correct the key, or delete the row."
        for path, rows, is_header in zip(paths, heads, header, strict=True)
        if not is_header and names_columns(rows[0], rows[1:], source.known_names)
    ]
    return headers, header, tuple(notes)


def _refuse_other_names(
    source: DatasetSource, paths: Sequence[str], heads: Sequence[list[list[str]]], names: Sequence[str]
) -> None:
    """Raise where a first row holds the names in another order, or most of them: every column would be mistaken."""
    problems = []
    for path, rows in zip(paths, heads, strict=True):
        first = [cell.strip() for cell in rows[0]]
        if first == list(names) or sum(cell in names for cell in first) <= max(1, len(first) / 2):
            continue
        how = "the same names in another order" if sorted(first) == sorted(names) else "other names of columns"
        fix = f"The first row of {path} has {how}: {shorten(first)}. Name the columns as they stand there."
        problems.append(Problem(source.headers_key, list(names), fix=fix))
    if problems:
        raise ConfigError(problems)


def _wrong_number_of_headers(source: DatasetSource, path: str, found: int, given: int) -> Problem:
    return Problem(
        source.headers_key,
        known_as="Headers in config do not match with the number of columns in the dataset.",
        fix=f"{path} has {found} columns, {source.headers_key} names {given}. Name every column, the label included.",
    )


def _names_from_files(
    paths: Sequence[str], heads: Sequence[list[list[str]]], expected: Sequence[str]
) -> tuple[tuple[str, ...], tuple[bool, ...], tuple[str, ...]]:
    header = [names_columns(rows[0], rows[1:], expected) for rows in heads]
    named = next((rows[0] for rows, is_header in zip(heads, header, strict=True) if is_header), None)
    if named is not None:
        header = [is_header or rows[0] == named for rows, is_header in zip(heads, header, strict=True)]
    names = generated_names(len(heads[0][0])) if named is None else _without_blank_names(named)
    _refuse_other_columns(paths, heads, header, named, len(names))
    if named is None:
        called = (
            f"the columns are named {names[0]} to {names[-1]}" if len(names) > 1 else f"the column is named {names[0]}"
        )
        notes = [f"{paths[0]}: no header row was recognised; {called}."]
    else:
        notes = [
            f"{path}: the first row was taken as header row."
            if is_header
            else f"{path}: the first row was taken as data; the names of the columns come from another file."
            for path, is_header in zip(paths, header, strict=True)
        ]
    return names, tuple(header), tuple(notes)


def _without_blank_names(names: Sequence[str]) -> tuple[str, ...]:
    generated = generated_names(len(names))
    return tuple(name if name.strip() else generated[index] for index, name in enumerate(names))


def _refuse_other_columns(
    paths: Sequence[str],
    heads: Sequence[list[list[str]]],
    header: Sequence[bool],
    named: list[str] | None,
    count: int,
) -> None:
    problems = []
    for path, rows, is_header in zip(paths, heads, header, strict=True):
        if is_header and rows[0] != named:
            fix = f"Its columns differ from those of the other files, {shorten(named)}. Use one set of columns."
            problems.append(Problem(path, rows[0], fix=fix))
        elif len(rows[0]) != count:
            fix = f"The file has {len(rows[0])} columns, the files before it {count}. Use one set of columns."
            problems.append(Problem(path, fix=fix))
    if problems:
        raise DataError(problems)
