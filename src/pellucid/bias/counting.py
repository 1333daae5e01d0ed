"""Which keys the rows are counted by, and what each column is taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Literal

import numpy as np
import numpy.typing as npt

from pellucid.bias.kinds import UNIQUENESS_THRESHOLD, ColumnProfile, Kind, decide, profile
from pellucid.bias.selection import Chosen, above_whole_part, by_threshold, by_values, threshold_of, truth_value
from pellucid.config.bias_request import BiasRequest
from pellucid.counts import ByThreshold, ByValue, Cube, Dimension, Key, Value
from pellucid.errors import ConfigError, DataError, Problem, did_you_mean
from pellucid.protocols.table import Above, ColumnType, Table
from pellucid.records import dataclass
from pellucid.results.bias import ColumnDecision

__all__ = ["Counted", "count"]

PEEKED_ROWS = 1024
"""Rows read to see how many values a column has, before it is decided how to count it."""

FEW_VALUES = 32
"""A numeric column with more values than this among the peeked rows is counted by the sides of its threshold."""

JOINT_CELLS = 100_000
"""Above this many possible cells every facet is counted on its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The rows, counted: everything a bias analysis needs but the flip test's features.

    Parameters
    ----------
    cubes
        For each facet's column the cube that counts it; one and the same where all facets are counted together.
    profiles
        What is known of the label, the predicted label and the facet columns.
    scores
        Whether predictions are scores that ``probability_threshold`` turns into labels 0 and 1.
    """

    request: BiasRequest
    cubes: Mapping[str, Cube]
    profiles: Mapping[str, ColumnProfile]
    scores: bool

    @property
    def cube(self) -> Cube:
        """Any of the cubes: all of them count label, predicted label and group variable."""
        return next(iter(self.cubes.values()))

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.cube.rows.sum())

    @property
    def joint(self) -> bool:
        """Whether one cube counts all facets together."""
        return len({id(cube) for cube in self.cubes.values()}) == 1

    def kind(self, column: str, values: Sequence[Value]) -> Kind:
        """What ``column`` is taken for, given ``values``."""
        return self.request.column_types.get(column) or decide(self.profiles[column], values)

    def choose(self, column: str, values: Sequence[Value]) -> Chosen:
        """The rows of ``column`` that ``values`` select."""
        dimension = self.cubes.get(column, self.cube).dimension(column)
        if self.kind(column, values) == "continuous":
            return by_threshold(self.profiles[column], dimension, values)
        return by_values(self.profiles[column], dimension, values)

    def choose_predicted(self) -> Chosen:
        """The rows that are predicted positive; meaningful where `predicted_kind` equals the kind of the label."""
        column = self._predicted_label
        request, dimension = self.request, self.cube.dimension(column)
        if self.scores:
            labels = np.array([self.label_of_score(value) for value in dimension.values])
            return _chosen_by_score(request, column, labels, self.kind(request.label, request.positive))
        if self.predicted_kind() == "continuous":
            above = _cut_to_whole_numbers(self.profiles[request.label], self.profiles[column], request)
            return by_threshold(self.profiles[column], dimension, request.positive, above=above)
        return by_values(self.profiles[column], dimension, request.positive)

    def label_of_score(self, value: Value) -> int:
        """The label, 0 or 1, of the scores that ``value`` of the predicted label's dimension stands for."""
        if isinstance(self.cube.dimension(self._predicted_label).key, ByThreshold):
            return int(value == 1)
        return int(isinstance(value, int | float) and value > self.request.probability_threshold)

    def predicted_kind(self) -> Kind:
        """What the predicted label is taken for; scores count as the labels, of the type of the label, they become."""
        column = self._predicted_label
        if not self.scores:
            return self.kind(column, self.request.positive)
        distinct = len({self.label_of_score(value) for value in self.cube.dimension(column).values})
        label_type = self.profiles[self.request.label].type
        as_labels = ColumnProfile(column, label_type, distinct, present=self.rows, missing=0)
        return self.request.column_types.get(column) or decide(as_labels, self.request.positive)

    def decisions(self) -> tuple[ColumnDecision, ...]:
        """What each column was taken for, label first."""
        request = self.request
        decided = [self._decision(request.label, "label", self.kind(request.label, request.positive))]
        if request.predicted_label is not None:
            decided.append(self._decision(request.predicted_label, "predicted label", self.predicted_kind()))
        for facet in request.facets:
            decided.append(self._decision(facet.column, "facet", self.kind(facet.column, facet.values)))
        return tuple(decided)

    @property
    def _predicted_label(self) -> str:
        if self.request.predicted_label is None:
            raise ValueError("the request names no predicted label")
        return self.request.predicted_label

    def _decision(self, column: str, role: Literal["label", "predicted label", "facet"], kind: Kind) -> ColumnDecision:
        known = self.profiles[column]
        return ColumnDecision(
            column=column,
            role=role,
            type=known.type,
            kind=kind,
            distinct=known.distinct,
            rows=known.present,
            missing=known.missing,
            overridden=column in self.request.column_types,
        )


def count(request: BiasRequest, table: Table) -> Counted:
    """Count the rows of ``table`` by all columns the request names, in one pass wherever one pass is enough.

    A second pass follows where the first rows misled about a column: a label that turns out not to be 0 and 1, or a
    column of many whole numbers that turns out categorical.

    Raises
    ------
    ConfigError
        No facet is named.
    DataError
        A column is missing, or there are no rows.
    """
    _check_columns(request, table)
    peeked = table.head(PEEKED_ROWS, _columns(request))
    if not peeked[request.label]:
        problem = Problem("dataset", fix="The data set has no rows; give one that has.")
        raise DataError(problem)
    scores = _scores(request, table, peeked[request.label], peeked.get(str(request.predicted_label), ()))
    by_value: set[str] = set()
    while True:
        keys = _keys(request, table, peeked, scores=scores, by_value=by_value)
        counted = _counted(request, table, _cubes(request, table, keys, peeked))
        misjudged = _counted_by_side_but_categorical(counted, keys)
        if not misjudged and counted.scores == scores:
            return counted
        by_value |= misjudged
        scores = counted.scores


def _check_columns(request: BiasRequest, table: Table) -> None:
    if not request.facets:
        raise ConfigError(Problem("facet", fix="Name at least one sensitive column."))
    wanted = [
        ("label", request.label),
        ("predicted_label", request.predicted_label),
        ("group_variable", request.group_variable),
        ("weights", request.weights),
        *((f"facet[{i}].name_or_index", facet.column) for i, facet in enumerate(request.facets)),
        *((f"features[{i}]", column) for i, column in enumerate(request.features)),
        *((f"column_types.{column}", column) for column in request.column_types),
    ]
    names = list(table.columns)
    problems = [
        Problem(key, name, fix=f"Use a column of the data set; {did_you_mean(name, names)}")
        for key, name in wanted
        if name is not None and name not in table.columns
    ]
    if problems:
        raise DataError(problems)


def _columns(request: BiasRequest) -> list[str]:
    named = [request.label, request.predicted_label, request.group_variable, *(f.column for f in request.facets)]
    return list(dict.fromkeys(column for column in named if column is not None))


def _scores(request: BiasRequest, table: Table, labels: Sequence[Value], predictions: Sequence[Value] | None) -> bool:
    """Whether the predictions are scores: floats where every observed label is 0 or 1.

    Where the labels are floats too, or have gaps, which makes floats of them to Clarify's reader, the predictions are
    scores only if some are fractions. ``predictions`` are None where they are known to have many values.
    """
    column = request.predicted_label
    if column is None or table.columns[column] != "float" or not set(labels) <= {0, 1, None}:
        return False
    floats = table.columns[request.label] == "float" or (None in labels and table.columns[request.label] == "integer")
    return not floats or predictions is None or not set(predictions) <= {0, 1, None}


def _keys(
    request: BiasRequest,
    table: Table,
    peeked: Mapping[str, Sequence[Value]],
    *,
    scores: bool,
    by_value: set[str],
) -> dict[str, Key]:
    """One key per column: its values, or for a numeric column of many values the sides of its only threshold."""
    thresholds: dict[str, list[float | None]] = {column: [] for column in _columns(request)}
    thresholds[request.label].append(_only_number(request.positive))
    for facet in request.facets:
        thresholds[facet.column].append(_only_number(facet.values))
    if request.group_variable is not None:
        thresholds[request.group_variable].append(None)
    if request.predicted_label is not None:
        threshold = _only_number(request.positive)
        if scores:
            threshold = request.probability_threshold
        elif threshold is not None and table.columns[request.predicted_label] == "float":
            threshold = _compared(threshold, table.columns[request.label])
        thresholds[request.predicted_label].append(threshold)
    keys: dict[str, Key] = {}
    for column, wanted in thresholds.items():
        few = len(set(peeked[column])) <= FEW_VALUES
        threshold = wanted[0] if len(wanted) == 1 and column not in by_value else None
        by_side = threshold is not None and not few and table.columns[column] in ("integer", "float")
        by_side = by_side and request.column_types.get(column) != "categorical"
        keys[column] = ByThreshold(column, threshold) if by_side and threshold is not None else ByValue(column)
    return keys


def _compared(threshold: float, label_type: ColumnType) -> float | None:
    """What fractions are compared with to be predicted positive; None where it must first be seen what labels hold."""
    if label_type == "text":
        return None
    return above_whole_part(threshold) if label_type == "integer" else threshold


def _only_number(values: Sequence[Value]) -> float | None:
    if len(values) != 1:
        return None
    try:
        return float(values[0] if values[0] is not None else "")
    except ValueError:
        return None


def _number_of_label(value: Value) -> float | None:
    truth = truth_value(value) if isinstance(value, str) else None
    return _only_number([value]) if truth is None else truth


def _cubes(
    request: BiasRequest, table: Table, keys: Mapping[str, Key], peeked: Mapping[str, Sequence[Value]]
) -> dict[str, Cube]:
    """The cube of every facet: one for all of them, unless it would have too many cells."""
    facets = list(dict.fromkeys(facet.column for facet in request.facets))
    cells = prod(4 if isinstance(key, ByThreshold) else len(set(peeked[column])) for column, key in keys.items())
    if cells <= JOINT_CELLS or request.facet_intersections or len(facets) == 1:
        return dict.fromkeys(facets, table.cube(list(keys.values()), weights=request.weights))
    shared = [column for column in keys if column not in facets or column in _shared_columns(request)]
    return {
        facet: table.cube([keys[column] for column in dict.fromkeys([*shared, facet])], weights=request.weights)
        for facet in facets
    }


def _shared_columns(request: BiasRequest) -> tuple[str | None, ...]:
    return (request.label, request.predicted_label, request.group_variable)


def _counted(request: BiasRequest, table: Table, cubes: Mapping[str, Cube]) -> Counted:
    any_cube = next(iter(cubes.values()))
    profiles = {}
    for column in _columns(request):
        cube = cubes.get(column, any_cube)
        known = profile(cube, column, table.columns[column])
        if known.distinct is None and _needs_distinct(known, cube.dimension(column)):
            known = profile(cube, column, table.columns[column], distinct=table.distinct(column))
        profiles[column] = known
    label = any_cube.dimension(request.label)
    predictions = None if request.predicted_label is None else any_cube.dimension(request.predicted_label)
    scores = not isinstance(label.key, ByThreshold) and _scores(
        request,
        table,
        label.values,
        None if predictions is None or isinstance(predictions.key, ByThreshold) else predictions.values,
    )
    return Counted(request, cubes, profiles, scores)


def _needs_distinct(known: ColumnProfile, dimension: Dimension) -> bool:
    """Whether the rule cannot be decided from the range: few possible whole numbers cannot be many distinct ones."""
    if known.type != "integer" or dimension.extremes is None:
        return False
    low, high = dimension.extremes
    return (high - low + 1) >= UNIQUENESS_THRESHOLD * known.present


def _counted_by_side_but_categorical(counted: Counted, keys: Mapping[str, Key]) -> set[str]:
    request = counted.request
    values = {request.label: request.positive} | {facet.column: facet.values for facet in request.facets}
    if request.predicted_label is not None and not counted.scores:
        values[request.predicted_label] = request.positive
    return {
        column
        for column, given in values.items()
        if isinstance(keys[column], ByThreshold) and counted.kind(column, given) == "categorical"
    }


def _cut_to_whole_numbers(label: ColumnProfile, predicted: ColumnProfile, request: BiasRequest) -> float | None:
    if not label.holds_whole_numbers or predicted.type != "float":
        return None
    return above_whole_part(threshold_of(request.positive, predicted.column))


def _chosen_by_score(request: BiasRequest, column: str, labels: npt.NDArray[np.int64], label_kind: Kind) -> Chosen:
    """Rows whose score becomes a positive label: 1 above the threshold, 0 at it, below it and without a score."""
    if label_kind == "continuous":
        threshold = threshold_of(request.positive, request.label)
        positive = {label: label > threshold for label in (0, 1)}
    else:
        numbers = {_number_of_label(value) for value in request.positive}
        positive = {label: label in numbers for label in (0, 1)}
    matters = positive[0] != positive[1]
    return Chosen(
        printed="",
        kind=label_kind,
        cells=np.where(labels == 1, positive[1], positive[0]),
        selection=Above(column, request.probability_threshold if matters else np.inf),
        negated=positive[0],
    )
