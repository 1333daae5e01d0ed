"""How predictions move with one feature: partial dependence, curves of single rows, accumulated local effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.charts.specification import Layer, chart, empty, legend, table, tooltips
from pellucid.charts.swarms import sample_of
from pellucid.charts.texts import ENDLESS, TITLE, clipped, distinct, is_known, percent, rounded, short
from pellucid.charts.theme import CATEGORIES, GRAY, Specification
from pellucid.nouns import counted
from pellucid.records import dataclass

__all__ = [
    "CATEGORIES_SHOWN",
    "CURVES",
    "LOOKS",
    "Series",
    "bucket_edges",
    "commonest",
    "partial_dependence",
    "series_of",
]

Floats = npt.NDArray[np.float64]

HEIGHT, STRIP, GAP = 220, 34, 12
"""Heights of the curves, of the strip that shows the data below them, and between them."""

STEP = 30
CURVES = 60
"""Curves of single rows drawn at most."""

OUTPUTS = 6
CATEGORIES_SHOWN = 30

LOOKS = tuple(
    zip(
        CATEGORIES,
        ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4], [3, 6]),
        ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-left", "triangle-right"),
        strict=True,
    )
)
"""Color, dashes and shape of each series."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """A curve: its name in the legend and a value at each point, shape (points,)."""

    name: str
    values: Floats


def partial_dependence(
    points: npt.NDArray[Any],
    predictions: Floats,
    *,
    feature: str,
    outputs: Sequence[str] = ("",),
    distribution: Floats | None = None,
    individual: Floats | None = None,
    accumulated: Floats | None = None,
    categorical: bool | None = None,
    title: str = "",
    axis_title: str = "Mean prediction",
) -> Specification:
    """Mean predictions with a feature set to one value after another: lines over numbers, dots over categories.

    Beside them stands how the rows are spread, since a curve means little where there are none.

    Parameters
    ----------
    points
        Values the feature was set to, shape (points,). Of more than 30 categories, the most frequent are drawn.
    predictions
        Shape (outputs, points) or (points,).
    outputs
        Names of the outputs, told apart by color, dashes and shape; the first six are drawn.
    distribution
        Share of the rows at each point, shape (points,).
    individual
        Predictions of single rows of the first output, shape (rows, points); up to 60 rows at even distances are drawn.
    accumulated
        Accumulated local effects on the scale of predictions, shape (outputs, points) or (points,).
    categorical
        Whether points have no order; by default, whether they are not numbers.

    Examples
    --------
    >>> partial_dependence(np.array([20.0, 60.0]), np.array([0.1, 0.4]), feature="age")["description"]
    'Mean prediction by age: least 0.100 at 20, greatest 0.400 at 60.'
    """
    means = np.atleast_2d(np.asarray(predictions, dtype=np.float64))
    values = np.asarray(points)
    if not len(values) or not (np.abs(means) < ENDLESS).any():
        return empty(f"There are no predictions to show for {clipped(feature, 60)}.")
    series = series_of(means, outputs, accumulated)
    rows = None if individual is None else np.asarray(individual, dtype=np.float64)
    rows = None if rows is None else rows[sample_of(len(rows), 1, room=CURVES)]
    by_value = values.dtype.kind not in "iuf" if categorical is None else categorical
    description = _description(feature, values, means, outputs)
    hidden = [f"{counted(len(means) - OUTPUTS, 'more output')} not shown"] if len(means) > OUTPUTS else []
    if not by_value:
        layers, height = _lines(values.astype(np.float64), series, distribution, rows, feature, axis_title)
        resolve = {"scale": {"y": "independent"}}
    else:
        kept = commonest(distribution, len(values))
        if len(kept) < len(values):
            hidden.append(f"{counted(len(values) - len(kept), 'rarer value')} not shown")
        series = [Series(name=one.name, values=one.values[kept]) for one in series]
        shares = None if distribution is None else distribution[kept]
        layers = _dots(values[kept].tolist(), series, shares, None if rows is None else rows[:, kept], axis_title)
        height, resolve = STEP * len(kept), {}
    subtitle = " · ".join(hidden)
    return chart(layers, height=height, description=description, title=title, subtitle=subtitle, resolve=resolve)


def series_of(means: Floats, outputs: Sequence[str], accumulated: Floats | None = None) -> list[Series]:
    """What is drawn: mean predictions of the first outputs; accumulated local effects of the first."""
    names = distinct(outputs[:OUTPUTS] if any(outputs) else ["partial dependence"], 28)
    series = [Series(name=name, values=values) for name, values in zip(names, means, strict=False)]
    if accumulated is not None:
        effects = np.atleast_2d(np.asarray(accumulated, dtype=np.float64))[: 2 if len(series) <= OUTPUTS else 0]
        for name, values in zip(names, effects, strict=False):
            called = "accumulated local effects" if not any(outputs) else f"{name} (accumulated)"
            series.append(Series(name=called, values=values))
    return series


def commonest(shares: Floats | None, number: int, limit: int = CATEGORIES_SHOWN) -> npt.NDArray[np.intp]:
    """Positions of the most frequent of so many values, in the order of the values."""
    if number <= limit:
        return np.arange(number)
    if shares is None:
        return np.arange(limit)
    return np.sort(np.argsort(-np.nan_to_num(shares), kind="stable")[:limit])


def bucket_edges(points: Floats) -> Floats:
    """Ends of the buckets whose centers are ``points``, shape (points + 1,).

    >>> bucket_edges(np.array([1.0, 3.0])).tolist()
    [0.0, 2.0, 4.0]
    """
    if len(points) == 1:
        half = 0.05 * abs(float(points[0])) or 0.5
        return np.array([points[0] - half, points[0] + half])
    middle = (points[1:] + points[:-1]) / 2
    return np.concatenate([[2 * points[0] - middle[0]], middle, [2 * points[-1] - middle[-1]]])


def _description(feature: str, points: npt.NDArray[Any], means: Floats, outputs: Sequence[str]) -> str:
    first = means[0]
    name = clipped(feature, 60)
    of_output = f" of {clipped(outputs[0], 40)}" if outputs[0] else ""
    if not (np.abs(first) < ENDLESS).any():
        return f"Mean prediction{of_output} by {name}."
    least, greatest = int(np.nanargmin(first)), int(np.nanargmax(first))

    def at(place: int) -> str:
        point = points[place]
        return short(float(point)) if points.dtype.kind in "iuf" else clipped(point, 40)

    if first[least] == first[greatest]:
        return f"Mean prediction{of_output} by {name}: {short(float(first[least]))} throughout."
    return (
        f"Mean prediction{of_output} by {name}: least {short(float(first[least]))} at {at(least)}, "
        f"greatest {short(float(first[greatest]))} at {at(greatest)}."
    )


# --- marks -----------------------------------------------------------------------------------------------------------
def _look(series: Sequence[Series], labels: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """Color, dashes and shape of the series, with a legend of colors and shapes unless there is a single one."""
    names = [one.name for one in series]
    # The dashes of lines would fray the edges of the symbols.
    shown = {**legend(names, labels), "symbolStrokeWidth": 0} if len(series) > 1 else None
    field = {"field": "series", "type": "nominal", "legend": shown}
    looks = LOOKS[: len(series)]
    channels = ("color", "strokeDash", "shape")
    return {
        channel: {**field, "scale": {"domain": names, "range": [look[place] for look in looks]}}
        for place, channel in enumerate(channels)
    }


def _lines(
    points: Floats,
    series: Sequence[Series],
    distribution: Floats | None,
    rows: Floats | None,
    feature: str,
    axis_title: str,
) -> tuple[list[Layer], int]:
    """Curves over a numeric feature, and the spread of the rows in a strip below."""
    height = HEIGHT if distribution is None else HEIGHT + GAP + STRIP
    x: dict[str, Any] = {"type": "quantitative", "scale": {"zero": False, "nice": False}}
    x["axis"] = {"title": clipped(feature, TITLE), "grid": False}
    y: dict[str, Any] = {"type": "quantitative", "scale": {"zero": False, "range": [HEIGHT, 0]}}
    y["axis"] = {"title": clipped(axis_title, TITLE), "titleLimit": HEIGHT, "tickCount": 5}
    look = _look(series)
    data = [
        {
            "series": one.name,
            "x": rounded(point),
            "y": rounded(value),
            "said": f"{short(value)} at {short(point)}",
        }
        for one in series
        for point, value in zip(points.tolist(), one.values.tolist(), strict=True)
    ]
    dashes = {channel: look[channel] for channel in ("color", "strokeDash")}
    shapes = {channel: look[channel] for channel in ("color", "shape")}
    place = {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}}
    pointed_at = {"tooltip": tooltips(series="Series", said="Prediction")}
    line = {"mark": {"type": "line", "strokeWidth": 2, "tooltip": False}, "encoding": {**place, **dashes}}
    dot = {
        "mark": {"type": "point", "filled": True, "size": 40, "opacity": 1},
        "encoding": {**place, **shapes, **pointed_at},
    }
    drawn: list[Layer] = [{"data": {"values": data}, "layer": [line, dot]}]
    if rows is not None and len(rows):
        drawn.insert(0, _single_rows(points, rows, x, y))
    drawn = [{"layer": drawn}]
    if distribution is not None:
        drawn.append(_strip(points, distribution, x, height))
    return drawn, height


def _single_rows(points: Floats, rows: Floats, x: dict[str, Any], y: dict[str, Any]) -> Layer:
    values = (
        (number, rounded(point), rounded(value, 7))
        for number, row in enumerate(rows)
        for point, value in zip(points.tolist(), row.tolist(), strict=True)
        if is_known(value)
    )
    return {
        "data": table("rxy", values),
        "mark": {"type": "line", "strokeWidth": 1, "opacity": 0.35, "color": GRAY, "tooltip": False},
        "encoding": {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}, "detail": {"field": "r"}},
    }


def _strip(points: Floats, distribution: Floats, x: dict[str, Any], height: int) -> Layer:
    edges = bucket_edges(points)
    data = [
        {"x": rounded(low), "end": rounded(high), "share": rounded(share), "said": percent(share)}
        for low, high, share in zip(edges[:-1].tolist(), edges[1:].tolist(), distribution.tolist(), strict=True)
    ]
    y: dict[str, Any] = {"field": "share", "type": "quantitative"}
    y["scale"] = {"range": [height, height - STRIP], "nice": False, "zero": True}
    title = {"title": "rows", "titleAngle": 0, "titleAlign": "right", "titleBaseline": "middle", "titlePadding": 8}
    y["axis"] = {**title, "orient": "left", "labels": False, "ticks": False, "grid": False}
    return {
        "data": {"values": data},
        "mark": {"type": "rect", "fill": GRAY, "fillOpacity": 0.5, "stroke": GRAY, "strokeWidth": 0.5},
        "encoding": {
            "x": {**x, "field": "x"},
            "x2": {"field": "end"},
            "y": y,
            "y2": {"datum": 0},
            "tooltip": tooltips(said="Share of rows"),
        },
    }


def _dots(
    points: Sequence[Any], series: Sequence[Series], shares: Floats | None, rows: Floats | None, axis_title: str
) -> list[Layer]:
    """A row for each category: a dot for each series, the share of the rows at the right edge."""
    labels = distinct(points)
    x: dict[str, Any] = {"type": "quantitative", "scale": {"zero": False}}
    x["axis"] = {"title": clipped(axis_title, TITLE)}
    y = {"field": "label", "type": "nominal", "sort": None, "axis": {"title": None, "grid": True}}
    data = [
        {"label": label, "name": clipped(point), "series": one.name, "x": rounded(value), "said": short(value)}
        for label, point, *values in zip(labels, points, *(one.values.tolist() for one in series), strict=True)
        for one, value in zip(series, values, strict=True)
    ]
    look = _look(series, labels)
    pointed_at = tooltips(name="Value", series="Series", said="Prediction")
    layers: list[Layer] = [
        {
            "data": {"values": data},
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {
                "x": {**x, "field": "x"},
                "y": y,
                "color": look["color"],
                "shape": look["shape"],
                "tooltip": pointed_at,
            },
        }
    ]
    if rows is not None and len(rows):
        single = (
            (place, rounded(value, 7)) for place in range(len(labels)) for value in rows[:, place] if is_known(value)
        )
        named = [{"c": place, "label": label} for place, label in enumerate(labels)]
        looked_up = {"lookup": "c", "from": {"data": {"values": named}, "key": "c", "fields": ["label"]}}
        mark = {"type": "tick", "color": GRAY, "opacity": 0.5, "thickness": 1, "size": 10, "tooltip": False}
        encoding = {"x": {**x, "field": "x"}, "y": y}
        layers.append({"data": table("cx", single), "transform": [looked_up], "mark": mark, "encoding": encoding})
    if shares is not None:
        said = [
            {"label": label, "said": f"{percent(share)} of rows"}
            for label, share in zip(labels, shares.tolist(), strict=True)
            if is_known(share)
        ]
        mark = {"type": "text", "style": "faint", "align": "right", "dy": -9, "tooltip": False}
        place = {"x": {"value": "width"}, "y": y, "text": {"field": "said"}}
        layers.append({"data": {"values": said}, "mark": mark, "encoding": place})
    return layers
