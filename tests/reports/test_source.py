"""Reading a folder of results, whatever became of its files; and telling whether numbers belong together."""

import json
import math

import pytest

from pellucid.api.library import bias
from pellucid.errors import DataError
from pellucid.reports.checking import inconsistencies
from pellucid.reports.reading import number_in, read_stages
from pellucid.reports.source import ReportSource, read_source

ROWS = {
    "sex": ["F"] * 60 + ["M"] * 60,
    "y": [1] * 20 + [0] * 40 + [1] * 30 + [0] * 30,
    "p": [1] * 15 + [0] * 45 + [1] * 35 + [0] * 25,
}


@pytest.fixture(scope="module")
def results():
    """Both documents of an analysis."""
    import polars as pl

    report = bias(pl.DataFrame(ROWS), label="y", positive=1, predicted="p", facets={"sex": "F"})
    return report.to_dict(), report.details()


@pytest.fixture
def folder(tmp_path, results):
    """A folder of results, with files changed or, if None, left out."""

    def written(**texts):
        analysis, details = results
        files = {"analysis": json.dumps(analysis), "pellucid": json.dumps(details)} | texts
        for name, text in files.items():
            if text is not None:
                (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
        return tmp_path

    return written


def test_a_folder_as_a_job_leaves_it_has_no_problems(folder, results):
    source = read_source(folder())
    assert source == ReportSource(analysis=results[0], details=results[1])


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        read_source(tmp_path)
    assert str(caught.value) == (
        f"results: got {str(tmp_path)!r}. It holds no analysis.json that can be read. Give the folder that a job wrote "
        "its results to."
    )


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (
            {"pellucid": '{"rows": '},
            "pellucid.json is not JSON (Expecting value, line 1, column 10): it was cut or edited, and is left out.",
        ),
        ({"pellucid": "[]"}, "pellucid.json holds no JSON object: it was edited, and is left out."),
        ({"analysis": None}, "analysis.json is missing: bias metrics and explanations cannot be shown."),
        (
            {"evidence": "{}"},
            "evidence.json: format: got None. Expected 'pellucid-evidence-1': the file was edited or cut.",
        ),
    ],
)
def test_a_part_that_cannot_be_read_is_told_and_the_rest_kept(folder, texts, problem):
    assert read_source(folder(**texts)).problems == (problem,)


def test_text_that_is_not_utf_8_is_told(folder):
    place = folder()
    (place / "pellucid.json").write_bytes(b'{"a": "\xff"}')
    problem = "pellucid.json is not UTF-8 text (byte 7): it was damaged, and is left out."
    assert read_source(place).problems == (problem,)


def test_a_file_that_was_changed_after_its_digest_was_taken_is_told(folder):
    digest = {"role": "result", "path": "pellucid.json", "sha256": "0" * 64, "bytes": 3}
    evidence = {
        "format": "pellucid-evidence-1", "command": "pellucid run", "inputs": [], "results": [digest], "model": None,
        "model_rows": None, "model_requests": None, "seed": 0, "started": "2026-01-01T00:00:00Z", "seconds": 1.0,
        "versions": {},
    }  # fmt: skip
    source = read_source(folder(evidence=json.dumps(evidence)))
    assert source.problems == ("pellucid.json was changed after the job had written it.",)


def test_a_metric_that_does_not_follow_from_the_counts_is_told(folder, results):
    edited = json.loads(json.dumps(results[0]))
    metrics = edited["pre_training_bias_metrics"]["facets"]["sex"][0]["metrics"]
    next(metric for metric in metrics if metric["name"] == "DPL")["value"] = 0.001
    assert read_source(folder(analysis=json.dumps(edited))).problems == (
        (
            "DPL of sex = F is 0.001 in analysis.json, but 0.166667 by the counts in pellucid.json: one of the two "
            "files was edited."
        ),
    )


def test_a_metric_that_was_changed_a_little_is_told_with_as_many_digits_as_show_it(folder, results):
    edited = json.loads(json.dumps(results[0]))
    metrics = edited["pre_training_bias_metrics"]["facets"]["sex"][0]["metrics"]
    next(metric for metric in metrics if metric["name"] == "DPL")["value"] = 1 / 6 + 4e-8
    assert read_source(folder(analysis=json.dumps(edited))).problems == (
        (
            "DPL of sex = F is 0.16666671 in analysis.json, but 0.16666667 by the counts in pellucid.json: one of the "
            "two files was edited."
        ),
    )


def test_weighted_results_are_not_checked_against_counts_of_rows(results):
    analysis = json.loads(json.dumps(results[0]).replace("0.16666666666666669", "0.5"))
    assert inconsistencies(analysis, {**results[1], "configuration": {"weights": "w"}}) == []


# --- values -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.5, 0.5), (2, 2.0), ("Infinity", math.inf), ("-Infinity", -math.inf), ("∞", math.inf), (10**400, math.inf)]
    + [(other, None) for other in (None, True, "0.5", "", [], {}, math.nan)],
)
def test_only_what_is_a_number_is_read_as_one(value, expected):
    assert number_in(value) == expected


def stage(metric):
    entry = {"value_or_threshold": "F", "metrics": [metric]}
    return {"pre_training_bias_metrics": {"label": "y", "facets": {"sex": [entry]}, "label_value_or_threshold": "1"}}


def test_numbers_edited_to_text_are_told_and_left_out():
    (found,), problems = read_stages(stage({"name": "DPL", "description": "Difference (DPL)", "value": "lots"}))
    assert (found.groups[0].metrics[0].value, found.groups[0].metrics[0].title) == (None, "Difference")
    assert problems == ("pre_training_bias_metrics, sex, DPL: value is 'lots', which is no number; it is not shown.",)


@pytest.mark.parametrize("section", [3, [], {"facets": []}, {"facets": {"sex": 3}}, {"facets": {"sex": [3, {}]}}])
def test_a_section_of_another_form_is_told(section):
    _, problems = read_stages({"pre_training_bias_metrics": section})
    assert problems
    assert all("edited" in problem for problem in problems)
