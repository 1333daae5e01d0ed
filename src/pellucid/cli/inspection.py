"""What ``pellucid doctor`` shows: columns, first values, groups with their rows, and all faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pellucid.api.inspection import Inspection
from pellucid.cli.probe import probe_shown
from pellucid.cli.summary import warnings_shown
from pellucid.cli.terminal import clean, heading, listed, percent, plain_table, rendered, results
from pellucid.counts import Value
from pellucid.nouns import counted
from pellucid.results.bias import ColumnDecision

__all__ = ["inspection_shown", "show_inspection"]

MANY = 12
"""Number of values of a column that are shown."""


def show_inspection(inspection: Inspection) -> None:
    """Print the inspection to the standard output."""
    # Requests and answers of a model keep their lines, however long, so that they can be copied.
    results().print(inspection_shown(inspection), crop=False)


def inspection_shown(inspection: Inspection) -> Group:
    """The inspection of a job; its faults come last, where the eye is."""
    parts: list[RenderableType] = []
    if inspection.columns:
        parts += _columns(inspection)
    if inspection.decisions:
        parts += _decisions(inspection)
    if inspection.groups:
        parts += _groups(inspection)
    parts += _values(inspection)
    if inspection.forecasts is not None:
        from pellucid.cli.forecast_inspection import items_shown

        parts += items_shown(inspection.forecasts)
    parts += [] if inspection.probe is None else probe_shown(inspection.probe)
    if inspection.forecasts is not None:
        from pellucid.cli.forecast_inspection import forecast_shown

        parts += forecast_shown(inspection.forecasts)
    parts.append(rendered(warnings_shown(inspection.warnings)))
    parts += [Text("\n" + "\n".join(map(clean, inspection.notes)), style="dim")] if inspection.notes else []
    parts += _verdict(inspection)
    return Group(*parts)


def _row(table: Table, *cells: object) -> None:
    table.add_row(*(Text(clean(cell)) for cell in cells))


def _columns(inspection: Inspection) -> list[RenderableType]:
    table = plain_table("column", "type", "part", "first values")
    for column in inspection.columns:
        _row(table, column.name, column.type, column.role, ", ".join(_cell(value) for value in column.first_values))
    sizes = [counted(len(inspection.columns), "column")]
    if inspection.rows is not None:
        sizes.append(counted(inspection.rows, "row"))
    return [Text(f"Data set: {', '.join(sizes)}", style="bold"), table]


def _cell(value: Value) -> str:
    return "(missing)" if value is None else repr(value)


def _decisions(inspection: Inspection) -> list[RenderableType]:
    table = plain_table("column", "part", "read as", "values", "rows", "missing")
    for column in inspection.decisions:
        distinct = "" if column.distinct is None else f"{column.distinct:,}"
        _row(table, column.column, column.role, _kind(column), distinct, f"{column.rows:,}", f"{column.missing:,}")
    return [heading("How the label and the facets are read"), table]


def _kind(column: ColumnDecision) -> str:
    return f"{column.kind} (column_types)" if column.overridden else column.kind


def _groups(inspection: Inspection) -> list[RenderableType]:
    table = plain_table("key", "given", "selects", "rows", "share")
    for group in inspection.groups:
        given = ", ".join(repr(value) for value in group.given)
        selects = f"{group.column}: {group.printed or 'nothing'}"
        _row(table, group.key, given, selects, f"{group.rows:,}", percent(group.rows, inspection.rows or 0))
    return [heading("What the values given select"), table]


def _values(inspection: Inspection) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for column, counts in inspection.value_counts.items():
        parts.append(heading(f"Values of {column}"))
        table = plain_table("value", "rows", "share")
        for value, rows in _most_frequent(counts)[:MANY]:
            _row(table, _cell(value), f"{rows:,}", percent(rows, inspection.rows or 0))
        parts.append(table)
        if len(counts) > MANY:
            parts.append(Text(f"and {len(counts) - MANY:,} more values", style="dim"))
    return parts


def _most_frequent(counts: Mapping[Value, int]) -> Sequence[tuple[Value, int]]:
    return sorted(counts.items(), key=lambda pair: -pair[1])


def _verdict(inspection: Inspection) -> list[RenderableType]:
    problems = inspection.problems
    if not problems:
        return [Text("\nAll is sound: the job can run.", style="bold green")]
    said = "1 thing is wrong" if len(problems) == 1 else f"{len(problems)} things are wrong"
    parts: list[RenderableType] = [Text(f"\n{said}", style="bold red")]
    if inspection.job.heading:
        parts.append(Text(clean(inspection.job.heading)))
    return [*parts, *(listed("✗", Text(clean(problem)), "bold red") for problem in problems)]
