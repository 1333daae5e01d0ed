"""What one metric says, as a whole sentence or in the few words that fit beside it where there are many groups."""

from __future__ import annotations

import re

from pellucid.cli.terminal import clean
from pellucid.results.bias import MetricResult

__all__ = ["is_certain", "may_be_none", "reading", "without_certainty"]

CERTAIN = 0.05
"""The adjusted p-value below which a difference counts as certain."""

RATES = {
    "AD": "accuracy",
    "DAR": "precision",
    "DI": "positive predictions",
    "DPL": "positive labels",
    "DPPL": "positive predictions",
    "DRR": "negative predictive value",
    "RD": "recall",
    "SD": "specificity",
}
"""What the two rates in the sentence of a metric are."""

_MAY_BE_NONE = "no difference is possible too"
_CERTAINTY = re.compile(r" \([^()]*n = [^()]*\)\.$")
_RATES = re.compile(r": (?P<rates>[^:]+ against [^:]+)$")


def is_certain(metric: MetricResult) -> bool:
    """Whether there is enough evidence, and it speaks against no difference."""
    statistics = metric.statistics
    if statistics is None or statistics.state != "ok" or statistics.p_value is None:
        return False
    return statistics.p_value < CERTAIN


def may_be_none(metric: MetricResult) -> bool:
    """Whether its sentence says that there may be no difference at all."""
    return _MAY_BE_NONE in (metric.finding or "")


def reading(metric: MetricResult, *, briefly: bool = False) -> str:
    """What the metric says, without what stands beside it in a table: its interval and the number of rows.

    Examples
    --------
    >>> finding = "sex = F has hired = 1, 5.0 points less often than all others: 20.0 % against 25.0 % (n = 50 of 90)."
    >>> metric = MetricResult(name="DPL", description="Difference in Positive ...", value=0.05, finding=finding)
    >>> reading(metric)
    'sex = F has hired = 1, 5.0 points less often than all others: 20.0 % against 25.0 %'
    >>> reading(metric, briefly=True)
    'positive labels: 20.0 % against 25.0 %'
    """
    if metric.error is not None:
        return f"not computed: {clean(metric.error)}"
    if metric.finding is None:
        return _title(metric)
    statistics = metric.statistics
    if statistics is not None and statistics.state == "insufficient_evidence":
        return f"insufficient evidence: {clean(statistics.reason or '')}"
    said = without_certainty(metric.finding)
    if briefly:
        said = _brief(metric, said)
    if may_be_none(metric):
        said += " (or none)" if briefly else f" ({_MAY_BE_NONE})"
    return said


def without_certainty(finding: str) -> str:
    """A finding without the parenthesis at its end."""
    return _CERTAINTY.sub("", clean(finding)).removesuffix(".")


def _title(metric: MetricResult) -> str:
    """The description without the abbreviation at its end, which stands beside it."""
    return clean(metric.description).removesuffix(f" ({metric.name})")


def _brief(metric: MetricResult, said: str) -> str:
    rates = _RATES.search(said)
    if rates is None:
        return _title(metric)
    return f"{RATES[metric.name]}: {rates['rates']}" if metric.name in RATES else rates["rates"]
