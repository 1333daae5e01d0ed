"""Slices of the rows, each analysed on its own: Clarify's ``segment_config``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pellucid.bias.adjustment import adjust_p_values
from pellucid.bias.analysis import Progress, analyse
from pellucid.config.bias_request import BiasRequest
from pellucid.config.dataset import SegmentConfig
from pellucid.counts import ByValue, Value
from pellucid.errors import AnalysisError, ConfigError, DataError, Problem
from pellucid.jobs.bias_request import resolved
from pellucid.protocols.pool import Workers
from pellucid.protocols.table import AnyOf, ColumnType, Selection, Table, Within
from pellucid.results.bias import BiasReport, SegmentResult

__all__ = ["DEFAULT_SEGMENT", "interval", "with_segments"]

DEFAULT_SEGMENT = "__default__"
"""Clarify's name for the rows that no segment covers."""

_INTERVAL = re.compile(r"^\s*([\[(])\s*([^,\[\]()]+?)\s*,\s*([^,\[\]()]+?)\s*([\])])\s*$")


def with_segments(
    report: BiasReport,
    request: BiasRequest,
    table: Table,
    configs: Sequence[SegmentConfig],
    progress: Progress,
    *,
    workers: Workers | None = None,
) -> BiasReport:
    """The report with the analysis of every segment added, and its p-values adjusted for all of them.

    Parameters
    ----------
    workers
        As of `analyse`.

    Raises
    ------
    ConfigError
        A segment cannot be read; all of them are named.
    """
    slices = list(_slices(table, configs))
    segments = [_segment(request, *part, progress, workers) for part in slices]
    told = (note for part in segments if part.report is not None for note in part.report.notes)
    notes = tuple(dict.fromkeys((*report.notes, *told)))
    return adjust_p_values(replace(report, segments=tuple(segments), notes=notes))


def interval(column: str, text: str) -> Within | None:
    """The rows that an interval in bracket notation selects; None where ``text`` is none.

    >>> interval("age", "(5, 6]")
    Within(column='age', low=5.0, high=6.0, closed_low=False, closed_high=True)
    """
    found = _INTERVAL.match(text)
    if found is None:
        return None
    try:
        low, high = float(found[2]), float(found[3])
    except ValueError:
        return None
    return Within(column, low, high, closed_low=found[1] == "[", closed_high=found[4] == "]")


Slice = tuple[SegmentResult, Table]


def _slices(table: Table, configs: Sequence[SegmentConfig]) -> Iterator[Slice]:
    """Every segment without its report, and its rows; the rows that no segment covers come last."""
    problems: list[Problem] = []
    found: list[Slice] = []
    for i, config in enumerate(configs):
        column = resolved(config.name_or_index, tuple(table.columns)) or ""
        aliases = [*(config.display_aliases or ()), *[None] * (len(config.segments) + 1)]
        covered: list[Selection] = []
        for j, values in enumerate(config.segments):
            selections = []
            for k, value in enumerate(values):
                try:
                    selections.append(_selection(column, table.columns[column], value))
                except ValueError as error:
                    problems.append(Problem(f"segment_config[{i}].segments[{j}][{k}]", value, fix=str(error)))
            if selections:
                covered += selections
                name = ", ".join(str(value) for value in values)
                found.append((_unanalysed(config, column, name, aliases[j]), table.where(selections)))
        if covered:
            rest = _unanalysed(config, column, DEFAULT_SEGMENT, aliases[len(config.segments)])
            found.append((rest, table.where(covered, negate=True)))
    if problems:
        raise ConfigError(problems)
    yield from found


def _selection(column: str, column_type: ColumnType, value: int | str) -> Selection:
    within = interval(column, value) if isinstance(value, str) else None
    if within is not None and column_type in ("integer", "float"):
        return within
    return AnyOf(column, (_in_type(column_type, value),))


def _in_type(column_type: ColumnType, value: int | str) -> Value:
    """``value`` as the column holds it.

    Raises
    ------
    ValueError
        It cannot stand in a column of that type; the text says what to give.
    """
    try:
        match column_type:
            case "integer":
                return int(value)
            case "float":
                return float(value)
            case "boolean":
                return {"true": True, "1": True, "false": False, "0": False}[str(value).strip().lower()]
            case _:
                return str(value)
    except (ValueError, KeyError):
        fix = f"The column holds {column_type} values; give such a value, or an interval such as '(5, 6]'."
        raise ValueError(fix) from None


def _unanalysed(config: SegmentConfig, column: str, name: str, alias: str | None) -> SegmentResult:
    return SegmentResult(
        column=column, config_name=config.config_name, segment=name, display_alias=alias, rows=0, report=None
    )


def _segment(
    request: BiasRequest, segment: SegmentResult, rows: Table, progress: Progress, workers: Workers | None
) -> SegmentResult:
    progress(f"segment {segment.display_alias or segment.segment} of {segment.column}")
    inside = replace(request, allow_unseen_values=True, on_degenerate="report")
    try:
        report = analyse(inside, rows, workers=workers)
    except AnalysisError as error:
        counted = rows.cube((ByValue(request.label),)).rows.sum()
        return replace(segment, rows=int(counted), error=str(error))
    except DataError as error:
        if any(problem.where != "dataset" for problem in error.problems):
            raise  # a fault of the whole data set, not a segment without rows
        return replace(segment, error=str(error))
    return replace(segment, rows=report.rows, report=report)
