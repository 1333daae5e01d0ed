"""``pellucid run`` with ``shap`` and ``pdp``: files, sections, estimators, and what is said when a key is wrong."""

import json
import re

import pytest

from pellucid.results.rounding import number

MODELS = """
import numpy as np

def linear(rows):
    return np.asarray(rows, dtype=float) @ [0.5, -0.25, 2.0]

def two(rows):
    chance = 1 / (1 + np.exp(-linear(rows)))
    return np.column_stack([1 - chance, chance])

def words(frame):
    assert frame["plan"].map(lambda cell: cell != cell or isinstance(cell, str)).all()
    return np.where(frame["plan"] == "gold", 1.0, 0.25) * frame["age"].to_numpy(dtype=float)

def wide(rows):
    rows = np.asarray(rows, dtype=float)
    return rows.sum(axis=1) + rows[:, 0] * rows[:, 1] * rows[:, 2]

def names(rows):
    return np.where(linear(rows) > 0, "yes", "no")
"""
HEADERS = ["id", "a", "b", "c"]
DATA = "r1,1,2,0.5\nr2,3,0,1.5\nr3,2,2,0.0\n"
SHAP = {"baseline": [[0, 0, 0]], "save_local_shap_values": True}


@pytest.fixture
def job(workplace):
    """Run a job whose model is ``explained_models:NAME``."""
    workplace.file("explained_models.py", MODELS)
    workplace.patch.syspath_prepend(str(workplace.folder))

    def run(*arguments, shap=SHAP, pdp=None, model="linear", data=DATA, predictor=None, **keys):
        methods = {} if shap is None else {"shap": shap}
        methods |= {} if pdp is None else {"pdp": pdp}
        config = {
            "dataset_type": "text/csv",
            "headers": HEADERS,
            "joinsource_name_or_index": "id",
            "methods": methods,
            "predictor": {"model_name": "m", "instance_type": "ml.m5.large", "initial_instance_count": 1},
        }
        config["predictor"] |= predictor or {}
        workplace.file("job.json", json.dumps({key: value for key, value in (config | keys).items() if value}))
        workplace.file("rows.csv", data)
        models = ["--model", f"m=explained_models:{model}"]
        return workplace.command("run", "job.json", "--data", "rows.csv", "--no-report", *models, *arguments)

    run.read = lambda name, folder="output": (workplace.folder / folder / name).read_text()
    run.analysis = lambda folder="output": workplace.analysis(folder)["explanations"]
    run.workplace = workplace
    return run


def wide_rows(rows=70, columns=8):
    lines = [",".join([f"r{i}", *(str(1 + (i * (j + 3) + j) % 7) for j in range(columns))]) for i in range(rows)]
    return "\n".join(lines) + "\n"


WIDE = {
    "model": "wide",
    "data": wide_rows(),
    "headers": ["id", *(f"x{j}" for j in range(8))],
}


# --- files ------------------------------------------------------------------------------------------------------------
def test_a_linear_model_owes_each_feature_its_coefficient_times_the_distance_from_the_baseline(job):
    ended = job()
    assert (ended.code, ended.err) == (0, "")
    header, *lines = job.read("explanations_shap/out.csv").splitlines()
    assert header == "a_label0,b_label0,c_label0,id"
    found = {line.rpartition(",")[2]: [float(cell) for cell in line.split(",")[:-1]] for line in lines}
    assert list(found) == ["r1", "r2", "r3"]
    assert found["r1"] == pytest.approx([0.5, -0.5, 1.0], abs=1e-12)
    assert found["r2"] == pytest.approx([1.5, 0.0, 3.0], abs=1e-12)
    assert job.read("explanations_shap/baseline.csv") == "a,b,c\n0,0,0.0\n"


def test_analysis_json_holds_clarifys_section_and_pellucid_json_how_sure_it_is(job):
    job()
    assert job.analysis() == {
        "kernel_shap": {
            "label0": {
                "global_shap_values": pytest.approx({"a": 1.0, "b": 1 / 3, "c": 4 / 3}),
                "expected_value": 0.0,
            }
        }
    }
    details = json.loads(job.read("pellucid.json"))["explanations"]["kernel_shap"]
    assert details["estimators"] == {"enumeration": 3}
    assert (details["rows"], details["seed"], details["link"]) == (3, 0, "identity")
    assert details["baseline"] == {"source": "given", "rows": 1}
    feature = details["labels"]["label0"]["features"]["a"]
    assert feature == {
        "value": pytest.approx(1.0),
        "corrected": pytest.approx(1.0),
        "standard_error": 0.0,
        "interval": pytest.approx([1.0, 1.0]),
    }
    assert [place["feature"] for place in details["labels"]["label0"]["ranking"]] == ["c", "a", "b"]


def test_local_values_are_kept_only_if_asked_for_and_those_of_an_earlier_job_removed(job):
    job()
    job(shap={"baseline": [[0, 0, 0]]})
    assert sorted(p.name for p in (job.workplace.folder / "output").rglob("*") if p.is_file()) == [
        "analysis.json",
        "baseline.csv",
        "pellucid.json",
    ]


def test_outputs_are_named_by_label_headers_and_stand_one_after_the_other(job):
    assert job(model="two", predictor={"label_headers": ["no", "yes"]}).code == 0
    lines = job.read("explanations_shap/out.csv").splitlines()
    assert lines[0] == "a_no,b_no,c_no,a_yes,b_yes,c_yes,id"
    first = [float(cell) for cell in lines[1].split(",")[:-1]]
    assert first[:3] == pytest.approx([-value for value in first[3:]])
    assert list(job.analysis()["kernel_shap"]) == ["no", "yes"]


def test_log_odds_of_a_logistic_model_are_linear(job):
    assert job(model="two", shap=SHAP | {"use_logit": True}).code == 0
    found = job.analysis()["kernel_shap"]["label1"]
    assert found["global_shap_values"] == pytest.approx({"a": 1.0, "b": 1 / 3, "c": 4 / 3})
    assert found["expected_value"] == pytest.approx(0.0)


def test_text_reaches_the_model_as_it_was_read(job):
    data = "r1,20,gold\nr2,40,\nr3,20,basic\n"
    ended = job(model="words", data=data, headers=["id", "age", "plan"], shap=SHAP | {"baseline": [[0, None]]})
    assert ended.code == 0
    assert job.read("explanations_shap/baseline.csv") == "age,plan\n0,\n"
    lines = job.read("explanations_shap/out.csv").splitlines()
    assert [float(cell) for cell in lines[1].split(",")[:2]] == [12.5, 7.5]  # half of 20 * 0.75 each, and 20 * 0.25
    assert [float(cell) for cell in lines[3].split(",")[:2]] == [5.0, 0.0]


def test_features_that_are_not_explained_keep_the_values_of_the_row(job):
    assert job(shap=SHAP | {"features_to_explain": ["c", 1]}).code == 0
    assert job.read("explanations_shap/out.csv").splitlines()[0] == "a_label0,c_label0,id"
    found = job.analysis()["kernel_shap"]["label0"]
    assert found["global_shap_values"] == pytest.approx({"a": 1.0, "c": 4 / 3})
    assert found["expected_value"] == pytest.approx(-1 / 3)  # the mean of -0.25 b


def test_columns_of_a_group_are_one_feature(job):
    assert job(shap=SHAP | {"feature_groups": {"both": ["a", "b"]}}).code == 0
    assert job.analysis()["kernel_shap"]["label0"]["global_shap_values"] == pytest.approx(
        {"both": (0.0 + 1.5 + 0.5) / 3, "c": 4 / 3}
    )


@pytest.mark.parametrize(("method", "expected"), [("median", -0.5), ("mean_sq", (0.25 + 0 + 0.25) / 3)])
def test_global_values_are_aggregated_as_asked_for(job, method, expected):
    job(shap=SHAP | {"agg_method": method})
    assert job.analysis()["kernel_shap"]["label0"]["global_shap_values"]["b"] == pytest.approx(expected)


# --- baselines --------------------------------------------------------------------------------------------------------
def test_a_baseline_file_lies_beside_the_configuration(job):
    job.workplace.file("base.csv", "a,b,c\n0,0,0\n2,0,0\n")
    assert job(shap=SHAP | {"baseline": "base.csv"}).code == 0
    assert job.read("explanations_shap/baseline.csv") == "a,b,c\n0,0,0.0\n2,0,0.0\n"
    assert job.analysis()["kernel_shap"]["label0"]["expected_value"] == pytest.approx(0.5)


def test_records_of_a_baseline_are_read_like_those_of_the_data_set(job):
    data = '{"x": [1, 2, 0.5]}\n{"x": [3, 0, 1.5]}\n'
    keys = {"dataset_type": "application/jsonlines", "features": "x", "headers": ["a", "b", "c"]}
    ended = job(
        data=data,
        shap=SHAP | {"baseline": [{"x": [0, 0, 0.5]}]},
        joinsource_name_or_index=None,
        predictor={"content_template": '{"x": $features}'},
        **keys,
    )
    assert ended.code == 0
    assert job.read("explanations_shap/baseline.csv") == "a,b,c\n0,0,0.5\n"


def test_without_a_baseline_one_is_computed(job):
    assert job(shap={"num_clusters": 1}).code == 0
    assert job.read("explanations_shap/baseline.csv") == "a,b,c\n2,1,0.6666666666666666\n"


# --- estimators -------------------------------------------------------------------------------------------------------
def test_an_equal_seed_gives_equal_bytes_and_another_seed_other_ones(job):
    shap = {"baseline": [[0] * 8], "num_samples": 60, "save_local_shap_values": True, "estimator": "permutation"}
    for folder, seed in (("one", 3), ("two", 3), ("three", 4)):
        assert job("--output", folder, shap=shap | {"seed": seed}, **WIDE).code == 0
    files = [job.read("explanations_shap/out.csv", folder) for folder in ("one", "two", "three")]
    assert files[0] == files[1] != files[2]
    assert job.read("pellucid.json", "one") == job.read("pellucid.json", "two")


def test_strict_uses_clarifys_own_scheme_and_writes_clarifys_files_only(job):
    shap = {"baseline": [[0] * 8], "num_samples": 20, "seed": 1}
    ended = job("--strict", shap=shap, **WIDE)
    assert ended.code == 0
    assert "20 samples per row (clarify)" in " ".join(ended.out.split())
    assert not (job.workplace.folder / "output" / "pellucid.json").exists()
    job("--output", "ours", shap=shap | {"estimator": "clarify"}, **WIDE)
    assert job.analysis() == job.analysis("ours")


def test_too_few_samples_are_warned_of(job):
    ended = job(shap={"baseline": [[0] * 8], "num_samples": 10}, **WIDE)
    assert "methods.shap: 10 samples are fewer than 2 M = 16 for M = 8 features" in " ".join(ended.out.split())


def test_a_budget_that_ends_before_the_wanted_precision_is_told(job):
    shap = {"baseline": [[0] * 8], "estimator": "leverage", "budget": {"precision": 1e-9, "samples": 40}}
    said = " ".join(job(shap=shap, **WIDE).out.split())
    assert (
        "methods.shap.budget.precision: got 1e-09, and the samples ended before 70 rows of "
        "70 reached it. pellucid.json holds the precision that was reached. Allow more samples for the wanted one."
    ) in said


def test_the_summary_ranks_features_with_their_intervals(job):
    said = job(shap={"baseline": [[0] * 8], "num_samples": 40}, **WIDE).out
    assert "Features that matter most for label0 (mean of the absolute SHAP values)" in said
    assert re.search(r"^  feature +value  95 % interval *$", said, re.MULTILINE)
    details = json.loads(job.read("pellucid.json"))["explanations"]["kernel_shap"]["labels"]["label0"]
    name, found = max(details["features"].items(), key=lambda item: item[1]["value"])
    low, high = found["interval"]
    assert re.search(rf"^  {name} +{number(found['value'])}  {number(low)} to {number(high)}\b", said, re.MULTILINE)
    assert "SHAP: 70 rows, 40 samples per row" in said
    details = json.loads(job.read("pellucid.json"))["explanations"]["kernel_shap"]
    precision = details["labels"]["label0"]["relative_standard_error"]
    assert f"asked of the model; relative standard error {100 * precision:.2g} %." in " ".join(said.split())


# --- partial dependence -----------------------------------------------------------------------------------------------
def test_partial_dependence_of_a_linear_model_is_a_line(job):
    assert job(shap=None, pdp={"features": ["a", 3], "grid_resolution": 2}).code == 0
    first, second = job.analysis()["pdp"]
    assert first == {
        "feature_name": "a",
        "data_type": "numerical",
        "feature_values": [1.5, 2.5],
        "data_distribution": pytest.approx([1 / 3, 2 / 3]),
        "model_predictions": [pytest.approx([0.75 - 1 / 3 + 4 / 3, 1.25 - 1 / 3 + 4 / 3])],
        "label_headers": ["label0"],
    }
    assert second["feature_name"] == "c"


def test_without_features_the_top_ones_are_plotted_most_important_first(job):
    assert job(pdp={"grid_resolution": 2, "top_k_features": 2}).code == 0
    assert [plot["feature_name"] for plot in job.analysis()["pdp"]] == ["c", "a"]


@pytest.mark.parametrize("model", ["linear", "two"])
def test_a_feature_whose_median_is_far_below_zero_is_a_top_one(job, model):
    data = "r1,1,8,0\nr2,1,9,0\nr3,2,8,0\n"
    ended = job(shap=SHAP | {"agg_method": "median"}, pdp={"top_k_features": 1}, data=data, model=model)
    assert ended.code == 0
    assert [plot["feature_name"] for plot in job.analysis()["pdp"]] == ["b"]
    details = json.loads(job.read("pellucid.json"))["explanations"]["kernel_shap"]["labels"]
    assert [place["feature"] for place in details["label0"]["ranking"]] == ["b", "a", "c"]
    assert ended.out.index("  b  ") < ended.out.index("  a  ") < ended.out.index("  c  ")


def test_free_text_is_told_with_the_key_to_change(job):
    pdp = {"features": ["plan", "age"], "grid_resolution": 2}
    data = "r1,20,gold\nr2,40,basic\n"
    ended = job(model="words", data=data, headers=["id", "age", "plan"], shap=None, pdp=pdp)
    assert ended.code == 0
    assert 'set column_types to {"plan": "categorical"}' in " ".join(ended.out.split())
    assert [plot.get("error") for plot in job.analysis()["pdp"]] == [
        "Detected data type is not supported for PDP. PDP can only be computed for numerical or categorical columns",
        None,
    ]


# --- with bias --------------------------------------------------------------------------------------------------------
def test_bias_and_explanations_share_one_model_and_one_file(job):
    data = "".join(f"r{i},{i % 4},{i % 3},{i % 2},{i % 2}\n" for i in range(60))
    methods = {"shap": SHAP, "pre_training_bias": {"methods": ["CI"]}, "post_training_bias": {"methods": ["DPPL"]}}
    ended = job(
        data=data,
        headers=[*HEADERS, "y"],
        label="y",
        label_values_or_threshold=[1],
        facet=[{"name_or_index": "c", "value_or_threshold": [1]}],
        methods=methods,
    )
    assert (ended.code, ended.err) == (0, "")
    assert list(job.workplace.analysis()) == [
        "version",
        "post_training_bias_metrics",
        "pre_training_bias_metrics",
        "explanations",
    ]
    assert not list((job.workplace.folder / "output").glob(".*"))


def test_doctor_needs_no_label_for_explanations(job):
    job()
    ended = job.workplace.command("doctor", "job.json", "--data", "rows.csv", "--model", "m=explained_models:linear")
    assert ended.code == 0
    assert "All is sound: the job can run." in ended.out


# --- what is wrong ----------------------------------------------------------------------------------------------------
WITH_HEADER = {"headers": None, "data": f"id,a,b,c\n{DATA}"}


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        (
            {"shap": {"baseline": [[0, 0]]}},
            [
                (
                    "methods.shap.baseline[0]: got [0, 0]. Give 3 cells, one per feature of the model, "
                    "in this order: 'a', 'b', 'c'."
                ),
            ],
        ),
        (
            {"shap": {"features_to_explain": ["aa", "id", 9]}, **WITH_HEADER},
            [
                "3 things are wrong:",
                "methods.shap.features_to_explain[0]: got 'aa'. Use a feature of the model; did you mean 'a'?",
                (
                    "methods.shap.features_to_explain[1]: got 'id'. The model is not asked with column 'id'. "
                    "Use one of its features; there are 'a', 'b', 'c'."
                ),
                "methods.shap.features_to_explain[2]: got 9. Use an index from 0 to 3, or the name of a column.",
            ],
        ),
        (
            {"shap": {"num_samples": 5, "budget": {"samples": 6}}},
            [
                (
                    "methods.shap.budget.samples: got 6. 'num_samples' says how many samples a row gets "
                    "already. Keep one of the two keys."
                ),
            ],
        ),
        (
            {"shap": {"feature_groups": {"both": ["a", "b"], "more": ["b"]}}},
            [
                (
                    "methods.shap.feature_groups.more: got 'b'. The column belongs to group 'both' "
                    "already. Name each column once."
                ),
            ],
        ),
        (
            {"shap": {"estimator": "clarify", "budget": {"precision": 0.1}}},
            [
                (
                    "methods.shap.budget.precision: got 0.1. The estimator 'clarify' cannot add samples "
                    "until it is precise. Use 'auto' or 'leverage'."
                ),
            ],
        ),
        (
            {"shap": {"baseline": [[0, 0, 0]], "budget": {"model_calls": 5}}},
            [
                (
                    "methods.shap.budget.model_calls: got 5. Use at least 7: one coalition for each of 3 "
                    "rows, and the predictions themselves."
                ),
            ],
        ),
        (
            {"pdp": {"features": ["cc"], "grid_resolution": 2}, "shap": None, **WITH_HEADER},
            ["methods.pdp.features[0]: got 'cc'. Use a feature of the model; did you mean 'c'?"],
        ),
        (
            {"model": "names"},
            [
                (
                    "The model answers with labels, and explanations need scores. Say in predictor.probability where "
                    "the scores are, or give a model that answers with probabilities."
                ),
            ],
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_key_and_the_fix(job, keys, lines):
    ended = job(**keys)
    assert (ended.code != 0, ended.out, ended.err.splitlines()) == (True, "", lines)
    assert not (job.workplace.folder / "output" / "analysis.json").exists()


def test_a_job_without_samples_or_a_model_is_refused(job):
    assert job(shap={"num_samples": 0}).err == (
        "Analysis configuration schema validation error.\n"
        "methods.shap.num_samples: got 0. Use an integer of at least 1.\n"
    )
    job.workplace.file(
        "job.json", json.dumps({"dataset_type": "text/csv", "headers": HEADERS, "methods": {"shap": SHAP}})
    )
    assert job.workplace.command("run", "job.json", "--data", "rows.csv").err == (
        "predictor: 'shap': the model is asked for predictions. Describe the model here.\n"
    )


def test_a_job_that_fails_leaves_the_explanations_of_an_earlier_one(job):
    job()
    before = job.read("explanations_shap/out.csv")
    assert job(model="names").code != 0
    assert job.read("explanations_shap/out.csv") == before
    assert not list((job.workplace.folder / "output").glob(".unfinished*"))
