"""Whole numbers that are categories, in the rows or in the training of the model: nothing lies between two of them."""

import csv
import json

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xgboost
from sklearn.ensemble import HistGradientBoostingClassifier

import pellucid
from pellucid.api.job import run_job

RNG = np.random.default_rng(0)
GRADES = [3, 5, 8, 13]
ROWS = pd.DataFrame({"a grade": RNG.choice(GRADES, 60), "x": RNG.normal(size=60).round(3)})
GOOD = ((ROWS["a grade"] == 5) | (ROWS["a grade"] == 13) & (ROWS["x"] > 0)).astype(int)
TRAINED = ROWS.astype({"a grade": "category"})
MODELS = {
    "LightGBM": lightgbm.LGBMClassifier(
        n_estimators=5, min_child_samples=2, min_data_per_group=1, cat_smooth=0, verbose=-1
    ),
    "XGBoost": xgboost.XGBClassifier(n_estimators=5, enable_categorical=True),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=5, categorical_features="from_dtype"),
}


@pytest.fixture(params=MODELS, scope="module")
def fitted(request):
    return MODELS[request.param].fit(TRAINED, GOOD)


def means_by_grade(model):
    """The mean prediction with every row at each grade, as the library of the model computes it."""
    return [
        model.predict_proba(TRAINED.assign(**{"a grade": pd.Categorical([grade] * 60, categories=GRADES)}))[:, 1].mean()
        for grade in GRADES
    ]


def test_what_a_model_was_trained_on_as_categories_is_set_to_the_values_that_occur(fitted):
    found = pellucid.partial_dependence(fitted, TRAINED, "a grade", grid_resolution=4, ale=True)["a grade"]
    assert (found.kind, found.points.tolist(), found.accumulated) == ("categorical", GRADES, None)
    assert found.predictions[-1] == pytest.approx(means_by_grade(fitted), rel=1e-6)


def test_a_model_that_takes_text_as_categories_is_said_to_have_no_formula_for_it():
    named = TRAINED.assign(**{"a grade": ROWS["a grade"].map("grade {}".format).astype("category")})
    model = HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype").fit(named, GOOD)
    found = pellucid.explain(model, named[:3], baseline=named[:5])
    expected = "No formula was used: the model is given text, and formulas read columns of numbers."
    assert (found.estimator, expected in found.notes) == ("enumeration", True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["LightGBM", "XGBoost"])
def test_a_job_averages_no_categories_of_its_model(name, tmp_path, monkeypatch):
    import joblib

    monkeypatch.chdir(tmp_path)
    model = MODELS[name].fit(TRAINED, GOOD)
    joblib.dump(model, "model.joblib")
    ROWS.to_csv("rows.csv", index=False)
    document = {
        "dataset_type": "text/csv",
        "dataset_uri": "rows.csv",
        "predictor": {"model_name": "graded"},
        "methods": {"shap": {"num_clusters": 3}, "pdp": {"features": ["a grade"], "grid_resolution": 4}},
    }
    (tmp_path / "job.json").write_text(json.dumps(document))
    run_job("job.json", output="out", models={"graded": "model.joblib"}, allow_pickle=True)
    (plot,) = json.loads((tmp_path / "out" / "analysis.json").read_text())["explanations"]["pdp"]
    assert (plot["data_type"], plot["feature_values"]) == ("categorical", GRADES)
    assert plot["model_predictions"][0] == pytest.approx(means_by_grade(model), rel=1e-6)
    with (tmp_path / "out" / "explanations_shap" / "baseline.csv").open() as file:
        assert {int(row["a grade"]) for row in csv.DictReader(file)} <= set(GRADES)


@pytest.mark.parametrize(
    "table",
    [TRAINED, pa.table({"a grade": pa.array(ROWS["a grade"]).dictionary_encode(), "x": pa.array(ROWS["x"])})],
    ids=["pandas", "pyarrow"],
)
def test_categories_of_a_table_are_set_to_the_values_that_occur(table):
    def score(rows: pd.DataFrame):
        return rows["a grade"].map({3: 0.1, 5: 0.5, 8: 0.9, 13: 0.0}).astype(float).to_numpy()

    found = pellucid.partial_dependence(score, table, "a grade")["a grade"]
    assert (found.kind, found.points.tolist()) == ("categorical", GRADES)
    assert found.predictions.tolist() == [pytest.approx([0.1, 0.5, 0.9, 0.0])]


@pytest.mark.slow
def test_what_the_configuration_says_of_a_column_wins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    MODELS["LightGBM"].fit(TRAINED, GOOD).booster_.save_model("model.txt")
    ROWS.to_csv("rows.csv", index=False)
    document = {
        "dataset_type": "text/csv",
        "dataset_uri": "rows.csv",
        "column_types": {"a grade": "continuous"},
        "predictor": {"model": "model.txt"},
        "methods": {"pdp": {"features": ["a grade"], "grid_resolution": 4}},
    }
    (tmp_path / "job.json").write_text(json.dumps(document))
    run_job("job.json", output="out")
    (plot,) = json.loads((tmp_path / "out" / "analysis.json").read_text())["explanations"]["pdp"]
    assert plot["data_type"] == "numerical"
