"""Ensembles of every library: read, they predict what the library predicts, and their values equal enumeration."""

from __future__ import annotations

import re

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn import ensemble as sklearn_ensemble
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from pellucid.errors import ModelError
from pellucid.explain.exact.trees import explain_trees
from pellucid.models.tree_readers.read import read_trees

RNG = np.random.default_rng(0)
ROWS = 300
COMPLETE = RNG.normal(size=(ROWS, 5)).round(1)
COMPLETE[:, 4] = RNG.integers(0, 8, ROWS)
GAPPY = np.where(RNG.random(COMPLETE.shape) < 0.1, np.nan, COMPLETE)
FILLED = np.nan_to_num(GAPPY)
NUMBER = FILLED[:, 0] + FILLED[:, 1] * FILLED[:, 2] + FILLED[:, 4] % 3 + RNG.normal(size=ROWS) / 9
BINARY = (NUMBER > 1).astype(int)
THREE = np.digitize(NUMBER, [0, 1.5])
COUNT = RNG.poisson(np.exp(NUMBER / 3))
# What training never saw: other categories, broken ones, cells on or next to thresholds, zeros.
STRANGE = GAPPY.copy()
STRANGE[:10, 4] = 11
STRANGE[10:20, 4] = -1
STRANGE[20:30, 4] = 2.5
STRANGE[30:40, :4] = 0
STRANGE[40:50, 0] = 1e-36
STRANGE[50:100, :4] += 0.05


def xgboost_model(target, rounds=6, **parameters):
    rows = xgboost.DMatrix(GAPPY, target, feature_types=["q"] * 4 + ["c"], enable_categorical=True)
    return xgboost.train({"max_depth": 3, "max_cat_to_onehot": 1, "nthread": 1, **parameters}, rows, rounds)


def lightgbm_model(target, rows=GAPPY, group=None, **parameters):
    settings = {"num_leaves": 6, "verbose": -1, "num_threads": 1, "min_data_per_group": 5, "cat_smooth": 1}
    data = lightgbm.Dataset(rows, target, group=group, categorical_feature=[4])
    return lightgbm.train({**settings, "max_cat_to_onehot": 1, **parameters}, data, 6)


def fitted(name, target, rows=GAPPY, **parameters):
    return getattr(sklearn_ensemble, name)(**parameters).fit(rows, target)


def predicted(model, rows):
    if isinstance(model, xgboost.Booster):
        data = xgboost.DMatrix(rows, feature_types=["q"] * 4 + ["c"], enable_categorical=True)
        return model.predict(data).reshape(len(rows), -1)
    answer = (model.predict_proba if hasattr(model, "predict_proba") else model.predict)(rows)
    answer = np.asarray(answer).reshape(len(rows), -1)
    return answer[:, 1:] if hasattr(model, "classes_") and len(model.classes_) == 2 else answer


BOOSTERS = {
    "regression": lambda: xgboost_model(NUMBER),
    "given base score": lambda: xgboost_model(NUMBER, base_score=0.3),
    "logistic": lambda: xgboost_model(BINARY, objective="binary:logistic"),
    "raw logistic": lambda: xgboost_model(BINARY, objective="binary:logitraw"),
    "classes": lambda: xgboost_model(THREE, objective="multi:softprob", num_class=3),
    "poisson": lambda: xgboost_model(COUNT, objective="count:poisson"),
    "tweedie": lambda: xgboost_model(COUNT, objective="reg:tweedie"),
    "gamma": lambda: xgboost_model(COUNT + 1, objective="reg:gamma"),
    "quantiles": lambda: xgboost_model(NUMBER, objective="reg:quantileerror", quantile_alpha=[0.1, 0.5]),
    "forest": lambda: xgboost_model(NUMBER, num_parallel_tree=3, subsample=0.5),
    "dart": lambda: xgboost_model(NUMBER, booster="dart", rate_drop=0.5),
}

LIGHTGBM = {
    "regression": lambda: lightgbm_model(NUMBER),
    "zero as missing": lambda: lightgbm_model(NUMBER, zero_as_missing=True),
    "without missing": lambda: lightgbm_model(NUMBER, use_missing=False),
    "never missing": lambda: lightgbm_model(NUMBER, COMPLETE),
    "steep binary": lambda: lightgbm_model(BINARY, objective="binary", sigmoid=1.7),
    "classes": lambda: lightgbm_model(THREE, objective="multiclass", num_class=3),
    "one against all": lambda: lightgbm_model(THREE, objective="multiclassova", num_class=3),
    "poisson": lambda: lightgbm_model(COUNT, objective="poisson"),
    "cross entropy": lambda: lightgbm_model(BINARY, objective="cross_entropy"),
    "ranking": lambda: lightgbm_model(THREE, group=[100] * 3, objective="lambdarank"),
    "forest": lambda: lightgbm_model(NUMBER, boosting="rf", bagging_freq=1, bagging_fraction=0.5),
    "dart": lambda: lightgbm_model(BINARY, objective="binary", boosting="dart"),
}

SCIKIT_LEARN = {
    "tree": lambda: DecisionTreeClassifier(random_state=0).fit(GAPPY, BINARY),
    "tree of two targets": lambda: DecisionTreeRegressor(max_depth=3).fit(GAPPY, np.column_stack([NUMBER, COUNT])),
    "forest": lambda: fitted("RandomForestRegressor", NUMBER, n_estimators=4),
    "forest of two classes": lambda: fitted("RandomForestClassifier", BINARY, n_estimators=4),
    "extra trees of classes": lambda: fitted("ExtraTreesClassifier", THREE, n_estimators=4, class_weight="balanced"),
    "histogram": lambda: fitted("HistGradientBoostingRegressor", NUMBER, max_iter=6),
    "histogram of counts": lambda: fitted("HistGradientBoostingRegressor", COUNT, max_iter=6, loss="poisson"),
    "histogram with categories": lambda: fitted(
        "HistGradientBoostingClassifier", BINARY, max_iter=6, categorical_features=[4]
    ),
    "histogram of classes": lambda: fitted(
        "HistGradientBoostingClassifier", THREE, max_iter=6, categorical_features=[4]
    ),
}

WITHOUT_MISSING = {
    "boosting": lambda: fitted("GradientBoostingRegressor", NUMBER, FILLED, n_estimators=6),
    "boosting of quantiles": lambda: fitted(
        "GradientBoostingRegressor", NUMBER, FILLED, n_estimators=6, loss="quantile"
    ),
    "boosting of two classes": lambda: fitted("GradientBoostingClassifier", BINARY, FILLED, n_estimators=6),
    "boosting from zero": lambda: fitted("GradientBoostingClassifier", BINARY, FILLED, n_estimators=6, init="zero"),
    "boosting of classes": lambda: fitted("GradientBoostingClassifier", THREE, FILLED, n_estimators=6),
    "exponential boosting": lambda: fitted(
        "GradientBoostingClassifier", BINARY, FILLED, n_estimators=6, loss="exponential"
    ),
}


@pytest.mark.parametrize("name", BOOSTERS)
def test_xgboost_is_read_as_it_predicts(name):
    model = BOOSTERS[name]()
    # XGBoost adds up in single precision.
    assert read_trees(model, name).predictions(STRANGE) == pytest.approx(predicted(model, STRANGE), rel=2e-6, abs=2e-6)


@pytest.mark.parametrize("name", LIGHTGBM)
def test_lightgbm_is_read_as_it_predicts(name):
    model = LIGHTGBM[name]()
    assert read_trees(model, name).predictions(STRANGE) == pytest.approx(predicted(model, STRANGE), rel=1e-13)


@pytest.mark.parametrize("name", SCIKIT_LEARN)
def test_scikit_learn_is_read_as_it_predicts(name):
    model = SCIKIT_LEARN[name]()
    assert read_trees(model, name).predictions(STRANGE) == pytest.approx(predicted(model, STRANGE), rel=1e-13)


@pytest.mark.parametrize("name", WITHOUT_MISSING)
def test_gradient_boosting_is_read_as_it_predicts(name):
    model, rows = WITHOUT_MISSING[name](), np.nan_to_num(STRANGE)
    assert read_trees(model, name).predictions(rows) == pytest.approx(predicted(model, rows), rel=1e-13)


@pytest.mark.parametrize(
    "make",
    [BOOSTERS["regression"], LIGHTGBM["regression"], SCIKIT_LEARN["forest"], SCIKIT_LEARN["extra trees of classes"]],
    ids=["xgboost", "lightgbm", "forest", "classes"],
)
def test_values_of_a_model_equal_enumeration_through_the_model_itself(enumerated, make):
    model = make()
    rows, background = STRANGE[48:52], STRANGE[:6]
    values, _ = explain_trees(read_trees(model, "model"), rows, background)
    # Through the model, XGBoost rounds every coalition to single precision.
    tolerance = 2e-6 if isinstance(model, xgboost.Booster) else 1e-10
    expected = enumerated(lambda inputs: predicted(model, inputs), rows, background)
    assert values == pytest.approx(expected, abs=tolerance)


def test_after_early_stopping_the_best_iteration_is_read():
    model = xgboost.XGBClassifier(n_estimators=40, max_depth=3, early_stopping_rounds=2, learning_rate=1, n_jobs=1)
    model.fit(GAPPY[:150], BINARY[:150], eval_set=[(GAPPY[150:], BINARY[150:])], verbose=False)
    read = read_trees(model, "early")
    assert len(read.roots) == model.best_iteration + 1 < 40
    assert read.predictions(GAPPY).ravel() == pytest.approx(model.predict_proba(GAPPY)[:, 1], abs=2e-6)


def test_scores_of_a_binary_classifier_are_its_log_odds():
    model = BOOSTERS["logistic"]()
    margin = model.inplace_predict(GAPPY[:, :], predict_type="margin")
    assert read_trees(model, "logistic").scores(GAPPY).ravel() == pytest.approx(margin, abs=2e-6)


REFUSED = {
    "gblinear": (
        lambda: xgboost.train({"booster": "gblinear", "nthread": 1}, xgboost.DMatrix(FILLED, NUMBER), 2),
        "its booster is 'gblinear', which has no trees",
    ),
    "hinge": (
        lambda: xgboost_model(BINARY, objective="binary:hinge"),
        "of its objective 'binary:hinge' it is not known how leaves become predictions",
    ),
    "vectors": (
        lambda: xgboost.train(
            {"multi_strategy": "multi_output_tree", "nthread": 1},
            xgboost.DMatrix(FILLED, np.column_stack([NUMBER, COUNT])),
            2,
        ),
        "its leaves hold vectors (multi_strategy 'multi_output_tree')",
    ),
    "zero missing": (
        lambda: xgboost.XGBRegressor(n_estimators=2, missing=0.0, n_jobs=1).fit(FILLED, NUMBER),
        "it takes 0.0 for a missing cell",
    ),
    "linear leaves": (
        lambda: lightgbm_model(NUMBER, FILLED, linear_tree=True),
        "its leaves are linear functions (linear_tree)",
    ),
    "square root": (
        lambda: lightgbm_model(NUMBER, reg_sqrt=True),
        "of its objective 'regression sqrt' it is not known how leaves become predictions",
    ),
    "two targets": (
        lambda: fitted("RandomForestClassifier", np.column_stack([BINARY, THREE]), n_estimators=2),
        "it classifies several targets at once",
    ),
    "other start": (
        lambda: fitted("GradientBoostingRegressor", NUMBER, FILLED, n_estimators=2, init=DecisionTreeRegressor()),
        "it starts from the predictions of DecisionTreeRegressor",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_plain_trees_cannot_say_is_refused_by_name(name):
    make, reason = REFUSED[name]
    expected = f"{name}: cannot be explained exactly: {reason}. Explain by sampling."
    with pytest.raises(ModelError, match=f"^{re.escape(expected)}$"):
        read_trees(make(), name)


def test_categories_by_value_are_refused():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"job": pandas.Categorical(["clerk", "cook"] * 40), "age": np.arange(80)})
    wage = np.arange(80) % 2 + np.arange(80) / 80
    codes = "it knows categories by value, and its trees only see their codes"
    models = {
        "xgboost": xgboost.XGBRegressor(n_estimators=2, enable_categorical=True, n_jobs=1).fit(frame, wage),
        "lightgbm": lightgbm.LGBMRegressor(n_estimators=2, verbose=-1, n_jobs=1).fit(frame, wage),
        "sklearn": fitted("HistGradientBoostingRegressor", wage, frame, max_iter=2),
    }
    for name, model in models.items():
        with pytest.raises(ModelError, match="it knows categories by value") as refusal:
            read_trees(model, name)
        shown = codes.replace("value", "value (such as 'clerk')") if name == "sklearn" else codes
        assert str(refusal.value) == f"{name}: cannot be explained exactly: {shown}. Explain by sampling."


def test_other_models_are_refused():
    forest = sklearn_ensemble.IsolationForest(n_estimators=2).fit(FILLED)
    expected = "odd: IsolationForest is no ensemble of trees that can be read. Explain by sampling."
    with pytest.raises(ModelError, match=f"^{re.escape(expected)}$"):
        read_trees(forest, "odd")


def test_a_model_that_is_not_fitted_is_refused():
    with pytest.raises(ModelError, match=r"^new: reading the trees failed with AttributeError: "):
        read_trees(DecisionTreeRegressor(), "new")
