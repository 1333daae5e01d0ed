"""The warning line of the four-fifths rule, beside the difference of the rates."""

from pellucid.bias.metrics import METRICS
from pellucid.counts import Counts
from pellucid.reports.content.findings import RankedMetric, _four_fifths
from pellucid.reports.reading import Group, Metric


def beside(a: Counts, d: Counts) -> str:
    """What the report adds to the difference of the shares predicted positive."""
    ratio, difference = (
        Metric(name=name, title=METRICS[name].title, value=METRICS[name].compute(a, d)) for name in ("DI", "DPPL")
    )
    group = Group(facet="sex", value="F", metrics=(ratio, difference))
    return _four_fifths(RankedMetric(group, difference, "facet-1"))


def test_exactly_four_fifths_are_not_below_the_line_though_their_floats_are():
    assert beside(a=Counts(tp=5, tn=7), d=Counts(tp=1, tn=2)) == ""


def test_what_is_barely_below_the_line_is_told_so_and_does_not_read_as_the_line():
    assert beside(a=Counts(tp=5_000, tn=5_000), d=Counts(tp=3_999, tn=6_001)) == (
        " That is 0.7998 times as often, below the usual warning line of 0.8."
    )
