"""From what a model answers to predicted labels that can be compared with the observed ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.counts import Value
from pellucid.errors import ModelError
from pellucid.protocols.model import Scores

__all__ = ["predicted_labels"]


def predicted_labels(
    scores: Scores,
    *,
    observed: Sequence[Value],
    threshold: float = 0.5,
    label_headers: Sequence[int | str] | None = None,
) -> npt.NDArray[Any]:
    """The predicted label of every row, in the type of the observed labels.

    Labels are taken as they are. Of several scores the class with the largest is predicted. One score is cut by
    ``threshold``: it becomes 1 or 0 where the observed labels are 0 and 1, the model's class or the other one where two
    classes were observed, and stays what it is where labels are numbers (a regression).

    Parameters
    ----------
    scores
        Of one or more rows; nan where a record was skipped, whose label is missing then.
    observed
        The distinct observed labels, missing ones left out.
    threshold
        Scores greater than this are predicted positive.
    label_headers
        Names of the classes, in the order of the scores.

    Returns
    -------
    Shape (rows,): floats, or objects with None for a missing label.

    Raises
    ------
    ModelError
        The classes are not known.

    Examples
    --------
    >>> predicted_labels(Scores(np.array([[0.5], [0.7]])), observed=[0, 1]).tolist()
    [0, 1]
    >>> classes = Scores(np.array([[0.2, 0.8], [0.9, 0.1]]), outputs=["no", "yes"])
    >>> predicted_labels(classes, observed=["no", "yes"]).tolist()
    ['yes', 'no']
    """
    if scores.labels is not None:
        return _in_type_of(observed, scores.labels.tolist())
    if scores.values.shape[1] == 1:
        return _of_one_score(scores, observed, threshold)
    names = label_headers or scores.outputs
    if names is None:
        raise ModelError(
            f"The model gives {scores.values.shape[1]} scores for a row, and their classes are not known. Name the "
            "classes in predictor.label_headers, in the order of the scores."
        )
    best = np.argmax(np.nan_to_num(scores.values, nan=-np.inf), axis=1)
    classes = _objects(names[place] for place in best)
    classes[np.isnan(scores.values).any(axis=1)] = None
    return _in_type_of(observed, classes.tolist())


def _of_one_score(scores: Scores, observed: Sequence[Value], threshold: float) -> npt.NDArray[Any]:
    values = scores.values[:, 0]
    if set(observed) <= {0, 1}:
        cut: list[Value] = [None if value != value else int(value > threshold) for value in values.tolist()]
        return _in_type_of(observed, cut)
    if not any(isinstance(label, str) for label in observed):
        return values
    above, below = _classes(scores.outputs, observed)
    return _objects(None if value != value else above if value > threshold else below for value in values.tolist())


def _classes(outputs: Sequence[str] | None, observed: Sequence[Value]) -> tuple[Value, Value]:
    """The class that the only score speaks of, and the other one."""
    named = outputs[0] if outputs else None
    if named in observed and len(observed) == 2:
        return named, next(label for label in observed if label != named)
    shown = ", ".join(map(repr, observed[:6]))
    raise ModelError(
        f"The model gives one score for a row, and the observed labels are text ({shown}): which of them a high score "
        "means is not known. Have the model give one score per class and name the classes in predictor.label_headers, "
        "or have it give labels and say where in predictor.label."
    )


def _in_type_of(observed: Sequence[Value], labels: Sequence[Any]) -> npt.NDArray[Any]:
    """``labels`` as the observed labels are written, where every one of them can be: ``"1"`` or 1.0 as 1."""
    kinds = {type(label) for label in observed}
    present = [label for label in labels if not _missing(label)]
    for kind, read in ((bool, _boolean), (int, _integer), (float, _float), (str, _text)):
        if kinds == {kind} or (kind is float and kinds == {int, float}):
            converted = [read(label) for label in present]
            if all(label is not None for label in converted):
                filled = iter(converted)
                return _objects(None if _missing(label) else next(filled) for label in labels)
    return _objects(None if _missing(label) else label for label in labels)


def _missing(label: Any) -> bool:
    return label is None or label != label


def _boolean(label: Any) -> bool | None:
    return {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}.get(str(label).lower())


def _integer(label: Any) -> int | None:
    number = _float(label)
    return int(number) if number is not None and number.is_integer() else None


def _float(label: Any) -> float | None:
    try:
        return float(label)
    except (TypeError, ValueError):
        return None


def _text(label: Any) -> str | None:
    return label if isinstance(label, str) else None


def _objects(labels: Any) -> npt.NDArray[Any]:
    listed = list(labels)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array
