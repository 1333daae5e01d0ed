"""Partial dependence of library calls on Spark frames: the workers of the session ask the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from pellucid.api.accumulating import with_intervals
from pellucid.api.spark_explaining import OpenPool
from pellucid.explain.accumulated_effects import effect_grid
from pellucid.explain.partial_dependence import Grid
from pellucid.jobs.explanations.pdp_job import Plot, pdp_units, plots
from pellucid.protocols.model import Batch
from pellucid.protocols.pool import in_order
from pellucid.results.dependence import FeatureDependence

__all__ = ["dependence_by_workers"]

Kind = Literal["numeric", "categorical"]


def dependence_by_workers(
    rows: Batch,
    grids: Mapping[str, tuple[Kind, Grid]],
    open_pool: OpenPool,
    shown: npt.NDArray[np.intp],
    crossed: Mapping[str, int],
    confidence_level: float,
) -> dict[str, FeatureDependence]:
    """The curve of every feature, equal to those of this process up to the order of sums.

    Parameters
    ----------
    grids
        Points by feature, and what kind they are.
    shown
        Positions of the rows whose predictions are kept.
    crossed
        Number of intervals by feature whose local effects are accumulated.

    Raises
    ------
    ModelError
        The model cannot be sent, or does not answer with finite scores.
    """
    empty = [
        Plot(
            feature=name,
            kind="numerical" if kind == "numeric" else kind,
            grid=grid,
            effect_grid=effect_grid(rows.columns[name], crossed[name], name=name) if name in crossed else None,
        )
        for name, (kind, grid) in grids.items()
    ]
    with open_pool(None) as pool:
        drawn = plots(empty, in_order(pool, pdp_units(empty, [rows], shown)), len(rows))
    return {plot.feature: _curve(plot, *grids[plot.feature], shown, confidence_level) for plot in drawn}


def _curve(
    plot: Plot, kind: Kind, grid: Grid, shown: npt.NDArray[np.intp], confidence_level: float
) -> FeatureDependence:
    if plot.predictions is None:
        raise ValueError(f"There are no predictions for {plot.feature!r}.")
    return FeatureDependence(
        feature=plot.feature,
        kind=kind,
        points=grid.values,
        distribution=grid.distribution,
        predictions=plot.predictions,
        individual=plot.curves,
        rows=None if plot.curves is None else shown,
        accumulated=None if plot.effects is None else with_intervals(plot.effects, confidence_level),
    )
