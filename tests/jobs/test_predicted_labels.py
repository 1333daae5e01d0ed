"""From what a model answers to predicted labels: scores, classes, labels, and the type of the observed ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import ModelError
from pellucid.jobs.predicted_labels import observed_labels
from pellucid.protocols.model import Scores


def one(*values, outputs=None):
    return Scores(np.array(values, dtype=float)[:, None], outputs)


def several(*rows, outputs=None):
    return Scores(np.array(rows, dtype=float), outputs)


def answered(*labels):
    return Scores(np.empty((len(labels), 0)), labels=np.array(labels, dtype=object))


def labels(observed, scores, **options):
    return observed_labels(observed, **options).labels(scores).tolist()


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        ([0, 1], [0, 1, 0]),
        ([0.0, 1.0], [0.0, 1.0, 0.0]),
        ([False, True], [False, True, False]),
        (["0", "1"], ["0", "1", "0"]),
    ],
)
def test_a_score_strictly_above_the_threshold_is_positive_in_the_type_of_the_label(observed, expected):
    found = labels(observed, one(0.5, 0.5000001, 0.1))
    assert found == expected
    assert [type(label) for label in found] == [type(label) for label in expected]


@given(st.lists(st.floats(-10, 10), min_size=1), st.floats(-10, 10))
def test_any_threshold_cuts_scores(values, threshold):
    assert labels([0, 1], one(*values), threshold=threshold) == [int(value > threshold) for value in values]


def test_whole_numbers_with_missing_labels_are_floats_as_clarify_reads_them():
    assert observed_labels([0, 1], gaps=True).labels(one(0.7)).dtype == np.float64


def test_the_class_that_the_model_names_decides_what_a_high_score_means():
    assert labels(["no", "yes"], one(0.9, 0.1, outputs=["yes"])) == ["yes", "no"]
    assert labels(["no", "yes"], one(0.9, 0.1, outputs=["no"])) == ["no", "yes"]
    assert labels([1, 2], one(0.9, 0.1, outputs=["2"])) == [2, 1]
    assert labels([1, None, 2][::2], one(0.9, 0.1, outputs=["2"]), gaps=True) == [2.0, 1.0]


def test_label_headers_name_the_class_of_a_single_score():
    assert labels(["no", "yes"], one(0.9, 0.1), label_headers=("yes",)) == ["yes", "no"]
    assert labels(["no", "yes"], one(0.9, 0.1), label_headers=("no", "yes")) == ["yes", "no"]


def test_a_score_of_an_unknown_class_is_refused():
    with pytest.raises(ModelError) as caught:
        labels(["no", "yes"], one(0.9))
    assert str(caught.value) == (
        "The model gives one score for a row, and the observed labels are 'no', 'yes': which of them a high score "
        "means is not known. Name both in predictor.label_headers, the one that a high score means last; for an "
        "endpoint, that one alone. If labels are amounts, set their column in column_types to 'continuous'."
    )


def test_headers_in_another_order_than_the_models_are_refused():
    with pytest.raises(ModelError) as caught:
        labels(["no", "yes"], several([0.9, 0.1], outputs=["no", "yes"]), label_headers=("yes", "no"))
    assert str(caught.value) == (
        "predictor.label_headers: got ['yes', 'no'], and the model knows its scores as ['no', 'yes']. Put the names in "
        "the order of the scores, or remove the key."
    )
    with pytest.raises(ModelError):
        labels(["no", "yes"], one(0.9, outputs=["yes"]), label_headers=("yes", "no"))


def test_of_several_scores_the_class_with_the_largest_is_predicted():
    scores = several([0.1, 0.7, 0.2], [0.4, 0.3, 0.3])
    assert labels(["a", "b", "c"], scores, label_headers=("a", "b", "c")) == ["b", "a"]
    assert labels([1, 2, 3], scores, label_headers=("1", "2", "3")) == [2, 1]


def test_several_scores_need_names():
    with pytest.raises(ModelError) as caught:
        labels([0, 1], several([0.1, 0.9]))
    assert str(caught.value) == (
        "The model gives 2 scores for a row, and their classes are not known. Name the classes in "
        "predictor.label_headers, in the order of the scores."
    )
    with pytest.raises(ModelError) as caught:
        labels([0, 1], several([0.1, 0.9]), label_headers=(0, 1, 2))
    assert str(caught.value) == (
        "predictor.label_headers: got 3 names, and the model gives 2 scores for a row. Give one name per score, in the "
        "order of the scores."
    )


@pytest.mark.parametrize(
    ("observed", "said", "expected"),
    [
        ([0, 1], ["1", "0"], [1, 0]),
        ([0, 1], ["1.0", "0.0"], [1, 0]),
        ([0, 1], [True, False], [1, 0]),
        ([0, 1], [1.0, 0.0], [1, 0]),
        ([0.0, 1.0], ["1", "0"], [1.0, 0.0]),
        ([False, True], ["true", "False"], [True, False]),
        (["0", "1"], [1, 0.0], ["1", "0"]),
        (["no", "yes"], ["yes", "maybe"], ["yes", "maybe"]),
    ],
)
def test_labels_are_brought_to_the_type_of_the_observed_ones(observed, said, expected):
    found = labels(observed, answered(*said))
    assert found == expected
    assert [type(label) for label in found] == [type(label) for label in expected]


@pytest.mark.parametrize("said", [[2**53, 2**53 + 1], [str(2**53), str(2**53 + 1)]])
def test_whole_numbers_that_no_double_tells_apart_stay_apart(said):
    scores = Scores(np.empty((2, 0)), labels=np.array(said, dtype=object))
    assert observed_labels([2**53, 2**53 + 1]).labels(scores).tolist() == [2**53, 2**53 + 1]


def test_labels_that_cannot_be_compared_are_refused():
    with pytest.raises(ModelError) as caught:
        labels([0, 1], answered("approved"))
    assert str(caught.value) == (
        "The model answers the label 'approved', and the observed labels are integer (0, 1): they cannot be compared. "
        "Have the model answer with the labels of the data, or name its classes as the data do in "
        "predictor.label_headers."
    )


def test_a_label_that_is_not_in_label_headers_is_refused():
    with pytest.raises(ModelError) as caught:
        labels(["no", "yes"], answered("Yes"), label_headers=("no", "yes"))
    assert str(caught.value) == (
        "predictor.label_headers: the model answers the label 'Yes', which is not among them; did you mean 'yes'? Add "
        "it, or remove the key."
    )


def test_amounts_stay_what_they_are():
    assert labels([10.5, 20.0], one(0.7, 11.25), continuous=True) == [0.7, 11.25]
    assert labels([10, 20, 30], one(0.7), continuous=True) == [0.7]


def test_numbers_of_classes_at_the_label_are_classes_and_probabilities_are_not():
    assert labels([1, 2, 3], one(3, 1), answers_with_labels=True) == [3, 1]
    with pytest.raises(ModelError):
        labels([1, 2, 3], one(3, 1))


@pytest.mark.parametrize("observed", [[0, 1], [0.0, 1.0], [False, True], ["0", "1"]])
def test_a_record_without_a_score_has_no_label(observed):
    (first, second) = labels(observed, one(np.nan, 0.9))
    assert first is None or first != first
    assert second in (1, "1")
    assert labels(["a", "b"], several([np.nan, np.nan], [0.9, 0.1], outputs=["a", "b"])) == [None, "a"]
    assert labels(["a", "b"], answered(None, "b")) == [None, "b"]
