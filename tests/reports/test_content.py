"""What the report says of explanations, of hostile names and of files of other hands."""

import json
import re

import polars as pl
import pytest
from read_documents import blocks_of, cells, section, sections_of, table_of, texts_of

from pellucid.api.job import run_job
from pellucid.api.library import bias
from pellucid.bias.metrics import METRICS
from pellucid.reports.content import build_document
from pellucid.reports.content.metric_texts import METRIC_TEXTS
from pellucid.reports.document import Chart, Code, Findings, Notice, Paragraph
from pellucid.reports.source import ReportSource, read_source

HOSTILE = [
    '<script>alert("1")</script>',
    'O\'Brien & "sons" {{ 7 * 7 }}',
    "👩🏽‍⚕️ ✂️",
    "ש\u202eלום مرحبا",
    "x" * 10_000,
    "a,b = c: d (n = 3)",
    "",
    "line\nbreak\ttab\x00",
]


# --- explanations -----------------------------------------------------------------------------------------------------
MODEL = """
import numpy as np
def score(rows):
    rows = np.asarray(rows, dtype=float)
    return 0.05 * rows[:, 0] + 0.2 * rows[:, 1]
"""


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explained")
    (folder / "report_model.py").write_text(MODEL)
    lines = [f"{i % 10},{i % 2},{i % 3 == 0:d}" for i in range(60)]
    (folder / "rows.csv").write_text("\n".join(["age,member,y", *lines]))
    config = {
        "dataset_type": "text/csv",
        "dataset_uri": "rows.csv",
        "label": "y",
        "predictor": {"model": "report_model:score", "label_headers": ["loan"]},
        "methods": {
            "shap": {"baseline": [[0, 0]], "num_samples": 20},
            "pdp": {"grid_resolution": 3, "features": ["age"]},
            "report": {"name": "loans", "title": "Loans"},
        },
    }
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        run_job(folder / "config.json", output=folder / "out")
    return build_document(read_source(folder / "out"))


def test_what_drives_the_predictions_stands_on_the_first_screen(explained):
    findings = next(block for block in explained.sections[0].blocks if isinstance(block, Findings))
    assert findings.items[0].text == (
        "Predictions of loan are driven most by age, which moves one by 0.225 on average, and by member (0.100)."
    )
    assert (findings.items[0].certainty, findings.items[0].anchor) == ("exact", "shap")
    assert (explained.title, explained.name) == ("Loans", "loans")


def test_importance_spread_and_single_rows_are_charts(explained):
    charts = [block.title for block in section(explained, "shap-1").blocks if isinstance(block, Chart)]
    assert charts == [
        "What moves loan most",
        "Attributions of single rows to loan (60 rows, drawn at random)",
        "Attribution of age by its value",
        "Attribution of member by its value",
        "The highest prediction of loan: 0.650, row 10 of the data",
        "The lowest prediction of loan: 0.00, row 1 of the data",
        "The prediction closest to the threshold of loan: 0.450, row 6 of the data",
    ]


def test_partial_dependence_has_its_numbers(explained):
    chart = section(explained, "partial-dependence").blocks[1]
    assert [cells(row) for row in chart.table.rows] == [
        ("1.50", "0.175", "30.0 %"),
        ("4.50", "0.325", "30.0 %"),
        ("7.50", "0.475", "40.0 %"),
    ]


def test_kinds_of_explanations_that_are_not_known_are_named():
    document = build_document(ReportSource(analysis={"explanations": {"new_kind": {}}}))
    assert section(document, "explanation-1").blocks == (
        Notice("missing", "This kind of explanation cannot be shown here; the result files hold it."),
    )


# --- files of other hands ---------------------------------------------------------------------------------------------
CLARIFY = {
    "version": "1.0",
    "post_training_bias_metrics": {
        "label": "approved",
        "facets": {
            "sex": [
                {
                    "value_or_threshold": "F",
                    "metrics": [
                        {"name": "AD", "description": "Accuracy Difference (AD)", "value": 0.06285714285714283},
                        {
                            "name": "CDDPL",
                            "description": "Conditional Demographic Disparity in Predicted Labels (CDDPL)",
                            "value": None,
                            "error": "Group variable is empty or not provided",
                        },
                        {"name": "DPPL", "description": "...", "value": 0.16571428571428573},
                        {"name": "TE", "description": "Treatment Equality (TE)", "value": "Infinity"},
                    ],
                }
            ]
        },
        "label_value_or_threshold": "1",
    },
    "explanations": {
        "kernel_shap": {"label0": {"global_shap_values": {"age": 0.1, "job": 0.3}, "expected_value": 0.25}},
        "pdp": [{"feature_name": "note", "data_type": "free_text", "error": "not supported"}],
    },
}


def test_files_of_clarifys_own_job_give_a_report_that_says_what_they_lack(tmp_path):
    (tmp_path / "analysis.json").write_text(json.dumps(CLARIFY))
    document = build_document(read_source(tmp_path))
    first = document.sections[0]
    assert next(block.text for block in first.blocks if isinstance(block, Paragraph)) == (
        "The group compared, sex = F, is worse off than all others in at least one respect. These results hold no "
        "intervals, so that nothing can be said on how sure the numbers are."
    )
    items = next(block for block in first.blocks if isinstance(block, Findings)).items
    assert [item.text for item in items] == [
        (
            "sex = F, difference in positive predictions +16.6 points: others are predicted the favourable outcome "
            "more often."
        ),
        "sex = F, accuracy difference +6.3 points: the model is right less often for the group.",
        "The predictions are driven most by job (0.300) and age (0.100), by global SHAP value.",
    ]
    assert "infinite" in [cells(row)[1] for row in table_of(document.sections[2], "sex = F").rows]


def test_an_edited_result_is_reported_as_such_and_the_rest_is_shown(tmp_path):
    edited = json.loads(json.dumps(CLARIFY))
    edited["post_training_bias_metrics"]["facets"]["sex"][0]["metrics"][0]["value"] = "good"
    (tmp_path / "analysis.json").write_text(json.dumps(edited))
    (tmp_path / "pellucid.json").write_text("{")
    document = build_document(read_source(tmp_path))
    assert (
        document.sections[0]
        .blocks[0]
        .text.startswith(
            "Parts of these results are missing or were changed after they had been written. pellucid.json is not JSON"
        )
    )
    assert any("AD: value is 'good', which is no number" in text for text in texts_of(document))
    assert any("+16.6 points" in text for text in texts_of(document))


def junk(value):
    """What an edit may leave in the place of a value."""
    return {"a": 1} if isinstance(value, list | int | float) else [value, None, 7]


def places(value, at=()):
    """The place of every value below the top of a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield (*at, key)
        yield from places(part, (*at, key))


@pytest.mark.slow
def test_whatever_value_was_edited_a_report_is_made():
    report = small_report()
    documents = {"analysis": report.to_dict() | {"explanations": CLARIFY["explanations"]}, "details": report.details()}
    found = list(places(documents))
    assert len(found) > 300
    for *path, last in (place for place in found if len(place) > 1):
        edited = json.loads(json.dumps(documents))
        parent = edited
        for key in path:
            parent = parent[key]
        parent[last] = junk(parent[last])
        assert build_document(ReportSource(**edited)).sections[0].anchor == "findings"


def small_report(values=("F", "M"), **keys):
    half = 60
    rows = {
        "sex": [values[0]] * half + [values[1]] * half,
        "y": ([1] * 20 + [0] * 40) * 2,
        "p": [1] * 15 + [0] * 45 + [1] * 35 + [0] * 25,
    }
    asked = {"label": "y", "positive": 1, "predicted": "p", "facets": {"sex": values[0]}, "metrics": ["DPL", "DPPL"]}
    return bias(pl.DataFrame(rows), **asked | keys)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stand_in_the_report_as_they_are_and_do_no_harm(name):
    report = small_report((name, "other"), facets={"sex": [name]})
    shap = {"global_shap_values": {name: 0.5, "age": 0.1}, "expected_value": 0.0}
    plot = {
        "feature_name": name,
        "data_type": "categorical",
        "feature_values": [name, "b"],
        "data_distribution": [0.5, 0.5],
        "model_predictions": [[0.1, 0.2]],
        "label_headers": [name],
    }
    analysis = report.to_dict() | {"explanations": {"kernel_shap": {name: shap}, "pdp": [plot], name: {}}}
    document = build_document(ReportSource(analysis=analysis, details=report.details()))
    assert all(re.fullmatch("[a-z0-9-]+", found.anchor) for found in sections_of(document))
    assert all(len(found.title) <= 200 for found in sections_of(document))
    if len(name) < 60 and name.isprintable() and name:
        assert any(name in text for text in texts_of(document))
    charts = [block.specification for block in blocks_of(document) if isinstance(block, Chart)]
    assert charts
    json.dumps(charts, allow_nan=False)


def test_an_empty_result_says_that_nothing_was_computed():
    document = build_document(ReportSource())
    assert any(text.startswith("No bias metric was computed") for text in texts_of(document))


def test_the_configuration_is_an_appendix():
    source = ReportSource(details={"configuration": {"label": "ä"}})
    assert section(build_document(source), "configuration").blocks == (Code('{\n  "label": "ä"\n}', language="json"),)


def test_evidence_is_shown_in_full():
    digest = {"role": "data", "path": "a.csv", "sha256": "ab" * 32, "bytes": 1234}
    evidence = {"command": "pellucid run c.json", "inputs": [digest], "seconds": 1.25, "versions": {"pellucid": "1"}}
    found = section(build_document(ReportSource(evidence=evidence)), "evidence")
    assert Code("pellucid run c.json", language="shell") in found.blocks
    assert cells(table_of(found, "What went in").rows[0]) == ("a.csv", "data", "1,234", "ab" * 32)


def test_every_metric_is_explained():
    assert set(METRIC_TEXTS) == set(METRICS)
    assert {name for name, text in METRIC_TEXTS.items() if text.neutral != METRICS[name].parity} == set()


def summary_of(report):
    """The first paragraph of the first screen."""
    document = build_document(ReportSource(analysis=report.to_dict(), details=report.details()))
    return next(block.text for block in document.sections[0].blocks if isinstance(block, Paragraph))


def test_of_a_group_without_anybody_to_compare_it_with_nothing_is_said():
    why = "no difference in outcomes was computed, or none may be shown."
    nobody = f"Nothing says whether the group compared, sex = F, is worse off than all others: {why}"
    assert summary_of(small_report(("F", "F"))) == nobody
    assert summary_of(small_report(metrics=["CI"])) == nobody  # the size of a group says nothing of its outcomes
    assert summary_of(small_report(metrics=["CI"], facets={"sex": None})) == (
        f"Nothing says whether a group compared is worse off than all others: {why}"
    )


def test_a_group_that_could_not_be_compared_is_not_among_those_that_are_not_worse_off():
    rows = {"sex": ["F", "M"] * 100, "town": ["x"] * 200, "y": [0, 0, 1, 1] * 50}
    report = bias(pl.DataFrame(rows), label="y", positive=1, facets={"sex": ["F"], "town": ["x"]}, metrics=["DPL"])
    assert summary_of(report) == (
        "The group compared, sex = F, is not clearly worse off than all others. Nothing is said of town = x: no "
        "difference in outcomes was computed, or none may be shown."
    )
