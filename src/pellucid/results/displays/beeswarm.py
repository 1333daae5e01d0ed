"""Attributions of many rows as swarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pellucid.charts.swarms import LANES, LEVELS, Swarm, swarms
from pellucid.charts.texts import distinct
from pellucid.results import plotted
from pellucid.results.displays.canvas import MARKERS, Display, label_rows, no_frame, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pellucid.results.explanation import Explanation

__all__ = ["BeeswarmDisplay"]


class BeeswarmDisplay(Display):
    """Attributions by feature, colored and shaped by the value of the feature.

    Parameters
    ----------
    found
        Places of the points, the strongest feature first.
    axis_title
        What the axis shows.
    """

    def __init__(self, found: Sequence[Swarm], *, axis_title: str = "Shapley value") -> None:
        self.found = tuple(found)
        self.axis_title = axis_title

    @classmethod
    def from_explanation(
        cls, explanation: Explanation, *, output: str | int | None = None, limit: int = 15, ax: Axes | None = None
    ) -> BeeswarmDisplay:
        """Draw the attributions to an output, by default the first.

        Raises
        ------
        ConfigError
            There is no such output.
        MissingExtra
            Matplotlib is not installed.
        """
        at = plotted.output_at(explanation.outputs, output)
        cells = [plotted.cells_of(explanation, name) for name in explanation.features]
        found = swarms(explanation.values[:, :, at], explanation.features, cells, limit=limit)
        return cls(found, axis_title=plotted.attribution_title(explanation, at)).plot(ax)

    def plot(self, ax: Axes | None = None) -> BeeswarmDisplay:
        """Draw into ``ax``, or into a new figure."""
        ax = self._place(ax, rows=len(self.found))
        ax.axvline(0.0, color="gray", linestyle="--", linewidth=1)
        for level, (name, color, shape) in enumerate(LEVELS):
            chosen = [swarm.levels == level for swarm in self.found]
            x = [value for swarm, here in zip(self.found, chosen, strict=True) for value in swarm.values[here]]
            y = [
                row + offset / (2.4 * LANES)
                for row, (swarm, here) in enumerate(zip(self.found, chosen, strict=True))
                for offset in swarm.offsets[here]
            ]
            if x:
                ax.scatter(x, y, s=12, color=color, marker=MARKERS[shape], alpha=0.8, linewidths=0, label=name)
        label_rows(ax, distinct([swarm.feature for swarm in self.found]))
        if len({level for swarm in self.found for level in swarm.levels.tolist()}) > 1:
            ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False, fontsize="small")
        titled(ax, self.axis_title)
        no_frame(ax)
        return self
