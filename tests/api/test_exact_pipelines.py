"""Exact values of models behind encoders and scalers, by the columns of the data, and of models that are sure."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, PolynomialFeatures, StandardScaler

import pellucid
from pellucid.api.column_sources import source_columns

RNG = np.random.default_rng(0)
PEOPLE = pd.DataFrame(
    {
        "job": RNG.choice(["cook", "clerk", "pilot", "nurse"], 120),
        "age": RNG.integers(18, 70, 120).astype(float),
        "town": RNG.choice(["Ulm", "Bonn"], 120),
        "income": RNG.lognormal(3, 1, 120),
    }
)
RICH = PEOPLE["income"] + 5 * (PEOPLE["job"] == "pilot") > PEOPLE["age"] / 2
BACKGROUND, EXPLAINED = PEOPLE[:6], PEOPLE[60:64]
ENCODER = make_column_transformer(
    (OneHotEncoder(handle_unknown="ignore"), ["town", "job"]), (StandardScaler(), ["income", "age"])
)


def enumerated(score, players=(("job",), ("age",), ("town",), ("income",))):
    """Shapley values of all rows by their definition, shape (rows, players)."""
    from math import factorial

    count = len(players)
    found = np.zeros((len(EXPLAINED), count))
    for position in range(len(EXPLAINED)):
        values = []
        for number in range(1 << count):
            shown = BACKGROUND.copy()
            for player, columns in enumerate(players):
                if number >> player & 1:
                    shown[list(columns)] = EXPLAINED.iloc[position][list(columns)].to_list()
            values.append(score(shown.astype(PEOPLE.dtypes)).mean())
        for player in range(count):
            for number in range(1 << count):
                if not number >> player & 1:
                    size = number.bit_count()
                    share = factorial(size) * factorial(count - 1 - size) / factorial(count)
                    found[position, player] += share * (values[number | 1 << player] - values[number])
    return found


def probability(model):
    return lambda rows: model.predict_proba(rows)[:, 1]


def log_odds(model):
    return lambda rows: np.log(model.predict_proba(rows)[:, 1] / model.predict_proba(rows)[:, 0])


# --- behind encoders -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("core", "link", "score", "method"),
    [
        (LogisticRegression(), "identity", probability, "exact: logistic"),
        (LogisticRegression(), "logit", log_odds, "exact: linear"),
        (RandomForestClassifier(5, random_state=0), "identity", probability, "exact: trees"),
    ],
    ids=["probability", "log-odds", "forest"],
)
def test_columns_made_of_one_are_one_feature(core, link, score, method):
    model = make_pipeline(ENCODER, core).fit(PEOPLE, RICH)
    found = pellucid.explain(model, EXPLAINED, baseline=BACKGROUND, link=link)
    assert (found.estimator, found.features) == (method, ("job", "age", "town", "income"))
    assert found.values[:, :, 0] == pytest.approx(enumerated(score(model)), abs=1e-10)


def test_groups_hold_the_columns_that_are_made_of_theirs():
    model = make_pipeline(ENCODER, RandomForestRegressor(5, random_state=0)).fit(PEOPLE, PEOPLE["income"])
    groups = {"person": ["job", "age"]}
    found = pellucid.explain(model, EXPLAINED, baseline=BACKGROUND, feature_groups=groups)
    players = {"person": ("job", "age"), "town": ("town",), "income": ("income",)}
    assert (found.estimator, found.features) == ("exact: trees", tuple(players))
    assert found.values[:, :, 0] == pytest.approx(enumerated(model.predict, tuple(players.values())), abs=1e-10)


def test_encoded_columns_that_are_not_explained_keep_the_values_of_the_row():
    model = make_pipeline(ENCODER, LogisticRegression()).fit(PEOPLE, RICH)
    found = pellucid.explain(model, EXPLAINED, baseline=BACKGROUND, features=["job", "income"], link="logit")
    assert found.estimator == "exact: linear"
    fixed = BACKGROUND.assign(age=EXPLAINED["age"].iloc[0], town=EXPLAINED["town"].iloc[0])
    assert found.base_values[0, 0] == pytest.approx(log_odds(model)(fixed).mean(), abs=1e-10)


def test_a_step_that_may_mix_features_is_named():
    mixing = make_column_transformer((PolynomialFeatures(), ["age", "income"]))
    model = make_pipeline(mixing, LinearRegression()).fit(PEOPLE, PEOPLE["income"])
    found = pellucid.explain(model, EXPLAINED, baseline=BACKGROUND)
    assert found.estimator == "enumeration"
    expected = "No formula was used: in the pipeline PolynomialFeatures may make columns of several features."
    assert expected in found.notes


def test_a_category_that_the_encoder_does_not_take_is_told_by_the_model():
    strict = make_column_transformer((OneHotEncoder(), ["job"]), (StandardScaler(), ["age"]))
    model = make_pipeline(strict, LogisticRegression()).fit(PEOPLE[["job", "age"]], RICH)
    rows = PEOPLE[["job", "age"]].copy()
    rows.loc[61, "job"] = "judge"
    with pytest.raises(pellucid.errors.ModelError, match=re.escape("Found unknown categories ['judge'] in column 0")):
        pellucid.explain(model, rows[60:64], baseline=rows[:6])


# --- the sources of columns ------------------------------------------------------------------------------------------
CELLS = np.array([["a", "x"], ["b", "y"], ["c", "y"], ["c", "z"], ["c", "z"]], dtype=object)
NUMBERS = np.array([[1.0, 2.0, np.nan], [3.0, 4.0, np.nan], [np.nan, 5.0, np.nan]])


@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
@pytest.mark.parametrize(
    ("step", "cells", "expected"),
    [
        (OneHotEncoder(), CELLS, [0, 0, 0, 1, 1, 1]),
        (OneHotEncoder(drop="first"), CELLS, [0, 0, 1, 1]),
        (OneHotEncoder(drop="if_binary"), CELLS[1:3], [0, 1]),
        (OneHotEncoder(min_frequency=2), CELLS, [0, 0, 1, 1, 1]),
        (OneHotEncoder(max_categories=2, drop="first"), CELLS, [0, 1]),
        (OrdinalEncoder(), CELLS, [0, 1]),
        (StandardScaler(), NUMBERS[:, :2], [0, 1]),
        (SimpleImputer(), NUMBERS[:, :2], [0, 1]),
        (SimpleImputer(), NUMBERS, "SimpleImputer"),
        (SimpleImputer(keep_empty_features=True), NUMBERS, [0, 1, 2]),
        (SimpleImputer(add_indicator=True), NUMBERS[:, :2], "SimpleImputer"),
        (FunctionTransformer(np.log1p), NUMBERS[:, :2], [0, 1]),
        (FunctionTransformer(), NUMBERS[:, :2], [0, 1]),
        (FunctionTransformer(lambda cells: cells[:, ::-1]), NUMBERS[:, :2], "FunctionTransformer"),
        (make_pipeline(SimpleImputer(), PolynomialFeatures()), NUMBERS[:, :2], "PolynomialFeatures"),
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), CELLS, [0, 0, 0, 1, 1, 1]),
        (Pipeline([("none", "passthrough"), ("scale", StandardScaler())]), NUMBERS[:, :2], [0, 1]),
        (make_column_transformer((OneHotEncoder(), [1])), CELLS, [1, 1, 1]),
        (make_column_transformer((OneHotEncoder(), slice(0, 1)), ("passthrough", [1])), CELLS, [0, 0, 0, 1]),
        (make_column_transformer((OneHotEncoder(), [False, True]), remainder="passthrough"), CELLS, [1, 1, 1, 0]),
        (make_column_transformer(("drop", [0]), ("passthrough", [-1, 1])), NUMBERS, [2, 1]),
        (make_column_transformer((StandardScaler(), []), ("passthrough", [2, 0])), NUMBERS, [2, 0]),
        (make_column_transformer((OneHotEncoder(), lambda cells: [0])), CELLS, [0, 0, 0]),
    ],
)
def test_the_source_of_every_column_is_known_or_the_step_is_named(step, cells, expected):
    made = step.fit(cells).transform(cells)
    found = source_columns(step, cells.shape[1])
    assert found == expected if isinstance(found, str) else found.tolist() == expected
    if not isinstance(found, str):
        assert made.shape[1] == len(found)


def test_columns_are_found_by_name_too():
    fitted = make_column_transformer(
        (OneHotEncoder(), ["town"]), ("passthrough", slice("age", "age")), (OrdinalEncoder(), ["job"])
    ).fit(PEOPLE)
    assert source_columns(fitted, 4).tolist() == [2, 2, 1, 0]


class Doubled(StandardScaler):
    """A class of one's own may do anything."""


def test_a_class_of_ones_own_is_not_taken_for_its_ancestor():
    assert source_columns(Doubled().fit(NUMBERS[:, :2]), 2) == "Doubled"


# --- models that are sure --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("features", [None, ["b"]])
def test_log_odds_are_those_of_the_model_where_its_probability_is_rounded_to_one(features):
    rows = pd.DataFrame({"a": [0.0, 1.0, 30.0, 90.0, -90.0], "b": [1.0, 0.0, 2.0, 1.0, 3.0]})
    model = LogisticRegression().fit(rows, [0, 1, 1, 1, 0])
    model.coef_, model.intercept_ = np.array([[1.0, 0.5]]), np.array([0.25])
    assert model.predict_proba(rows)[3, 1] == 1.0
    found = pellucid.explain(model, rows, baseline=rows, link="logit", features=features)
    assert found.estimator == "exact: linear"
    assert found.predictions[:, 0] == pytest.approx(0.25 + rows["a"] + 0.5 * rows["b"], abs=1e-12)
    assert found.values[:, -1, 0] == pytest.approx(0.5 * (rows["b"] - rows["b"].mean()), abs=1e-12)


def test_a_model_that_is_sure_of_something_else_is_not_believed():
    rows = pd.DataFrame({"a": [-90.0, -60.0, 60.0, 90.0]})
    model = LogisticRegression().fit(rows, rows["a"] > 0)
    model.coef_ = np.array([[1.0]])
    honest = model.predict_proba
    model.predict_proba = lambda shown: honest(-shown)
    found = pellucid.explain(model, rows, baseline=pd.DataFrame({"a": [0.0]}), link="logit")
    assert set(found.estimators) == {"enumeration"}


def test_a_linear_regression_behind_an_encoder_is_exact():
    model = make_pipeline(ENCODER, LinearRegression()).fit(PEOPLE, PEOPLE["income"])
    found = pellucid.explain(model, EXPLAINED, baseline=BACKGROUND)
    assert found.estimator == "exact: linear"
    assert found.values[:, :, 0] == pytest.approx(enumerated(model.predict), abs=1e-9)
