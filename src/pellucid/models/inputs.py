"""A batch as the libraries of models want it: a matrix of numbers, a matrix of cells, or a data frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError, did_you_mean, require
from pellucid.protocols.model import Batch

__all__ = ["cells", "frame", "has_text", "in_order_of", "is_text", "matrix", "of_width", "trained_names", "typed"]

_NUMBERS = (int, float, np.number, np.bool_)
_TRUTH_VALUES = {bool, np.bool_}


def is_text(values: npt.NDArray[Any]) -> bool:
    """Whether a column holds anything but numbers; one with nothing but missing cells of no known type does.

    Examples
    --------
    >>> is_text(np.array(["clerk", None], dtype=object)), is_text(np.array([3, None], dtype=object))
    (True, False)
    """
    if values.dtype != object:
        return values.dtype.kind not in "biuf"
    return not _are_numbers(set(map(type, values.tolist())) - {type(None)})


def has_text(batch: Batch) -> bool:
    """Whether any column of ``batch`` is text."""
    if batch.matrix is not None:
        return False
    return any(is_text(_few_or_all(batch, name)) for name in batch.names)


def matrix(batch: Batch, model: str, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Columns of numbers side by side, shape (rows, features), row after row; missing cells are nan.

    A batch that holds them so in this type gives what it holds, which nobody may write into.

    Parameters
    ----------
    model
        Name of the model, for the message.
    dtype
        A floating type.

    Raises
    ------
    ModelError
        Columns hold text.

    Examples
    --------
    >>> matrix(Batch({"age": np.array([30, 40]), "owner": np.array([True, None], dtype=object)}), "credit.onnx")
    array([[30.,  1.],
           [40., nan]])
    """
    if batch.matrix is not None:
        return np.ascontiguousarray(batch.matrix, dtype=dtype)
    _refuse_text(batch, model)
    side_by_side = np.empty((len(batch), len(batch.columns)), dtype=dtype)
    for position, name in enumerate(batch.names):
        side_by_side[:, position] = _of_every_row(batch, name, _numbers(_few_or_all(batch, name)))
    return side_by_side


def cells(batch: Batch, model: str) -> npt.NDArray[Any]:
    """The rows as one array, shape (rows, features): of numbers where there is no text, else of objects.

    The array is nobody else's: a scaler or a function may compute in place.
    """
    if batch.matrix is not None:
        return np.array(batch.matrix, dtype=np.float64, order="C", copy=None if batch.is_disposable else True)
    if not has_text(batch):
        return matrix(batch, model)
    side_by_side = np.empty((len(batch), len(batch.columns)), dtype=object)
    for position, name in enumerate(batch.names):
        side_by_side[:, position] = _of_every_row(batch, name, _as_read(_few_or_all(batch, name)))
    return side_by_side


def frame(batch: Batch, given: Mapping[str, Any] = {}) -> Any:
    """The rows as a pandas data frame with the types that ``pandas.read_csv`` gives.

    Models were fitted on such frames. It matters for missing cells: an encoder that learned nan as a category of its
    own takes None for an unknown one, and gives another score without a word.

    Parameters
    ----------
    given
        Columns that have other types, as arrays of pandas, by name.

    Raises
    ------
    MissingExtra
        pandas is not installed.
    """
    pandas = require("pandas", extra="pandas")
    if batch.matrix is None:
        stored = _type_of_texts(pandas)
        columns = {name: given[name] if name in given else _column(batch, name, stored) for name in batch.names}
        return pandas.DataFrame(columns, copy=False if batch.is_disposable else None)
    types = [values.dtype for values in batch[:0].columns.values()]
    # One column after the other, as in every other frame: sums of products must not depend on where the cells lie.
    numbers = np.array(batch.matrix.T, order="C")
    if set(types) == {numbers.dtype} and not given:
        return pandas.DataFrame(numbers.T, columns=list(batch.names), copy=False)
    typed = (values.astype(kind, copy=False) for values, kind in zip(numbers, types, strict=True))
    return pandas.DataFrame({**dict(zip(batch.names, typed, strict=True)), **given}, copy=False)


def typed(batch: Batch, types: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a batch as arrays of other types of pandas, by name.

    Parameters
    ----------
    types
        Categories that hold every value of their column, and types of moments in time, whose cells are ISO 8601; those
        of other columns have no effect.
    """
    import pandas as pd

    found = {}
    for name in (name for name in batch.names if name in types):
        column, kind = pd.Series(_as_read(_few_or_all(batch, name))), types[name]
        if kind.kind == "M":
            # The hours of a zone lie at two distances from UTC in a year, which are read together as UTC only.
            column = pd.to_datetime(column, format="ISO8601", utc=getattr(kind, "tz", None) is not None)
        array = column.astype(kind).array
        found[name] = _of_every_row(batch, name, array)
    return found


def _column(batch: Batch, name: str, stored: Any) -> Any:
    read = _as_read(_few_or_all(batch, name))
    if name not in batch.repeated or read.dtype != object:
        return _of_every_row(batch, name, read)
    import pandas as pd

    # pandas looks at every text before it stores them in its own way. Of the two ways in which it takes stored ones,
    # the one that may fill gaps is the quicker.
    return pd.array(read, stored).take(batch.repeated[name].which, allow_fill=True)


def _type_of_texts(pandas: Any) -> Any:
    """As pandas types texts, kept as objects: encoders ask for those, and make them anew from any other store."""
    kind = pandas.Series(["text"]).dtype
    if isinstance(kind, pandas.StringDtype):
        return pandas.StringDtype(storage="python", na_value=kind.na_value)
    return kind


def in_order_of(batch: Batch, features: Sequence[str], model: str) -> Batch:
    """The columns of ``batch`` in the order in which the model was trained.

    Raises
    ------
    ModelError
        A feature is missing, or a column is no feature of the model.
    """
    if batch.names == tuple(features):
        return batch
    missing = [repr(name) for name in features if name not in batch.columns]
    unknown = [name for name in batch.names if name not in set(features)]
    if missing or unknown:
        needed = f" It needs {', '.join(missing)}, which the data does not hold." if missing else ""
        others = "".join(f" {name!r} is no feature of it; {did_you_mean(name, features)}" for name in unknown)
        fix = "Name the columns as they were named in training, and leave others out by `excluded_columns`."
        raise ModelError(f"{model}: the columns are not those that the model was trained on.{needed}{others} {fix}")
    return batch.selected({name: name for name in features})


def trained_names(names: Iterable[object] | None) -> tuple[str, ...]:
    """Feature names that were given in training; none where LightGBM made them up.

    Examples
    --------
    >>> trained_names(["age", "job"]), trained_names(["Column_0", "Column_1"]), trained_names(None)
    (('age', 'job'), (), ())
    """
    known = tuple(str(name) for name in names) if names is not None else ()
    return () if known == tuple(f"Column_{position}" for position in range(len(known))) else known


def of_width(batch: Batch, features: int, model: str) -> Batch:
    """``batch`` itself, if it has as many columns as the model has features.

    Raises
    ------
    ModelError
        It has more or fewer.
    """
    if len(batch.names) == features:
        return batch
    found = ", ".join(repr(name) for name in batch.names)
    raise ModelError(
        f"{model}: takes {features} features, and gets {len(batch.names)}: {found}."
        " Leave out columns that are no features by `excluded_columns`."
    )


def _refuse_text(batch: Batch, model: str) -> None:
    texts = []
    for name in batch.names:
        if is_text(_few_or_all(batch, name)):
            values = batch.columns[name]
            example = next((value for value in values.tolist() if isinstance(value, str)), None)
            # A column of which nothing is known but that its cells are missing can be numbers.
            if example is not None or values.dtype != object:
                texts.append(f"{name!r} (such as {example!r})" if example is not None else f"{name!r} ({values.dtype})")
    if texts:
        raise ModelError(
            f"{model}: takes numbers only, and there is text in {', '.join(texts)}."
            " Encode the column as in training, or give a pipeline that holds encoder and model."
        )


def _few_or_all(batch: Batch, name: str) -> npt.NDArray[Any]:
    """The few cells that a column is known by, else all of it."""
    few = batch.repeated.get(name)
    return batch.columns[name] if few is None else few.cells


def _of_every_row(batch: Batch, name: str, made: Any) -> Any:
    """What was made of `_few_or_all`, row by row."""
    few = batch.repeated.get(name)
    return made if few is None else made.take(few.which)


def _numbers(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    # NumPy reads None as nan.
    return values if values.dtype != object else values.astype(np.float64)


def _as_read(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A column as a reader types it: numbers as floats, booleans without gaps as booleans, else objects with nan."""
    if values.dtype != object:
        return values
    cells = values.tolist()
    kinds = set(map(type, cells))
    if kinds <= _TRUTH_VALUES:
        return values.astype(np.bool_)
    present = kinds - {type(None)}
    if _are_numbers(present) and not present & _TRUTH_VALUES:
        return _numbers(values)
    return values if present == kinds else np.array([np.nan if cell is None else cell for cell in cells], dtype=object)


def _are_numbers(kinds: set[type]) -> bool:
    return bool(kinds) and all(issubclass(kind, _NUMBERS) for kind in kinds)
