"""What DuckDB and Polars say while scanning, turned into our words: file, line, text of the line, fix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pellucid.datasets.csv_types import NOT_OF_TYPE
from pellucid.errors import DataError, Problem

__all__ = ["csv_problems", "is_early_type", "scan_errors_translated", "translate_scan_errors"]

_FILE = re.compile(r"^\s*file ?= ?(?P<file>.+)$", re.MULTILINE)
_LINE = re.compile(r"CSV Error on Line: (?P<line>\d+)\s*\nOriginal Line:(?P<text>[^\n]*)")
_COLUMNS = re.compile(r"Expected Number of Columns: (?P<expected>\d+) Found: (?P<found>\d+)")

_FAULTS_OF_THE_QUERY = frozenset(
    {"BinderException", "CatalogException", "InternalException", "NotImplementedException", "ParserException"}
)
_QUOTES = "A quote is not closed or stands inside a cell. Double every quote inside a quoted cell."
_UNICODE = "The line is not UTF-8. Save the file as UTF-8, for example: iconv -f latin1 -t utf-8."
_MEMORY = "It does not fit into the memory that DuckDB may take. Allow more with --memory, such as --memory 4GiB."
_LINE_ENDS = "The file mixes line ends, or a quote is not closed. Save it with one kind of line ends."
_FIXES = {"out of memory error": _MEMORY, "state machine": _LINE_ENDS}


def translate_scan_errors(error: Exception) -> DataError:
    """The exception of an engine's scan as an error that names file and line and says what to do.

    Parameters
    ----------
    error
        What DuckDB or Polars raised. Anything else is told in its own words.
    """
    return DataError(csv_problems(error))


@contextmanager
def scan_errors_translated() -> Iterator[None]:
    """Within this context an exception of DuckDB or Polars becomes a `DataError`; others pass unchanged.

    So do DuckDB's complaints about a query itself, which no change of the data could mend.
    """
    try:
        yield
    except Exception as error:
        engine = type(error).__module__.partition(".")[0]
        if engine in ("duckdb", "_duckdb", "polars") and type(error).__name__ not in _FAULTS_OF_THE_QUERY:
            raise translate_scan_errors(error) from error
        if engine in ("psycopg", "sqlite3"):
            fix = f"The database broke off: {' '.join(str(error).split())}. See to it, then run the job again."
            raise DataError(Problem("data set", fix=fix)) from error
        raise


def is_early_type(error: BaseException | None) -> bool:
    """Whether a scan stopped, here or in a cause of ``error``, because the first rows suggested a wrong type."""
    while error is not None:
        if NOT_OF_TYPE in str(error):
            return True
        error = error.__cause__
    return False


def csv_problems(error: Exception, lines: Sequence[tuple[str, int, str, str]] = ()) -> list[Problem]:
    """One problem for each bad line found, or for ``error`` where none was."""
    if lines:
        return [Problem(f"{file}, line {line}", text, fix=_fix(message)) for file, line, text, message in lines]
    message = str(error)
    at_line, at_file = _LINE.search(message), _FILE.search(message)
    where = at_file["file"].strip() if at_file else "data set"
    if at_line is None:
        return [Problem(where, fix=_fix(message))]
    return [Problem(f"{where}, line {at_line['line']}", at_line["text"].strip(), fix=_fix(message))]


def _fix(message: str) -> str:
    columns = _COLUMNS.search(message)
    if columns:
        expected, found = int(columns["expected"]), int(columns["found"])
        if found < expected:
            cells = "1 cell" if found == 1 else f"{found} cells"
            return f"The line has {cells} for {expected} columns; add the missing ones."
        # DuckDB stops counting at the first cell too many.
        return f"The line has more than {expected} cells; put quotes around a cell that holds a comma."
    # What follows repeats the options of the reader, the word quote among them.
    lowered = message.partition("\n  file =")[0].partition("Possible fixes")[0].lower()
    if NOT_OF_TYPE in message:
        column = message.partition(NOT_OF_TYPE)[2].splitlines()[0]
        return f"Column {column!r} has a cell of another type than its first rows. Read with lazy_types=False."
    for words, fix in _FIXES.items():
        if words in lowered:
            return fix
    if "line size" in lowered:
        return "The line is longer than 2 MB; most likely a quote is not closed. Close it, or shorten the cell."
    if "quote" in lowered:
        return _QUOTES
    if "unicode" in lowered or "utf-8" in lowered or "encod" in lowered:
        return _UNICODE
    return f"The data cannot be read: {message.strip().splitlines()[0]}"
