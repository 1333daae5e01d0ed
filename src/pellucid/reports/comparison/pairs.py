"""From two results to the differences of everything that both hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pellucid.bias.comparison import Difference, Estimate, compare_estimates
from pellucid.bias.metrics import METRICS
from pellucid.records import dataclass
from pellucid.reports.content.context import Context, brief, context_of, outcome_of
from pellucid.reports.reading import Metric, listed, mapping, number_in
from pellucid.reports.source import ReportSource

__all__ = ["Compared", "ImportanceKey", "MetricKey", "Paired", "Side", "compare_sources"]


@dataclass(frozen=True, slots=True)
class MetricKey:
    """A metric of one group in one stage."""

    stage: str
    facet: str
    value: str
    metric: str


@dataclass(frozen=True, slots=True)
class ImportanceKey:
    """The global SHAP value of a feature for one output."""

    output: str
    feature: str


Paired = Mapping[MetricKey, tuple[float, tuple[float, float]]]
"""Differences, with intervals, of two models on the same rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two results.

    Parameters
    ----------
    name
        What it is called.
    rows
        Number of rows analysed.
    started, model, seed, version
        From its evidence.
    problems
        What is missing in it or was edited, in sentences.
    """

    name: str
    rows: float | None
    started: str | None
    model: str | None
    seed: float | None
    version: str | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two results and their differences.

    Parameters
    ----------
    first, second
        The results.
    confidence_level
        Of all intervals.
    metrics, importances
        Of what both hold.
    paired
        Keys whose difference was computed row by row.
    same_data
        Whether both were computed from the same files; None where that is not known.
    only
        What only one of them holds, or was asked of each in another way, in sentences.
    """

    first: Side
    second: Side
    confidence_level: float
    metrics: Mapping[MetricKey, Difference]
    importances: Mapping[ImportanceKey, Difference]
    paired: frozenset[MetricKey]
    same_data: bool | None
    only: tuple[str, ...]

    @property
    def names(self) -> tuple[str, str]:
        """What the results are called."""
        return self.first.name, self.second.name


def compare_sources(
    first: ReportSource, second: ReportSource, *, names: tuple[str, str], paired: Paired | None = None
) -> Compared:
    """Differences of all metrics and importances that both results hold, the second minus the first.

    Parameters
    ----------
    paired
        What is known better than from the two values, since both models answered for the same rows.
    """
    contexts = context_of(first), context_of(second)
    of_metrics = [dict(_metrics(context)) for context in contexts]
    of_importances = [dict(_importances(context)) for context in contexts]
    shared = [key for key in of_metrics[0] if key in of_metrics[1]]
    same_data = _same_data(first.evidence, second.evidence)
    known = {key: found for key, found in (paired or {}).items() if key in shared}
    exact = {
        key: (0.0, (0.0, 0.0))
        for key in shared
        # The same labels of the same rows may be read otherwise: another outcome, weights, or segments.
        if same_data and key.stage == "pre_training" and of_metrics[0][key].value == of_metrics[1][key].value
    }
    level = _level(contexts)
    return Compared(
        first=_side(names[0], contexts[0]),
        second=_side(names[1], contexts[1]),
        confidence_level=level,
        metrics=compare_estimates(
            {key: (key.metric, of_metrics[0][key], of_metrics[1][key]) for key in shared},
            confidence_level=level,
            paired={**exact, **known},
        ),
        importances=compare_estimates(
            {
                key: ("DPL", of_importances[0][key], of_importances[1][key])
                for key in of_importances[0]
                if key in of_importances[1]
            },
            confidence_level=level,
        ),
        paired=frozenset(known),
        same_data=same_data,
        only=(*_only_one(of_metrics, of_importances, names), *_unlike(contexts, names)),
    )


def _side(name: str, context: Context) -> Side:
    evidence = context.evidence or {}
    return Side(
        name=name,
        rows=context.rows,
        started=_text(evidence.get("started")),
        model=_text(evidence.get("model")),
        seed=number_in(evidence.get("seed")),
        version=_text(mapping(evidence.get("versions")).get("pellucid")),
        problems=context.problems,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _metrics(context: Context) -> Iterator[tuple[MetricKey, Estimate]]:
    for stage in context.stages:
        for group in stage.groups:
            for metric in group.metrics:
                if metric.name in METRICS and metric.value is not None and not metric.suppressed:
                    yield MetricKey(stage.name, group.facet, group.value, metric.name), _estimate(metric)


def _estimate(metric: Metric) -> Estimate:
    value = math.nan if metric.value is None else metric.value
    interval = None if metric.low is None or metric.high is None else (metric.low, metric.high)
    return Estimate(value=value, interval=interval, sufficient=metric.state != "insufficient_evidence")


def _importances(context: Context) -> Iterator[tuple[ImportanceKey, Estimate]]:
    labels = mapping(mapping(mapping(context.details.get("explanations")).get("kernel_shap")).get("labels"))
    for output, found in mapping(context.explanations.get("kernel_shap")).items():
        features = mapping(mapping(labels.get(output)).get("features"))
        for feature, given in mapping(mapping(found).get("global_shap_values")).items():
            value = number_in(given)
            if value is not None:
                yield ImportanceKey(str(output), str(feature)), _importance(value, mapping(features.get(feature)))


def _importance(value: float, known: Mapping[str, Any]) -> Estimate:
    ends = known.get("interval")
    if not isinstance(ends, list | tuple) or len(ends) != 2:
        return Estimate(value=value)
    low, high = (number_in(end) for end in ends)
    corrected = number_in(known.get("corrected"))
    if low is None or high is None or corrected is None:
        return Estimate(value=value)
    return Estimate(value=corrected, interval=(low, high))


def _same_data(first: Mapping[str, Any] | None, second: Mapping[str, Any] | None) -> bool | None:
    digests = [
        sorted(str(file.get("sha256")) for file in listed(evidence.get("inputs")) if file.get("role") == "data")
        for evidence in (first, second)
        if evidence is not None
    ]
    return None if len(digests) < 2 or not all(digests) else digests[0] == digests[1]


def _level(contexts: tuple[Context, Context]) -> float:
    found = (number_in(context.details.get("confidence_level")) for context in contexts)
    return min(level if level is not None and 0 < level < 1 else 0.95 for level in found)


def _only_one(
    of_metrics: list[dict[MetricKey, Estimate]],
    of_importances: list[dict[ImportanceKey, Estimate]],
    names: tuple[str, str],
) -> Iterator[str]:
    for place, name in enumerate(names):
        other = 1 - place
        metrics = [key for key in of_metrics[place] if key not in of_metrics[other]]
        if metrics:
            groups = dict.fromkeys(f"{key.facet} {key.value}: {key.metric}" for key in metrics)
            yield f"Only {name} holds {_listed(list(groups))}."
        features = dict.fromkeys(key.feature for key in of_importances[place] if key not in of_importances[other])
        if features:
            yield f"Only {name} explains {_listed(list(features))}."


def _unlike(contexts: tuple[Context, Context], names: tuple[str, str]) -> Iterator[str]:
    """Questions under one name that are not the same, so that neither are the numbers."""
    explained = [mapping(mapping(context.details.get("explanations")).get("kernel_shap")) for context in contexts]
    asked: list[tuple[str, list[object]]] = [
        ("Favourable is", [outcome_of(context) for context in contexts]),
        ("Global SHAP values are aggregated by", [details.get("aggregation") for details in explained]),
        ("SHAP values explain, by their link,", [details.get("link") for details in explained]),
    ]
    for what, (first, second) in asked:
        if first and second and first != second:
            yield (
                f"{what} {brief(first)} in {brief(names[0], 40)} and {brief(second)} in {brief(names[1], 40)}: such "
                "numbers do not measure the same, and a difference between them says little."
            )


def _listed(found: list[str]) -> str:
    more = f" and {len(found) - 6:,} more" if len(found) > 6 else ""
    return f"{', '.join(found[:6])}{more}"
