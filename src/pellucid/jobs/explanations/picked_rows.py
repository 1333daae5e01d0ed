"""Single rows kept for the report: a sample for charts of all rows, and the rows whose prediction is most telling.

Rows are picked while they are explained, so that what is held does not grow with their number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.game import Link
from pellucid.jobs.explanations.shap_job import Explained
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = ["KINDS", "PickedRows"]

Floats = npt.NDArray[np.float64]

SAMPLED_ROWS, SAMPLED_FEATURES, OUTPUTS = 400, 20, 6
"""At most so many rows, features and outputs are kept for charts."""

KINDS = ("highest", "lowest", "closest_to_threshold")

LONGEST_CELL = 200
"""Characters of a cell that are kept."""

DIGITS = 6
"""Significant digits of the sample, which is only drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """One row that was explained; arrays are of shape (players, outputs) and (outputs,)."""

    position: int
    cells: dict[str, Any]
    values: Floats
    errors: Floats
    base: Floats
    prediction: Floats


@dataclass(slots=True, eq=False)
class PickedRows:
    """Gathers single rows.

    Parameters
    ----------
    total
        Number of rows that will be explained.
    seed
        Of the sample.
    players
        Columns of every explained feature, by the feature's name.
    threshold
        Scores greater than this are predicted positive.
    """

    total: int
    seed: int
    players: Mapping[str, Sequence[str]]
    link: Link
    threshold: float
    _seen: int = 0
    _chosen: npt.NDArray[np.intp] | None = None
    _sample: list[_Row] = field(default_factory=list)
    _extremes: dict[tuple[str, int], tuple[float, _Row]] = field(default_factory=dict)

    def add(self, part: Explained) -> None:
        """Look at some rows, which follow those before."""
        if self._chosen is None:
            drawn = np.random.default_rng([self.seed, self.total]).permutation(self.total)[:SAMPLED_ROWS]
            self._chosen = np.sort(drawn)
        inside = self._chosen[(self._chosen >= self._seen) & (self._chosen < self._seen + len(part.rows))]
        self._sample += self._rows(part, inside - self._seen)
        predictions = part.attributions.predictions
        for output in range(min(predictions.shape[1], OUTPUTS)):
            distances = self._distances(predictions[:, output])
            for kind, found in zip(KINDS, distances, strict=True):
                place = int(np.argmin(found))
                known = self._extremes.get((kind, output))
                if known is None or found[place] < known[0]:
                    (row,) = self._rows(part, np.array([place]))
                    self._extremes[kind, output] = float(found[place]), row
        self._seen += len(part.rows)

    def to_details(self, labels: Sequence[str], importance: Floats) -> dict[str, Any]:
        """What stands in ``pellucid.json`` under ``sample`` and ``single_rows``.

        Parameters
        ----------
        labels
            Names of the outputs.
        importance
            Global values, shape (players, outputs): the sample keeps the features of those that are largest in size, as
            medians may be below 0.
        """
        names = list(self.players)
        ranked = np.argsort(-np.abs(importance).max(axis=1), kind="stable")[:SAMPLED_FEATURES].tolist()
        return {
            "sample": {
                "seed": self.seed,
                "rows": [row.position for row in self._sample],
                "cells": {names[i]: [row.cells[names[i]] for row in self._sample] for i in ranked},
                "attributions": {
                    label: {names[i]: [_short(row.values[i, output]) for row in self._sample] for i in ranked}
                    for output, label in enumerate(labels[:OUTPUTS])
                },
            },
            "single_rows": {
                label: [self._telling(kind, output) for kind in KINDS if (kind, output) in self._extremes]
                for output, label in enumerate(labels[:OUTPUTS])
            },
        }

    def _distances(self, predictions: Floats) -> tuple[Floats, Floats, Floats]:
        """How far every row is from being the highest, the lowest, the closest to the threshold; least is best."""
        threshold = self.threshold
        if self.link == "logit" and 0 < threshold < 1:
            threshold = math.log(threshold / (1 - threshold))
        return -predictions, predictions, np.abs(predictions - threshold)

    def _rows(self, part: Explained, places: npt.NDArray[np.intp]) -> list[_Row]:
        found, rows = part.attributions, part.rows[places]
        cells = {name: _cells(rows, columns) for name, columns in self.players.items()}
        return [
            _Row(
                position=self._seen + place,
                cells={name: of_player[i] for name, of_player in cells.items()},
                values=found.values[place].copy(),
                errors=found.standard_errors[place].copy(),
                base=found.base_values[place].copy(),
                prediction=found.predictions[place].copy(),
            )
            for i, place in enumerate(places.tolist())
        ]

    def _telling(self, kind: str, output: int) -> dict[str, Any]:
        _, row = self._extremes[kind, output]
        errors = row.errors[:, output]
        return {
            "kind": kind,
            "row": row.position,
            "prediction": float(row.prediction[output]),
            "base_value": float(row.base[output]),
            "features": {
                name: {
                    "cell": row.cells[name],
                    "attribution": float(row.values[i, output]),
                    "standard_error": float(errors[i]) if np.isfinite(errors[i]) else None,
                }
                for i, name in enumerate(self.players)
            },
        }


def _cells(rows: Batch, columns: Sequence[str]) -> list[Any]:
    """The cells of a feature; of a feature of several columns, all of a row as one text."""
    cells = [[_plain(cell) for cell in rows.columns[column].tolist()] for column in columns]
    if len(columns) == 1:
        return cells[0]
    return [
        _clipped(", ".join(f"{column} = {cell}" for column, cell in zip(columns, row, strict=True)))
        for row in zip(*cells, strict=True)
    ]


def _plain(cell: Any) -> Any:
    if cell is None or cell != cell:
        return None
    if isinstance(cell, bool | int):
        return cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else str(cell)
    return _clipped(str(cell))


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
