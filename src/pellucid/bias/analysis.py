"""One bias analysis, from rows to report: count, form the groups, compute, say what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.bias.adjustment import adjust_p_values
from pellucid.bias.caveats import caveats
from pellucid.bias.counting import Counted, count
from pellucid.bias.estimates import Estimate, estimate
from pellucid.bias.findings import Subject, finding
from pellucid.bias.flip_rows import FlipRows
from pellucid.bias.flip_test import Flips
from pellucid.bias.group_statistics import distributions, group_statistics
from pellucid.bias.group_table import GroupTable
from pellucid.bias.groups import Group, crossed, groups_of
from pellucid.bias.metrics import METRICS, NO_GROUP_VARIABLE, Metric, Stage
from pellucid.bias.performance import model_performance
from pellucid.bias.selection import Chosen, threshold_of
from pellucid.bias.unseen import unseen_values
from pellucid.config.bias_request import BiasRequest
from pellucid.counts import Value
from pellucid.errors import AnalysisError, DataError
from pellucid.protocols.pool import Workers
from pellucid.protocols.table import Table
from pellucid.records import dataclass
from pellucid.results.bias import (
    BiasReport,
    FacetResult,
    Intersection,
    MetricResult,
    ModelPerformance,
    StageResult,
    Statistics,
)
from pellucid.results.group_names import named
from pellucid.results.groups import GroupStatistics

__all__ = ["Progress", "analyse"]

Progress = Callable[[str], None]
"""Told the name of each step as it begins."""

STAGES: tuple[Stage, ...] = ("post_training", "pre_training")
"""In the order of ``analysis.json``."""

OTHERS = "all others"
"""What sentences call the rows outside the sensitive group."""
SHOWN_VALUES = 5
"""Values of a column that a message lists."""

NOBODY_POSITIVE = (
    "No Label values are present in the predicted Label Column,"
    "Positive Predicted Index Series contains all False values"
)
KINDS_DIFFER = "Predicted Label Column series datatype is not the same as Label Column series"
NO_POSITIVE_VALUES = "Positive label values or thresholds are empty for Label column"
NOT_FINITE = "Cannot convert non-finite values (NA or inf) to integer"
MIXED_STRATA = "'<' not supported between instances of 'float' and 'str'"


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What all groups of one analysis share.

    Parameters
    ----------
    positive
        The rows observed positive.
    predicted
        The rows predicted positive; None where there are no predictions, or none that can be used.
    rows
        The rows behind the counts, for the flip test; None without predictions.
    post_error
        Why there can be no post-training results.
    """

    request: BiasRequest
    counted: Counted
    positive: Chosen
    predicted: Chosen | None = None
    rows: FlipRows | None = None
    post_error: AnalysisError | None = None

    @property
    def outcome(self) -> str:
        """What sentences call the favourable outcome."""
        return named(self.request.label, self.positive.compared)


def analyse(
    request: BiasRequest,
    table: Table,
    *,
    progress: Progress = lambda step: None,
    workers: Workers | None = None,
) -> BiasReport:
    """Compute every bias metric asked for, for every sensitive group.

    Parameters
    ----------
    progress
        Told the name of each step as it begins.
    workers
        Other processes, which the flip test of many rows is divided among. They change no number.

    Raises
    ------
    DataError
        A column is missing, or a facet or label value never occurs.
    AnalysisError
        Clarify's job fails on this data; ``partial`` holds the report of what can be computed all the same.
    """
    if not request.positive:
        raise AnalysisError(NO_POSITIVE_VALUES, "Set label_values_or_threshold to the favourable outcome.")
    progress("counting rows")
    counted = count(request, table)
    unseen = [] if request.allow_unseen_values else unseen_values(counted)
    if unseen:
        raise DataError(unseen)
    analysis = _prepared(request, table, counted, progress, workers)
    groups = list(groups_of(counted, table))
    stages = [_stage(analysis, stage, groups, progress) for stage in STAGES]
    # A facet that is given twice stands twice in the stages, one entry for each; in all else, once.
    groups = list({(group.column, group.printed): group for group in groups}.values())
    report = BiasReport(
        stages=tuple(stage for stage in stages if stage is not None),
        columns=counted.decisions(),
        warnings=caveats(counted, analysis.positive, groups),
        rows=counted.rows,
        confidence_level=request.confidence_level,
        seed=request.seed,
        groups=tuple(_group_statistics(analysis, group) for group in groups),
        performance=_performance(analysis, groups[0]),
        intersections=tuple(_intersections(analysis, groups)) if request.facet_intersections else (),
        distributions=distributions(counted, analysis.positive, analysis.predicted, groups),
    )
    if analysis.rows is not None:
        report = replace(report, notes=analysis.rows.notes)
    report = adjust_p_values(report)
    if analysis.post_error is not None and request.on_degenerate == "fail":
        raise AnalysisError(analysis.post_error.message, analysis.post_error.fix, partial=report)
    return report


def _prepared(
    request: BiasRequest, table: Table, counted: Counted, progress: Progress, workers: Workers | None
) -> Analysis:
    positive = counted.choose(request.label, request.positive)
    if request.predicted_label is None or request.post_training is None:
        return Analysis(request, counted, positive)
    try:
        predicted = _predicted(counted)
    except AnalysisError as error:
        return Analysis(request, counted, positive, post_error=error)
    degenerate = None
    weights = _by_value(counted, request.predicted_label)
    if not weights[predicted.cells].any():
        outcome = named(request.label, positive.compared)
        if positive.kind == "continuous" and not positive.printed:  # the interval above the largest label is empty
            outcome = f"{request.label} above {threshold_of(request.positive, request.label):g}"
        fix = (
            f"No row of {request.predicted_label!r} is predicted {outcome}. Check label_values_or_threshold and "
            "probability_threshold, or set on_degenerate to 'report' to have the metrics that are defined."
            f"{_foreign(counted, request)}"
        )
        degenerate = AnalysisError(NOBODY_POSITIVE, fix)
    rows = FlipRows(table, predicted, workers, progress)
    return Analysis(request, counted, positive, predicted, rows, degenerate)


def _foreign(counted: Counted, request: BiasRequest) -> str:
    """What the predictions hold, where none of it is a label: often one side was encoded and the other was not."""
    columns = str(request.predicted_label), request.label
    held = [[value for value in counted.cube.totals(name) if value is not None] for name in columns]
    if counted.predicted_kind() == "continuous" or set(held[0]) & set(held[1]):
        return ""
    listed = [", ".join(map(repr, values[:SHOWN_VALUES])) for values in held]
    return f" {columns[0]!r} holds {listed[0]}, and {columns[1]!r} {listed[1]}: write both with the same values."


def _predicted(counted: Counted) -> Chosen:
    request = counted.request
    label_kind, predicted_kind = counted.kind(request.label, request.positive), counted.predicted_kind()
    if predicted_kind == "continuous":
        threshold_of(request.positive, str(request.predicted_label))
    if label_kind != predicted_kind:
        fix = (
            f"{request.label!r} was read as {label_kind}, {request.predicted_label!r} as {predicted_kind}. Give both "
            "the same type of values, or declare both columns in column_types."
        )
        raise AnalysisError(KINDS_DIFFER, fix)
    label, predicted = counted.profiles[request.label], counted.profiles[str(request.predicted_label)]
    if predicted_kind == "continuous" and label.holds_whole_numbers and predicted.missing and not counted.scores:
        fix = (
            f"Rows without a value in {predicted.column!r}: {predicted.missing:,}. Give every row a prediction, or "
            "leave those rows out of the data set."
        )
        raise AnalysisError(NOT_FINITE, fix)
    return counted.choose_predicted()


def _by_value(counted: Counted, column: str) -> npt.NDArray[np.int64]:
    totals = counted.cube.totals(column)
    return np.fromiter(totals.values(), dtype=np.int64, count=len(totals))


# --- tables of counts ------------------------------------------------------------------------------------------------
def _group_table(analysis: Analysis, group: Group) -> GroupTable:
    """Counts of a group and of all other rows, by stratum, observed and predicted outcome."""
    counted, request = analysis.counted, analysis.request
    cube = counted.cubes[next(iter(group.chosen))]
    member = np.logical_and.reduce(
        [chosen.cells[cube.dimension(column).codes] for column, chosen in group.chosen.items()]
    )
    observed = analysis.positive.cells[cube.dimension(request.label).codes]
    predicted = np.zeros(len(cube.rows), dtype=bool)
    if analysis.predicted is not None:
        predicted = analysis.predicted.cells[cube.dimension(str(request.predicted_label)).codes]
    strata: tuple[Value, ...] = (None,)
    stratum = np.zeros(len(cube.rows), dtype=np.intp)
    if request.group_variable is not None:
        dimension = cube.dimension(request.group_variable)
        strata, stratum = dimension.values, dimension.codes
    shape = (2, len(strata), 2, 2)
    place = np.ravel_multi_index(
        (member.astype(np.intp), stratum, observed.astype(np.intp), predicted.astype(np.intp)), shape
    )

    def spread(amounts: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        sums: npt.NDArray[Any] = np.bincount(place, weights=amounts, minlength=8 * len(strata))
        return sums.reshape(shape)

    return GroupTable(
        rows=spread(cube.rows).astype(np.int64),
        weight=spread(cube.weight),
        weight_squared=spread(cube.weight_squared),
        without_stratum=request.group_variable is not None and None in strata,
    )


# --- metrics ---------------------------------------------------------------------------------------------------------
def _stage(analysis: Analysis, stage: Stage, groups: Sequence[Group], progress: Progress) -> StageResult | None:
    request = analysis.request
    names = request.post_training if stage == "post_training" else request.pre_training
    if names is None or (stage == "post_training" and not _has_post_training(analysis)):
        return None
    results = []
    for group in groups:
        progress(f"{stage.replace('_', '-')} bias of {group.name}")
        results.append(_facet_result(analysis, group, [METRICS[name] for name in sorted(set(names))]))
    return StageResult(
        stage=stage,
        label=request.label,
        label_value_or_threshold=analysis.positive.printed,
        facets=tuple(results),
    )


def _has_post_training(analysis: Analysis) -> bool:
    return analysis.post_error is None or analysis.request.on_degenerate == "report"


def _facet_result(analysis: Analysis, group: Group, metrics: Sequence[Metric]) -> FacetResult:
    table = _group_table(analysis, group)
    flips: Flips | AnalysisError | None = None
    flip_test = METRICS["FT"]
    if flip_test in metrics and flip_test.undefined(*table.groups) is None:
        flips = analysis.post_error or AnalysisError(KINDS_DIFFER)
        if analysis.rows is not None:
            flips = analysis.rows.flips(group, analysis.request)
    return FacetResult(
        facet=group.column,
        value_or_threshold=group.printed,
        metrics=tuple(_metric_result(analysis, group, metric, table, flips) for metric in metrics),
    )


def _metric_result(
    analysis: Analysis, group: Group, metric: Metric, table: GroupTable, flips: Flips | AnalysisError | None
) -> MetricResult:
    request = analysis.request
    value, error = _value(analysis, metric, table, flips)
    result = MetricResult(name=metric.name, description=metric.description, value=value, error=error)
    if not request.statistics:
        return result
    counted_flips = flips if isinstance(flips, Flips) else None
    statistics = _statistics(request, group, metric, table, counted_flips, error)
    a, d = table.groups
    subject = Subject(
        group=group.name,
        others=OTHERS,
        outcome=analysis.outcome,
        strata=request.group_variable,
        a=a,
        d=d,
        flips=counted_flips,
    )
    said = finding(metric.name, value, error, subject, statistics, level=request.confidence_level)
    return replace(result, statistics=statistics, finding=said)


def _value(
    analysis: Analysis, metric: Metric, table: GroupTable, flips: Flips | AnalysisError | None
) -> tuple[float | None, str | None]:
    """The value, or None and Clarify's reason for having none."""
    if metric.stage == "post_training" and analysis.predicted is None and analysis.post_error is not None:
        return None, analysis.post_error.message
    if metric.conditional:
        problem = _strata_problem(analysis)
        if problem is not None:
            return None, problem
    undefined = metric.undefined(*table.groups)
    if undefined is not None:
        return None, undefined
    if metric.compute is not None:
        return metric.compute(*(table.strata if metric.conditional else table.groups)), None
    if isinstance(flips, Flips):
        return flips.value, None
    return None, flips.message if flips is not None else None


def _strata_problem(analysis: Analysis) -> str | None:
    column = analysis.request.group_variable
    if column is None:
        return NO_GROUP_VARIABLE
    values = analysis.counted.cube.dimension(column).values
    mixed = None in values and any(isinstance(value, str) for value in values)
    return MIXED_STRATA if mixed else None


def _statistics(
    request: BiasRequest, group: Group, metric: Metric, table: GroupTable, flips: Flips | None, error: str | None
) -> Statistics:
    if error is not None:
        found = Estimate(None, None, None, "insufficient_evidence", error)
    else:
        found = estimate(
            metric,
            table,
            level=request.confidence_level,
            minimum_rows=request.minimum_group_rows,
            names=(OTHERS, group.name),
            flips=flips,
        )
    return Statistics(
        interval=None if found.interval is None else (found.interval.low, found.interval.high),
        p_value=found.p_value,
        p_value_unadjusted=found.p_value,
        n=table.group_rows,
        state=found.state,
        reason=found.reason,
        hypothesis=found.hypothesis,
    )


# --- besides the metrics -----------------------------------------------------------------------------------------
def _performance(analysis: Analysis, group: Group) -> ModelPerformance | None:
    if analysis.predicted is None:
        return None
    a, d = _group_table(analysis, group).groups
    return model_performance(analysis.counted, a + d)


def _group_statistics(analysis: Analysis, group: Group) -> GroupStatistics:
    return group_statistics(
        group,
        _group_table(analysis, group),
        predicted=analysis.predicted is not None,
        level=analysis.request.confidence_level,
    )


def _intersections(analysis: Analysis, groups: Sequence[Group]) -> Iterator[Intersection]:
    for group in crossed(groups):
        stages = [_stage(analysis, stage, [group], lambda step: None) for stage in STAGES]
        yield Intersection(
            facets=group.facets,
            stages=tuple(stage for stage in stages if stage is not None),
            group=_group_statistics(analysis, group),
        )
