"""Attributions of a feature against its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pellucid.charts.scatters import by_category
from pellucid.charts.swarms import LANES, sample_of
from pellucid.charts.theme import BLUE, ORANGE
from pellucid.results import plotted
from pellucid.results.displays.canvas import Display, label_rows, no_frame, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pellucid.results.explanation import Explanation

__all__ = ["DependenceDisplay"]

Floats = npt.NDArray[np.float64]


class DependenceDisplay(Display):
    """Attributions against values: a cloud over numbers, a row of points for each category.

    Parameters
    ----------
    cells
        Values of the feature, shape (rows,).
    attributions
        Shape (rows,).
    margins
        Half the widths of the intervals of the attributions, shape (rows,); 0 where exact, nan where not known.
    feature
        Its name.
    """

    def __init__(
        self,
        cells: npt.NDArray[Any],
        attributions: Floats,
        margins: Floats | None = None,
        *,
        feature: str,
        axis_title: str = "Shapley value",
    ) -> None:
        self.cells = cells
        self.attributions = attributions
        self.margins = np.zeros(len(attributions)) if margins is None else margins
        self.feature = feature
        self.axis_title = axis_title

    @classmethod
    def from_explanation(
        cls, explanation: Explanation, feature: str, *, output: str | int | None = None, ax: Axes | None = None
    ) -> DependenceDisplay:
        """Draw a feature's attributions to an output, by default the first.

        Raises
        ------
        ConfigError
            There is no such feature or output, or the feature is a group of columns.
        MissingExtra
            Matplotlib is not installed.
        """
        at = plotted.output_at(explanation.outputs, output)
        place, cells = plotted.cells_to_compare(explanation, feature)
        values, margins = explanation.values[:, place, at], explanation.margins[:, place, at]
        title = plotted.attribution_title(explanation, at)
        return cls(cells, values, margins, feature=feature, axis_title=title).plot(ax)

    def plot(self, ax: Axes | None = None) -> DependenceDisplay:
        """Draw into ``ax``, or into a new figure."""
        kept = np.isfinite(self.attributions)
        if self.cells.dtype.kind in "biuf":
            kept &= np.isfinite(self.cells.astype(np.float64))
        rows = np.flatnonzero(kept)
        rows = rows[sample_of(len(rows), 1)]
        if self.cells.dtype.kind in "biuf":
            self._cloud(self._place(ax), rows)
        else:
            self._rows(ax, rows)
        return self

    def _cloud(self, ax: Axes, rows: npt.NDArray[np.intp]) -> None:
        x, y, errors = self.cells[rows].astype(np.float64), self.attributions[rows], np.nan_to_num(self.margins[rows])
        ax.axhline(0.0, color="gray", linestyle="--", linewidth=1)
        uncertain = errors > 0
        ax.vlines(x[uncertain], (y - errors)[uncertain], (y + errors)[uncertain], colors="gray", alpha=0.5, linewidth=1)
        _by_sign(ax, x, y, y)
        titled(ax, self.feature, self.axis_title)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)

    def _rows(self, ax: Axes | None, rows: npt.NDArray[np.intp]) -> None:
        labels, places, values, offsets = by_category(self.cells[rows], self.attributions[rows])
        ax = self._place(ax, rows=len(labels))
        ax.axvline(0.0, color="gray", linestyle="--", linewidth=1)
        _by_sign(ax, values, places + offsets / (2.4 * LANES), values)
        label_rows(ax, labels)
        titled(ax, self.axis_title)
        no_frame(ax)


def _by_sign(ax: Axes, x: Floats, y: Floats, values: Floats) -> None:
    for here, color, marker in ((values >= 0, BLUE, "^"), (values < 0, ORANGE, "v")):
        ax.scatter(x[here], y[here], s=16, color=color, marker=marker, alpha=0.75, linewidths=0)
