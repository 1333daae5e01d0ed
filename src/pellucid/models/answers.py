"""What a library answered, as scores: one finite row for every row asked, or an error that says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError, PellucidError
from pellucid.protocols.model import Scores

__all__ = ["class_scores", "labels_of", "library_errors", "read_answer", "scores_of"]

ROWS_IN_CACHE = 8_192
_LONGEST_REASON = 600


@contextmanager
def library_errors(model: str, doing: str) -> Iterator[None]:
    """Turn whatever a library or the user's code raises into a `ModelError` that names the model.

    The original stays attached as its cause.
    """
    try:
        yield
    except (PellucidError, MemoryError):
        raise
    except SystemExit as error:
        fix = "Code that ends the process belongs under if __name__ == '__main__'."
        raise ModelError(f"{model}: {doing} called sys.exit({error.code!r}). {fix}") from error
    except Exception as error:
        # XGBoost appends a stack trace of its C++ code.
        reason = str(error).partition("Stack trace:")[0].strip()[:_LONGEST_REASON] or "no reason given"
        raise ModelError(f"{model}: {doing} failed with {type(error).__name__}: {reason}") from error


def scores_of(answer: Any, rows: int, model: str, outputs: Sequence[str] | None = None) -> Scores:
    """Scores of shape (rows,) or (rows, outputs), checked.

    Raises
    ------
    ModelError
        They are not numbers, not one for every row, or not finite.

    Examples
    --------
    >>> scores_of([0.25, 0.75], rows=2, model="credit").values
    array([[0.25],
           [0.75]])
    """
    return Scores(_finite(answer, rows, model).astype(np.float64, copy=False), outputs=outputs)


def _finite(answer: Any, rows: int, model: str) -> npt.NDArray[np.floating[Any]]:
    """The answer as an array of shape (rows, outputs), in the precision in which it was given."""
    try:
        values = np.asarray(answer)
        values = values if values.dtype.kind == "f" else values.astype(np.float64)
    except (TypeError, ValueError):
        raise ModelError(
            f"{model}: answers {type(answer).__name__} that is not an array of numbers."
            " It should give scores of shape (rows,) or (rows, outputs)."
        ) from None
    _one_for_every_row(values.shape, rows, model)
    values = values.reshape(rows, -1) if rows else values.reshape(0, *values.shape[1:] or (1,))
    finite = np.isfinite(values)
    if not finite.all():
        broken = np.flatnonzero(~finite.all(axis=1))
        score = ", ".join(str(value) for value in values[broken[0]])
        raise ModelError(
            f"{model}: gives {broken.size} of {rows} rows a score that is no number; the first is row {broken[0]} of"
            f" the batch, counted from 0, with {score}. Missing cells are the usual cause: fill them first, or"
            " leave such rows out."
        )
    return values


def labels_of(answer: Any, rows: int, model: str) -> Scores:
    """Predicted labels of shape (rows,), without scores.

    Raises
    ------
    ModelError
        There is not one label for every row, or one is missing.
    """
    labels = np.asarray(answer)
    _one_for_every_row(labels.shape, rows, model, wanted="labels of shape (rows,)", dimensions=1)
    missing = [position for position, label in enumerate(labels.tolist()) if label is None or label != label]
    if missing:
        raise ModelError(
            f"{model}: gives {len(missing)} of {rows} rows no label; the first is row {missing[0]} of the batch,"
            " counted from 0. It should give a label for every row."
        )
    return Scores(np.empty((rows, 0)), labels=labels)


def class_scores(
    probabilities: Any, classes: Sequence[Any] | None, rows: int, model: str, *, disposable: bool = False
) -> Scores:
    """Scores of a classifier: of two classes the probability of the second, of more the probability of each.

    Parameters
    ----------
    probabilities
        Shape (rows, classes).
    classes
        Names of the classes, in the order of the columns; None if the model does not tell.
    disposable
        Whether ``probabilities`` are nobody else's, so that scores may take their memory.

    Examples
    --------
    >>> class_scores([[0.75, 0.25], [0.5, 0.5]], ["no", "yes"], rows=2, model="credit")
    Scores(values=array([[0.25],
           [0.5 ]]), outputs=('yes',), labels=None)
    """
    values = _finite(probabilities, rows, model)
    width = values.shape[1]
    if classes is not None and len(classes) != width:
        raise ModelError(
            f"{model}: gives {width} probabilities for {len(classes)} classes. Probabilities are one a class."
        )
    names = None if classes is None else tuple(str(name) for name in classes)
    if width == 2:
        names = names and names[1:]
        if disposable and values.dtype == np.float32 and values.flags.c_contiguous and values.flags.writeable:
            return Scores(_second_in_place(values), outputs=names)
        values = values[:, 1:]
    return Scores(values.astype(np.float64, copy=False), outputs=names)


def _second_in_place(pairs: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """The second of each pair of float32, shape (rows, 1), in the eight bytes of the pair.

    Touching as much new memory takes longer than a small model takes to predict.
    """
    widened = pairs.view(np.float64)
    narrow, wide = pairs[:, 1], widened[:, 0]
    # NumPy first copies what it reads where that overlaps with what it writes; so many rows of it stay in the cache.
    for start in range(0, len(pairs), ROWS_IN_CACHE):
        wide[start : start + ROWS_IN_CACHE] = narrow[start : start + ROWS_IN_CACHE]
    return widened


def read_answer(answer: Any, rows: int, model: str) -> Scores:
    """What a Python function returned: text is labels, everything else scores; a frame names its outputs."""
    columns = getattr(answer, "columns", None)
    names = None if columns is None else tuple(columns)
    named = names is not None and all(isinstance(name, str) for name in names)
    array = _with_gaps(np.asarray(answer), answer)
    if array.dtype.kind in "US" or (array.dtype == object and any(isinstance(cell, str) for cell in array.flat)):
        return labels_of(array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array, rows, model)
    return scores_of(answer, rows, model, outputs=names if named else None)


def _with_gaps(array: npt.NDArray[Any], answer: Any) -> npt.NDArray[Any]:
    """``array``, with None where NumPy made the text "nan" of a missing label in a list of texts."""
    if array.dtype.kind not in "US" or isinstance(answer, np.ndarray):
        return array
    cells = np.asarray(answer, dtype=object)
    missing = np.asarray(cells != cells, dtype=bool)
    if not missing.any():
        return array
    cells[missing] = None
    return cells


def _one_for_every_row(
    shape: tuple[int, ...],
    rows: int,
    model: str,
    wanted: str = "scores of shape (rows,) or (rows, outputs)",
    dimensions: int = 2,
) -> None:
    if 1 <= len(shape) <= dimensions and shape[0] == rows:
        return
    raise ModelError(f"{model}: answers an array of shape {shape} for {rows} rows. It should give {wanted}.")
