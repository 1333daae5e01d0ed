"""What a metric's value means, in one sentence: who is worse off, by how much, how sure."""

from __future__ import annotations

import math
from collections.abc import Callable

from pellucid.bias.flip_test import Flips
from pellucid.counts import Counts, ratio
from pellucid.nouns import counted
from pellucid.records import dataclass
from pellucid.results.bias import Statistics
from pellucid.results.rounding import NOISE, digits_beside, is_below, significant

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
    'sex = F has approved = 1, 10.0 points less often than all others: 20.0 % against 30.0 %.'
    """
    if value is None:
        return f"{metric} could not be computed for {subject.group}: {_why_not(error, subject)}."
    said = SENTENCES[metric](value, subject)
    certainty = "" if statistics is None else _certainty(metric, value, statistics, level, _decimals(metric, subject))
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
    share = ratio(subject.d.n, subject.a.n + subject.d.n)
    return f"{subject.group} makes up {_percent(share, _decimals_of(share))} of the rows"


def _dpl(value: float, subject: Subject) -> str:
    often, rates = _often("DPL", -value, subject), _rates("DPL", subject)
    return f"{subject.group} has {_then(subject.outcome, often)} {subject.others}: {rates}"


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
    if _no_points(value, 1):
        size = f"about the same among {rejected} as among {accepted}"
    return f"compared within each {subject.strata}, the share of {subject.group} is {size}"


def _dppl(value: float, subject: Subject) -> str:
    often, rates = _often("DPPL", -value, subject), _rates("DPPL", subject)
    return f"{subject.group} is predicted {_then(subject.outcome, often)} {subject.others}: {rates}"


def _di(value: float, subject: Subject) -> str:
    rates = _rates("DI", subject)
    if math.isinf(value):
        return f"{subject.group} is predicted {subject.outcome} at times, {subject.others} never: {rates}"
    warning = ""
    if is_below(value, FOUR_FIFTHS):
        warning = f", below the usual warning line of {FOUR_FIFTHS}"
    elif is_below(1 / value, FOUR_FIFTHS):
        warning = (
            f", which puts {subject.others} at {_impact(1 / value)}, below the usual warning line of {FOUR_FIFTHS}"
        )
    times = "as often" if _is_nothing(value - 1) else f"{_impact(value)} times as often"
    return f"{subject.group} is predicted {_then(subject.outcome, times)} as {subject.others}{warning}: {rates}"


def _dca(value: float, subject: Subject) -> str:
    ratios = _ratios(subject, lambda g: g.positive, lambda g: g.predicted_positive, "row")
    size = "as many positive predictions as" if _is_nothing(value) else f"{_fewer(value)} positive predictions than"
    return (
        f"measured by what was observed, {subject.group} is given {size} {subject.others}: "
        f"{ratios} observed positive for each row predicted positive"
    )


def _dcr(value: float, subject: Subject) -> str:
    ratios = _ratios(subject, lambda g: g.negative, lambda g: g.predicted_negative, "row")
    size = "as many negative predictions as" if _is_nothing(value) else f"{_fewer(-value)} negative predictions than"
    return (
        f"measured by what was observed, {subject.group} is given {size} {subject.others}: "
        f"{ratios} observed negative for each row predicted negative"
    )


def _dar(value: float, subject: Subject) -> str:
    often, rates = _often("DAR", -value, subject), _rates("DAR", subject)
    return f"a positive prediction is right for {_then(subject.group, often)} for {subject.others}: {rates}"


def _drr(value: float, subject: Subject) -> str:
    often, rates = _often("DRR", value, subject), _rates("DRR", subject)
    return f"a negative prediction is right for {_then(subject.group, often)} for {subject.others}: {rates}"


def _rd(value: float, subject: Subject) -> str:
    often, rates = _often("RD", -value, subject), _rates("RD", subject)
    group = _then(subject.group, often)
    return f"the model recognises rows with {subject.outcome} in {group} in {subject.others}: {rates}"


def _sd(value: float, subject: Subject) -> str:
    often, rates = _often("SD", value, subject), _rates("SD", subject)
    group = _then(subject.group, often)
    return f"the model recognises rows without {subject.outcome} in {group} in {subject.others}: {rates}"


def _ad(value: float, subject: Subject) -> str:
    often, rates = _often("AD", -value, subject), _rates("AD", subject)
    return f"the model is right for {_then(subject.group, often)} for {subject.others}: {rates}"


def _te(value: float, subject: Subject) -> str:
    ratios = _ratios(subject, lambda g: g.fn, lambda g: g.fp, "false rejection")
    harm = "more often" if value > 0 else "less often"
    size = "false rejections as often as" if _is_nothing(value) else f"{harm} false rejections than"
    return f"errors about {subject.group} are {size} errors about {subject.others}: {ratios} for each false acceptance"


def _ft(value: float, subject: Subject) -> str:
    flips = subject.flips
    if flips is None:
        return f"the flip test of {subject.group} is {_number(value)}"
    rejected, accepted = (
        f"{number:,} {'is' if number == 1 else 'are'}" for number in (flips.to_positive, flips.to_negative)
    )
    return (
        f"of {counted(flips.rows, 'row')} of {subject.group}, {rejected} rejected where similar rows of "
        f"{subject.others} are accepted, and {accepted} accepted where similar ones are rejected"
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


Part = Callable[[Counts], float]

RATES: dict[str, tuple[Part, Part]] = {
    "DPL": (lambda g: g.positive, lambda g: g.n),
    "DPPL": (lambda g: g.predicted_positive, lambda g: g.n),
    "DI": (lambda g: g.predicted_positive, lambda g: g.n),
    "RD": (lambda g: g.tp, lambda g: g.positive),
    "SD": (lambda g: g.tn, lambda g: g.negative),
    "DAR": (lambda g: g.tp, lambda g: g.predicted_positive),
    "DRR": (lambda g: g.tn, lambda g: g.predicted_negative),
    "AD": (lambda g: g.correct, lambda g: g.n),
}
"""The rate that a metric compares between the groups: some rows, and of which."""

RARE = 0.001
"""Of rates that are all nearer than this to 0 or 1 one decimal says nothing: 4 and 1 cases in 10,000 look the same."""


# --- numbers as people read them ---------------------------------------------------------------------------------
def _decimals(metric: str, subject: Subject) -> int:
    """Of the percentages and points in a sentence: one, or for rare events two digits of the less rare rate."""
    if metric not in RATES:
        return 1
    part, whole = RATES[metric]
    return _decimals_of(*(ratio(part(group), whole(group)) for group in (subject.d, subject.a)))


def _decimals_of(*shares: float) -> int:
    rarest = max(min(share, 1 - share) for share in shares)
    return 1 if rarest >= RARE or rarest <= NOISE else 1 - math.floor(math.log10(100 * rarest))


def _percent(share: float, decimals: int) -> str:
    """What is not zero, or not everything, is never written as if it were."""
    said, least = f"{100 * share:.{decimals}f}", 10.0**-decimals
    if float(said) == 0 and share > NOISE:
        return f"< {least:.{decimals}f} %"
    if float(said) == 100 and share < 1 - NOISE:
        return f"> {100 - least:.{decimals}f} %"
    return f"{said} %"


def _number(value: float, digits: int = 3) -> str:
    return "infinitely many" if math.isinf(value) else significant(value, digits)


def _impact(value: float) -> str:
    """A ratio of rates, which must not read as parity or as the warning line where it is neither."""
    return _plain(value) if math.isinf(value) else significant(value, digits_beside(value, 1.0, FOUR_FIFTHS))


def _no_points(difference: float, decimals: int) -> bool:
    return float(f"{100 * difference:.{decimals}f}") == 0


def _then(name: str, size: str) -> str:
    """A size after a name, apart from the number in which the name may end."""
    return f"{name}, {size}" if name[-1:].isdigit() and size[:1].isdigit() else f"{name} {size}"


def _often(metric: str, gain: float, subject: Subject) -> str:
    """``10.0 points less often than``, or ``about as often as``."""
    decimals = _decimals(metric, subject)
    if _no_points(gain, decimals):
        return "about as often as"
    return f"{100 * abs(gain):.{decimals}f} points {'more' if gain > 0 else 'less'} often than"


def _is_nothing(difference: float) -> bool:
    """Whether two ratios are equal; those of weighted rows differ in their last digit."""
    return abs(difference) <= NOISE


def _fewer(gain: float) -> str:
    return "fewer" if gain < 0 else "more"


def _rates(metric: str, subject: Subject) -> str:
    """Both rates; one of no rows counts as 0, as Clarify has it, and says so."""
    part, whole = RATES[metric]
    decimals = _decimals(metric, subject)

    def rate(group: Counts) -> str:
        return _percent(ratio(part(group), whole(group)), decimals) if whole(group) else "0.0 % (there are none)"

    return f"{rate(subject.d)} against {rate(subject.a)}"


def _ratios(subject: Subject, part: Part, whole: Part, noun: str) -> str:
    """Both ratios, with as many digits as tell them apart, and what they count."""
    d, a = (ratio(part(group), whole(group)) for group in (subject.d, subject.a))
    digits = digits_beside(d, a) if math.isfinite(d) and math.isfinite(a) else 3
    others = _number(a, digits)
    return f"{_number(d, digits)} against {others} {noun}{'' if others == '1' else 's'}"


def _certainty(metric: str, value: float, statistics: Statistics, level: float, decimals: int) -> str:
    """Interval and size of the groups, and whether the data allow for no disparity."""
    n = f"n = {statistics.n[1]:,} of {sum(statistics.n):,}"
    if statistics.interval is None:
        return f" ({n})"
    low, high = statistics.interval
    interval = f"{100 * level:.4g} % interval"
    if metric in IN_POINTS:
        said = f"{interval} {_points(metric, value, low, high, decimals)}"
    else:
        shown, *ends = (
            _impact(end) if metric == "DI" and math.isfinite(end) else _plain(end) for end in (value, low, high)
        )
        said = f"{metric} {shown}, {interval} {' to '.join(ends)}"
    parity = 1.0 if metric == "DI" else 0.0
    possible = metric != "GE" and low <= parity <= high
    allows = "; no difference is possible too" if possible else ""
    return f" ({said}; {n}{allows})"


def _points(metric: str, value: float, low: float, high: float, decimals: int) -> str:
    """The interval turned the same way round as the sentence, which gives the size of the difference."""
    if _no_points(value, decimals):
        less, more = (low, high) if metric in D_MINUS_A else (-high, -low)
        return f"{_sided(less, decimals)} to {_sided(more, decimals)}"
    turned = sorted([math.copysign(1, value) * low, math.copysign(1, value) * high])
    return f"{100 * turned[0]:.{decimals}f} to {100 * turned[1]:.{decimals}f} points"


def _sided(points: float, decimals: int) -> str:
    return f"{100 * abs(points):.{decimals}f} points {'less' if points < 0 else 'more'}"


def _plain(value: float) -> str:
    return f"{'-' if value < 0 else ''}infinity" if math.isinf(value) else significant(value, 3)
