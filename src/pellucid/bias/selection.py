"""Which rows the given values or the given threshold select, as Clarify selects and prints them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pellucid.bias.kinds import ColumnProfile, Kind, whole_number
from pellucid.counts import ByThreshold, Dimension, Value
from pellucid.errors import AnalysisError
from pellucid.protocols.table import Above, AnyOf, ColumnType, Selection, Table
from pellucid.records import dataclass

__all__ = ["Chosen", "above_whole_part", "by_threshold", "by_values", "threshold_of", "truth_value"]

NO_THRESHOLD = "Threshold values must be provided for continuous features"
NOT_CONVERTED = (
    "'label' has not positive elements. Double-check if 'label' and 'positive_label_values'"
    "have correct data-types or values."
)
THRESHOLD_NOT_NUMERIC = "Facet/label value provided must be a single numeric threshold for continuous data"


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The rows that form a group, or that are positive.

    Parameters
    ----------
    printed
        Value or threshold as Clarify prints it: ``F``, ``1,2``, ``(40, 75]``, or nothing for an empty interval.
    kind
        What the column was taken for.
    cells
        Which values of the column's dimension are chosen, shape (values,).
    selection
        The same choice for rows: those selected, or with ``negated`` all others.
    unseen
        Given values that no row has.
    cut
        What each given value was compared as, where fractions were cut to whole numbers; else nothing.
    """

    printed: str
    kind: Kind
    cells: npt.NDArray[np.bool_]
    selection: Selection
    unseen: tuple[Value, ...] = ()
    negated: bool = False
    cut: tuple[Value, ...] = ()

    @property
    def compared(self) -> str:
        """As ``printed``, but with whole numbers in the place of fractions that were cut."""
        return ",".join(map(_printed, self.cut)) or self.printed

    def rows(self, table: Table) -> npt.NDArray[np.bool_]:
        """Which rows of ``table`` are chosen, shape (rows,)."""
        mask = table.mask(self.selection)
        return ~mask if self.negated else mask


def by_values(column: ColumnProfile, dimension: Dimension, values: Sequence[Value]) -> Chosen:
    """Rows whose cell equals one of ``values``; if no row does, the values are converted to the column's type first.

    Raises
    ------
    AnalysisError
        The values cannot be converted to the type of the column.
    """
    wanted = list(values)
    if not any(_equal(value, cell) for value in values for cell in dimension.values):
        cells = _cell_type(column, dimension)
        wanted = list(values) if _is_of(cells, values[0]) else [_converted(value, cells, column) for value in values]
    chosen = [cell for cell in dimension.values if any(_equal(value, cell) for value in wanted)]
    unseen = [
        given
        for given, value in zip(values, wanted, strict=True)
        if not any(_equal(value, cell) for cell in dimension.values)
    ]
    return Chosen(
        printed=",".join(_printed(value) for value in values),
        kind="categorical",
        cells=np.array([cell in chosen and cell is not None for cell in dimension.values], dtype=bool),
        selection=AnyOf(column.column, tuple(chosen)),
        unseen=tuple(unseen),
        cut=tuple(wanted) if any(map(_is_cut, values, wanted)) else (),
    )


def by_threshold(
    column: ColumnProfile, dimension: Dimension, values: Sequence[Value], *, above: float | None = None
) -> Chosen:
    """Rows above the threshold, up to the largest value of the column.

    Parameters
    ----------
    above
        Compare with this number in the place of the threshold given; the printed interval stays that of the threshold.

    Raises
    ------
    AnalysisError
        There is no threshold, or it is not a number.
    """
    threshold = threshold_of(values, column.column)
    numbers = [_number(value) for value in dimension.values]
    compared = threshold if above is None else above
    if isinstance(dimension.key, ByThreshold):
        cells = [value == 1 for value in dimension.values]
        largest = None if dimension.extremes is None else dimension.extremes[1]
    else:
        cells = [number is not None and number > compared for number in numbers]
        largest = max((number for number in numbers if number is not None), default=None)
    if column.type == "float" and largest is not None:
        largest = float(largest)
    return Chosen(
        printed=_interval(threshold, largest),
        kind="continuous",
        cells=np.array(cells, dtype=bool),
        selection=_rows_above(column, dimension, cells, compared),
    )


def threshold_of(values: Sequence[Value], column: str) -> float:
    """The single numeric threshold among ``values``; text that spells a number becomes a float.

    Parameters
    ----------
    column
        What it is for, named in errors.

    Raises
    ------
    AnalysisError
        There is no threshold, or it is not a number.
    """
    if not values:
        fix = f"Give one threshold for {column!r}, or declare the column categorical in column_types."
        raise AnalysisError(NO_THRESHOLD, fix)
    value = values[0]
    if isinstance(value, int | float):
        return value
    try:
        return float(value if value is not None else "")
    except ValueError:
        fix = f"{column!r} was read as continuous, and {value!r} is not a number; give a number, or declare the column "
        fix += "categorical in column_types."
        raise AnalysisError(THRESHOLD_NOT_NUMERIC, fix) from None


def truth_value(text: str) -> bool | None:
    """The truth value that ``text`` spells, else None.

    >>> truth_value(" True"), truth_value("false"), truth_value("yes")
    (True, False, None)
    """
    return {"true": True, "false": False}.get(text.strip().casefold())


def above_whole_part(threshold: float) -> float:
    """The bound above which a float lies exactly if its whole part lies above ``threshold``.

    Clarify cuts predictions to whole numbers where the labels are whole numbers.

    >>> [number > above_whole_part(30) for number in (30.9, 31.0)]
    [False, True]
    """
    first_whole = math.floor(threshold) + 1
    return math.nextafter(first_whole, -math.inf) if first_whole >= 1 else first_whole - 1


def _rows_above(column: ColumnProfile, dimension: Dimension, cells: Sequence[bool], threshold: float) -> Selection:
    if column.type == "text":  # engines do not compare text with a number; the chosen texts are known
        return AnyOf(column.column, tuple(value for value, cell in zip(dimension.values, cells, strict=True) if cell))
    return Above(column.column, threshold)


def _number(value: Value) -> float | None:
    return whole_number(value) if isinstance(value, str) else value


def _interval(threshold: float, largest: float | None) -> str:
    """The interval between threshold and largest value; empty where Clarify leaves the largest value out."""
    if largest is None or abs(largest) == threshold:
        return ""
    low, high = sorted([threshold, largest])
    if any(isinstance(end, float) for end in (low, high)):
        low, high = float(low), float(high)
    return f"({low}, {high}]"


def _equal(value: Value, cell: Value) -> bool:
    """Whether Clarify finds them equal: a number equals a truth value only once it has become one itself."""
    if value is None or cell is None or (isinstance(cell, bool) and not isinstance(value, bool)):
        return False
    return value == cell


def _is_cut(given: Value, compared: Value) -> bool:
    return isinstance(given, float) and type(compared) is int and given != compared


def _printed(value: Value) -> str:
    return "nan" if value is None else str(value)


def _cell_type(column: ColumnProfile, dimension: Dimension) -> ColumnType:
    """The type of the column's cells; of a category, and of the objects of pandas, that of its values."""
    if column.type not in ("category", "text"):
        return column.type
    cell = next((value for value in dimension.values if value is not None), None)
    if isinstance(cell, bool):
        return "boolean"
    if isinstance(cell, int):
        return "integer"
    return "float" if isinstance(cell, float) else "text"


def _is_of(cells: ColumnType, value: Value) -> bool:
    """Whether ``value`` has the type of the cells already; Clarify then converts no value at all."""
    match cells:
        case "text":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case _:  # Clarify's numbers are NumPy's, and no given number is one of those
            return False


def _converted(value: Value, cells: ColumnType, column: ColumnProfile) -> Value:
    """``value`` in the type of the cells, where Python's own conversion to that type goes."""
    if value is None:
        return None
    try:
        match cells:
            case "boolean":
                return truth_value(value) if isinstance(value, str) else bool(value)
            case "integer":
                whole = whole_number(value) if isinstance(value, str) else int(value)
                return float(value) if whole is None else whole
            case "float":
                return float(value)
            case _:
                return str(value)
    except ValueError:
        fix = f"Column {column.column!r} holds numbers; give the values as they stand in the data."
        said = f"could not convert string to float: {value!r}" if cells == "integer" else NOT_CONVERTED
        raise AnalysisError(said, fix) from None
