"""Attributions over time, a strip for each series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pellucid.charts.specification import Layer, chart, empty, table, tooltips
from pellucid.charts.texts import ENDLESS, TITLE, clipped, distinct, rounded, signed
from pellucid.charts.theme import BLUE, GRAY, ORANGE, Specification

__all__ = ["heat_strip"]

Floats = npt.NDArray[np.float64]

STEP = 34
STEPS, SERIES = 120, 25
"""Time steps drawn at most, longer series being added up in equal stretches; and series drawn at most."""


def heat_strip(
    values: Floats,
    series: Sequence[str],
    times: Sequence[str],
    *,
    title: str = "",
    axis_title: str = "Time",
) -> Specification:
    """Attributions of time steps, a strip for each series: the stronger, the fuller the color and the higher the bar.

    What raises the forecast is blue and stands above the middle of its strip, what lowers it is orange and below.

    Parameters
    ----------
    values
        Attributions, shape (series, steps). Of more than 120 steps, neighbours are added up; the subtitle says so. Of
        more than 25 series, the strongest are drawn.
    series
        Names of the series, such as the target and its covariates.
    times
        Names of the steps, in order.

    Examples
    --------
    >>> heat_strip(np.array([[0.5, -1.0]]), ["demand"], ["Mon", "Tue"])["description"]
    'Attributions of 2 time steps in 1 series: strongest −1 (demand, Tue), then +0.500 (demand, Mon).'
    """
    if values.size == 0 or not (np.abs(values) < ENDLESS).any():
        return empty("There are no attributions to show.")
    sizes = np.abs(np.nan_to_num(values, posinf=0.0, neginf=0.0)).sum(axis=1)
    kept = np.sort(np.argsort(-sizes, kind="stable")[:SERIES])
    chosen, called = _stretches(values[kept], times)
    names = distinct([series[row] for row in kept.tolist()])
    steps = values.shape[1]
    parts = [f"{steps} steps added up in stretches of {-(-steps // STEPS)}"] if steps > STEPS else []
    if len(kept) < len(values):
        parts.append(f"{len(values) - len(kept)} weaker series not shown")
    return chart(
        _layers(chosen, names, distinct(called), axis_title),
        height=STEP * len(names),
        description=_description(values, series, times),
        title=title,
        subtitle=" · ".join(parts),
        resolve={"scale": {"y": "independent"}},
    )


def _stretches(values: Floats, times: Sequence[str]) -> tuple[Floats, list[str]]:
    """Values added up over stretches of equal length, and what each stretch is called."""
    steps = values.shape[1]
    length = -(-steps // STEPS)
    if length == 1:
        return values, [clipped(time, 40) for time in times]
    starts = np.arange(0, steps, length)
    ends = np.minimum(starts + length, steps) - 1
    names = [
        f"{clipped(times[start], 30)} to {clipped(times[end], 30)}" for start, end in zip(starts, ends, strict=True)
    ]
    return np.add.reduceat(values, starts, axis=1), names


def _description(values: Floats, series: Sequence[str], times: Sequence[str]) -> str:
    flat = np.abs(np.nan_to_num(values, posinf=0.0, neginf=0.0)).ravel()
    first = [divmod(int(place), values.shape[1]) for place in np.argsort(-flat, kind="stable")[:2]]
    said = [
        f"{signed(float(values[row, step]))} ({clipped(series[row], 40)}, {clipped(times[step], 40)})"
        for row, step in first
    ]
    return f"Attributions of {values.shape[1]} time steps in {len(values)} series: strongest {', then '.join(said)}."


def _layers(values: Floats, names: Sequence[str], times: Sequence[str], axis_title: str) -> list[Layer]:
    rows = [{"s": row, "label": name} for row, name in enumerate(names)]
    steps = [{"t": step, "time": time} for step, time in enumerate(times)]
    label = {"field": "label", "type": "nominal", "sort": None, "scale": {"type": "band"}, "axis": {"title": None}}
    guide = {"y": label, "x": {"value": 0}}
    axis = {
        "title": clipped(axis_title, TITLE),
        "labelAngle": 0,
        "labelLimit": 90,
        "grid": False,
        "ticks": False,
        "labelFlush": False,
    }
    x = {"field": "time", "type": "nominal", "axis": axis}
    x["scale"] = {"type": "band", "domain": list(times), "padding": 0}
    y = {"type": "quantitative", "scale": {"domain": [0, len(names)], "reverse": True, "nice": False}, "axis": None}
    kinds = ["raises", "lowers", "none"]
    colors = {"domain": kinds, "range": [BLUE, ORANGE, GRAY]}
    fill = {"field": "kind", "type": "nominal", "scale": colors, "legend": None}
    strength = {"field": "size", "type": "quantitative", "scale": {"domain": [0, 1], "range": [0.04, 0.35]}}
    pointed_at = tooltips(label="Series", time="Time", said="Adds")
    field = {"x": x, "y": {**y, "field": "top"}, "y2": {"field": "bottom"}, "fill": fill}
    return [
        {"data": {"values": rows}, "mark": {"type": "tick", "opacity": 0, "tooltip": False}, "encoding": guide},
        {
            "data": table("sthv", _cells(values)),
            "transform": [
                {"lookup": "s", "from": {"data": {"values": rows}, "key": "s", "fields": ["label"]}},
                {"lookup": "t", "from": {"data": {"values": steps}, "key": "t", "fields": ["time"]}},
                {"calculate": "abs(datum.h)", "as": "size"},
                {"calculate": "datum.h > 0 ? 'raises' : datum.h < 0 ? 'lowers' : 'none'", "as": "kind"},
                {"calculate": "isValid(datum.v) ? format(datum.v, '+.3~g') : 'no value'", "as": "said"},
                {"calculate": "datum.s + 0.05", "as": "top"},
                {"calculate": "datum.s + 0.95", "as": "bottom"},
                {"calculate": "datum.s + 0.5", "as": "middle"},
                {"calculate": "datum.s + 0.5 - 0.43 * datum.h", "as": "reach"},
            ],
            "layer": [
                {
                    "mark": "rect",
                    "encoding": {**field, "fillOpacity": {**strength, "legend": None}, "tooltip": pointed_at},
                },
                {
                    "mark": {"type": "bar", "width": {"band": 0.7}, "tooltip": False},
                    "encoding": {**field, "y": {**y, "field": "middle"}, "y2": {"field": "reach"}},
                },
            ],
        },
    ]


def _cells(values: Floats) -> Iterator[tuple[int, int, str, str | None]]:
    """Series, step, share of the strongest and value of each cell."""
    finite = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    limit = float(np.abs(finite).max()) or 1.0
    for row, step in np.ndindex(values.shape):
        known = rounded(float(values[row, step]), 4)
        yield row, step, f"{finite[row, step] / limit + 0.0:.3g}", None if known is None else f"{known:.4g}"
