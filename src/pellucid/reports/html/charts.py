"""Charts as a page holds them: the specification that the browser draws, and a picture for where nothing runs."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from pellucid.charts.theme import config
from pellucid.records import dataclass
from pellucid.reports.document import Chart, Notice
from pellucid.reports.drawing import FONTS, draw, drawn_specification

__all__ = ["PageChart", "PageCharts", "script_json", "themes_json"]

PAGE_FONTS = "Liberation Sans, Arial, Helvetica, sans-serif"
"""Fonts as wide as the one that vl-convert measured the texts with."""

LARGEST_SVG = 60_000
"""Characters; a chart of thousands of points is smaller as pixels."""

ALL_PICTURES = 600_000
"""Characters; a chart whose picture goes beyond has its numbers and what the browser draws, but no picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageChart:
    """A chart, ready for the page.

    Parameters
    ----------
    specification
        Vega-Lite as JSON without its theme, safe inside a script element; empty where it cannot be drawn.
    picture
        Address that holds the whole picture; empty where there is none.
    width, height
        Of the picture, in pixels.
    fault
        Why the chart cannot be drawn.
    """

    specification: str = ""
    picture: str = ""
    width: int = 0
    height: int = 0
    fault: str = ""


class PageCharts:
    """Prepares the charts of one page, in their order, until its pictures weigh ``limit`` characters."""

    def __init__(self, limit: int = ALL_PICTURES) -> None:
        self._left = limit

    def prepare(self, chart: Chart) -> PageChart:
        """The chart for the page.

        A chart that cannot be drawn says why; the rest of the report is none the worse for it.
        """
        unthemed = {key: value for key, value in chart.specification.items() if key != "config"}
        if self._left <= 0:
            return PageChart(specification=script_json(unthemed))
        drawn = draw(chart)
        if isinstance(drawn, Notice):
            return PageChart(fault=drawn.text)
        picture = _picture(chart.specification, drawn.svg)
        if len(picture) > self._left:
            return PageChart(specification=script_json(unthemed))
        self._left -= len(picture)
        width, height = round(drawn.width), round(drawn.height)
        return PageChart(specification=script_json(unthemed), picture=picture, width=width, height=height)


def themes_json() -> str:
    """Vega-Lite's settings of a light and of a dark page, for all charts of the page."""
    return script_json({"light": config(), "dark": config(dark=True)})


def script_json(value: Any) -> str:
    r"""JSON that cannot end the script element it stands in.

    Halves of surrogate pairs, which UTF-8 does not know, become the replacement character.

    Examples
    --------
    >>> print(script_json({"name": "</script>"}))
    {"name":"\u003c/script\u003e"}
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _picture(specification: Mapping[str, Any], svg: str) -> str:
    """The chart as the address of an image, in the form that is smaller."""
    if len(svg) <= LARGEST_SVG:
        return _address("image/svg+xml", svg.replace(f'"{FONTS}"', f'"{PAGE_FONTS}"').encode())
    import vl_convert

    text = json.dumps(drawn_specification(specification))
    return _address("image/png", vl_convert.vegalite_to_png(text, scale=1.5, allowed_base_urls=[]))


def _address(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"
