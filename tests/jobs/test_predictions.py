"""Predictions for all rows, in order, with what an earlier run has left."""

import tempfile
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import DataError
from pellucid.jobs.prediction_store import PredictionStore
from pellucid.jobs.predictions import predict_all, stacked
from pellucid.protocols.model import Batch, Scores


class Halves:
    """Scores half of x, says whether it is even, and counts the rows it is asked for."""

    def __init__(self, fails_at=None):
        self.asked = 0
        self.fails_at = fails_at

    def predict(self, batch):
        if self.fails_at is not None and self.fails_at in batch.columns["x"]:
            raise RuntimeError("killed")
        self.asked += len(batch)
        x = batch.columns["x"]
        return Scores(x[:, None] / 2, ("half",), np.array(["even" if v % 2 == 0 else "odd" for v in x], dtype=object))


def batches(*sizes):
    starts = np.cumsum([0, *sizes])
    return [Batch({"x": np.arange(a, b)}) for a, b in pairwise(starts)]


def test_one_answer_per_batch_in_order():
    answers = list(predict_all(Halves(), batches(2, 0, 3)))
    assert [scores.values.ravel().tolist() for scores in answers] == [[0, 0.5], [], [1, 1.5, 2]]
    assert answers[0].labels.tolist() == ["even", "odd"]


def test_labels_and_names_are_kept_with_the_scores(tmp_path):
    list(predict_all(Halves(), batches(3), PredictionStore(tmp_path, "A")))
    model = Halves()
    (scores,) = predict_all(model, batches(3), PredictionStore(tmp_path, "A"))
    assert model.asked == 0
    assert (scores.outputs, scores.labels.tolist()) == (("half",), ["even", "odd", "even"])
    assert scores.values.ravel().tolist() == [0, 0.5, 1]


def test_other_rows_are_asked_for(tmp_path):
    list(predict_all(Halves(), batches(5, 5), PredictionStore(tmp_path, "A")))
    changed = batches(5, 5)
    changed[1].columns["x"][2] = 99
    model, store = Halves(), PredictionStore(tmp_path, "A")
    scores = list(predict_all(model, changed, store))
    assert scores[1].values.ravel().tolist() == [2.5, 3, 49.5, 4, 4.5]
    assert (model.asked, store.rows_used) == (5, 5)


def test_another_model_is_asked_anew(tmp_path):
    list(predict_all(Halves(), batches(5), PredictionStore(tmp_path, "A")))
    model = Halves()
    list(predict_all(model, batches(5), PredictionStore(tmp_path, "B")))
    assert model.asked == 5


def test_a_damaged_file_is_asked_for_again(tmp_path):
    list(predict_all(Halves(), batches(5), PredictionStore(tmp_path, "A")))
    (file,) = tmp_path.rglob("*.npz")
    file.write_bytes(file.read_bytes()[:40])
    model = Halves()
    (scores,) = predict_all(model, batches(5), PredictionStore(tmp_path, "A"))
    assert (model.asked, scores.values.ravel().tolist()) == (5, [0, 0.5, 1, 1.5, 2])


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(DataError) as caught:
        list(predict_all(Halves(), batches(5), PredictionStore(tmp_path / "out", "A")))
    assert str(caught.value) == (
        f"output: got '{tmp_path}/out'. Not a directory. Give a folder that can be written with --output."
    )


def test_no_pickle_is_written_or_read(tmp_path):
    list(predict_all(Halves(), batches(5), PredictionStore(tmp_path, "A")))
    (file,) = tmp_path.rglob("*.npz")
    with np.load(file, allow_pickle=False) as kept:
        assert set(kept) == {"values", "texts"}


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=5), st.data())
def test_a_run_after_a_failure_gives_what_an_undisturbed_run_gives(sizes, data):
    fails_at = data.draw(st.integers(0, max(0, sum(sizes) - 1)))
    whole = [scores.values.tolist() for scores in predict_all(Halves(), batches(*sizes))]
    with tempfile.TemporaryDirectory() as folder:
        failing = Halves(fails_at)
        with suppress(RuntimeError):
            list(predict_all(failing, batches(*sizes), PredictionStore(Path(folder), "A")))
        model = Halves()
        again = [s.values.tolist() for s in predict_all(model, batches(*sizes), PredictionStore(Path(folder), "A"))]
    assert again == whole
    assert model.asked + failing.asked == sum(sizes)


def test_pieces_with_labels_of_different_kinds_keep_them():
    first = Scores(np.ones((1, 1)), None, np.array([1]))
    second = Scores(np.ones((1, 1)), None, np.array([None], dtype=object))
    assert stacked([first, second]).labels.tolist() == [1, None]
    assert stacked([]).values.shape == (0, 0)
