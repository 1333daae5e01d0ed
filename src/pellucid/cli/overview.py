"""Many groups side by side: the few metrics that compare them best, for each group, segment or intersection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pellucid.cli.page import Column, Grid, Line, Row
from pellucid.cli.readings import is_certain, may_be_none
from pellucid.cli.terminal import clean, number
from pellucid.results.bias import BiasReport, MetricResult, StageResult
from pellucid.results.group_names import named

__all__ = ["groups_overview", "intersections_overview", "segments_overview"]

METRICS = ("DPL", "DPPL", "DI", "AD")
"""Metrics that are shown of every group where they were computed."""

LINES = 40
"""Number of groups that are shown at most."""

MARKS = "Bold: certain (adjusted p < 0.05). Dim: no difference is possible too. ?: insufficient evidence."

Groups = Mapping[tuple[str, str], list[MetricResult]]


Entry = tuple[str, int | None, Sequence[MetricResult]]
"""A line of the table: name, number of rows, metrics."""


def groups_overview(report: BiasReport) -> list[Line | Grid]:
    """All groups of a report."""
    groups = _by_group(report.stages)
    rows = {(group.facet, group.value_or_threshold): group.rows for group in report.groups}
    entries = [
        (named(facet, value, rows=counted), counted, found)
        for (facet, value), found in groups.items()
        for counted in [rows.get((facet, value))]
    ]
    title = f"{len(groups)} groups, each against all others; all metrics are in analysis.json"
    return [Line(f"\n{title}", "bold"), *_table("group", entries), *_not_computed(groups)]


def intersections_overview(report: BiasReport) -> list[Line | Grid]:
    """Groups that belong to several facets at once."""
    if not report.intersections:
        return []
    entries = [_intersection(part.facets, _metrics(part.stages)) for part in report.intersections]
    title = "Groups of several facets at once, each against all other rows; all metrics are in pellucid.json"
    return [Line(f"\n{title}", "bold"), *_table("rows that belong to", entries)]


def segments_overview(report: BiasReport) -> list[Line | Grid]:
    """The groups within each segment."""
    if not report.segments:
        return []
    entries: list[Entry] = []
    for segment in report.segments:
        name = f"{segment.column}: {segment.display_alias or segment.segment}"
        if segment.report is None:
            reason = segment.error if segment.rows else "no rows"
            entries.append((f"{name}: {reason}", segment.rows, ()))
            continue
        for (facet, value), metrics in _by_group(segment.report.stages).items():
            entries.append((f"{name}, {named(facet, value)}", segment.rows, metrics))
    title = Line("\nSegments; all metrics are in pellucid.json", "bold")
    return [title, *_table("segment, group", entries)]


def _intersection(facets: Mapping[str, str], metrics: Sequence[MetricResult]) -> Entry:
    name = " and ".join(named(facet, value) for facet, value in facets.items())
    rows = next((metric.statistics.n[1] for metric in metrics if metric.statistics is not None), None)
    return name, rows, metrics


def _by_group(stages: Sequence[StageResult]) -> Groups:
    found: dict[tuple[str, str], list[MetricResult]] = {}
    for facet in (facet for stage in stages for facet in stage.facets):
        found.setdefault((facet.facet, facet.value_or_threshold), []).extend(facet.metrics)
    return found


def _metrics(stages: Sequence[StageResult]) -> list[MetricResult]:
    return [metric for stage in stages for facet in stage.facets for metric in facet.metrics]


def _table(title: str, entries: Sequence[Entry]) -> list[Line | Grid]:
    """The entries, those with the most rows where there are too many, and what their marks mean."""
    computed = dict.fromkeys(metric.name for _, _, metrics in entries for metric in metrics)
    names = [name for name in METRICS if name in computed] or list(computed)[: len(METRICS)]
    columns = (Column(title), *(Column(name, right=True, whole=True) for name in ("rows", *names)))
    shown = entries if len(entries) <= LINES else sorted(entries, key=lambda entry: -(entry[1] or 0))[:LINES]
    lines = []
    for name, rows, metrics in shown:
        by_name = {metric.name: metric for metric in metrics}
        counted = Line("" if rows is None else f"{rows:,}")
        lines.append(Row((Line(clean(name)), counted, *(_cell(by_name.get(name)) for name in names))))
    left_out = f"{len(entries) - len(shown):,} smaller ones are not shown. " if len(shown) < len(entries) else ""
    return [Grid(columns, tuple(lines)), Line(f"{left_out}{MARKS}", "dim")]


def _cell(metric: MetricResult | None) -> Line:
    if metric is None:
        return Line("-")
    if metric.statistics is not None and metric.statistics.state == "insufficient_evidence":
        return Line(f"{number(metric.value)}?", "yellow")
    style = "bold" if is_certain(metric) else "dim" if may_be_none(metric) else ""
    return Line(number(metric.value), style)


def _not_computed(groups: Groups) -> list[Line | Grid]:
    """Each reason for which metrics were not computed, with the metrics and the number of groups."""
    reasons: dict[tuple[str, str], int] = {}
    for metric in (metric for metrics in groups.values() for metric in metrics if metric.error is not None):
        reasons[metric.name, metric.error or ""] = reasons.get((metric.name, metric.error or ""), 0) + 1
    said = (f"{name} not computed for {count} groups: {error}" for (name, error), count in reasons.items())
    return [Line(clean(line), "yellow") for line in said]
