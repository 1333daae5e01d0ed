"""Two results side by side, without the rows."""

import json
import math
from dataclasses import replace

import pytest

from pellucid.errors import DataError
from pellucid.reports.comparison import (
    COMPARISON,
    MetricKey,
    build_comparison,
    compare_sources,
    comparison_from,
    comparison_text,
)
from pellucid.reports.document import Chart, Table
from pellucid.reports.html import render_html
from pellucid.reports.numbers import points
from pellucid.reports.pdf import render_pdf
from pellucid.reports.sections import sections_of
from pellucid.reports.source import ReportSource

DPPL = MetricKey("post_training", "sex", "F", "DPPL")


def metric(name, value, low, high, **more):
    return {
        "name": name,
        "description": name,
        "value": value,
        "interval": [low, high],
        "p_value": 0.0,
        "n": {"a": 500, "d": 500},
        "state": "ok",
        **more,
    }


def source(*metrics, facet="sex", value="F", digest="aa", **evidence):
    group = {"value_or_threshold": value, "metrics": list(metrics)}
    stage = {"label": "hired", "label_value_or_threshold": "1", "facets": {facet: [group]}}
    return ReportSource(
        analysis={"version": "1.0", "post_training_bias_metrics": stage},
        details={"rows": 1000, "confidence_level": 0.95},
        evidence={"inputs": [{"role": "data", "sha256": digest}], **evidence},
    )


def explained(**values):
    shown = {
        "label0": {"global_shap_values": {name: value for name, (value, _) in values.items()}, "expected_value": 0}
    }
    features = {
        name: {"value": value, "corrected": value, "standard_error": error, "interval": [value - error, value + error]}
        for name, (value, error) in values.items()
    }
    return ReportSource(
        analysis={"version": "1.0", "explanations": {"kernel_shap": shown}},
        details={
            "confidence_level": 0.95,
            "explanations": {"kernel_shap": {"labels": {"label0": {"features": features}}}},
        },
    )


def compared(first, second, **more):
    return compare_sources(first, second, names=("old", "new"), **more)


def test_a_change_is_told_with_both_values_its_difference_and_its_interval():
    found = compared(source(metric("DPPL", 0.20, 0.17, 0.23)), source(metric("DPPL", 0.10, 0.06, 0.14)))
    difference = found.metrics[DPPL]
    assert difference.value == pytest.approx(-0.1)
    assert difference.interval == pytest.approx((-0.15, -0.05))
    (finding,) = build_comparison(found).sections[0].blocks[0].items
    assert finding.tone == "better"
    assert finding.text == (
        "sex = F: difference in positive predictions (DPPL) went from +20.0 points in old to +10.0 points in new, "
        f"nearer to parity (difference {points(-0.1)}, 95 % interval {points(-0.15)} to {points(-0.05)})."
    )


def test_the_same_labels_differ_by_nothing_where_the_data_are_the_same():
    stage = source(metric("DPL", 0.2, 0.1, 0.3)).analysis["post_training_bias_metrics"]
    one = replace(source(), analysis={"pre_training_bias_metrics": stage})
    key = MetricKey("pre_training", "sex", "F", "DPL")
    assert compared(one, one).metrics[key].interval == (0.0, 0.0)
    other = replace(one, evidence={"inputs": [{"role": "data", "sha256": "bb"}]})
    assert compared(one, other).same_data is False
    low, high = compared(one, other).metrics[key].interval
    assert low < 0 < high


def test_labels_of_the_same_data_that_were_read_otherwise_differ_by_what_they_differ():
    of_labels = [source(metric("DPL", value, value - 0.1, value + 0.1)) for value in (0.2, 0.35)]
    one, other = (
        replace(found, analysis={"pre_training_bias_metrics": found.analysis["post_training_bias_metrics"]})
        for found in of_labels
    )
    found = compared(one, other)
    difference = found.metrics[MetricKey("pre_training", "sex", "F", "DPL")]
    assert found.same_data is True
    assert difference.value == pytest.approx(0.15)
    assert difference.interval == pytest.approx((0.15 - 0.1 * 2**0.5, 0.15 + 0.1 * 2**0.5))


def test_other_outcomes_and_other_importances_under_one_name_are_told():
    first = source(metric("DPPL", 0.2, 0.1, 0.3))
    stage = first.analysis["post_training_bias_metrics"] | {"label_value_or_threshold": "0"}
    second = replace(first, analysis={"post_training_bias_metrics": stage})
    assert compared(first, second).only == (
        (
            "Favourable is hired = 1 in old and hired = 0 in new: such numbers do not measure the same, and a "
            "difference between them says little."
        ),
    )
    one, other = (
        replace(
            explained(age=(0.3, 0.1)), details={"explanations": {"kernel_shap": {"aggregation": way, "link": link}}}
        )
        for way, link in (("mean_abs", "identity"), ("median", "logit"))
    )
    assert [text.partition(" in old")[0] for text in compared(one, other).only] == [
        "Global SHAP values are aggregated by mean_abs",
        "SHAP values explain, by their link, identity",
    ]


def test_what_only_one_result_holds_is_named():
    found = compared(
        source(metric("DPPL", 0.2, 0.1, 0.3), metric("AD", 0.1, 0, 0.2)), source(metric("DPPL", 0.2, 0.1, 0.3))
    )
    assert found.only == ("Only old holds sex F: AD.",)
    assert list(found.metrics) == [DPPL]


def test_results_that_have_nothing_in_common_say_so():
    found = compared(source(metric("DPPL", 0.2, 0.1, 0.3)), source(metric("DPPL", 0.2, 0.1, 0.3), value="M"))
    document = build_comparison(found)
    assert not found.metrics
    assert document.sections[0].blocks[0].text == "The two results have no bias metric in common."
    assert document.subtitle == "new against old: no bias metric in common."


def test_importances_are_compared_by_their_standard_errors():
    found = compared(explained(age=(0.30, 0.01), tenure=(0.10, 0.02)), explained(age=(0.20, 0.01), tenure=(0.11, 0.02)))
    verdicts = {key.feature: difference.verdict for key, difference in found.importances.items()}
    assert verdicts["tenure"] == "no clear change"
    document = build_comparison(found)
    table = next(
        block
        for section in sections_of(document)
        for block in section.blocks
        if isinstance(block, Table) and block.caption == "Global SHAP values"
    )
    assert [row[0] for row in table.rows] == ["age", "tenure"]
    assert [row[-1] for row in table.rows] == ["matters less", "no clear change"]


def test_a_comparison_survives_its_file(tmp_path):
    first = source(metric("DPPL", 0.2, 0.1, 0.3), metric("DI", "Infinity", 1.0, "Infinity"))
    found = compared(first, source(metric("DPPL", 0.1, 0.0, 0.2), metric("DI", 0.5, 0.4, 0.6)))
    (tmp_path / COMPARISON).write_text(comparison_text(found))
    read = comparison_from(tmp_path / COMPARISON)
    assert build_comparison(read) == build_comparison(found)
    assert read.metrics[DPPL] == found.metrics[DPPL]
    key = replace(DPPL, metric="DI")
    assert math.isinf(read.metrics[key].value)


@pytest.mark.parametrize(("key", "value"), [("format", "x"), ("metrics", [{}]), ("first", {"nickname": 1})])
def test_an_edited_comparison_is_refused(tmp_path, key, value):
    one = source(metric("DPPL", 0.2, 0.1, 0.3))
    document = json.loads(comparison_text(compared(one, one)))
    (tmp_path / COMPARISON).write_text(json.dumps({**document, key: value}))
    with pytest.raises(DataError, match="It is no comparison, or was edited"):
        comparison_from(tmp_path / COMPARISON)


def test_hostile_names_do_no_harm():
    name, value = "<script>alert(1)</script>" + "x" * 10_000, '"&\u202e😀\n#[]{}'
    one = source(metric("DPPL", 0.2, 0.19, 0.21), facet=name, value=value)
    other = source(metric("DPPL", 0.1, 0.09, 0.11), facet=name, value=value)
    document = build_comparison(compare_sources(one, other, names=("<b>old</b>", "new")))
    page = render_html(document)
    assert "<script>alert" not in page
    assert "<b>old" not in page
    assert render_pdf(document).startswith(b"%PDF")


def test_every_group_has_a_chart_and_a_table():
    found = compared(source(metric("DPPL", 0.2, 0.1, 0.3)), source(metric("DPPL", 0.1, 0.0, 0.2)))
    sections = {section.title: section for section in sections_of(build_comparison(found))}
    chart, table = sections["sex = F"].blocks
    assert isinstance(chart, Chart)
    assert [column.title for column in table.columns][2:5] == ["old", "new", "Difference"]


def test_nearer_to_parity_is_worse_for_a_group_that_was_favoured():
    found = compared(source(metric("DPPL", -0.20, -0.23, -0.17)), source(metric("DPPL", -0.10, -0.14, -0.06)))
    (finding,) = build_comparison(found).sections[0].blocks[0].items
    assert "nearer to parity" in finding.text
    assert finding.tone == "worse"


def test_a_change_to_about_as_far_on_the_other_side_is_told_for_the_group_but_not_as_nearer_or_further():
    found = compared(source(metric("DPPL", -0.11, -0.22, 0.0)), source(metric("DPPL", 0.10, -0.01, 0.21)))
    document = build_comparison(found)
    assert document.subtitle == "new against old: of 1 metric, 1 changed without being clearly nearer or further."
    (finding,) = document.sections[0].blocks[0].items
    assert "in new, changed, whether nearer to parity or further from it is not clear (difference" in finding.text
    assert finding.tone == "worse"  # others have the favourable outcome more often now


def test_an_importance_of_either_sign_that_changed_its_side_is_not_said_to_matter_less():
    found = compared(explained(age=(-0.30, 0.01), income=(-0.1, 0.09)), explained(age=(0.28, 0.01), income=(0.1, 0.09)))
    table = next(
        block
        for section in sections_of(build_comparison(found))
        for block in section.blocks
        if isinstance(block, Table) and block.caption == "Global SHAP values"
    )
    assert [row[-1] for row in table.rows] == ["now to the other side"] * 2
