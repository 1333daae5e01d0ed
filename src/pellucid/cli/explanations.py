"""Explanations for people at a terminal: the features that matter most for every output, with their intervals."""

from __future__ import annotations

import math

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from pellucid.api.job_explanations import JobExplanations
from pellucid.cli.images import images_shown
from pellucid.cli.terminal import clean, heading, number, plain_table
from pellucid.explain.aggregate import ranks_with_ties
from pellucid.jobs.explanations.totals import ShapResult
from pellucid.results.rounding import interval

__all__ = ["explanations_shown"]

SHOWN_FEATURES = 10
SHOWN_OUTPUTS = 6
ROUNDING = 1e-9
"""Errors below this share of a value are what arithmetic leaves."""

MEANINGS = {
    "mean_abs": "mean of the absolute SHAP values",
    "median": "median of the SHAP values",
    "mean_sq": "mean of the squared SHAP values",
}


def explanations_shown(found: JobExplanations) -> list[RenderableType]:
    """A table per output with its most important features, and which partial dependence was computed."""
    parts: list[RenderableType] = []
    if found.shap is not None:
        for output in range(min(len(found.labels), SHOWN_OUTPUTS)):
            parts += _output(found.shap, output, found.confidence_level)
        if len(found.labels) > SHOWN_OUTPUTS:
            parts.append(Text(f"  and {len(found.labels) - SHOWN_OUTPUTS} more outputs in analysis.json", style="dim"))
    if found.images:
        parts += images_shown(found.images, found.confidence_level)
    drawn = [plot.feature for plot in found.plots or () if plot.predictions is not None]
    if drawn:
        parts.append(heading(f"Partial dependence: {', '.join(drawn)}"))
    if found.forecasts is not None:
        from pellucid.cli.forecasts import forecasts_shown

        parts += forecasts_shown(found.forecasts, found.confidence_level)
    return parts


def _output(found: ShapResult, output: int, level: float) -> list[RenderableType]:
    order, tied = ranks_with_ties(found.values, output)
    table = plain_table("feature", "value", f"{100 * level:g} % interval", "")
    table.columns[1].justify = "right"
    for feature, is_tied in zip(order[:SHOWN_FEATURES].tolist(), tied.tolist(), strict=False):
        table.add_row(*_cells(found, feature, output), Text("tied with the next" if is_tied else ""))
    label = found.labels[output]
    title = heading(f"Features that matter most for {label} ({MEANINGS[found.aggregation]})")
    rest = len(order) - SHOWN_FEATURES
    more: list[RenderableType] = [Text(f"  and {rest} more in analysis.json", style="dim")] if rest > 0 else []
    return [title, Padding(table, (0, 0, 0, 2)), *more]


def _cells(found: ShapResult, feature: int, output: int) -> tuple[Text, ...]:
    values = found.values
    error, low, high = (float(part[feature, output]) for part in (values.standard_error, values.low, values.high))
    if not math.isfinite(error):
        said = "not known"
    elif error <= ROUNDING * abs(float(values.value[feature, output])):
        said = "exact"
    else:
        said = interval(low, high)
    return (
        Text(clean(found.features[feature])),
        Text(number(float(values.value[feature, output]))),
        Text(said),
    )
