"""Explained forecasts: which series move them, which elements do most, and a few items over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pellucid.charts.strips import heat_strip
from pellucid.nouns import counted
from pellucid.reports.content.context import Context, brief, numbered
from pellucid.reports.document import Block, Cell, Chart, Column, Facts, Finding, Notice, Paragraph, Section, Table
from pellucid.reports.numbers import count, margin, number
from pellucid.reports.reading import listed, mapping, number_in

__all__ = ["driving_series", "forecasts_section"]

KEY = "asymmetric_shapley_value"
LISTED, DRIVERS = 20, 3
DIRECTIONS = {
    "chronological": "in the order of time",
    "anti_chronological": "against the order of time",
    "bidirectional": "in and against the order of time, which count equally",
}


def driving_series(context: Context) -> list[Finding]:
    """One sentence on the series that move the forecasts most; none where that is not known."""
    details = mapping(mapping(context.details.get("explanations")).get(KEY))
    top = [f"{brief(name)} ({number(value)})" for name, value in _known_series(details)[:DRIVERS]]
    if not top:
        return []
    text = f"The forecasts are driven most by {numbered(top, DRIVERS)}: absolute scores, summed over time."
    items = listed(details.get("items"))
    certainty = "exact" if items and all(item.get("exact") is True for item in items) else "measured"
    return [Finding(text=text, tone="neutral", certainty=certainty, anchor="forecasts")]


def forecasts_section(context: Context) -> Section | None:
    """What moves the forecasts of a job on time series."""
    asked = mapping(context.explanations.get(KEY))
    details = mapping(mapping(context.details.get("explanations")).get(KEY))
    blocks: list[Block] = [Paragraph(_introduction(asked))]
    if details:
        blocks += [
            *_facts(details),
            *_series(details),
            *_strongest(context, details),
            *_strips(details),
            *_left_out(details),
        ]
    else:
        place = asked.get("explanation_results_path")
        blocks.append(Notice("missing", f"The scores stand in {brief(place, 200)}, which reports do not read."))
    return Section(title="What moves the forecasts", anchor="forecasts", blocks=tuple(blocks))


def _introduction(asked: Mapping[str, Any]) -> str:
    what = "Each value of every series" if asked.get("granularity") == "fine_grained" else "Each time step"
    order = DIRECTIONS.get(str(asked.get("direction")), "in an order that the file does not name")
    return (
        f"{what} is switched from its baseline to what was observed, {order}. Its score is what this changes in the "
        "forecast. The forecast for the baseline and all scores add up to the forecast. A score says how the model "
        "uses a value, not what changing it would do in the world."
    )


def _facts(details: Mapping[str, Any]) -> Iterator[Block]:
    items = listed(details.get("items"))
    exact = sum(1 for item in items if item.get("exact") is True)
    asked, gap = (
        number_in(details.get("model_records")),
        number_in(mapping(details.get("additivity")).get("largest_gap")),
    )
    facts = [("Items explained", count(len(items))), ("Exact, without noise of sampling", count(exact))]
    facts += [] if asked is None else [("Records asked of the model", count(asked))]
    facts += [] if gap is None else [("Largest gap between forecast and scores", number(gap))]
    yield Facts(tuple(facts))
    difference = number_in(details.get("repeated_answer_difference"))
    if difference:
        yield Notice(
            "warning",
            f"The model answers one and the same record differently, by up to {number(difference)}: scores hold noise "
            "of that size.",
        )


def _series(details: Mapping[str, Any]) -> Iterator[Block]:
    known = _known_series(details)
    if known:
        yield Table(
            caption="Series and covariates: absolute scores, summed over time, mean over the horizon and the items",
            columns=(Column(title="Series"), Column(title="Contribution", align="right")),
            rows=tuple((brief(name), number(value)) for name, value in known[:LISTED]),
        )


def _known_series(details: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Series with their contribution, the largest first."""
    read = {str(name): number_in(value) for name, value in mapping(details.get("series")).items()}
    return sorted(((name, value) for name, value in read.items() if value is not None), key=lambda pair: -pair[1])


def _strongest(context: Context, details: Mapping[str, Any]) -> Iterator[Block]:
    rows = tuple(_strong_row(one, context.confidence_level) for one in listed(details.get("strongest"))[:LISTED])
    if rows:
        columns = (
            Column(title="Item"),
            Column(title="Element"),
            Column(title="Mean score", align="right"),
            Column(
                title=f"{context.level} interval",
                align="right",
                meaning="Half the width of the widest interval of any step of the forecast.",
            ),
        )
        yield Table(caption="The elements that move a forecast most", columns=columns, rows=rows)


def _strong_row(one: Mapping[str, Any], level: float) -> tuple[str | Cell, ...]:
    name = "step" if one.get("feature_name") is None else brief(one.get("feature_name"))
    element = f"{name} at {one.get('timestamp')}" if "timestamp" in one else name
    mean, error = number_in(one.get("mean_score")), number_in(one.get("largest_standard_error"))
    return brief(one.get("item_id")), element, "" if mean is None else number(mean), margin(error, level)


def _strips(details: Mapping[str, Any]) -> Iterator[Block]:
    for item in listed(details.get("mean_scores_over_time")):
        stamps = item.get("timestamps")
        series = [one for one in listed(item.get("series")) if isinstance(one.get("scores"), list)]
        if not isinstance(stamps, list) or not series or any(len(one["scores"]) != len(stamps) for one in series):
            continue
        values = np.array([[number_in(score) or 0.0 for score in one["scores"]] for one in series])
        names = [brief(one.get("feature_name") or "time steps", 40) for one in series]
        drawn = heat_strip(values, names, [str(stamp) for stamp in stamps])
        title = f"Item {brief(item.get('item_id'))}: mean score of each step over the forecast"
        yield Chart(title=title, specification=drawn, description=str(drawn.get("description", title)))


def _left_out(details: Mapping[str, Any]) -> Iterator[Block]:
    left_out = listed(details.get("left_out"))
    if left_out:
        yield Table(
            caption=f"{counted(len(left_out), 'item')} without an explanation",
            columns=(Column(title="Item"), Column(title="Why")),
            rows=tuple((brief(one.get("item_id")), brief(one.get("reason"), 300)) for one in left_out[:LISTED]),
        )
