"""ONNX models, run by ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError, require
from pellucid.models.answers import class_scores, labels_of, library_errors, scores_of
from pellucid.models.inputs import in_order_of, is_text, matrix, of_width
from pellucid.models.loading import Loading
from pellucid.protocols.model import Batch, Scores
from pellucid.records import dataclass

__all__ = ["OnnxModel", "Tensor", "load_onnx"]

_FLOATS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
_WHOLE = {
    "tensor(bool)": np.bool_,
    "tensor(int8)": np.int8,
    "tensor(int16)": np.int16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
}
_ZIPMAP = "seq(map("
_ONLY_FATAL = 4


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output as the model declares it; an axis of any length is None or a name in ``shape``."""

    name: str
    kind: str
    shape: tuple[int | str | None, ...]

    def __str__(self) -> str:
        return f"{self.name!r} of {self.kind}"


@dataclass(frozen=True, slots=True, eq=False)
class OnnxModel:
    """A session of ONNX Runtime.

    A model with one input gets all columns as one matrix, of numbers or of text; with several inputs each column goes
    to the input of its name. A classifier (it has an output of labels beside one of scores) of two classes gives the
    probability of the second.

    Parameters
    ----------
    session
        The ``onnxruntime.InferenceSession``.
    name
        Begins every message about the model.
    inputs
        Its inputs, in order.
    scores
        The output with the scores, if there is one.
    labels
        The output with the predicted labels, if there is one.
    """

    session: Any
    name: str
    inputs: tuple[Tensor, ...]
    scores: Tensor | None
    labels: Tensor | None

    def predict(self, batch: Batch) -> Scores:
        """Scores of every row of ``batch``, in order."""
        fed = self._fed(batch)
        wanted = self.scores or self.labels
        with library_errors(self.name, "predicting"):
            (answer,) = self.session.run([wanted.name if wanted else None], fed)
        if self.scores is None:
            return labels_of(answer, len(batch), self.name)
        if self.scores.kind.startswith(_ZIPMAP):
            classes = tuple(answer[0]) if answer else ()
            probabilities = np.array([list(row.values()) for row in answer], dtype=np.float64)
            return class_scores(probabilities.reshape(len(batch), len(classes)), classes, len(batch), self.name)
        if self.labels is not None:
            # ONNX Runtime writes every output into memory of its own, even one that is an input or a constant.
            return class_scores(answer, None, len(batch), self.name, disposable=True)
        return scores_of(answer, len(batch), self.name)

    def _fed(self, batch: Batch) -> dict[str, npt.NDArray[Any]]:
        if len(self.inputs) == 1:
            (only,) = self.inputs
            features = only.shape[1] if len(only.shape) == 2 else 1
            if isinstance(features, int):
                of_width(batch, features, self.name)
            return {only.name: _array(batch, only, self.name)}
        batch = in_order_of(batch, [tensor.name for tensor in self.inputs], self.name)
        return {
            tensor.name: _array(Batch({tensor.name: batch.columns[tensor.name]}), tensor, self.name)
            for tensor in self.inputs
        }


def load_onnx(path: Path, loading: Loading) -> OnnxModel:
    """An ONNX model from its file.

    Raises
    ------
    ModelError
        The file is no ONNX model, or has inputs or outputs that are no rows or scores.
    MissingExtra
        ONNX Runtime is not installed.
    """
    onnxruntime = require("onnxruntime", extra="onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = loading.threads
    options.inter_op_num_threads = 1
    # What goes wrong is raised, and need not be printed as well.
    options.log_severity_level = _ONLY_FATAL
    with library_errors(loading.name, "loading"):
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    inputs, outputs = _declared(session.get_inputs()), _declared(session.get_outputs())
    _check_inputs(inputs, loading.name)
    scores, labels = _outputs(outputs, loading.name)
    return OnnxModel(session, loading.name, inputs, scores, labels)


def _declared(nodes: Sequence[Any]) -> tuple[Tensor, ...]:
    return tuple(Tensor(node.name, node.type, tuple(node.shape)) for node in nodes)


def _check_inputs(inputs: Sequence[Tensor], model: str) -> None:
    known = {*_FLOATS, *_WHOLE, "tensor(string)"}
    problems = []
    for tensor in inputs:
        if tensor.kind not in known:
            problems.append(f"input {tensor} is none of {', '.join(sorted(known))}.")
        elif len(tensor.shape) not in {1, 2} or (len(inputs) > 1 and tensor.shape[1:] not in {(), (1,)}):
            wanted = "(rows, features)" if len(inputs) == 1 else "(rows, 1)"
            problems.append(f"input {tensor} has the shape {tensor.shape}, and not {wanted}.")
        elif isinstance(tensor.shape[0], int):
            problems.append(f"input {tensor} takes {tensor.shape[0]} rows only. Export it with a batch of any length.")
    if problems:
        raise ModelError(f"{model}: {' '.join(problems)}")


def _outputs(outputs: Sequence[Tensor], model: str) -> tuple[Tensor | None, Tensor | None]:
    """The outputs with the scores and with the labels."""
    labels = next((output for output in outputs if output.kind in {"tensor(int64)", "tensor(string)"}), None)
    candidates = [output for output in outputs if output.kind in _FLOATS or output.kind.startswith(_ZIPMAP)]
    if len(candidates) > 1:
        candidates = [output for output in candidates if "prob" in output.name.lower()]
    if len(candidates) == 1:
        return candidates[0], labels
    if labels is not None and len(outputs) == 1:
        return None, labels
    listed = ", ".join(str(output) for output in outputs)
    raise ModelError(
        f"{model}: which of its outputs holds the scores cannot be told: {listed}."
        " Export it with one output of scores, or with 'prob' in the name of that output."
    )


def _array(batch: Batch, tensor: Tensor, model: str) -> npt.NDArray[Any]:
    """The columns of ``batch`` with the type and shape of an input."""
    if tensor.kind in _FLOATS:
        array = matrix(batch, model, _FLOATS[tensor.kind])
    elif tensor.kind in _WHOLE:
        array = _whole(batch, tensor, model)
    else:
        array = _texts(batch, tensor, model)
    return array if len(tensor.shape) == 2 else array[:, 0]


def _whole(batch: Batch, tensor: Tensor, model: str) -> npt.NDArray[Any]:
    dtype = _WHOLE[tensor.kind]
    if batch.matrix is not None:
        numbers = batch.matrix
    elif all(values.dtype.kind in "bi" for values in batch.columns.values()):
        numbers = np.column_stack(list(batch.columns.values()))
    else:
        numbers = matrix(batch, model)
    with np.errstate(invalid="ignore"):
        array: npt.NDArray[Any] = numbers.astype(dtype)
    changed = np.flatnonzero((array != numbers).any(axis=0))
    if changed.size:
        names = ", ".join(repr(batch.names[position]) for position in changed)
        raise ModelError(
            f"{model}: input {tensor} cannot take {names}, which holds missing cells, fractions or numbers out of its"
            " range. Fill or convert the column as in training, or export the model with a floating input."
        )
    return array


def _texts(batch: Batch, tensor: Tensor, model: str) -> npt.NDArray[Any]:
    numbers = [repr(name) for name, values in batch.columns.items() if not is_text(values)]
    missing = [repr(name) for name, values in batch.columns.items() if any(cell is None for cell in values.tolist())]
    if numbers:
        raise ModelError(
            f"{model}: input {tensor} takes text, and {', '.join(numbers)} holds numbers."
            " Give the column as text, or export the model with one input for each column."
        )
    if missing:
        raise ModelError(
            f"{model}: input {tensor} cannot take missing cells, and there are some in {', '.join(missing)}."
            " ONNX has no missing text: fill these cells as in training."
        )
    return np.column_stack([values.astype(object) for values in batch.columns.values()])
