"""Metrics of bias with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pellucid.charts import ForestRow
from pellucid.charts.intervals import domain_of_rows, farthest, is_drawn, reading, tones_of
from pellucid.charts.texts import distinct
from pellucid.charts.theme import TONES
from pellucid.results import plotted
from pellucid.results.displays.canvas import MARKERS, Display, label_rows, no_frame, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pellucid.results.bias import BiasReport

__all__ = ["DisparitiesDisplay"]

PANEL_GAP = 0.55
"""Between panels, in inches."""


class DisparitiesDisplay(Display):
    """Values with intervals against no disparity, a panel for each unit.

    Parameters
    ----------
    rows
        In the order in which they are drawn; with those of a panel next to each other.

    Attributes
    ----------
    axes_
        Axes of the panels: the given ones where there is one panel, else parts of their place.
    """

    axes_: tuple[Axes, ...]

    def __init__(self, rows: Sequence[ForestRow]) -> None:
        self.rows = tuple(rows)

    @classmethod
    def from_report(
        cls,
        report: BiasReport,
        *,
        facet: str | None = None,
        metrics: Sequence[str] | str | None = None,
        ax: Axes | None = None,
    ) -> DisparitiesDisplay:
        """Draw the metrics of a report: of one group all, of several groups DPPL and DPL, unless others are named.

        Raises
        ------
        ConfigError
            There is no such facet or metric.
        MissingExtra
            Matplotlib is not installed.
        """
        return cls(plotted.rows_of(report, facet=facet, metrics=metrics)).plot(ax)

    def plot(self, ax: Axes | None = None) -> DisparitiesDisplay:
        """Draw into ``ax``, or into a new figure."""
        panels: dict[tuple[str, float], list[ForestRow]] = {}
        for row in self.rows:
            panels.setdefault((row.panel, row.neutral), []).append(row)
        kept = {key: farthest(rows) for key, rows in panels.items()}
        sizes = [len(rows) for rows in kept.values()]
        ax = self._place(ax, rows=sum(sizes) + 3 * len(sizes))
        self.axes_ = tuple(_divided(ax, sizes)) if len(sizes) > 1 else (ax,)
        for part, ((title, _), rows) in zip(self.axes_, kept.items(), strict=False):
            _panel(part, title, rows)
        _legend(self.axes_[0], self.rows)
        return self


def _divided(ax: Axes, sizes: Sequence[int]) -> list[Axes]:
    """Axes below each other in the place of ``ax``, their heights by the number of their rows."""
    figure, place = ax.get_figure(), ax.get_subplotspec()
    ax.set_axis_off()
    heights = [size + 1.0 for size in sizes]
    if figure is None or place is None:
        total, reached, parts = sum(heights), 0.0, []
        for height in heights:
            reached += height
            parts.append(ax.inset_axes((0.0, 1 - (reached - 0.6) / total, 1.0, (height - 1.2) / total)))
        return parts
    grid = place.subgridspec(len(sizes), 1, height_ratios=heights, hspace=_gap(ax, len(sizes)))
    return [figure.add_subplot(grid[number]) for number in range(len(sizes))]


def _gap(ax: Axes, panels: int) -> float | None:
    """Space between panels in the place of ``ax``, relative to their mean height; None where the layout finds it.

    In inches it is what numbers below an axis and a title need, whatever the height of the place.
    """
    figure = ax.get_figure(root=True)
    engine = None if figure is None else figure.get_layout_engine()
    if figure is None or (engine is not None and not engine.adjust_compatible):
        return None
    height = ax.get_position().height * figure.get_figheight()
    return PANEL_GAP * panels / max(height - PANEL_GAP * (panels - 1), 0.3 * height)


def _legend(ax: Axes, rows: Sequence[ForestRow]) -> None:
    """What the markers mean, unless all are neutral."""
    from matplotlib.lines import Line2D

    tones = tones_of(rows)
    if tones in ([], ["neutral"]):
        return
    handles = [
        Line2D([], [], marker=MARKERS[shape], color=color, linestyle="none", label=name)
        for name, color, shape in (TONES[tone] for tone in tones)
    ]
    ax.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize="small")


def _panel(ax: Axes, title: str, rows: Sequence[ForestRow]) -> None:
    low, high = domain_of_rows(rows)
    ax.axvline(rows[0].neutral, color="gray", linestyle="--", linewidth=1)
    for place, row in enumerate(rows):
        _, color, shape = TONES[row.tone]
        at = row.neutral
        if is_drawn(row) and row.value is not None:
            at = min(max(row.value, low), high)
            ax.plot([at], [place], marker=MARKERS[shape], color=color, linestyle="none", markersize=7)
            if row.low is not None and row.high is not None and not math.isnan(row.low + row.high):
                ax.hlines(place, max(row.low, low), min(row.high, high), colors=color, linewidth=2)
        across = (at - low) / (high - low)
        align: Literal["left", "center", "right"] = "left" if across < 0.2 else "right" if across > 0.8 else "center"
        write(ax, reading(row, share=False), (at, place), above=align)
    label_rows(ax, distinct([row.label for row in rows]))
    ax.set_ylim(len(rows) - 0.4, -0.9)
    ax.set_xlim(low, high)
    if title:
        ax.set_title(title, loc="left", fontsize="medium", parse_math=False)
    no_frame(ax)
