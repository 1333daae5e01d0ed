"""Partial dependence within a job: which features, over all rows, and what is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy.typing as npt

from pellucid.api.pace import Pace
from pellucid.jobs.explanations.pdp_job import Plot, grid_of, pdp_units, plots, shown_rows, top_features
from pellucid.jobs.explanations.request import ExplanationRequest, PdpRequest
from pellucid.jobs.explanations.rows import reading
from pellucid.jobs.explanations.totals import ShapResult
from pellucid.jobs.explanations.unit_store import UnitStore
from pellucid.jobs.explanations.units import Settled, settled
from pellucid.protocols.pool import Pool
from pellucid.protocols.table import LocalTable
from pellucid.records import dataclass

__all__ = ["Plotting", "plot_details"]


@dataclass(frozen=True, slots=True, eq=False)
class Plotting:
    """What partial dependence is computed with.

    Parameters
    ----------
    total
        Number of all rows.
    """

    request: ExplanationRequest
    table: LocalTable
    total: int
    pool: Pool
    store: UnitStore
    progress: Callable[[str], None]

    def plots(self, asked: PdpRequest, shap: ShapResult | None) -> list[Plot]:
        """Partial dependence of the features asked for, or of those that SHAP found to matter most."""
        request = self.request
        features = asked.features or ()
        if asked.features is None and shap is not None and request.shap is not None:
            features = top_features(shap, request.shap.players, asked.top)
        empty = []
        for feature in features:
            column, given = _Column(self.table, feature), request.column_types.get(feature)
            empty.append(grid_of(feature, column, asked.resolution, given, total=self.total, ale=asked.ale))
        self.progress(f"partial dependence on {len(features)} features")
        shown = shown_rows(asked.ice, self.total, asked.seed)
        with reading(self.table.batches(request.features)) as batches:
            done = settled(pdp_units(empty, batches, shown), self.pool, self.store)
            return plots(empty, self._counted(done), self.total)

    def _counted(self, done: Iterator[Settled]) -> Iterator[Any]:
        pace = Pace(self.total, time.monotonic)
        for unit in done:
            self.progress(pace.line("partial dependence", len(unit.unit.rows), kept=unit.kept))
            yield unit.result


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """The cells of a column, read anew whenever they are gone through."""

    table: LocalTable
    feature: str

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        with reading(self.table.batches([self.feature])) as batches:
            for batch in batches:
                yield batch.columns[self.feature]


def plot_details(
    asked: PdpRequest, drawn: Sequence[Plot], labels: Sequence[str], *, total: int, confidence_level: float
) -> dict[str, Any]:
    """What stands in ``pellucid.json`` under ``pdp``: curves of single rows, accumulated local effects."""
    found: dict[str, Any] = {}
    if asked.ice:
        found["single_rows"] = {
            "seed": asked.seed,
            "rows": shown_rows(asked.ice, total, asked.seed).tolist(),
            "curves": {plot.feature: plot.curves_by_label(labels) for plot in drawn if plot.curves is not None},
        }
    if asked.ale:
        effects = {plot.feature: plot.effects_by_label(labels, confidence_level) for plot in drawn}
        found["accumulated_local_effects"] = {feature: effect for feature, effect in effects.items() if effect}
    return {"pdp": found} if found else {}
