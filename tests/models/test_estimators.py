"""Estimators and pipelines of scikit-learn get rows as they were fitted, and answer by their kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC

from pellucid.errors import ModelError
from pellucid.models.estimator import EstimatorModel
from pellucid.models.loading import Loading
from pellucid.models.objects import as_model
from pellucid.protocols.model import Batch

TRAINING = pd.DataFrame(
    {
        "job": ["clerk", "clerk", None, None, "smith", "smith"],
        "age": [20.0, 30, np.nan, 50, 60, 70],
        "n": [1, 2, 3, 4, 5, 6],
    }
)
LABELS = ["no", "no", "yes", "yes", "no", "yes"]


def pipeline(unknown: str) -> Any:
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown=unknown), ["job"]), (SimpleImputer(), ["age"]), remainder="passthrough"
    )
    return make_pipeline(encoder, LogisticRegression()).fit(TRAINING, LABELS)


def as_batch(frame: pd.DataFrame) -> Batch:
    """The rows as a reader gives them: text as objects, with None for what is missing."""
    columns = {name: frame[name].to_numpy() for name in frame.columns if name != "job"}
    job = np.array([None if cell != cell else cell for cell in frame["job"]], dtype=object)
    return Batch({"job": job, **columns})


@pytest.mark.parametrize("unknown", ["error", "ignore"])
def test_text_and_missing_cells_reach_a_pipeline_as_they_did_in_training(unknown: str) -> None:
    fitted = pipeline(unknown)
    scores = EstimatorModel(fitted, "credit").predict(as_batch(TRAINING))
    np.testing.assert_array_equal(scores.values, fitted.predict_proba(TRAINING)[:, 1:])
    assert scores.outputs == ("yes",)


@pytest.mark.parametrize("unknown", ["error", "ignore"])
def test_a_batch_of_nothing_but_missing_text_gives_the_same_scores(unknown: str) -> None:
    model, batch = EstimatorModel(pipeline(unknown), "credit"), as_batch(TRAINING)
    np.testing.assert_array_equal(model.predict(batch[2:4]).values, model.predict(batch).values[2:4])


def test_whole_numbers_with_missing_cells_are_numbers() -> None:
    fitted = make_pipeline(SimpleImputer(), LinearRegression()).fit(TRAINING[["n"]], [10, 20, 30, 40, 50, 60])
    batch = Batch({"n": np.array([1, None, 6], dtype=object)})
    # The mean of 1 to 6 fills the gap.
    assert EstimatorModel(fitted, "income").predict(batch).values == pytest.approx(np.array([[10], [35], [60]]))


@pytest.mark.parametrize(
    "owner", [[True, False], np.array([True, False], dtype=object), np.array([True, None], dtype=object)]
)
def test_booleans_reach_an_encoder_as_booleans(owner: Any) -> None:
    rows = pd.DataFrame({"owner": [True, False, np.nan]})
    fitted = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(rows, ["no", "yes", "yes"])
    values = EstimatorModel(fitted, "credit").predict(Batch({"owner": np.asarray(owner)})).values
    assert values[0] == fitted.predict_proba(rows)[0, 1]


def test_columns_are_put_in_the_order_of_training() -> None:
    fitted = LinearRegression().fit(TRAINING[["n"]].assign(zero=0), TRAINING["n"] * 10)
    batch = Batch({"zero": np.array([0]), "n": np.array([3])})
    assert EstimatorModel(fitted, "income").predict(batch).values == pytest.approx(np.array([[30]]))


def test_columns_that_training_did_not_know_are_all_told_at_once() -> None:
    fitted = LinearRegression().fit(TRAINING[["n"]].assign(age=0), TRAINING["n"])
    with pytest.raises(ModelError) as raised:
        EstimatorModel(fitted, "income").predict(Batch({"nn": np.array([0]), "Age": np.array([3])}))
    assert str(raised.value) == (
        "income: the columns are not those that the model was trained on. It needs 'n', 'age', which the data does"
        " not hold. 'nn' is no feature of it; did you mean 'n'? 'Age' is no feature of it; did you mean 'age'? Name"
        " the columns as they were named in training, and leave others out by `excluded_columns`."
    )


def test_an_estimator_fitted_on_an_array_wants_the_right_number_of_columns() -> None:
    fitted = LinearRegression().fit([[1, 2], [3, 4]], [1, 2])
    with pytest.raises(ModelError) as raised:
        EstimatorModel(fitted, "income").predict(Batch({"a": np.array([0])}))
    assert str(raised.value) == (
        "income: takes 2 features, and gets 1: 'a'. Leave out columns that are no features by `excluded_columns`."
    )


def test_an_encoder_fitted_on_an_array_of_text_gets_an_array() -> None:
    rows = TRAINING[["job", "n"]].to_numpy(dtype=object)
    fitted = make_pipeline(make_column_transformer((OneHotEncoder(), [0])), LogisticRegression()).fit(rows, LABELS)
    scores = EstimatorModel(fitted, "credit").predict(as_batch(TRAINING[["job", "n"]]))
    np.testing.assert_array_equal(scores.values, fitted.predict_proba(rows)[:, 1:])


def test_three_classes_give_three_named_scores() -> None:
    fitted = LogisticRegression().fit([[0], [1], [2]], ["low", "mid", "high"])
    scores = EstimatorModel(fitted, "risk").predict(Batch({"age": np.array([0, 2])}))
    assert scores.outputs == ("high", "low", "mid")
    np.testing.assert_array_equal(scores.values, fitted.predict_proba([[0], [2]]))


def test_a_classifier_without_probabilities_gives_labels() -> None:
    fitted = LinearSVC().fit([[0], [1]], ["no", "yes"])
    scores = EstimatorModel(fitted, "credit").predict(Batch({"age": np.array([0, 1])}))
    assert scores.labels is not None
    assert scores.labels.tolist() == ["no", "yes"]
    assert scores.values.shape == (2, 0)


def test_a_model_of_several_targets_is_refused() -> None:
    fitted = MultiOutputClassifier(LogisticRegression()).fit([[0], [1]], [[0, 1], [1, 0]])
    with pytest.raises(ModelError) as raised:
        EstimatorModel(fitted, "risk").predict(Batch({"age": np.array([0])}))
    assert str(raised.value) == "risk: classifies 2 targets at once. Give a model of one target."


def test_what_scikit_learn_refuses_is_told_in_its_words() -> None:
    fitted = LinearRegression().fit([[1.0], [2.0]], [1, 2])
    with pytest.raises(ModelError, match=r"^income: predicting failed with ValueError: Input X contains NaN\."):
        EstimatorModel(fitted, "income").predict(Batch({"a": np.array([np.nan])}))


class RowByName:
    """Has scikit-learn's interface, and nothing of what scikit-learn sets when it fits."""

    def predict(self, rows: pd.DataFrame) -> Any:
        return rows["age"] * 2


def test_an_object_with_only_predict_is_called_by_its_annotation() -> None:
    assert EstimatorModel(RowByName(), "own").predict(Batch({"age": np.array([1, 2])})).values.tolist() == [[2], [4]]


# --- estimators of boosters that were trained on pandas categories ----------------------------------------------------
def people(rows: int = 200) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "job type": pd.Categorical(draw.choice(["clerk", "pilot", "smith"], rows)),
            "grade": pd.Categorical(draw.choice([3, 5, 9], rows)),
            "owner": pd.Categorical(np.where(draw.random(rows) < 0.2, None, draw.choice(["no", "yes"], rows))),
            "hours": draw.normal(size=rows),
        }
    )


def as_read(frame: pd.DataFrame) -> Batch:
    """The same cells as a file holds them, without the types of pandas."""
    texts = {name: [None if cell is None or cell != cell else cell for cell in frame[name]] for name in frame}
    return Batch(
        {
            "job type": np.array(texts["job type"], dtype=object),
            "grade": np.array(texts["grade"], dtype=np.int64),
            "owner": np.array(texts["owner"], dtype=object),
            "hours": frame["hours"].to_numpy(),
        }
    )


def booster_estimator(library: str) -> Any:
    if library == "xgboost":
        xgboost = pytest.importorskip("xgboost", reason="XGBoost is not installed")
        return xgboost.XGBClassifier(n_estimators=8, enable_categorical=True, tree_method="hist")
    lightgbm = pytest.importorskip("lightgbm", reason="LightGBM is not installed")
    return lightgbm.LGBMClassifier(n_estimators=8, verbose=-1)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_categories_reach_the_estimator_of_a_booster_as_in_training(library):
    frame = people()
    hired = ((frame["job type"] == "pilot") | (frame["grade"] == 5)) & (frame["hours"] > -0.5)
    fitted = booster_estimator(library).fit(frame, hired.astype(int))
    few = frame.iloc[[7, 3, 11]]
    scores = as_model(fitted, Loading("hiring")).predict(as_read(few))
    assert np.array_equal(scores.values[:, 0], fitted.predict_proba(few)[:, 1])
    assert len(set(fitted.predict_proba(frame)[:, 1].tolist())) > 4


def test_a_category_that_xgboost_was_not_trained_on_is_refused_and_missing_to_lightgbm():
    frame, cells = people(), as_read(people(2))
    strange = Batch({**cells.columns, "job type": np.array(["pilott", "clerk"], dtype=object)})
    hired = (frame["job type"] == "pilot").astype(int)
    with pytest.raises(ModelError) as caught:
        as_model(booster_estimator("xgboost").fit(frame, hired), Loading("hiring")).predict(strange)
    assert str(caught.value) == (
        "hiring: 'job type' holds categories that it was not trained on: 'pilott' (did you mean 'pilot'?)."
    )
    missing = Batch({**cells.columns, "job type": np.array([None, "clerk"], dtype=object)})
    model = as_model(booster_estimator("lightgbm").fit(frame, hired), Loading("hiring"))
    assert np.array_equal(model.predict(strange).values, model.predict(missing).values)
