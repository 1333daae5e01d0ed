"""0.0 and -0.0 are one value: masked rows that differ in nothing else are asked once, so a model must not tell them."""

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

import pellucid

RNG = np.random.default_rng(0)
ROWS = RNG.choice([-1.5, -0.0, 0.0, 2.0], size=(60, 3))
LABEL = (ROWS[:, 0] + ROWS[:, 1] * ROWS[:, 2] > 0).astype(int)
MODELS = {
    "logistic": LogisticRegression(),
    "scaled network": make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=20, early_stopping=True)),
    "forest": RandomForestClassifier(10, random_state=0),
    "extra trees": ExtraTreesClassifier(10, random_state=0),
    "gradient boosting": GradientBoostingClassifier(n_estimators=10),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=10),
    "neighbours": KNeighborsClassifier(3),
    "support vectors": SVC(),
    "one-hot": make_pipeline(OneHotEncoder(), LogisticRegression()),
    "XGBoost": xgboost.XGBClassifier(n_estimators=10),
    "XGBoost, zero is missing": xgboost.XGBClassifier(n_estimators=10, missing=0.0),
    "LightGBM": lightgbm.LGBMClassifier(n_estimators=10, min_child_samples=2, verbose=-1),
}


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("name", MODELS)
def test_a_model_answers_both_zeros_alike(name):
    model = MODELS[name].fit(ROWS, LABEL)
    score = model.decision_function if name == "support vectors" else lambda rows: model.predict_proba(rows)[:, 1]
    positive = np.where(ROWS == 0, 0.0, ROWS)
    negative = np.where(ROWS == 0, -0.0, ROWS)
    assert np.signbit(negative[negative == 0]).all()
    assert np.array_equal(score(positive), score(negative))
    values = [pellucid.explain(score, rows[:4], baseline=rows[4:12]).values for rows in (ROWS, positive, negative)]
    assert np.array_equal(values[0], values[1])
    assert np.array_equal(values[1], values[2])


def test_masked_rows_that_differ_in_the_sign_of_zero_are_asked_once():
    asked = []

    def model(rows):
        asked.extend(map(tuple, rows.tolist()))
        return rows.sum(axis=1)

    row, background = np.array([[1.0, 0.0]]), np.array([[3.0, -0.0], [3.0, 0.0], [2.0, 0.0]] * 40)
    found = pellucid.explain(model, row, baseline=background)
    assert found.values[0, :, 0] == pytest.approx([1.0 - 8 / 3, 0.0])
    assert len(asked) == len(set(asked))
