"""Values with their intervals, a row each: disparities against no disparity, and rates of groups side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from pellucid.charts.panels import INDEPENDENT, Panel, arrows, domain_of, panel_layer, reference, share_of, stacked
from pellucid.charts.specification import Layer, chart, empty, legend, pointed_at, text_above
from pellucid.charts.texts import LABEL, clipped, distinct, is_known, percent, rounded, short, spoken, width_of
from pellucid.charts.theme import TONES, Specification
from pellucid.nouns import counted
from pellucid.records import dataclass

__all__ = [
    "ForestRow",
    "GroupRate",
    "Tone",
    "domain_of_rows",
    "farthest",
    "forest",
    "group_rates",
    "is_drawn",
    "reading",
    "tones_of",
]

Tone = Literal["neutral", "different", "worse", "better", "uncertain", "suppressed"]
"""What a value means for the group it speaks of, told by color and by shape; ``different`` leaves open for whom."""

STEP = 34

LIMIT = 60
"""Rows of a panel; more are not readable."""

ORDER: tuple[Tone, ...] = ("worse", "better", "different", "neutral", "uncertain")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """A value with its interval.

    Parameters
    ----------
    label
        What was measured, such as ``DPPL`` or ``sex = Female``.
    value
        None or nan where there is none; infinite ones are drawn at the edge.
    low, high
        Ends of its interval, in the unit of ``value``; None where there is no interval.
    neutral
        The value that stands for no disparity: 0 for a difference, 1 for a ratio.
    tone
        What the value means for the group.
    note
        A sentence shown where the row is pointed at, such as the finding.
    panel
        Title of the panel in which the row stands; rows of a panel share an axis. Rows with another neutral value never
        stand in the same panel.
    """

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    neutral: float = 0.0
    tone: Tone = "neutral"
    note: str = ""
    panel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRate:
    """A rate of a group, such as its selection rate.

    Parameters
    ----------
    group
        Name of the group.
    measure
        What is shared, such as ``Predicted >50K``.
    value
        In [0, 1]; None where there is none.
    low, high
        Ends of its interval, in [0, 1].
    rows
        Rows that the rate rests on.
    tone
        ``uncertain`` where it rests on too few, ``suppressed`` where it must not be shown.
    """

    group: str
    measure: str
    value: float | None
    low: float | None = None
    high: float | None = None
    rows: int | None = None
    tone: Tone = "neutral"


def forest(rows: Sequence[ForestRow], *, title: str = "", axis_title: str = "") -> Specification:
    """Values with intervals against the value of no disparity, a panel for each unit.

    Parameters
    ----------
    rows
        In the order in which they are drawn. Of more than 60 in a panel, those farthest from no disparity are drawn.
    title
        Above the chart; none by default, since pages have their own.
    axis_title
        What the axis shows, with its unit.

    Returns
    -------
    Specification
        Its ``description`` says how many values are clear of no disparity, and for whom.

    Examples
    --------
    >>> chart = forest([ForestRow(label="DPL", value=0.2, low=0.1, high=0.3, tone="worse")])
    >>> chart["description"]
    '1 value with its interval; 1 worse for the group: DPL 0.200 (0.100 to 0.300).'
    """
    if not rows:
        return empty("There are no values to show.")
    panels: dict[tuple[str, float], list[ForestRow]] = {}
    for row in rows:
        panels.setdefault((row.panel, row.neutral), []).append(row)
    kept = {key: farthest(group) for key, group in panels.items()}
    hidden = len(rows) - sum(len(group) for group in kept.values())
    subtitle = f"{counted(hidden, 'value')} nearer to no disparity not shown" if hidden else ""
    places = stacked(
        [name for name, _ in kept],
        [len(group) for group in kept.values()],
        [domain_of_rows(group) for group in kept.values()],
        [axis_title] * len(kept),
        step=STEP,
    )
    looks = _by_tone(rows)
    layers = [_interval_panel(place, group, looks) for place, group in zip(places, kept.values(), strict=True)]
    return chart(
        layers,
        height=places[-1].height,
        description=_description(rows),
        title=title,
        subtitle=subtitle,
        resolve=INDEPENDENT,
    )


def group_rates(
    rates: Sequence[GroupRate], *, title: str = "", axis_title: str = "", whole_axis: bool = False
) -> Specification:
    """Rates of groups as dots with intervals, a panel for each measure, all on one scale.

    Parameters
    ----------
    rates
        In the order in which they are drawn. Of more than 60 groups, those with the lowest and the highest rates.
    whole_axis
        Whether the axes go from 0 to 100 % whatever the rates.

    Examples
    --------
    >>> rates = [GroupRate(group=name, measure="Approved", value=rate) for name, rate in (("F", 0.2), ("M", 0.3))]
    >>> group_rates(rates)["description"]
    'Approved: from 20.0 % (F) to 30.0 % (M).'
    """
    if not rates:
        return empty("There are no rates to show.")
    rows = [_row_of(rate) for rate in rates]
    measures: dict[str, list[ForestRow]] = {}
    for row in rows:
        measures.setdefault(row.panel, []).append(row)
    domain = (0.0, 1.0) if whole_axis else _share_domain(rows)
    kept = {measure: _outermost(group) for measure, group in measures.items()}
    hidden = max(len(group) - len(kept[measure]) for measure, group in measures.items())
    places = stacked(
        list(kept),
        [len(group) for group in kept.values()],
        [domain] * len(kept),
        [axis_title] * len(kept),
        step=STEP,
    )
    looks = _by_tone(rows)
    layers = [
        _interval_panel(place, group, looks, share=True, neutral=False)
        for place, group in zip(places, kept.values(), strict=True)
    ]
    return chart(
        layers,
        height=places[-1].height,
        description=" ".join(_range_of(measure, group) for measure, group in measures.items()),
        title=title,
        subtitle=f"{counted(hidden, 'group')} between the lowest and the highest not shown" if hidden else "",
        resolve=INDEPENDENT,
    )


# --- rows as data ----------------------------------------------------------------------------------------------------
def reading(row: ForestRow, *, share: bool) -> str:
    """The value of a row and its interval, as text."""
    write = percent if share else short
    if row.tone == "suppressed":
        return "not shown"
    known = row.low is not None and row.high is not None and not (math.isnan(row.low) or math.isnan(row.high))
    return f"{write(row.value)} ({write(row.low)} to {write(row.high)})" if known else write(row.value)


def _row_of(rate: GroupRate) -> ForestRow:
    note = "" if rate.rows is None or rate.tone == "suppressed" else counted(rate.rows, "row")
    return ForestRow(
        label=rate.group, value=rate.value, low=rate.low, high=rate.high, tone=rate.tone, note=note, panel=rate.measure
    )


def domain_of_rows(rows: Sequence[ForestRow]) -> tuple[float, float]:
    """Ends of the axis of a panel."""
    shown = [row for row in rows if row.tone != "suppressed"]
    ends = [end for row in shown for end in (row.low, row.high)]
    return domain_of([row.value for row in shown], ends, holding=[rows[0].neutral])


def _share_domain(rows: Sequence[ForestRow]) -> tuple[float, float]:
    """From 0 to a little more than the greatest end."""
    shown = [end for row in rows if row.tone != "suppressed" for end in (row.value, row.low, row.high)]
    greatest = max((end for end in shown if end is not None and is_known(end)), default=1.0)
    return (0.0, min(1.0, math.ceil(21 * greatest) / 20 or 0.05))


def is_drawn(row: ForestRow) -> bool:
    """Whether a row has a value that may be shown."""
    return row.tone != "suppressed" and row.value is not None and not math.isnan(row.value)


def farthest(rows: Sequence[ForestRow]) -> list[ForestRow]:
    """At most ``LIMIT`` rows, those farthest from no disparity, in their order."""
    far = sorted(rows, key=lambda row: -abs((row.value or 0.0) - row.neutral) if is_drawn(row) else math.inf)
    kept = {id(row) for row in far[:LIMIT]}
    return [row for row in rows if id(row) in kept]


def _outermost(rows: Sequence[ForestRow]) -> list[ForestRow]:
    """At most ``LIMIT`` rows, those with the lowest and the highest values, in their order."""
    if len(rows) <= LIMIT:
        return list(rows)
    known = sorted((row for row in rows if is_drawn(row)), key=lambda row: row.value or 0.0)
    kept = {id(row) for row in (*known[: LIMIT // 2], *known[len(known) - LIMIT // 2 :])}
    return [row for row in rows if id(row) in kept] or list(rows[:LIMIT])


def _datum(row: ForestRow, label: str, panel: Panel, *, share: bool) -> dict[str, Any]:
    """One row as plain values; what lies beyond the axis is moved to its edge and marked so."""
    left, right = panel.domain
    said = reading(row, share=share)
    brief = said.partition(" (")[0]
    datum: dict[str, Any] = {"label": label, "said": said, "wide": width_of(said), "share": 0.0}
    datum |= {"brief": brief, "slim": width_of(brief)}
    if label != row.label:
        datum["name"] = clipped(row.label)
    if row.note:
        datum["note"] = clipped(row.note)
    if not is_drawn(row):
        return datum
    at = rounded(min(max(row.value or 0.0, left), right))
    datum |= {"value": at, "share": share_of(at, panel.domain), "tone": TONES[row.tone][0]}
    if row.low is not None and row.high is not None and not math.isnan(row.low + row.high):
        datum |= {"low": rounded(min(max(row.low, left), right)), "high": rounded(min(max(row.high, left), right))}
        datum |= {"low_beyond": True} if row.low < left else {}
        datum |= {"high_beyond": True} if row.high > right else {}
    return datum


# --- marks -----------------------------------------------------------------------------------------------------------
def _interval_panel(
    panel: Panel,
    rows: Sequence[ForestRow],
    looks: dict[str, dict[str, Any]],
    *,
    share: bool = False,
    neutral: bool = True,
) -> Layer:
    labels = distinct([row.label for row in rows])
    data = [_datum(row, label, panel, share=share) for row, label in zip(rows, labels, strict=True)]
    shown = pointed_at(data, label="Name", said="Value", name="Full name", note="Note")
    place = {"y": {"field": "label"}}
    text = text_above()
    line = {"x": {"field": "low"}, "x2": {"field": "high"}, "color": looks["color"], **shown}
    dot = {"x": {"field": "value"}, **looks, **shown}
    drawn: list[Layer] = [{**text, "encoding": {**place, **text["encoding"]}}]
    if any("low" in datum for datum in data):
        drawn.append(
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {**place, **line},
            }
        )
    if any("value" in datum for datum in data):
        drawn.append(
            {
                "transform": [{"filter": "isValid(datum.value)"}],
                "mark": {"type": "point", "filled": True, "size": 75, "opacity": 1},
                "encoding": {**place, **dot},
            }
        )
    beyond = any("low_beyond" in datum or "high_beyond" in datum for datum in data)
    lines = [reference(panel, rows[0].neutral)] if neutral else []
    layers = [*drawn, *(arrows(panel) if beyond else []), *lines]
    return {"data": {"values": data}, **panel_layer(panel, layers, share=share)}


def _by_tone(rows: Sequence[ForestRow]) -> dict[str, dict[str, Any]]:
    """Channels of color and shape, with one legend for both unless all is neutral."""
    tones = tones_of(rows)
    names = [TONES[tone][0] for tone in tones]
    shown = None if tones in ([], ["neutral"]) else legend(names, [clipped(row.label, LABEL) for row in rows])
    field = {"field": "tone", "type": "nominal", "legend": shown}
    return {
        "color": {**field, "scale": {"domain": names, "range": [TONES[tone][1] for tone in tones]}},
        "shape": {**field, "scale": {"domain": names, "range": [TONES[tone][2] for tone in tones]}},
    }


def tones_of(rows: Sequence[ForestRow]) -> list[Tone]:
    """Tones of the marks that are drawn, in the order of their table."""
    drawn = {row.tone for row in rows if is_drawn(row)}
    return [tone for tone in ORDER if tone in drawn]


# --- what the chart says ---------------------------------------------------------------------------------------------
def _description(rows: Sequence[ForestRow]) -> str:
    number = "1 value with its interval" if len(rows) == 1 else f"{len(rows)} values with their intervals"
    parts = [number]
    for tone in ("worse", "better", "different"):
        found = [row for row in rows if row.tone == tone]
        if found:
            named = spoken([f"{clipped(row.label, 60)} {reading(row, share=False)}" for row in found])
            parts.append(f"{len(found)} {TONES[tone][0]}: {named}")
    if len(parts) == 1:
        parts.append("none clearly different from no disparity")
    return f"{'; '.join(parts)}."


def _range_of(measure: str, rows: Sequence[ForestRow]) -> str:
    known = [(row.value, row.label) for row in rows if row.tone != "suppressed" and row.value is not None]
    known = [(value, label) for value, label in known if is_known(value)]
    if not known:
        return f"{clipped(measure, 60)}: no rate is known."
    (least, lowest), (most, highest) = min(known), max(known)
    ends = [f"{percent(least)} ({clipped(lowest, 60)})", f"{percent(most)} ({clipped(highest, 60)})"]
    return (
        f"{clipped(measure, 60)}: {ends[0]}."
        if len(known) == 1
        else f"{clipped(measure, 60)}: from {' to '.join(ends)}."
    )
