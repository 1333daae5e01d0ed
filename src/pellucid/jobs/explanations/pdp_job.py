"""Partial dependence over all rows of a data set, some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.config.bias_request import ColumnType as GivenType
from pellucid.errors import InputError
from pellucid.explain.partial_dependence import Grid, categorical_grid, numeric_grid, partial_dependence
from pellucid.jobs.explanations.clusters import FEW_VALUES, is_numeric
from pellucid.jobs.explanations.rows import pieces_of
from pellucid.jobs.explanations.totals import ShapResult
from pellucid.protocols.model import Batch

__all__ = ["FREE_TEXT", "PdpUnit", "Plot", "grid_of", "pdp_units", "plots", "summed_unit", "top_features"]

Floats = npt.NDArray[np.float64]

FREE_TEXT = "Detected data type is not supported for PDP. PDP can only be computed for numerical or categorical columns"
"""Clarify's words."""
ROWS_AT_ONCE = 16_384
"""Rows of a unit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plot:
    """Partial dependence on one feature.

    Parameters
    ----------
    kind
        ``numerical``, ``categorical`` or ``free_text``.
    grid
        The points; None where there are none to take.
    predictions
        Shape (outputs, points).
    error
        Why there is no plot.
    """

    feature: str
    kind: str
    grid: Grid | None = None
    predictions: Floats | None = None
    error: str = ""

    def to_clarify(self, labels: Sequence[str]) -> dict[str, Any]:
        """The entry of ``analysis.json``."""
        entry: dict[str, Any] = {"feature_name": self.feature, "data_type": self.kind}
        if self.grid is None or self.predictions is None:
            return {**entry, "error": self.error}
        return {
            **entry,
            "feature_values": self.grid.values.tolist(),
            "data_distribution": self.grid.distribution.tolist(),
            "model_predictions": self.predictions.tolist(),
            "label_headers": list(labels),
        }


def top_features(result: ShapResult, players: Mapping[str, Sequence[str]], top: int) -> tuple[str, ...]:
    """The columns of largest global value, summed over the outputs; a group stands for its columns."""
    summed = result.values.value.sum(axis=1)
    ranked = [result.features[i] for i in np.argsort(-summed, kind="stable")]
    return tuple(column for feature in ranked for column in players[feature])[:top]


def grid_of(feature: str, column: npt.NDArray[Any], resolution: int, given: GivenType | None = None) -> Plot:
    """The points of a feature, not yet predicted.

    Floats are numerical; whole numbers and text are categorical where less than 5 % of the values are distinct, else
    whole numbers are numerical and text is free; truth values are categorical.

    Parameters
    ----------
    column
        All its cells, shape (rows,).
    given
        Its type, where it is given and not guessed.
    """
    if is_numeric(column, given):
        try:
            return Plot(feature=feature, kind="numerical", grid=numeric_grid(column, resolution, name=feature))
        except InputError as error:
            return Plot(feature=feature, kind="numerical", error=str(error))
    present = [cell for cell in column.tolist() if cell is not None and cell == cell]
    if not present:
        return Plot(feature=feature, kind="categorical", error=f"{feature}: The column holds no value.")
    text = any(isinstance(cell, str) for cell in present)
    if text and given is None and len(set(present)) >= FEW_VALUES * len(present):
        return Plot(feature=feature, kind="free_text", error=FREE_TEXT)
    return Plot(feature=feature, kind="categorical", grid=categorical_grid(column))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PdpUnit:
    """Consecutive rows, of which all points of all plots are asked in one go, wherever that happens.

    Parameters
    ----------
    number
        Units are numbered from 0.
    rows
        The model's features.
    grids
        The points by feature.
    """

    number: int
    rows: Batch
    grids: Mapping[str, Grid]


def pdp_units(empty: Sequence[Plot], batches: Iterable[Batch]) -> Iterator[PdpUnit]:
    """All rows in units; none where there is nothing to plot.

    Parameters
    ----------
    empty
        Plots as `grid_of` makes them.
    batches
        All rows of the model's features.
    """
    grids = {plot.feature: plot.grid for plot in empty if plot.grid is not None}
    for number, rows in enumerate(pieces_of(batches, ROWS_AT_ONCE) if grids else ()):
        yield PdpUnit(number=number, rows=rows, grids=grids)


def summed_unit(unit: PdpUnit, score: Callable[[Batch], Floats]) -> dict[str, Floats]:
    """Predictions summed over the rows of a unit, by feature, shape (outputs, points).

    Parameters
    ----------
    score
        Scores of a batch, shape (inputs, outputs).

    Raises
    ------
    ModelError
        The model does not answer with finite scores.
    """
    return {
        feature: partial_dependence(unit.rows, feature, grid, score).predictions * len(unit.rows)
        for feature, grid in unit.grids.items()
    }


def plots(empty: Sequence[Plot], sums: Iterable[Mapping[str, Floats]], rows: int) -> list[Plot]:
    """The plots with their predictions: means over all rows.

    Parameters
    ----------
    empty
        Plots as `grid_of` makes them.
    sums
        What `summed_unit` found for every unit, in order.
    rows
        Number of all rows.
    """
    total: dict[str, Floats] = {}
    for found in sums:
        for feature, values in found.items():
            total[feature] = total[feature] + values if feature in total else values
    return [
        Plot(feature=plot.feature, kind=plot.kind, grid=plot.grid, predictions=total[plot.feature] / rows)
        if plot.feature in total
        else plot
        for plot in empty
    ]
