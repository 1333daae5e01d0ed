"""Categories of boosters: their values as the codes that the trees were trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError, did_you_mean
from pellucid.protocols.model import Batch, Model

__all__ = ["categories_of", "coded", "columns_of_categories", "unknown_refused"]

Codes = npt.NDArray[np.float64]

EXACT = 2.0**53
"""Below this a double holds every whole number."""


def coded(batch: Batch, categories: Mapping[str, Sequence[Any]]) -> tuple[Batch, dict[str, list[Any]]]:
    """``batch`` with the position of each value among the categories of its column, and the values that are none.

    We do not leave this to the libraries: XGBoost 3.2 takes a value that it was not trained on for the next one in
    alphabetical order, without a word.

    Parameters
    ----------
    categories
        Known values, in the order of their codes, for each column of categories.

    Returns
    -------
    tuple
        The batch, whose codes are nan for missing and unknown cells, and the unknown values by column.

    Examples
    --------
    >>> jobs = Batch({"job": np.array(["smith", None, "pilot"], dtype=object)})
    >>> batch, unknown = coded(jobs, {"job": ["clerk", "smith"]})
    >>> batch.columns["job"], unknown
    (array([ 1., nan, nan]), {'job': ['pilot']})
    """
    if not categories:
        return batch, {}
    columns: dict[str, npt.NDArray[Any]] = {}
    unknown: dict[str, list[Any]] = {}
    for name in batch.names:
        if name not in categories:
            columns[name] = batch.columns[name]
            continue
        columns[name], others = _coded(batch, name, categories[name])
        if others:
            unknown[name] = sorted(others, key=str)
    return Batch(columns), unknown


def _coded(batch: Batch, name: str, known: Sequence[Any]) -> tuple[Codes, set[Any]]:
    """Codes of a column, and its values that are no categories."""
    few = batch.repeated.get(name)
    if few is None:
        column, keys = batch.columns[name], np.asarray(known)
        return _coded_numbers(column, keys) if _are_comparable(column, keys) else _coded_cells(column.tolist(), known)
    codes, others = _coded_cells(few.cells.tolist(), known)
    if others:
        # Some of the few may be in no row.
        others = _coded_cells(batch.columns[name].tolist(), known)[1]
    return codes.take(few.which), others


def _coded_cells(cells: list[Any], known: Sequence[Any]) -> tuple[Codes, set[Any]]:
    code = {value: float(position) for position, value in enumerate(known)}
    codes = np.array([code.get(cell, np.nan) for cell in cells], dtype=np.float64)
    return codes, {cell for cell in cells if cell is not None and cell == cell} - code.keys()


def _are_comparable(column: npt.NDArray[Any], keys: npt.NDArray[Any]) -> bool:
    """Whether both are numbers that NumPy compares as they are, and not rounded."""
    if not len(keys) or column.dtype.kind not in "if" or keys.dtype.kind not in "if":
        return False
    return column.dtype == keys.dtype or bool((np.abs(keys.astype(np.float64)) < EXACT).all())


def _coded_numbers(column: npt.NDArray[Any], keys: npt.NDArray[Any]) -> tuple[Codes, set[Any]]:
    """The same of numbers, which are found among sorted ones."""
    order = keys.argsort()
    code = order.take(keys.searchsorted(column, sorter=order), mode="clip")
    is_known = keys.take(code) == column
    return np.where(is_known, code, np.nan), set(column[~is_known & (column == column)].tolist())


def columns_of_categories(model: Model, names: Sequence[str]) -> tuple[str, ...]:
    """Those of ``names`` that were columns of categories in training, as far as the model knows.

    Between two of its values there is none, also where they are whole numbers: a mean of them is an unknown category,
    which a model takes for a missing cell or refuses.

    Parameters
    ----------
    names
        Columns that the model is asked with, in order.
    """
    known = {str(name) for name in getattr(model, "categories", ())}
    estimator = getattr(model, "estimator", None)
    marked = getattr(estimator, "is_categorical_", None)  # histogram boosting of scikit-learn
    if marked is not None:
        trained = getattr(estimator, "feature_names_in_", names)
        known |= {str(name) for name, is_category in zip(trained, marked, strict=False) if is_category}
    # LightGBM writes blanks in names as underscores.
    return tuple(name for name in names if name in known or name.replace(" ", "_") in known)


def unknown_refused(unknown: Mapping[str, list[Any]], categories: Mapping[str, Sequence[Any]], model: str) -> None:
    """Raise where columns hold values that were no categories in training.

    Raises
    ------
    ModelError
        There are some; all columns are named.
    """
    if unknown:
        each = (_unknown_in(name, values, categories[name]) for name, values in unknown.items())
        raise ModelError(f"{model}: {' '.join(each)}")


def categories_of(
    batch: Batch, categories: Mapping[str, Sequence[Any]], *, refused_for: str | None = None
) -> dict[str, Any]:
    """The categorical columns of pandas, by name, that a model was trained on.

    Parameters
    ----------
    categories
        Known values, in the order of training, for each column of categories.
    refused_for
        The model that refuses other values; None where they are missing cells.

    Raises
    ------
    ModelError
        Columns hold values that are refused.
    """
    if not categories:
        return {}
    import pandas as pd

    codes, unknown = coded(batch.selected({name: name for name in categories}), categories)
    if refused_for is not None:
        unknown_refused(unknown, categories, refused_for)
    return {
        name: pd.Categorical.from_codes(np.nan_to_num(codes.columns[name], nan=-1).astype(int), list(known))
        for name, known in categories.items()
    }


def _unknown_in(name: str, values: list[Any], known: Sequence[Any], listed: int = 5) -> str:
    found = ", ".join(f"{value!r} ({did_you_mean(value, known).rstrip('.')})" for value in values[:listed])
    more = f" and {len(values) - listed} more" if len(values) > listed else ""
    return f"{name!r} holds categories that it was not trained on: {found}{more}."
