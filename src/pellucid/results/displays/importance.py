"""Importances of features as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pellucid.charts import ImportanceBar
from pellucid.charts.importances import has_interval, strongest
from pellucid.charts.texts import distinct, short
from pellucid.charts.theme import BLUE, ORANGE
from pellucid.results import plotted
from pellucid.results.displays.canvas import Display, label_rows, no_frame, titled, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pellucid.results.explanation import Aggregation, Explanation

__all__ = ["ImportanceDisplay"]


class ImportanceDisplay(Display):
    """Features by importance, with intervals.

    Parameters
    ----------
    bars
        One for each feature, in any order.
    limit
        Features drawn, the most important first.
    axis_title
        What the bars show.

    Examples
    --------
    >>> display = ImportanceDisplay([ImportanceBar(feature="age", value=0.2)]).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['age']
    """

    def __init__(
        self, bars: Sequence[ImportanceBar], *, limit: int = 15, axis_title: str = "Mean absolute Shapley value"
    ) -> None:
        self.bars = tuple(bars)
        self.limit = limit
        self.axis_title = axis_title

    @classmethod
    def from_explanation(
        cls,
        explanation: Explanation,
        *,
        output: str | int | None = None,
        method: Aggregation = "mean_abs",
        limit: int = 15,
        ax: Axes | None = None,
    ) -> ImportanceDisplay:
        """Draw the importances of an output, by default the first.

        Raises
        ------
        ConfigError
            There is no such output or way of aggregation.
        MissingExtra
            Matplotlib is not installed.
        """
        at = plotted.output_at(explanation.outputs, output)
        bars = plotted.bars_of(explanation, at, method)
        return cls(bars, limit=limit, axis_title=plotted.importance_title(explanation, at, method)).plot(ax)

    def plot(self, ax: Axes | None = None) -> ImportanceDisplay:
        """Draw into ``ax``, or into a new figure."""
        shown = strongest(self.bars, self.limit)
        ax = self._place(ax, rows=len(shown))
        values = np.nan_to_num([bar.value for bar in shown], posinf=0.0, neginf=0.0)
        colors = [ORANGE if value < 0 else BLUE for value in values]
        ax.barh(range(len(shown)), values, height=0.62, color=colors, alpha=0.75)
        for row, bar in enumerate(shown):
            end = float(values[row])
            if has_interval(bar) and bar.low is not None and bar.high is not None:
                ax.hlines(row, bar.low, bar.high, colors=ax.xaxis.label.get_color(), linewidth=1.5)
                end = max(end, bar.high)
            said = f"≈ {short(bar.value)}" if bar.tied else short(bar.value)
            write(ax, said, (max(end, 0.0), row))
        label_rows(ax, distinct([bar.feature for bar in shown]))
        ax.margins(x=0.12)
        titled(ax, self.axis_title)
        no_frame(ax)
        return self
