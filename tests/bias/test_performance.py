"""Model performance on all rows: the worked example, and Clarify's form of it."""

import polars as pl
import pytest

from pellucid import bias
from pellucid.bias.performance import performance_metrics, shares
from pellucid.counts import Counts

WORKED = Counts(tp=42, fp=11, fn=24, tn=93)
ROWS = [(1, 1)] * 42 + [(0, 1)] * 11 + [(1, 0)] * 24 + [(0, 0)] * 93


def test_the_worked_example():
    found = [(name, value) for name, value, _ in performance_metrics(WORKED)]
    assert found == [
        ("Accuracy", 0.7941176470588235),
        ("Proportion of Positive Predictions in Labels", 53 / 170),
        ("Proportion of Negative Predictions in Labels", 117 / 170),
        ("True Positive Rate / Recall", 0.6363636363636364),
        ("True Negative Rate / Specificity", 0.8942307692307693),
        ("Acceptance Rate / Precision", 0.7924528301886793),
        ("Rejection Rate", 0.7948717948717948),
        ("Conditional Acceptance", 1.2452830188679245),
        ("Conditional Rejection", 0.8888888888888888),
        ("F1 Score", pytest.approx(0.7058823529411764)),
    ]
    assert shares(WORKED) == pytest.approx((0.2470588, 0.0647059, 0.1411765, 0.5470588), abs=1e-7)


def test_the_report_holds_both_matrices_in_clarifys_form():
    y, p = zip(*ROWS, strict=True)
    frame = pl.DataFrame({"f": ["F", "M"] * 85, "y": y, "p": p})
    performance = bias(frame, label="y", positive=1, predicted="p", facets={"f": "F"}).performance.to_dict()
    assert performance["label"] == "y"
    assert performance["confusion_matrix"] == {"0": {"0": 93.0, "1": 11.0}, "1": {"0": 24.0, "1": 42.0}}
    assert performance["binary_confusion_matrix"] == [42 / 170, 11 / 170, 24 / 170, 93 / 170]
    assert performance["model_performance_metrics"][3] == {
        "name": "True Positive Rate / Recall",
        "description": (
            "Proportion of inputs with positive observed label correctly assigned the positive predicted label."
        ),
        "value": 42 / 66,
    }


def test_predictions_count_in_the_class_that_they_equal_or_print_as_and_others_in_none():
    classes = [f"c{i}" for i in range(300)]
    predicted = [*classes[1:], "none of them"]
    frame = pl.DataFrame({"f": ["F", "M"] * 150, "y": classes, "p": predicted})
    report = bias(frame, label="y", positive=classes[:150], predicted="p", facets={"f": "F"})
    matrix = report.performance.confusion_matrix
    assert {(true, name) for true, row in matrix.items() for name, rows in row.items() if rows} == {
        (f"c{i}", f"c{i + 1}") for i in range(299)
    }
    assert all(list(row) == list(matrix) for row in matrix.values())
    texts = frame.with_columns(y=pl.Series([0, 1] * 150), p=pl.Series(["1", "2", "0", "1"] * 75))
    report = bias(texts, label="y", positive=1, predicted="p", facets={"f": "F"})
    assert report.performance.confusion_matrix == {"0": {"0": 75.0, "1": 75.0}, "1": {"0": 0.0, "1": 75.0}}


def test_quotients_without_a_denominator_are_text_in_json():
    values = {name: value for name, value, _ in performance_metrics(Counts(fn=3, tn=1))}
    assert values["Conditional Acceptance"] == float("inf")
    assert (values["Acceptance Rate / Precision"], values["F1 Score"]) == (0.0, 0.0)


STATISTICS = ("facet", "value_or_threshold", "rows", "proportion", "observed_label_distribution", "confusion_matrix")
"""What Clarify's report says of a group; counts and rates have tests of their own."""


def test_the_statistics_of_a_group_are_those_of_the_worked_example():
    cells = {(1, 1): (12, 30), (1, 0): (14, 10), (0, 1): (3, 8), (0, 0): (41, 52)}
    rows = [(sex, y, p) for (y, p), pair in cells.items() for sex, n in zip("FM", pair, strict=True) for _ in range(n)]
    frame = pl.DataFrame(rows, schema=["f", "y", "p"], orient="row")
    (group,) = bias(frame, label="y", positive=1, predicted="p", facets={"f": "F"}).groups
    assert {key: value for key, value in group.to_dict().items() if key in STATISTICS} == {
        "facet": "f",
        "value_or_threshold": "F",
        "rows": 70,
        "proportion": 70 / 170,
        "observed_label_distribution": [26 / 70, 1 - 26 / 70],
        "confusion_matrix": [12 / 70, 3 / 70, 14 / 70, 41 / 70],
    }
