"""Jobs that explain exactly, by a surrogate, and with curves of single rows and accumulated effects."""

import csv
import json

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

import pellucid
from pellucid import ConfigError
from pellucid.api.job import run_job
from pellucid.api.preflight import preflight

RNG = np.random.default_rng(0)
NAMES = ["age", "years", "hours", "gain", "sex"]
CELLS = np.column_stack([RNG.integers(20, 60, 300), RNG.integers(1, 16, 300), *RNG.normal(size=(2, 300)).round(2),
                         RNG.integers(0, 2, 300)]).astype(float)  # fmt: skip
SCORE = CELLS[:, 0] / 20 + CELLS[:, 1] * CELLS[:, 4] / 8 + CELLS[:, 2] * CELLS[:, 3]
GOOD = (np.median(SCORE) < SCORE).astype(int)
BASELINE = CELLS[:2].tolist()


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Run a job with a fitted model; its folder of results."""
    monkeypatch.chdir(tmp_path)

    def run(model, shap=None, pdp=None, *, output="out", rows=80, cells=CELLS, **options):
        import joblib

        joblib.dump(model, tmp_path / "model.joblib")
        lines = [",".join(NAMES), *(",".join(map(str, row)) for row in cells[:rows].tolist())]
        (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
        methods = {} if shap is None else {"shap": {"baseline": BASELINE, "save_local_shap_values": True, **shap}}
        methods |= {} if pdp is None else {"pdp": pdp}
        document = {
            "dataset_type": "text/csv",
            "dataset_uri": "rows.csv",
            "predictor": {"model_name": "fitted"},
            "methods": methods,
        }
        (tmp_path / "job.json").write_text(json.dumps(document))
        run_job("job.json", output=output, models={"fitted": "model.joblib"}, allow_pickle=True, **options)
        return tmp_path / output

    return run


def details(folder, method="kernel_shap"):
    return json.loads((folder / "pellucid.json").read_text())["explanations"][method]


def local(folder):
    with (folder / "explanations_shap" / "out.csv").open() as file:
        return np.array(list(csv.reader(file))[1:], dtype=float)


@pytest.mark.parametrize(
    ("model", "keys", "name"),
    [
        (LinearRegression().fit(CELLS, SCORE), {}, "linear"),
        (LogisticRegression(max_iter=500).fit(CELLS, GOOD), {}, "logistic"),
        (LogisticRegression(max_iter=500).fit(CELLS, GOOD), {"use_logit": True}, "linear"),
        (RandomForestClassifier(10, max_depth=4, random_state=0).fit(CELLS, GOOD), {}, "trees"),
        (HistGradientBoostingClassifier(max_iter=20).fit(CELLS, GOOD), {"use_logit": True}, "trees"),
    ],
    ids=["regression", "logistic", "log-odds", "forest", "boosting"],
)
def test_a_job_has_the_exact_values_of_the_library(job, model, keys, name):
    folder = job(model, {"num_samples": 12, **keys})
    found = details(folder)
    link = "logit" if keys else "identity"
    library = pellucid.explain(model, CELLS[:80], baseline=CELLS[:2], link=link)
    assert local(folder) == pytest.approx(library.values[:, :, 0], abs=1e-12)
    assert (found["formula"], found["estimators"]) == ({"name": name}, {f"exact: {name}": 80})
    assert found["samples_per_row"] == [0, 0]
    assert found["model_rows"] == 82
    assert {part["standard_error"] for part in found["labels"]["label0"]["features"].values()} == {0.0}


def test_strict_mode_and_other_estimators_sample(job):
    model = LinearRegression().fit(CELLS, SCORE)
    folder = job(model, {"num_samples": 12}, strict=True, output="strict")
    assert not (folder / "pellucid.json").exists()
    assert np.abs(local(folder)[:, 0] - (CELLS[:80, 0] - CELLS[:2, 0].mean()) / 20).max() > 1e-6
    found = details(job(model, {"num_samples": 12, "estimator": "leverage"}))
    assert "formula" not in found
    assert not any(way.startswith("exact") for way in found["estimators"])


def test_where_there_is_no_formula_the_reason_is_told(job):
    found = details(job(HistGradientBoostingClassifier(max_iter=20).fit(CELLS, GOOD), {}))
    assert found["formula"] == {
        "name": None,
        "reason": (
            "boosted trees add up in log-odds, and probabilities are explained; log-odds (use_logit, link='logit') "
            "are exact"
        ),
    }
    assert found["estimators"] == {"enumeration": 80}


def test_a_forest_whose_formula_would_cost_more_than_few_samples_is_sampled(job):
    rng = np.random.default_rng(3)
    wide = rng.normal(size=(4000, 14))
    forest = ExtraTreesRegressor(16, random_state=0).fit(wide, rng.random(4000))
    found = pellucid.explain(forest, wide[:60], baseline=wide[:1], budget={"samples": 60})
    assert "No formula was used: it would cost more than 60 samples per row." in found.notes
    assert found.estimators[0] != "exact: trees"
    some = wide[:1500, :5].copy()
    small = RandomForestClassifier(5, max_depth=5, random_state=0).fit(some, some[:, 0] > 0)
    assert pellucid.explain(small, some[:3], baseline=some[:1]).estimator == "exact: trees"


@pytest.mark.slow
def test_a_job_of_many_rows_has_the_samples_of_the_library_with_any_number_of_workers(job):
    model, many = LogisticRegression(max_iter=500).fit(CELLS, GOOD), np.tile(CELLS, (14, 1))
    keys = {"num_samples": 20, "estimator": "leverage"}
    folders = [job(model, keys, output=f"w{n}", workers=n, rows=4200, cells=many) for n in (1, 2)]
    library = pellucid.explain(model, many, baseline=CELLS[:2], estimator="leverage", budget={"samples": 20}, seed=0)
    assert library.standard_errors.any()
    assert local(folders[0]) == pytest.approx(library.values[:, :, 0], abs=1e-12)
    assert folders[0].joinpath("analysis.json").read_bytes() == folders[1].joinpath("analysis.json").read_bytes()
    assert (local(folders[0]) == local(folders[1])).all()


@pytest.mark.slow
def test_workers_and_a_run_that_goes_on_find_the_same_exact_values(job):
    model = HistGradientBoostingClassifier(max_iter=20).fit(CELLS, GOOD)
    one, two = (job(model, {"use_logit": True}, output=f"w{n}", workers=n, rows=300) for n in (1, 2))
    for name in ("analysis.json", "explanations_shap/out.csv"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


@pytest.mark.slow
def test_a_surrogate_is_audited_and_the_same_with_any_number_of_workers(job):
    model = HistGradientBoostingClassifier(max_iter=20).fit(CELLS, GOOD)
    keys = {"estimator": "surrogate", "budget": {"samples": 24}, "surrogate": {"training_calls": 2000, "audit_rows": 4}}
    one, two = (job(model, keys, output=f"s{n}", workers=n) for n in (1, 2))
    assert (one / "explanations_shap/out.csv").read_bytes() == (two / "explanations_shap/out.csv").read_bytes()
    found = details(one)
    assert found["estimators"] == {"surrogate": 80}
    assert found["surrogate"]["training_model_rows"] == 2000
    audit = found["surrogate"]["audit"]
    assert audit["rows"] == 4
    full = pellucid.explain(model, CELLS[:80], baseline=CELLS[:2]).values[:, :, 0]
    off = np.sqrt(((local(one) - full) ** 2).sum() / (full**2).sum())
    assert 0 < off < 0.2
    assert off / 5 < audit["relative_error"] < 5 * off
    errors = [part["standard_error"] for part in found["labels"]["label0"]["features"].values()]
    assert min(errors) > 0


def test_keys_that_do_not_go_with_a_surrogate_are_named_together(job):
    keys = {"estimator": "surrogate", "feature_groups": {"time": ["age", "hours"]}, "features_to_explain": ["sex"]}
    with pytest.raises(ConfigError) as raised:
        job(LinearRegression().fit(CELLS, SCORE), keys)
    fix = "The estimator 'surrogate' explains single columns, all of them. Use 'auto', or remove this key."
    assert [str(problem) for problem in raised.value.problems] == [
        f"methods.shap.feature_groups: got ['time']. {fix}",
        f"methods.shap.features_to_explain: got ['sex']. {fix}",
    ]
    with pytest.raises(ConfigError) as raised:
        job(LinearRegression().fit(CELLS, SCORE), {"surrogate": {"audit_rows": 3}})
    assert str(raised.value) == (
        "methods.shap.surrogate: got {'training_calls': 20000, 'audit_rows': 3}. It is for the estimator 'surrogate' "
        "only. Set 'estimator', or remove this key."
    )


def test_a_surrogate_of_the_library_tells_its_error_and_takes_words():
    jobs = np.array(["cook", "baker", "clerk"], dtype=object)
    frame = {"age": CELLS[:, 0], "job": jobs[CELLS[:, 1].astype(int) % 3]}
    pd = pytest.importorskip("pandas")

    def pay(rows: "pd.DataFrame"):
        return rows["age"].to_numpy() * np.where(rows["job"] == "cook", 2.0, 1.0)

    found = pellucid.explain(
        pay, pd.DataFrame(frame)[:40], baseline=pd.DataFrame(frame)[-5:], estimator="surrogate",
        surrogate={"training_calls": 500, "audit_rows": 3},
    )  # fmt: skip
    full = pellucid.explain(pay, pd.DataFrame(frame)[:40], baseline=pd.DataFrame(frame)[-5:])
    assert found.estimator == "surrogate"
    assert any(note.startswith("A surrogate was fitted to 500 masked inputs; on 3 rows computed without it") for note in found.notes)  # fmt: skip  # noqa: E501
    # Two features have two coalitions only, which 40 samples ask before all five background rows.
    assert found.values == pytest.approx(full.values)
    assert not found.standard_errors.any()
    with pytest.raises(ConfigError) as raised:
        pellucid.explain(pay, pd.DataFrame(frame)[:9], estimator="surrogate", features=["age"])
    assert str(raised.value) == (
        "estimator: got 'surrogate'. The surrogate explains single columns, all of them. Leave out 'feature_groups' "
        "and 'features'."
    )


def test_curves_of_rows_and_accumulated_effects_stand_beside_partial_dependence(job):
    model = LinearRegression().fit(CELLS, SCORE)
    folder = job(model, pdp={"features": ["age", "hours"], "grid_resolution": 4, "ice": 7, "ale": True}, seed=3)
    found = details(folder, "pdp")
    rows = found["single_rows"]["rows"]
    assert (len(set(rows)), found["single_rows"]["seed"]) == (7, 3)
    plots = {plot["feature_name"]: plot for plot in json.loads((folder / "analysis.json").read_text())["explanations"]["pdp"]}  # fmt: skip  # noqa: E501
    assert set(plots["age"]) == {"feature_name", "data_type", "feature_values", "data_distribution", "model_predictions", "label_headers"}  # fmt: skip  # noqa: E501
    for place, feature in ((0, "age"), (2, "hours")):
        lines = np.array(found["single_rows"]["curves"][feature]["label0"])
        steps = (np.array(plots[feature]["feature_values"])[None] - CELLS[rows, place][:, None]) * model.coef_[place]
        assert lines == pytest.approx(model.predict(CELLS[rows])[:, None] + steps)
        effects = found["accumulated_local_effects"][feature]
        line = model.coef_[place] * (np.array(effects["edges"]) - CELLS[:80, place].mean())
        assert effects["labels"]["label0"]["effects"] == pytest.approx(line.tolist(), abs=1e-12)
        low, high = np.array(effects["labels"]["label0"]["intervals"]).T
        assert (low <= line + 1e-9).all()
        assert (line <= high + 1e-9).all()


def test_all_rows_as_curves_have_partial_dependence_as_their_mean(job):
    model = RandomForestClassifier(5, max_depth=4, random_state=0).fit(CELLS, GOOD)
    folder = job(model, pdp={"features": ["years"], "grid_resolution": 5, "ice": 500})
    plot = json.loads((folder / "analysis.json").read_text())["explanations"]["pdp"][0]
    lines = np.array(details(folder, "pdp")["single_rows"]["curves"]["years"]["label0"])
    assert lines.shape == (80, len(plot["feature_values"]))
    assert lines.mean(axis=0) == pytest.approx(plot["model_predictions"][0])


def test_the_library_has_them_too():
    model = LinearRegression().fit(CELLS, SCORE)
    found = pellucid.partial_dependence(model, CELLS, ["column_0", "column_4"], ice=6, ale=True, seed=1)
    age = found["column_0"]
    assert age.individual.shape == (6, 1, 15)
    assert age.individual[:, 0].mean(axis=0) != pytest.approx(age.predictions[0])
    line = model.coef_[0] * (age.accumulated.edges - CELLS[:, 0].mean())
    assert age.accumulated.effects[0] == pytest.approx(line, abs=1e-12)
    assert age.rows.tolist() == sorted(set(age.rows.tolist()))
    assert found.n_model_calls == 300 * (2 * 15 + 2 * 2)
    every = pellucid.partial_dependence(model, CELLS, ["column_0"], individual=True)["column_0"]
    assert every.individual.mean(axis=0) == pytest.approx(every.predictions)
    with pytest.raises(ConfigError) as raised:
        pellucid.partial_dependence(model, CELLS, ["column_0"], ice=0, seed=-1, confidence_level=2)
    assert [str(problem) for problem in raised.value.problems] == [
        "ice: got 0. Use an integer of at least 1.",
        "seed: got -1. Use an integer of at least 0.",
        "confidence_level: got 2. Use a number between 0 and 1.",
    ]


@pytest.mark.parametrize("lines", [["007,3"], ["007,3", "007,3.0"], ["code,x", "007,3"]])
def test_codes_in_a_baseline_file_stay_the_text_that_they_are_in_the_data(lines, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code_scoring.py").write_text("def score(rows):\n    return (rows['code'] == '007') * 1.0\n")
    (tmp_path / "rows.csv").write_text("code,x\nA1,1\n007,2\ntrue,3\n")
    (tmp_path / "base.csv").write_text("\n".join(lines) + "\n")
    document = {
        "dataset_type": "text/csv",
        "dataset_uri": "rows.csv",
        "predictor": {"model": "code_scoring:score"},
        "methods": {"shap": {"baseline": "base.csv"}},
    }
    (tmp_path / "job.json").write_text(json.dumps(document))
    run_job("job.json", output="out")
    shap = json.loads((tmp_path / "out" / "analysis.json").read_text())["explanations"]["kernel_shap"]["label0"]
    assert shap["expected_value"] == 1.0
    assert shap["global_shap_values"] == {"code": pytest.approx(2 / 3), "x": 0.0}


@pytest.mark.parametrize("form", ["file", "in place"])
def test_cells_of_a_json_baseline_are_written_as_those_of_the_data_are(form, tmp_path, monkeypatch):
    # Alone, 7 beside 2.5 or beside a missing cell is a number with a fraction; in the data the column is text.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "size_scoring.py").write_text("def score(rows):\n    return (rows['size'] == '7') * 1.0\n")
    (tmp_path / "rows.jsonl").write_text('{"x": ["a", 1]}\n{"x": [7, 2]}\n{"x": [2.5, 3]}\n')
    baseline = [{"x": [7, 9007199254740993]}, {"x": [None, None]}, {"x": [2.5, 1]}]
    (tmp_path / "base.jsonl").write_text("".join(json.dumps(line) + "\n" for line in baseline))
    document = {
        "dataset_type": "application/jsonlines",
        "dataset_uri": "rows.jsonl",
        "features": "x",
        "headers": ["size", "id"],
        "predictor": {"model": "size_scoring:score"},
        "methods": {"shap": {"baseline": "base.jsonl" if form == "file" else baseline}},
    }
    (tmp_path / "job.json").write_text(json.dumps(document))
    run_job("job.json", output="out")
    shap = json.loads((tmp_path / "out" / "analysis.json").read_text())["explanations"]["kernel_shap"]["label0"]
    assert shap["expected_value"] == pytest.approx(1 / 3)
    assert shap["global_shap_values"] == {"size": pytest.approx(4 / 9), "id": 0.0}
    written = (tmp_path / "out" / "explanations_shap" / "baseline.csv").read_text()
    assert written.splitlines() == ["size,id", "7,9007199254740993", ",", "2.5,1"]


def test_a_column_that_is_called_by_a_number_is_not_taken_for_an_index(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digit_scoring.py").write_text("def score(rows):\n    return rows @ [10.0, 1.0]\n")
    # As pandas writes a frame made of an array, its index first.
    (tmp_path / "rows.csv").write_text("row,0,1,2\n0,1,1,5\n1,2,0,7\n")
    document = {
        "dataset_type": "text/csv",
        "dataset_uri": "rows.csv",
        "label": "1",
        "headers": ["row", "0", "1", "2"],
        "excluded_columns": ["row"],
        "predictor": {"model": "digit_scoring:score"},
        "methods": {"shap": {"baseline": [[0, 0]], "features_to_explain": ["2"]}},
    }
    (tmp_path / "job.json").write_text(json.dumps(document))
    run_job("job.json", output="out")
    shap = json.loads((tmp_path / "out" / "analysis.json").read_text())["explanations"]["kernel_shap"]["label0"]
    assert shap == {"global_shap_values": {"2": 6.0}, "expected_value": 15.0}


@pytest.mark.parametrize(
    "methods",
    [
        {"shap": {"features_to_explain": ["job"]}},
        {"shap": {"feature_groups": {"both": ["job", 1]}}},
        {"shap": {"text_config": {"granularity": "token", "language": "en", "columns": ["job"]}}},
        {"pdp": {"features": ["job"]}},
    ],
    ids=["features", "groups", "texts", "plots"],
)
def test_names_of_features_show_the_header_row_of_a_file_of_texts(methods, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("job,town\ncook,Rome\nbaker,Oslo\n")
    document = {
        "dataset_type": "text/csv",
        "dataset_uri": "rows.csv",
        "predictor": {"model": "scoring:score"},
        "methods": methods,
    }
    (tmp_path / "job.json").write_text(json.dumps(document))
    found = preflight(tmp_path / "job.json")
    assert found.problems == ()
    assert found.dataset.columns == ("job", "town")


def test_a_job_says_that_a_model_answers_differently_each_time(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "noisy_scores.py").write_text(
        "import numpy as np\nDRAW = np.random.default_rng(5)\n"
        "def score(rows: np.ndarray):\n    return rows.sum(axis=1) + DRAW.normal(size=len(rows))\n"
    )
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n3,4\n0,0\n")
    document = {
        "dataset_type": "text/csv",
        "dataset_uri": str(tmp_path / "rows.csv"),
        "predictor": {"model_name": "noisy"},
        "methods": {"shap": {"baseline": [[0, 0]]}},  # the third row is the baseline, asked beside it
    }
    (tmp_path / "job.json").write_text(json.dumps(document))
    done = run_job(tmp_path / "job.json", output=tmp_path / "out", models={"noisy": "noisy_scores:score"})
    told = [warning for warning in done.warnings if "differ by up to" in warning]
    assert [warning.split(" differ")[0] for warning in told] == ["methods.shap: the model's answers to the same rows"]
    assert details(tmp_path / "out")["repeated_answer_difference"] > 0
