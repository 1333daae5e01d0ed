"""Types of CSV cells as pandas' reader decides them: integer, float, boolean, else text.

DuckDB's own types are not asked: as an integer it reads ``1.5`` (as 2), ``1_000`` and ``0x10``, as a boolean ``yes``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from pellucid.datasets.header_row import MISSING, is_number
from pellucid.datasets.sql import identifier, literal

__all__ = [
    "NOT_OF_TYPE",
    "CellType",
    "checked",
    "counts_of",
    "may_be_other_than_text",
    "type_by_counts",
    "type_by_sample",
]

CellType = Literal["BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR"]

NOT_OF_TYPE = "pellucid: a cell is not of the type of the first rows; column "
"""Begins the message that a scan stops with where a later cell contradicts the type that the first rows have."""

_INTEGER = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_INTEGER_SQL = r"'\s*[+-]?[0-9]+\s*'"
_BOOLEANS = ("true", "false")
_NANS = ("nan", "+nan", "-nan")
_INT64 = 1 << 63
SURELY_INT64 = 18
"""Digits of a number that has 64 bits at most, whatever they are."""


def type_by_sample(cells: Sequence[str]) -> CellType | None:
    """Type that a column with these first cells most likely has; None where they are all missing.

    ``"VARCHAR"`` is certain, whatever follows.

    Examples
    --------
    >>> type_by_sample(["39", " 50"]), type_by_sample(["39", "NA"]), type_by_sample(["True", "1"]), type_by_sample([""])
    ('BIGINT', 'DOUBLE', 'VARCHAR', None)
    """
    distinct = set(cells)  # equal cells read as the same type, so each needs a look only once
    present = [cell for cell in distinct if cell not in MISSING]
    if not present:
        return None
    integers = len(present) if _are_digits(present) else sum(_is_integer(cell) for cell in present)
    numbers = integers if integers == len(present) else sum(_reads_as_number(cell) for cell in present)
    booleans = 0 if numbers else sum(cell.lower() in _BOOLEANS for cell in present)
    return type_by_counts(len(distinct), len(present), integers, numbers, booleans)


def may_be_other_than_text(cells: Sequence[str]) -> bool:
    """Whether the type of a column with these first cells is still open."""
    return type_by_sample(cells) != "VARCHAR"


def _are_digits(cells: Sequence[str]) -> bool:
    """Whether the cells are integers, and so plainly written that one look at all of them tells it."""
    together = "".join(cells)
    return together.isascii() and together.isdigit() and "" not in cells and max(map(len, cells)) <= SURELY_INT64


def _is_integer(cell: str) -> bool:
    return _INTEGER.fullmatch(cell) is not None and -_INT64 <= int(cell) < _INT64


def _reads_as_number(cell: str) -> bool:
    # Whole numbers beyond 64 bits are identifiers rather than amounts; as floats, different ones would become equal.
    if _INTEGER.fullmatch(cell):
        return _is_integer(cell)
    return is_number(cell) or cell.strip().lower() in _NANS


def type_by_counts(rows: int, present: int, integers: int, numbers: int, booleans: int) -> CellType:
    """Type of a column by the number of its cells that are present, and of those that read as each type.

    An integer column with a missing cell is float, and so is a column of missing cells only.

    Examples
    --------
    >>> type_by_counts(3, 3, 3, 3, 0), type_by_counts(3, 2, 2, 2, 0), type_by_counts(3, 3, 2, 2, 0)
    ('BIGINT', 'DOUBLE', 'VARCHAR')
    """
    if present == integers:
        return "BIGINT" if present == rows and rows else "DOUBLE"
    if present == numbers:
        return "DOUBLE"
    return "BOOLEAN" if present == booleans else "VARCHAR"


def counts_of(name: str) -> str:
    """SQL for the four counts that `type_by_counts` takes beside the number of rows."""
    cell = identifier(name)
    tests = (f"coalesce({_integer(cell)}, false)", _number(cell), f"lower({cell}) IN {_BOOLEANS}")
    return ", ".join([f"count({cell})", *(f"count_if({test})" for test in tests)])


def checked(name: str, cell_type: CellType) -> str:
    """SQL that turns the text of a cell into ``cell_type``, and stops the scan at a cell that is not of it."""
    cell = identifier(name)
    stop = f"error({literal(NOT_OF_TYPE + name)})"
    if cell_type == "BIGINT":
        return f"CASE WHEN {_integer(cell)} THEN TRY_CAST({cell} AS BIGINT) ELSE {stop} END AS {cell}"
    if cell_type == "DOUBLE":
        number = f"nullif(TRY_CAST({cell} AS DOUBLE), 'nan'::DOUBLE)"
        return f"CASE WHEN {cell} IS NULL THEN NULL WHEN {_number(cell)} THEN {number} ELSE {stop} END AS {cell}"
    if cell_type == "BOOLEAN":
        true, false = (f"lower({cell}) = {literal(text)}" for text in _BOOLEANS)
        known = f"WHEN {cell} IS NULL THEN NULL WHEN {true} THEN true WHEN {false} THEN false"
        return f"CASE {known} ELSE {stop} END AS {cell}"
    return cell


def _integer(cell: str) -> str:
    # Most integers are written as DuckDB writes them; the pattern is asked only for the rest (" 39", "007", "+5").
    return (
        f"CASE WHEN CAST(TRY_CAST({cell} AS BIGINT) AS VARCHAR) = {cell} THEN true "
        f"ELSE TRY_CAST({cell} AS BIGINT) IS NOT NULL AND regexp_full_match({cell}, {_INTEGER_SQL}) END"
    )


def _number(cell: str) -> str:
    number = f"TRY_CAST({cell} AS DOUBLE)"
    whole = f"regexp_full_match({cell}, {_INTEGER_SQL})"
    huge = f"abs({number}) >= {_INT64} AND TRY_CAST({cell} AS BIGINT) IS NULL AND {whole}"
    return f"CASE WHEN {number} IS NULL OR contains({cell}, '_') THEN false ELSE NOT ({huge}) END"
