"""From which column of the data each column is made that a scikit-learn pipeline shows its last step.

Steps are known by name and read by their fitted, public attributes: a step that is not known may mix columns, and then
a value would stand beside the wrong feature though everything adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["source_columns"]

Integers = npt.NDArray[np.intp]

ONE_BY_ONE = {"MaxAbsScaler", "MinMaxScaler", "PowerTransformer", "QuantileTransformer", "RobustScaler"}
ONE_BY_ONE |= {"StandardScaler", "OrdinalEncoder", "Binarizer"}
"""Steps of scikit-learn that turn each column into one column by itself."""


def source_columns(step: Any, width: int) -> Integers | str:
    """Position of the column that each output of a fitted step is made of, or the step that may mix them.

    Parameters
    ----------
    step
        A transformer, a pipeline or column transformer of some, or ``passthrough``.
    width
        Columns that it gets.

    Returns
    -------
    numpy.ndarray or str
        Shape (outputs,), each in [0, width); the name of a step that is not known to keep columns apart.

    Examples
    --------
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> encoder = OneHotEncoder().fit([["a", "x"], ["b", "y"], ["c", "y"]])
    >>> source_columns(encoder, 2).tolist()
    [0, 0, 0, 1, 1]
    """
    every = np.arange(width)
    if step is None or (isinstance(step, str) and step == "passthrough"):
        return every
    kind = type(step)
    name = kind.__name__
    if kind.__module__.partition(".")[0] != "sklearn":
        return name
    if name in ONE_BY_ONE or _is_elementwise(step, name) or _is_plain_imputer(step, name):
        return every
    match name:
        case "OneHotEncoder":
            return np.repeat(every, _categories_shown(step))
        case "Pipeline":
            return _through([inner for _, inner in step.steps], every)
        case "ColumnTransformer":
            return _side_by_side(step, width)
    return name


def _through(steps: Sequence[Any], sources: Integers) -> Integers | str:
    for step in steps:
        found = source_columns(step, len(sources))
        if isinstance(found, str):
            return found
        sources = sources[found]
    return sources


def _side_by_side(transformer: Any, width: int) -> Integers | str:
    shown = transformer.output_indices_
    sources = np.full(max((part.stop for part in shown.values()), default=0), -1)
    for name, step, columns in transformer.transformers_:
        if isinstance(step, str) and step == "drop":
            continue
        given = _positions(columns, transformer, width)
        found = source_columns(step, len(given)) if len(given) else given
        if isinstance(found, str):
            return found
        part = shown[name]
        if part.stop - part.start != len(found):
            return type(step).__name__
        sources[part] = given[found]
    return sources


def _positions(columns: Any, transformer: Any, width: int) -> Integers:
    """Positions of the columns that a part of a column transformer gets, which may be given in five ways."""
    chosen = [columns] if isinstance(columns, str) else columns
    names = {name: position for position, name in enumerate(getattr(transformer, "feature_names_in_", ()))}
    every = np.arange(width)
    if isinstance(chosen, slice):
        first = names.get(chosen.start, chosen.start)
        # A slice of names holds its last one.
        last = names[chosen.stop] + 1 if isinstance(chosen.stop, str) else chosen.stop
        return every[first : last : chosen.step]
    listed = [names.get(column, column) for column in np.atleast_1d(np.asarray(chosen, dtype=object)).tolist()]
    chosen_columns: Integers = every[np.array(listed, dtype=bool if _are_flags(listed) else np.intp)]
    return chosen_columns


def _are_flags(listed: Sequence[Any]) -> bool:
    return bool(listed) and all(isinstance(one, bool | np.bool_) for one in listed)


def _categories_shown(encoder: Any) -> list[int]:
    """Columns that a one-hot encoder makes of each column: rare categories share one, and one may be dropped."""
    shown = [len(categories) for categories in encoder.categories_]
    for column, rare in enumerate(getattr(encoder, "infrequent_categories_", [])):
        shown[column] -= len(rare) - 1 if rare is not None else 0
    dropped = encoder.drop_idx_
    if dropped is not None:
        shown = [number - (one is not None) for number, one in zip(shown, dropped, strict=True)]
    return shown


def _is_elementwise(step: Any, name: str) -> bool:
    return name == "FunctionTransformer" and (
        step.func is None or (isinstance(step.func, np.ufunc) and (step.func.nin, step.func.nout) == (1, 1))
    )


def _is_plain_imputer(step: Any, name: str) -> bool:
    """An imputer that neither adds columns that tell what was missing nor leaves out those without any value."""
    if name != "SimpleImputer" or step.add_indicator:
        return False
    empty = [isinstance(value, float) and value != value for value in step.statistics_.tolist()]
    return step.keep_empty_features or not any(empty)
