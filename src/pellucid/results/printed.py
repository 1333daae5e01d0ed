"""Results as ``print`` shows them: what was computed and the numbers that matter most, in lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pellucid.nouns import counted
from pellucid.results.group_names import named
from pellucid.results.importance_table import interval_told
from pellucid.results.rounding import interval, number, p_value, significant

if TYPE_CHECKING:
    from pellucid.results.bias import BiasReport
    from pellucid.results.dependence import PartialDependence
    from pellucid.results.explanation import Explanation, FeatureImportance
    from pellucid.results.forecast import ForecastExplanation
    from pellucid.results.image_explanation import ImageExplanation
    from pellucid.results.text_explanation import TextExplanation

__all__ = [
    "printed_dependence",
    "printed_explanation",
    "printed_forecasts",
    "printed_images",
    "printed_report",
    "printed_texts",
]

MOST_LINES = 45
"""Of a table; what is left out is counted."""
MOST_FEATURES = 15
"""Of one output."""
MOST_CHARACTERS = 40
"""Of a text."""

Row = tuple[str, ...]


def printed_report(report: BiasReport) -> str:
    """The metrics of every group with their intervals, why others have no value, and what to know beforehand."""
    level = f"{100 * report.confidence_level:.4g} %"
    head = (
        f"Bias report: {counted(report.rows, 'row')}, {level} intervals; all of it: .to_frame(), .findings, .to_dict()"
    )
    rows: list[Row] = [("group", "stage", "metric", "value", f"{level} interval", "adjusted p", "state")]
    for record in report.records():
        group = named(record["facet"], record["value_or_threshold"])
        value = "" if record["value"] is None else number(record["value"])
        ends = "" if record["low"] is None else interval(record["low"], record["high"])
        sure = "" if record["p_value"] is None else p_value(record["p_value"])
        rows.append((group, record["stage"], record["metric"], value, ends, sure, record["state"] or ""))
    warnings = (f"Warning: {_harmless(warning)}" for warning in report.warnings)
    return "\n".join([head, *_table(rows, "<<<>>><"), *_not_computed(report), *warnings])


def _not_computed(report: BiasReport) -> Iterable[str]:
    """The metrics without a value, by reason."""
    reasons: dict[str, dict[str, None]] = {}
    for stage in report.stages:
        for facet in stage.facets:
            for metric in facet.metrics:
                if metric.error is not None:
                    reasons.setdefault(metric.error, {})[metric.name] = None
    return (f"Not computed: {', '.join(names)}: {_harmless(reason)}" for reason, names in reasons.items())


def printed_explanation(explanation: Explanation) -> str:
    """The features of every output by importance."""
    rows, features, _ = explanation.values.shape
    asked = f"{counted(explanation.n_model_calls, 'row')} asked of the model"
    head = f"Explanation: {counted(rows, 'row')}, {counted(features, 'feature')}; {explanation.estimator}; {asked}"
    level = f"{100 * explanation.confidence_level:.4g} %"
    table: list[Row] = [("output", "rank", "feature", "mean |value|", f"{level} interval")]
    importances = explanation.global_importance()
    for output in explanation.outputs:
        of_output = [found for found in importances if found.output == output]
        table += [_importance(found) for found in of_output[:MOST_FEATURES]]
        if len(of_output) > MOST_FEATURES:
            table.append((output, "", f"and {counted(len(of_output) - MOST_FEATURES, 'feature')} more", "", ""))
    names = ".values, .standard_errors, .to_frame(), .global_importance(), .plot"
    return "\n".join([f"{head}; all of it: {names}", *_table(table, "<<<>>"), *explanation.notes])


def printed_dependence(dependence: PartialDependence) -> str:
    """How far the mean prediction moves with every feature."""
    asked = f"{counted(dependence.n_model_calls, 'row')} asked of the model"
    head = f"Partial dependence: {counted(len(dependence.features), 'feature')}; {asked}; all of it: .features, .plot"
    table: list[Row] = [("feature", "kind", "points", "output", "lowest mean", "highest mean")]
    for feature in dependence.features:
        for output, curve in zip(dependence.outputs, feature.predictions, strict=True):
            ends = (number(curve.min()), number(curve.max())) if curve.size else ("", "")
            table.append((feature.feature, feature.kind, str(curve.size), output, *ends))
    return "\n".join([head, *_table(table, "<<><>>")])


def printed_texts(explanation: TextExplanation) -> str:
    """Every text with its predictions and the unit that matters most to each."""
    asked = f"{counted(explanation.model_rows, 'text')} asked of the model"
    head = f"Text explanation: {counted(len(explanation.texts), 'text')}, units: {explanation.granularity}; {asked}"
    table: list[Row] = [("text", "units", "output", "prediction", "largest value", "of")]
    for text in explanation.texts:
        for place, output in enumerate(explanation.outputs):
            largest = ("", "")
            if text.units:
                unit = int(np.abs(text.values[:, place]).argmax())
                largest = (significant(float(text.values[unit, place]), 3, "+"), text.units[unit].text)
            shown = f"{text.text[:MOST_CHARACTERS]}..." if len(text.text) > MOST_CHARACTERS else text.text
            table.append((shown, str(len(text.units)), output, number(text.predictions[place]), *largest))
    names = ".texts, .top_units(), .to_frame()"
    return "\n".join([f"{head}; all of it: {names}", *_table(table, "<><>><"), *explanation.notes])


def printed_images(explanation: ImageExplanation) -> str:
    """Every image with its outputs and the largest value of a segment."""
    asked = f"{counted(explanation.model_images, 'image')} asked of the model"
    head = (
        f"Image explanation: {counted(len(explanation), 'image')}; {asked}; all of it: .images, .overlay(), .to_frame()"
    )
    table: list[Row] = [("image", "segments", "output", "prediction", "largest value")]
    for image in explanation.images:
        for place, output in enumerate(image.outputs):
            values = image.values[:, place]
            largest = significant(float(values[np.abs(values).argmax()]), 3, "+") if values.size else ""
            table.append((image.name, str(len(values)), output.label, number(image.predictions[place]), largest))
    return "\n".join([head, *_table(table, "<><>>"), *explanation.notes])


def printed_forecasts(explanation: ForecastExplanation) -> str:
    """Every item with the element that moves its forecast most."""
    asked = f"{counted(explanation.model_records, 'record')} asked of the model"
    head = f"Forecast explanation: {counted(len(explanation), 'item')}; {asked}; all of it: .items, .to_frame()"
    table: list[Row] = [("item", "steps", "elements", "strongest element", "mean |score|")]
    for item in explanation.items:
        strongest = ("", "")
        if item.elements:
            place = int(item.strengths.argmax())
            element = item.elements[place]
            name = " ".join(str(part) for part in (element.name, element.timestamp if element.timed else None) if part)
            strongest = (name, number(item.strengths[place]))
        table.append((str(item.item_id), str(len(item.offset)), str(len(item.elements)), *strongest))
    left_out = [f"Left out: {left.item_id} ({left.reason})" for left in explanation.left_out]
    return "\n".join([head, *_table(table, "<>><>"), *left_out, *explanation.notes])


def _importance(found: FeatureImportance) -> Row:
    rank = f"{found.rank}{' (tied)' if found.tied else ''}"
    return found.output, rank, found.feature, number(found.value), interval_told(found)


def _table(rows: Sequence[Row], sides: str) -> Iterable[str]:
    """Lines of columns, ranged left or right as ``sides`` says; names that would break a line are quoted."""
    shown = [tuple(map(_harmless, row)) for row in rows[: 1 + MOST_LINES]]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        cells = (f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True))
        yield "  ".join(["", *cells]).rstrip()
    if len(rows) > len(shown):
        yield f"  and {len(rows) - len(shown):,} more"


def _harmless(text: str) -> str:
    return text if text.isprintable() else repr(text)
