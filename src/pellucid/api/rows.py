"""Rows that a user holds, in whatever form, as the batch that a model is asked with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, DataError, Problem, did_you_mean
from pellucid.protocols.model import Batch

__all__ = ["batch_of", "library_of"]

FORMS = "Give a data frame, a NumPy array of shape (rows, columns), an Arrow table, a DuckDB relation or a file's path."


def batch_of(
    rows: Any,
    where: str,
    *,
    columns: Sequence[str] | None = None,
    known: Sequence[str] = (),
    as_text: bool = False,
) -> Batch:
    """All of ``rows`` in memory, cells as they are.

    Parameters
    ----------
    rows
        A pandas or Polars frame, an Arrow table, a DuckDB relation, an Ibis or PySpark table, the path of a file, or a
        NumPy array of shape (rows, columns).
    where
        The argument, for messages.
    columns
        Columns to take, in order; None for all.
    known
        Names for the columns of an array of as many; else they are ``column_0``, ``column_1``, ...
    as_text
        Whether the cells of a CSV or JSON file stay the text that they are.

    Raises
    ------
    ConfigError
        It is none of these, or has no such column.
    DataError
        There is no row, or no column.

    Examples
    --------
    >>> batch = batch_of(np.array([[1, "cook"], [2, None]], dtype=object), "data")
    >>> {name: column.tolist() for name, column in batch.columns.items()}
    {'column_0': [1, 2], 'column_1': ['cook', None]}
    """
    batch = _of_array(rows, where, known) if isinstance(rows, np.ndarray) else _of_table(rows, where, columns, as_text)
    if columns is not None:
        _check_columns(columns, batch.names)
        batch = Batch({name: batch.columns[name] for name in columns})
    if not batch.names:
        raise DataError(Problem(where, fix="There is no column. Give at least one."))
    if not len(batch):
        raise DataError(Problem(where, fix="There is no row. Give at least one."))
    return batch


def library_of(rows: Any) -> str | None:
    """The data frame library that ``rows`` come from, if it can make a table of results."""
    from pellucid.results.tables import LIBRARIES

    module = type(rows).__module__.partition(".")[0]
    return module if module in LIBRARIES else None


def _check_columns(columns: Sequence[str], names: Sequence[str]) -> None:
    problems = [
        Problem("columns", name, fix=f"Use a column of the rows; {did_you_mean(name, names)}")
        for name in columns
        if name not in names
    ]
    repeated = [name for name in dict.fromkeys(columns) if list(columns).count(name) > 1]
    problems += [Problem("columns", name, fix="Name each column once.") for name in repeated]
    if problems:
        raise ConfigError(problems)


def _instead(rows: Any) -> str:
    """What else to do with what is no table."""
    if type(rows).__name__ == "Series":
        return " A single row of a frame is frame.iloc[[0]], a single column frame[['age']]."
    is_text = isinstance(rows, list) and bool(rows) and all(isinstance(cell, str) for cell in rows)
    return " Texts are explained by pellucid.explain_text." if is_text else ""


def _of_table(rows: Any, where: str, columns: Sequence[str] | None, as_text: bool) -> Batch:
    from narwhals.exceptions import DuplicateError

    from pellucid.api.library import table_of

    table = table_of(_with_text_names(rows), as_text=as_text)
    try:
        names = list(table.columns)
    except TypeError:
        raise ConfigError(Problem(where, type(rows).__name__, fix=f"{FORMS}{_instead(rows)}")) from None
    except DuplicateError as error:
        repeated = str(error).replace("\n", " ")
        raise DataError(Problem(where, fix=f"{repeated}. Give every column a name of its own.")) from None
    if columns is not None:
        _check_columns(columns, names)
        names = list(columns)
    parts = list(table.batches(names)) if names else []
    nothing = np.empty(0, dtype=object)
    return Batch({name: np.concatenate([part.columns[name] for part in parts]) if parts else nothing for name in names})


def _with_text_names(rows: Any) -> Any:
    """A pandas frame made of an array has numbers for names, which no file could have."""
    if type(rows).__module__.partition(".")[0] != "pandas" or not hasattr(rows, "columns"):
        return rows
    if all(isinstance(name, str) for name in rows.columns):
        return rows
    return rows.set_axis([str(name) for name in rows.columns], axis=1)


def _of_array(rows: npt.NDArray[Any], where: str, known: Sequence[str]) -> Batch:
    from pellucid.engines.cells import whole_numbers

    if rows.ndim != 2:
        fix = "Give an array of shape (rows, columns); a single row is array[None, :]."
        if rows.ndim == 1 and rows.dtype.kind in "OU" and isinstance(rows[:1].item() if len(rows) else None, str):
            fix += " Texts are explained by pellucid.explain_text."
        raise ConfigError(Problem(where, f"an array of shape {rows.shape}", fix=fix))
    width = rows.shape[1]
    names = known if len(known) == width else [f"column_{place}" for place in range(width)]
    if rows.dtype.kind in "iu":
        return Batch.of_matrix(names, np.array(whole_numbers(rows), order="C"))
    if rows.dtype.kind in "bf":
        own = np.float64 if rows.dtype.kind == "f" and rows.dtype != np.float32 else rows.dtype
        # A copy, because results that keep rows must not change when the user's array does.
        return Batch.of_matrix(names, np.array(rows, dtype=own, order="C"))
    return Batch({name: _typed(rows[:, place]) for place, name in enumerate(names)})


def _typed(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A column of objects or texts as a `Batch` holds it."""
    from pellucid.engines.cells import plain

    cells = [plain(cell) for cell in column.tolist()]
    types = {type(cell) for cell in cells}
    if types == {bool}:
        return np.array(cells, dtype=np.bool_)
    if types == {int}:
        try:
            return np.array(cells, dtype=np.int64)
        except OverflowError:
            return np.array(cells, dtype=np.float64)
    if float in types and types <= {int, float, type(None)}:
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    objects = np.empty(len(cells), dtype=object)
    objects[:] = cells
    return objects
