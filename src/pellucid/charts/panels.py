"""Panels below each other in one view, each with its own axes: unlike facets they are as wide as the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pellucid.charts.specification import PERCENT_AXIS, Encoding, Layer
from pellucid.charts.texts import TITLE, clipped, is_known, rounded
from pellucid.records import dataclass

__all__ = [
    "INDEPENDENT",
    "Panel",
    "arrows",
    "domain_of",
    "heading",
    "panel_layer",
    "reference",
    "rounded_ends",
    "share_of",
    "stacked",
]

HEADING, AXIS, GAP = 24, 24, 12
"""Heights in pixels: of a panel's heading, of its axis, and between panels."""

INDEPENDENT = {"scale": {"x": "independent", "y": "independent"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Place of a panel in the view.

    Parameters
    ----------
    top, bottom
        Pixels from the top of the view, without its heading and its axis.
    height
        Of the whole view.
    domain
        Ends of its horizontal axis.
    """

    title: str
    axis_title: str
    top: int
    bottom: int
    height: int
    domain: tuple[float, float]


def stacked(
    titles: Sequence[str],
    rows: Sequence[int],
    domains: Sequence[tuple[float, float]],
    axis_titles: Sequence[str],
    *,
    step: int,
) -> list[Panel]:
    """Places of panels with so many rows of ``step`` pixels, from top to bottom."""
    places, at = [], 0
    for title, number, axis_title in zip(titles, rows, axis_titles, strict=True):
        top = at + (HEADING if title else 0)
        bottom = top + number * step
        places.append((top, bottom))
        at = bottom + AXIS + GAP + (16 if axis_title else 0)
    height = places[-1][1]
    return [
        Panel(title=title, axis_title=axis_title, top=top, bottom=bottom, height=height, domain=domain)
        for title, axis_title, (top, bottom), domain in zip(titles, axis_titles, places, domains, strict=True)
    ]


def panel_layer(panel: Panel, layers: Sequence[Layer], *, share: bool = False) -> Layer:
    """Layers of a panel that share its axes: ``label`` downwards, numbers (or shares) from left to right."""
    x: Encoding = {
        "type": "quantitative",
        "scale": {"domain": list(panel.domain), "nice": False, "zero": False},
        "axis": {
            "orient": "bottom",
            "offset": panel.bottom - panel.height,
            "title": clipped(panel.axis_title, TITLE) if panel.axis_title else None,
            "grid": False,
            **(PERCENT_AXIS if share else {}),
        },
    }
    y: Encoding = {
        "type": "nominal",
        "sort": None,
        "scale": {"type": "band", "range": [panel.top, panel.bottom], "padding": 0},
        "axis": {"orient": "left", "title": None, "grid": True, "gridOpacity": 0.5},
    }
    placed = [_placed(layer, x, y) for layer in layers]
    return {"layer": [*placed, *([heading(panel)] if panel.title else [])]}


def _placed(layer: Layer, x: Encoding, y: Encoding) -> Layer:
    """The layer with the panel's axes for each place that is a field."""
    if "layer" in layer:
        return {**layer, "layer": [_placed(inner, x, y) for inner in layer["layer"]]}
    encoding = dict(layer["encoding"])
    for channel, shared in (("x", x), ("y", y)):
        if "field" in encoding.get(channel, {}):
            encoding[channel] = {**shared, **encoding[channel]}
    return {**layer, "encoding": encoding}


def heading(panel: Panel) -> Layer:
    """The title of a panel above it."""
    return {
        "data": {"values": [{"title": clipped(panel.title, TITLE)}]},
        "mark": {
            "type": "text",
            "style": "heading",
            "align": "left",
            "baseline": "bottom",
            "limit": {"expr": "width"},
            "tooltip": False,
        },
        "encoding": {"text": {"field": "title"}, "x": {"value": 0}, "y": {"value": panel.top - 6}},
    }


def reference(panel: Panel, at: float) -> Layer:
    """A dashed line through a panel, such as where there is no disparity."""
    return {
        "data": {"values": [{"at": rounded(at)}]},
        "mark": {"type": "rule", "style": "reference", "tooltip": False},
        "encoding": {"x": {"field": "at"}, "y": {"value": panel.top}, "y2": {"value": panel.bottom}},
    }


def domain_of(
    values: Iterable[float | None], ends: Iterable[float | None], *, holding: Iterable[float] = ()
) -> tuple[float, float]:
    """Ends of an axis that holds all values, and the ends of intervals unless these reach much farther.

    Examples
    --------
    >>> domain_of([0.1, 0.3], [0.0, 0.5], holding=[0.0])
    (-0.03, 0.53)
    >>> domain_of([1.0], [0.5, 1e6], holding=[0.0])
    (-0.15, 2.65)
    """
    inner = [value for value in (*values, *holding) if value is not None and is_known(value)]
    outer = [value for value in ends if value is not None and is_known(value)]
    if not inner:
        inner = outer or [0.0]
    low, high = min(inner), max(inner)
    reach = 1.5 * (high - low) or max((abs(end - low) for end in outer), default=0.0)
    low, high = (
        max(min([low, *outer]), low - reach),
        min(max([high, *outer]), high + reach),
    )
    margin = 0.06 * (high - low) or 0.06 * abs(high) or 0.06
    return rounded_ends(low - margin, high + margin)


def rounded_ends(low: float, high: float) -> tuple[float, float]:
    """Ends of an axis without digits that say nothing: to a hundredth of their distance or less.

    >>> rounded_ends(1000.12345, 1000.98765)
    (1000.123, 1000.988)
    """
    digits = 2 - math.floor(math.log10(high - low))
    return round(low, digits), round(high, digits)


def share_of(value: float | None, domain: tuple[float, float]) -> float:
    """Where a value stands between the ends of an axis, in [0, 1]."""
    at = (domain[0] if value is None else value) - domain[0]
    return round(min(max(at / (domain[1] - domain[0]), 0.0), 1.0), 3)


def arrows(panel: Panel) -> list[Layer]:
    """Arrow heads at the edges of a panel, for intervals that go on beyond them."""
    return [
        {
            "transform": [{"filter": f"datum.{flag}"}],
            "mark": {"type": "point", "shape": shape, "filled": True, "size": 45, "style": "arrow", "tooltip": False},
            "encoding": {"x": {"value": edge}, "y": {"field": "label"}},
        }
        for flag, shape, edge in (("low_beyond", "triangle-left", 0), ("high_beyond", "triangle-right", "width"))
    ]
