"""Which rows are in which group, observed positive and predicted positive: what two models are paired by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from pellucid.bias.counting import count
from pellucid.bias.groups import groups_of
from pellucid.bias.metrics import POST_TRAINING
from pellucid.bias.paired import JointCounts, paired_difference
from pellucid.config.bias_request import BiasRequest
from pellucid.protocols.table import Table
from pellucid.records import dataclass

__all__ = ["Outcomes", "outcomes_of", "paired_differences"]

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """One result, row by row.

    Parameters
    ----------
    positive, predicted
        Rows observed and predicted positive, shape (rows,).
    groups
        Members of each sensitive group by facet and printed value, shape (rows,) each.
    """

    positive: Booleans
    predicted: Booleans
    groups: Mapping[tuple[str, str], Booleans]


def outcomes_of(request: BiasRequest, table: Table) -> Outcomes:
    """The rows of ``table`` as a bias analysis takes them.

    Raises
    ------
    DataError, AnalysisError
        As `pellucid.bias.analysis.analyse`.
    """
    counted = count(request, table)
    groups = {
        (group.column, group.printed): np.logical_and.reduce([chosen.rows(table) for chosen in group.chosen.values()])
        for group in groups_of(counted, table)
    }
    return Outcomes(
        positive=counted.choose(request.label, request.positive).rows(table),
        predicted=counted.choose_predicted().rows(table),
        groups=groups,
    )


def paired_differences(
    first: Outcomes, second: Outcomes, confidence_level: float
) -> Iterator[tuple[tuple[str, str], str, tuple[float, tuple[float, float]]]]:
    """Facet and value, metric, and the difference with its interval, of every group that both results have.

    Metrics of predictions only, and only those of the counts of whole groups. Nothing where the two are not about the
    same rows: they must agree on who is in a group and who was observed positive.
    """
    if first.positive.shape != second.positive.shape or (first.positive != second.positive).any():
        return
    for key, member in first.groups.items():
        if key in second.groups and bool((member == second.groups[key]).all()):
            joint = _joint(member, first.positive, first.predicted, second.predicted)
            for metric in POST_TRAINING:
                if metric.compute is not None and not metric.conditional:
                    found = paired_difference(metric, joint, confidence_level)
                    if found is not None:
                        yield key, metric.name, found


def _joint(*masks: Booleans) -> JointCounts:
    """Rows by group, observed, first and second predicted outcome."""
    cell = np.zeros(len(masks[0]), dtype=np.int8)
    for mask in masks:
        cell = 2 * cell + mask
    return np.bincount(cell, minlength=16).reshape(2, 2, 2, 2).astype(float)
