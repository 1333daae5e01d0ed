"""Clarify's bias metrics: functions of the counts of facet *a* (everyone else) and facet *d* (the sensitive group).

Each function takes numbers and returns a number, or takes arrays (many tables at once) and returns an array.
Conditional metrics take counts whose last axis runs over the strata. Source of all formulas: Amazon SageMaker Clarify,
*Measure Pre-training Bias* and *Measure Post-training Data and Model Bias*, read as the job computes them. What a
metric says when it cannot be computed stands beside it in the two tables at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from pellucid.counts import Counts, Number, difference, ratio
from pellucid.records import dataclass

__all__ = ["METRICS", "POST_TRAINING", "PRE_TRAINING", "READING_ORDER", "Metric", "Stage", "reading_place"]

Stage = Literal["pre_training", "post_training"]


# --- labels ----------------------------------------------------------------------------------------------------------
def ci(a: Counts, d: Counts) -> Number:
    """Class imbalance, (n_a - n_d) / (n_a + n_d).

    Ranges over (-1, 1); positive when facet ``d`` is the smaller group.

    >>> ci(a=Counts(tp=6, tn=6), d=Counts(tp=2, tn=6))
    0.2
    """
    return ratio(a.n - d.n, a.n + d.n)


def dpl(a: Counts, d: Counts) -> Number:
    """Difference in positive proportions in labels, q_a - q_d.

    Ranges over [-1, 1]; positive when facet ``a`` holds the larger share of positive labels.

    >>> dpl(a=Counts(tp=6, tn=6), d=Counts(tp=2, tn=6))
    0.25
    """
    return ratio(a.positive, a.n) - ratio(d.positive, d.n)


def _outcome_shares(a: Counts, d: Counts) -> tuple[Number, Number, Number]:
    """Shares of (negative, positive) in both groups on a new last axis, and where both groups have the outcome."""
    shares_a = np.stack([ratio(a.negative, a.n), ratio(a.positive, a.n)], axis=-1)
    shares_d = np.stack([ratio(d.negative, d.n), ratio(d.positive, d.n)], axis=-1)
    return shares_a, shares_d, (shares_a > 0) & (shares_d > 0)


def _over_shared_outcomes(terms: Number, shared: Number) -> Number:
    """Sum of ``terms`` over the outcomes that both groups have; Clarify leaves the others out of both."""
    total = np.where(shared, terms, 0.0).sum(axis=-1)
    return total if total.ndim else float(total)


def _divergence(p: Number, q: Number, shared: Number) -> Number:
    return _over_shared_outcomes(p * np.log(np.where(shared, p, 1) / np.where(shared, q, 1)), shared)


def kl(a: Counts, d: Counts) -> Number:
    """Kullback-Leibler divergence of the outcome in ``a`` from that in ``d``, sum P_a ln(P_a / P_d).

    At least 0 where both groups have both outcomes; negative values are possible where one lacks an outcome.

    >>> round(kl(a=Counts(tp=6, tn=6), d=Counts(tp=2, tn=6)), 12)
    0.143841036226
    """
    return _divergence(*_outcome_shares(a, d))


def js(a: Counts, d: Counts) -> Number:
    """Jensen-Shannon divergence between the outcomes of both groups; [0, ln 2) where both have both outcomes.

    >>> round(js(a=Counts(tp=6, tn=6), d=Counts(tp=2, tn=6)), 12)
    0.033822075569
    """
    shares_a, shares_d, shared = _outcome_shares(a, d)
    mean = (shares_a + shares_d) / 2
    return (_divergence(shares_a, mean, shared) + _divergence(shares_d, mean, shared)) / 2


def lp(a: Counts, d: Counts) -> Number:
    """L-p norm (p = 2) of the difference between the outcome shares, [0, sqrt 2).

    >>> round(lp(a=Counts(tp=6, tn=6), d=Counts(tp=2, tn=6)), 12)
    0.353553390593
    """
    shares_a, shares_d, shared = _outcome_shares(a, d)
    root = np.sqrt(_over_shared_outcomes((shares_a - shares_d) ** 2, shared))
    return root if root.ndim else float(root)


def tvd(a: Counts, d: Counts) -> Number:
    """Total variation distance, half the sum of the absolute differences of the outcome shares, [0, 1).

    >>> tvd(a=Counts(tp=6, tn=6), d=Counts(tp=2, tn=6))
    0.25
    """
    shares_a, shares_d, shared = _outcome_shares(a, d)
    return _over_shared_outcomes(abs(shares_a - shares_d), shared) / 2


def ks(a: Counts, d: Counts) -> Number:
    """Kolmogorov-Smirnov distance, the largest absolute difference of the outcome shares, [0, 1).

    >>> ks(a=Counts(tp=6, tn=6), d=Counts(tp=2, tn=6))
    0.25
    """
    shares_a, shares_d, shared = _outcome_shares(a, d)
    largest = np.where(shared, abs(shares_a - shares_d), 0.0).max(axis=-1)
    return largest if largest.ndim else float(largest)


def cddl(a: Counts, d: Counts) -> Number:
    """Conditional demographic disparity in labels; counts carry the strata on their last axis.

    Weighted mean over the strata of (share of ``d`` among the rejected) - (share of ``d`` among the accepted), [-1, 1];
    positive when ``d`` is over-represented among the rejected of its strata. A share of nothing counts as 0.

    >>> cddl(a=Counts(tp=np.array([6, 0]), tn=np.array([6, 0])), d=Counts(tp=np.array([2, 0]), tn=np.array([6, 0])))
    0.25
    """
    rejected = ratio(d.negative, a.negative + d.negative)
    accepted = ratio(d.positive, a.positive + d.positive)
    n = a.n + d.n
    mean = ratio(np.sum(n * (rejected - accepted), axis=-1), np.sum(n, axis=-1))
    return mean if np.ndim(mean) else float(mean)


# --- predictions -----------------------------------------------------------------------------------------------------
def dppl(a: Counts, d: Counts) -> Number:
    """Difference in positive proportions in predicted labels, q'_a - q'_d, [-1, 1].

    >>> dppl(a=Counts(tp=6, tn=6), d=Counts(tp=2, tn=6))
    0.25
    """
    return ratio(a.predicted_positive, a.n) - ratio(d.predicted_positive, d.n)


def di(a: Counts, d: Counts) -> Number:
    """Disparate impact, q'_d / q'_a, [0, inf]; 1 is parity, below 1 is to the harm of ``d``.

    >>> di(a=Counts(tp=6, tn=6), d=Counts(tp=2, tn=6))
    0.5
    """
    return ratio(ratio(d.predicted_positive, d.n), ratio(a.predicted_positive, a.n))


def dca(a: Counts, d: Counts) -> Number:
    """Difference in conditional acceptance, n_a1 / n'_a1 - n_d1 / n'_d1; negative harms ``d``.

    >>> dca(a=Counts(tp=4, fp=4), d=Counts(tp=2, fn=2))
    -1.5
    """
    return difference(ratio(a.positive, a.predicted_positive), ratio(d.positive, d.predicted_positive))


def dcr(a: Counts, d: Counts) -> Number:
    """Difference in conditional rejection, n_d0 / n'_d0 - n_a0 / n'_a0; negative harms ``d``.

    >>> dcr(a=Counts(tn=4), d=Counts(tn=2, fn=2))
    -0.5
    """
    return difference(ratio(d.negative, d.predicted_negative), ratio(a.negative, a.predicted_negative))


def dar(a: Counts, d: Counts) -> Number:
    """Difference in acceptance rates: precision of ``a`` minus precision of ``d``, [-1, 1].

    >>> dar(a=Counts(tp=3, fp=1), d=Counts(tp=1, fp=1))
    0.25
    """
    return difference(ratio(a.tp, a.predicted_positive), ratio(d.tp, d.predicted_positive))


def drr(a: Counts, d: Counts) -> Number:
    """Difference in rejection rates: negative predictive value of ``d`` minus that of ``a``, [-1, 1].

    >>> drr(a=Counts(tn=3, fn=1), d=Counts(tn=1, fn=1))
    -0.25
    """
    return difference(ratio(d.tn, d.predicted_negative), ratio(a.tn, a.predicted_negative))


def rd(a: Counts, d: Counts) -> Number:
    """Recall difference, recall of ``a`` minus recall of ``d``, [-1, 1].

    >>> rd(a=Counts(tp=3, fn=1), d=Counts(tp=1, fn=1))
    0.25
    """
    return difference(ratio(a.tp, a.positive), ratio(d.tp, d.positive))


def sd(a: Counts, d: Counts) -> Number:
    """Specificity difference, specificity of ``d`` minus specificity of ``a``, [-1, 1].

    >>> sd(a=Counts(tn=1, fp=1), d=Counts(tn=3, fp=1))
    0.25
    """
    return difference(ratio(d.tn, d.negative), ratio(a.tn, a.negative))


def ad(a: Counts, d: Counts) -> Number:
    """Accuracy difference, accuracy of ``a`` minus accuracy of ``d``, [-1, 1].

    >>> ad(a=Counts(tp=3, fp=1), d=Counts(tp=1, fp=1))
    0.25
    """
    return ratio(a.correct, a.n) - ratio(d.correct, d.n)


def te(a: Counts, d: Counts) -> Number:
    """Treatment equality, FN_d / FP_d - FN_a / FP_a; positive when errors are rather false rejections in ``d``.

    >>> te(a=Counts(fn=1, fp=1), d=Counts(fn=3, fp=1))
    2.0
    """
    gap = difference(ratio(d.fn, d.fp), ratio(a.fn, a.fp))
    return gap if isinstance(gap, np.ndarray) else float(gap)


def cddpl(a: Counts, d: Counts) -> Number:
    """Conditional demographic disparity in predicted labels: `cddl` of the predictions, [-1, 1]."""
    return cddl(a.predictions_as_labels(), d.predictions_as_labels())


def ge(a: Counts, d: Counts) -> Number:
    """Generalised entropy index (alpha = 2) of the benefit b = predicted - observed + 1 over all rows of both groups.

    (mean of (b / mean b)^2 - 1) / 2, [0, (N - 1) / 2]; 0 when all rows have the same benefit. Source: Speicher et al.
    (2018), *A Unified Approach to Quantifying Algorithmic Unfairness*.

    >>> round(ge(a=Counts(tp=4), d=Counts(tp=2, fn=2)), 12)
    0.166666666667
    """
    rows = a + d
    mean = ratio(rows.correct + 2 * rows.fp, rows.n)
    mean_square = ratio(rows.correct + 4 * rows.fp, rows.n)
    return (ratio(mean_square, mean * mean) - 1) / 2


# --- why a metric has no value ---------------------------------------------------------------------------------------
Undefined = Callable[[Counts, Counts], str | None]
"""Clarify's error text where the metric has no value on these counts, else None."""

NO_COMMON_OUTCOME = "No instance of common facet found, dataset may be too small"
NO_GROUP_VARIABLE = "Group variable is empty or not provided"
NO_POSITIVE = "No positive labels in set"
NO_NEGATIVE = "No negative labels in set"
ALL_FALSE_NEGATIVES = (
    "All predicted labels are false negatives. There should be at least one prediction that is not false negative."
)


def _empty_group(no_a: str, no_d: str, *, a_first: bool = False) -> Undefined:
    def undefined(a: Counts, d: Counts) -> str | None:
        checks = [(a.n, no_a), (d.n, no_d)] if a_first else [(d.n, no_d), (a.n, no_a)]
        return next((text for rows, text in checks if not rows), None)

    return undefined


def _no_common_outcome(a: Counts, d: Counts) -> str | None:
    return None if np.any(_outcome_shares(a, d)[2]) else NO_COMMON_OUTCOME


def _one_label_only(a: Counts, d: Counts) -> str | None:
    rows = a + d
    if not np.sum(rows.positive):
        return NO_POSITIVE
    return None if np.sum(rows.negative) else NO_NEGATIVE


def _one_prediction_only(a: Counts, d: Counts) -> str | None:
    return _one_label_only(a.predictions_as_labels(), d.predictions_as_labels())


def _all_false_negatives(a: Counts, d: Counts) -> str | None:
    rows = a + d
    return None if rows.correct + rows.fp else ALL_FALSE_NEGATIVES


_no_group_member = _empty_group("Negated Facet set is empty", "Facet set is empty")
_no_outcome_member = _empty_group("DCO: Negated Facet set is empty", "DCO: Facet set is empty")
_no_rate_member = _empty_group("DLR: Negated Facet set is empty", "DLR: Facet set is empty")
_no_accuracy_member = _empty_group("DLA: Negated Facet set is empty", "DLA: Facet set is empty")
_no_proportion = _empty_group("Negative facet set is empty.", "Facet set is empty.", a_first=True)


@dataclass(frozen=True, slots=True)
class Metric:
    """One bias metric: its published names, its formula, and what it says when it has no value.

    Parameters
    ----------
    name
        Published abbreviation, as in Clarify's ``methods`` and in ``analysis.json``.
    title
        Name in words, as printed by Clarify (its spelling).
    compute
        The formula, a function of the counts of ``a`` and ``d``. None for the flip test, which needs rows.
    undefined
        Gives Clarify's error text where there is no value.
    conditional
        Whether the counts carry strata on their last axis.
    """

    name: str
    title: str
    stage: Stage
    compute: Callable[[Counts, Counts], Number] | None
    undefined: Undefined
    conditional: bool = False

    @property
    def description(self) -> str:
        """Description as Clarify prints it."""
        return f"{self.title} ({self.name})"

    @property
    def parity(self) -> float:
        """The value that stands for no disparity: 1 for the ratio, 0 for everything else."""
        return 1.0 if self.name == "DI" else 0.0


_no_class = _empty_group(
    "CI: negated facet set is empty. Check that x[~facet] has non-zero length.",
    "CI: facet set is empty. Check that x[facet] has non-zero length.",
    a_first=True,
)
_no_impact = _empty_group("Negated facet set is empty", "Facet set is empty", a_first=True)

PRE_TRAINING = (
    Metric("CI", "Class Imbalance", "pre_training", ci, _no_class),
    Metric("DPL", "Difference in Positive Proportions in Labels", "pre_training", dpl, _no_proportion),
    Metric("KL", "Kullback-Liebler Divergence", "pre_training", kl, _no_common_outcome),
    Metric("JS", "Jensen-Shannon Divergence", "pre_training", js, _no_common_outcome),
    Metric("LP", "L-p Norm", "pre_training", lp, _no_common_outcome),
    Metric("TVD", "Total Variation Distance", "pre_training", tvd, _no_common_outcome),
    Metric("KS", "Kolmogorov-Smirnov Distance", "pre_training", ks, _no_common_outcome),
    Metric(
        "CDDL", "Conditional Demographic Disparity in Labels", "pre_training", cddl, _one_label_only, conditional=True
    ),
)

POST_TRAINING = (
    Metric("DPPL", "Difference in Positive Proportions in Predicted Labels", "post_training", dppl, _no_proportion),
    Metric("DI", "Disparate Impact", "post_training", di, _no_impact),
    Metric("DCA", "Difference in Conditional Acceptance", "post_training", dca, _no_outcome_member),
    Metric("DCR", "Difference in Conditional Rejection", "post_training", dcr, _no_outcome_member),
    Metric("RD", "Recall Difference", "post_training", rd, _no_accuracy_member),
    Metric("SD", "Specificity Difference", "post_training", sd, _no_accuracy_member),
    Metric("DAR", "Difference in Acceptance Rates", "post_training", dar, _no_rate_member),
    Metric("DRR", "Difference in Rejection Rates", "post_training", drr, _no_rate_member),
    Metric("AD", "Accuracy Difference", "post_training", ad, _no_group_member),
    Metric(
        "CDDPL",
        "Conditional Demographic Disparity in Predicted Labels",
        "post_training",
        cddpl,
        _one_prediction_only,
        conditional=True,
    ),
    Metric("TE", "Treatment Equality", "post_training", te, _no_group_member),
    Metric("FT", "Flip Test", "post_training", None, _no_group_member),
    Metric("GE", "Generalized Entropy", "post_training", ge, _all_false_negatives),
)

METRICS = {metric.name: metric for metric in (*PRE_TRAINING, *POST_TRAINING)}

READING_ORDER = (
    *("CI", "DPL", "CDDL", "KL", "JS", "LP", "TVD", "KS"),
    *("DPPL", "DI", "CDDPL", "RD", "SD", "DAR", "DRR", "AD", "DCA", "DCR", "TE", "FT", "GE"),
)
"""From the most to the least telling; those that answer alike stand together."""


def reading_place(name: str) -> tuple[int, str]:
    """Sorts metrics by `READING_ORDER`; what is not in it comes last, by name.

    >>> sorted(["GE", "unheard-of", "CI"], key=reading_place)
    ['CI', 'GE', 'unheard-of']
    """
    return READING_ORDER.index(name) if name in READING_ORDER else len(READING_ORDER), name
