"""XGBoost and LightGBM: what their objectives answer, missing cells, categories, early stopping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost

from pellucid.errors import ModelError
from pellucid.models.load import load_model
from pellucid.models.loading import Loading
from pellucid.models.objects import as_model
from pellucid.protocols.model import Batch, Model

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(300, 3)).round(2)
ROWS[::7, 1] = np.nan
NOISY = (ROWS[:, 0] + RNG.normal(size=300) > 0).astype(int)
CLASSES = np.digitize(ROWS[:, 0], [-0.5, 0.5])
BATCH = Batch({"a": ROWS[:, 0], "b": ROWS[:, 1], "c": ROWS[:, 2]})


def boosted(objective: str, labels: Any, rounds: int = 5, **options: Any) -> xgboost.Booster:
    return xgboost.train({"objective": objective, **options}, xgboost.DMatrix(ROWS, labels), rounds)


def adapted(booster: Any) -> Model:
    return as_model(booster, Loading("credit", threads=1))


@pytest.mark.parametrize("objective", ["binary:logistic", "binary:logitraw", "reg:squarederror", "count:poisson"])
def test_an_objective_with_one_output_gives_what_xgboost_gives(objective: str) -> None:
    booster = boosted(objective, NOISY)
    expected = booster.predict(xgboost.DMatrix(ROWS))
    np.testing.assert_array_equal(adapted(booster).predict(BATCH).values[:, 0], expected)


def test_softprob_gives_the_probability_of_each_class_and_softmax_the_class() -> None:
    probabilities = adapted(boosted("multi:softprob", CLASSES, num_class=3)).predict(BATCH)
    classes = adapted(boosted("multi:softmax", CLASSES, num_class=3)).predict(BATCH)
    assert probabilities.outputs == ("0", "1", "2")
    assert classes.labels is not None
    np.testing.assert_array_equal(probabilities.values.argmax(axis=1), classes.labels)


def test_after_early_stopping_the_best_iteration_predicts(tmp_path: Path) -> None:
    classifier = xgboost.XGBClassifier(n_estimators=200, early_stopping_rounds=5, max_depth=6)
    classifier.fit(ROWS[:150], NOISY[:150], eval_set=[(ROWS[150:], NOISY[150:])], verbose=False)
    assert classifier.best_iteration + 1 < classifier.get_booster().num_boosted_rounds()
    classifier.save_model(tmp_path / "credit.ubj")
    scores = load_model(str(tmp_path / "credit.ubj")).predict(BATCH)
    np.testing.assert_array_equal(scores.values[:, 0], classifier.predict_proba(ROWS)[:, 1])


def test_scores_do_not_depend_on_the_number_of_threads() -> None:
    booster = boosted("binary:logistic", NOISY, rounds=30)
    one = as_model(booster, Loading("credit", threads=1)).predict(BATCH).values
    np.testing.assert_array_equal(as_model(booster, Loading("credit", threads=2)).predict(BATCH).values, one)


JOBS = pd.DataFrame({"a": ROWS[:, 0], "job": pd.Categorical(RNG.choice(["clerk", "smith", "baker"], 300))})
# Without "clerk" the codes of pandas would shift by one.
JOB_BATCH = Batch({"job": np.array(["smith", "baker", None], dtype=object), "a": np.array([0.5, 0.5, 0.5])})
JOB_FRAME = pd.DataFrame(
    {"a": [0.5] * 3, "job": pd.Categorical(["smith", "baker", None], categories=["baker", "clerk", "smith"])}
)
JOB_LABELS = ((JOBS["job"] == "smith") ^ (RNG.random(300) < 0.1)).astype(int)


def test_text_categories_reach_xgboost_by_their_values(tmp_path: Path) -> None:
    booster = xgboost.train(
        {"objective": "binary:logistic"}, xgboost.DMatrix(JOBS, JOB_LABELS, enable_categorical=True), 5
    )
    booster.save_model(tmp_path / "jobs.json")
    scores = load_model(str(tmp_path / "jobs.json")).predict(JOB_BATCH).values[:, 0]
    np.testing.assert_array_equal(scores, booster.inplace_predict(JOB_FRAME))
    assert scores[0] > 0.7 > 0.3 > scores[1]


def test_text_categories_reach_lightgbm_by_their_values(tmp_path: Path) -> None:
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(JOBS, JOB_LABELS), 10)
    booster.save_model(tmp_path / "jobs.txt")
    scores = load_model(str(tmp_path / "jobs.txt")).predict(JOB_BATCH).values[:, 0]
    np.testing.assert_array_equal(scores, booster.predict(JOB_FRAME))
    assert scores[0] > scores[1] + 0.3


def test_whole_numbers_as_categories_are_not_taken_for_their_codes(tmp_path: Path) -> None:
    zips = pd.DataFrame({"a": JOBS["a"], "zip": pd.Categorical(JOBS["job"].cat.codes * 10 + 10)})
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(zips, JOB_LABELS), 10)
    booster.save_model(tmp_path / "zips.txt")
    batch = Batch({"a": np.array([0.5, 0.5]), "zip": np.array([30, 10])})
    scores = load_model(str(tmp_path / "zips.txt")).predict(batch).values[:, 0]
    assert scores[0] > scores[1] + 0.3


def test_missing_cells_go_their_own_way_in_lightgbm() -> None:
    booster = lightgbm.train({"objective": "regression", "verbose": -1}, lightgbm.Dataset(ROWS, ROWS[:, 0]), 5)
    np.testing.assert_array_equal(adapted(booster).predict(BATCH).values[:, 0], booster.predict(ROWS))


def test_lightgbm_gives_the_probability_of_each_of_three_classes() -> None:
    options = {"objective": "multiclass", "num_class": 3, "verbose": -1}
    booster = lightgbm.train(options, lightgbm.Dataset(ROWS, CLASSES), 5)
    scores = adapted(booster).predict(BATCH)
    assert scores.outputs == ("0", "1", "2")
    np.testing.assert_array_equal(scores.values, booster.predict(ROWS))


def test_blanks_in_names_are_what_lightgbm_made_of_them() -> None:
    frame = pd.DataFrame(ROWS, columns=["net income", "b", "c"])
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(frame, NOISY), 2)
    batch = Batch({"c": ROWS[:, 2], "net income": ROWS[:, 0], "b": ROWS[:, 1]})
    np.testing.assert_array_equal(adapted(booster).predict(batch).values[:, 0], booster.predict(ROWS))


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_text_where_no_category_was_trained_is_refused(library: str) -> None:
    data = lightgbm.Dataset(ROWS, NOISY)
    booster = (
        boosted("binary:logistic", NOISY)
        if library == "xgboost"
        else lightgbm.train({"objective": "binary", "verbose": -1}, data, 2)
    )
    with pytest.raises(ModelError) as raised:
        adapted(booster).predict(Batch({**BATCH.columns, "c": np.array(["x"] * 300, dtype=object)}))
    assert str(raised.value) == (
        "credit: takes numbers only, and there is text in 'c' (such as 'x'). Encode the column as in training, or"
        " give a pipeline that holds encoder and model."
    )


def test_categories_that_xgboost_would_take_for_their_neighbours_are_refused() -> None:
    data = xgboost.DMatrix(JOBS, JOB_LABELS, enable_categorical=True)
    booster = xgboost.train({"objective": "binary:logistic"}, data, 5)
    jobs = np.array(["pilot", "smith", "Smith"], dtype=object)
    with pytest.raises(ModelError) as raised:
        adapted(booster).predict(Batch({"a": np.array([0.5] * 3), "job": jobs}))
    assert str(raised.value) == (
        "credit: 'job' holds categories that it was not trained on: 'Smith' (did you mean 'smith'?), 'pilot' (there are"
        " 'baker', 'clerk', 'smith')."
    )


def test_a_category_that_lightgbm_does_not_know_is_missing_to_it() -> None:
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(JOBS, JOB_LABELS), 10)
    jobs = np.array(["pilot", None], dtype=object)
    scores = adapted(booster).predict(Batch({"a": np.array([0.5] * 2), "job": jobs})).values[:, 0]
    assert scores[0] == scores[1]


def test_a_booster_that_is_not_trained_is_refused() -> None:
    with pytest.raises(ModelError, match=r"^credit: reading the booster failed with XGBoostError: "):
        adapted(xgboost.Booster())
