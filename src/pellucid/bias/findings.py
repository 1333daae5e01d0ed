"""What a metric's value means, in one sentence: who is worse off, by how much, how sure."""

from __future__ import annotations

import math
from collections.abc import Callable

from pellucid.bias.flip_test import Flips
from pellucid.counts import Counts, ratio
from pellucid.records import dataclass
from pellucid.results.bias import Statistics

__all__ = ["Subject", "finding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a sentence speaks of.

    Parameters
    ----------
    group, others
        Names of the groups ``d`` and ``a``: ``sex = Female``, ``all others``.
    outcome
        The favourable outcome: ``income = >50K``.
    strata
        The group variable of conditional metrics.
    a, d
        Counts of both groups.
    flips
        What the flip test counted, if it was made.
    """

    group: str
    others: str
    outcome: str
    strata: str | None
    a: Counts
    d: Counts
    flips: Flips | None = None


def finding(
    metric: str,
    value: float | None,
    error: str | None,
    subject: Subject,
    statistics: Statistics | None = None,
    *,
    level: float = 0.95,
) -> str:
    """The sentence for one metric; ``statistics`` add how sure it is, with intervals at ``level``.

    Examples
    --------
    >>> women = Subject(
    ...     group="sex = F", others="all others", outcome="approved = 1", strata=None,
    ...     a=Counts(tp=30, tn=70), d=Counts(tp=10, tn=40),
    ... )
    >>> finding("DPL", 0.1, None, women)
    'sex = F has approved = 1 10.0 points less often than all others: 20.0 % against 30.0 %.'
    """
    if value is None:
        return f"{metric} could not be computed for {subject.group}: {_why_not(error, subject)}."
    said = SENTENCES[metric](value, subject)
    certainty = "" if statistics is None else _certainty(metric, value, statistics, level)
    if statistics is not None and statistics.state == "insufficient_evidence":
        return f"Insufficient evidence: {statistics.reason}. As counted, {said}{certainty}."
    if not said.startswith((subject.group, subject.others)):  # those names stand as they do in the data
        said = said[0].upper() + said[1:]
    return f"{said}{certainty}."


def _why_not(error: str | None, subject: Subject) -> str:
    if not subject.d.n:
        return "no row belongs to it"
    if not subject.a.n:
        return "every row belongs to it, which leaves nobody to compare it with"
    return str(error).rstrip(".")


# --- one function a metric: the reading of its value -----------------------------------------------------------------
def _ci(value: float, subject: Subject) -> str:
    return f"{subject.group} makes up {_percent(ratio(subject.d.n, subject.a.n + subject.d.n))} of the rows"


def _dpl(value: float, subject: Subject) -> str:
    rates = _rates(subject, lambda g: g.positive, lambda g: g.n)
    return f"{subject.group} has {subject.outcome} {_often(-value)} {subject.others}: {rates}"


def _distance(value: float, subject: Subject) -> str:
    return (
        f"the shares of {subject.outcome} in {subject.group} and in {subject.others} lie {_number(value)} apart, "
        "on a scale where 0 means the same shares in both, whoever has more"
    )


def _cddl(value: float, subject: Subject) -> str:
    return _conditional(value, subject, f"rows without {subject.outcome}", "rows with it")


def _cddpl(value: float, subject: Subject) -> str:
    return _conditional(value, subject, f"rows not predicted {subject.outcome}", "rows predicted so")


def _conditional(value: float, subject: Subject, rejected: str, accepted: str) -> str:
    size = (
        f"{100 * abs(value):.1f} points {'larger' if value > 0 else 'smaller'} among {rejected} than among {accepted}"
    )
    if _no_points(value):
        size = f"about the same among {rejected} as among {accepted}"
    return f"compared within each {subject.strata}, the share of {subject.group} is {size}"


def _dppl(value: float, subject: Subject) -> str:
    rates = _rates(subject, lambda g: g.predicted_positive, lambda g: g.n)
    return f"{subject.group} is predicted {subject.outcome} {_often(-value)} {subject.others}: {rates}"


def _di(value: float, subject: Subject) -> str:
    rates = _rates(subject, lambda g: g.predicted_positive, lambda g: g.n)
    if math.isinf(value):
        return f"{subject.group} is predicted {subject.outcome} at times, {subject.others} never: {rates}"
    warning = ""
    if value < FOUR_FIFTHS:
        warning = f", below the usual warning line of {FOUR_FIFTHS}"
    elif 1 / value < FOUR_FIFTHS:
        warning = (
            f", which puts {subject.others} at {_number(1 / value)}, below the usual warning line of {FOUR_FIFTHS}"
        )
    times = "as often" if value == 1 else f"{_number(value)} times as often"
    return f"{subject.group} is predicted {subject.outcome} {times} as {subject.others}{warning}: {rates}"


def _dca(value: float, subject: Subject) -> str:
    ratios = _ratios(subject, lambda g: g.positive, lambda g: g.predicted_positive)
    size = "as many positive predictions as" if value == 0 else f"{_fewer(value)} positive predictions than"
    return (
        f"measured by what was observed, {subject.group} is given {size} {subject.others}: "
        f"{ratios} rows observed positive for each row predicted positive"
    )


def _dcr(value: float, subject: Subject) -> str:
    ratios = _ratios(subject, lambda g: g.negative, lambda g: g.predicted_negative)
    size = "as many negative predictions as" if value == 0 else f"{_fewer(-value)} negative predictions than"
    return (
        f"measured by what was observed, {subject.group} is given {size} {subject.others}: "
        f"{ratios} rows observed negative for each row predicted negative"
    )


def _dar(value: float, subject: Subject) -> str:
    rates = _rates(subject, lambda g: g.tp, lambda g: g.predicted_positive)
    return f"a positive prediction is right for {subject.group} {_often(-value)} for {subject.others}: {rates}"


def _drr(value: float, subject: Subject) -> str:
    rates = _rates(subject, lambda g: g.tn, lambda g: g.predicted_negative)
    return f"a negative prediction is right for {subject.group} {_often(value)} for {subject.others}: {rates}"


def _rd(value: float, subject: Subject) -> str:
    rates = _rates(subject, lambda g: g.tp, lambda g: g.positive)
    return (
        f"the model recognises rows with {subject.outcome} in {subject.group} {_often(-value)} in "
        f"{subject.others}: {rates}"
    )


def _sd(value: float, subject: Subject) -> str:
    rates = _rates(subject, lambda g: g.tn, lambda g: g.negative)
    return (
        f"the model recognises rows without {subject.outcome} in {subject.group} {_often(value)} in "
        f"{subject.others}: {rates}"
    )


def _ad(value: float, subject: Subject) -> str:
    rates = _rates(subject, lambda g: g.correct, lambda g: g.n)
    return f"the model is right for {subject.group} {_often(-value)} for {subject.others}: {rates}"


def _te(value: float, subject: Subject) -> str:
    ratios = _ratios(subject, lambda g: g.fn, lambda g: g.fp)
    harm = "more often" if value > 0 else "less often"
    size = "false rejections as often as" if value == 0 else f"{harm} false rejections than"
    return (
        f"errors about {subject.group} are {size} errors about {subject.others}: "
        f"{ratios} false rejections for each false acceptance"
    )


def _ft(value: float, subject: Subject) -> str:
    flips = subject.flips
    if flips is None:
        return f"the flip test of {subject.group} is {_number(value)}"
    return (
        f"of {flips.rows:,} rows of {subject.group}, {flips.to_positive:,} are rejected where similar rows of "
        f"{subject.others} are accepted, and {flips.to_negative:,} are accepted where similar ones are rejected"
    )


def _ge(value: float, subject: Subject) -> str:
    return (
        f"over all rows, benefits are spread with a generalised entropy of {_number(value)}, where 0 is equal benefit"
    )


SENTENCES: dict[str, Callable[[float, Subject], str]] = {
    "CI": _ci,
    "DPL": _dpl,
    "KL": _distance,
    "JS": _distance,
    "LP": _distance,
    "TVD": _distance,
    "KS": _distance,
    "CDDL": _cddl,
    "DPPL": _dppl,
    "DI": _di,
    "DCA": _dca,
    "DCR": _dcr,
    "RD": _rd,
    "SD": _sd,
    "DAR": _dar,
    "DRR": _drr,
    "AD": _ad,
    "CDDPL": _cddpl,
    "TE": _te,
    "FT": _ft,
    "GE": _ge,
}

FOUR_FIFTHS = 0.8
"""Disparate impact below which the four-fifths rule of US employment law sees adverse impact."""

IN_POINTS = ("DPL", "CDDL", "DPPL", "CDDPL", "RD", "SD", "DAR", "DRR", "AD")
"""Metrics whose sentence gives their size in percentage points."""

D_MINUS_A = ("CDDL", "CDDPL", "SD", "DRR")
"""Those of them that are positive where the sentence says "more" of the group."""


# --- numbers as people read them ---------------------------------------------------------------------------------
def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _number(value: float) -> str:
    return "infinitely many" if math.isinf(value) else f"{value:.3g}"


def _no_points(difference: float) -> bool:
    return round(1000 * difference) == 0


def _often(gain: float) -> str:
    """``10.0 points less often than``, or ``about as often as``."""
    if _no_points(gain):
        return "about as often as"
    return f"{100 * abs(gain):.1f} points {'more' if gain > 0 else 'less'} often than"


def _fewer(gain: float) -> str:
    return "fewer" if gain < 0 else "more"


Part = Callable[[Counts], float]


def _rates(subject: Subject, part: Part, whole: Part) -> str:
    """Both rates; one of no rows counts as 0, as Clarify has it, and says so."""

    def rate(group: Counts) -> str:
        return _percent(ratio(part(group), whole(group))) if whole(group) else "0.0 % (there are none)"

    return f"{rate(subject.d)} against {rate(subject.a)}"


def _ratios(subject: Subject, part: Part, whole: Part) -> str:
    return " against ".join(_number(ratio(part(group), whole(group))) for group in (subject.d, subject.a))


def _certainty(metric: str, value: float, statistics: Statistics, level: float) -> str:
    """Interval and size of the groups, and whether the data allow for no disparity."""
    n = f"n = {statistics.n[1]:,} of {sum(statistics.n):,}"
    if statistics.interval is None:
        return f" ({n})"
    low, high = statistics.interval
    interval = f"{100 * level:.4g} % interval"
    if metric in IN_POINTS:
        said = f"{interval} {_points(metric, value, low, high)}"
    else:
        said = f"{metric} {_plain(value)}, {interval} {_plain(low)} to {_plain(high)}"
    parity = 1.0 if metric == "DI" else 0.0
    possible = metric != "GE" and low <= parity <= high
    allows = "; no difference is possible too" if possible else ""
    return f" ({said}; {n}{allows})"


def _points(metric: str, value: float, low: float, high: float) -> str:
    """The interval turned the same way round as the sentence, which gives the size of the difference."""
    if _no_points(value):
        less, more = (low, high) if metric in D_MINUS_A else (-high, -low)
        return f"{_sided(less)} to {_sided(more)}"
    turned = sorted([math.copysign(1, value) * low, math.copysign(1, value) * high])
    return f"{100 * turned[0]:.1f} to {100 * turned[1]:.1f} points"


def _sided(points: float) -> str:
    return f"{100 * abs(points):.1f} points {'less' if points < 0 else 'more'}"


def _plain(value: float) -> str:
    return f"{'-' if value < 0 else ''}infinity" if math.isinf(value) else f"{value:.3g}"
