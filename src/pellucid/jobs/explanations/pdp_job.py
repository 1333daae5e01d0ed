"""Partial dependence and accumulated local effects over all rows of a data set, some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.config.bias_request import ColumnType as GivenType
from pellucid.critical_value import critical_value
from pellucid.errors import InputError
from pellucid.explain.accumulated_effects import (
    AccumulatedEffects,
    EffectGrid,
    LocalEffects,
    accumulated,
    effect_grid_of_pieces,
    local_effects,
)
from pellucid.explain.partial_dependence import Grid, partial_dependence
from pellucid.jobs.explanations.feature_points import categorical_points, numeric_points, summary_of
from pellucid.jobs.explanations.rows import pieces_of
from pellucid.jobs.explanations.totals import ShapResult
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = [
    "FREE_TEXT",
    "PdpUnit",
    "Plot",
    "Predicted",
    "grid_of",
    "pdp_units",
    "plots",
    "shown_rows",
    "summed_unit",
    "top_features",
]

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
    effect_grid
        Intervals of the accumulated effects, if these are asked for.
    curves
        Predictions of single rows, shape (rows, outputs, points).
    effects
        Accumulated local effects.
    """

    feature: str
    kind: str
    grid: Grid | None = None
    predictions: Floats | None = None
    error: str = ""
    effect_grid: EffectGrid | None = None
    curves: Floats | None = None
    effects: AccumulatedEffects | None = None

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

    def curves_by_label(self, labels: Sequence[str]) -> dict[str, Any]:
        """What stands in ``pellucid.json`` on single rows: of each label a list of rows, of each its points."""
        curves = self.curves
        return {} if curves is None else {label: curves[:, i].tolist() for i, label in enumerate(labels)}

    def effects_by_label(self, labels: Sequence[str], confidence_level: float) -> dict[str, Any]:
        """What stands in ``pellucid.json`` on accumulated local effects; null where a standard error is not known."""
        if self.effects is None:
            return {}
        z = critical_value(confidence_level)
        of_labels = {
            label: {
                "effects": self.effects.effects[i].tolist(),
                "standard_errors": [_known(error) for error in errors.tolist()],
                "intervals": [
                    [_known(effect - reach), _known(effect + reach)]
                    for effect, reach in zip(
                        self.effects.effects[i].tolist(),
                        (z * errors).tolist(),
                        strict=True,
                    )
                ],
            }
            for i, (label, errors) in enumerate(zip(labels, self.effects.standard_errors, strict=True))
        }
        return {"edges": self.effects.edges.tolist(), "labels": of_labels}


def top_features(result: ShapResult, players: Mapping[str, Sequence[str]], top: int) -> tuple[str, ...]:
    """The columns whose global values are largest in size, summed over the outputs; a group stands for its columns."""
    summed = np.abs(result.values.value).sum(axis=1)
    ranked = [result.features[i] for i in np.argsort(-summed, kind="stable")]
    return tuple(column for feature in ranked for column in players[feature])[:top]


def grid_of(
    feature: str,
    pieces: Iterable[npt.NDArray[Any]],
    resolution: int,
    given: GivenType | None = None,
    *,
    total: int,
    ale: bool = False,
) -> Plot:
    """The points of a feature, not yet predicted.

    Floats are numerical; whole numbers and text are categorical where less than 5 % of the values are distinct, else
    whole numbers are numerical and text is free; truth values are categorical.

    Parameters
    ----------
    pieces
        All its cells, shape (rows,) each; gone through twice where it is numerical.
    given
        Its type, where it is given and not guessed.
    total
        Number of all rows.
    ale
        Whether local effects are accumulated: of numbers that take two values or more. Their intervals are quantiles,
        for which the cells are gone through ten times more.
    """
    found = summary_of(pieces, given, total=total)
    if found.is_numeric(given):
        try:
            grid = numeric_points(feature, pieces, found, resolution)
        except InputError as error:
            return Plot(feature=feature, kind="numerical", error=str(error))
        varies = ale and found.least < found.most
        intervals = effect_grid_of_pieces(pieces, resolution, present=found.present) if varies else None
        return Plot(feature=feature, kind="numerical", grid=grid, effect_grid=intervals)
    if not found.present:
        return Plot(feature=feature, kind="categorical", error=f"{feature}: The column holds no value.")
    if found.text and given is None and found.many_values:
        return Plot(feature=feature, kind="free_text", error=FREE_TEXT)
    counted = found if found.counts is not None else summary_of(pieces, "categorical", total=total)
    try:
        return Plot(feature=feature, kind="categorical", grid=categorical_points(feature, counted))
    except InputError as error:
        return Plot(feature=feature, kind="categorical", error=str(error))


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
    edges
        Ends of the intervals of features whose local effects are accumulated.
    shown
        Positions of the rows whose curves are kept.
    """

    number: int
    rows: Batch
    grids: Mapping[str, Grid]
    edges: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    shown: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """What the rows of a unit say of a feature.

    Parameters
    ----------
    sums
        Predictions summed over the rows, shape (outputs, points).
    curves
        Predictions of the rows shown, shape (rows shown, outputs, points).
    effects
        Local effects, where they are accumulated.
    """

    sums: Floats
    curves: Floats
    effects: LocalEffects | None = None


def shown_rows(number: int, total: int, seed: int) -> npt.NDArray[np.intp]:
    """Positions of the rows whose curves are kept, ascending: ``number`` of ``total``, drawn with the seed."""
    if number >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng([seed, total]).choice(total, number, replace=False))


def pdp_units(
    empty: Sequence[Plot], batches: Iterable[Batch], shown: npt.NDArray[np.intp] | None = None
) -> Iterator[PdpUnit]:
    """All rows in units; none where there is nothing to plot.

    Parameters
    ----------
    empty
        Plots as `grid_of` makes them.
    batches
        All rows of the model's features.
    shown
        Positions of the rows whose curves are kept, ascending; none by default.
    """
    grids = {plot.feature: plot.grid for plot in empty if plot.grid is not None}
    edges = {plot.feature: plot.effect_grid.edges for plot in empty if plot.effect_grid is not None}
    kept = np.array([], dtype=np.intp) if shown is None else shown
    for number, rows in enumerate(pieces_of(batches, ROWS_AT_ONCE) if grids else ()):
        first = number * ROWS_AT_ONCE
        here = kept[(kept >= first) & (kept < first + len(rows))] - first
        yield PdpUnit(number=number, rows=rows, grids=grids, edges=edges, shown=tuple(here.tolist()))


def summed_unit(unit: PdpUnit, score: Callable[[Batch], Floats]) -> dict[str, Predicted]:
    """What the rows of a unit say, by feature.

    Parameters
    ----------
    score
        Scores of a batch, shape (inputs, outputs).

    Raises
    ------
    ModelError
        The model does not answer with finite scores.
    """
    found = {}
    for feature, grid in unit.grids.items():
        curve = partial_dependence(unit.rows, feature, grid, score, individual=unit.shown)
        curves = np.zeros((0, *curve.predictions.shape)) if curve.individual is None else curve.individual
        effects = local_effects(unit.rows, feature, unit.edges[feature], score) if feature in unit.edges else None
        found[feature] = Predicted(curve.predictions * len(unit.rows), curves, effects)
    return found


def plots(empty: Sequence[Plot], sums: Iterable[Mapping[str, Predicted]], rows: int) -> list[Plot]:
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
    total: dict[str, Predicted] = {}
    for found in sums:
        for feature, part in found.items():
            total[feature] = _together(total[feature], part) if feature in total else part
    return [_drawn(plot, total[plot.feature], rows) if plot.feature in total else plot for plot in empty]


def _together(first: Predicted, other: Predicted) -> Predicted:
    effects = None if first.effects is None or other.effects is None else first.effects + other.effects
    return Predicted(first.sums + other.sums, np.concatenate([first.curves, other.curves]), effects)


def _drawn(plot: Plot, found: Predicted, rows: int) -> Plot:
    grid = plot.effect_grid
    return replace(
        plot,
        predictions=found.sums / rows,
        curves=found.curves if len(found.curves) else None,
        effects=None if grid is None or found.effects is None else accumulated(grid, [found.effects]),
    )


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
