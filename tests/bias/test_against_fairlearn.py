"""fairlearn as an independent witness, where its metrics and Clarify's are the same quantity."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_score

import pellucid


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_differences_of_rates_are_those_of_its_metric_frame(seed):
    rng = np.random.default_rng(seed)
    rows = 200
    table = pd.DataFrame({"group": rng.integers(2, size=rows), "label": rng.integers(2, size=rows)})
    table["predicted"] = np.where(rng.random(rows) < 0.7, table["label"], rng.integers(2, size=rows))
    ours = pellucid.bias(
        table, label="label", positive=[1], facets={"group": [1]}, predicted="predicted", metrics="all"
    ).to_frame()
    found = dict(zip(ours["metric"], ours["value"], strict=True))
    metrics = {
        "DPPL": selection_rate,
        "RD": true_positive_rate,
        "AD": accuracy_score,
        "DAR": precision_score,
    }
    theirs = MetricFrame(
        metrics=metrics, y_true=table["label"], y_pred=table["predicted"], sensitive_features=table["group"]
    ).by_group
    for name in metrics:
        assert found[name] == pytest.approx(theirs.loc[0, name] - theirs.loc[1, name], abs=1e-12), name
    rates = theirs["DPPL"]
    assert found["DI"] == pytest.approx(rates[1] / rates[0], abs=1e-12)
    specificity = MetricFrame(
        metrics=false_positive_rate, y_true=table["label"], y_pred=table["predicted"], sensitive_features=table["group"]
    ).by_group
    assert found["SD"] == pytest.approx(specificity[0] - specificity[1], abs=1e-12)
