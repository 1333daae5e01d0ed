"""What plots are made of: plain values of charts, taken from explanations and bias reports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.argument_kinds import NAMES, TEXT, listed, optional, refuse_other_kinds, whole_number
from pellucid.charts import ForestRow, ImportanceBar, Tone, WaterfallStep
from pellucid.charts.steps import margins_meant
from pellucid.charts.texts import short
from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.results.bias import BiasReport
from pellucid.results.dependence import PartialDependence, on_scale_of_predictions
from pellucid.results.explanation import Aggregation, Explanation
from pellucid.results.group_names import named

__all__ = [
    "accumulated",
    "attribution_title",
    "bars_of",
    "cells_of",
    "cells_to_compare",
    "importance_title",
    "named_outputs",
    "output_at",
    "prediction_axis",
    "rows_of",
    "single_rows",
    "steps_of",
]

Floats = npt.NDArray[np.float64]

IMPORTANCES = {
    "mean_abs": "Mean absolute Shapley value",
    "median": "Median Shapley value",
    "mean_sq": "Mean squared Shapley value",
}

STAGES = {"pre_training": "labels", "post_training": "predictions"}

COMPARED = ("DPPL", "DPL")
"""Differences in positive predictions and in positive labels: what is asked first of several groups."""

ROUNDING = 1e-6
"""Below this share of its terms, what a sum lacks is rounding, also that of single precision."""

CERTAIN = 0.05
"""The adjusted p-value below which a difference counts as clear."""


def output_at(outputs: Sequence[str], output: str | int | None) -> int:
    """Position of an output given by its name or position; the first by default.

    Raises
    ------
    ConfigError
        There is no such output.
    """
    if output is None:
        return 0
    if isinstance(output, str):
        return _named("output", output, outputs)
    if not whole_number(0).holds(output) or output >= len(outputs):
        fix = f"Use a position from 0 to {len(outputs) - 1}, or a name; {did_you_mean(output, list(outputs))}"
        raise ConfigError(Problem("output", output, fix=fix))
    return int(output)


def feature_at(features: Sequence[str], feature: str) -> int:
    """Position of a feature.

    Raises
    ------
    ConfigError
        There is no such feature.
    """
    return _named("feature", feature, features)


def _named(where: str, name: str, names: Sequence[str]) -> int:
    if not TEXT.holds(name) or name not in names:
        fix = f"Use the name of {'an output' if where == 'output' else 'a feature'}; {did_you_mean(name, list(names))}"
        raise ConfigError(Problem(where, name, fix=fix))
    return list(names).index(name)


# --- explanations ----------------------------------------------------------------------------------------------------
def attribution_title(explanation: Explanation, output: int) -> str:
    """What an axis of attributions shows."""
    unit = "log-odds" if explanation.link == "logit" else ""
    named = explanation.outputs[output] if len(explanation.outputs) > 1 else ""
    return _titled("Shapley value", named, unit)


def importance_title(explanation: Explanation, output: int, method: Aggregation) -> str:
    """What an axis of importances shows."""
    unit = "log-odds" if explanation.link == "logit" else ""
    named = explanation.outputs[output] if len(explanation.outputs) > 1 else ""
    return _titled(IMPORTANCES[method], named, unit)


def _titled(what: str, output: str, unit: str) -> str:
    inside = ", ".join(filter(None, (output, unit)))
    return f"{what} ({inside})" if inside else what


def bars_of(explanation: Explanation, output: int, method: Aggregation) -> list[ImportanceBar]:
    """Importances of the features of an output: freed of noise, with intervals where they are known."""
    return [
        ImportanceBar(
            feature=found.feature,
            value=found.corrected,
            low=found.interval[0],
            high=found.interval[1],
            # Where errors are not known, every order is uncertain, and a mark on each bar would say nothing.
            tied=found.tied and not math.isnan(found.standard_error),
        )
        for found in explanation.global_importance(method)
        if found.output == explanation.outputs[output]
    ]


def steps_of(explanation: Explanation, row: int, output: int) -> list[WaterfallStep]:
    """What each feature adds to the prediction of a row.

    Raises
    ------
    ConfigError
        There is no such row.
    """
    rows = len(explanation.values)
    if not whole_number(-rows).holds(row) or row >= rows:
        raise ConfigError(Problem("row", row, fix=f"Use a row that was explained, from 0 to {rows - 1}."))
    values, margins = explanation.values[row, :, output], explanation.margins[row, :, output]
    steps = [
        WaterfallStep(feature=name, value=value, cell=_cell(explanation, name, row), margin=margin)
        for name, value, margin in zip(explanation.features, values.tolist(), margins.tolist(), strict=True)
    ]
    ends = float(explanation.base_values[row, output]), float(explanation.predictions[row, output])
    rest = ends[1] - ends[0] - math.fsum(values.tolist())
    if abs(rest) > ROUNDING * (sum(map(abs, ends)) + float(np.abs(values).sum())):
        steps.append(WaterfallStep(feature="features left out", value=rest, margin=math.nan))
    return steps


def _cell(explanation: Explanation, feature: str, row: int) -> str:
    column = explanation.data.get(feature)
    if column is None:
        return ""
    cell = column[row]
    if isinstance(cell, np.generic):
        cell = cell.item()
    if cell is None or cell != cell:
        return "missing"
    return short(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else str(cell)


def cells_of(explanation: Explanation, feature: str) -> npt.NDArray[Any] | None:
    """Cells of a feature in the rows explained, as numbers where all are; None for a group of columns."""
    column = explanation.data.get(feature)
    if column is None or column.dtype.kind in "biuf":
        return column
    cells = column.tolist()
    if all(cell is None or isinstance(cell, int | float) for cell in cells) and any(cell is not None for cell in cells):
        return np.array([math.nan if cell is None else float(cell) for cell in cells])
    return column


def cells_to_compare(explanation: Explanation, feature: str) -> tuple[int, npt.NDArray[Any]]:
    """Position of a feature and its cells.

    Raises
    ------
    ConfigError
        There is no such feature, or it is a group of columns, which has no value of its own.
    """
    place = feature_at(explanation.features, feature)
    cells = cells_of(explanation, feature)
    if cells is None:
        fix = "A group of columns has no value of its own to compare with; use a feature that is a single column."
        raise ConfigError(Problem("feature", feature, fix=fix))
    return place, cells


def prediction_axis(explanation: Explanation, row: int, output: int) -> str:
    """What the axis of a prediction shows, and what the margins of its steps are."""
    named = explanation.outputs[output] if len(explanation.outputs) > 1 else ""
    margins = explanation.margins[row, :, output]
    meant = margins_meant(explanation.confidence_level) if (margins > 0).any() else ""
    return _titled("Prediction", named, ", ".join(filter(None, ["log-odds" * (explanation.link == "logit"), meant])))


# --- bias ------------------------------------------------------------------------------------------------------------
def rows_of(
    report: BiasReport, *, facet: str | None = None, metrics: Sequence[str] | str | None = None
) -> list[ForestRow]:
    """Metrics of a report with their intervals.

    Those of a single group stand in a panel for each stage and unit; those of several groups in one for each metric, by
    default `COMPARED`. "all" stands for all metrics.

    Raises
    ------
    ConfigError
        There is no such facet or metric.
    """
    refuse_other_kinds(("facet", facet, optional(TEXT)), ("metrics", metrics, optional(NAMES)))
    records = report.records()
    names = [] if metrics is None else listed(metrics)
    wanted = None if metrics is None or names == ["all"] else names
    _check_known(records, facet, wanted)
    chosen = [record for record in records if facet is None or record["facet"] == facet]
    several = len({_group(record) for record in chosen}) > 1
    if metrics is None and several:
        wanted = [name for name in COMPARED if any(record["metric"] == name for record in chosen)] or None
    chosen = [record for record in chosen if wanted is None or record["metric"] in wanted]
    if not several:
        return [_row(record, record["metric"], _panel(record)) for record in chosen]
    chosen.sort(key=lambda record: (record["stage"] == "pre_training", record["metric"]))
    return [_row(record, _group(record), f"{record['metric']} of the {STAGES[record['stage']]}") for record in chosen]


def _check_known(records: Sequence[dict[str, Any]], facet: str | None, metrics: Sequence[str] | None) -> None:
    facets = list(dict.fromkeys(record["facet"] for record in records))
    names = list(dict.fromkeys(record["metric"] for record in records))
    problems = [
        Problem("metrics", name, fix=f"Use a metric of the report; {did_you_mean(name, names)}")
        for name in metrics or ()
        if name not in names
    ]
    if facet is not None and facet not in facets:
        problems.append(Problem("facet", facet, fix=f"Use a facet of the report; {did_you_mean(facet, facets)}"))
    if problems:
        raise ConfigError(problems)


def _group(record: dict[str, Any]) -> str:
    return named(record["facet"], record["value_or_threshold"])


def _panel(record: dict[str, Any]) -> str:
    unit = {"DI": ", ratio", "TE": ", difference of ratios"}.get(record["metric"], "")
    return f"{_group(record)}, {STAGES[record['stage']]}{unit}"


def _row(record: dict[str, Any], label: str, panel: str) -> ForestRow:
    return ForestRow(
        label=label,
        value=record["value"],
        low=record["low"],
        high=record["high"],
        neutral=1.0 if record["metric"] == "DI" else 0.0,
        tone=_tone(record),
        note=record["finding"] or "",
        panel=panel,
    )


def _tone(record: dict[str, Any]) -> Tone:
    if record["state"] == "insufficient_evidence":
        return "uncertain"
    return "different" if record["p_value"] is not None and record["p_value"] < CERTAIN else "neutral"


# --- partial dependence ----------------------------------------------------------------------------------------------
def named_outputs(found: PartialDependence) -> tuple[str, ...]:
    """Names for a legend; none for a single output."""
    return found.outputs if len(found.outputs) > 1 else ("",)


def accumulated(found: PartialDependence, feature: str) -> Floats | None:
    """Accumulated local effects on the scale of predictions, shape (outputs, points), where there are some."""
    curve = found[feature]
    if curve.accumulated is None:
        return None
    effects = curve.accumulated
    return on_scale_of_predictions(curve.points, curve.predictions, curve.distribution, effects.edges, effects.effects)


def single_rows(found: PartialDependence, feature: str) -> Floats | None:
    """Curves of single rows, shape (rows, points), where they were kept and there is one output to draw them for."""
    curves = found[feature].individual
    return curves[:, 0] if curves is not None and len(found.outputs) == 1 else None
