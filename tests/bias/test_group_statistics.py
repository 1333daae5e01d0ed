"""Sizes, rates and distributions of groups, checked on paper."""

import polars as pl
import pytest

from pellucid.api.library import bias, table_of
from pellucid.bias.analysis import analyse
from pellucid.bias.intervals import wilson
from pellucid.config.bias_request import BiasRequest, FacetRequest
from pellucid.critical_value import critical_value

ROWS = {
    "sex": ["F"] * 40 + ["M"] * 58 + [None] * 2,
    "age": [25.5, 61.5] * 50,
    "y": [1] * 10 + [0] * 30 + [1] * 20 + [0] * 40,
    "p": [1] * 6 + [0] * 4 + [1] * 3 + [0] * 27 + [1] * 18 + [0] * 2 + [1] * 8 + [0] * 32,
    "w": [2.0] * 40 + [1.0] * 60,
}


def report(**keys):
    asked = {"label": "y", "positive": 1, "predicted": "p", "facets": {"sex": "F"}, "metrics": ["DPL", "DPPL"]}
    return bias(pl.DataFrame(ROWS), **asked | keys)


def test_rows_of_a_group_and_of_all_others_are_counted_by_label_and_prediction():
    (group,) = report().groups
    assert group.counts.to_dict() == {"positive": 10, "negative": 30, "confusion_matrix": [6, 3, 4, 27]}
    assert group.others_counts.to_dict() == {"positive": 20, "negative": 40, "confusion_matrix": [18, 8, 2, 32]}


def test_rates_have_wilsons_interval_on_the_rows_that_they_rest_on():
    (group,) = report().groups
    rates = {rate.name: (rate.value, rate.rows) for rate in group.rates}
    assert rates == {
        "positive_labels": (10 / 40, 40),
        "positive_predictions": (9 / 40, 40),
        "recall": (6 / 10, 10),
        "specificity": (27 / 30, 30),
        "precision": (6 / 9, 9),
        "negative_predictive_value": (27 / 31, 31),
        "accuracy": (33 / 40, 40),
    }
    recall = next(rate for rate in group.rates if rate.name == "recall")
    expected = wilson(6, 10, critical_value(0.95))
    assert recall.interval == (expected.low, expected.high)


def test_without_predictions_there_are_label_rates_only():
    (group,) = report(predicted=None, metrics=["DPL"]).groups
    assert group.counts.to_dict() == {"positive": 10, "negative": 30, "confusion_matrix": None}
    assert [rate.name for rate in (*group.rates, *group.others_rates)] == ["positive_labels"] * 2


def test_a_rate_of_no_rows_has_no_value():
    nobody = {**ROWS, "y": [0] * 40 + ROWS["y"][40:]}
    (group,) = bias(
        pl.DataFrame(nobody), label="y", positive=1, predicted="p", facets={"sex": "F"}, metrics=["DPL", "DPPL"]
    ).groups
    recall = next(rate for rate in group.rates if rate.name == "recall")
    assert (recall.value, recall.interval, recall.rows) == (None, None, 0.0)


def test_with_weights_rates_are_weighted_and_rest_on_fewer_rows_while_counts_are_of_rows():
    weights = [1.0, 3.0] * 20 + [1.0] * 60
    (group,) = bias(
        pl.DataFrame(ROWS | {"w": weights}), label="y", positive=1, facets={"sex": "F"}, weights="w", metrics=["DPL"]
    ).groups
    assert group.counts.positive == 10
    assert group.rates[0].value == pytest.approx(20 / 80)
    assert group.rates[0].rows == pytest.approx(80**2 / (20 * 1 + 20 * 9))


def test_distributions_count_values_most_frequent_first_and_missing_ones_apart():
    found = {part.column: part for part in report().distributions}
    assert found["sex"].values == (("M", 58), ("F", 40))
    assert (found["sex"].other_rows, found["sex"].missing, found["sex"].role) == (0, 2, "facet")
    assert found["y"].values == (("0", 70), ("1", 30))
    assert list(found) == ["y", "p", "sex"]


def test_a_continuous_facet_is_counted_by_its_interval():
    age = next(part for part in report(facets={"age": 40}).distributions if part.column == "age")
    assert (age.values, age.other_rows) == ((("(40.0, 61.5]", 50),), 50)


def test_continuous_predictions_are_counted_by_their_interval():
    scores = [0.1 * i + 1e-9 * i for i in range(100)]
    found = bias(
        pl.DataFrame({"y": scores[::-1], "p": scores, "sex": ROWS["sex"]}), label="y", positive=5.0, predicted="p",
        facets={"sex": "F"}, metrics=["DPPL"],
    )  # fmt: skip
    predicted = next(part for part in found.distributions if part.role == "predicted label")
    assert [rows for _, rows in predicted.values] == [50]
    assert predicted.other_rows == 50


def test_overlapping_intervals_leave_as_other_rows_what_none_of_them_holds():
    ages = {**ROWS, "age": [25.5, 61.5, 80.5, 80.5] * 25}
    facets = tuple(FacetRequest(column="age", values=(threshold,)) for threshold in (40, 70))
    found = analyse(
        BiasRequest(label="y", positive=(1,), facets=facets, pre_training=("DPL",)), table_of(pl.DataFrame(ages))
    )
    age = next(part for part in found.distributions if part.column == "age")
    assert (age.values, age.other_rows) == ((("(40.0, 80.5]", 75), ("(70.0, 80.5]", 50)), 25)


def test_intersections_and_segments_carry_their_groups():
    found = report(facets={"sex": "F", "age": 40}, facet_intersections=True).details()
    assert found["intersections"][0]["group"]["counts"]["positive"] == 5
