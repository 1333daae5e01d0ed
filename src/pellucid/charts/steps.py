"""How one prediction comes about: from the base value, feature by feature, to the prediction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pellucid.charts.panels import rounded_ends, share_of
from pellucid.charts.specification import Layer, beside, chart, empty, pointed_at
from pellucid.charts.texts import TITLE, clipped, distinct, is_known, rounded, short, signed, spoken, width_of
from pellucid.charts.theme import BLUE, GRAY, ORANGE, Specification
from pellucid.records import dataclass

__all__ = ["Stair", "WaterfallStep", "direction_of", "margins_meant", "said_of", "stairs", "waterfall"]

STEP = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallStep:
    """What a feature adds to a prediction.

    Parameters
    ----------
    feature
        Its name.
    value
        Its attribution.
    cell
        Its value in the row explained, as text; empty where there is none to show.
    margin
        Half the width of the interval of ``value``; 0 where it is exact, nan where it is not known.
    """

    feature: str
    value: float
    cell: str = ""
    margin: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stair:
    """A step where it is drawn: from ``start`` to ``end``."""

    name: str
    value: float
    start: float
    end: float
    margin: float = 0.0


def stairs(steps: Sequence[WaterfallStep], base: float, *, limit: int = 12) -> list[Stair]:
    """The strongest steps one after another from ``base``, all weaker ones as one at the end.

    Examples
    --------
    >>> [(stair.name, stair.start, stair.end) for stair in stairs(
    ...     [WaterfallStep(feature="a", value=1.0, cell="3"), WaterfallStep(feature="b", value=-2.0)], 10.0)]
    [('b', 10.0, 8.0), ('a = 3', 8.0, 9.0)]
    """
    ordered = sorted(steps, key=lambda step: -abs(step.value) if is_known(step.value) else math.inf)
    kept, rest = (ordered, []) if len(ordered) <= limit else (ordered[: limit - 1], ordered[limit - 1 :])
    found, at = [], base
    for step in kept:
        name = f"{clipped(step.feature, 60)} = {clipped(step.cell, 30)}" if step.cell else clipped(step.feature, 60)
        end = at + (step.value if is_known(step.value) else 0.0)
        found.append(Stair(name=name, value=step.value, start=at, end=end, margin=step.margin))
        at = end
    if rest:
        # Margins of single features do not add up to that of their sum, which is not known.
        total = math.fsum(step.value for step in rest if is_known(step.value))
        exact = all(step.margin == 0 for step in rest)
        margin = 0.0 if exact else math.nan
        found.append(Stair(name=f"{len(rest)} other features", value=total, start=at, end=at + total, margin=margin))
    return found


def waterfall(
    steps: Sequence[WaterfallStep],
    base: float,
    prediction: float,
    *,
    limit: int = 12,
    title: str = "",
    axis_title: str = "Prediction",
) -> Specification:
    """One prediction as steps from the base value; the sign is told by text, by an arrow head and by color.

    Parameters
    ----------
    steps
        What each feature adds, in any order.
    base
        Mean prediction over the background.
    prediction
        Of the row; base and steps add up to it.
    limit
        Steps drawn; all weaker ones are drawn as one.

    Examples
    --------
    >>> step = WaterfallStep(feature="age", value=0.25, cell="50")
    >>> waterfall([step], 0.25, 0.5)["description"]
    'From the base value 0.250 to the prediction 0.500; strongest: age = 50 +0.250.'
    """
    if not steps:
        return empty("No feature was explained.")
    found = stairs(steps, base, limit=limit)
    known = [end for stair in found for end in (stair.start, stair.end, prediction) if is_known(end)] or [0.0]
    low, high = min(known), max(known)
    margin = (high - low) or abs(high) or 1.0
    domain = rounded_ends(low - 0.08 * margin, high + 0.08 * margin)
    rows = _data(found, base, prediction, domain)
    named = spoken([f"{stair.name} {signed(stair.value)}" for stair in found])
    description = f"From the base value {short(base)} to the prediction {short(prediction)}; strongest: {named}."
    layers = _layers(rows, domain, axis_title)
    specification = chart(layers, height=STEP * len(rows), description=description, title=title)
    return {**specification, "data": {"values": rows}}


def margins_meant(level: float) -> str:
    """What the margins are, in so few words that they fit a narrow chart.

    >>> margins_meant(0.95)
    '± 95 % interval'
    """
    return f"± {100 * level:.4g} % interval"


def said_of(stair: Stair) -> str:
    """What a step adds, with its margin."""
    if math.isnan(stair.margin) or stair.margin == 0:
        return signed(stair.value)
    return f"{signed(stair.value)} ± {short(stair.margin, 2)}"


def direction_of(stair: Stair) -> str:
    """Which way a step goes; one that reads as 0, such as what rounding leaves, goes none.

    >>> [direction_of(Stair(name="age", value=value, start=0.0, end=value)) for value in (0.25, -0.25, -2e-18)]
    ['raises', 'lowers', 'none']
    """
    if short(stair.value) == "0":
        return "none"
    return "raises" if stair.value > 0 else "lowers" if stair.value < 0 else "none"


def _data(found: Sequence[Stair], base: float, prediction: float, domain: tuple[float, float]) -> list[dict[str, Any]]:
    ends = [
        Stair(name="Base value", value=0.0, start=base, end=base),
        *found,
        Stair(name="Prediction", value=0.0, start=prediction, end=prediction),
    ]
    labels = distinct([stair.name for stair in ends])
    rows = []
    for place, (stair, label) in enumerate(zip(ends, labels, strict=True)):
        outer = place in (0, len(ends) - 1)
        said = short(stair.end) if outer else said_of(stair)
        kind = "end" if outer else direction_of(stair)
        brief = said if outer else signed(stair.value)
        datum: dict[str, Any] = {"label": label, "kind": kind, "said": said, "wide": width_of(said)}
        datum |= {"brief": brief, "slim": width_of(brief)}
        if label != stair.name:
            datum["name"] = clipped(stair.name)
        if is_known(stair.end):
            datum |= {"start": rounded(stair.start), "end": rounded(stair.end)}
        shares = [share_of(rounded(end), domain) for end in (stair.start, stair.end)]
        rows.append(datum | {"left": min(shares), "right": max(shares)})
    return rows


def _layers(rows: Sequence[dict[str, Any]], domain: tuple[float, float], axis_title: str) -> list[Layer]:
    x: dict[str, Any] = {"type": "quantitative", "scale": {"domain": list(domain), "nice": False, "zero": False}}
    x["axis"] = {"title": clipped(axis_title, TITLE)}
    y: dict[str, Any] = {"field": "label", "type": "nominal", "axis": {"title": None}}
    y["scale"] = {"type": "band", "domain": [row["label"] for row in rows]}
    kinds = ["raises", "lowers", "none", "end"]
    color: dict[str, Any] = {"field": "kind", "type": "nominal", "legend": None}
    color["scale"] = {"domain": kinds, "range": [BLUE, ORANGE, GRAY, GRAY]}
    shape = {**color, "scale": {"domain": kinds, "range": ["triangle-right", "triangle-left", "circle", "diamond"]}}
    shown = pointed_at(rows, label="Feature", said="Adds", name="Full name")
    text = beside()
    bar = {"x": {**x, "field": "start"}, "x2": {"field": "end"}, "y": y, "fill": color, "stroke": color}
    point = {"x": {**x, "field": "end"}, "y": y, "color": color, "shape": shape}
    return [
        {
            "transform": [{"filter": "datum.kind !== 'end'"}],
            "mark": {"type": "bar", "fillOpacity": 0.5, "height": {"band": 0.5}},
            "encoding": {**bar, **shown},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {**point, **shown},
        },
        {**text, "encoding": {"y": y, **text["encoding"]}},
    ]
