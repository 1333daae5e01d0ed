"""A job from its configuration to its files, without a command line."""

import json

import pytest

from pellucid.api.inspection import inspect
from pellucid.api.job import run_job
from pellucid.api.preflight import preflight
from pellucid.errors import AnalysisError, InputError

# 2 of 5 women and 3 of 5 men are approved, ten times over
ROWS = "".join(f"{30 + i % 5},{'FM'[i % 2]},{int(i % 10 in (0, 2, 1, 3, 5))}\n" for i in range(100))
CONFIG = {
    "dataset_type": "text/csv",
    "dataset_uri": "people.csv",
    "headers": ["age", "sex", "approved"],
    "label": "approved",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}],
    "methods": {"pre_training_bias": {"methods": ["DPL"]}},
}


@pytest.fixture
def job(tmp_path):
    """A configuration, changed as wanted, beside its data set."""

    def written(rows=ROWS, **keys):
        (tmp_path / "people.csv").write_text(rows)
        (tmp_path / "analysis_config.json").write_text(json.dumps(CONFIG | keys))
        return tmp_path / "analysis_config.json"

    return written


def test_a_job_tells_its_steps_and_returns_what_it_wrote(job, tmp_path):
    steps = []
    result = run_job(job(), output=tmp_path / "out", progress=steps.append)
    assert steps == [
        "checking configuration and data",
        "counting rows",
        "pre-training bias of sex = F",
        "writing results",
    ]
    assert [file.name for file in result.files] == ["analysis.json", "pellucid.json"]
    assert json.loads(result.files[0].read_text()) == result.document
    assert result.report.stages[0].facets[0].metrics[0].value == pytest.approx(0.2)


@pytest.fixture
def small_files_are_large(monkeypatch):
    """Files of 100 kB are read as files of 100 MB are: with the types of their first rows."""
    monkeypatch.setattr("pellucid.datasets.parts.LARGE", 100_000)


@pytest.mark.usefixtures("small_files_are_large")
def test_types_that_the_first_rows_suggest_wrongly_are_settled_before_a_number_is_told(job, tmp_path):
    many = ROWS * 400 + "unknown,F,1\n"
    facet = [{"name_or_index": "age", "value_or_threshold": ["unknown"]}]
    result = run_job(job(many, facet=facet), output=tmp_path / "out")
    assert result.report.rows == 40_001
    assert result.report.groups[0].rows == 1


@pytest.mark.usefixtures("small_files_are_large")
def test_a_late_surprise_in_the_column_of_a_segment_is_settled_too(job, tmp_path):
    many = ROWS * 400 + "unknown,F,1\n"
    segments = [{"name_or_index": "age", "segments": [["unknown"], ["30"]]}]
    result = run_job(job(many, segment_config=segments), output=tmp_path / "out")
    assert [segment.rows for segment in result.report.segments] == [1, 8000, 32_000]


def test_the_data_set_given_wins_over_the_configurations_and_that_over_the_input(job, tmp_path):
    (tmp_path / "other.csv").write_text(ROWS[: len(ROWS) // 2])
    other = str(tmp_path / "other.csv")
    assert run_job(job(), output=tmp_path / "out", data=other).report.rows == 50
    assert run_job(job(), output=tmp_path / "out", data_input=other).report.rows == 100
    config = json.loads(job().read_text())
    del config["dataset_uri"]
    job().write_text(json.dumps(config))
    assert run_job(tmp_path / "analysis_config.json", output=tmp_path / "out", data_input=other).report.rows == 50


def test_a_job_without_a_data_set_asks_for_one(job):
    config = job()
    config.write_text(json.dumps({key: value for key, value in CONFIG.items() if key != "dataset_uri"}))
    assert [str(problem) for problem in preflight(config).problems] == [
        "dataset_uri: Name the data set here, or give it with --data."
    ]


def test_what_could_be_computed_of_a_job_that_clarify_fails_on_is_kept(job, tmp_path):
    rows = "".join(f"{line},0\n" for line in ROWS.splitlines())
    config = job(
        rows,
        headers=["age", "sex", "approved", "predicted"],
        predicted_label="predicted",
        methods={"pre_training_bias": {"methods": ["DPL"]}, "post_training_bias": {"methods": ["DI"]}},
    )
    with pytest.raises(AnalysisError):
        run_job(config, output=tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["analysis.partial.json"]
    found = json.loads((tmp_path / "out" / "analysis.partial.json").read_text())
    assert list(found) == ["version", "pre_training_bias_metrics"]


def test_faults_of_the_data_are_told_beside_those_of_the_configuration(job, tmp_path):
    with pytest.raises(InputError) as caught:
        run_job(job(facet=[{"name_or_index": "sex", "value_or_threshold": ["f"]}], seed="x"), output=tmp_path)
    assert [problem.where for problem in caught.value.problems] == ["seed", "facet[0].value_or_threshold"]


def test_an_inspection_shows_what_the_keys_select(job):
    found = inspect(job())
    assert (found.problems, found.rows) == ((), 100)
    assert [(column.name, column.type, column.role) for column in found.columns] == [
        ("age", "integer", "feature"),
        ("sex", "text", "facet"),
        ("approved", "integer", "label"),
    ]
    assert [(group.key, group.printed, group.rows) for group in found.groups] == [
        ("label_values_or_threshold", "1", 50),
        ("facet[0].value_or_threshold", "F", 50),
    ]
    assert found.value_counts["sex"] == {"F": 50, "M": 50}
    assert found.columns[0].first_values == (30, 31, 32, 33, 34)


@pytest.mark.usefixtures("small_files_are_large")
def test_an_inspection_shows_the_types_that_the_job_decides_on(job):
    many = ROWS * 400 + "unknown,F,1\n"
    found = inspect(job(many, facet=[{"name_or_index": "age", "value_or_threshold": ["unknown"]}]))
    assert (found.problems, found.columns[0].type, found.decisions[1].type) == ((), "text", "text")


def test_an_inspection_finds_what_the_whole_analysis_would_fail_on(job):
    rows = ROWS.replace(",F,", ".5,F,")
    assert [str(problem) for problem in inspect(job(rows, facet=[{"name_or_index": "age"}])).problems] == [
        (
            "data set: Threshold values must be provided for continuous features. Give facet 'age' a threshold in "
            "value_or_threshold, or declare it categorical in column_types."
        )
    ]


def test_a_strict_inspection_accepts_a_value_that_never_occurs(job):
    config = job(facet=[{"name_or_index": "sex", "value_or_threshold": ["f"]}])
    assert [problem.where for problem in inspect(config).problems] == ["facet[0].value_or_threshold"]
    assert inspect(config, strict=True).problems == ()
