"""Categories of boosters: their values as the codes that the trees were trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError, did_you_mean
from pellucid.protocols.model import Batch, Model

__all__ = ["categories_of", "coded", "columns_of_categories", "unknown_refused"]


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
        codes = {value: float(code) for code, value in enumerate(categories[name])}
        few = batch.repeated.get(name)
        present = (batch.columns[name] if few is None else few.texts).tolist()
        of_present = np.array([codes.get(value, np.nan) for value in present], dtype=np.float64)
        columns[name] = of_present if few is None else of_present.take(few.which)
        others = _beside(codes, present)
        if others and few is not None:
            # Some of the texts may be in no row.
            others = _beside(codes, batch.columns[name].tolist())
        if others:
            unknown[name] = sorted(others, key=str)
    return Batch(columns), unknown


def _beside(codes: Mapping[Any, float], cells: list[Any]) -> set[Any]:
    """Cells, none of them missing, that are no categories."""
    return {cell for cell in cells if cell is not None and cell == cell} - codes.keys()


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
