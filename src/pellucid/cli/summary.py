"""What a job found, for people at a terminal: types decided, warnings, the clearest findings, one table per group."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pellucid.bias.metrics import reading_place
from pellucid.cli.overview import groups_overview, intersections_overview, segments_overview
from pellucid.cli.page import Column, Grid, Item, Line, Row, show
from pellucid.cli.ranking import clearest
from pellucid.cli.readings import is_certain, may_be_none, reading
from pellucid.cli.terminal import clean, number, percent
from pellucid.nouns import counted
from pellucid.results.bias import BiasReport, FacetResult, MetricResult, StageResult
from pellucid.results.group_names import named, shown_value

if TYPE_CHECKING:
    from pellucid.api.job import JobResult
    from pellucid.cli.page import Part

__all__ = ["show_result", "summary", "warnings_shown"]

FEW_GROUPS = 3
"""With more groups than this, the tables give the rates instead of whole sentences."""

MANY_GROUPS = 12
"""With more groups than this, one table compares the groups and ``analysis.json`` holds all metrics of each."""

LONGEST_NAME = 40
"""Characters of a group's name where several stand in one cell."""

CLEAREST = 6
"""Number of findings that stand above the tables."""

TITLES = {"pre_training": "Labels (pre-training bias)", "post_training": "Predictions (post-training bias)"}

SHOWN_FILES = 24
"""Files that are named one by one; a job on images writes some for each image."""

WIDTHS = (6, 7, 19)
"""Of the columns metric, value and interval, so that tables stand in line."""


def show_result(result: JobResult) -> None:
    """Print the summary of a job to the standard output."""
    show(summary(result))


def summary(result: JobResult) -> list[Part]:
    """The summary of a job."""
    report = result.report
    parts: list[Part] = []
    if report is None:
        if result.explanations is None:
            parts.append(Line("The configuration asks for no method: nothing was computed."))
        parts += warnings_shown(result.warnings)
    else:
        parts += [_headline(report), _decisions(report), *warnings_shown(result.warnings)]
        parts += [*_clearest(report), *_groups(report)]
        parts += [*intersections_overview(report), *segments_overview(report)]
    if result.explanations is not None:
        from pellucid.cli.explanations import explanations_shown

        parts += explanations_shown(result.explanations)
    return [*parts, *_notes(result), _files(result)]


# --- what was read ---------------------------------------------------------------------------------------------------
def _headline(report: BiasReport) -> Line:
    statistics = any(m.statistics for stage in report.stages for facet in stage.facets for m in facet.metrics)
    level = f", {100 * report.confidence_level:g} % intervals" if statistics else ""
    return Line(f"Bias report: {counted(report.rows, 'row')}{level}", style="bold")


def _decisions(report: BiasReport) -> Grid:
    rows = []
    for column in dict.fromkeys(report.columns):
        kind = f"{column.kind} (column_types)" if column.overridden else column.kind
        cells = (column.column, column.role, column.type, kind, _compared(report, column.column, column.role))
        rows.append(Row(tuple(Line(clean(cell)) for cell in cells)))
    return Grid(tuple(map(Column, ("column", "part", "type", "read as", "compared"))), tuple(rows))


def _compared(report: BiasReport, column: str, role: str) -> str:
    """What of the column is measured: the positive outcome, or the sensitive groups."""
    if role == "facet":
        groups = [shown_value(group.value_or_threshold) for group in report.groups if group.facet == column]
        more = f" and {len(groups) - MANY_GROUPS} more" if len(groups) > MANY_GROUPS else ""
        return f"{', '.join(_fitting(groups[:MANY_GROUPS]))}{more}"
    positive = report.stages[0].label_value_or_threshold if report.stages else ""
    return f"positive: {shown_value(positive)}" if role == "label" else ""


def _fitting(names: list[str]) -> list[str]:
    """Names that leave room for each other in a cell: long ones shortened where they do not differ."""
    if all(len(name) <= LONGEST_NAME for name in names):
        return names
    from pellucid.charts.texts import distinct

    return distinct(names, LONGEST_NAME)


def warnings_shown(warnings: Sequence[str]) -> list[Line | Item]:
    """Warnings, under a heading that cannot be missed."""
    if not warnings:
        return []
    title = "Warnings" if len(warnings) > 1 else "Warning"
    marked = (Item("!", Line(clean(warning)), "bold yellow") for warning in warnings)
    return [Line(f"\n{title}", "bold yellow"), *marked]


# --- what was found --------------------------------------------------------------------------------------------------
def _clearest(report: BiasReport) -> list[Line | Item]:
    found = clearest(report)
    if not found:
        return []
    parts = [Item("•", _sentence(metric.finding or ""), "bold") for metric in found[:CLEAREST]]
    more = len(found) - CLEAREST
    rest = [Line(f"  and {more} more", "dim")] if more > 0 else []
    title = Line("\nClearest differences, largest first (p < 0.05, adjusted for all comparisons)", "bold")
    return [title, *parts, *rest]


def _sentence(finding: str) -> Line:
    shown = clean(finding)
    certainty = re.search(r" \([^()]*\)\.$", shown)
    return Line(shown[: certainty.start()], faint=certainty[0]) if certainty else Line(shown)


def _groups(report: BiasReport) -> list[Line | Grid]:
    """One part per sensitive group: its tables, labels before predictions."""
    stages = sorted(report.stages, key=lambda stage: stage.stage == "post_training")
    keys = dict.fromkeys((facet.facet, facet.value_or_threshold) for stage in stages for facet in stage.facets)
    if len(keys) > MANY_GROUPS:
        return groups_overview(report)
    parts: list[Line | Grid] = []
    for key in keys:
        parts.append(Line(f"\n{clean(_named(report, *key))}", "bold"))
        for stage in stages:
            same = [result for result in stage.facets if (result.facet, result.value_or_threshold) == key]
            # A facet that is given twice is shown once: a warning tells.
            parts += [_table(report, stage, result, briefly=len(keys) > FEW_GROUPS) for result in same[:1]]
    return parts


def _named(report: BiasReport, facet: str, value: str) -> str:
    for group in report.groups:
        if (group.facet, group.value_or_threshold) == (facet, value):
            name, others = named(facet, value, rows=group.rows), report.rows - group.rows
            size = f"{counted(group.rows, 'row')} ({percent(group.rows, report.rows)})"
            return f"{name}: {size} against {counted(others, 'other')}"
    return named(facet, value)


def _table(report: BiasReport, stage: StageResult, result: FacetResult, *, briefly: bool) -> Grid:
    statistics = any(metric.statistics is not None for metric in result.metrics)
    metrics, values, intervals = WIDTHS
    interval = f"{100 * report.confidence_level:g} % interval"
    middle = (Column(interval, whole=True, least=intervals),) if statistics else ()
    said = Column("what it says" if statistics else "name")
    columns = (Column("metric", whole=True, least=metrics), Column("value", right=True, whole=True, least=values))
    rows = []
    for metric in sorted(result.metrics, key=lambda metric: reading_place(metric.name)):
        cells = [Line(metric.name), Line(number(metric.value), "bold" if is_certain(metric) else "")]
        if statistics:
            cells.append(Line(_interval(metric)))
        cells.append(Line(reading(metric, briefly=briefly), "yellow" if _is_doubtful(metric) else ""))
        rows.append(Row(tuple(cells), "dim" if may_be_none(metric) else ""))
    return Grid((*columns, *middle, said), tuple(rows), title=TITLES[stage.stage], indent=2)


def _interval(metric: MetricResult) -> str:
    interval = None if metric.statistics is None else metric.statistics.interval
    return "" if interval is None else f"{number(interval[0])} to {number(interval[1])}"


def _is_doubtful(metric: MetricResult) -> bool:
    insufficient = metric.statistics is not None and metric.statistics.state == "insufficient_evidence"
    return metric.error is not None or insufficient


# --- the end ---------------------------------------------------------------------------------------------------------
def _notes(result: JobResult) -> list[Line]:
    return [Line("\n" + "\n".join(clean(note) for note in result.notes), "dim")] if result.notes else []


def _files(result: JobResult) -> Line:
    files = "\n".join(f"  {clean(file)}" for file in result.files[:SHOWN_FILES])
    rest = len(result.files) - SHOWN_FILES
    more = f"\n  and {rest:,} more" if rest > 0 else ""
    return Line(f"\nWritten in {result.seconds:.1f} s:\n{files}{more}")
