"""Plots of results: live charts of Altair, or drawn into axes of Matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from pellucid import charts
from pellucid.argument_kinds import SWITCH, number, refuse_other_kinds, whole_number
from pellucid.charts.altair import to_altair
from pellucid.records import dataclass
from pellucid.results import plotted

if TYPE_CHECKING:
    from altair import LayerChart
    from matplotlib.axes import Axes

    from pellucid.results.bias import BiasReport
    from pellucid.results.dependence import PartialDependence
    from pellucid.results.explanation import Aggregation, Explanation

__all__ = ["BiasPlots", "ExplanationPlots", "PartialDependencePlots"]

WIDTH = 640

IN_SHAP = {
    "bar": "importance()",
    "decision": "shap.plots.decision takes found.to_shap()",
    "force": "waterfall(row)",
    "heatmap": "shap.plots.heatmap(found.to_shap())",
    "scatter": "dependence(feature)",
    "summary": "beeswarm() or importance()",
    "violin": "beeswarm()",
}
"""What stands here for a plot of shap."""


def _check_sizes(width: int, limit: int = 1) -> None:
    refuse_other_kinds(("limit", limit, whole_number(1)), ("width", width, number(above=0)))


@dataclass(frozen=True, slots=True)
class ExplanationPlots:
    """Plots of an explanation, ``explanation.plot``.

    Each returns a chart of Altair, or, with ``ax``, draws into these axes of Matplotlib and returns them. ``output`` is
    the name or the position of an output, by default the first; ``width`` is that of the chart of Altair, in pixels.
    Each raises `ConfigError` where a name or a row is unknown, and `MissingExtra` where the library is not installed.
    """

    explanation: Explanation

    def __getattr__(self, name: str) -> Any:
        instead = f", which shap has: {IN_SHAP[name]}" if name in IN_SHAP else ""
        raise AttributeError(f"'ExplanationPlots' object has no attribute {name!r}{instead}")

    @overload
    def importance(
        self, *, output: str | int | None = None, method: Aggregation = "mean_abs", limit: int = 15, width: int = WIDTH
    ) -> LayerChart: ...

    @overload
    def importance(
        self, *, ax: Axes, output: str | int | None = None, method: Aggregation = "mean_abs", limit: int = 15
    ) -> Axes: ...

    def importance(
        self,
        *,
        ax: Axes | None = None,
        output: str | int | None = None,
        method: Aggregation = "mean_abs",
        limit: int = 15,
        width: int = WIDTH,
    ) -> LayerChart | Axes:
        """The ``limit`` most important features as bars with intervals; "≈" where their order is not certain."""
        _check_sizes(width, limit)
        if ax is not None:
            from pellucid.results.displays import ImportanceDisplay

            return ImportanceDisplay.from_explanation(
                self.explanation, output=output, method=method, limit=limit, ax=ax
            ).ax_
        at = plotted.output_at(self.explanation.outputs, output)
        bars = plotted.bars_of(self.explanation, at, method)
        title = plotted.importance_title(self.explanation, at, method)
        return to_altair(charts.importance(bars, limit=limit, axis_title=title), width=width)

    @overload
    def beeswarm(self, *, output: str | int | None = None, limit: int = 15, width: int = WIDTH) -> LayerChart: ...

    @overload
    def beeswarm(self, *, ax: Axes, output: str | int | None = None, limit: int = 15) -> Axes: ...

    def beeswarm(
        self, *, ax: Axes | None = None, output: str | int | None = None, limit: int = 15, width: int = WIDTH
    ) -> LayerChart | Axes:
        """Shapley values of all rows (at most 400, at even distances), colored and shaped by the feature's value."""
        _check_sizes(width, limit)
        if ax is not None:
            from pellucid.results.displays import BeeswarmDisplay

            return BeeswarmDisplay.from_explanation(self.explanation, output=output, limit=limit, ax=ax).ax_
        found = self.explanation
        at = plotted.output_at(found.outputs, output)
        cells = [plotted.cells_of(found, name) for name in found.features]
        title = plotted.attribution_title(found, at)
        specification = charts.beeswarm(found.values[:, :, at], found.features, cells, limit=limit, axis_title=title)
        return to_altair(specification, width=width)

    @overload
    def waterfall(
        self, row: int = 0, *, output: str | int | None = None, limit: int = 12, width: int = WIDTH
    ) -> LayerChart: ...

    @overload
    def waterfall(self, row: int = 0, *, ax: Axes, output: str | int | None = None, limit: int = 12) -> Axes: ...

    def waterfall(
        self,
        row: int = 0,
        *,
        ax: Axes | None = None,
        output: str | int | None = None,
        limit: int = 12,
        width: int = WIDTH,
    ) -> LayerChart | Axes:
        """One prediction, by default the first, as steps from the base value, all but the strongest as one step."""
        _check_sizes(width, limit)
        if ax is not None:
            from pellucid.results.displays import WaterfallDisplay

            return WaterfallDisplay.from_explanation(self.explanation, row, output=output, limit=limit, ax=ax).ax_
        found = self.explanation
        at = plotted.output_at(found.outputs, output)
        specification = charts.waterfall(
            plotted.steps_of(found, row, at),
            float(found.base_values[row, at]),
            float(found.predictions[row, at]),
            limit=limit,
            axis_title=plotted.prediction_axis(found, row, at),
        )
        return to_altair(specification, width=width)

    @overload
    def dependence(self, feature: str, *, output: str | int | None = None, width: int = WIDTH) -> LayerChart: ...

    @overload
    def dependence(self, feature: str, *, ax: Axes, output: str | int | None = None) -> Axes: ...

    def dependence(
        self, feature: str, *, ax: Axes | None = None, output: str | int | None = None, width: int = WIDTH
    ) -> LayerChart | Axes:
        """Shapley values of a feature against its values, with intervals."""
        _check_sizes(width)
        if ax is not None:
            from pellucid.results.displays import DependenceDisplay

            return DependenceDisplay.from_explanation(self.explanation, feature, output=output, ax=ax).ax_
        found = self.explanation
        at = plotted.output_at(found.outputs, output)
        place, cells = plotted.cells_to_compare(found, feature)
        specification = charts.dependence(
            cells,
            found.values[:, place, at],
            found.margins[:, place, at],
            feature=feature,
            axis_title=plotted.attribution_title(found, at),
        )
        return to_altair(specification, width=width)


@dataclass(frozen=True, slots=True)
class PartialDependencePlots:
    """Plots of partial dependence, ``found.plot``; as of an explanation."""

    found: PartialDependence

    @overload
    def partial_dependence(self, feature: str, *, individual: bool = True, width: int = WIDTH) -> LayerChart: ...

    @overload
    def partial_dependence(self, feature: str, *, ax: Axes, individual: bool = True) -> Axes: ...

    def partial_dependence(
        self, feature: str, *, ax: Axes | None = None, individual: bool = True, width: int = WIDTH
    ) -> LayerChart | Axes:
        """Mean predictions with the feature set to one value after another, and how the rows are spread.

        With a single output, curves of up to 60 rows are drawn where they were kept, unless ``individual`` is False.
        """
        refuse_other_kinds(("individual", individual, SWITCH), ("width", width, number(above=0)))
        if ax is not None:
            from pellucid.results.displays import PartialDependenceDisplay

            return PartialDependenceDisplay.from_dependence(self.found, feature, individual=individual, ax=ax).ax_
        curve = self.found[feature]
        specification = charts.partial_dependence(
            curve.points,
            curve.predictions,
            feature=feature,
            outputs=plotted.named_outputs(self.found),
            distribution=curve.distribution,
            individual=plotted.single_rows(self.found, feature) if individual else None,
            accumulated=plotted.accumulated(self.found, feature),
            categorical=curve.kind == "categorical",
        )
        return to_altair(specification, width=width)


@dataclass(frozen=True, slots=True)
class BiasPlots:
    """Plots of a bias report, ``report.plot``; as of an explanation."""

    report: BiasReport

    @overload
    def disparities(
        self, *, facet: str | None = None, metrics: Sequence[str] | str | None = None, width: int = WIDTH
    ) -> LayerChart: ...

    @overload
    def disparities(
        self, *, ax: Axes, facet: str | None = None, metrics: Sequence[str] | str | None = None
    ) -> Axes: ...

    def disparities(
        self,
        *,
        ax: Axes | None = None,
        facet: str | None = None,
        metrics: Sequence[str] | str | None = None,
        width: int = WIDTH,
    ) -> LayerChart | Axes:
        """Metrics with their intervals against no disparity.

        Where there is one group, of ``facet`` or of the report, all its metrics are drawn, a panel for each unit; where
        there are several, DPPL and DPL, a panel for each metric. ``metrics`` names others; "all" draws all. Squares are
        clearly different from no disparity (adjusted p-value below 0.05), circles are not, diamonds rest on too little
        evidence. With ``ax`` and several panels, the place of ``ax`` is divided between them.
        """
        _check_sizes(width)
        rows = plotted.rows_of(self.report, facet=facet, metrics=metrics)
        if ax is not None:
            from pellucid.results.displays import DisparitiesDisplay

            return DisparitiesDisplay(rows).plot(ax=ax).ax_
        return to_altair(charts.forest(rows), width=width)
