"""Categories of boosters: their values as the codes that the trees were trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.protocols.model import Batch

__all__ = ["coded"]


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
