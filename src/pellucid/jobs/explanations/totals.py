"""What all rows together say: global values with errors, base values, what was asked and what precision that gave."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.aggregate import Aggregation, GlobalValues, aggregate, ranks_with_ties
from pellucid.explain.budget import note
from pellucid.jobs.explanations.shap_job import Explained

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

    def to_clarify(self) -> dict[str, Any]:
        """What stands in ``analysis.json`` under ``kernel_shap``."""
        return {
            label: {
                "global_shap_values": dict(zip(self.features, self.values.value[:, i].tolist(), strict=True)),
                "expected_value": float(self.expected[i]),
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
    """Gathers what rows say; holds 16 bytes per row, feature and output.

    Parameters
    ----------
    precision
        Relative error wanted of each row, if one is.
    """

    estimator: str
    precision: float | None = None
    model_rows: int = 0
    rows: int = 0
    imprecise: int = 0
    _values: list[Floats] = field(default_factory=list)
    _errors: list[Floats] = field(default_factory=list)
    _bases: list[Floats] = field(default_factory=list)
    _blocks: list[npt.NDArray[np.intp]] = field(default_factory=list)
    _common_base: bool = True
    _estimators: Counter[str] = field(default_factory=Counter)
    _asked: Counter[tuple[int, int]] = field(default_factory=Counter)

    def add(self, part: Explained) -> None:
        """Gather some rows."""
        found = part.attributions
        self.rows += len(found.values)
        self.model_rows += found.model_rows
        self._values.append(found.values)
        self._errors.append(found.standard_errors)
        self._bases.append(found.base_values)
        self._blocks.append(found.blocks)
        self._common_base &= part.common_base
        self._estimators.update(found.estimators)
        self._asked.update(zip(part.active.tolist(), found.samples.tolist(), strict=True))
        if self.precision is not None:
            self.imprecise += int((~(found.relative_errors <= self.precision)).any(axis=1).sum())

    def result(
        self, features: tuple[str, ...], labels: tuple[str, ...], aggregation: Aggregation, confidence_level: float
    ) -> ShapResult:
        """The global results of at least one row."""
        values, errors = np.concatenate(self._values), np.concatenate(self._errors)
        bases, blocks = np.concatenate(self._bases), np.concatenate(self._blocks)
        # One feature at a time: aggregation needs several arrays of the size it is given.
        parts = [
            aggregate(
                values[:, i : i + 1],
                errors[:, i : i + 1],
                method=aggregation,
                confidence_level=confidence_level,
                blocks=blocks,
            )
            for i in range(len(features))
        ]
        names = ("value", "corrected", "standard_error", "low", "high")
        samples = [samples for _, samples in self._asked]
        return ShapResult(
            features=features,
            labels=labels,
            aggregation=aggregation,
            values=GlobalValues(*(np.concatenate([getattr(part, name) for part in parts]) for name in names)),
            # The mean of equal numbers may differ from them in the last digit.
            expected=bases[0] if self._common_base else bases.mean(axis=0),
            relative_errors=_relative_errors(values, errors),
            rows=self.rows,
            model_rows=self.model_rows,
            samples=(min(samples), max(samples)),
            estimators=dict(sorted(self._estimators.items())),
            imprecise=self.imprecise,
            note=self._note(),
        )

    def _note(self) -> str:
        """What the numbers of the rows are worth that have the most features for their samples."""
        notes = [
            (players, text)
            for players, samples in self._asked
            if players > 0 and (text := note(players, samples, self.estimator))
        ]
        return max(notes)[1] if notes else ""


def _relative_errors(values: Floats, errors: Floats) -> Floats:
    squares = np.array([(errors[:, :, i] ** 2).sum() for i in range(errors.shape[2])])
    sizes = np.array([(values[:, :, i] ** 2).sum() for i in range(values.shape[2])])
    found = np.divide(squares, sizes, out=np.where(squares > 0, np.inf, squares), where=sizes > 0)
    return np.asarray(np.sqrt(found))
