"""shap as an independent witness, where both compute the same quantity exactly."""

import numpy as np
import pytest
import shap
import xgboost
from sklearn.ensemble import RandomForestRegressor

import pellucid

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(300, 6))
TARGET = ROWS[:, 0] * ROWS[:, 1] + np.sin(ROWS[:, 2]) + ROWS[:, 3]
BACKGROUND = ROWS[:20]


@pytest.mark.parametrize(
    "model",
    [
        xgboost.XGBRegressor(n_estimators=30, max_depth=4, n_jobs=1, random_state=0),
        RandomForestRegressor(n_estimators=10, max_depth=6, random_state=0),
    ],
    ids=["XGBoost", "forest"],
)
def test_trees_have_the_values_of_its_interventional_tree_explainer(model):
    model.fit(ROWS, TARGET)
    ours = pellucid.explain(model, ROWS[-40:], baseline=BACKGROUND)
    theirs = shap.TreeExplainer(model, BACKGROUND, feature_perturbation="interventional").shap_values(ROWS[-40:])
    assert "trees" in ours.estimator
    assert ours.values[:, :, 0] == pytest.approx(np.asarray(theirs), abs=1e-5)  # its trees are in single precision


def test_enumeration_has_the_values_of_its_kernel_explainer():
    def score(rows):
        return np.tanh(rows[:, 0] * rows[:, 1]) + rows[:, 2] * rows[:, 3] * rows[:, 4] + rows[:, 5]

    ours = pellucid.explain(score, ROWS[:5], baseline=BACKGROUND, estimator="enumeration")
    theirs = shap.KernelExplainer(score, BACKGROUND).shap_values(ROWS[:5], nsamples=2**6, l1_reg=0, silent=True)
    assert ours.values[:, :, 0] == pytest.approx(theirs, abs=1e-10)
    assert ours.base_values[:, 0] == pytest.approx(score(BACKGROUND).mean(), abs=1e-12)
