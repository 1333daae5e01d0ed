"""The attribution of one feature against its value."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.charts.curves import CATEGORIES_SHOWN
from pellucid.charts.specification import Layer, chart, empty, table, tooltips
from pellucid.charts.swarms import LANES, piled, sample_of
from pellucid.charts.texts import ENDLESS, TITLE, clipped, distinct, rounded, short, signed
from pellucid.charts.theme import BLUE, ORANGE, Specification
from pellucid.nouns import counted

__all__ = ["by_category", "dependence"]

Floats = npt.NDArray[np.float64]

HEIGHT, STEP = 260, 34


def dependence(
    cells: npt.NDArray[Any],
    attributions: Floats,
    margins: Floats | None = None,
    *,
    feature: str,
    title: str = "",
    axis_title: str = "Shapley value",
) -> Specification:
    """Attributions of a feature against its values: a cloud over numbers, a row of points for each category.

    Points above 0 are triangles upwards, those below downwards. Of more than 400 rows, 400 at even distances are drawn.

    Parameters
    ----------
    cells
        Values of the feature, shape (rows,). Of more than 30 categories, the most frequent are drawn.
    attributions
        Shape (rows,).
    margins
        Half the widths of the intervals of the attributions, shape (rows,); 0 where exact, nan where not known.

    Examples
    --------
    >>> dependence(np.array([20.0, 60.0]), np.array([-0.1, 0.2]), feature="age")["description"]
    'Shapley value of age in 2 rows: from −0.100 (age = 20) to +0.200 (age = 60).'
    """
    numeric = cells.dtype.kind in "biuf"
    kept = np.abs(attributions) < ENDLESS
    if numeric:
        kept &= np.abs(cells.astype(np.float64)) < ENDLESS
    rows = np.flatnonzero(kept)
    if not len(rows):
        return empty(f"There are no attributions to show for {clipped(feature, 60)}.")
    least, greatest = rows[np.argmin(attributions[rows])], rows[np.argmax(attributions[rows])]
    number = counted(len(rows), "row")
    description = (
        f"{clipped(axis_title, 60)} of {clipped(feature, 60)} in {number}: from "
        f"{_said(feature, cells, attributions, least)} to {_said(feature, cells, attributions, greatest)}."
    )
    drawn = rows[sample_of(len(rows), 1)]
    errors = np.zeros(len(attributions)) if margins is None else np.nan_to_num(margins)
    if numeric:
        layers, height, hidden = (
            _cloud(cells[drawn], attributions[drawn], errors[drawn], feature, axis_title),
            HEIGHT,
            0,
        )
    else:
        layers, height, hidden = _rows(cells[drawn], attributions[drawn], axis_title)
    parts = [f"{len(drawn):,} of {len(rows):,} rows"] if len(drawn) < len(rows) else []
    if len(rows) < len(attributions):
        parts.append(f"{len(attributions) - len(rows):,} without a value not drawn")
    if hidden:
        parts.append(f"{counted(hidden, 'rarer value')} not shown")
    return chart(layers, height=height, description=description, title=title, subtitle=" · ".join(parts))


def _said(feature: str, cells: npt.NDArray[Any], attributions: Floats, row: int) -> str:
    cell = short(float(cells[row])) if cells.dtype.kind in "biuf" else clipped(cells[row], 40)
    return f"{signed(float(attributions[row]))} ({clipped(feature, 40)} = {cell})"


SIGNS = ["raises", "lowers"]


def _by_sign() -> dict[str, dict[str, Any]]:
    field = {"field": "sign", "type": "nominal", "legend": None}
    return {
        "color": {**field, "scale": {"domain": SIGNS, "range": [BLUE, ORANGE]}},
        "shape": {**field, "scale": {"domain": SIGNS, "range": ["triangle-up", "triangle-down"]}},
    }


def _cloud(cells: npt.NDArray[Any], values: Floats, errors: Floats, feature: str, axis_title: str) -> list[Layer]:
    x: dict[str, Any] = {"field": "x", "type": "quantitative", "scale": {"zero": False}}
    x["axis"] = {"title": clipped(feature, TITLE), "grid": False}
    y: dict[str, Any] = {"type": "quantitative", "scale": {"zero": False}}
    y["axis"] = {"title": clipped(axis_title, TITLE), "titleLimit": HEIGHT, "tickCount": 5}
    rows = (
        (rounded(cell), rounded(value, 4), rounded(error, 3) or None)
        for cell, value, error in zip(cells.astype(float).tolist(), values.tolist(), errors.tolist(), strict=True)
    )
    said = "format(datum.y, '+.3~g') + (datum.e ? ' ± ' + format(datum.e, '.3~g') : '')"
    derived = [
        {"calculate": "datum.y < 0 ? 'lowers' : 'raises'", "as": "sign"},
        {"calculate": said, "as": "said"},
        {"calculate": "datum.y - (datum.e || 0)", "as": "low"},
        {"calculate": "datum.y + (datum.e || 0)", "as": "high"},
    ]
    ranged: Layer = {
        "transform": [{"filter": "datum.e > 0"}],
        "mark": {"type": "rule", "opacity": 0.5, "tooltip": False},
        "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
    }
    points: Layer = {
        "mark": {"type": "point", "filled": True, "size": 26, "opacity": 0.75},
        "encoding": {"x": x, "y": {**y, "field": "y"}, **_by_sign(), "tooltip": tooltips(x="Value", said="Adds")},
    }
    marks = [ranged, points] if errors.any() else [points]
    return [{"data": table("xye", rows), "transform": derived, "layer": marks}, _zero(y)]


def _zero(y: dict[str, Any]) -> Layer:
    return {
        "data": {"values": [{"at": 0}]},
        "mark": {"type": "rule", "style": "reference", "tooltip": False},
        "encoding": {"y": {**y, "field": "at"}},
    }


def by_category(
    cells: npt.NDArray[Any], values: Floats
) -> tuple[list[str], npt.NDArray[np.int_], Floats, npt.NDArray[np.int_]]:
    """Points of the most frequent categories.

    Returns
    -------
    tuple
        Labels of the categories drawn, the most frequent first; then of each point its category, its value, and how
        far it lies from the middle of its row, shape (points,) each.
    """
    names = np.array([str(cell) for cell in cells.tolist()], dtype=object)
    sizes: dict[str, int] = {}
    for name in names:
        sizes[name] = sizes.get(name, 0) + 1
    kept = sorted(sizes, key=lambda name: (-sizes[name], name))[:CATEGORIES_SHOWN]
    low, high = float(values.min()), float(values.max())
    chosen = [values[names == name] for name in kept]
    places = np.repeat(np.arange(len(kept)), [len(found) for found in chosen])
    offsets = np.concatenate([piled(found, low, high) for found in chosen])
    return distinct(kept), places, np.concatenate(chosen), offsets


def _rows(cells: npt.NDArray[Any], values: Floats, axis_title: str) -> tuple[list[Layer], int, int]:
    """Points of each category in a row; the height, and how many categories are not drawn."""
    labels, places, known, offsets = by_category(cells, values)
    named = [{"c": place, "label": label} for place, label in enumerate(labels)]
    rows = zip(places.tolist(), (rounded(value, 4) for value in known.tolist()), offsets.tolist(), strict=True)
    derived = [
        {"lookup": "c", "from": {"data": {"values": named}, "key": "c", "fields": ["label"]}},
        {"calculate": "datum.x < 0 ? 'lowers' : 'raises'", "as": "sign"},
        {"calculate": "format(datum.x, '+.3~g')", "as": "said"},
    ]
    x: dict[str, Any] = {
        "type": "quantitative",
        "scale": {"zero": False},
        "axis": {"title": clipped(axis_title, TITLE)},
    }
    y = {"field": "label", "type": "nominal", "sort": None, "axis": {"title": None, "grid": True}}
    offset = {"field": "o", "type": "quantitative", "scale": {"domain": [-LANES, LANES], "range": [3, STEP - 3]}}
    encoding = {"x": {**x, "field": "x"}, "y": y, "yOffset": offset, **_by_sign()}
    zero = {
        "data": {"values": [{"at": 0}]},
        "mark": {"type": "rule", "style": "reference", "tooltip": False},
        "encoding": {"x": {**x, "field": "at"}},
    }
    points = {
        "data": table("cxo", rows),
        "transform": derived,
        "mark": {"type": "point", "filled": True, "size": 26, "opacity": 0.75},
        "encoding": {**encoding, "tooltip": tooltips(label="Value", said="Adds")},
    }
    hidden = len({str(cell) for cell in cells.tolist()}) - len(labels)
    return [points, zero], STEP * len(labels), hidden
