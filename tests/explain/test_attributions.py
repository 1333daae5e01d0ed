"""What explained rows tell of their own errors, and whether the model answered alike each time."""

import numpy as np
import pytest

from pellucid.explain.attributions import Attributions
from pellucid.explain.repeated_answers import RepeatedAnswers


def attributions(values, *, errors=None, bases=None, predictions=None, samples=0, estimators=None):
    values = np.array(values, dtype=float)
    rows, _, outputs = values.shape
    bases = np.zeros((rows, outputs)) if bases is None else np.array(bases, dtype=float)
    return Attributions(
        values=values,
        standard_errors=np.zeros(values.shape) if errors is None else np.array(errors, dtype=float),
        base_values=bases,
        predictions=bases + values.sum(axis=1) if predictions is None else np.array(predictions, dtype=float),
        samples=np.full(rows, samples),
        blocks=np.zeros(rows, dtype=int),
        estimators=estimators or ("enumeration",) * rows,
        model_rows=rows,
    )


def test_a_linear_fit_follows_its_noise_by_twice_the_free_players_over_the_samples_and_half_at_most():
    # Players whose values add up leave one less free: of 5, 4; of a single one, none. A pair is two samples.
    errors = np.zeros((4, 6, 1))
    errors[0, :5] = errors[1, :5] = errors[3, :5] = 0.5
    errors[2, :1] = 0.5
    ways = ("leverage", "odd terms", "leverage", "leverage")
    found = attributions(np.ones((4, 6, 1)), errors=errors, samples=40, estimators=ways)
    assert found.noise_shares.tolist() == [1 - 2 * 4 / 40, 1, 1, 1 - 2 * 4 / 40]
    few = attributions(np.ones((4, 6, 1)), errors=errors, samples=10, estimators=ways)
    assert few.noise_shares.tolist() == [0.5, 1, 1, 0.5]


def test_the_base_of_every_part_of_the_rows_is_an_answer_to_the_same_question():
    answers = RepeatedAnswers()
    answers.add(attributions([[[1.0, 4.0]]], bases=[[3.0, 100.0]]))
    assert answers.difference == 0
    answers.add(attributions([[[1.0, 4.0]], [[2.0, 4.0]]], bases=[[3.25, 100.0], [2.75, 100.0]]))
    assert answers.difference == 0.5


def test_a_row_that_equals_the_background_is_asked_beside_it():
    answers = RepeatedAnswers()
    answers.add(attributions([[[1.0]], [[0.0]]], bases=[[2.0], [2.0]], predictions=[[3.0], [2.125]]))
    assert answers.difference == 0.125


@pytest.mark.parametrize(("other", "apart"), [(1000.0625, 0.0), (1000.5, 0.5)])
def test_numbers_of_32_bits_may_differ_in_their_last_digits(other, apart):
    # 0.0625 is less than a ten-thousandth of 1,000, and 0.5 is more.
    answers = RepeatedAnswers()
    answers.add(attributions([[[1.0]], [[1.0]]], bases=[[1000.0], [other]]))
    assert answers.difference == apart


def test_no_rows_tell_of_no_difference():
    assert RepeatedAnswers().difference == 0
