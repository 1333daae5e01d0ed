"""Inputs of tables that hold more than numbers: which of a few cells each shows, column by column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.protocols.model import Repeated

__all__ = ["cells_shown", "columns_shown"]

Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.intp]
Column = npt.NDArray[Any]
Places = npt.NDArray[np.unsignedinteger]


def cells_shown(
    present: Booleans, row: Integers, coalition: Integers, copy: Integers, *, rows: int, copies: int
) -> Places:
    """Which cells inputs show of columns that hold those of the rows, followed by those of the background.

    Parameters
    ----------
    present
        Which columns show the explained row, shape (coalitions, columns).
    row
        Row of each coalition, shape (coalitions,).
    coalition, copy
        Coalition and background row of each input, shape (inputs,).
    rows, copies
        Number of rows, and of background rows.

    Returns
    -------
    ndarray
        Shape (columns, inputs), of the smallest type that holds the places.

    Examples
    --------
    >>> present, row = np.array([[True, False]]), np.array([0])
    >>> cells_shown(present, row, np.array([0, 0]), np.array([0, 1]), rows=1, copies=2).tolist()
    [[0, 0], [1, 2]]
    """
    # Small numbers are quickly multiplied and added up, where a choice would be slow.
    small = np.min_scalar_type(rows + copies)
    found: Places = np.array((~present).view(np.uint8).take(coalition, axis=0).T, dtype=small, order="C")
    row_shown = row.astype(small).take(coalition)
    found *= (rows + copy).astype(small) - row_shown
    found += row_shown
    return found


def columns_shown(
    columns: Mapping[str, tuple[Column, Column]], which: Places
) -> dict[str, npt.NDArray[Any] | Repeated]:
    """Columns of inputs; those of texts, and of numbers with gaps, are known by their few cells.

    Parameters
    ----------
    columns
        Cells of the rows and of the background, by name.
    which
        As `cells_shown` gives them.
    """
    found: dict[str, Column | Repeated] = {}
    for (name, pair), places in zip(columns.items(), which, strict=True):
        cells = np.concatenate(pair)
        found[name] = Repeated(cells, places) if _are_alike(cells) else cells.take(places)
    return found


def _are_alike(cells: Column) -> bool:
    """Whether these are objects, all texts or else all numbers, but for missing cells."""
    if cells.dtype.kind != "O":
        return False
    kinds = set(map(type, cells.tolist())) - {type(None)}
    return bool(kinds) and (kinds == {str} or kinds <= {int, float})
