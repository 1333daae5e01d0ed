"""Mean predictions with a feature set to one value after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pellucid.charts.curves import CURVES, LOOKS, Series, bucket_edges, commonest, series_of
from pellucid.charts.swarms import sample_of
from pellucid.charts.texts import distinct
from pellucid.charts.theme import GRAY
from pellucid.results import plotted
from pellucid.results.displays.canvas import MARKERS, Display, label_rows, no_frame, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pellucid.results.dependence import PartialDependence

__all__ = ["PartialDependenceDisplay"]

Floats = npt.NDArray[np.float64]

LINES = ("-", "--", ":", "-.", (0, (4, 4)), (0, (1, 3)), (0, (10, 4)), (0, (3, 6)))


class PartialDependenceDisplay(Display):
    """Lines over numbers or dots over categories, and how the rows are spread.

    Parameters
    ----------
    points
        Values the feature was set to, shape (points,).
    predictions
        Shape (outputs, points).
    feature
        Its name.
    outputs
        Names of the outputs; the first six are drawn.
    distribution
        Share of the rows at each point, shape (points,).
    individual
        Predictions of single rows, shape (rows, points); up to 60 are drawn.
    accumulated
        Accumulated local effects on the scale of predictions, shape (outputs, points).
    categorical
        Whether the points have no order.
    """

    def __init__(
        self,
        points: npt.NDArray[Any],
        predictions: Floats,
        *,
        feature: str,
        outputs: Sequence[str] = ("",),
        distribution: Floats | None = None,
        individual: Floats | None = None,
        accumulated: Floats | None = None,
        categorical: bool = False,
    ) -> None:
        self.points = points
        self.predictions = predictions
        self.feature = feature
        self.outputs = tuple(outputs)
        self.distribution = distribution
        self.individual = individual
        self.accumulated = accumulated
        self.categorical = categorical

    @classmethod
    def from_dependence(
        cls, found: PartialDependence, feature: str, *, individual: bool = True, ax: Axes | None = None
    ) -> PartialDependenceDisplay:
        """Draw the partial dependence on a feature.

        Raises
        ------
        ConfigError
            The feature was not asked for.
        MissingExtra
            Matplotlib is not installed.
        """
        curve = found[feature]
        display = cls(
            curve.points,
            curve.predictions,
            feature=feature,
            outputs=plotted.named_outputs(found),
            distribution=curve.distribution,
            individual=plotted.single_rows(found, feature) if individual else None,
            accumulated=plotted.accumulated(found, feature),
            categorical=curve.kind == "categorical",
        )
        return display.plot(ax)

    def plot(self, ax: Axes | None = None) -> PartialDependenceDisplay:
        """Draw into ``ax``, or into a new figure."""
        series = series_of(self.predictions, self.outputs, self.accumulated)
        rows = self.individual
        if rows is not None:
            rows = rows[sample_of(len(rows), 1, room=CURVES)]
        if self.categorical:
            kept = commonest(self.distribution, len(self.points))
            self._dots(self._place(ax, rows=len(kept)), kept, series, rows)
        else:
            self._lines(self._place(ax), series, rows)
        if len(series) > 1:
            self.ax_.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize="small")
        return self

    def _lines(self, ax: Axes, series: Sequence[Series], rows: Floats | None) -> None:
        x = self.points.astype(np.float64)
        if rows is not None:
            ax.plot(x, rows.T, color=GRAY, alpha=0.35, linewidth=0.8)
        for one, line, (color, _, shape) in zip(series, LINES, LOOKS, strict=False):
            ax.plot(x, one.values, color=color, linestyle=line, marker=MARKERS[shape], markersize=5, label=one.name)
        if self.distribution is not None:
            edges = bucket_edges(x)
            heights = 0.14 * self.distribution / (float(np.nanmax(self.distribution)) or 1.0)
            low, high = ax.get_ylim()
            ax.set_yticks([tick for tick in ax.get_yticks() if low <= tick <= high])
            ax.set_ylim(low - 0.2 * (high - low), high)
            # Heights as shares of the axes: how the rows are spread is no prediction.
            across = ax.get_xaxis_transform()
            ax.bar(edges[:-1], heights, np.diff(edges), align="edge", color=GRAY, alpha=0.4, transform=across, zorder=0)
        titled(ax, self.feature, "Mean prediction")
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)

    def _dots(self, ax: Axes, kept: npt.NDArray[np.intp], series: Sequence[Series], rows: Floats | None) -> None:
        places = np.arange(len(kept))
        if rows is not None:
            x = rows[:, kept]
            y = np.broadcast_to(places, x.shape)
            ax.scatter(x, y, color=GRAY, marker="|", alpha=0.4, s=30)
        for one, (color, _, shape) in zip(series, LOOKS, strict=False):
            ax.scatter(one.values[kept], places, color=color, marker=MARKERS[shape], s=40, label=one.name, zorder=3)
        label_rows(ax, distinct(self.points[kept].tolist()))
        titled(ax, "Mean prediction", self.feature)
        no_frame(ax)
