"""Single rows kept for the report, whatever the number of rows explained."""

import numpy as np
import pytest

from pellucid.explain.attributions import Attributions
from pellucid.jobs.explanations.picked_rows import PickedRows
from pellucid.jobs.explanations.shap_job import Explained
from pellucid.protocols.model import Batch


def attributed(rows, effects, link=lambda scores: scores):
    """What explaining a sum of ``effects``, by feature, against a baseline of zeros gives."""
    values = np.stack([effect(rows) for effect in effects.values()], axis=1)[:, :, None]
    count = len(rows)
    return Explained(
        rows,
        Attributions(
            values=values,
            standard_errors=np.zeros_like(values),
            base_values=np.zeros((count, 1)),
            predictions=link(values.sum(axis=1)),
            samples=np.zeros(count, dtype=np.intp),
            blocks=np.arange(count) // 32,
            estimators=("enumeration",) * count,
            model_rows=count,
        ),
        np.full(count, len(effects)),
        True,
    )


def picked(rows, effects, *, players=None, threshold=0.5, link="identity", seed=3, at_once=64):
    """What is kept of ``rows``, which are explained some at a time."""
    found = PickedRows(len(rows), seed, players or {name: (name,) for name in effects}, link, threshold)
    for start in range(0, len(rows), at_once):
        found.add(attributed(rows[start : start + at_once], effects))
    return found


LINEAR = {"a": lambda rows: rows.columns["a"] / 100, "b": lambda rows: -rows.columns["b"] / 1000}


def some(rows):
    return Batch({"a": np.arange(rows, dtype=float) * 100 / rows, "b": np.full(rows, 10.0)})


def test_the_highest_the_lowest_and_the_closest_to_the_threshold_are_kept_in_full():
    found = picked(some(200), LINEAR).to_details(["y"], np.array([[1.0], [0.5]]))["single_rows"]["y"]
    assert [(row["kind"], row["row"]) for row in found] == [
        ("highest", 199),
        ("lowest", 0),
        ("closest_to_threshold", 102),
    ]
    highest = found[0]
    assert highest["features"]["a"]["cell"] == pytest.approx(99.5)
    assert highest["features"]["a"]["attribution"] == pytest.approx(0.995)
    assert highest["features"]["b"] == {"cell": 10.0, "attribution": pytest.approx(-0.01), "standard_error": 0.0}
    parts = sum(feature["attribution"] for feature in highest["features"].values())
    assert highest["base_value"] + parts == pytest.approx(highest["prediction"])


def test_the_threshold_is_one_of_probabilities_where_log_odds_are_explained():
    log_odds = {"a": lambda rows: rows.columns["a"] - 50}
    found = picked(some(100), log_odds, link="logit", threshold=0.5).to_details(["y"], np.ones((1, 1)))
    assert found["single_rows"]["y"][2]["row"] == 50


def test_the_sample_has_at_most_400_rows_and_the_features_that_matter_most():
    rows = Batch({f"x{i}": np.arange(1000.0) + i for i in range(25)})
    effects = {f"x{i}": lambda rows, i=i: rows.columns["x7"] / 1000 * (i == 7) for i in range(25)}
    found = picked(rows, effects).to_details(["y"], np.eye(25)[:, 7:8])
    sample = found["sample"]
    assert len(sample["rows"]) == len(set(sample["rows"])) == 400
    assert sample["rows"] == sorted(sample["rows"])
    assert next(iter(sample["cells"])) == "x7"
    assert len(sample["cells"]) == len(sample["attributions"]["y"]) == 20
    assert sample["cells"]["x7"] == [row + 7.0 for row in sample["rows"]]
    assert sample["attributions"]["y"]["x7"] == pytest.approx([(row + 7) / 1000 for row in sample["rows"]])


def test_a_feature_whose_median_is_far_below_0_matters_as_much_as_one_as_far_above():
    rows = Batch({f"f{i}": np.arange(3.0) for i in range(22)})
    effects = {f"f{i}": lambda rows, name=f"f{i}": rows.columns[name] for i in range(22)}
    medians = np.full((22, 2), 0.25)
    medians[20], medians[21] = [-5.0, 0.0], [0.0, -3.0]
    sample = picked(rows, effects).to_details(["y"], medians)["sample"]
    assert list(sample["cells"]) == ["f20", "f21", *(f"f{i}" for i in range(18))]


def test_an_equal_seed_draws_equal_rows_and_another_seed_others():
    def drawn(seed):
        return picked(some(900), LINEAR, seed=seed).to_details(["y"], np.ones((2, 1)))["sample"]["rows"]

    assert drawn(1) == drawn(1) != drawn(2)


def test_cells_of_a_group_of_columns_are_one_text_and_long_ones_are_cut():
    rows = Batch({"a": np.array([1.0]), "b": np.array([2.0]), "note": np.array(["x" * 500, None], dtype=object)[:1]})
    players = {"both": ("a", "b"), "note": ("note",)}
    cells = picked(rows, {"both": LINEAR["a"], "note": LINEAR["b"]}, players=players).to_details(
        ["y"], np.ones((2, 1))
    )["sample"]["cells"]
    assert cells["both"] == ["a = 1.0, b = 2.0"]
    assert (len(cells["note"][0]), cells["note"][0][-1]) == (200, "…")
