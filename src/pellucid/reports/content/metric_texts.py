"""Each bias metric in plain words: what it asks, how it is computed, how to read it, and what harm looks like.

*Group* is the sensitive group of a facet, *others* are all other rows. Sources: Amazon SageMaker Clarify, *Measure
Pre-training Bias* and *Measure Post-training Data and Model Bias*, read as the job computes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pellucid.records import dataclass

__all__ = ["DIFFERENCES", "METRIC_TEXTS", "MetricText", "text_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricText:
    """What a reader has to know of a metric.

    Parameters
    ----------
    question
        What it answers.
    formula
        In words, with group and others.
    span
        Values it can take.
    neutral
        The value that stands for no disparity.
    harm
        Which values are to the harm of the group: ``high`` ones above neutral, ``low`` ones below, or ``none`` where it
        has no direction.
    above, below
        What a value above or below neutral says of the group.
    """

    title: str
    question: str
    formula: str
    span: str
    neutral: float = 0.0
    harm: Literal["high", "low", "none"]
    above: str
    below: str

    @property
    def meaning(self) -> str:
        """Everything as one text."""
        reading = f"Above: {self.above}. Below: {self.below}." if self.below else f"Above: {self.above}."
        return (
            f"{self.question} Computed as {self.formula}. Values: {self.span}; {self.neutral:g} means no disparity. "
            f"{reading}"
        )


APART = "the further apart the outcomes of the two are, whoever has more"
DISTANCES = "0 or more; negative values are possible for KL where a group lacks an outcome"
SHARES = "−1 to 1"
ANY = "any number, also infinite"

METRIC_TEXTS: Mapping[str, MetricText] = {
    "CI": MetricText(
        title="Class imbalance",
        question="Is the group under-represented in the data?",
        formula="(rows of others − rows of group) / all rows",
        span=SHARES,
        harm="none",
        above="the group is the smaller one",
        below="the group is the larger one",
    ),
    "DPL": MetricText(
        title="Difference in positive labels",
        question="Do both have the favourable outcome equally often in the data?",
        formula="share of positive labels among others − share of positive labels in the group",
        span=SHARES,
        harm="high",
        above="others have the favourable outcome more often",
        below="the group has it more often",
    ),
    "KL": MetricText(
        title="Kullback-Leibler divergence",
        question="How far apart are the outcomes of the two in the data?",
        formula="sum over both outcomes of P ln(P / Q), P the share among others and Q the share in the group",
        span=DISTANCES,
        harm="none",
        above=APART,
        below="",
    ),
    "JS": MetricText(
        title="Jensen-Shannon divergence",
        question="How far apart are the outcomes of the two in the data?",
        formula="the mean Kullback-Leibler divergence of both from their mean",
        span="0 to 0.693",
        harm="none",
        above=APART,
        below="",
    ),
    "LP": MetricText(
        title="L2 norm",
        question="How far apart are the outcomes of the two in the data?",
        formula="the root of the summed squared differences of the shares of both outcomes",
        span="0 to 1.41",
        harm="none",
        above=APART,
        below="",
    ),
    "TVD": MetricText(
        title="Total variation distance",
        question="How far apart are the outcomes of the two in the data?",
        formula="half the sum of the absolute differences of the shares of both outcomes",
        span="0 to 1",
        harm="none",
        above=APART,
        below="",
    ),
    "KS": MetricText(
        title="Kolmogorov-Smirnov distance",
        question="How far apart are the outcomes of the two in the data?",
        formula="the largest absolute difference of the shares of an outcome",
        span="0 to 1",
        harm="none",
        above=APART,
        below="",
    ),
    "CDDL": MetricText(
        title="Conditional disparity in labels",
        question="Does the disparity in the data remain inside the strata of the group variable?",
        formula=(
            "the mean over the strata, by their rows, of the group's share of those with the unfavourable outcome − "
            "its share of those with the favourable one"
        ),
        span=SHARES,
        harm="high",
        above="inside the strata the group is found more among the unfavourable outcomes",
        below="inside the strata it is found more among the favourable ones",
    ),
    "DPPL": MetricText(
        title="Difference in positive predictions",
        question="Does the model give the favourable outcome to both equally often?",
        formula="share of positive predictions among others − share of positive predictions in the group",
        span=SHARES,
        harm="high",
        above="others are predicted the favourable outcome more often",
        below="the group is predicted it more often",
    ),
    "DI": MetricText(
        title="Disparate impact",
        question="How many times as often does the model give the group the favourable outcome?",
        formula="share of positive predictions in the group / share of positive predictions among others",
        span="0 to infinite",
        neutral=1.0,
        harm="low",
        above="the group is predicted the favourable outcome more often",
        below="it is predicted it less often; 0.8 is the warning line of the four-fifths rule",
    ),
    "DCA": MetricText(
        title="Difference in conditional acceptance",
        question="Measured by what was observed, are acceptances shifted for one of the two?",
        formula="observed / predicted positives among others − observed / predicted positives in the group",
        span=ANY,
        harm="low",
        above="the group gets more positive predictions than its labels would give, compared with others",
        below="it gets fewer",
    ),
    "DCR": MetricText(
        title="Difference in conditional rejection",
        question="Measured by what was observed, are rejections shifted for one of the two?",
        formula="observed / predicted negatives in the group − observed / predicted negatives among others",
        span=ANY,
        harm="low",
        above="the group gets fewer negative predictions than its labels would give, compared with others",
        below="it gets more",
    ),
    "RD": MetricText(
        title="Recall difference",
        question="Are those with the favourable outcome found equally well (equal opportunity)?",
        formula="recall among others − recall in the group; recall: predicted positive among the observed positive",
        span=SHARES,
        harm="high",
        above="the model misses more of the group's favourable outcomes",
        below="it misses fewer of them",
    ),
    "SD": MetricText(
        title="Specificity difference",
        question="Are those with the unfavourable outcome recognised equally well?",
        formula=(
            "specificity in the group − specificity among others; specificity: predicted negative among the observed "
            "negative"
        ),
        span=SHARES,
        harm="high",
        above="the group gets fewer undeserved favourable predictions, which Clarify reads as harm",
        below="it gets more of them",
    ),
    "DAR": MetricText(
        title="Difference in acceptance rates (precision)",
        question="Are positive predictions equally reliable?",
        formula=(
            "precision among others − precision in the group; precision: observed positive among the predicted positive"
        ),
        span=SHARES,
        harm="high",
        above="positive predictions are right less often for the group",
        below="they are right more often for the group",
    ),
    "DRR": MetricText(
        title="Difference in rejection rates",
        question="Are negative predictions equally reliable?",
        formula="observed negative among the predicted negative, in the group − among others",
        span=SHARES,
        harm="low",
        above="rejections are right more often for the group",
        below="more of the group's rejections are wrong",
    ),
    "AD": MetricText(
        title="Accuracy difference",
        question="Is the model right equally often for both?",
        formula="accuracy among others − accuracy in the group",
        span=SHARES,
        harm="high",
        above="the model is right less often for the group",
        below="it is right more often for the group",
    ),
    "CDDPL": MetricText(
        title="Conditional disparity in predictions",
        question="Does the disparity of the predictions remain inside the strata of the group variable?",
        formula=(
            "the mean over the strata, by their rows, of the group's share of those predicted unfavourably − its share "
            "of those predicted favourably"
        ),
        span=SHARES,
        harm="high",
        above="inside the strata the group is found more among the unfavourable predictions",
        below="inside the strata it is found more among the favourable ones",
    ),
    "TE": MetricText(
        title="Treatment equality",
        question="Do errors hurt one of the two more?",
        formula="false negatives / false positives in the group − false negatives / false positives among others",
        span=ANY,
        harm="high",
        above="errors about the group are rather false rejections",
        below="errors about others are rather false rejections",
    ),
    "FT": MetricText(
        title="Flip test",
        question="Would similar people outside the group be treated otherwise?",
        formula=(
            "(group members accepted where the similar are rejected − group members rejected where the similar are "
            "accepted) / group members compared; similar are the nearest other rows by the features"
        ),
        span=SHARES,
        harm="low",
        above="members are accepted where similar others are rejected",
        below="members are rejected where similar others are accepted",
    ),
    "GE": MetricText(
        title="Generalised entropy",
        question="How unevenly are the benefits of errors spread over all rows, whatever their group?",
        formula="half the squared coefficient of variation of the benefit: prediction − label + 1",
        span="0 or more",
        harm="none",
        above="benefits are spread less evenly",
        below="",
    ),
}

DIFFERENCES = frozenset({"DPL", "DPPL", "CDDL", "CDDPL", "RD", "SD", "DAR", "DRR", "AD", "FT"})
"""Differences of shares, which can be compared by size."""


def text_of(metric: str, title: str = "") -> MetricText:
    """What is known of a metric; of one that is new to this version, its name."""
    unknown = MetricText(
        title=title or metric,
        question="",
        formula="a rule that this version does not know",
        span="not known",
        harm="none",
        above="see the documentation of the metric",
        below="",
    )
    return METRIC_TEXTS.get(metric, unknown)
