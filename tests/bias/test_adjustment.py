"""Holm's correction over a report: one hypothesis counts once, and everything the report says counts."""

import polars as pl
import pytest

from pellucid import bias
from pellucid.api.library import table_of
from pellucid.bias.adjustment import adjust_p_values
from pellucid.bias.analysis import analyse
from pellucid.config.bias_request import BiasRequest, FacetRequest
from pellucid.config.dataset import SegmentConfig
from pellucid.jobs.segments import with_segments

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


def test_an_intersection_has_its_own_adjusted_p_value():
    facets = {"f": "F", "g": "n"}
    report = bias(PEOPLE, label="y", positive=1, facets=facets, metrics="DPL", facet_intersections=True)
    [both] = report.intersections
    [(adjusted, unadjusted)] = p_values(both).values()
    assert unadjusted < adjusted <= 3 * unadjusted


def test_segments_count_too_each_as_hypotheses_of_its_own():
    request = BiasRequest(
        label="y", positive=(1,), facets=(FacetRequest(column="f", values=("F",)),), pre_training=("DPL", "TVD")
    )
    table = table_of(PEOPLE)
    halves = SegmentConfig(name_or_index="g", segments=[["n"], ["s"]])
    report = adjust_p_values(with_segments(analyse(request, table), request, table, [halves], lambda step: None))
    # all rows, g = n and g = s, each with one hypothesis for both metrics
    adjusted, unadjusted = p_values(report)["f", "DPL"]
    assert adjusted == pytest.approx(3 * unadjusted)
    of_halves = [p_values(part.report)["f", "TVD"] for part in report.segments if part.report is not None]
    larger, smaller = max(of_halves, key=lambda pair: pair[1]), min(of_halves, key=lambda pair: pair[1])
    assert smaller[0] == pytest.approx(max(adjusted, 2 * smaller[1]))
    assert larger[0] == pytest.approx(max(smaller[0], larger[1]))
