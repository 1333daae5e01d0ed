"""Sentences about results that hold no finding of their own, as Clarify's: what the value alone says."""

import pytest

from pellucid.reports.content.judging import sentence_of, tone_of
from pellucid.reports.reading import Group, Metric


def said(name: str, value: float) -> tuple[str, str]:
    """Sentence and tone of a metric of women."""
    metric = Metric(name=name, title=name, value=value)
    group = Group(facet="sex", value="F", metrics=(metric,))
    return sentence_of(group, metric).partition(", ")[2], tone_of(metric)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        # Equal shares as floats leave them: 0.1 + 0.2 less 0.3, and 0.3 of 0.1 + 0.2.
        ("DPL", (0.1 + 0.2) - 0.3, "difference in positive labels 0.0 points: no disparity."),
        ("DI", 0.3 / (0.1 + 0.2), "disparate impact 1.00: no disparity."),
    ],
)
def test_what_arithmetic_leaves_of_equal_shares_is_told_as_no_disparity(name: str, value: float, sentence: str):
    assert said(name, value) == (sentence, "neutral")
