"""One prediction as steps from the base value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pellucid.charts import WaterfallStep
from pellucid.charts.steps import direction_of, said_of, stairs
from pellucid.charts.texts import distinct, short
from pellucid.charts.theme import BLUE, GRAY, ORANGE
from pellucid.results import plotted
from pellucid.results.displays.canvas import Display, label_rows, no_frame, titled, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pellucid.results.explanation import Explanation

__all__ = ["WaterfallDisplay"]

MARKS = {"raises": (BLUE, ">"), "lowers": (ORANGE, "<"), "none": (GRAY, "o")}
"""Color and marker of a step, by its direction."""


class WaterfallDisplay(Display):
    """From the base value to a prediction; the sign is told by text, by an arrow head and by color.

    Parameters
    ----------
    steps
        What each feature adds, in any order; with ``base`` they add up to ``prediction``.
    limit
        Steps drawn; all weaker ones are drawn as one.
    """

    def __init__(
        self,
        steps: Sequence[WaterfallStep],
        base: float,
        prediction: float,
        *,
        limit: int = 12,
        axis_title: str = "Prediction",
    ) -> None:
        self.steps = tuple(steps)
        self.base = base
        self.prediction = prediction
        self.limit = limit
        self.axis_title = axis_title

    @classmethod
    def from_explanation(
        cls,
        explanation: Explanation,
        row: int,
        *,
        output: str | int | None = None,
        limit: int = 12,
        ax: Axes | None = None,
    ) -> WaterfallDisplay:
        """Draw the prediction of a row, by default of the first output.

        Raises
        ------
        ConfigError
            There is no such row or output.
        MissingExtra
            Matplotlib is not installed.
        """
        at = plotted.output_at(explanation.outputs, output)
        steps = plotted.steps_of(explanation, row, at)
        base, prediction = float(explanation.base_values[row, at]), float(explanation.predictions[row, at])
        title = plotted.prediction_axis(explanation, row, at)
        return cls(steps, base, prediction, limit=limit, axis_title=title).plot(ax)

    def plot(self, ax: Axes | None = None) -> WaterfallDisplay:
        """Draw into ``ax``, or into a new figure."""
        found = stairs(self.steps, self.base, limit=self.limit)
        last = len(found) + 1
        ax = self._place(ax, rows=last + 1)
        for row, stair in enumerate(found, start=1):
            color, marker = MARKS[direction_of(stair)]
            ax.barh(row, stair.end - stair.start, left=stair.start, height=0.5, color=color, alpha=0.6)
            ax.plot([stair.end], [row], marker=marker, color=color, markersize=6, linestyle="none")
            write(ax, said_of(stair), (max(stair.start, stair.end), row))
        for row, value in ((0, self.base), (last, self.prediction)):
            ax.plot([value], [row], marker="D", color=GRAY, markersize=6, linestyle="none")
            write(ax, short(value), (value, row))
        label_rows(ax, distinct(["Base value", *(stair.name for stair in found), "Prediction"]))
        ax.use_sticky_edges = False
        ax.margins(x=0.2)
        titled(ax, self.axis_title)
        no_frame(ax)
        return self
