"""How well the predictions fit the labels, on all rows together."""

from __future__ import annotations

from pellucid.charts.shares import GroupConfusion, confusion_matrices
from pellucid.reports.content.context import Context
from pellucid.reports.content.metric_tables import SUPPRESSED_CELL
from pellucid.reports.document import Block, Cell, Chart, Column, Notice, Section, Table
from pellucid.reports.numbers import number, share
from pellucid.reports.reading import listed, mapping, number_in

__all__ = ["performance_section"]

RATIOS = ("Conditional Acceptance", "Conditional Rejection", "F1 Score")
"""What is no share, or not read as one."""


def performance_section(context: Context) -> Section | None:
    """Model performance; None where there were no predictions to compare with labels."""
    performance = mapping(context.details.get("model_performance"))
    metrics = listed(performance.get("model_performance_metrics"))
    if not metrics:
        return None
    blocks: list[Block] = []
    cells = performance.get("binary_confusion_matrix")
    known = [number_in(cell) for cell in cells] if isinstance(cells, list) else []
    if len(known) == 4 and None not in known:
        tp, fp, fn, tn = known
        one = GroupConfusion(group="all rows", true_positive=tp, false_positive=fp, false_negative=fn, true_negative=tn)
        specification = confusion_matrices([one])
        blocks.append(
            Chart(
                title="Right and wrong predictions, as shares of all rows",
                specification=specification,
                description=str(specification["description"]),
            )
        )
    elif performance.get("suppressed") is True:
        blocks.append(Notice("suppressed", "Too few rows of one kind: nobody must be identifiable."))
    rows = []
    for metric in metrics:
        value = number_in(metric.get("value"))
        name = str(metric.get("name"))
        shown: str | Cell = number(value) if name in RATIOS else share(value)
        if value is None:
            shown = SUPPRESSED_CELL
        rows.append((Cell(text=name, meaning=str(metric.get("description") or "")), shown))
    blocks.append(
        Table(
            caption="Performance of the predictions on all rows",
            columns=(Column(title="Measure"), Column(title="Value", align="right")),
            rows=tuple(rows),
        )
    )
    return Section(title="Performance of the model", anchor="performance", blocks=tuple(blocks))
