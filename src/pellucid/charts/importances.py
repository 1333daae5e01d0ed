"""How much each feature moves an output: bars with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pellucid.charts.panels import domain_of, share_of
from pellucid.charts.specification import Layer, after, chart, empty, pointed_at
from pellucid.charts.texts import TITLE, clipped, distinct, is_known, rounded, short, spoken, width_of
from pellucid.charts.theme import BLUE, ORANGE, Specification
from pellucid.nouns import counted
from pellucid.records import dataclass

__all__ = ["ImportanceBar", "importance", "strongest"]

STEP = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportanceBar:
    """Importance of a feature.

    Parameters
    ----------
    feature
        Its name.
    value
        Its importance; below 0 only where signed values are aggregated.
    low, high
        Ends of its interval; None or nan where it is exact or not known.
    tied
        Whether the order of this feature and its neighbour is not certain.
    """

    feature: str
    value: float
    low: float | None = None
    high: float | None = None
    tied: bool = False


def importance(
    bars: Sequence[ImportanceBar], *, limit: int = 15, title: str = "", axis_title: str = "Mean absolute Shapley value"
) -> Specification:
    """Features by importance, the ``limit`` strongest; features whose order is not certain carry a "≈".

    Parameters
    ----------
    bars
        One for each feature, in any order.
    axis_title
        What the bars show, with the unit of the model's output.

    Examples
    --------
    >>> importance([ImportanceBar(feature="age", value=0.2), ImportanceBar(feature="sex", value=0.1)])["description"]
    'The most important of 2 features are age 0.200 and sex 0.100.'
    """
    if not bars:
        return empty("There are no features to show.")
    shown = strongest(bars, limit)
    labels = distinct([bar.feature for bar in shown])
    domain = domain_of([bar.value for bar in shown], [end for bar in shown for end in _ends(bar)], holding=[0.0])
    if all(bar.value >= 0 for bar in shown if is_known(bar.value)):
        domain = (0.0, domain[1])
    data = [_datum(bar, label, domain) for bar, label in zip(shown, labels, strict=True)]
    named = [f"{clipped(bar.feature, 60)} {short(bar.value)}" for bar in shown]
    description = (
        f"The most important of {len(bars)} features are {spoken(named)}." if len(bars) > 1 else f"{named[0]}."
    )
    ties = "≈ order not certain" if any(bar.tied for bar in shown) else ""
    hidden = f"{counted(len(bars) - len(shown), 'weaker feature')} not shown" if len(bars) > len(shown) else ""
    subtitle = " · ".join(filter(None, (ties, hidden)))
    specification = chart(
        _layers(data, domain, axis_title),
        height=STEP * len(data),
        description=description,
        title=title,
        subtitle=subtitle,
    )
    return {**specification, "data": {"values": data}}


def strongest(bars: Sequence[ImportanceBar], limit: int) -> list[ImportanceBar]:
    """The ``limit`` bars of greatest size, by falling size; without a known value last."""
    return sorted(bars, key=lambda bar: -abs(bar.value) if is_known(bar.value) else math.inf)[:limit]


def _ends(bar: ImportanceBar) -> tuple[float | None, float | None]:
    return bar.low, bar.high


def has_interval(bar: ImportanceBar) -> bool:
    """Whether the interval of a bar is known and wider than nothing."""
    return bar.low is not None and bar.high is not None and is_known(bar.low + bar.high) and bar.low < bar.high


def _datum(bar: ImportanceBar, label: str, domain: tuple[float, float]) -> dict[str, Any]:
    left, right = domain
    value = rounded(bar.value)
    said = f"≈ {short(bar.value)}" if bar.tied else short(bar.value)
    datum: dict[str, Any] = {"label": label, "value": value, "text": said}
    if label != bar.feature:
        datum["name"] = clipped(bar.feature)
    ends = [0.0, value or 0.0]
    datum["said"] = short(bar.value)
    if has_interval(bar):
        low, high = max(bar.low or 0.0, left), min(bar.high or 0.0, right)
        ends += [low, high]
        datum |= {"low": rounded(low), "high": rounded(high)}
        datum["said"] = f"{short(bar.value)} ({short(bar.low)} to {short(bar.high)})"
    sign = "lowers" if (value or 0.0) < 0 else "raises"
    return datum | {"sign": sign, "right": share_of(max(ends), domain)}


def _layers(data: Sequence[dict[str, Any]], domain: tuple[float, float], axis_title: str) -> list[Layer]:
    room = 12 + max(width_of(datum["text"]) for datum in data)
    x: dict[str, Any] = {"type": "quantitative"}
    x["scale"] = {"domain": list(domain), "nice": False, "range": [0, {"expr": f"width - {room}"}]}
    x["axis"] = {"title": clipped(axis_title, TITLE)}
    y = {"field": "label", "type": "nominal", "sort": None, "axis": {"title": None}}
    colors = {"domain": ["raises", "lowers"], "range": [BLUE, ORANGE]}
    color = {"field": "sign", "type": "nominal", "scale": colors, "legend": None}
    shown = pointed_at(data, label="Feature", said="Importance", name="Full name")
    text = after("text", room)
    return [
        {
            "mark": {"type": "bar", "fillOpacity": 0.5, "height": {"band": 0.62}},
            "encoding": {"x": {**x, "field": "value"}, "y": y, "fill": color, "stroke": color, **shown},
        },
        {
            "transform": [{"filter": "isValid(datum.low)"}],
            "mark": {"type": "rule", "style": "error"},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y, **shown},
        },
        {**text, "encoding": {"y": y, **text["encoding"]}},
    ]
