"""An explanation as a notebook shows it: the features of each output by importance, intervals drawn, no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from pellucid.nouns import counted
from pellucid.results.rounding import interval, number

if TYPE_CHECKING:
    from pellucid.results.explanation import Explanation, FeatureImportance

__all__ = ["html_of", "interval_told"]

WIDTH, HEIGHT, MARGIN = 160, 16, 6
"""Of a drawn importance, in pixels."""
CELL = "padding:2px 10px;text-align:left"
NUMBER = "padding:2px 10px;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums"


def html_of(explanation: Explanation) -> str:
    """The mean absolute values of an explanation as HTML; text that comes from the data is escaped."""
    rows, features, _ = explanation.values.shape
    importances = explanation.global_importance()
    tables = "".join(
        _table(output, [found for found in importances if found.output == output], explanation.confidence_level)
        for output in explanation.outputs
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in explanation.notes)
    shape = f"{counted(rows, 'row')}, {counted(features, 'feature')}"
    head = f"{shape}; {escape(explanation.estimator)}; {counted(explanation.n_model_calls, 'row')} asked"
    return f"<div><p><b>Explanation</b>: {head}</p>{tables}{notes}</div>"


def _table(output: str, importances: Sequence[FeatureImportance], level: float) -> str:
    titles = ("Rank", "Feature", "Mean |value|", "Corrected", f"{100 * level:.4g} % interval", "")
    head = "".join(f'<th scope="col" style="{CELL}">{title}</th>' for title in titles)
    ends = [abs(end) for found in importances for end in (found.corrected, *found.interval) if math.isfinite(end)]
    body = "".join(_row(found, max(ends, default=0.0) or 1.0) for found in importances)
    return (
        '<table style="border-collapse:collapse;margin-top:1em"><caption style="text-align:left;font-weight:bold">'
        f"{escape(output)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(found: FeatureImportance, longest: float) -> str:
    low, high = found.interval
    known = math.isfinite(low) and math.isfinite(high)
    return (
        '<tr style="border-top:1px solid rgba(128,128,128,0.3)">'
        f'<td style="{NUMBER}">{found.rank}{" (tied)" if found.tied else ""}</td>'
        f'<th scope="row" style="{CELL}">{escape(found.feature)}</th>'
        f'<td style="{NUMBER}">{number(found.value)}</td><td style="{NUMBER}">{number(found.corrected)}</td>'
        f'<td style="{NUMBER}">{interval_told(found)}</td>'
        f'<td style="{CELL}">{_drawn(found, longest, known=known)}</td></tr>'
    )


def interval_told(found: FeatureImportance) -> str:
    """The interval in words: two ends that are rounded alike would not tell an exact value from a sampled one."""
    if not all(map(math.isfinite, found.interval)):
        return "not known"
    return "exact" if found.standard_error == 0 else interval(*found.interval)


def _drawn(found: FeatureImportance, longest: float, *, known: bool) -> str:
    """The corrected importance as a bar, its interval as a line over it."""

    def x(end: float) -> float:
        return round(MARGIN + end / longest * (WIDTH - 2 * MARGIN), 1)

    low, high = found.interval
    middle = HEIGHT / 2
    line = f'<line x1="{x(low)}" y1="{middle}" x2="{x(high)}" y2="{middle}" stroke="currentColor" stroke-width="2"/>'
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{number(found.corrected)}">'
        f'<rect x="{MARGIN}" y="3" width="{round(x(found.corrected) - MARGIN, 1)}" height="{HEIGHT - 6}" '
        f'fill="#3b6fb6" fill-opacity="0.6"/>{line if known else ""}</svg>'
    )
