"""Categorical or continuous: how Clarify decides, from the column and the values given for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pellucid.counts import ByThreshold, Cube, Value, ratio
from pellucid.protocols.table import ColumnType
from pellucid.records import dataclass

__all__ = ["UNIQUENESS_THRESHOLD", "ColumnProfile", "Kind", "decide", "profile", "whole_number"]

Kind = Literal["categorical", "continuous"]

UNIQUENESS_THRESHOLD = 0.05
"""Share of distinct values among the present ones from which a column of integers is continuous."""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What the data-type rule looks at.

    Parameters
    ----------
    type
        Type of the column. Integers with missing values are floats here, as they are to Clarify's reader.
    distinct
        Number of distinct values present; None where it was not needed and so not counted.
    present, missing
        Number of rows with and without a value.
    whole_numbers
        Whether every row of a text column holds a whole number.
    """

    column: str
    type: ColumnType
    distinct: int | None
    present: int
    missing: int
    whole_numbers: bool = False

    @property
    def holds_whole_numbers(self) -> bool:
        """Whether the column is one of integers once Clarify has read its text as numbers."""
        return self.type == "integer" or self.whole_numbers


def whole_number(text: str) -> int | None:
    """The integer that ``text`` spells, else None.

    >>> whole_number(" 12 "), whole_number("1.0"), whole_number("F")
    (12, None, None)
    """
    try:
        return int(text)
    except ValueError:
        return None


def profile(cube: Cube, column: str, column_type: ColumnType, distinct: int | None = None) -> ColumnProfile:
    """Profile of a column that ``cube`` counts; ``distinct`` is given where the cube counts sides of a threshold."""
    totals = cube.totals(column)
    missing = totals.get(None, 0)
    values = [value for value in totals if value is not None]
    if not isinstance(cube.dimension(column).key, ByThreshold):
        distinct = len(values)
    return ColumnProfile(
        column=column,
        type="float" if column_type == "integer" and missing else column_type,
        distinct=distinct,
        present=sum(totals.values()) - missing,
        missing=missing,
        whole_numbers=bool(values)
        and not missing
        and all(isinstance(value, str) and whole_number(value) is not None for value in values),
    )


def decide(column: ColumnProfile, values: Sequence[Value]) -> Kind:
    """The rule of Clarify: floats are continuous, whole numbers when at least 5 % of them are distinct.

    Two or more given values, a category type, booleans and other text make the column categorical.

    >>> decide(ColumnProfile("age", "integer", distinct=60, present=1200, missing=0), [40])
    'continuous'
    >>> decide(ColumnProfile("sex", "integer", distinct=2, present=41, missing=0), [0])
    'categorical'
    """
    if column.type == "category" or len(values) > 1:
        return "categorical"
    if column.type == "float":
        return "continuous"
    if column.type == "integer" or (column.type == "text" and column.whole_numbers):
        return "continuous" if ratio(column.distinct or 0, column.present) >= UNIQUENESS_THRESHOLD else "categorical"
    return "categorical"
