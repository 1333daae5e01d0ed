"""Given baselines: rows that show what the absence of a feature looks like, in the types of the data set's columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, Problem
from pellucid.protocols.model import Batch
from pellucid.protocols.table import ColumnType

__all__ = ["BASELINE", "baseline_rows", "shape_problems"]

BASELINE = "methods.shap.baseline"

_TRUTHS = {"true": True, "false": False}
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


def shape_problems(rows: Sequence[Any], features: Sequence[str]) -> list[Problem]:
    """Rows given in place whose number of cells is not that of the features.

    >>> [str(problem) for problem in shape_problems([(1, 2), (1,)], ["age", "sex"])]
    ["methods.shap.baseline[1]: got [1]. Give 2 cells, one per feature of the model, in this order: 'age', 'sex'."]
    """
    shown = ", ".join(map(repr, features[:12])) + (f" and {len(features) - 12} more" if len(features) > 12 else "")
    fix = f"Give {len(features)} cells, one per feature of the model, in this order: {shown}."
    return [
        Problem(f"{BASELINE}[{i}]", list(row), fix=fix)
        for i, row in enumerate(rows)
        if isinstance(row, tuple | list) and len(row) != len(features)
    ]


def baseline_rows(rows: Sequence[Sequence[Any]], types: Mapping[str, ColumnType]) -> Batch:
    """Rows of a baseline in the types of the data set's columns.

    Cells are read as a CSV file's would be: numbers in a text column become text, and the text of a number or truth
    value becomes one in a column of these, where an empty text is a missing cell. That is None, or nan among floats.

    Parameters
    ----------
    rows
        Cells in the order of ``types``, at least one row.
    types
        Types of the model's features, in order.

    Raises
    ------
    ConfigError
        A row has too few or too many cells, or a column of numbers would get text; all of them are named.

    Examples
    --------
    >>> rows = baseline_rows([["40", 7], ["", "b"]], {"age": "float", "plan": "text"})
    >>> {name: column.tolist() for name, column in rows.columns.items()}
    {'age': [40.0, nan], 'plan': ['7', 'b']}
    """
    problems = shape_problems(rows, list(types))
    if not rows:
        problems.append(Problem(BASELINE, [], fix="Give at least one row."))
    if problems:
        raise ConfigError(problems)
    columns = {}
    for place, (name, kind) in enumerate(types.items()):
        cells = [_read(row[place], kind) for row in rows]
        cells = [None if isinstance(cell, float) and cell != cell else cell for cell in cells]
        problems += _faults(name, kind, cells)
        if not problems:
            columns[name] = _column(cells, kind)
    if problems:
        raise ConfigError(problems)
    return Batch(columns)


def _read(cell: Any, kind: ColumnType) -> Any:
    """A text in a column of numbers or truth values as what it stands for; as it is where that is neither."""
    if not isinstance(cell, str) or kind in ("text", "category"):
        return cell
    text = cell.strip().lower()
    if kind == "boolean" and text in _TRUTHS:
        return _TRUTHS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        return cell if "_" in text else float(text)
    except ValueError:
        return None if text == "" else cell


def _faults(name: str, kind: ColumnType, cells: Sequence[Any]) -> list[Problem]:
    if kind in ("text", "category"):
        return []
    wanted = "0, 1 or null" if kind == "boolean" else "a number or null"
    return [
        Problem(f"{BASELINE}[{i}]", cell, fix=f"Column {name!r} holds {kind} values. Use {wanted}.")
        for i, cell in enumerate(cells)
        if cell is not None and (cell not in (0, 1) if kind == "boolean" else isinstance(cell, str))
    ]


def _column(cells: Sequence[Any], kind: ColumnType) -> npt.NDArray[Any]:
    missing = any(cell is None for cell in cells)
    if kind in ("text", "category"):
        return _objects([None if cell is None else str(cell) for cell in cells])
    if kind == "boolean":
        truths = [None if cell is None else bool(cell) for cell in cells]
        return _objects(truths) if missing else np.array(truths, dtype=bool)
    whole = all(cell is None or (isinstance(cell, int) and -(2**63) <= cell < 2**63) for cell in cells)
    if kind == "integer" and whole:
        return _objects(cells) if missing else np.array(cells, dtype=np.int64)
    return np.array([np.nan if cell is None else float(cell) for cell in cells])


def _objects(cells: Sequence[Any]) -> npt.NDArray[Any]:
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column
