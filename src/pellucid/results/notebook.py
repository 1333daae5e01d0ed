"""A report as a notebook shows it: a table a group, intervals drawn beside their numbers, no script, no style sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from pellucid.nouns import counted
from pellucid.results.group_names import named
from pellucid.results.rounding import interval, number

if TYPE_CHECKING:
    from pellucid.results.bias import BiasReport

__all__ = ["html_of"]

WIDTH, HEIGHT, MARGIN = 160, 16, 6
"""Of a drawn interval, in pixels."""

STAGES = {"pre_training": "Labels (pre-training)", "post_training": "Predictions (post-training)"}
CELL = "padding:2px 10px;text-align:left;vertical-align:top"
NUMBER = "padding:2px 10px;text-align:right;vertical-align:top;white-space:nowrap;font-variant-numeric:tabular-nums"


def html_of(report: BiasReport) -> str:
    """The report as HTML; text that comes from the data is escaped."""
    level = f"{100 * report.confidence_level:.4g} %"
    warnings = "".join(f"<p><b>Warning.</b> {escape(text)}</p>" for text in report.warnings)

    tables: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for record in report.records():
        tables.setdefault((record["facet"], record["value_or_threshold"], record["stage"]), []).append(record)
    groups = list(dict.fromkeys(key[:2] for key in tables))
    shown = [(*group, stage) for group in groups for stage in STAGES if (*group, stage) in tables]
    body = "".join(_table(*key, tables[key], level) for key in shown)
    return f"<div><p><b>Bias report</b>: {counted(report.rows, 'row')}, {level} intervals</p>{warnings}{body}</div>"


def _table(facet: str, value: str, stage: str, records: Sequence[Mapping[str, Any]], level: str) -> str:
    titles = ("Metric", "Value", f"{level} interval", "", "What it says")
    head = "".join(f'<th scope="col" style="{CELL}">{title}</th>' for title in titles)
    rows = "".join(_row(record) for record in records)
    caption = f"{escape(named(facet, value))} - {STAGES[stage]}"
    return (
        f'<table style="border-collapse:collapse;margin-top:1em"><caption style="text-align:left;font-weight:bold">'
        f"{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(record: Mapping[str, Any]) -> str:
    faint = ";opacity:0.6" if record["state"] == "insufficient_evidence" else ""
    return (
        f'<tr style="border-top:1px solid rgba(128,128,128,0.3){faint}">'
        f'<th scope="row" style="{CELL}">{escape(record["metric"])}</th>'
        f'<td style="{NUMBER}">{number(record["value"])}</td>'
        f'<td style="{NUMBER}">{interval(record["low"], record["high"])}</td>'
        f'<td style="{CELL}">{_drawn(record)}</td>'
        f'<td style="{CELL}">{escape(record["finding"] or "")}</td></tr>'
    )


def _drawn(record: Mapping[str, Any]) -> str:
    """The interval as a line, the value as a dot, no disparity as a dashed rule."""
    ends = (record["low"], record["high"], record["value"])
    if any(end is None or not math.isfinite(end) for end in ends):
        return ""
    parity = 1.0 if record["metric"] == "DI" else 0.0
    low, high, value = ends
    left, right = min(low, parity), max(high, parity)
    scale = (WIDTH - 2 * MARGIN) / ((right - left) or 1.0)

    def x(end: float) -> float:
        return float(round(MARGIN + (end - left) * scale, 1))

    middle = HEIGHT / 2
    label = f"{number(value)}, interval {interval(low, high)}, no disparity at {parity:g}"
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{label}">'
        f'<line x1="{x(parity)}" y1="0" x2="{x(parity)}" y2="{HEIGHT}" stroke="currentColor" stroke-dasharray="2 2"/>'
        f'<line x1="{x(low)}" y1="{middle}" x2="{x(high)}" y2="{middle}" stroke="#3b6fb6" stroke-width="3"/>'
        f'<circle cx="{x(value)}" cy="{middle}" r="4" fill="#3b6fb6"/></svg>'
    )
