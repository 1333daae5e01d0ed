"""SHAP values: which features matter over all rows, how they spread over single rows, and a few rows in full."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pellucid.charts.importances import ImportanceBar, importance
from pellucid.charts.scatters import dependence
from pellucid.charts.steps import WaterfallStep, margins_meant, waterfall
from pellucid.charts.swarms import beeswarm
from pellucid.critical_value import critical_value
from pellucid.nouns import counted
from pellucid.records import dataclass
from pellucid.reports.content.context import Context, brief, numbered, output_named
from pellucid.reports.content.texts import texts_section
from pellucid.reports.document import (
    Block,
    Cell,
    Chart,
    Column,
    Disclosure,
    Facts,
    Finding,
    Notice,
    Paragraph,
    Section,
    Table,
)
from pellucid.reports.numbers import NOISE, count, interval, number
from pellucid.reports.reading import listed, mapping, number_in
from pellucid.results.rounding import share

__all__ = ["driving_features", "shap_section"]

AGGREGATIONS = {
    "mean_abs": "mean absolute SHAP value",
    "median": "median SHAP value",
    "mean_sq": "mean squared SHAP value",
}
ESTIMATORS = {
    "enumeration": "all coalitions, exactly",
    "border": "the border design",
    "leverage": "leverage-score pairs",
    "odd terms": "leverage-score pairs with odd-order terms",
    "clarify": "Clarify's own sampling",
    "permutation": "permutations",
    "nested": "sentences first, then words (Owen values)",
    "surrogate": "a surrogate of trees, corrected by samples",
    "exact: linear": "the formula for linear models, exactly",
    "exact: logistic": "the formula for logistic regression, exactly",
    "exact: trees": "the formula for ensembles of trees, exactly",
}
KINDS = {
    "highest": "The highest prediction",
    "lowest": "The lowest prediction",
    "closest_to_threshold": "The prediction closest to the threshold",
}
OUTPUTS, CHARTED_OUTPUTS = 6, 2
LISTED = 50
DRIVERS, DEPENDENCES = 3, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feature:
    """Global importance of a feature; ``error`` is None where it is not known."""

    name: str
    value: float
    corrected: float
    error: float | None
    low: float | None
    high: float | None
    tied: bool


def _details(context: Context) -> Mapping[str, Any]:
    return mapping(mapping(context.details.get("explanations")).get("kernel_shap"))


def _outputs(context: Context) -> dict[str, list[_Feature]]:
    """Features of each output by falling importance; only what is read as numbers."""
    labels = mapping(_details(context).get("labels"))
    found = {}
    for label, entry in mapping(context.explanations.get("kernel_shap")).items():
        values = mapping(mapping(entry).get("global_shap_values"))
        known = mapping(labels.get(label))
        details = mapping(known.get("features"))
        tied = {str(one.get("feature")) for one in listed(known.get("ranking")) if one.get("tied_with_next") is True}
        features = [
            _feature(str(name), number_in(value), mapping(details.get(name)), str(name) in tied)
            for name, value in values.items()
        ]
        read = [feature for feature in features if feature is not None]
        if read:
            found[str(label)] = sorted(read, key=lambda feature: -abs(feature.value))
    return found


def _feature(name: str, value: float | None, details: Mapping[str, Any], tied: bool) -> _Feature | None:
    if value is None or math.isinf(value):
        return None
    corrected, error = number_in(details.get("corrected")), number_in(details.get("standard_error"))
    ends = details.get("interval")
    low, high = (number_in(end) for end in ends) if isinstance(ends, list) and len(ends) == 2 else (None, None)
    return _Feature(
        name=name,
        value=value,
        corrected=value if corrected is None else corrected,
        error=error,
        low=low,
        high=high,
        tied=tied,
    )


def _is_exact(feature: _Feature) -> bool:
    return feature.error is not None and feature.error <= 1e-9 * max(abs(feature.value), NOISE)


def _measure(context: Context) -> str:
    """What the importance is."""
    given = _details(context).get("aggregation")
    if given is None:
        given = mapping(mapping(context.asked.get("methods")).get("shap")).get("agg_method")
    return AGGREGATIONS.get(str(given), "global SHAP value")


# --- on the first screen ---------------------------------------------------------------------------------------------
def driving_features(context: Context) -> list[Finding]:
    """One sentence for each output on the features that move it most."""
    found = []
    outputs = _outputs(context)
    for label, features in list(outputs.items())[:OUTPUTS]:
        top = features[:DRIVERS]
        text = f"{_moved(label, outputs)} driven most by {_leading(context, top)}."
        found.append(Finding(text=text, tone="neutral", certainty=_certainty(top), anchor="shap"))
    return found


def _moved(label: str, outputs: Mapping[str, Sequence[_Feature]]) -> str:
    named = output_named(label, outputs)
    return "The predictions are" if named == "the prediction" else f"Predictions of {named} are"


def _leading(context: Context, top: Sequence[_Feature]) -> str:
    """The strongest features; the first one with what its number means."""
    named = [f"{brief(feature.name)} ({number(feature.value)})" for feature in top]
    if _measure(context) != AGGREGATIONS["mean_abs"]:
        return f"{numbered(named, DRIVERS)}, by {_measure(context)}"
    moved = "the log-odds of one" if _details(context).get("link") == "logit" else "one"
    first = f"{brief(top[0].name)}, which moves {moved} by {number(top[0].value)} on average"
    return first if len(top) == 1 else f"{first}, and by {numbered(named[1:], DRIVERS)}"


def _certainty(top: Sequence[_Feature]) -> str:
    if any(feature.tied for feature in top):
        return "order not certain"
    if all(_is_exact(feature) for feature in top):
        return "exact"
    return "certainty not known" if any(feature.error is None for feature in top) else "order certain"


# --- the section -----------------------------------------------------------------------------------------------------
def shap_section(context: Context) -> Section | None:
    """SHAP values of every output."""
    outputs = _outputs(context)
    if not outputs:
        notice = Notice(
            "missing", "The SHAP values of this file cannot be shown as features; the result files hold them."
        )
        return Section(title="SHAP values", anchor="shap", blocks=(notice,))
    parts = []
    for place, (label, features) in enumerate(list(outputs.items())[:OUTPUTS]):
        blocks = [*_importance(context, output_named(label, outputs), features)]
        if place < CHARTED_OUTPUTS:
            blocks += [*_sampled(context, label, outputs), *_single_rows(context, label, outputs)]
        named = output_named(label, outputs)
        title = "The prediction" if named == "the prediction" else f"Output {named}"
        parts.append(Section(title=title, anchor=f"shap-{place + 1}", blocks=tuple(blocks)))
    blocks = [Paragraph(_introduction(context)), Facts(tuple(_facts(context, outputs)))]
    if len(outputs) > OUTPUTS:
        blocks.append(Paragraph(f"{counted(len(outputs) - OUTPUTS, 'further output')} in the result files."))
    if not _details(context):
        blocks.append(
            Notice("information", "These files hold the importances only: no errors and no single rows are known.")
        )
    texts = texts_section(context, list(outputs)[:CHARTED_OUTPUTS])
    parts += [] if texts is None else [texts]
    return Section(title="SHAP values", anchor="shap", blocks=tuple(blocks), sections=tuple(parts))


def _introduction(context: Context) -> str:
    link = "log-odds of the prediction" if _details(context).get("link") == "logit" else "prediction"
    return (
        f"How much each feature moves the {link} of a row away from the mean prediction of the baseline; over all rows "
        f"its importance is the {_measure(context)}."
    )


def _facts(context: Context, outputs: Mapping[str, Sequence[_Feature]]) -> Iterator[tuple[str, str]]:
    details = _details(context)
    rows = number_in(details.get("rows"))
    if rows is not None:
        yield "Rows explained", count(rows)
    estimators = mapping(details.get("estimators"))
    if estimators:
        yield "Estimators", "; ".join(_estimator(str(name), number_in(rows)) for name, rows in estimators.items())
    samples = details.get("samples_per_row")
    if isinstance(samples, list) and len(samples) == 2 and samples[1]:
        least, most = (number_in(end) for end in samples)
        yield "Coalitions per row", count(most) if least == most else f"{count(least)} to {count(most)}"
    audit = mapping(mapping(details.get("surrogate")).get("audit"))
    error, audited = number_in(audit.get("relative_error")), number_in(audit.get("rows"))
    if error is not None and audited is not None:
        yield "Error of the surrogate", f"{share(error)} on {counted(audited, 'row')} computed without it"
    asked = number_in(details.get("model_rows"))
    if asked is not None:
        yield "Rows asked of the model", count(asked)
    baseline = mapping(details.get("baseline"))
    size = number_in(baseline.get("rows"))
    if size is not None:
        yield "Baseline", f"{counted(size, 'row')}, {'given' if baseline.get('source') == 'given' else 'computed'}"
    explained = mapping(context.explanations.get("kernel_shap"))
    for label in list(outputs)[:OUTPUTS]:
        base = number_in(mapping(explained.get(label)).get("expected_value"))
        if base is not None:
            named = output_named(label, outputs)
            of_output = "" if named == "the prediction" else f", {brief(label, 40)}"
            yield f"Mean prediction of the baseline{of_output}", number(base)


def _estimator(name: str, rows: float | None) -> str:
    said = ESTIMATORS.get(name, name)
    return said if rows is None else f"{said} ({counted(rows, 'row')})"


def _importance(context: Context, label: str, features: Sequence[_Feature]) -> Iterator[Block]:
    known = any(feature.error is not None for feature in features)
    bars = [
        ImportanceBar(
            feature=feature.name,
            value=feature.corrected if feature.error is not None else feature.value,
            low=None if _is_exact(feature) else feature.low,
            high=None if _is_exact(feature) else feature.high,
            tied=feature.tied,
        )
        for feature in features
    ]
    measure = _measure(context)
    specification = importance(bars, axis_title=measure.capitalize().replace("shap", "SHAP"))
    level = f", with {context.level} intervals" if any(bar.low is not None for bar in bars) else ""
    yield Chart(
        title=f"What moves {label} most{level}",
        specification=specification,
        description=str(specification["description"]),
    )
    columns = [Column(title="Feature"), Column(title=measure.capitalize().replace("shap", "SHAP"), align="right")]
    if known:
        meaning = "Without the part that the noise of sampling adds."
        columns += [
            Column(title="Corrected", align="right", meaning=meaning),
            Column(title="Interval", align="right", meaning="Of the corrected value; from the sampling of coalitions."),
        ]
    rows = [_importance_row(feature, known=known) for feature in features[:LISTED]]
    table = Table(caption=f"Features by importance for {label}", columns=tuple(columns), rows=tuple(rows))
    yield Disclosure(title=f"The numbers of {counted(min(len(features), LISTED), 'feature')}", blocks=(table,))


def _importance_row(feature: _Feature, *, known: bool) -> tuple[str | Cell, ...]:
    name = f"{brief(feature.name, 120)}{' (tied with the next)' if feature.tied else ''}"
    if not known:
        return name, number(feature.value)
    shown = "exact" if _is_exact(feature) else interval(feature.low, feature.high)
    return name, number(feature.value), number(feature.corrected), shown


# --- single rows -----------------------------------------------------------------------------------------------------
def _sampled(context: Context, label: str, outputs: Collection[str]) -> Iterator[Block]:
    """A beeswarm of the rows that were kept, and the attributions of the strongest features by their values."""
    sample = mapping(_details(context).get("sample"))
    attributions = {
        str(name): [number_in(value) for value in values]
        for name, values in mapping(mapping(sample.get("attributions")).get(label)).items()
        if isinstance(values, list)
    }
    rows = {len(values) for values in attributions.values()}
    if not attributions or len(rows) != 1 or 0 in rows:
        return
    names = list(attributions)
    matrix = np.array([[math.nan if value is None else value for value in attributions[name]] for name in names]).T
    cells = [_cells(mapping(sample.get("cells")).get(name), len(matrix)) for name in names]
    specification = beeswarm(matrix, names, cells)
    total = number_in(_details(context).get("rows"))
    drawn = counted(len(matrix), "row") + ("" if total is None or total == len(matrix) else f" of {count(total)}")
    yield Chart(
        title=f"Attributions of single rows to {output_named(label, outputs)} ({drawn}, drawn at random)",
        specification=specification,
        description=str(specification["description"]),
    )
    texts = mapping(_details(context).get("texts")).get("columns")
    for place in range(min(DEPENDENCES, len(names))):
        column = cells[place]
        # Texts are hardly ever alike; their words are shown instead.
        if column is not None and not (isinstance(texts, list) and names[place] in texts):
            chart = dependence(column, matrix[:, place], feature=names[place])
            title = f"Attribution of {brief(names[place], 60)} by its value"
            yield Chart(title=title, specification=chart, description=str(chart["description"]))


def _cells(values: Any, rows: int) -> np.ndarray[Any, Any] | None:
    if not isinstance(values, list) or len(values) != rows or all(value is None for value in values):
        return None
    if all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        return np.array([math.nan if value is None else float(value) for value in values])
    return np.array([None if value is None else str(value) for value in values], dtype=object)


def _single_rows(context: Context, label: str, outputs: Collection[str]) -> Iterator[Block]:
    """A waterfall for each row that was kept for what it shows."""
    for row in listed(mapping(_details(context).get("single_rows")).get(label)):
        base, prediction = number_in(row.get("base_value")), number_in(row.get("prediction"))
        steps = [_step(context, str(name), mapping(entry)) for name, entry in mapping(row.get("features")).items()]
        read = [step for step in steps if step is not None]
        if base is None or prediction is None or not read or len(read) < len(steps):
            yield Notice("missing", "The attributions of a single row were edited or damaged, and are left out.")
            continue
        place = number_in(row.get("row"))
        named = output_named(label, outputs)
        of_output = "" if named == "the prediction" else f" of {named}"
        title = KINDS.get(str(row.get("kind")), "A single row") + of_output
        where = "" if place is None else f", row {place + 1:,.0f} of the data"
        meant = f" ({margins_meant(context.confidence_level)})" if any(step.margin > 0 for step in read) else ""
        specification = waterfall(read, base, prediction, axis_title=f"Prediction{meant}")
        yield Chart(
            title=f"{title}: {number(prediction)}{where}",
            specification=specification,
            description=str(specification["description"]),
            dense=True,
        )


def _step(context: Context, name: str, entry: Mapping[str, Any]) -> WaterfallStep | None:
    value, error = number_in(entry.get("attribution")), number_in(entry.get("standard_error"))
    if value is None:
        return None
    z = critical_value(context.confidence_level)
    return WaterfallStep(
        feature=name, value=value, cell=_shown(entry.get("cell")), margin=math.nan if error is None else z * error
    )


def _shown(cell: Any) -> str:
    if cell is None:
        return "no value"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if cell.is_integer() else number(cell)
    return str(cell)
