"""What a bias analysis found: frozen values, and the two forms people read them in (Clarify's JSON, a table)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from pellucid.records import dataclass
from pellucid.results.groups import ColumnDistribution, GroupStatistics

if TYPE_CHECKING:
    from pellucid.results.plots import BiasPlots

__all__ = [
    "BiasReport",
    "ColumnDecision",
    "FacetResult",
    "GroupStatistics",
    "Intersection",
    "MetricResult",
    "ModelPerformance",
    "SegmentResult",
    "StageResult",
    "Statistics",
    "number_for_json",
]

VERSION = "1.0"


def number_for_json(value: float | None) -> float | str | None:
    """A number as Clarify writes it: infinities become text, JSON having none.

    >>> number_for_json(0.5), number_for_json(float("-inf")), number_for_json(None)
    (0.5, '-Infinity', None)
    """
    if value is not None and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """How sure a metric's value is.

    Parameters
    ----------
    interval
        Confidence interval (low, high) at the confidence level of the report; ends may be infinite.
    p_value
        Against no disparity, adjusted by Holm over all distinct hypotheses of the report; None where there is nothing
        to compare.
    p_value_unadjusted
        The same before the adjustment.
    n
        Number of rows of the groups ``a`` and ``d``.
    state
        ``insufficient_evidence`` where a rate rests on too few rows or cannot be estimated.
    reason
        Why the evidence is insufficient.
    hypothesis
        What the p-value tests; metrics that test the same count once in the adjustment.
    """

    interval: tuple[float, float] | None
    p_value: float | None
    p_value_unadjusted: float | None
    n: tuple[int, int]
    state: Literal["ok", "insufficient_evidence"]
    reason: str | None
    hypothesis: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The keys that stand in a metric's entry of ``analysis.json``."""
        interval = None if self.interval is None else [number_for_json(end) for end in self.interval]
        entry: dict[str, Any] = {
            "interval": interval,
            "p_value": self.p_value,
            "n": {"a": self.n[0], "d": self.n[1]},
            "state": self.state,
        }
        return entry if self.reason is None else {**entry, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResult:
    """One metric of one facet value: Clarify's entry, and ours beside it."""

    name: str
    description: str
    value: float | None
    error: str | None = None
    statistics: Statistics | None = None
    finding: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The metric's entry of ``analysis.json``."""
        entry: dict[str, Any] = {
            "name": self.name,
            "description": self.description,
            "value": number_for_json(self.value),
        }
        if self.error is not None:
            entry["error"] = self.error
        if self.statistics is not None:
            entry |= self.statistics.to_dict()
        if self.finding is not None:
            entry["finding"] = self.finding
        return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetResult:
    """All metrics of one sensitive group, alphabetical by name."""

    facet: str
    value_or_threshold: str
    metrics: tuple[MetricResult, ...]

    def to_dict(self) -> dict[str, Any]:
        """The entry below the facet's column in ``analysis.json``."""
        return {
            "value_or_threshold": self.value_or_threshold,
            "metrics": [metric.to_dict() for metric in self.metrics],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """The results of one stage: bias in the labels, or bias in the predictions."""

    stage: Literal["pre_training", "post_training"]
    label: str
    label_value_or_threshold: str
    facets: tuple[FacetResult, ...]

    def to_dict(self) -> dict[str, Any]:
        """The section of ``analysis.json``."""
        facets: dict[str, list[dict[str, Any]]] = {}
        for result in self.facets:
            facets.setdefault(result.facet, []).append(result.to_dict())
        return {
            "label": self.label,
            "facets": facets,
            "label_value_or_threshold": self.label_value_or_threshold,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDecision:
    """What a column was taken for, and on which grounds."""

    column: str
    role: Literal["label", "predicted label", "facet"]
    type: str
    kind: Literal["categorical", "continuous"]
    distinct: int | None
    rows: int
    missing: int
    overridden: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For ``pellucid.json``."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPerformance:
    """Performance of the predictions on all rows, as Clarify's report has it.

    Parameters
    ----------
    metrics
        Name, value, description.
    binary_confusion_matrix
        Shares of true positive, false positive, false negative, true negative rows.
    confusion_matrix
        Rows by observed and predicted class; None for a continuous label.
    """

    label: str
    metrics: tuple[tuple[str, float, str], ...]
    binary_confusion_matrix: tuple[float, float, float, float]
    confusion_matrix: Mapping[str, Mapping[str, float]] | None

    def to_dict(self) -> dict[str, Any]:
        """In the form of Clarify's library."""
        entry: dict[str, Any] = {
            "label": self.label,
            "model_performance_metrics": [
                {"name": name, "description": description, "value": number_for_json(value)}
                for name, value, description in self.metrics
            ],
            "binary_confusion_matrix": list(self.binary_confusion_matrix),
        }
        if self.confusion_matrix is not None:
            entry["confusion_matrix"] = {true: dict(row) for true, row in self.confusion_matrix.items()}
        return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Intersection:
    """Metrics of the rows that belong to the sensitive groups of several facets at once, against all other rows."""

    facets: Mapping[str, str]
    stages: tuple[StageResult, ...]
    group: GroupStatistics | None = None

    def to_dict(self) -> dict[str, Any]:
        """For ``pellucid.json``."""
        entry: dict[str, Any] = {
            "facets": dict(self.facets),
            **{
                f"{stage.stage}_bias_metrics": [metric.to_dict() for metric in stage.facets[0].metrics]
                for stage in self.stages
            },
        }
        return entry if self.group is None else {**entry, "group": self.group.to_dict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentResult:
    """The analysis of one slice of the rows; ``error`` says why where it has none."""

    column: str
    config_name: str | None
    segment: str
    display_alias: str | None
    rows: int
    report: BiasReport | None
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """For ``pellucid.json``."""
        entry: dict[str, Any] = {
            "name_or_index": self.column,
            "config_name": self.config_name,
            "segment": self.segment,
            "display_alias": self.display_alias,
            "rows": self.rows,
        }
        if self.error is not None:
            entry["error"] = self.error
        if self.report is not None:
            entry |= {key: value for key, value in self.report.to_dict().items() if key != "version"}
        return entry

    def to_details(self) -> dict[str, Any]:
        """The same with the groups beside it, for ``pellucid.json`` where it holds keys of ours."""
        groups = () if self.report is None else self.report.groups
        return {**self.to_dict(), "groups": [group.to_dict() for group in groups]}


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasReport:
    """What a bias analysis found.

    Parameters
    ----------
    stages
        Post-training before pre-training, as in ``analysis.json``; only the stages that were asked for.
    columns
        What each column was taken for.
    warnings
        What a reader must know before believing the numbers.
    rows
        Number of rows analysed.
    distributions
        Rows by label, predicted label and facet value.
    notes
        How the numbers were found, where that is not as one would expect; they are the same.
    """

    stages: tuple[StageResult, ...]
    columns: tuple[ColumnDecision, ...]
    warnings: tuple[str, ...]
    rows: int
    confidence_level: float
    seed: int
    groups: tuple[GroupStatistics, ...] = ()
    performance: ModelPerformance | None = None
    intersections: tuple[Intersection, ...] = ()
    segments: tuple[SegmentResult, ...] = ()
    distributions: tuple[ColumnDistribution, ...] = ()
    notes: tuple[str, ...] = ()
    frame_library: str | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """Its size: `findings` and `to_frame` tell what was found."""
        facets = list(dict.fromkeys(facet.facet for stage in self.stages for facet in stage.facets))
        return (
            f"BiasReport(rows={self.rows}, facets={facets}, metrics={len(self.records())}, "
            f"warnings={len(self.warnings)})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Clarify's ``analysis.json``, with our keys in each metric's entry where statistics were asked for."""
        sections = {f"{stage.stage}_bias_metrics": stage.to_dict() for stage in self.stages}
        return {"version": VERSION, **sections}

    def details(self) -> dict[str, Any]:
        """What stands in ``pellucid.json``: everything of ours that has no place in ``analysis.json``."""
        details: dict[str, Any] = {
            "rows": self.rows,
            "confidence_level": self.confidence_level,
            "seed": self.seed,
            "warnings": list(self.warnings),
            "columns": [column.to_dict() for column in self.columns],
            "groups": [group.to_dict() for group in self.groups],
            "dataset": {"distributions": [distribution.to_dict() for distribution in self.distributions]},
            "p_values_unadjusted": self._unadjusted(),
        }
        if self.performance is not None:
            details["model_performance"] = self.performance.to_dict()
        if self.intersections:
            details["intersections"] = [intersection.to_dict() for intersection in self.intersections]
        if self.segments:
            details["segments"] = [segment.to_details() for segment in self.segments]
        return details

    @property
    def findings(self) -> tuple[str, ...]:
        """One sentence per metric, in the order of the results."""
        return tuple(record["finding"] for record in self.records() if record["finding"] is not None)

    def records(self) -> list[dict[str, Any]]:
        """One record per metric, intersections last: the rows of `to_frame`."""
        stages = [*self.stages, *(stage for intersection in self.intersections for stage in intersection.stages)]
        return [
            _record(stage.stage, facet, metric)
            for stage in stages
            for facet in stage.facets
            for metric in facet.metrics
        ]

    @property
    def plot(self) -> BiasPlots:
        """Plots: ``disparities()``."""
        from pellucid.results.plots import BiasPlots

        return BiasPlots(self)

    def to_frame(self) -> Any:
        """A table with one row per metric, in the data frame library of the data analysed.

        Columns: facet, value_or_threshold, stage, metric, value, low, high, p_value, state, finding. Where the data
        came from a path or a database, the first of pandas, Polars and Arrow that is installed.

        Raises
        ------
        MissingExtra
            None of them is installed.
        """
        from pellucid.results.tables import frame_of

        return frame_of(self.records(), library=self.frame_library)

    def __str__(self) -> str:
        from pellucid.results.printed import printed_report

        return printed_report(self)

    def _repr_html_(self) -> str:
        from pellucid.results.notebook import html_of

        return html_of(self)

    def _unadjusted(self) -> list[dict[str, Any]]:
        return [
            {
                "facet": facet.facet,
                "value_or_threshold": facet.value_or_threshold,
                "metric": metric.name,
                "p_value": metric.statistics.p_value_unadjusted,
            }
            for stage in self.stages
            for facet in stage.facets
            for metric in facet.metrics
            if metric.statistics is not None and metric.statistics.p_value_unadjusted is not None
        ]


def _record(stage: str, facet: FacetResult, metric: MetricResult) -> dict[str, Any]:
    statistics = metric.statistics
    low, high = (None, None) if statistics is None or statistics.interval is None else statistics.interval
    return {
        "facet": facet.facet,
        "value_or_threshold": facet.value_or_threshold,
        "stage": stage,
        "metric": metric.name,
        "value": None if metric.value is None else float(metric.value),
        "low": low,
        "high": high,
        "p_value": None if statistics is None else statistics.p_value,
        "state": None if statistics is None else statistics.state,
        "finding": metric.finding,
    }
