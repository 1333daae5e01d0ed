"""From what a model answers to predicted labels that can be compared with the observed ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pellucid.counts import Value
from pellucid.errors import ModelError, did_you_mean
from pellucid.nouns import counted
from pellucid.protocols.model import Scores
from pellucid.records import dataclass

__all__ = ["LabelRule", "observed_labels"]

LabelType = Literal["boolean", "integer", "float", "text"]

_LISTED = 6
_ARRAYS: Mapping[LabelType, type] = {"boolean": np.bool_, "integer": np.int64, "float": np.float64, "text": object}
_KINDS = {bool: "boolean", int: "integer", float: "float"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRule:
    """How an answer becomes a predicted label of the observed labels' type; equal for all rows of a job.

    Labels are taken as they are. Of several scores the class with the largest is predicted. One score is cut by the
    threshold: it becomes 1 or 0 where the observed labels are 0 and 1, the class that it speaks of or the other one
    where two classes were observed, and stays what it is where labels are amounts (a regression).

    Parameters
    ----------
    type
        Type of the observed labels, in which predicted ones are given.
    observed
        The distinct observed labels; empty where they are amounts.
    threshold
        Scores greater than this are predicted positive.
    label_headers
        Names of the classes in the order of the scores. With one score: the class that it speaks of, alone or behind
        the other one.
    answers_with_labels
        Whether the configuration points at labels in the answer, and at no scores.

    Examples
    --------
    >>> observed_labels(["no", "yes"]).labels(Scores(np.array([[0.2, 0.8], [0.9, 0.1]]), ["no", "yes"])).tolist()
    ['yes', 'no']
    """

    type: LabelType
    observed: tuple[Value, ...] = ()
    threshold: float = 0.5
    label_headers: tuple[int | str, ...] | None = None
    answers_with_labels: bool = False

    @property
    def amounts(self) -> bool:
        """Whether labels are amounts and not classes."""
        return not self.observed

    def labels(self, scores: Scores) -> npt.NDArray[Any]:
        """The predicted label of every row.

        Returns
        -------
        Shape (rows,): numbers with nan (floats) or masked (others) where a record was skipped; text with None there.

        Raises
        ------
        ModelError
            It is not known which classes the scores mean, or a label is of another type than the observed ones.

        Examples
        --------
        >>> observed_labels([0, 1]).labels(Scores(np.array([[0.5], [0.7]]))).tolist()
        [0, 1]
        >>> observed_labels([0, 1]).labels(Scores(np.empty((2, 0)), labels=np.array(["1", "0"]))).tolist()
        [1, 0]
        """
        if scores.labels is not None:
            return self._as_they_are(scores.labels.tolist())
        values = scores.values
        missing: npt.NDArray[np.bool_] = np.isnan(values).sum(axis=1).astype(bool)
        if values.shape[1] > 1:
            classes = self._classes_of(scores)
            return self._chosen(classes, np.argmax(np.where(missing[:, None], 0, values), axis=1), missing)
        if self.amounts:
            return values[:, 0].copy()
        if self._answered_classes(values[~missing, 0]):
            return self._as_they_are(values[:, 0].tolist())
        below_and_above = self._below_and_above(scores.outputs)
        return self._chosen(below_and_above, (values[:, 0] > self.threshold).astype(np.intp), missing)

    def _as_they_are(self, labels: Sequence[Any]) -> npt.NDArray[Any]:
        missing = np.array([_missing(label) for label in labels], dtype=bool)
        known: dict[Any, int] = {}
        pairs = zip(labels, missing.tolist(), strict=True)
        places = [0 if gone else known.setdefault(label, len(known)) for label, gone in pairs]
        self._check_headers(known)
        return self._chosen(list(known), np.array(places, dtype=np.intp), missing)

    def _chosen(
        self, classes: Sequence[Any], places: npt.NDArray[np.intp], missing: npt.NDArray[np.bool_]
    ) -> npt.NDArray[Any]:
        """The class at each place, in the type of the observed labels."""
        kind: LabelType = "float" if self.amounts else self.type
        typed: npt.NDArray[Any] = np.zeros(max(1, len(classes)), dtype=_ARRAYS[kind])
        for place, label in enumerate(classes):
            typed[place] = self._typed(label, kind)
        found = typed[places]
        if kind == "float":
            found[missing] = np.nan
        elif kind == "text":
            found[missing] = None
        elif missing.any():
            return np.ma.masked_array(found, missing)
        return found

    def _typed(self, label: Any, kind: LabelType) -> Any:
        """``label`` as the observed labels are written: ``"1"`` and 1.0 as 1."""
        typed = self._text(label) if kind == "text" else _READ[kind](label)
        if typed is None:
            held = "amounts" if self.amounts else f"{kind} ({_list(self.observed)})"
            raise ModelError(
                f"The model answers the label {label!r}, and the observed labels are {held}: they cannot be compared. "
                "Have the model answer with the labels of the data, or name its classes as the data do in "
                "predictor.label_headers."
            )
        return typed

    def _text(self, label: Any) -> str | None:
        if isinstance(label, str):
            return label
        return next((text for text in _spellings(label) if text in self.observed), None)

    def _classes_of(self, scores: Scores) -> Sequence[Any]:
        """The class of each of several scores."""
        width = scores.values.shape[1]
        names = self.label_headers or scores.outputs
        if names is None:
            raise ModelError(
                f"The model gives {width} scores for a row, and their classes are not known. Name the classes in "
                "predictor.label_headers, in the order of the scores."
            )
        if len(names) != width:
            raise ModelError(
                f"predictor.label_headers: got {counted(len(names), 'name')}, and the model gives {width} scores for a "
                "row. Give one name per score, in the order of the scores."
            )
        if scores.outputs is not None and self.label_headers is not None:
            _refuse_another_order(self.label_headers, scores.outputs)
        return names

    def _below_and_above(self, outputs: Sequence[str] | None) -> tuple[Value, Value]:
        """The labels that a score at or below the threshold, and one above it, stand for."""
        binary = _zero_and_one(self.observed)
        if binary is not None:
            return binary
        headers = self.label_headers
        if headers is not None and len(headers) == 2:
            if outputs and str(outputs[0]) == str(headers[0]):
                _refuse_another_order(headers, (str(headers[1]), str(headers[0])))
            return headers[0], headers[1]
        named = headers[0] if headers else (outputs or (None,))[0]
        above = next((label for label in self.observed if str(named) in _spellings(label)), None)
        if above is not None and len(self.observed) == 2:
            return next(label for label in self.observed if label != above), above
        said = "" if named is None else f" The model calls it {named!r}."
        raise ModelError(
            f"The model gives one score for a row, and the observed labels are {_list(self.observed)}: which of them a "
            f"high score means is not known.{said} Name both in predictor.label_headers, the one that a high score "
            "means last; for an endpoint, that one alone. If labels are amounts, set their column in column_types to "
            "'continuous'."
        )

    def _answered_classes(self, values: npt.NDArray[np.float64]) -> bool:
        """Whether a number is a class itself: Clarify's ``label`` points at it, and classes are other whole numbers."""
        if not self.answers_with_labels or _zero_and_one(self.observed) is not None or self.type == "text":
            return False
        return bool((values == np.floor(values)).all())

    def _check_headers(self, labels: Iterable[Any]) -> None:
        if self.label_headers is None:
            return
        headers = [str(header) for header in self.label_headers]
        strange = [label for label in labels if not _spellings(label) & set(headers)]
        if strange:
            raise ModelError(
                f"predictor.label_headers: the model answers the label {strange[0]!r}, which is not among them; "
                f"{did_you_mean(strange[0], headers)} Add it, or remove the key."
            )


def observed_labels(
    observed: Sequence[Value],
    *,
    continuous: bool = False,
    gaps: bool = False,
    threshold: float = 0.5,
    label_headers: tuple[int | str, ...] | None = None,
    answers_with_labels: bool = False,
) -> LabelRule:
    """The rule for what was observed.

    Parameters
    ----------
    observed
        The distinct labels without missing ones. Of a ``continuous`` label with many, any that are not 0 and 1 do.
    continuous
        Whether the label counts as continuous.
    gaps
        Whether some labels are missing, which makes floats of whole numbers to Clarify's reader.

    Examples
    --------
    >>> observed_labels([2.5, 3.5], continuous=True).amounts, observed_labels([0.0, 1.0], continuous=True).amounts
    (True, False)
    """
    kinds = {type(label) for label in observed}
    found = _KINDS.get(kinds.pop(), "text") if len(kinds) == 1 else "float" if kinds == {int, float} else "text"
    label_type: LabelType = "float" if found == "integer" and gaps else found  # type: ignore[assignment]
    amounts = continuous and found in ("integer", "float") and not set(observed) <= {0, 1}
    return LabelRule(
        type=label_type,
        observed=() if amounts else tuple(observed),
        threshold=threshold,
        label_headers=label_headers,
        answers_with_labels=answers_with_labels,
    )


def _zero_and_one(observed: Sequence[Value]) -> tuple[Value, Value] | None:
    """The negative and the positive label where the observed ones are 0 and 1, of any type."""
    if set(observed) <= {0, 1}:
        return 0, 1
    return ("0", "1") if set(observed) <= {"0", "1"} else None


def _refuse_another_order(headers: Sequence[int | str], outputs: Sequence[str]) -> None:
    names = [str(header) for header in headers]
    known = [str(output) for output in outputs]
    if names != known and sorted(names) == sorted(known):
        raise ModelError(
            f"predictor.label_headers: got {names}, and the model knows its scores as {known}. Put the names in the "
            "order of the scores, or remove the key."
        )


def _missing(label: Any) -> bool:
    return label is None or label != label


def _boolean(label: Any) -> bool | None:
    return {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}.get(str(label).lower())


def _integer(label: Any) -> int | None:
    if isinstance(label, int | str):
        with suppress(ValueError):
            return int(label)  # a double would round those beyond 2**53
    number = _float(label)
    return int(number) if number is not None and number.is_integer() else None


def _float(label: Any) -> float | None:
    try:
        number = float(label)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


_READ: Mapping[str, Callable[[Any], bool | int | float | None]] = {
    "boolean": _boolean,
    "integer": _integer,
    "float": _float,
}


def _spellings(label: Any) -> set[str]:
    """How a label may be written: 1.0 as 1 too."""
    return {str(label)} | ({str(int(label))} if isinstance(label, float) and label.is_integer() else set())


def _list(labels: Sequence[Value]) -> str:
    shown = ", ".join(map(repr, sorted(labels, key=str)[:_LISTED]))
    return f"{shown} and {len(labels) - _LISTED} more" if len(labels) > _LISTED else shown
