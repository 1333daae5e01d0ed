"""Library calls on Spark frames: the numbers of any other frame, computed by the workers of the session."""

import os
import threading
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pellucid
from pellucid.errors import ModelError
from pellucid.explain.budget import Budget

pytestmark = pytest.mark.slow

FEATURES = ["a", "b", "c", "d", "e", "f"]
BACKGROUND = np.zeros((1, 6))


def rows(number=100):
    return np.random.default_rng(2).normal(size=(number, 6))


def curved(rows: np.ndarray):
    return np.tanh(rows[:, 0] * rows[:, 1] + rows[:, 2] - rows[:, 3] * rows[:, 4] * rows[:, 5])


def frame(spark, values, partitions):
    """A frame of so many partitions, the rows in their order."""
    listed = [tuple(map(float, row)) for row in values]
    return spark.createDataFrame(spark.sparkContext.parallelize(listed, partitions), FEATURES)


def explained(data, **keys):
    background = pl.DataFrame(BACKGROUND, schema=FEATURES)
    keys = {"baseline": background, "exact": False, "seed": 4, "budget": {"samples": 40}, **keys}
    return pellucid.explain(curved, data, **keys)


@settings(max_examples=3)
@given(st.integers(1, 7), st.sampled_from(["leverage", "clarify", "permutation", "enumeration"]))
def test_values_do_not_depend_on_partitions(spark, partitions, estimator):
    budget = {"samples": 2 ** len(FEATURES) - 2 if estimator == "enumeration" else 40}
    expected = explained(pl.DataFrame(rows(), schema=FEATURES), estimator=estimator, budget=budget)
    found = explained(frame(spark, rows(), partitions), estimator=estimator, budget=budget)
    assert found.values == pytest.approx(expected.values, abs=1e-12)
    assert found.standard_errors == pytest.approx(expected.standard_errors, abs=1e-12, nan_ok=True)
    assert found.base_values == pytest.approx(expected.base_values, abs=1e-12)
    assert found.estimators == expected.estimators
    assert found.outputs == expected.outputs


@settings(max_examples=3)
@given(st.integers(1, 7))
def test_metrics_do_not_depend_on_partitions(spark, partitions):
    people = [("FM"[i % 2], i % 3 // 2, i % 5 // 3, float(i % 7)) for i in range(120)]
    names = ["sex", "hired", "predicted", "x"]
    asked = {"label": "hired", "positive": 1, "predicted": "predicted", "facets": {"sex": "F"}}
    expected = pellucid.bias(pl.DataFrame(people, schema=names, orient="row"), **asked)
    divided = spark.createDataFrame(spark.sparkContext.parallelize(people, partitions), names)
    found = pellucid.bias(divided, **asked)
    assert found.to_dict() == expected.to_dict()
    assert found.details() == expected.details()


def test_other_processes_ask_the_model(spark, tmp_path):
    folder = str(tmp_path)

    def noted(rows: np.ndarray):
        with Path(folder, str(os.getpid())).open("a") as file:
            file.write(f"{len(rows)}\n")
        return rows.sum(axis=1)

    found = pellucid.explain(noted, frame(spark, rows(), 2), baseline=frame(spark, BACKGROUND, 1), exact=False)
    assert found.values[:, :, 0] == pytest.approx(rows())
    asked = {int(file.name): sum(map(int, file.read_text().split())) for file in tmp_path.iterdir()}
    assert asked.pop(os.getpid()) == 1  # for the names of the outputs
    assert sum(asked.values()) == found.n_model_calls


def test_a_model_that_cannot_be_sent_is_told_with_what_to_give_instead(spark):
    lock = threading.Lock()

    def guarded(rows: np.ndarray):
        with lock:
            return rows.sum(axis=1)

    with pytest.raises(ModelError) as caught:
        pellucid.explain(guarded, frame(spark, rows(4), 1), baseline=frame(spark, BACKGROUND, 1), exact=False)
    assert str(caught.value) == (
        "guarded: cannot be sent to the workers of Spark: cannot pickle '_thread.lock' object. Give the path of a "
        "model file, or name a function that they can import as 'module:attribute'."
    )


def test_a_module_that_the_workers_do_not_have_is_told_with_what_to_do(spark, tmp_path, monkeypatch):
    (tmp_path / "module_of_the_driver.py").write_text("def total(rows):\n    return rows.sum(axis=1)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import module_of_the_driver

    asked = {"baseline": frame(spark, BACKGROUND, 1), "exact": False}
    with pytest.raises(ModelError) as caught:
        pellucid.explain(module_of_the_driver.total, frame(spark, rows(4), 1), **asked)
    assert str(caught.value) == (
        "A worker of Spark cannot load the model: No module named 'module_of_the_driver'. Install there what it needs, "
        "or name a function of a single file as 'module:attribute', which is sent along."
    )
    found = pellucid.explain("module_of_the_driver:total", frame(spark, rows(4), 1), **asked)
    assert found.values[:, :, 0] == pytest.approx(rows(4))


def test_what_a_model_raises_on_a_worker_is_told_as_here(spark):
    def ill(rows: np.ndarray):
        return rows[:, 0] if len(rows) == 1 else np.full(len(rows), np.nan)

    with pytest.raises(ModelError, match=r"^ill: gives 5 of 5 rows a score that is no number"):
        pellucid.explain(ill, frame(spark, rows(4), 1), baseline=frame(spark, BACKGROUND, 1), exact=False)


def test_a_budget_is_for_all_rows_together(spark):
    found = explained(frame(spark, rows(), 3), budget=Budget(model_calls=2000))
    assert found.n_model_calls <= 2000 + 1


@pytest.mark.parametrize("partitions", [1, 3])
def test_partial_dependence_is_that_of_any_other_frame_and_asked_by_other_processes(spark, tmp_path, partitions):
    folder = str(tmp_path)

    def noted(rows: np.ndarray):
        with Path(folder, str(os.getpid())).open("a") as file:
            file.write(f"{len(rows)}\n")
        return curved(rows)

    values = rows()
    values[:, 3] = np.arange(100) % 3
    keys = {"features": ["a", "d"], "categorical": ["d"], "ice": 4, "ale": True, "grid_resolution": 5, "seed": 1}
    expected = pellucid.partial_dependence(curved, pl.DataFrame(values, schema=FEATURES), **keys)
    found = pellucid.partial_dependence(noted, frame(spark, values, partitions), **keys)
    for feature in ("a", "d"):
        one, other = found[feature], expected[feature]
        assert one.kind == other.kind
        assert one.points.tolist() == other.points.tolist()
        assert one.distribution.tolist() == other.distribution.tolist()
        assert one.rows.tolist() == other.rows.tolist()
        assert one.predictions == pytest.approx(other.predictions, abs=1e-12)
        assert one.individual == pytest.approx(other.individual, abs=1e-12)
    curve, straight = found["a"].accumulated, expected["a"].accumulated
    assert curve.edges.tolist() == straight.edges.tolist()
    for name in ("effects", "standard_errors", "low", "high"):
        assert getattr(curve, name) == pytest.approx(getattr(straight, name), abs=1e-12, nan_ok=True)
    asked = {int(file.name): sum(map(int, file.read_text().split())) for file in tmp_path.iterdir()}
    assert asked.pop(os.getpid()) == 1  # for the names of the outputs
    assert sum(asked.values()) == found.n_model_calls - 1 == expected.n_model_calls
