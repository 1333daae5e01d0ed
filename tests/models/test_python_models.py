"""Functions and objects of Python as models."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from pellucid.errors import ModelError
from pellucid.models.load import load_model
from pellucid.models.loading import Loading
from pellucid.models.objects import as_model
from pellucid.protocols.model import Batch, Scores

NUMBERS = Batch({"age": np.array([30, 40]), "debt": np.array([0.5, np.nan])})
PEOPLE = Batch({"age": np.array([30, 40]), "job": np.array(["clerk", None], dtype=object)})


def adapted(function: Any, takes: Any = None) -> Any:
    return as_model(function, Loading("credit"), takes=takes)


class Seen:
    """A function that keeps what it was called with."""

    rows: Any = None

    def __call__(self, rows):
        self.rows = rows
        return np.zeros(len(rows))


def test_a_function_gets_an_array_of_floats_where_all_columns_are_numbers() -> None:
    seen = Seen()
    adapted(seen).predict(NUMBERS)
    np.testing.assert_array_equal(seen.rows, [[30, 0.5], [40, np.nan]])
    assert seen.rows.dtype == np.float64


def test_a_function_gets_a_data_frame_where_a_column_is_text() -> None:
    seen = Seen()
    adapted(seen).predict(PEOPLE)
    expected = pd.DataFrame({"age": [30, 40], "job": ["clerk", np.nan]})
    pd.testing.assert_frame_equal(seen.rows, expected)


def test_the_annotation_of_the_first_parameter_decides_before_the_columns_do() -> None:
    def of_array(rows: npt.NDArray[Any]) -> Any:
        return [0 if isinstance(rows, np.ndarray) and rows.dtype == object else 1] * len(rows)

    def of_frame(rows: pd.DataFrame) -> Any:
        return rows["age"] / 100

    assert adapted(of_array).predict(PEOPLE).values.tolist() == [[0], [0]]
    assert adapted(of_frame).predict(NUMBERS).values.tolist() == [[0.3], [0.4]]


def test_what_a_function_takes_can_be_said_by_name() -> None:
    seen = Seen()
    adapted(seen, takes="frame").predict(NUMBERS)
    assert list(seen.rows.columns) == ["age", "debt"]


@pytest.mark.parametrize(
    ("answer", "values", "outputs"),
    [
        ([0.25, 0.5], [[0.25], [0.5]], None),
        (np.array([[0.25, 0.75], [0.5, 0.5]]), [[0.25, 0.75], [0.5, 0.5]], None),
        (pd.Series([1, 0]), [[1], [0]], None),
        (np.array([True, False]), [[1], [0]], None),
        (pd.DataFrame({"no": [0.25, 0.5], "yes": [0.75, 0.5]}), [[0.25, 0.75], [0.5, 0.5]], ("no", "yes")),
    ],
)
def test_scores_may_come_in_any_shape_that_has_a_row_for_every_row(answer: Any, values: Any, outputs: Any) -> None:
    scores = adapted(lambda rows: answer).predict(NUMBERS)
    assert (scores.values.tolist(), scores.outputs) == (values, outputs)


def test_text_is_read_as_predicted_labels() -> None:
    scores = adapted(lambda rows: ["yes", "no"]).predict(NUMBERS)
    assert scores.values.shape == (2, 0)
    assert scores.labels is not None
    assert scores.labels.tolist() == ["yes", "no"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            [0.5],
            (
                "credit: answers an array of shape (1,) for 2 rows. It should give scores of shape (rows,) or (rows,"
                " outputs)."
            ),
        ),
        (
            0.5,
            (
                "credit: answers an array of shape () for 2 rows. It should give scores of shape (rows,) or (rows,"
                " outputs)."
            ),
        ),
        (
            {"score": 1},
            (
                "credit: answers dict that is not an array of numbers. It should give scores of shape (rows,) or"
                " (rows, outputs)."
            ),
        ),
        (
            [0.5, None],
            (
                "credit: gives 1 of 2 rows a score that is no number; the first is row 1 of the batch, counted from"
                " 0, with nan. Missing cells are the usual cause: fill them first, or leave such rows out."
            ),
        ),
        (
            ["yes", None],
            (
                "credit: gives 1 of 2 rows no label; the first is row 1 of the batch, counted from 0. It should give"
                " a label for every row."
            ),
        ),
        (
            ["yes", math.nan],
            (
                "credit: gives 1 of 2 rows no label; the first is row 1 of the batch, counted from 0. It should give"
                " a label for every row."
            ),
        ),
        (
            ["yes"],
            "credit: answers an array of shape (1,) for 2 rows. It should give labels of shape (rows,).",
        ),
    ],
)
def test_an_answer_that_is_no_score_for_every_row_is_refused(answer: Any, message: str) -> None:
    with pytest.raises(ModelError) as raised:
        adapted(lambda rows: answer).predict(NUMBERS)
    assert str(raised.value) == message


def test_an_error_of_the_function_is_told_with_its_type_and_kept_as_the_cause() -> None:
    def fails(rows: Any) -> Any:
        raise KeyError("debt ratio")

    with pytest.raises(ModelError) as raised:
        adapted(fails).predict(NUMBERS)
    assert str(raised.value) == "credit: predicting failed with KeyError: 'debt ratio'"
    assert isinstance(raised.value.__cause__, KeyError)


def test_an_object_that_takes_batches_is_a_model_already() -> None:
    class Own:
        def predict(self, batch: Batch) -> Scores:
            return Scores(np.ones((len(batch), 1)))

    own = Own()
    assert adapted(own) is own


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (Seen, "credit: is the class Seen. Give a fitted instance of it, or a function."),
        (
            {"weights": [1, 2]},
            (
                "credit: is a dict, which is no model. Give a function of rows, or a fitted estimator with `predict`"
                " or `predict_proba`."
            ),
        ),
    ],
)
def test_what_is_no_model_is_refused(found: Any, message: str) -> None:
    with pytest.raises(ModelError) as raised:
        adapted(found)
    assert str(raised.value) == message


@pytest.fixture
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    folders, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = folders
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def test_modules_are_found_in_the_working_folder_and_may_import_their_neighbours(working_folder: Path) -> None:
    (working_folder / "pellucid_test_weights.py").write_text("WEIGHTS = [0.5, 2]\n")
    source = (
        "from pellucid_test_weights import WEIGHTS\nclass Scorer:\n  def score(self, rows): return rows @ WEIGHTS\n"
    )
    (working_folder / "pellucid_test_scoring.py").write_text(source + "credit = Scorer()\n")
    model = load_model("pellucid_test_scoring:credit.score")
    assert model.predict(Batch({"a": np.array([2]), "b": np.array([3])})).values.tolist() == [[7]]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            "scorin:model",
            (
                "scorin:model: there is no module 'scorin' in the working folder or on PYTHONPATH. Of the modules in"
                " the working folder did you mean 'scoring'?"
            ),
        ),
        ("scoring:modell", "scoring:modell: there is no 'modell' in 'scoring'; did you mean 'model'?"),
        ("broken:model", "broken:model: importing 'broken' failed with ZeroDivisionError: division by zero"),
        (
            "script:model",
            (
                "script:model: importing 'script' called sys.exit('done'). Code that ends the process belongs under "
                "if __name__ == '__main__'."
            ),
        ),
        (
            "lacking:model",
            "lacking:model: importing 'lacking' failed with ModuleNotFoundError: No module named 'lacked'",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_told_with_its_neighbours(
    working_folder: Path, reference: str, message: str
) -> None:
    (working_folder / "scoring.py").write_text("model = abs\n")
    (working_folder / "broken.py").write_text("1 / 0\n")
    (working_folder / "script.py").write_text("import sys\nmodel = abs\nsys.exit('done')\n")
    (working_folder / "lacking.py").write_text("import lacked\n")
    with pytest.raises(ModelError) as raised:
        load_model(reference)
    assert str(raised.value) == message
