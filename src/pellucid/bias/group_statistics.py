"""What a group is made of, beside its metrics: its size, its outcomes, the rates that metrics compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pellucid.bias.counting import Counted
from pellucid.bias.group_table import A, D, GroupTable
from pellucid.bias.groups import Group
from pellucid.bias.intervals import wilson
from pellucid.bias.performance import shares
from pellucid.bias.selection import Chosen
from pellucid.counts import ByThreshold, Counts, ratio
from pellucid.critical_value import critical_value
from pellucid.results.groups import ColumnDistribution, GroupCounts, GroupRate, GroupStatistics

__all__ = ["distributions", "group_statistics"]

Part = Callable[[Counts], float]

LABEL_RATES: tuple[tuple[str, Part, Part], ...] = (("positive_labels", lambda g: g.positive, lambda g: g.n),)
PREDICTION_RATES: tuple[tuple[str, Part, Part], ...] = (
    ("positive_predictions", lambda g: g.predicted_positive, lambda g: g.n),
    ("recall", lambda g: g.tp, lambda g: g.positive),
    ("specificity", lambda g: g.tn, lambda g: g.negative),
    ("precision", lambda g: g.tp, lambda g: g.predicted_positive),
    ("negative_predictive_value", lambda g: g.tn, lambda g: g.predicted_negative),
    ("accuracy", lambda g: g.correct, lambda g: g.n),
)
"""Name, what is counted, and out of what."""

MOST_VALUES = 50
"""Values of a column that are listed; the rest is one number."""


def group_statistics(group: Group, table: GroupTable, *, predicted: bool, level: float) -> GroupStatistics:
    """Size, outcomes and rates of a group and of all other rows.

    Parameters
    ----------
    predicted
        Whether the table counts predictions.
    level
        Confidence level of the intervals of the rates.
    """
    a, d = table.groups
    positive = ratio(d.positive, d.n)
    return GroupStatistics(
        facet=group.column,
        value_or_threshold=group.printed,
        rows=table.group_rows[1],
        proportion=ratio(d.n, a.n + d.n),
        observed_label_distribution=(positive, 1 - positive),
        confusion_matrix=shares(d) if predicted else None,
        counts=_counts(table, D, predicted=predicted),
        others_counts=_counts(table, A, predicted=predicted),
        rates=_rates(table, D, predicted=predicted, level=level),
        others_rates=_rates(table, A, predicted=predicted, level=level),
    )


def _counts(table: GroupTable, side: int, *, predicted: bool) -> GroupCounts:
    (tn, fp), (fn, tp) = table.rows[side].sum(axis=0).tolist()
    return GroupCounts(positive=tp + fn, negative=tn + fp, confusion_matrix=(tp, fp, fn, tn) if predicted else None)


def _rates(table: GroupTable, side: int, *, predicted: bool, level: float) -> tuple[GroupRate, ...]:
    z = critical_value(level)
    found = []
    for name, part, whole in (*LABEL_RATES, *(PREDICTION_RATES if predicted else ())):
        counted = table.effective(whole)[side]
        successes, rows = float(part(counted)), float(whole(counted))
        interval = wilson(successes, rows, z) if rows else None
        found.append(
            GroupRate(
                name=name,
                value=successes / rows if rows else None,
                interval=None if interval is None else (interval.low, interval.high),
                rows=rows,
            )
        )
    return tuple(found)


def distributions(
    counted: Counted, positive: Chosen, predicted: Chosen | None, groups: Sequence[Group]
) -> tuple[ColumnDistribution, ...]:
    """Rows by value of the label, the predicted label and the facets; by the interval chosen of continuous ones.

    Parameters
    ----------
    positive, predicted
        The rows observed and predicted positive; None where there are no predictions that can be used.
    groups
        The sensitive groups, whose facets are counted.
    """
    request = counted.request
    chosen: dict[str, list[Chosen]] = {request.label: [positive]}
    for group in groups:
        for column, choice in group.chosen.items():
            chosen.setdefault(column, []).append(choice)
    found = [_distribution(counted, request.label, "label", chosen[request.label])]
    if request.predicted_label is not None and predicted is not None and not counted.scores:
        found.append(_distribution(counted, request.predicted_label, "predicted label", [predicted]))
    facets = dict.fromkeys(facet.column for facet in request.facets)
    return (*found, *(_distribution(counted, facet, "facet", chosen.get(facet, [])) for facet in facets))


def _distribution(counted: Counted, column: str, role: str, chosen: Sequence[Chosen]) -> ColumnDistribution:
    cube = counted.cubes.get(column, counted.cube)
    dimension, totals = cube.dimension(column), cube.totals(column)
    rows = np.array([totals[value] for value in dimension.values])
    present = np.array([value is not None for value in dimension.values], dtype=bool)
    listed_cells = np.zeros(len(rows), dtype=bool)
    if isinstance(dimension.key, ByThreshold) or any(choice.kind == "continuous" for choice in chosen):
        listed = [(choice.printed, int(rows[choice.cells].sum())) for choice in chosen if choice.printed]
        for choice in chosen:
            listed_cells |= choice.cells
    else:
        order = sorted(np.flatnonzero(present).tolist(), key=lambda place: -rows[place])[:MOST_VALUES]
        listed = [(str(dimension.values[place]), int(rows[place])) for place in order]
        listed_cells[order] = True
    return ColumnDistribution(
        column=column,
        role="label" if role == "label" else "facet" if role == "facet" else "predicted label",
        values=tuple(listed),
        other_rows=int(rows[present & ~listed_cells].sum()),
        missing=totals.get(None, 0),
    )
