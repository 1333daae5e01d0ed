"""Holm's correction over a report: one hypothesis counts once, and everything the report says counts."""

import polars as pl
import pytest

from pellucid import bias

PEOPLE = pl.DataFrame(
    {
        "f": ["F"] * 200 + ["M"] * 200,
        "g": ["n", "s"] * 200,
        "y": [1] * 80 + [0] * 120 + [1] * 105 + [0] * 95,
    }
)


def p_values(report):
    return {
        (facet.facet, metric.name): (metric.statistics.p_value, metric.statistics.p_value_unadjusted)
        for stage in report.stages
        for facet in stage.facets
        for metric in facet.metrics
    }


def test_metrics_of_one_hypothesis_share_one_p_value_and_count_once():
    found = p_values(bias(PEOPLE, label="y", positive=1, facets={"f": "F"}, metrics=["DPL", "KL", "TVD"]))
    assert len(set(found.values())) == 1
    adjusted, unadjusted = found["f", "DPL"]
    assert adjusted == unadjusted < 0.02


def test_two_hypotheses_double_the_smaller_p_value():
    found = p_values(bias(PEOPLE, label="y", positive=1, facets={"f": "F", "g": "n"}, metrics="DPL"))
    adjusted, unadjusted = found["f", "DPL"]
    assert adjusted == pytest.approx(2 * unadjusted)
    assert found["g", "DPL"][0] == pytest.approx(max(found["g", "DPL"][1], adjusted))


def test_intersections_count_too():
    facets = {"f": "F", "g": "n"}
    report = bias(PEOPLE, label="y", positive=1, facets=facets, metrics="DPL", facet_intersections=True)
    adjusted, unadjusted = p_values(report)["f", "DPL"]
    assert adjusted == pytest.approx(3 * unadjusted)
