"""Two measurements of the same thing side by side, such as two models, with the interval of their difference."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from pellucid.charts.intervals import Tone
from pellucid.charts.panels import INDEPENDENT, Panel, domain_of, panel_layer, reference, share_of, stacked
from pellucid.charts.specification import Layer, chart, empty, legend, text_above, tooltips
from pellucid.charts.texts import clipped, distinct, is_known, rounded, short, signed, spoken, width_of
from pellucid.charts.theme import BLUE, ORANGE, Specification
from pellucid.records import dataclass

__all__ = ["ComparisonRow", "comparison"]

STEP = 44


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """A value of A and of B, and how far they lie apart.

    Parameters
    ----------
    label
        What was measured.
    a, b
        Values; None or nan where there is none.
    a_interval, b_interval
        Their intervals (low, high).
    difference
        B minus A.
    interval
        Of the difference, from paired rows.
    neutral
        The value of ``a`` and ``b`` that stands for no disparity.
    tone
        ``worse`` or ``better`` where the difference is clear.
    """

    label: str
    a: float | None
    b: float | None
    a_interval: tuple[float, float] | None = None
    b_interval: tuple[float, float] | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    neutral: float = 0.0
    tone: Tone = "neutral"
    panel: str = ""


def comparison(
    rows: Sequence[ComparisonRow], *, names: tuple[str, str] = ("A", "B"), title: str = "", axis_title: str = ""
) -> Specification:
    """Values of A (circles, above) and of B (diamonds, below) with intervals, and their difference in words.

    Parameters
    ----------
    rows
        In the order in which they are drawn.
    names
        Of A and of B.

    Examples
    --------
    >>> chart = comparison([ComparisonRow(label="DPL", a=0.2, b=0.1, difference=-0.1, interval=(-0.15, -0.05))])
    >>> chart["description"]
    '1 value of A and B; DPL: 0.200 and 0.100, difference −0.100 (−0.150 to −0.0500).'
    """
    if not rows:
        return empty("There is nothing to compare.")
    panels: dict[tuple[str, float], list[ComparisonRow]] = {}
    for row in rows:
        panels.setdefault((row.panel, row.neutral), []).append(row)
    groups = list(panels.values())
    domains = [_domain(group) for group in groups]
    places = stacked(
        [title for title, _ in panels], [len(group) for group in groups], domains, [axis_title] * len(groups), step=STEP
    )
    called = distinct(names, 24)
    wide = distinct([row.label for row in rows])
    layers = [_panel(place, group, called, wide) for place, group in zip(places, groups, strict=True)]
    return chart(
        layers, height=places[-1].height, description=_description(rows, called), title=title, resolve=INDEPENDENT
    )


def _domain(rows: Sequence[ComparisonRow]) -> tuple[float, float]:
    ends = [end for row in rows for pair in (row.a_interval, row.b_interval) if pair is not None for end in pair]
    return domain_of([value for row in rows for value in (row.a, row.b)], ends, holding=[rows[0].neutral])


def difference_of(row: ComparisonRow) -> str:
    """The difference of a row in words; empty where there is none."""
    if row.difference is None or math.isnan(row.difference):
        return ""
    interval = "" if row.interval is None else f" ({signed(row.interval[0])} to {signed(row.interval[1])})"
    said = {"worse": ", worse", "better": ", better"}.get(row.tone, "")
    return f"difference {signed(row.difference)}{interval}{said}"


def _panel(panel: Panel, rows: Sequence[ComparisonRow], names: Sequence[str], wide: Sequence[str]) -> Layer:
    labels = distinct([row.label for row in rows])
    dots = [
        {"label": label, **dot}
        for row, label in zip(rows, labels, strict=True)
        for name, value, interval in ((names[0], row.a, row.a_interval), (names[1], row.b, row.b_interval))
        for dot in _dot(name, value, interval, panel)
    ]
    said = [_said(row, label, panel) for row, label in zip(rows, labels, strict=True)]
    return panel_layer(panel, [*_marks(dots, said, names, wide), reference(panel, rows[0].neutral)])


def _dot(
    name: str, value: float | None, interval: tuple[float, float] | None, panel: Panel
) -> Iterator[dict[str, Any]]:
    """The mark of A or of B in a row, none without a value; what lies beyond the axis is moved to its edge."""
    if value is None or math.isnan(value):
        return
    left, right = panel.domain
    low, high = (value, value) if interval is None or math.isnan(sum(interval)) else interval
    text = short(value) if low == high else f"{short(value)} ({short(low)} to {short(high)})"
    value, low, high = (min(max(end, left), right) for end in (value, low, high))
    yield {"which": name, "value": rounded(value), "low": rounded(low), "high": rounded(high), "said": text}


def _said(row: ComparisonRow, label: str, panel: Panel) -> dict[str, Any]:
    """The difference in words, over the middle of A and B."""
    values = [value for value in (row.a, row.b) if value is not None and is_known(value)]
    text = difference_of(row) if values else "no value"
    at = sum(values) / len(values) if values else panel.domain[0]
    brief = text.partition(" (")[0]
    datum = {"label": label, "said": text, "wide": width_of(text), "brief": brief, "slim": width_of(brief)}
    return {**datum, "share": share_of(at, panel.domain)}


def _marks(
    dots: Sequence[dict[str, Any]], said: Sequence[dict[str, Any]], names: Sequence[str], labels: Sequence[str]
) -> list[Layer]:
    field = {"field": "which", "type": "nominal"}
    color = {**field, "scale": {"domain": list(names), "range": [BLUE, ORANGE]}, "legend": legend(names, labels)}
    shape = {**color, "scale": {"domain": list(names), "range": ["circle", "diamond"]}}
    offset = {**field, "scale": {"domain": list(names), "range": [24, 36]}}
    place = {"y": {"field": "label"}, "yOffset": offset, "color": color}
    pointed_at = {"tooltip": tooltips(label="Name", which="Which", said="Value")}
    line = {**place, "x": {"field": "low"}, "x2": {"field": "high"}, **pointed_at}
    dot = {**place, "x": {"field": "value"}, "shape": shape, **pointed_at}
    text = text_above()
    return [
        {"data": {"values": list(said)}, **text, "encoding": {"y": {"field": "label"}, **text["encoding"]}},
        {
            "data": {"values": list(dots)},
            "layer": [
                {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": line},
                {"mark": {"type": "point", "filled": True, "size": 70, "opacity": 1}, "encoding": dot},
            ],
        },
    ]


def _description(rows: Sequence[ComparisonRow], names: Sequence[str]) -> str:
    number = "1 value" if len(rows) == 1 else f"{len(rows)} values"
    said = [
        f"{clipped(row.label, 60)}: {short(row.a)} and {short(row.b)}"
        + (f", {difference_of(row)}" if difference_of(row) else "")
        for row in rows[:3]
    ]
    more = f"; {spoken([row.label for row in rows[3:]])} as well" if len(rows) > 3 else ""
    return f"{number} of {names[0]} and {names[1]}; {'; '.join(said)}{more}."
