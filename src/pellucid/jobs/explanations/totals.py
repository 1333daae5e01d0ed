"""What all rows together say: global values with errors, base values, what was asked and what precision that gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.aggregate import Aggregation, GlobalValues, aggregate_pieces, ranks_with_ties
from pellucid.explain.budget import few_samples
from pellucid.explain.local_rows import LocalRows
from pellucid.explain.repeated_answers import RepeatedAnswers
from pellucid.jobs.explanations.shap_job import Explained
from pellucid.jobs.explanations.spilled_rows import SpilledRows
from pellucid.records import dataclass

__all__ = ["ShapResult", "Totals"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShapResult:
    """Global results of Kernel SHAP.

    Parameters
    ----------
    features, labels
        Names of the explained features and of the outputs.
    values
        Shape (features, outputs).
    expected
        Mean value of the empty coalition, shape (outputs,).
    relative_errors
        Root of all summed squared standard errors over that of the values, shape (outputs,); nan where not known.
    rows, model_rows
        Rows explained; rows that the model was asked for.
    samples
        Least and most coalitions of a row.
    estimators
        Rows by estimator.
    imprecise
        Rows that did not reach the wanted precision.
    note
        What numbers of so few samples are worth; empty where the samples are enough.
    top_text
        Words with the largest values, by label and column of text.
    answers_apart
        Largest difference of two answers of the model to the same question, as far as any was asked twice; 0 for none.
    """

    features: tuple[str, ...]
    labels: tuple[str, ...]
    aggregation: Aggregation
    values: GlobalValues
    expected: Floats
    relative_errors: Floats
    rows: int
    model_rows: int
    samples: tuple[int, int]
    estimators: dict[str, int]
    imprecise: int
    note: str
    top_text: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    answers_apart: float = 0.0

    def to_clarify(self) -> dict[str, Any]:
        """What stands in ``analysis.json`` under ``kernel_shap``."""
        return {
            label: {
                "global_shap_values": dict(zip(self.features, self.values.value[:, i].tolist(), strict=True)),
                "expected_value": float(self.expected[i]),
                **({"global_top_shap_text": self.top_text[label]} if label in self.top_text else {}),
            }
            for i, label in enumerate(self.labels)
        }

    def to_details(self) -> dict[str, Any]:
        """What stands in ``pellucid.json``: how the values were found, and how sure each is."""
        return {
            "rows": self.rows,
            "aggregation": self.aggregation,
            "estimators": self.estimators,
            "samples_per_row": list(self.samples),
            "model_rows": self.model_rows,
            **({"repeated_answer_difference": self.answers_apart} if self.answers_apart else {}),
            "labels": {label: self._of_label(i) for i, label in enumerate(self.labels)},
        }

    def _of_label(self, label: int) -> dict[str, Any]:
        order, tied = ranks_with_ties(self.values, label)
        return {
            "relative_standard_error": _known(self.relative_errors[label]),
            "features": {name: self._of_feature(i, label) for i, name in enumerate(self.features)},
            "ranking": [
                {"feature": self.features[place], "tied_with_next": bool(is_tied)}
                for place, is_tied in zip(order.tolist(), tied.tolist(), strict=True)
            ],
        }

    def _of_feature(self, feature: int, label: int) -> dict[str, Any]:
        found = self.values
        error = _known(found.standard_error[feature, label])
        interval = None if error is None else [float(found.low[feature, label]), float(found.high[feature, label])]
        return {
            "value": float(found.value[feature, label]),
            "corrected": float(found.corrected[feature, label]),
            "standard_error": error,
            "interval": interval,
        }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


@dataclass(slots=True, eq=False)
class Totals:
    """Gathers what rows say. A context manager: rows beyond some megabytes wait in a file, never in memory.

    Parameters
    ----------
    aggregation
        From local values to global ones.
    precision
        Relative error wanted of each row, if one is.
    folder
        Where that file is made; see `SpilledRows`.
    """

    estimator: str
    aggregation: Aggregation
    precision: float | None = None
    folder: Path | None = None
    model_rows: int = 0
    rows: int = 0
    imprecise: int = 0
    _spilled: SpilledRows = field(init=False)
    _first_base: Floats | None = None
    _common_base: bool = True
    _answers: RepeatedAnswers = field(default_factory=RepeatedAnswers)
    _estimators: Counter[str] = field(default_factory=Counter)
    _asked: Counter[tuple[int, int, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._spilled = SpilledRows(self.aggregation, self.folder)

    def __enter__(self) -> Totals:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spilled.__exit__(kind, error, trace)

    def add(self, part: Explained) -> None:
        """Gather some rows, which follow those before.

        Raises
        ------
        DataError
            The disk is full.
        """
        found = part.attributions
        self.rows += len(found.values)
        self.model_rows += found.model_rows
        self._spilled.add(found)
        self._first_base = found.base_values[0].copy() if self._first_base is None else self._first_base
        self._common_base &= part.common_base
        if part.common_base:
            self._answers.add(found)
        self._estimators.update(found.estimators)
        self._asked.update(zip(part.active.tolist(), found.samples.tolist(), found.estimators, strict=True))
        if self.precision is not None:
            self.imprecise += int((~(found.relative_errors <= self.precision)).any(axis=1).sum())

    def result(self, features: tuple[str, ...], labels: tuple[str, ...], confidence_level: float) -> ShapResult:
        """The global results of at least one row; how the rows came changes no bit of them."""
        pieces = self._spilled.pieces
        samples = [samples for _, samples, _ in self._asked]
        return ShapResult(
            features=features,
            labels=labels,
            aggregation=self.aggregation,
            values=aggregate_pieces(pieces, self.rows, method=self.aggregation, confidence_level=confidence_level),
            expected=self._expected(),
            relative_errors=_relative_errors(pieces(), self._spilled.outputs),
            rows=self.rows,
            model_rows=self.model_rows,
            samples=(min(samples), max(samples)),
            estimators=dict(sorted(self._estimators.items())),
            imprecise=self.imprecise,
            note=few_samples(self._asked, self.estimator, self.precision),
            answers_apart=self._answers.difference,
        )

    def _expected(self) -> Floats:
        # The mean of equal numbers may differ from them in the last digit.
        if self._common_base and self._first_base is not None:
            return self._first_base
        sums = (part.sum(axis=0) for part in self._spilled.base_values())
        return np.asarray(sum(sums, start=np.zeros(self._spilled.outputs)) / self.rows)


def _relative_errors(pieces: Iterable[LocalRows], outputs: int) -> Floats:
    squares, sizes = np.zeros(outputs), np.zeros(outputs)
    for part in pieces:
        squares += (part.errors**2).sum(axis=(0, 1))
        sizes += (part.values**2).sum(axis=(0, 1))
    found = np.divide(squares, sizes, out=np.where(squares > 0, np.inf, squares), where=sizes > 0)
    return np.asarray(np.sqrt(found))
