"""Holm's correction over everything that a report says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pellucid.bias.significance import holm
from pellucid.results.bias import BiasReport, FacetResult, Intersection, MetricResult, SegmentResult, StageResult

__all__ = ["adjust_p_values"]

Hypothesis = tuple[str, str, str, str]
"""Segment, facet, value, and what is tested there."""


def adjust_p_values(report: BiasReport) -> BiasReport:
    """The report with its p-values adjusted for the number of distinct hypotheses it tests.

    Metrics that test the same hypothesis of the same group, such as DPL and TVD, share one p-value and count once.
    Intersections and segments count too.
    """
    adjusted = holm(dict(_p_values(report)))

    def metric(segment: str, facet: FacetResult, result: MetricResult) -> MetricResult:
        key = _hypothesis(segment, facet, result)
        if result.statistics is None or key not in adjusted:
            return result
        return replace(result, statistics=replace(result.statistics, p_value=adjusted[key]))

    def stage(segment: str, result: StageResult) -> StageResult:
        facets = [
            replace(facet, metrics=tuple(metric(segment, facet, result) for result in facet.metrics))
            for facet in result.facets
        ]
        return replace(result, facets=tuple(facets))

    def intersection(segment: str, result: Intersection) -> Intersection:
        return replace(result, stages=tuple(stage(segment, part) for part in result.stages))

    def whole(segment: str, result: BiasReport) -> BiasReport:
        return replace(
            result,
            stages=tuple(stage(segment, part) for part in result.stages),
            intersections=tuple(intersection(segment, part) for part in result.intersections),
        )

    def slice_(part: SegmentResult) -> SegmentResult:
        return part if part.report is None else replace(part, report=whole(_slice_name(part), part.report))

    return replace(whole("", report), segments=tuple(slice_(part) for part in report.segments))


def _p_values(report: BiasReport, segment: str = "") -> Iterator[tuple[Hypothesis, float]]:
    stages = [*report.stages, *(stage for part in report.intersections for stage in part.stages)]
    for stage in stages:
        for facet in stage.facets:
            for result in facet.metrics:
                key = _hypothesis(segment, facet, result)
                if key is not None and result.statistics is not None:
                    p_value = result.statistics.p_value_unadjusted
                    if p_value is not None:
                        yield key, p_value
    for part in report.segments:
        if part.report is not None:
            yield from _p_values(part.report, _slice_name(part))


def _hypothesis(segment: str, facet: FacetResult, result: MetricResult) -> Hypothesis | None:
    if result.statistics is None or result.statistics.hypothesis is None:
        return None
    return segment, facet.facet, facet.value_or_threshold, result.statistics.hypothesis


def _slice_name(part: SegmentResult) -> str:
    return f"{part.column}\0{part.config_name}\0{part.segment}"
