"""What a job keeps for its report beside Clarify's results."""

import json

import pytest

from pellucid.api.job import run_job
from pellucid.api.job_details import full_details
from pellucid.api.preflight import preflight
from pellucid.reports.content import build_document
from pellucid.reports.source import ReportSource, read_source

ROWS = "".join(f"r{i},{30 + i % 5},{'FM'[i % 2]},{int(i % 10 in (0, 2, 1, 3, 5))},x\n" for i in range(100))
CONFIG = {
    "dataset_type": "text/csv",
    "dataset_uri": "people.csv",
    "headers": ["id", "age", "sex", "approved", "note"],
    "joinsource_name_or_index": "id",
    "label": "approved",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}],
    "excluded_columns": ["note"],
    "methods": {"pre_training_bias": {"methods": ["DPL"]}, "report": {"name": "loans", "title": "Loans"}},
}


@pytest.fixture
def job(tmp_path):
    """Run a job; its folder of results."""

    def run(*, strict=False, **keys):
        (tmp_path / "people.csv").write_text(ROWS)
        (tmp_path / "config.json").write_text(json.dumps(CONFIG | keys))
        run_job(tmp_path / "config.json", output=tmp_path / "out", strict=strict)
        return tmp_path / "out"

    return run


def details(folder):
    return json.loads((folder / "pellucid.json").read_text())


def test_every_column_has_its_type_and_its_parts(job):
    assert details(job())["dataset"]["columns"] == [
        {"column": "id", "type": "text", "parts": ["row identifier"]},
        {"column": "age", "type": "integer", "parts": ["feature"]},
        {"column": "sex", "type": "text", "parts": ["facet", "feature"]},
        {"column": "approved", "type": "integer", "parts": ["label"]},
        {"column": "note", "type": "text", "parts": ["excluded"]},
    ]


def test_rows_left_out_by_a_join_are_counted_with_their_cause(job, tmp_path):
    (tmp_path / "scores.csv").write_text("".join(f"r{i},{i % 2}\n" for i in range(10, 120)))
    folder = job(
        predicted_label_dataset_uri="scores.csv",
        predicted_label_headers=["id", "predicted_label"],
        methods={"post_training_bias": {"methods": ["DPPL"]}},
    )
    found = details(folder)["dataset"]
    assert found["rows"] == 90
    assert found["left_out"] == [
        {
            "where": "dataset_uri",
            "rows": 10,
            "cause": "id is missing or does not occur in predicted_label_dataset_uri",
        },
        {
            "where": "predicted_label_dataset_uri",
            "rows": 20,
            "cause": "id is missing or does not occur in dataset_uri",
        },
    ]


def test_the_configuration_is_kept_without_passwords(job):
    methods = {**CONFIG["methods"], "report": {"name": "r", "title": "see https://me:secret@example.org/x"}}
    found = details(job(methods=methods))["configuration"]
    assert found["methods"]["report"]["title"] == "see https://example.org/x"
    assert found["label"] == "approved"


def test_a_report_takes_its_title_from_the_configuration_that_was_kept(job):
    document = build_document(read_source(job()))
    assert (document.title, document.name, document.subtitle) == ("Loans", "loans", "100 rows; bias by sex.")


def test_a_strict_job_leaves_no_file_of_ours_and_can_be_reported_all_the_same(job, tmp_path):
    folder = job(strict=True)
    assert not (folder / "pellucid.json").exists()
    prepared = preflight(tmp_path / "config.json", strict=True)
    result = run_job(tmp_path / "config.json", output=folder, strict=True)
    source = ReportSource(analysis=result.document, details=full_details(prepared, result.report, result.explanations))
    document = build_document(source)
    assert document.title == "Loans"
    assert "facet-1-groups" in {part.anchor for section in document.sections for part in section.sections}
