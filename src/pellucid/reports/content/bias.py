"""Bias of each facet: its groups and their rates, then the labels and the predictions metric by metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pellucid.charts.intervals import GroupRate, group_rates
from pellucid.charts.shares import GroupConfusion, confusion_matrices
from pellucid.nouns import counted
from pellucid.reports.content.context import Context, brief
from pellucid.reports.content.judging import size_of
from pellucid.reports.content.metric_tables import (
    SUPPRESSED_CELL,
    compared_groups_chart,
    forest_chart,
    metric_table,
    overview_table,
)
from pellucid.reports.document import Block, Cell, Chart, Column, Disclosure, Paragraph, Section, Table
from pellucid.reports.numbers import count, share
from pellucid.reports.reading import Group, Stage, listed, mapping, number_in
from pellucid.results.group_names import named, shown_value
from pellucid.results.rounding import is_below

__all__ = ["facet_sections", "largest_first"]

CHARTED_GROUPS = 12
DETAILED_GROUPS = 12
LISTED_GROUPS = 50
"""Groups in a table; the result files hold all."""
READABLE = 6
"""Groups of a chart up to which all its panels fit a page; of more, a chart holds two panels."""
OPEN_TABLES = 1
"""With more groups than this, the tables of single groups are shown on demand."""

TITLES = {"pre_training": "Bias in the labels", "post_training": "Bias in the predictions"}
INTRODUCTIONS = {
    "pre_training": "Before any model: how the favourable outcome is spread in the data themselves.",
    "post_training": "What the model makes of the groups: who gets the favourable outcome, and who is judged rightly.",
}
CHARTED = {"pre_training": ("DPL", "CDDL"), "post_training": ("DPPL", "DI", "RD", "AD")}

RATES = {
    "positive_labels": ("Favourable label", "Rows with the favourable outcome in the data."),
    "positive_predictions": ("Favourable prediction", "Rows predicted the favourable outcome."),
    "recall": ("Recall", "Of the rows with the favourable outcome, those predicted it."),
    "specificity": ("Specificity", "Of the rows without it, those not predicted it."),
    "precision": ("Precision", "Of the rows predicted the favourable outcome, those that have it."),
    "negative_predictive_value": ("Right rejections", "Of the rows not predicted it, those that do not have it."),
    "accuracy": ("Accuracy", "Rows whose prediction is right."),
}
CHARTED_RATES = ("positive_labels", "positive_predictions", "recall", "specificity")
CELLS = ("True positive", "False positive", "False negative", "True negative")


def facet_sections(context: Context) -> tuple[Section, ...]:
    """A section for each facet."""
    return tuple(_facet(context, facet, f"facet-{i}") for i, facet in enumerate(context.facets, start=1))


def _facet(context: Context, facet: str, anchor: str) -> Section:
    details = [(value, context.group_details(facet, value)) for value in _values(context, facet)]
    known = _most_rows([(value, group) for value, group in details if group])
    parts = [_groups(context, facet, known, f"{anchor}-groups")] if known else []
    for stage in context.stages:
        groups = [group for group in stage.groups if group.facet == facet]
        if groups:
            parts.append(_stage(context, stage, groups, f"{anchor}-{stage.name.replace('_', '-')}"))
    matrices = _confusion(context, known, f"{anchor}-confusion")
    return Section(
        title=f"Bias by {brief(facet)}",
        anchor=anchor,
        blocks=(Paragraph(_compared(facet, details)),),
        sections=(*parts, *matrices),
    )


def _values(context: Context, facet: str) -> list[str]:
    return list(dict.fromkeys(g.value for stage in context.stages for g in stage.groups if g.facet == facet))


def _most_rows(groups: list[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The groups that are listed, in their order; those of most rows where there are too many."""

    def rows(place: int) -> float:
        return number_in(groups[place][1].get("rows")) or 0.0

    listed_places = sorted(range(len(groups)), key=lambda place: -rows(place))[:LISTED_GROUPS]
    return [groups[place] for place in sorted(listed_places)]


def _compared(facet: str, groups: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    if len(groups) == 1:
        ((value, details),) = groups
        name = named(facet, value, rows=number_in(details.get("rows")))
        return f"{brief(name, 200)} is compared with all other rows."
    said = f"Each of {counted(len(groups), 'value')} of {brief(facet)} is compared with all other rows."
    if len(groups) <= LISTED_GROUPS:
        return said
    return f"{said} Tables list {LISTED_GROUPS} of them: by rows, or by disparity. The result files hold all."


# --- groups and rates ------------------------------------------------------------------------------------------------
def _groups(context: Context, facet: str, groups: Sequence[tuple[str, Mapping[str, Any]]], anchor: str) -> Section:
    entries = [(shown_value(value, rows=number_in(group.get("rows"))), group, "") for value, group in groups]
    if len(groups) == 1:
        entries.append(("all others", groups[0][1], "others_"))
    charted = entries[:CHARTED_GROUPS]
    charts = [_rates_chart(context, charted, names) for names in _panels(CHARTED_RATES, len(charted))]
    blocks: list[Block] = [chart for chart in charts if chart is not None]
    blocks.append(_rates_table(context, facet, entries))
    return Section(title="Groups and their rates", anchor=anchor, blocks=tuple(blocks))


def _panels(names: Sequence[str], groups: int) -> list[Sequence[str]]:
    """What is drawn in one chart: everything, or two panels where there are many groups."""
    return [names] if groups <= READABLE else [names[place : place + 2] for place in range(0, len(names), 2)]


Entry = tuple[str, Mapping[str, Any], str]
"""Name, details, and the prefix of the side of the details that is meant."""


def _rates_of(entry: Entry) -> dict[str, Mapping[str, Any]]:
    _, group, side = entry
    return {str(rate.get("name")): rate for rate in listed(group.get(f"{side}rates"))}


def _rates_chart(context: Context, entries: Sequence[Entry], names: Sequence[str]) -> Chart | None:
    """Panels of the rates of which any is shown; which are not, the table below tells."""
    rates: list[GroupRate] = []
    for name in names:
        known = [(entry, rate) for entry in entries if (rate := _rates_of(entry).get(name)) is not None]
        panel = [_charted_rate(context, entry, name, rate) for entry, rate in known]
        rates += panel if any(rate.tone != "suppressed" for rate in panel) else []
    if not rates:
        return None
    specification = group_rates(rates)
    measures = "Rates" if len(names) == len(CHARTED_RATES) else " and ".join(RATES[name][0].lower() for name in names)
    return Chart(
        title=f"{measures[:1].upper()}{measures[1:]} by group, with {context.level} intervals",
        specification=specification,
        description=str(specification["description"]),
    )


def _charted_rate(context: Context, entry: Entry, name: str, rate: Mapping[str, Any]) -> GroupRate:
    ends = rate.get("interval")
    low, high = (number_in(end) for end in ends) if isinstance(ends, list) and len(ends) == 2 else (None, None)
    rows = number_in(rate.get("rows"))
    value = number_in(rate.get("value"))
    hidden = value is None and rows is None
    few = rows is not None and is_below(rows, _fewest(context))
    return GroupRate(
        group=entry[0],
        measure=RATES[name][0],
        value=value,
        low=low,
        high=high,
        rows=None if rows is None else round(rows),
        tone="suppressed" if hidden else "uncertain" if few else "neutral",
    )


def _fewest(context: Context) -> float:
    return number_in(context.asked.get("minimum_group_rows")) or 30


def _rates_table(context: Context, facet: str, entries: Sequence[Entry]) -> Table:
    names = [name for name in RATES if any(name in _rates_of(entry) for entry in entries)]
    columns = [Column(title="Group"), Column(title="Rows", align="right"), Column(title="Of all rows", align="right")]
    columns += [Column(title=RATES[name][0], align="right", meaning=RATES[name][1]) for name in names]
    rows = []
    for entry in entries:
        name, group, side = entry
        size, part = number_in(group.get("rows")), number_in(group.get("proportion"))
        if side and size is not None and part is not None and context.rows is not None:
            size, part = context.rows - size, 1 - part
        known: tuple[str | Cell, ...] = (SUPPRESSED_CELL, SUPPRESSED_CELL)
        if size is not None:
            known = count(size), share(part)
        found = _rates_of(entry)
        rows.append(
            (brief(name, 200), *known, *(_rate_cell(found.get(rate), drawn=rate in CHARTED_RATES) for rate in names))
        )
    return Table(caption=f"Groups of {brief(facet)}", columns=tuple(columns), rows=tuple(rows))


def _rate_cell(rate: Mapping[str, Any] | None, *, drawn: bool) -> str | Cell:
    """The rate, with its interval on demand where no chart shows it."""
    if rate is None:
        return "-"
    value, rows, ends = number_in(rate.get("value")), number_in(rate.get("rows")), rate.get("interval")
    if value is None:
        return SUPPRESSED_CELL if rows is None else Cell(text="none", meaning="It would be a rate of no rows.")
    known = ""
    if not drawn and isinstance(ends, list) and len(ends) == 2:
        known = f"{share(number_in(ends[0]))} to {share(number_in(ends[1]))}, of {count(rows)} rows"
    return Cell(text=share(value), meaning=known)


# --- metrics ---------------------------------------------------------------------------------------------------------
def _stage(context: Context, stage: Stage, groups: Sequence[Group], anchor: str) -> Section:
    blocks: list[Block] = [Paragraph(INTRODUCTIONS[stage.name])]
    ranked = largest_first(groups, CHARTED[stage.name][0])
    if len(groups) == 1:
        charts = [forest_chart(context, groups[0], brief(groups[0].name))]
    else:
        charted = [group for group in groups if group in ranked[:CHARTED_GROUPS]]
        charts = [
            compared_groups_chart(context, charted, names, "Each group against all others")
            for names in _panels(CHARTED[stage.name], len(charted))
        ]
    blocks += [chart for chart in charts if chart is not None]
    if len(groups) > CHARTED_GROUPS:
        blocks.append(
            Paragraph(f"The chart shows the {CHARTED_GROUPS} groups of largest disparity of {len(groups):,}.")
        )
    if len(groups) > 1:
        blocks.append(_overview(context, stage, groups))
    tables = [metric_table(context, group, _caption(context, group)) for group in ranked[:DETAILED_GROUPS]]
    blocks += _on_demand(tables) if len(groups) > OPEN_TABLES else tables
    if len(groups) > DETAILED_GROUPS:
        left = len(groups) - DETAILED_GROUPS
        blocks.append(Paragraph(f"All metrics of {counted(left, 'further group')} stand in the result files."))
    return Section(title=TITLES[stage.name], anchor=anchor, blocks=tuple(blocks))


def _on_demand(tables: Sequence[Table]) -> list[Block]:
    return [Disclosure(title=f"All metrics of {table.caption}", blocks=(table,)) for table in tables]


def largest_first(groups: Sequence[Group], metric: str) -> list[Group]:
    """Groups by the size of a metric, those without it last."""

    def size(group: Group) -> float:
        return max((size_of(found) for found in group.metrics if found.name == metric), default=0.0)

    return sorted(groups, key=lambda group: -size(group))


def _caption(context: Context, group: Group) -> str:
    rows = next((metric.rows for metric in group.metrics if metric.rows is not None), None)
    return brief(group.name, 200) + ("" if rows is None else f" ({count(rows)} rows) against all others")


def _overview(context: Context, stage: Stage, groups: Sequence[Group]) -> Table:
    computed = {metric.name for group in groups for metric in group.metrics}
    names = [name for name in CHARTED[stage.name] if name in computed] or sorted(computed)[:4]
    entries = []
    for group in largest_first(groups, names[0])[:LISTED_GROUPS]:
        rows = next((metric.rows for metric in group.metrics if metric.rows is not None), None)
        entries.append((shown_value(group.value, rows=rows), rows, group.metrics))
    return overview_table(context, entries, names, f"{TITLES[stage.name]}: each group against all others")


# --- right and wrong predictions -------------------------------------------------------------------------------------
def _confusion(context: Context, groups: Sequence[tuple[str, Mapping[str, Any]]], anchor: str) -> list[Section]:
    entries = [
        (shown_value(value, rows=number_in(group.get("rows"))), group)
        for value, group in groups
        if "counts" in group and _was_predicted(group)
    ]
    matrices = [_matrix(name, mapping(group.get("counts")).get("confusion_matrix")) for name, group in entries]
    if len(entries) == 1:
        others = mapping(entries[0][1].get("others_counts")).get("confusion_matrix")
        matrices.append(_matrix("all others", others))
    if not matrices:
        return []
    note = "Positive is the favourable outcome: a false negative is somebody who has it and is predicted not to."
    blocks = (Paragraph(note), _confusion_chart(matrices))
    return [Section(title="Right and wrong predictions of each group", anchor=anchor, blocks=blocks)]


def _confusion_chart(matrices: Sequence[GroupConfusion]) -> Chart | Table:
    """The matrices as a chart; as a table alone where none of their cells is shown."""
    table = _confusion_table(matrices)
    drawn = matrices[:CHARTED_GROUPS]
    if all(cell is None for matrix in drawn for cell in _cells(matrix)):
        return table
    specification = confusion_matrices(drawn)
    return Chart(
        title="Right and wrong predictions, as shares of each group",
        specification=specification,
        description=str(specification["description"]),
        table=table,
    )


def _was_predicted(group: Mapping[str, Any]) -> bool:
    return any(rate.get("name") == "recall" for rate in listed(group.get("rates")))


def _matrix(name: str, cells: Any) -> GroupConfusion:
    known = [number_in(cell) for cell in cells] if isinstance(cells, list) and len(cells) == 4 else [None] * 4
    tp, fp, fn, tn = known
    return GroupConfusion(group=name, true_positive=tp, false_positive=fp, false_negative=fn, true_negative=tn)


def _cells(matrix: GroupConfusion) -> tuple[float | None, ...]:
    return matrix.true_positive, matrix.false_positive, matrix.false_negative, matrix.true_negative


def _confusion_table(matrices: Sequence[GroupConfusion]) -> Table:
    def cells(matrix: GroupConfusion) -> Iterator[str | Cell]:
        for number in _cells(matrix):
            yield SUPPRESSED_CELL if number is None else count(number)

    return Table(
        caption="Rows by prediction and label",
        columns=(Column(title="Group"), *(Column(title=title, align="right") for title in CELLS)),
        rows=tuple((brief(matrix.group, 200), *cells(matrix)) for matrix in matrices),
    )
