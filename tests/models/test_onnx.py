"""ONNX models: inputs of several types, outputs of several forms, and what does not fit them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from pellucid.errors import ModelError
from pellucid.models.answers import ROWS_IN_CACHE
from pellucid.models.load import load_model
from pellucid.protocols.model import Batch, Model

PEOPLE = pd.DataFrame({"job": ["clerk", "smith", "smith", "clerk"], "children": [0, 1, 2, 3]})
LABELS = ["low", "mid", "high", "low"]


def saved(exported: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.chdir(folder)
    Path("m.onnx").write_bytes(exported.SerializeToString())
    return load_model("m.onnx", threads=1)


def graph(inputs: Any, outputs: Any, *nodes: Any) -> Any:
    """A model of hand-made nodes; inputs and outputs are (name, type, shape)."""
    values = [[helper.make_tensor_value_info(*value) for value in side] for side in (inputs, outputs)]
    built = helper.make_model(helper.make_graph(nodes, "test", *values), opset_imports=[helper.make_opsetid("", 18)])
    built.ir_version = 9
    return built


@pytest.fixture
def by_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    encoder = make_column_transformer((OneHotEncoder(), ["job"]), remainder="passthrough")
    fitted = make_pipeline(encoder, LogisticRegression()).fit(PEOPLE, LABELS)
    types = [("job", StringTensorType([None, 1])), ("children", Int64TensorType([None, 1]))]
    return saved(to_onnx(fitted, initial_types=types), tmp_path, monkeypatch)


def people(job: list[Any], children: list[Any], dtype: Any = None) -> Batch:
    return Batch({"children": np.array(children, dtype=dtype), "job": np.array(job, dtype=object)})


def test_text_and_whole_numbers_go_to_the_inputs_of_their_names(by_column: Model) -> None:
    encoder = make_column_transformer((OneHotEncoder(), ["job"]), remainder="passthrough")
    fitted = make_pipeline(encoder, LogisticRegression()).fit(PEOPLE, LABELS)
    scores = by_column.predict(people(list(PEOPLE["job"]), list(PEOPLE["children"])))
    assert scores.outputs == ("high", "low", "mid")
    assert scores.values == pytest.approx(fitted.predict_proba(PEOPLE), abs=1e-6)


def test_floats_that_are_whole_numbers_fit_an_input_of_whole_numbers(by_column: Model) -> None:
    whole, floats = people(["smith"], [2]), people(["smith"], [2.0])
    np.testing.assert_array_equal(by_column.predict(whole).values, by_column.predict(floats).values)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (
            people(["smith"], [0.5]),
            (
                "m.onnx: input 'children' of tensor(int64) cannot take 'children', which holds missing cells,"
                " fractions or numbers out of its range. Fill or convert the column as in training, or export the"
                " model with a floating input."
            ),
        ),
        (
            people(["smith", "clerk"], [None, 1], object),
            (
                "m.onnx: input 'children' of tensor(int64) cannot take 'children', which holds missing cells,"
                " fractions or numbers out of its range. Fill or convert the column as in training, or export the"
                " model with a floating input."
            ),
        ),
        (
            people(["smith", None], [1, 2]),
            (
                "m.onnx: input 'job' of tensor(string) cannot take missing cells, and there are some in 'job'. ONNX"
                " has no missing text: fill these cells as in training."
            ),
        ),
        (
            people([3], [1]),
            (
                "m.onnx: input 'job' of tensor(string) takes text, and 'job' holds numbers. Give the column as text,"
                " or export the model with one input for each column."
            ),
        ),
        (
            Batch({"job": np.array(["smith"], dtype=object)}),
            (
                "m.onnx: the columns are not those that the model was trained on. It needs 'children', which the"
                " data does not hold. Name the columns as they were named in training, and leave others out by"
                " `excluded_columns`."
            ),
        ),
    ],
)
def test_cells_that_an_input_cannot_take_are_refused(by_column: Model, batch: Batch, message: str) -> None:
    with pytest.raises(ModelError) as raised:
        by_column.predict(batch)
    assert str(raised.value) == message


def test_what_the_runtime_refuses_is_told_and_not_printed(by_column: Model, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match=r"^m\.onnx: predicting failed with Fail: .*Unknown Category"):
        by_column.predict(people(["baker"], [1]))
    assert capfd.readouterr().err == ""


def test_text_in_a_matrix_of_numbers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = LinearRegression().fit([[0, 0], [1, 2]], [0, 1])
    model = saved(to_onnx(fitted, np.zeros((1, 2), np.float32)), tmp_path, monkeypatch)
    with pytest.raises(ModelError) as raised:
        model.predict(people(["smith"], [1]))
    assert str(raised.value) == (
        "m.onnx: takes numbers only, and there is text in 'job' (such as 'smith'). Encode the column as in training,"
        " or give a pipeline that holds encoder and model."
    )


def test_missing_numbers_are_nan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    is_nan = [helper.make_node("IsNaN", ["x"], ["n"]), helper.make_node("Cast", ["n"], ["y"], to=TensorProto.FLOAT)]
    rows = ("x", TensorProto.FLOAT, [None, 2]), ("y", TensorProto.FLOAT, [None, 2])
    model = saved(graph(rows[:1], rows[1:], *is_nan), tmp_path, monkeypatch)
    batch = Batch({"a": np.array([1, None], dtype=object), "b": np.array([np.nan, 2])})
    assert model.predict(batch).values.tolist() == [[0, 1], [1, 0]]


def test_a_regression_gives_its_prediction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = LinearRegression().fit([[0, 0], [1, 2], [2, 1]], [0, 1, 2])
    types = [("rows", FloatTensorType([None, 2]))]
    model = saved(to_onnx(fitted, initial_types=types), tmp_path, monkeypatch)
    assert model.predict(Batch({"a": np.array([1]), "b": np.array([2])})).values == pytest.approx(np.array([[1]]))


def test_a_model_with_labels_alone_gives_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.INT64)
    ends = ("x", TensorProto.FLOAT, [None]), ("y", TensorProto.INT64, [None])
    scores = saved(graph(ends[:1], ends[1:], cast), tmp_path, monkeypatch).predict(Batch({"a": np.array([0, 1])}))
    assert scores.labels is not None
    assert scores.labels.tolist() == [0, 1]


CONSTANT = np.array([[0.75, 0.25], [0.5, 0.5]], dtype=np.float32)


@pytest.mark.parametrize(
    "scores",
    [
        helper.make_node("Identity", ["x"], ["probabilities"]),
        helper.make_node("Reshape", ["x", "shape"], ["probabilities"]),
        helper.make_node("Constant", [], ["probabilities"], value=numpy_helper.from_array(CONSTANT)),
    ],
    ids=["the input itself", "the input in its own shape", "a constant of the model"],
)
def test_reading_scores_changes_neither_the_rows_nor_the_model(
    scores: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = CONSTANT.copy()
    shape = helper.make_node("Constant", [], ["shape"], value=numpy_helper.from_array(np.array([-1, 2])))
    label = helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0)
    outputs = [("label", TensorProto.INT64, [None]), ("probabilities", TensorProto.FLOAT, [None, 2])]
    exported = graph([("x", TensorProto.FLOAT, [None, 2])], outputs, shape, scores, label)
    model = saved(exported, tmp_path, monkeypatch)
    for _ in range(3):
        assert model.predict(Batch.of_matrix(["a", "b"], rows)).values.tolist() == [[0.25], [0.5]]
    np.testing.assert_array_equal(rows, CONSTANT)


def test_a_classifier_of_two_classes_gives_the_probability_of_the_second_for_every_row_of_a_large_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.random.default_rng(0).normal(size=(3 * ROWS_IN_CACHE + 1, 2)).astype(np.float32)
    fitted = LogisticRegression().fit(rows, rows[:, 0] + rows[:, 1] > 0)
    model = saved(to_onnx(fitted, rows[:1], options={"zipmap": False}), tmp_path, monkeypatch)
    scores = model.predict(Batch.of_matrix(["a", "b"], rows)).values
    assert scores.dtype == np.float64
    assert scores == pytest.approx(fitted.predict_proba(rows)[:, 1:], abs=1e-6)
    np.testing.assert_array_equal(scores, scores.astype(np.float32))


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (
            [("x", TensorProto.FLOAT, [8, 2])],
            [("y", TensorProto.FLOAT, [8, 2])],
            "m.onnx: input 'x' of tensor(float) takes 8 rows only. Export it with a batch of any length.",
        ),
        (
            [("x", TensorProto.FLOAT, [None, 3, 32, 32])],
            [("y", TensorProto.FLOAT, [None, 3, 32, 32])],
            "m.onnx: input 'x' of tensor(float) has the shape (None, 3, 32, 32), and not (rows, features).",
        ),
        (
            [("x", TensorProto.FLOAT, [None, 2])],
            [("y", TensorProto.FLOAT, [None, 2]), ("z", TensorProto.FLOAT, [None, 2])],
            (
                "m.onnx: which of its outputs holds the scores cannot be told: 'y' of tensor(float), 'z' of"
                " tensor(float). Export it with one output of scores, or with 'prob' in the name of that output."
            ),
        ),
    ],
)
def test_a_model_of_another_form_is_refused_when_it_is_loaded(
    inputs: Any, outputs: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = [helper.make_node("Identity", [inputs[0][0]], [output[0]]) for output in outputs]
    with pytest.raises(ModelError) as raised:
        saved(graph(inputs, outputs, *nodes), tmp_path, monkeypatch)
    assert str(raised.value) == message


def test_a_file_that_is_no_onnx_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"^m\.onnx: loading failed with InvalidGraph|^m\.onnx: loading failed with"):
        saved(onnx.ModelProto(), tmp_path, monkeypatch)
