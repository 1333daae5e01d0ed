"""Charts as SVG for pages that cannot draw them: print, notebooks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from threading import Lock
from typing import Any

from pellucid.charts.theme import themed
from pellucid.records import dataclass
from pellucid.reports.document import Chart, Notice
from pellucid.reports.legible import rewritten, visible

__all__ = ["Drawing", "draw", "drawn_specification"]

WIDTH = 640
"""Of a chart that would be as wide as its page, in pixels."""

FONTS = "Libertinus Serif, Liberation Sans, sans-serif"
"""The font of the printed page, then one that vl-convert holds, by whose wider letters the space is measured."""

SIZE = re.compile(r'<svg [^>]*?width="(?P<width>[\d.]+)" height="(?P<height>[\d.]+)"')
IDENTIFIER = re.compile(r' id="\w+|="url\(#\w+')
_DRAWING = Lock()
"""Page, print and notebook are made at the same time, of the same charts: the first draws, the others wait for it."""

FAMILY = re.compile(r'font-family="[^"]*"')


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart that was drawn; ``width`` and ``height`` are in pixels."""

    svg: str
    width: float
    height: float


def draw(chart: Chart) -> Drawing | Notice:
    """``chart`` on a light page, or a notice that names it and says why it cannot be drawn.

    Nothing is read from files or the network, whatever the specification asks for.
    """
    try:
        specification = json.dumps(drawn_specification(chart.specification), allow_nan=False)
    except (TypeError, ValueError) as error:
        return _fault(chart, str(error))
    with _DRAWING:
        drawn = _drawn(specification)
    return _fault(chart, drawn) if isinstance(drawn, str) else drawn


def _fault(chart: Chart, reason: str) -> Notice:
    return Notice("missing", f"The chart “{chart.title}” could not be drawn: {reason}")


def drawn_specification(specification: Mapping[str, Any]) -> dict[str, Any]:
    """The specification in the colors of a light page, its width a number, its texts without invisible characters."""
    seen: dict[str, Any] = rewritten(themed(dict(specification), dark=False, font=FONTS), visible)
    # What was made for paper stays legible on the dark page of an editor.
    seen["config"]["background"] = "white"
    if seen.get("width") == "container":
        seen["width"] = WIDTH
        seen.setdefault("autosize", {"type": "fit-x", "contains": "padding"})
    return seen


@lru_cache(maxsize=128)
def _drawn(specification: str) -> Drawing | str:
    """The drawing, or why there is none; kept, since print and notebook show the same charts."""
    import vl_convert

    try:
        svg = vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])
    except ValueError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return lines[1] if len(lines) > 1 else lines[0]
    size = SIZE.match(svg)
    if size is None:
        return "its size is unknown."
    svg = FAMILY.sub(f'font-family="{FONTS}"', svg)
    # A page may hold several drawings, whose names have to be different.
    own = sha256(specification.encode()).hexdigest()[:8]
    svg = IDENTIFIER.sub(rf"\g<0>-{own}", svg)
    return Drawing(svg, float(size["width"]), float(size["height"]))
