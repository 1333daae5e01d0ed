"""Models of images in this process: a function, ``module:attribute``, or an ONNX file, asked for arrays of pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, Problem, UnknownModel, UnusableModel, did_you_mean
from pellucid.models.answers import library_errors
from pellucid.records import dataclass

__all__ = ["ImageFunction", "ImageInput", "image_model"]

Bytes = npt.NDArray[np.uint8]
COLORS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInput:
    """How pixels become what a model was trained on: (pixel x scale - mean) / std.

    Parameters
    ----------
    scale
        Above 0; 1/255 gives shares of 1.
    mean, std
        Of red, green and blue, after scaling; ``std`` above 0.

    Raises
    ------
    ConfigError
        A number is missing or not in range.
    """

    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        problems = [
            Problem(f"image_input.{key}", list(numbers), fix="Give three numbers: of red, green and blue.")
            for key, numbers in (("mean", self.mean), ("std", self.std))
            if len(numbers) != COLORS
        ]
        if not self.scale > 0:
            problems.append(Problem("image_input.scale", self.scale, fix="Use a number above 0, such as 0.00392157."))
        if not all(number > 0 for number in self.std):
            problems.append(Problem("image_input.std", list(self.std), fix="Use numbers above 0."))
        if problems:
            raise ConfigError(problems)

    @classmethod
    def of(cls, numbers: Mapping[str, Any] | ImageInput | None) -> ImageInput | None:
        """From numbers by name.

        >>> ImageInput.of({"scales": 1})
        Traceback (most recent call last):
        ...
        pellucid.errors.ConfigError: image_input: got 'scales'. Use 'scale', 'mean' and 'std'; did you mean 'scale'?
        """
        if numbers is None or isinstance(numbers, ImageInput):
            return numbers
        known = ("scale", "mean", "std")
        unknown = [name for name in numbers if name not in known]
        if unknown:
            raise ConfigError(
                Problem("image_input", name, fix=f"Use 'scale', 'mean' and 'std'; {did_you_mean(name, known)}")
                for name in unknown
            )
        try:
            return cls(
                scale=float(numbers.get("scale", 1 / 255)),
                mean=tuple(float(part) for part in numbers.get("mean", (0, 0, 0))),
                std=tuple(float(part) for part in numbers.get("std", (1, 1, 1))),
            )
        except (TypeError, ValueError):
            fix = "'scale' is one number; 'mean' and 'std' are three each."
            raise ConfigError(Problem("image_input", dict(numbers), fix=fix)) from None


@dataclass(frozen=True, slots=True)
class ImageFunction:
    """A function of images, whose faults are told as faults of the model.

    Parameters
    ----------
    function
        Called with uint8 of shape (images, height, width, 3).
    name
        Begins every message about the model.
    """

    function: Callable[[Bytes], Any]
    name: str

    def __call__(self, images: Bytes) -> object:
        """What the model answers.

        Raises
        ------
        ModelError
            The function raises.
        """
        with library_errors(self.name, "predicting"):
            return self.function(images)


def image_model(model: Any, *, detection: bool = False, image_input: Any = None) -> Callable[[Bytes], object]:
    """What the user calls a model, as a function of images.

    Parameters
    ----------
    model
        A function; an object with ``predict``; the path or address of an ONNX file; or ``module:attribute``.
    detection
        Whether it finds objects.
    image_input
        See `ImageInput`; for ONNX files only.

    Raises
    ------
    ModelError
        There is no such model, or it takes no images.
    ConfigError
        ``image_input`` is wrong, or needed, or given in vain.
    MissingExtra
        ONNX Runtime is not installed.
    """
    numbers = ImageInput.of(image_input)
    if isinstance(model, str | PathLike):
        return _located(fspath(model), detection, numbers)
    if numbers is not None:
        fix = "It is for ONNX files. A function gets pixels from 0 to 255 and scales them itself; leave it out."
        raise ConfigError(Problem("image_input", fix=fix))
    function = model if callable(model) else getattr(model, "predict", None)
    if function is None:
        raise UnusableModel(
            f"{type(model).__name__} is no model of images. Give a function that takes uint8 images of shape "
            "(images, height, width, 3) and returns scores, or the path of an ONNX file."
        )
    return ImageFunction(function, getattr(model, "__name__", type(model).__name__))


def _located(uri: str, detection: bool, numbers: ImageInput | None) -> Callable[[Bytes], object]:
    from pellucid.models.fetch import fetched, temporary_folder
    from pellucid.models.python_callable import is_reference, object_at

    path = Path(uri.removeprefix("file://")).expanduser()
    if not path.exists() and is_reference(uri):
        return image_model(object_at(uri), detection=detection, image_input=numbers)
    if not uri.lower().endswith(".onnx"):
        raise UnusableModel(
            f"{uri}: is no model of images that can be loaded. Give an ONNX file, module:attribute of Python (a "
            "function of uint8 images of shape (images, height, width, 3)), or an endpoint that takes images."
        )
    if "://" in uri and not uri.startswith("file://"):
        path = fetched(uri, temporary_folder())
    if not path.is_file():
        nearest = (
            did_you_mean(path.name, sorted(file.name for file in path.parent.iterdir())) if path.parent.is_dir() else ""
        )
        raise UnknownModel(f"{uri}: there is no such file; {nearest or 'there is no such folder either.'}")
    from pellucid.models.loading import opening
    from pellucid.models.onnx_images import load_onnx_images

    with opening():
        return load_onnx_images(path, uri, detection=detection, image_input=numbers)
