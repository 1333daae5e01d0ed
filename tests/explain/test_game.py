"""Games played by a masker and a model: values, links, batches, and each distinct input asked once."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.errors import ModelError
from pellucid.explain import game
from pellucid.explain.game import MaskedGames, distinct_inputs, logit
from pellucid.explain.maskers.masked_rows import MaskedRows
from pellucid.explain.maskers.tabular import TabularMasker, players_of
from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch


def batch(matrix):
    return Batch({f"x{i}": column for i, column in enumerate(np.asarray(matrix).T)})


def games(rows, background, predict, **options):
    explained = batch(rows)
    return MaskedGames(TabularMasker(explained, batch(background), players_of(explained.names)), predict, **options)


def matrix(inputs):
    return np.column_stack(list(inputs.columns.values())).astype(float)


class Recorder:
    """A model that sums the columns and remembers how many rows it was asked for."""

    def __init__(self):
        self.sizes = []

    def __call__(self, inputs):
        self.sizes.append(len(inputs))
        return matrix(inputs).sum(axis=1)


def test_a_value_is_the_mean_over_the_background():
    played = games([[1.0, 10.0]], [[0.0, 0.0], [4.0, 2.0]], lambda inputs: matrix(inputs).prod(axis=1))
    values = played.values(Asked.of(0, np.array([[True, False], [False, True]]))).values
    assert values.tolist() == [[(1 * 0 + 1 * 2) / 2], [(0 * 10 + 4 * 10) / 2]]


def test_the_ends_are_the_mean_of_the_background_and_the_prediction():
    played = games([[1.0], [3.0]], [[0.0], [4.0]], lambda inputs: matrix(inputs)[:, 0])
    answer = played.ends([0, 1])
    assert answer.values.tolist() == [[[2.0], [1.0]], [[2.0], [3.0]]]
    assert answer.model_rows == 2 + 2


def test_the_logit_is_taken_before_the_mean():
    played = games([[0.5]], [[0.2], [0.9]], lambda inputs: matrix(inputs)[:, 0], link="logit")
    base, prediction = played.ends([0]).values[0][:, 0]
    assert base == pytest.approx((logit(np.array(0.2)) + logit(np.array(0.9))) / 2)
    assert prediction == 0


def test_scores_of_several_outputs_keep_their_columns():
    played = games([[1.0]], [[0.0]], lambda inputs: np.column_stack([matrix(inputs)[:, 0], 5 - matrix(inputs)[:, 0]]))
    assert played.ends([0]).values[0].tolist() == [[0.0, 5.0], [1.0, 4.0]]


def test_the_model_is_asked_in_batches_of_bounded_size():
    model, rng = Recorder(), np.random.default_rng(0)
    played = games(rng.normal(size=(4, 6)), rng.normal(size=(7, 6)), model, batch_rows=50)
    coalitions = rng.random((60, 6)) < 0.5
    whole = played.values(Asked.join([Asked.of(row, coalitions) for row in range(4)]))
    assert max(model.sizes) <= 50
    assert sum(model.sizes) == whole.model_rows <= 4 * 60 * 7


def test_the_size_of_batches_changes_no_value():
    rng = np.random.default_rng(0)
    rows, background, coalitions = rng.normal(size=(3, 5)), rng.normal(size=(4, 5)), rng.random((40, 5)) < 0.5
    asked = Asked.join([Asked.of(row, coalitions) for row in (2, 0)])
    small, large = (
        games(rows, background, lambda inputs: np.sin(matrix(inputs)).prod(axis=1), batch_rows=n).values(asked)
        for n in (1, 1000)
    )
    assert small.values.tolist() == large.values.tolist()


def test_each_distinct_input_is_asked_once():
    model, rng = Recorder(), np.random.default_rng(0)
    played = games(rng.integers(2, size=(20, 3)), rng.integers(2, size=(5, 3)), model)
    coalitions = np.array([[True, False, False], [False, True, True]])
    answer = played.values(Asked.join([Asked.of(row, coalitions) for row in range(20)]))
    assert answer.model_rows == sum(model.sizes) <= 2**3


def test_inputs_of_small_whole_numbers_are_told_apart_though_the_bits_of_these_are_nearly_all_zero():
    rng = np.random.default_rng(0)
    rows, background = rng.integers(4, size=(40, 6)), rng.integers(4, size=(3, 6))
    coalitions = rng.random((20, 6)) < 0.5
    asked = np.where(coalitions[None, :, None], rows[:, None, None], background[None, None])
    played = games(rows, background, Recorder())
    answer = played.values(Asked.join([Asked.of(row, coalitions) for row in range(40)]))
    assert answer.model_rows == len(np.unique(asked.reshape(-1, 6), axis=0))


def test_asking_once_gives_the_values_of_asking_always(monkeypatch):
    rng = np.random.default_rng(0)
    rows, background = rng.integers(3, size=(30, 8)), rng.integers(3, size=(11, 8))
    played = games(rows, background, lambda inputs: np.cos(matrix(inputs) @ np.arange(8.0)))
    asked = Asked.join([Asked.of(row, rng.random((50, 8)) < 0.5) for row in range(30)])
    once = played.values(asked)
    monkeypatch.setattr(MaskedRows, "merged", lambda masked: None)
    unrepeated = played.values(asked)
    monkeypatch.setattr(game, "distinct_inputs", lambda masked, repeating: game.Distinct())
    always = played.values(asked)
    assert once.model_rows < always.model_rows == 30 * 50 * 11
    assert once.values.tolist() == unrepeated.values.tolist() == always.values.tolist()


@pytest.mark.parametrize("background_rows", [1, 2, 9, 130])
def test_a_value_is_the_mean_over_the_background_to_the_last_digit_whatever_else_is_asked(background_rows):
    rng = np.random.default_rng(0)
    rows, background = rng.integers(3, size=(2, 6)), rng.normal(size=(background_rows, 6))
    background[:, 0] = rows[0, 0]
    coalitions = rng.random((40, 6)) < 0.5
    played = games(rows, background, lambda inputs: np.exp(matrix(inputs)[:, [1, 2]]))
    together = played.values(Asked.join([Asked.of(0, coalitions), Asked.of(1, coalitions)])).values
    alone = [played.values(Asked.of(0, one)).values for one in coalitions[:, None]]
    assert np.concatenate(alone).tolist() == together[:40].tolist()
    shown = np.where(coalitions[:, None], rows[0], background)[:, :, [1, 2]]
    assert together[:40] == pytest.approx(np.exp(shown).mean(axis=1), rel=1e-14)


def test_nothing_is_looked_for_where_nothing_repeats():
    rng = np.random.default_rng(0)
    explained, background = batch(rng.normal(size=(10, 40))), batch(rng.normal(size=(10, 40)))
    masker = TabularMasker(explained, background, players_of(explained.names))
    masked = masker.masked(Asked.join([Asked.of(row, rng.random((200, 40)) < 0.5) for row in range(10)]))
    assert distinct_inputs(masked) == (None, None, None)


def test_a_common_base_is_asked_with_the_rows_in_one_call_that_changes_no_type():
    asked = []

    def predict(inputs):
        asked.append(inputs)
        return inputs.columns["a"] * 10 + inputs.columns["b"]

    rows = Batch({"a": np.array([1, 2, 3]), "b": np.array([True, False, True]), "c": np.array(["x", "y", None])})
    shown = Batch({"a": np.array([5, 5, 7]), "b": np.array([True, True, False]), "c": np.array(["x", "x", "y"])})
    ends = MaskedGames(TabularMasker(rows, shown, players_of(rows.names)), predict).ends([0, 2])
    assert ends.values[:, :, 0].tolist() == [[(51 + 51 + 70) / 3, 11], [(51 + 51 + 70) / 3, 31]]
    (together,) = asked
    assert ends.model_rows == len(together) == 4  # the background row that occurs twice is asked once
    assert [column.dtype.kind for column in together.columns.values()] == ["i", "b", "O"]
    assert together.columns["c"].tolist() == ["x", "y", "x", None]


def test_a_model_that_answers_too_few_scores_is_reported():
    played = games([[1.0], [2.0]], [[0.0]], lambda inputs: np.zeros(1))
    with pytest.raises(ModelError) as raised:
        played.ends([0, 1])
    assert str(raised.value) == (
        "The model was asked for 3 rows and answered an array of shape (1,). "
        "Return one score per row, or one row of scores per row."
    )


def test_a_score_that_is_no_number_is_reported_with_its_row():
    played = games([[1.0]], [[0.0]], lambda inputs: np.where(matrix(inputs)[:, 0] > 0, np.nan, 0.0))
    with pytest.raises(ModelError) as raised:
        played.ends([0])
    assert str(raised.value) == (
        "The model answered [nan] for the row {'x0': 1.0}. "
        "Explained scores must be finite numbers; check how the model treats such a row."
    )


def test_the_row_without_a_score_is_quoted_as_it_was_asked():
    def in_place(inputs):
        assert inputs.is_disposable
        inputs.matrix[:] += 100
        return np.where(inputs.matrix[:, 0] == 101, np.nan, 1.0)

    played = games([[1.0, 5.0]], [[2.0, 6.0]], in_place)
    with pytest.raises(ModelError) as raised:
        played.values(Asked.of(0, np.array([[False, True], [True, False]])))
    assert str(raised.value).startswith("The model answered [nan] for the row {'x0': 1.0, 'x1': 6.0}. ")
