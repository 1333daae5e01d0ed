"""What all specifications have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pellucid.charts.texts import TITLE, clipped, width_of
from pellucid.charts.theme import Specification, config

__all__ = [
    "PERCENT_AXIS",
    "Encoding",
    "Layer",
    "after",
    "beside",
    "chart",
    "empty",
    "legend",
    "pointed_at",
    "table",
    "text_above",
    "tooltips",
]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"

PERCENT_AXIS = {"labelExpr": "format(100 * datum.value, '.3~g') + ' %'"}

Layer = dict[str, Any]
Encoding = dict[str, Any]


def chart(
    layers: Sequence[Layer],
    *,
    height: int,
    description: str,
    title: str = "",
    subtitle: str = "",
    resolve: Mapping[str, Any] | None = None,
) -> Specification:
    """Layers as one chart as wide as its container, or as the number that `sized` puts in."""
    return {
        "$schema": SCHEMA,
        "description": description,
        **({"title": _heading(title, subtitle)} if title or subtitle else {}),
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "layer": list(layers),
        **({"resolve": resolve} if resolve else {}),
        "config": config(),
    }


def _heading(title: str, subtitle: str) -> str | dict[str, Any]:
    if not title:
        return {"text": clipped(subtitle, TITLE), "style": "faint", "fontWeight": "normal"}
    return {"text": clipped(title, TITLE), "subtitle": clipped(subtitle, TITLE)} if subtitle else clipped(title, TITLE)


def empty(message: str) -> Specification:
    """A chart that says why there is nothing to draw."""
    text = {
        "data": {"values": [{"text": message}]},
        "mark": {"type": "text", "style": "faint", "align": "left", "baseline": "middle", "tooltip": False},
        "encoding": {"text": {"field": "text"}, "x": {"value": 0}, "y": {"value": 16}},
    }
    return chart([text], height=32, description=message)


def pointed_at(data: Sequence[dict[str, Any]], **titles: str) -> dict[str, Any]:
    """The channel of `tooltips` of those fields that some row has; other rows get an empty text for them."""
    there = {name: title for name, title in titles.items() if any(name in datum for datum in data)}
    for datum in data:
        for name in there:
            datum.setdefault(name, "")
    return {"tooltip": tooltips(**there)}


def legend(names: Sequence[str], labels: Sequence[str] = ()) -> dict[str, Any]:
    """A legend above the chart, its columns as many as a telephone has room for beside the labels of the rows."""
    widest = min(150, max(map(width_of, names), default=0)) + 34
    taken = min(190, max(map(width_of, labels), default=30)) + 20
    return {"title": None, "columns": max(1, (390 - taken) // widest)}


def tooltips(**titles: str) -> list[dict[str, str]]:
    """Fields shown where a mark is pointed at, with their titles, as texts."""
    return [{"field": name, "title": title, "type": "nominal"} for name, title in titles.items()]


def text_above() -> Layer:
    """Texts above places at the share ``datum.share`` of the width; inside the view whatever its width.

    ``datum.said`` is written, ``wide`` pixels; where the view is narrower ``brief``, which takes ``slim`` pixels.
    """
    whole = "datum.wide <= width"
    at = f"datum.share * max(0, width - ({whole} ? datum.wide : datum.slim))"
    mark = {"type": "text", "style": "number", "dy": -11, "align": "left", "x": {"expr": at}, "tooltip": False}
    text = {"text": {"expr": f"{whole} ? datum.said : datum.brief"}}
    return {"mark": {**mark, **text}, "encoding": {}}


def after(field: str, room: int) -> Layer:
    """Texts to the right of ``datum.right``, a share of the width but for the ``room`` that they have to its right."""
    at = f"datum.right * (width - {room}) + 6"
    mark = {"type": "text", "style": "number", "align": "left", "x": {"expr": at}, "tooltip": False}
    return {"mark": mark, "encoding": {"text": {"field": field}}}


def beside() -> Layer:
    """Texts to the right of ``datum.right``, a share of the width; where there is no room, to the left of ``left``.

    ``datum.said`` is written, ``wide`` pixels, inside the bar where neither side has room for it; where the bar has
    none either ``brief``, of ``slim`` pixels.
    """
    right, left = "width - datum.right * width - 10", "datum.left * width - 10"
    whole = f"max({right}, {left}, (datum.right - datum.left) * width) >= datum.wide"
    size = f"({whole} ? datum.wide : datum.slim)"
    inside = "(datum.left + datum.right) / 2 * width"
    mark = {
        "type": "text",
        "style": "number",
        "align": {"expr": f"{right} >= {size} ? 'left' : {left} >= {size} ? 'right' : 'center'"},
        "x": {"expr": f"{right} >= {size} ? datum.right * width + 10 : {left} >= {size} ? {left} : {inside}"},
        "text": {"expr": f"{whole} ? datum.said : datum.brief"},
        "tooltip": False,
    }
    return {"mark": mark, "encoding": {}}


def table(names: str, rows: Iterable[Sequence[float | str | None]]) -> dict[str, Any]:
    """Numbers as CSV, which takes a fraction of the space of JSON; names of one letter, blank for None.

    Texts must be fixed ones, without commas.
    """
    lines = [",".join("" if cell is None else f"{cell}" for cell in row) for row in rows]
    parse = dict.fromkeys(names, "number")
    return {"values": "\n".join([",".join(names), *lines]), "format": {"type": "csv", "parse": parse}}
