"""Given facet and label values that never occur: a group that is empty by mistake looks like a group without bias."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.bias.counting import Counted
from pellucid.bias.selection import Chosen
from pellucid.counts import Value
from pellucid.errors import AnalysisError, Problem, did_you_mean

__all__ = ["unseen_values"]


def unseen_values(counted: Counted) -> list[Problem]:
    """A problem for every given value that no row has, or that cannot be compared with the column at all."""
    request = counted.request
    problems = _unseen_labels(counted)
    for i, facet in enumerate(request.facets):
        if facet.values:
            key = f"facet[{i}].value_or_threshold"
            chosen = _chosen(counted, key, facet.column, facet.values, problems)
            problems += [_unseen(key, counted, facet.column, value) for value in (chosen.unseen if chosen else ())]
    return problems


def _unseen_labels(counted: Counted) -> list[Problem]:
    """A label value may occur among the predictions only; of a label that could not be found there is none."""
    request = counted.request
    problems: list[Problem] = []
    if not request.positive:
        return problems
    key = "label_values_or_threshold"
    observed = _chosen(counted, key, request.label, request.positive, problems)
    if observed is None or not observed.unseen:
        return problems
    unseen = set(observed.unseen)
    if request.predicted_label is not None and not counted.scores and counted.predicted_kind() == "categorical":
        predicted = _chosen(counted, key, request.predicted_label, request.positive, problems)
        unseen &= set(predicted.unseen) if predicted is not None else unseen
    return [_unseen(key, counted, request.label, value) for value in observed.unseen if value in unseen]


def _chosen(counted: Counted, key: str, column: str, values: Sequence[Value], problems: list[Problem]) -> Chosen | None:
    try:
        return counted.choose(column, values)
    except AnalysisError as error:
        problems.append(Problem(key, list(values), known_as=error.message, fix=error.fix))
        return None


def _unseen(key: str, counted: Counted, column: str, value: Value) -> Problem:
    cube = counted.cubes.get(column, counted.cube)
    there = [known for known in cube.dimension(column).values if known is not None]
    return Problem(key, value, fix=f"No row of column {column!r} has this value; {did_you_mean(value, there)}")
