"""The metrics of a group as a table and as a chart of intervals."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.bias.metrics import reading_place
from pellucid.charts.intervals import ForestRow, forest
from pellucid.reports.content.context import Context, brief
from pellucid.reports.content.judging import certainty_of, reading_of, sentence_of, tone_of, why_without_value
from pellucid.reports.content.metric_texts import DIFFERENCES, text_of
from pellucid.reports.document import Cell, Chart, Column, Table
from pellucid.reports.numbers import count, interval, number, p_value
from pellucid.reports.reading import Group, Metric
from pellucid.results.group_names import shown_value

__all__ = [
    "SUPPRESSED_CELL",
    "compared_groups_chart",
    "forest_chart",
    "in_reading_order",
    "metric_table",
    "overview_table",
]

SUPPRESSED_CELL = Cell(
    text="suppressed", tone="suppressed", meaning="It would tell, or let compute, counts of too few people."
)
P_VALUE = (
    "How often data at least so unequal would come about if the groups were equal, adjusted for all comparisons of "
    "this report (Holm)."
)


def in_reading_order(metrics: Sequence[Metric]) -> list[Metric]:
    """From the most to the least telling."""
    return sorted(metrics, key=lambda metric: reading_place(metric.name))


def metric_table(context: Context, group: Group, caption: str) -> Table:
    """All metrics of a group with what they say."""
    statistics = any(metric.state for metric in group.metrics)
    columns = [Column(title="Metric"), Column(title="Value", align="right")]
    if statistics:
        columns += [
            Column(title=f"{context.level} interval", align="right", meaning="All values that the data allow."),
            Column(title="p", align="right", meaning=P_VALUE),
        ]
    columns.append(Column(title="What it says"))
    return Table(
        caption=caption,
        columns=tuple(columns),
        rows=tuple(_row(group, metric, statistics=statistics) for metric in in_reading_order(group.metrics)),
    )


def _row(group: Group, metric: Metric, *, statistics: bool) -> tuple[str | Cell, ...]:
    known = text_of(metric.name, metric.title)
    name = Cell(text=f"{known.title} ({metric.name})", meaning=known.meaning)
    tone = tone_of(metric)
    if metric.suppressed:
        middle: tuple[str | Cell, ...] = ("-", "-") if statistics else ()
        return (name, SUPPRESSED_CELL, *middle, why_without_value(metric))
    value = Cell(text="none" if metric.value is None else number(metric.value), tone=tone)
    middle = (interval(metric.low, metric.high), p_value(metric.p_value)) if statistics else ()
    said = f"Not computed: {metric.error}" if metric.error else reading_of(group, metric)
    return (name, value, *middle, said)


def forest_chart(context: Context, group: Group, title: str) -> Chart | None:
    """Differences and ratios of one group with their intervals; None where there is nothing to draw."""
    wanted = [metric for metric in in_reading_order(group.metrics) if metric.name in DIFFERENCES or metric.name == "DI"]
    rows = [_forest_row(group, metric, metric.name, _panel(metric)) for metric in wanted if _is_drawn(metric)]
    return _forest(context, rows, title)


def compared_groups_chart(
    context: Context, groups: Sequence[Group], metrics: Sequence[str], title: str
) -> Chart | None:
    """A few metrics of many groups side by side, a panel for each metric."""
    rows = []
    for name in metrics:
        for group in groups:
            metric = next((metric for metric in group.metrics if metric.name == name), None)
            if metric is not None and _is_drawn(metric):
                panel = f"{text_of(name, metric.title).title} ({name})"
                rows.append(_forest_row(group, metric, shown_value(group.value, rows=metric.rows), panel))
    return _forest(context, rows, title)


def _is_drawn(metric: Metric) -> bool:
    return metric.suppressed or metric.value is not None


def _panel(metric: Metric) -> str:
    return "Ratio: 1 is no disparity" if metric.name == "DI" else "Differences: 0 is no disparity"


def _forest_row(group: Group, metric: Metric, label: str, panel: str) -> ForestRow:
    return ForestRow(
        label=label,
        value=metric.value,
        low=metric.low,
        high=metric.high,
        neutral=text_of(metric.name).neutral,
        tone=tone_of(metric),
        note=why_without_value(metric) if metric.suppressed else sentence_of(group, metric),
        panel=panel,
    )


def _forest(context: Context, rows: Sequence[ForestRow], title: str) -> Chart | None:
    if not rows:
        return None
    specification = forest(rows)
    known = any(row.low is not None for row in rows)
    said = f"with {context.level} intervals" if known else "without intervals, which these files do not hold"
    return Chart(title=f"{title}, {said}", specification=specification, description=str(specification["description"]))


def overview_table(
    context: Context, entries: Sequence[tuple[str, float | None, Sequence[Metric]]], names: Sequence[str], caption: str
) -> Table:
    """A row for each group with a few metrics; ``entries`` are name, number of rows and metrics."""
    columns = [Column(title="Group"), Column(title="Rows", align="right")]
    columns += [Column(title=name, align="right", meaning=text_of(name).meaning) for name in names]
    rows = []
    for name, size, metrics in entries:
        by_name = {metric.name: metric for metric in metrics}
        hidden_size = size is None and any(metric.suppressed for metric in metrics)
        cells = [_overview_cell(by_name.get(metric)) for metric in names]
        rows.append((brief(name, 200), SUPPRESSED_CELL if hidden_size else count(size), *cells))
    return Table(caption=caption, columns=tuple(columns), rows=tuple(rows))


def _overview_cell(metric: Metric | None) -> str | Cell:
    if metric is None:
        return "-"
    if metric.suppressed:
        return SUPPRESSED_CELL
    if metric.value is None:
        return Cell(text="none", tone="uncertain", meaning=why_without_value(metric))
    known = "" if metric.low is None else f"Interval {interval(metric.low, metric.high)}; {certainty_of(metric)}."
    return Cell(text=number(metric.value), tone=tone_of(metric), meaning=known)
