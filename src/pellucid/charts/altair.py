"""Specifications as live charts of Altair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pellucid.charts.theme import DARK_PAGE, Specification, sized, themed

if TYPE_CHECKING:
    from altair import LayerChart

__all__ = ["to_altair"]


def to_altair(specification: Specification, *, width: int = 640, dark: bool = False) -> LayerChart:
    """A chart of Altair, which notebooks show and which can be changed and saved (``chart.save("chart.svg")``).

    Parameters
    ----------
    specification
        What a function of `pellucid.charts` returned.
    width
        In pixels, with all labels. A notebook has no page whose width could be taken.
    dark
        Whether it is drawn on a dark background.

    Examples
    --------
    >>> from pellucid.charts import ImportanceBar, importance
    >>> type(to_altair(importance([ImportanceBar(feature="age", value=0.2)]))).__name__
    'LayerChart'
    """
    import altair as alt

    background = DARK_PAGE if dark else "white"
    plain: dict[str, Any] = sized(themed(specification, dark=dark, background=background), width)
    chart: LayerChart = alt.LayerChart.from_dict(plain)
    return chart
