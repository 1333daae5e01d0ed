"""A model behind the Open Inference Protocol v2 (KServe, Triton, MLServer): tensors as JSON.

Source: Open Inference Protocol, REST: ``GET /v2/models/{name}``, ``POST /v2/models/{name}/infer``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import numpy.typing as npt

from pellucid.errors import ModelError, did_you_mean
from pellucid.models.http.answers import json_document, refuse_other_types, shown
from pellucid.models.http.connection import Answer, Connection, base_url
from pellucid.models.http.endpoint import EndpointModel
from pellucid.models.http.extraction import ResponseFormat, WrongCount, assemble
from pellucid.models.http.pace import LARGEST_BATCH
from pellucid.models.http.settings import RequestSettings, Traffic
from pellucid.protocols.model import Batch, Scores
from pellucid.records import dataclass

__all__ = ["OpenInferenceCodec", "Tensor", "open_inference"]

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a model: ``datatype`` as ``FP32``, ``INT64``, ``BYTES``; -1 in ``shape`` is any length."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OpenInferenceCodec:
    """Rows as tensors, tensors as scores.

    Parameters
    ----------
    inputs
        Of the model: one of two dimensions takes all features as a matrix, several take one feature each, by name.
    response
        ``probability`` and ``label`` name outputs. With neither, the only output of floating point is the scores, and
        the only one of another type the label.
    """

    inputs: tuple[Tensor, ...]
    response: ResponseFormat

    @property
    def most_records(self) -> int:
        """Records that a request can hold: as many as the first dimension of the inputs says."""
        fixed = [tensor.shape[0] for tensor in self.inputs if tensor.shape and tensor.shape[0] > 0]
        return min([LARGEST_BATCH, *fixed])

    def encode(self, batch: Batch) -> bytes:
        """Body of a request.

        Raises
        ------
        ModelError
            The features do not fit the inputs, or a value is missing.
        """
        rows = len(batch)
        if len(self.inputs) == 1 and (len(self.inputs[0].shape) > 1 or batch.names != (self.inputs[0].name,)):
            tensor = self.inputs[0]
            width = tensor.shape[-1]
            if len(tensor.shape) > 1 and width not in (-1, len(batch.names)):
                raise ModelError(
                    f"The model takes {width} features in {tensor.name!r}, and {len(batch.names)} are sent."
                )
            columns = [_values(name, values, tensor) for name, values in batch.columns.items()]
            data = [value for row in zip(*columns, strict=True) for value in row]
            return _body([_tensor(tensor, [rows, len(columns)], data)])
        missing = [tensor.name for tensor in self.inputs if tensor.name not in batch.columns]
        unknown = [name for name in batch.names if name not in {tensor.name for tensor in self.inputs}]
        if missing or unknown:
            near = f"for {missing[0]!r}, {did_you_mean(missing[0], unknown)}" if missing else "leave them out."
            raise ModelError(
                f"The model takes the inputs {[tensor.name for tensor in self.inputs]}. Features that are missing: "
                f"{missing}; that it does not take: {unknown}; {near} Use headers and excluded_columns."
            )
        return _body(
            [
                _tensor(
                    tensor,
                    [rows, *([1] * (len(tensor.shape) - 1))],
                    _values(tensor.name, batch.columns[tensor.name], tensor),
                )
                for tensor in self.inputs
            ]
        )

    def decode(self, answer: Answer, records: int) -> Scores:
        """Scores and labels in the outputs of an answer.

        Raises
        ------
        ModelError
            It holds no such outputs, or none for every record.
        """
        refuse_other_types(answer.body, answer.content_type, JSON)
        document = json_document(answer.body)
        listed = document.get("outputs") if isinstance(document, dict) else None
        if not isinstance(listed, list) or not listed:
            raise ModelError(
                f"The answer holds no 'outputs', so this is no Open Inference server. The answer: {shown(answer.body)}"
            )
        outputs = {output.get("name"): output for output in listed}
        probability, label = self._chosen(outputs)
        scores = None if probability is None else _rows(outputs[probability], records, answer.body)
        labels = None if label is None else [_single(row) for row in _rows(outputs[label], records, answer.body)]
        return assemble(scores, labels, self.response, answer.body)

    def _chosen(self, outputs: dict[str, dict[str, Any]]) -> tuple[str | None, str | None]:
        """Names of the outputs that hold scores and labels."""
        given = {"probability": self.response.probability, "label": self.response.label}
        for key, name in given.items():
            if name is not None and name not in outputs:
                fix = did_you_mean(name, list(outputs))
                raise ModelError(f"predictor.{key}: got {name!r}, which is no output of the model; {fix}")
        if any(name is not None for name in given.values()):
            probability, label = given.values()
            return (None if probability is None else str(probability)), (None if label is None else str(label))
        floats = [name for name, output in outputs.items() if str(output.get("datatype")).startswith(("FP", "BF"))]
        others = [name for name in outputs if name not in floats]
        if len(floats) > 1 or len(others) > 1:
            raise ModelError(
                f"predictor.probability: the model has the outputs {sorted(outputs)}. Name the one that holds scores "
                "with predictor.probability, or the one that holds labels with predictor.label."
            )
        return (floats[0] if floats else None), (others[0] if others else None)


def open_inference(
    url: str,
    name: str,
    response: ResponseFormat,
    *,
    version: str | None = None,
    settings: RequestSettings | None = None,
    key: str = "predictor.endpoint_name",
) -> EndpointModel:
    """The model ``name`` of a server that follows the Open Inference Protocol.

    Parameters
    ----------
    url
        Base of the server, to which ``/v2/models/...`` is appended.
    response
        With ``accept_type`` ``application/json``; ``probability`` and ``label`` name outputs.
    key
        The key or option that holds the URL, for messages.

    Raises
    ------
    ConfigError
        ``url`` is not one of http or https.
    ModelError
        The server does not answer, or does not know the model.
    """
    settings = settings or RequestSettings()
    path = f"{base_url(url, key)}/v2/models/{quote(name, safe='')}"
    path += "" if version is None else f"/versions/{quote(version, safe='')}"
    headers = {"Content-Type": JSON, "Accept": JSON}
    connection = Connection(path, {"Accept": JSON}, settings, Traffic())
    try:
        answer = connection.get(path)
    finally:
        connection.close()
    if answer.status != 200:
        raise ModelError(
            f"The server at {url} does not describe a model {name!r}: status {answer.status}: {shown(answer.body)} "
            "Check the name, and that the server follows the Open Inference Protocol v2."
        )
    return EndpointModel(f"{path}/infer", OpenInferenceCodec(_inputs(answer), response), headers, settings)


def _inputs(answer: Answer) -> tuple[Tensor, ...]:
    document = json_document(answer.body)
    try:
        inputs = tuple(
            Tensor(str(tensor["name"]), str(tensor["datatype"]), tuple(map(int, tensor["shape"])))
            for tensor in document["inputs"]
        )
    except (KeyError, TypeError, ValueError):
        inputs = ()
    if not inputs:
        raise ModelError(f"The description of the model names no inputs. The answer: {shown(answer.body)}")
    return inputs


def _values(name: str, values: npt.NDArray[Any], tensor: Tensor) -> list[Any]:
    listed = values.tolist()
    if any(value is None or value != value for value in listed):
        raise ModelError(
            f"Column {name!r} holds missing values, and tensors in JSON cannot. Fill them in the data, or exclude the "
            "column."
        )
    if tensor.datatype == "BYTES":
        return [value if isinstance(value, str) else json.dumps(value) for value in listed]
    if any(isinstance(value, str) for value in listed):
        raise ModelError(
            f"Column {name!r} holds text, and the model's input {tensor.name!r} takes {tensor.datatype}. "
            "Encode the column, or exclude it."
        )
    if tensor.datatype == "BOOL":
        return [bool(value) for value in listed]
    if "INT" not in tensor.datatype:
        return [float(value) for value in listed]
    if any(value != int(value) for value in listed):
        raise ModelError(
            f"Column {name!r} holds fractions, and the model's input {tensor.name!r} takes {tensor.datatype}. "
            "Round them in the data, or ask a model of floating point."
        )
    return list(map(int, listed))


def _tensor(tensor: Tensor, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": tensor.name, "shape": shape, "datatype": tensor.datatype, "data": data}


def _body(inputs: list[dict[str, Any]]) -> bytes:
    return json.dumps({"inputs": inputs}, separators=(",", ":")).encode()


def _rows(output: dict[str, Any], records: int, body: bytes) -> list[list[Any]]:
    """Values of an output, one list per record, whether its data is flat or nested."""
    data = _flat(output.get("data"))
    shape: Sequence[int] = output.get("shape") or [len(data)]
    if math.prod(shape) != len(data):
        raise ModelError(
            f"The output {output.get('name')!r} says shape {list(shape)} and holds {len(data)} values. "
            f"The answer: {shown(body)}"
        )
    if shape[0] != records or not data:
        raise WrongCount(
            f"The model answered {records} records with an output {output.get('name')!r} of shape {list(shape)}. Its "
            f"first dimension must be the number of records. The answer: {shown(body)}"
        )
    width = len(data) // records
    return [data[start : start + width] for start in range(0, len(data), width)]


def _flat(data: Any) -> list[Any]:
    if not isinstance(data, list):
        return []
    if data and isinstance(data[0], list):
        return [value for part in data for value in _flat(part)]
    return data


def _single(row: list[Any]) -> Any:
    return row[0] if len(row) == 1 else row
