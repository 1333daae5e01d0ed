"""Categories of boosters: their values as the codes that the trees were trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError, did_you_mean
from pellucid.protocols.model import Batch, Model

__all__ = ["coded", "columns_of_categories", "unknown_refused", "with_categories"]


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
    for name, values in batch.columns.items():
        if name not in categories:
            columns[name] = values
            continue
        codes = {value: float(code) for code, value in enumerate(categories[name])}
        present = values.tolist()
        columns[name] = np.array([codes.get(value, np.nan) for value in present], dtype=np.float64)
        others = {value for value in present if value is not None and value == value} - codes.keys()
        if others:
            unknown[name] = sorted(others, key=str)
    return Batch(columns), unknown


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


def with_categories(
    frame: Any, batch: Batch, categories: Mapping[str, Sequence[Any]], *, refused_for: str | None = None
) -> Any:
    """A pandas frame of ``batch`` with the categorical columns that its model was trained on.

    Parameters
    ----------
    frame
        The same cells, by the same names.
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
        return frame
    import pandas as pd

    codes, unknown = coded(Batch({name: batch.columns[name] for name in categories}), categories)
    if refused_for is not None:
        unknown_refused(unknown, categories, refused_for)
    typed = {
        name: pd.Categorical.from_codes(np.nan_to_num(codes.columns[name], nan=-1).astype(int), list(known))
        for name, known in categories.items()
    }
    return frame.assign(**typed)


def _unknown_in(name: str, values: list[Any], known: Sequence[Any], listed: int = 5) -> str:
    found = ", ".join(f"{value!r} ({did_you_mean(value, known).rstrip('.')})" for value in values[:listed])
    more = f" and {len(values) - listed} more" if len(values) > listed else ""
    return f"{name!r} holds categories that it was not trained on: {found}{more}."
