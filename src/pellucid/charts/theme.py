"""The one look of all charts: colors that can be told apart on white and on dark pages, and Vega-Lite's settings.

Every mark color has a contrast of at least 3:1 on white and on ``DARK_PAGE``, so that a page changes only the colors of
text and axes when it changes its theme. Blue and orange are told apart by people with any color vision; what they say
is said by shape, direction or a sign as well.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "BLUE",
    "CATEGORIES",
    "DARK_PAGE",
    "GRAY",
    "ORANGE",
    "PURPLE",
    "TONES",
    "Specification",
    "config",
    "sized",
    "themed",
]

Specification = dict[str, Any]
"""A Vega-Lite specification with its data inside."""

BLUE, ORANGE, GRAY, PURPLE, GREEN, BROWN = "#2f7fbf", "#c8601f", "#747b85", "#8a6bb0", "#2d8a6a", "#9a6f3f"
CATEGORIES = (BLUE, ORANGE, GREEN, PURPLE, BROWN, GRAY, "#b0578d", "#4f8a9c")
DARK_PAGE = "#16181d"

TONES = {
    "worse": ("worse for the group", ORANGE, "triangle-down"),
    "better": ("better for the group", BLUE, "triangle-up"),
    "different": ("clear difference", BLUE, "square"),
    "neutral": ("no clear difference", GRAY, "circle"),
    "uncertain": ("too little evidence", PURPLE, "diamond"),
    "suppressed": ("not shown: few people", GRAY, "cross"),
}
"""What a tone is called in a legend, its color and its shape."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
INK = {False: ("#1d2129", "#565e69", "#d9dde3"), True: ("#eceff4", "#aab2bf", "#3a404b")}
"""Colors of text, of lesser text and lines, and of grids, on a light and on a dark page."""


def config(*, dark: bool = False, font: str = FONT, background: str = "transparent") -> dict[str, Any]:
    """Vega-Lite's ``config``, with text and axes in the colors of a light or a dark page."""
    text, faint, grid = INK[dark]
    return {
        "background": background,
        "font": font,
        "view": {"stroke": None},
        "mark": {"tooltip": True},
        **_axes(text, faint, grid),
        "legend": {
            "orient": "top",
            "labelColor": text,
            "labelFontSize": 12,
            "labelLimit": 190,
            "titleColor": faint,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "symbolStrokeWidth": 2,
        },
        "title": {
            "anchor": "start",
            "frame": "group",
            "limit": {"expr": "width"},
            "color": text,
            "fontSize": 14,
            "subtitleColor": faint,
            "subtitleFontSize": 12,
        },
        "text": {"color": text, "fontSize": 12},
        "rule": {"color": faint},
        "style": {
            "heading": {"fill": text, "fontSize": 12, "fontWeight": "bold"},
            "number": {"fill": text, "fontSize": 11},
            "faint": {"fill": faint, "fontSize": 11},
            "arrow": {"fill": faint},
            "reference": {"strokeDash": [4, 3], "strokeWidth": 1},
            "error": {"color": text, "strokeWidth": 1.5},
        },
    }


def _axes(text: str, faint: str, grid: str) -> dict[str, Any]:
    return {
        "axis": {
            "labelColor": text,
            "labelFontSize": 12,
            "labelLimit": 190,
            "titleColor": faint,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "gridColor": grid,
            "domainColor": faint,
            "tickColor": faint,
        },
        "axisX": {
            "labelOverlap": "greedy",
            "labelSeparation": 6,
            "tickCount": {"expr": "ceil(width / 90)"},
            "titleLimit": {"expr": "width"},
        },
        "axisY": {"domain": False, "ticks": False, "labelPadding": 8},
    }


def themed(
    specification: Specification, *, dark: bool, font: str | None = None, background: str = "transparent"
) -> Specification:
    """The same chart for a light or a dark page; only its ``config`` differs.

    Parameters
    ----------
    specification
        What a function of `pellucid.charts` returned.
    dark
        Whether the page behind the chart is dark.
    font
        A family, or a list of families as in CSS, where the page sets its own.
    background
        Color behind the chart, transparent by default. PNG files need one: vl-convert 1.9 draws translucent colors on
        a transparent background too dark.
    """
    chosen = config(dark=dark, font=FONT if font is None else font, background=background)
    return {**specification, "config": chosen}


def sized(specification: Specification, width: int) -> Specification:
    """The same chart, ``width`` pixels wide with its labels, for places without a page around it."""
    return {**specification, "width": width}
