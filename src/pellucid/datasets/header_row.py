"""Whether the first row of a CSV file names the columns, and what the columns are called."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from pellucid.errors import DataError, Problem

__all__ = ["MISSING", "generated_names", "is_number", "names_columns", "refuse_equal_names"]

MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"}
    | {"N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}
)
"""Cells that stand for a missing value: the list of pandas' reader, which is Clarify's."""

_NUMBER = re.compile(
    r"\s*[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf(inity)?)\s*", re.ASCII | re.IGNORECASE
)


def is_number(cell: str) -> bool:
    """Whether ``cell`` reads as a number.

    Examples
    --------
    >>> [is_number(cell) for cell in ("12", " -1.5e3", ".5", "inf", "1_000", "0x10", "", "sex")]
    [True, True, True, True, False, False, False, False]
    """
    return _NUMBER.fullmatch(cell) is not None


def names_columns(first: Sequence[str], later: Sequence[Sequence[str]], expected: Collection[str] = ()) -> bool:
    """Whether ``first`` is a header row, given some ``later`` rows and the column names that are ``expected``.

    It is one if its cells are distinct and not missing (the very first may be empty, as it is above a row index),
    and either none of them is a number while a later cell of some column is, or an expected name is among them. A name
    of digits may be a cell of a data row by chance, so it counts only where the numbers of the row count up by one, as
    those of frames without names and years do.

    Examples
    --------
    >>> names_columns(["age", "sex"], [["39", "Male"]])
    True
    >>> names_columns(["Male", "White"], [["Female", "Black"]])
    False
    >>> names_columns(["sex", "race"], [["Female", "Black"]], expected=["sex"])
    True
    >>> names_columns(["0", "1", "2"], [["5", "1", "7"]], expected=["1"])
    True
    >>> names_columns(["5", "1", "7"], [["4", "0", "7"]], expected=["1"])
    False
    """
    cells = [cell.strip() for cell in first]
    if len(set(cells)) < len(cells) or any(cell in MISSING for cell in cells[1:]) or cells == [""]:
        return False
    numbers = [cell for cell in cells if is_number(cell)]
    if any(cell in expected and (cell not in numbers or _count_up(numbers)) for cell in cells):
        return True
    if numbers:
        return False
    return any(is_number(cell) for row in later for cell in row)


def _count_up(numbers: Sequence[str]) -> bool:
    """Whether numbers are whole and each is one more than the one before."""
    if not all(cell.isdecimal() for cell in numbers):
        return False
    return [int(cell) for cell in numbers] == list(range(int(numbers[0]), int(numbers[0]) + len(numbers)))


def generated_names(count: int) -> tuple[str, ...]:
    """Names of ``count`` columns that have none: ``column_0``, ``column_1``, ..."""
    return tuple(f"column_{index}" for index in range(count))


def refuse_equal_names(columns: Sequence[str], where: str) -> None:
    """Raise where two columns have one name, or names that differ only in upper and lower case."""
    seen: dict[str, str] = {}
    problems = []
    for name in columns:
        other = seen.get(name.lower())
        if other is not None:
            how = "twice" if other == name else f"beside {other!r}, which differs only in case"
            problems.append(Problem(where, name, fix=f"The column name stands there {how}. Rename one of the two."))
        seen[name.lower()] = name
    if problems:
        raise DataError(problems)
