"""How well the predictions fit the labels, on all rows together, as Clarify's report says it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.bias.counting import Counted
from pellucid.counts import Counts, Value, ratio
from pellucid.results.bias import ModelPerformance

__all__ = ["model_performance"]


def model_performance(counted: Counted, rows: Counts) -> ModelPerformance:
    """Performance metrics and confusion matrices.

    Parameters
    ----------
    rows
        Confusion counts of all rows.
    """
    request = counted.request
    categorical = counted.kind(request.label, request.positive) == "categorical"
    return ModelPerformance(
        label=request.label,
        metrics=performance_metrics(rows),
        binary_confusion_matrix=shares(rows),
        confusion_matrix=_confusion_matrix(counted) if categorical else None,
    )


def shares(rows: Counts) -> tuple[float, float, float, float]:
    """Shares of true positive, false positive, false negative and true negative rows.

    >>> shares(Counts(tp=1, fp=1, fn=2, tn=4))
    (0.125, 0.125, 0.25, 0.5)
    """
    return ratio(rows.tp, rows.n), ratio(rows.fp, rows.n), ratio(rows.fn, rows.n), ratio(rows.tn, rows.n)


def performance_metrics(rows: Counts) -> tuple[tuple[str, float, str], ...]:
    """Name, value and description of Clarify's performance metrics.

    >>> {name: value for name, value, _ in performance_metrics(Counts(tp=1, fp=1, fn=2, tn=4))}["Accuracy"]
    0.625
    """
    precision, recall = ratio(rows.tp, rows.predicted_positive), ratio(rows.tp, rows.positive)
    assigned = "Proportion of inputs with {} label correctly assigned the {} predicted label."
    reliable = "Proportion of inputs with {} predicted label that actually have a {} observed label."
    return (
        (
            "Accuracy",
            ratio(rows.correct, rows.n),
            "Proportion of inputs assigned the correct predicted label by the model.",
        ),
        (
            "Proportion of Positive Predictions in Labels",
            ratio(rows.predicted_positive, rows.n),
            "Proportion of input assigned in positive predicted label.",
        ),
        (
            "Proportion of Negative Predictions in Labels",
            ratio(rows.predicted_negative, rows.n),
            "Proportion of input assigned the negative predicted label.",
        ),
        ("True Positive Rate / Recall", recall, assigned.format("positive observed", "positive")),
        (
            "True Negative Rate / Specificity",
            ratio(rows.tn, rows.negative),
            assigned.format("negative observed", "negative"),
        ),
        ("Acceptance Rate / Precision", precision, reliable.format("positive", "positive")),
        ("Rejection Rate", ratio(rows.tn, rows.predicted_negative), reliable.format("negative", "negative")),
        (
            "Conditional Acceptance",
            ratio(rows.positive, rows.predicted_positive),
            "Ratio between the positive observed labels and positive predicted labels.",
        ),
        (
            "Conditional Rejection",
            ratio(rows.negative, rows.predicted_negative),
            "Ratio between the negative observed labels and negative predicted labels.",
        ),
        ("F1 Score", ratio(2 * precision * recall, precision + recall), "Harmonic mean of precision and recall."),
    )


def _confusion_matrix(counted: Counted) -> dict[str, dict[str, float]]:
    """Weight of the rows by observed and predicted class; predictions outside the observed classes are uncounted."""
    request, cube = counted.request, counted.cube
    label, predicted = cube.dimension(request.label), cube.dimension(str(request.predicted_label))
    weights = np.zeros((len(label.values), len(predicted.values)))
    np.add.at(weights, (label.codes, predicted.codes), cube.weight)
    classes = [value for value in label.values if value is not None]
    # Looked up once for each value: where hundreds of values are classes, not once more for every row of the matrix.
    names = [_class_of(counted.label_of_score(v) if counted.scores else v, classes) for v in predicted.values]
    matrix: dict[str, dict[str, float]] = {}
    for true, row in zip(label.values, weights.tolist(), strict=True):
        if true is None:
            continue
        found = matrix[str(true)] = {str(known): 0.0 for known in classes}
        for name, weight in zip(names, row, strict=True):
            if name is not None:
                found[name] += weight
    return matrix


def _class_of(predicted: Value, classes: Sequence[Value]) -> str | None:
    """Name of the first class that a prediction equals or prints as; None where it is none of them."""
    printed = str(predicted)
    return next((str(known) for known in classes if known == predicted or str(known) == printed), None)
