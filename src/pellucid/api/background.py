"""Background rows of the library, their cells of the types that the rows to explain have."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.api.rows import batch_of
from pellucid.errors import ConfigError, DataError, Problem
from pellucid.jobs.explanations.baseline import BASELINE, baseline_rows, shape_problems
from pellucid.protocols.model import Batch
from pellucid.protocols.table import ColumnType

__all__ = ["background_of"]


def background_of(baseline: Any, rows: Batch, *, columns: Sequence[str] | None = None) -> Batch:
    """Rows that show what an absent feature looks like.

    Cells of a table are taken as they are. Those of a file, of lists or of a tuple have no types of their own, or too
    few rows to tell them, and are read as the cells of ``rows`` were: ``007`` stays text where these hold text.

    Parameters
    ----------
    baseline
        As for `pellucid.explain`.
    rows
        The rows to explain.
    columns
        Columns to take of a table.

    Raises
    ------
    ConfigError
        It is no table, has rows of different lengths, or a column of numbers would get text.
    DataError
        It cannot be read, has no row or no column, or is an array of another width than ``rows``.

    Examples
    --------
    >>> people = Batch({"age": np.array([30.0]), "plan": np.array(["b"], dtype=object)})
    >>> {name: column.tolist() for name, column in background_of(["40", 7], people).columns.items()}
    {'age': [40.0], 'plan': ['7']}
    """
    listed = isinstance(baseline, list | tuple)
    if listed:
        _refuse_ragged(baseline, rows.names)
    table = _side_by_side(np.array(baseline, dtype=object) if listed else baseline)
    if columns is None:
        _refuse_other_width(table, rows.names)
    found = batch_of(table, "baseline", columns=columns, known=rows.names)
    from_file = isinstance(baseline, str | os.PathLike)
    types = {name: _type_of(values) for name, values in rows.columns.items()}
    if not (listed or from_file) or set(found.names) != set(rows.names):
        return found
    known = {name: kind for name, kind in types.items() if kind is not None}
    cells = batch_of(baseline, "baseline", columns=columns, as_text=True) if from_file else found
    typed = _typed(cells, known) if known else {}
    return Batch({name: typed.get(name, found.columns[name]) for name in rows.names})


def _refuse_ragged(listed: Sequence[Any], names: Sequence[str]) -> None:
    widths = {len(row) if isinstance(row, list | tuple) else None for row in listed}
    if len(widths) > 1:
        rows = [row if isinstance(row, list | tuple) else [row] for row in listed]
        raise ConfigError(_ours(shape_problems(rows, names)))


def _refuse_other_width(table: Any, names: Sequence[str]) -> None:
    """An array has no names by which its missing or needless columns could be told."""
    if isinstance(table, np.ndarray) and table.ndim == 2 and table.shape[1] not in (0, len(names)):
        fix = f"Give the {len(names)} columns of the rows to explain, in their order."
        raise DataError(Problem("baseline", f"an array of shape {table.shape}", fix=fix))


def _side_by_side(baseline: Any) -> Any:
    """A single row as rows."""
    return baseline[None, :] if isinstance(baseline, np.ndarray) and baseline.ndim == 1 else baseline


def _type_of(column: npt.NDArray[Any]) -> ColumnType | None:
    """What a column holds; None where it holds several kinds of cells, or none at all."""
    if column.dtype.kind in "biuf":
        return "boolean" if column.dtype.kind == "b" else "float" if column.dtype.kind == "f" else "integer"
    kinds = {type(cell) for cell in column.tolist() if cell is not None and cell == cell}
    only = next(iter(kinds)) if len(kinds) == 1 else None
    types: dict[type, ColumnType] = {bool: "boolean", int: "integer", float: "float", str: "text"}
    return types.get(only) if only is not None else None


def _typed(cells: Batch, types: Mapping[str, ColumnType]) -> Mapping[str, npt.NDArray[Any]]:
    rows = list(zip(*(cells.columns[name].tolist() for name in types), strict=True))
    try:
        return baseline_rows(rows, types).columns
    except ConfigError as error:
        raise ConfigError(_ours(error.problems)) from None


def _ours(problems: Iterable[Problem]) -> list[Problem]:
    """Problems of a configuration's key as those of the argument."""
    return [replace(problem, where=problem.where.replace(BASELINE, "baseline")) for problem in problems]
