"""What all displays have in common: where they draw, and names as labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pellucid.errors import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MARKERS", "Display", "label_rows", "no_frame", "titled", "write"]

MARKERS = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle-up": "^",
    "triangle-down": "v",
    "triangle-left": "<",
    "triangle-right": ">",
    "cross": "X",
}
"""Shapes of the charts as markers."""


class Display:
    """Where something was drawn.

    Attributes
    ----------
    ax_
        The axes given, or those of a new figure.
    figure_
        Their figure.
    """

    ax_: Axes
    figure_: Figure

    def _place(self, ax: Axes | None, *, rows: int = 10) -> Axes:
        """Axes to draw into; without given ones, of a figure with room for so many rows.

        Raises
        ------
        MissingExtra
            Matplotlib is not installed.
        """
        require("matplotlib", "matplotlib")
        if ax is None:
            from matplotlib.figure import Figure

            # pyplot would keep the figure, and open a window in an interactive session.
            ax = Figure(figsize=(7.0, 1.2 + 0.3 * max(rows, 6)), layout="constrained").subplots()
        figure = ax.get_figure(root=True)
        if figure is not None:
            self.figure_ = figure
        self.ax_ = ax
        return ax


def write(ax: Axes, text: str, at: tuple[float, float], *, above: Literal["left", "center", "right", ""] = "") -> None:
    """Write a number to the right of a place, or, aligned so, above it."""
    ax.annotate(
        text,
        at,
        xytext=(0, 5) if above else (7, 0),
        textcoords="offset points",
        ha=above or "left",
        va="bottom" if above else "center",
        fontsize="small",
    )


def no_frame(ax: Axes) -> None:
    """Leave the line of the horizontal axis alone."""
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)


def label_rows(ax: Axes, labels: Sequence[str]) -> None:
    """Name rows from top to bottom; names are taken as they are, not as formulas."""
    ax.set_yticks(range(len(labels)), labels=list(labels), parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(labels) - 0.4, -0.6)


def titled(ax: Axes, x: str = "", y: str = "") -> None:
    """Titles of the axes, taken as they are."""
    if x:
        ax.set_xlabel(x, parse_math=False)
    if y:
        ax.set_ylabel(y, parse_math=False)
