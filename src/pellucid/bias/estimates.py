"""How sure a bias metric is: its interval, its p-value, and whether its evidence suffices.

One table says for every metric which interval serves it and which hypothesis its p-value tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from pellucid.bias import intervals, propagation
from pellucid.bias.evidence import evidence
from pellucid.bias.flip_test import Flips
from pellucid.bias.group_table import GroupTable
from pellucid.bias.intervals import Interval, absolute
from pellucid.bias.metrics import METRICS, Metric
from pellucid.bias.significance import p_value_by_inversion
from pellucid.counts import Counts
from pellucid.critical_value import critical_value
from pellucid.records import dataclass

__all__ = ["METHODS", "Estimate", "Method", "State", "estimate"]

State = Literal["ok", "insufficient_evidence"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known about one metric besides its value.

    Parameters
    ----------
    interval
        Where the metric lies at the confidence level; None where nothing can be said.
    p_value
        Of no disparity, not adjusted; None where nothing can be said, or the metric compares no groups.
    hypothesis
        What ``p_value`` tests. Metrics of one hypothesis have one p-value, which counts once in `holm`.
    state
        ``insufficient_evidence`` where the value rests on too few rows to be acted upon.
    reason
        Why, as a clause without a full stop; None if the state is ``ok``.
    """

    interval: Interval | None
    p_value: float | None
    hypothesis: str | None
    state: State
    reason: str | None


# --- the interval of every metric ------------------------------------------------------------------------------------
Part = Callable[[Counts], float]
"""Some of the rows of a group, such as those observed positive."""

IntervalAt = Callable[[float], Interval]
"""The interval as a function of ``z``."""

Prepare = Callable[[GroupTable], IntervalAt | None]
"""Reads off the counts what an interval needs; None where nothing can be said."""


def _difference(part: Part, whole: Part, *, d_minus_a: bool = False) -> Prepare:
    """Of the rate ``part / whole``: that of ``a`` minus that of ``d``, unless ``d_minus_a``."""

    def prepare(table: GroupTable) -> IntervalAt | None:
        first, second = reversed(table.effective(whole)) if d_minus_a else table.effective(whole)
        if not (whole(first) and whole(second)):
            return None
        return lambda z: intervals.newcombe_difference(part(first), whole(first), part(second), whole(second), z)

    return prepare


_label_gap = _difference(lambda group: group.positive, lambda group: group.n)


def _impact(table: GroupTable) -> IntervalAt | None:
    a, d = table.effective(lambda group: group.n)
    if not (a.n and d.n):
        return None
    return lambda z: intervals.newcombe_ratio(d.predicted_positive, d.n, a.predicted_positive, a.n, z)


def _class_imbalance(table: GroupTable) -> IntervalAt | None:
    a, d = table.effective_together
    return (lambda z: intervals.class_imbalance(a.n, d.n, z)) if a.n + d.n else None


def _entropy(table: GroupTable) -> IntervalAt | None:
    a, d = table.effective_together
    return (lambda z: propagation.generalized_entropy(a + d, z)) if a.n + d.n else None


def _both_outcomes(table: GroupTable) -> bool:
    """Clarify drops an outcome that one group lacks, and a distance between the groups means something else then."""
    return all(group.positive and group.negative for group in table.groups)


def _distance(factor: float, *, of_both_outcomes: bool) -> Prepare:
    """Of ``factor * |DPL|``."""

    def prepare(table: GroupTable) -> IntervalAt | None:
        gap = _label_gap(table)
        if gap is None or (of_both_outcomes and not _both_outcomes(table)):
            return None
        return lambda z: absolute(gap(z), factor)

    return prepare


def _divergence(of: Callable[[Counts, Counts, float], Interval], least: float) -> Prepare:
    """Of a divergence of at least ``least * DPL^2``, kept from contradicting the interval of DPL."""

    def prepare(table: GroupTable) -> IntervalAt | None:
        gap = _label_gap(table)
        if gap is None or not _both_outcomes(table):
            return None
        a, d = table.effective(lambda group: group.n)

        def at(z: float) -> Interval:
            divergence = of(a, d, z)
            # Pinsker's inequality: label shares so far apart have a divergence of at least this.
            floor = least * absolute(gap(z)).low ** 2
            return Interval(max(divergence.low, floor) if floor else 0.0, divergence.high)

        return at

    return prepare


def _of_groups(of: Callable[[Counts, Counts, float], Interval], part: Part) -> Prepare:
    """Of a metric measured on ``part`` of each group."""

    def prepare(table: GroupTable) -> IntervalAt | None:
        a, d = table.effective(part)
        return (lambda z: of(a, d, z)) if part(a) and part(d) else None

    return prepare


def _label_disparity(table: GroupTable) -> IntervalAt | None:
    a, d = table.effective_strata
    return propagation.conditional_disparity(a, d) if np.sum((a + d).n) else None


def _prediction_disparity(table: GroupTable) -> IntervalAt | None:
    a, d = (group.predictions_as_labels() for group in table.effective_strata)
    return propagation.conditional_disparity(a, d) if np.sum((a + d).n) else None


def _not_from_counts(_: GroupTable) -> IntervalAt | None:
    return None


def _flip_test(flips: Flips | None) -> IntervalAt | None:
    if flips is None:
        return None
    return lambda z: intervals.paired_difference(flips.to_negative, flips.to_positive, flips.rows, z)


# --- the table -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Method:
    """How sure one metric is.

    Parameters
    ----------
    prepare
        Gives the interval; that of the flip test comes from its flips instead.
    hypothesis
        What the p-value tests; None where the metric compares no groups.
    tested_by
        The metric whose interval gives the p-value; None for its own.
    """

    prepare: Prepare
    hypothesis: str | None
    tested_by: str | None = None


_SAME_LABELS = "equal shares of positive labels"
_SAME_PREDICTIONS = "equal shares of positive predictions"

METHODS = {
    "CI": Method(_class_imbalance, "equal numbers of rows"),
    "DPL": Method(_label_gap, _SAME_LABELS),
    "KL": Method(_divergence(propagation.kullback_leibler, 2.0), _SAME_LABELS, "DPL"),
    "JS": Method(_divergence(propagation.jensen_shannon, 0.5), _SAME_LABELS, "DPL"),
    "LP": Method(_distance(math.sqrt(2), of_both_outcomes=True), _SAME_LABELS, "DPL"),
    "TVD": Method(_distance(1.0, of_both_outcomes=True), _SAME_LABELS, "DPL"),
    "KS": Method(_distance(1.0, of_both_outcomes=False), _SAME_LABELS, "DPL"),
    "CDDL": Method(_label_disparity, "no disparity of labels within the strata"),
    "DPPL": Method(_difference(lambda g: g.predicted_positive, lambda g: g.n), _SAME_PREDICTIONS),
    "DI": Method(_impact, _SAME_PREDICTIONS, "DPPL"),
    "DCA": Method(
        _of_groups(propagation.acceptance_ratio_difference, lambda g: g.positive + g.fp),
        "equal ratios of observed to predicted positives",
    ),
    "DCR": Method(
        _of_groups(propagation.rejection_ratio_difference, lambda g: g.negative + g.fn),
        "equal ratios of observed to predicted negatives",
    ),
    "RD": Method(_difference(lambda g: g.tp, lambda g: g.positive), "equal recall"),
    "SD": Method(_difference(lambda g: g.tn, lambda g: g.negative, d_minus_a=True), "equal specificity"),
    "DAR": Method(_difference(lambda g: g.tp, lambda g: g.predicted_positive), "equal precision"),
    "DRR": Method(
        _difference(lambda g: g.tn, lambda g: g.predicted_negative, d_minus_a=True), "equal negative predictive value"
    ),
    "AD": Method(_difference(lambda g: g.correct, lambda g: g.n), "equal accuracy"),
    "CDDPL": Method(_prediction_disparity, "no disparity of predictions within the strata"),
    "TE": Method(
        _of_groups(propagation.error_ratio_difference, lambda g: g.fn + g.fp),
        "equal ratios of false negatives to false positives",
    ),
    "FT": Method(_not_from_counts, "as many flips to positive as to negative"),
    "GE": Method(_entropy, None),
}
"""Every metric of `pellucid.bias.metrics.METRICS` by its name."""


def estimate(
    metric: Metric,
    table: GroupTable,
    *,
    level: float = 0.95,
    minimum_rows: float = 30,
    names: Sequence[str] = ("a", "d"),
    flips: Flips | None = None,
) -> Estimate:
    """Interval, p-value and state of one metric; deterministic, without resampling.

    Parameters
    ----------
    metric
        A conditional one only where the strata of ``table`` are the values of a group variable.
    table
        The counts of both groups.
    level
        Confidence level of the interval, in (0, 1).
    minimum_rows
        Rows, effective ones if weighted, that every compared rate must rest on.
    names
        Names of ``a`` and ``d`` for the reason.
    flips
        Outcome of the flip test, for the flip test.

    Examples
    --------
    >>> cells = np.array([[[[52, 0], [53, 0]]], [[[42, 0], [26, 0]]]])
    >>> table = GroupTable(cells, cells * 1.0, cells * 1.0)
    >>> found = estimate(METRICS["DPL"], table)
    >>> found.state, round(found.interval.low, 4), round(found.interval.high, 4), round(found.p_value, 4)
    ('ok', -0.0292, 0.2641, 0.1141)
    """
    method = METHODS[metric.name]
    a, d = table.groups
    undefined = metric.undefined(a, d)
    if undefined is not None:
        return Estimate(None, None, method.hypothesis, "insufficient_evidence", undefined)
    at = _flip_test(flips) if metric.compute is None else method.prepare(table)
    reason = evidence(metric, table, minimum_rows=minimum_rows, names=names, flips=flips)
    return Estimate(
        interval=None if at is None else at(critical_value(level)),
        p_value=_p_value(metric, at, table),
        hypothesis=method.hypothesis,
        state="ok" if reason is None else "insufficient_evidence",
        reason=reason,
    )


def _p_value(metric: Metric, at: IntervalAt | None, table: GroupTable) -> float | None:
    method = METHODS[metric.name]
    tested = metric
    if method.tested_by is not None:
        tested = METRICS[method.tested_by]
        at = METHODS[tested.name].prepare(table)
    if method.hypothesis is None or at is None:
        return None
    return p_value_by_inversion(at, tested.parity)
