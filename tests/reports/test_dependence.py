"""Explanations in a report: curves of rows and accumulated effects beside the mean, exact values, surrogates."""

import json

import pytest
from read_documents import blocks_of, texts_of

from pellucid.reports.content import build_document
from pellucid.reports.document import Chart, Paragraph
from pellucid.reports.source import ReportSource

PLOT = {
    "feature_name": "age",
    "data_type": "numerical",
    "feature_values": [1.0, 2.0, 3.0],
    "data_distribution": [0.5, 0.25, 0.25],
    "model_predictions": [[0.1, 0.2, 0.4]],
    "label_headers": ["approved"],
}
FURTHER = {
    "single_rows": {"seed": 0, "rows": [4, 7], "curves": {"age": {"approved": [[0.11, 0.22, 0.33], [0.5, 0.6, 0.7]]}}},
    "accumulated_local_effects": {
        "age": {"edges": [1.0, 3.0], "labels": {"approved": {"effects": [-0.5, 0.5], "standard_errors": [0.0, 0.0]}}}
    },
}


def section(further, plot=PLOT):
    details = {"explanations": {"pdp": further}} if further is not None else {}
    document = build_document(
        ReportSource(analysis={"version": "1.0", "explanations": {"pdp": [plot]}}, details=details)
    )
    blocks = list(blocks_of(document))
    chart = next(block for block in blocks if isinstance(block, Chart) and "age" in block.title)
    told = " ".join(block.text for block in blocks if isinstance(block, Paragraph) and isinstance(block.text, str))
    return json.dumps(chart.specification), told


def test_curves_and_effects_are_drawn_and_explained():
    drawn, told = section(FURTHER)
    assert '"r": 1' in drawn or "0.33" in drawn
    assert "approved (accumulated)" in drawn
    # Effects at 1, 2 and 3 are -0.5, 0 and 0.5; moved by the mean of what they are apart from the curve, 0.325.
    for value in (-0.175, 0.325, 0.825):
        assert str(value) in drawn
    assert "Thin lines are single rows, chosen at random." in told
    assert "Accumulated local effects move each row only as far as rows near it lie" in told


@pytest.mark.parametrize(
    "further",
    [
        None,
        {},
        {"single_rows": None, "suppressed": True},
        {"single_rows": {"curves": {"age": {"approved": [[0.11, "x", 0.33]]}}}},
        {"accumulated_local_effects": {"age": {"edges": [1.0], "labels": {}}}},
    ],
    ids=["absent", "empty", "suppressed", "damaged rows", "damaged effects"],
)
def test_without_them_the_mean_stands_alone(further):
    drawn, _ = section(further)
    assert "(accumulated)" not in drawn
    assert "0.33" not in drawn


def test_exact_values_and_the_audit_of_a_surrogate_are_told():
    def facts(**details):
        explained = {"label0": {"global_shap_values": {"age": 0.5}, "expected_value": 0.1}}
        analysis = {"version": "1.0", "explanations": {"kernel_shap": explained}}
        source = ReportSource(analysis=analysis, details={"explanations": {"kernel_shap": {"rows": 9, **details}}})
        return " ".join(texts_of(build_document(source)))

    exact = facts(estimators={"exact: trees": 9}, samples_per_row=[0, 0])
    assert "the formula for ensembles of trees, exactly (9 rows)" in exact
    assert "Coalitions per row" not in exact
    audit = {"rows": 4, "relative_error": 0.0123}
    audited = facts(estimators={"surrogate": 9}, samples_per_row=[40, 40], surrogate={"audit": audit})
    assert "a surrogate of trees, corrected by samples (9 rows)" in audited
    assert "1.2 % on 4 rows computed without it" in audited
