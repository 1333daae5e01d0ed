"""Attributions of many rows: a swarm of points for each feature, colored and shaped by the value of the feature."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.charts.specification import Layer, chart, empty, legend, table
from pellucid.charts.texts import ENDLESS, LABEL, TITLE, clipped, distinct, signed, spoken
from pellucid.charts.theme import BLUE, GRAY, ORANGE, PURPLE, Specification
from pellucid.nouns import counted
from pellucid.records import dataclass

__all__ = ["LANES", "LEVELS", "Swarm", "beeswarm", "levels_of", "piled", "sample_of", "swarms"]

Floats = npt.NDArray[np.float64]

STEP = 40
POINTS, ROWS = 3600, 400
"""Points drawn at most, and rows: a specification stays below 60 kB."""

BINS, LANES = 80, 9
"""Columns in which points are piled up, and piles to either side of the middle."""

LEVELS = (
    ("low value", BLUE, "triangle-down"),
    ("middle value", PURPLE, "circle"),
    ("high value", ORANGE, "triangle-up"),
    ("text or missing", GRAY, "square"),
)
"""What a value of a feature is called, its color and its shape."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Swarm:
    """Points of a feature.

    Parameters
    ----------
    values
        Attributions, shape (points,).
    offsets
        Whole numbers from -9 to 9: how far a point lies from the middle, shape (points,).
    levels
        Positions in ``LEVELS``: where the values of the feature stand among all, shape (points,).
    """

    feature: str
    values: Floats
    offsets: npt.NDArray[np.int_]
    levels: npt.NDArray[np.int_]


def beeswarm(
    attributions: Floats,
    features: Sequence[str],
    cells: Sequence[npt.NDArray[Any] | None] | None = None,
    *,
    limit: int = 15,
    title: str = "",
    axis_title: str = "Shapley value",
) -> Specification:
    """Attributions of single rows by feature, the strongest features first.

    Values of a feature are shown by color and by shape: the lowest third are triangles downwards, the highest third
    triangles upwards, what lies between is circles; text and missing values are gray squares.

    Parameters
    ----------
    attributions
        Shape (rows, features). Of more than 400 rows, or 3,600 points, rows at even distances are drawn.
    cells
        Values of each feature in these rows, shape (rows,) each; None for a feature without values of its own.

    Examples
    --------
    >>> beeswarm(np.array([[0.5, 0.1], [-0.5, 0.1]]), ["age", "sex"])["description"]
    'Attributions of 2 rows; strongest: age (−0.500 to +0.500) and sex (+0.100 to +0.100).'
    """
    found = swarms(attributions, features, cells, limit=limit)
    if not found:
        return empty("There are no attributions to show.")
    rows = len(attributions)
    drawn = len(sample_of(rows, len(found)))
    subtitle = f"{drawn:,} of {rows:,} rows" if drawn < rows else ""
    named = spoken([f"{clipped(swarm.feature, 60)} ({_reach(swarm)})" for swarm in found])
    description = f"Attributions of {counted(rows, 'row')}; strongest: {named}."
    layers = _layers(found, axis_title)
    resolve = {"scale": {"y": "independent"}}
    return chart(
        layers, height=STEP * len(found), description=description, title=title, subtitle=subtitle, resolve=resolve
    )


def _reach(swarm: Swarm) -> str:
    if not len(swarm.values):
        return "no value"
    return f"{signed(float(swarm.values.min()))} to {signed(float(swarm.values.max()))}"


def swarms(
    attributions: Floats,
    features: Sequence[str],
    cells: Sequence[npt.NDArray[Any] | None] | None = None,
    *,
    limit: int = 15,
) -> list[Swarm]:
    """Places of the points of the ``limit`` strongest features; points that are not finite have no place."""
    if attributions.size == 0:
        return []
    finite = np.where(np.abs(attributions) < ENDLESS, attributions, 0.0)
    sizes = np.abs(finite).mean(axis=0)
    chosen = np.argsort(-sizes, kind="stable")[:limit]
    rows = sample_of(len(attributions), len(chosen))
    shown = attributions[np.ix_(rows, chosen)]
    known = shown[np.abs(shown) < ENDLESS]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    found = []
    for place, column in enumerate(chosen.tolist()):
        levels = levels_of(None if cells is None else cells[column], len(attributions))[rows]
        kept = np.abs(shown[:, place]) < ENDLESS
        values = shown[kept, place]
        offsets = piled(values, low, high)
        found.append(Swarm(feature=features[column], values=values, offsets=offsets, levels=levels[kept]))
    return found


def sample_of(rows: int, features: int, *, room: int = ROWS) -> npt.NDArray[np.intp]:
    """Rows that are drawn: all, or as many as there is room for, at even distances."""
    room = max(1, min(room, POINTS // max(1, features)))
    return np.arange(rows) if rows <= room else np.linspace(0, rows - 1, room).round().astype(np.intp)


def levels_of(cells: npt.NDArray[Any] | None, rows: int) -> npt.NDArray[np.int_]:
    """Positions in ``LEVELS`` of the values of a feature: its lowest, middle and highest third, shape (rows,).

    Equal values are of one level. Of up to three different values, the least is low and the greatest high, whatever
    their frequency.

    >>> levels_of(np.array([0.0, 1.0, 1.0, np.nan]), 4).tolist()
    [0, 2, 2, 3]
    """
    levels = np.full(rows, 3)
    if cells is None or cells.dtype.kind not in "biuf":
        return levels
    numbers = cells.astype(np.float64)
    known = np.abs(numbers) < ENDLESS
    values, places = np.unique(numbers[known], return_inverse=True)
    if len(values) == 1:
        levels[known] = 1
    elif len(values) in (2, 3):
        levels[known] = np.where(places == 0, 0, np.where(places == len(values) - 1, 2, 1))
    elif len(values):
        counts = np.bincount(places)
        middle = (np.cumsum(counts) - counts / 2) / known.sum()
        levels[known] = np.clip(np.floor(3 * middle), 0, 2).astype(int)[places]
    return levels


def piled(values: Floats, low: float, high: float) -> npt.NDArray[np.int_]:
    """Offsets of points, those of nearly equal values piled up to both sides; the fullest pile reaches the edge."""
    span = (high - low) or 1.0
    bins = np.clip(((values - low) / span * BINS).astype(int), 0, BINS)
    order = np.argsort(bins, kind="stable")
    starts = np.searchsorted(bins[order], bins[order])
    place = np.empty(len(values), dtype=int)
    place[order] = np.arange(len(values)) - starts
    sides = np.where(place % 2 == 0, 1, -1) * ((place + 1) // 2)
    fullest = np.abs(sides).max(initial=0)
    scale = min(1.0, LANES / fullest) if fullest else 1.0
    offsets: npt.NDArray[np.int_] = np.round(sides * scale).astype(int)
    return offsets


def _layers(found: Sequence[Swarm], axis_title: str) -> list[Layer]:
    labels = distinct([swarm.feature for swarm in found])
    names = [{"label": label} for label in labels]
    x: dict[str, Any] = {
        "type": "quantitative",
        "scale": {"zero": False},
        "axis": {"title": clipped(axis_title, TITLE)},
    }
    height = STEP * len(found)
    y = {"field": "label", "type": "nominal", "sort": None, "scale": {"type": "band"}}
    place: dict[str, Any] = {"field": "y", "type": "quantitative", "axis": None}
    place["scale"] = {"domain": [0, len(found)], "reverse": True, "nice": False}
    row = {"y": {**y, "axis": {"title": None, "grid": True}}, "x": {"value": 0}}
    zero = {"x": {**x, "field": "at"}, "y": {"value": 0}, "y2": {"value": height}}
    level = f"{[name for name, _, _ in LEVELS]}[datum.l]"
    return [
        {"data": {"values": names}, "mark": {"type": "tick", "opacity": 0, "tooltip": False}, "encoding": row},
        {
            "data": {"values": [{"at": 0}]},
            "mark": {"type": "rule", "style": "reference", "tooltip": False},
            "encoding": zero,
        },
        {
            "data": table("fvol", _points(found)),
            "transform": [
                {"calculate": f"datum.f + 0.5 + datum.o / {2.4 * LANES:.4g}", "as": "y"},
                {"calculate": level, "as": "level"},
            ],
            "mark": {"type": "point", "filled": True, "size": 20, "opacity": 0.8, "strokeWidth": 0, "tooltip": False},
            "encoding": {"x": {**x, "field": "v"}, "y": place, **_by_level(found)},
        },
    ]


def _points(found: Sequence[Swarm]) -> Iterator[tuple[int, str, int, int]]:
    """Number of the feature, value, offset and level of each point."""
    known = np.concatenate([swarm.values for swarm in found])
    span = float(np.ptp(known)) if known.size else 0.0
    digits = 3 if span == 0 else int(np.clip(np.ceil(3 - np.log10(span)), 0, 17))
    for number, swarm in enumerate(found):
        for value, offset, level in zip(swarm.values, swarm.offsets, swarm.levels, strict=True):
            yield number, _brief(value, digits), offset, level


def _brief(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _by_level(found: Sequence[Swarm]) -> dict[str, Any]:
    """Color and shape by the level of the value; no legend where no feature has an order."""
    there = [at for at in range(len(LEVELS)) if any((swarm.levels == at).any() for swarm in found)]
    names = [LEVELS[at][0] for at in there]
    shown = legend(names, [clipped(swarm.feature, LABEL) for swarm in found]) if len(there) > 1 else None
    color = {"field": "level", "type": "nominal", "legend": shown}
    return {
        "color": {**color, "scale": {"domain": names, "range": [LEVELS[at][1] for at in there]}},
        "shape": {**color, "scale": {"domain": names, "range": [LEVELS[at][2] for at in there]}},
    }
