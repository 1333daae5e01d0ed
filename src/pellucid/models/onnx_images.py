"""ONNX models of images, run by ONNX Runtime on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, ModelError, Problem, require
from pellucid.explain.image_background import resized
from pellucid.models.answers import library_errors
from pellucid.models.images import COLORS, ImageInput
from pellucid.models.onnx import Tensor
from pellucid.processors import available_cpus
from pellucid.records import dataclass

__all__ = ["OnnxImages", "load_onnx_images"]

Bytes = npt.NDArray[np.uint8]
FLOATS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
ONLY_FATAL = 4


@dataclass(frozen=True, slots=True, eq=False)
class OnnxImages:
    """A session of ONNX Runtime that takes images.

    Images of another size than the model's are resized by bilinear interpolation, after segments were hidden.

    Parameters
    ----------
    session
        The ``onnxruntime.InferenceSession``.
    name
        Begins every message about the model.
    tensor
        Its input, of shape (images, 3, height, width) or (images, height, width, 3).
    output
        Name of the output with scores or detections.
    numbers
        How pixels become floats; None where the model takes bytes.
    """

    session: Any
    name: str
    tensor: Tensor
    output: str
    numbers: ImageInput | None

    def __call__(self, images: Bytes) -> npt.NDArray[Any]:
        """Scores of shape (images, classes), or detections of shape (images, detections, 6).

        Raises
        ------
        ModelError
            ONNX Runtime fails.
        """
        fed = self._fed(images)
        step = self.tensor.shape[0]
        if not isinstance(step, int):
            return self._run(fed)
        parts = []
        for start in range(0, len(fed), step):
            part = fed[start : start + step]
            filled = np.concatenate([part, np.repeat(part[-1:], step - len(part), axis=0)])
            parts.append(self._run(filled)[: len(part)])
        return np.concatenate(parts)

    def _run(self, fed: npt.NDArray[Any]) -> npt.NDArray[Any]:
        with library_errors(self.name, "predicting"):
            (answer,) = self.session.run([self.output], {self.tensor.name: fed})
        return np.asarray(answer)

    def _fed(self, images: Bytes) -> npt.NDArray[Any]:
        first = _colors_first(self.tensor)
        height, width = self.tensor.shape[2:] if first else self.tensor.shape[1:3]
        size = (
            height if isinstance(height, int) else images.shape[1],
            width if isinstance(width, int) else images.shape[2],
        )
        if size != images.shape[1:3]:
            images = np.stack([resized(image, *size) for image in images])
        fed: npt.NDArray[Any] = images
        if self.numbers is not None:
            kind = FLOATS[self.tensor.kind]
            factor = self.numbers.scale / np.array(self.numbers.std)
            shift = np.array(self.numbers.mean) / np.array(self.numbers.std)
            fed = images.astype(np.float32) * factor.astype(np.float32) - shift.astype(np.float32)
            fed = fed.astype(kind, copy=False)
        return np.ascontiguousarray(fed.transpose(0, 3, 1, 2)) if first else fed


def load_onnx_images(
    path: Path, name: str, *, detection: bool = False, image_input: ImageInput | None = None
) -> OnnxImages:
    """An ONNX model of images from its file.

    Raises
    ------
    ModelError
        The file is no ONNX model, or does not take images, or which output is meant cannot be told.
    ConfigError
        The model takes floats and ``image_input`` does not say which, or it takes bytes and ``image_input`` is given.
    MissingExtra
        ONNX Runtime is not installed.
    """
    onnxruntime = require("onnxruntime", extra="onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = available_cpus()
    options.log_severity_level = ONLY_FATAL
    with library_errors(name, "loading"):
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    tensors = [Tensor(node.name, node.type, tuple(node.shape)) for node in session.get_inputs()]
    tensor = tensors[0]
    if len(tensors) != 1 or len(tensor.shape) != 4 or COLORS not in (tensor.shape[1], tensor.shape[3]):
        listed = ", ".join(f"{one} with the shape {one.shape}" for one in tensors)
        raise ModelError(
            f"{name}: takes {listed}, and not one input of shape (images, 3, height, width) or "
            "(images, height, width, 3). Give a Python function that asks it, as module:attribute."
        )
    if tensor.kind == "tensor(uint8)" and image_input is not None:
        fix = f"{name} takes pixels from 0 to 255 as they are. Leave the key out."
        raise ConfigError(Problem("image_input", fix=fix))
    if tensor.kind in FLOATS and image_input is None:
        fix = (
            f"{name} takes floats, and does not say how pixels become these. Give what it was trained with, such as "
            '{"scale": 0.00392157, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}.'
        )
        raise ConfigError(Problem("image_input", fix=fix))
    if tensor.kind != "tensor(uint8)" and tensor.kind not in FLOATS:
        raise ModelError(f"{name}: takes {tensor}, and not floats or bytes (uint8).")
    return OnnxImages(session, name, tensor, _output(session, name, detection), image_input)


def _colors_first(tensor: Tensor) -> bool:
    return tensor.shape[1] == COLORS


def _output(session: Any, name: str, detection: bool) -> str:
    """The output with scores, or with detections."""
    outputs = [Tensor(node.name, node.type, tuple(node.shape)) for node in session.get_outputs()]
    wanted = 3 if detection else 2
    fitting = [output for output in outputs if output.kind in FLOATS and len(output.shape) == wanted]
    if len(fitting) > 1:
        fitting = [output for output in fitting if "prob" in output.name.lower()]
    if len(fitting) != 1:
        shape = "(images, detections, 6)" if detection else "(images, classes)"
        listed = ", ".join(f"{output} with the shape {output.shape}" for output in outputs)
        raise ModelError(
            f"{name}: has no single output of floats of shape {shape}, but {listed}. Give a Python function that "
            "brings its answer into this form, as module:attribute."
        )
    return fitting[0].name
