"""Explanations of images for users of the library."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from pellucid.errors import ConfigError, DataError, InputError, ModelError, Problem, did_you_mean, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pellucid.api.steps import Progress
    from pellucid.explain.budget import Budget
    from pellucid.explain.game import Link
    from pellucid.explain.plan import Estimator
    from pellucid.jobs.explanations.image_shap import Ask, ImageRequest
    from pellucid.results.image_explanation import ExplainedImage, ImageExplanation

    Bytes = npt.NDArray[np.uint8]

__all__ = ["explain_images"]


def explain_images(
    model: Any,
    images: Any,
    *,
    num_segments: int = 20,
    compactness: float = 5,
    baseline: Any = None,
    labels: Sequence[int | str] | int | str | None = None,
    label_headers: Sequence[str] | None = None,
    budget: Mapping[str, Any] | Budget | None = None,
    estimator: Estimator = "auto",
    link: Link = "identity",
    seed: int = 0,
    segments: Any = None,
    detection: bool = False,
    max_objects: int = 3,
    iou_threshold: float = 0.5,
    context: float = 1.0,
    probability_threshold: float = 0.5,
    batch_images: int = 64,
    confidence_level: float = 0.95,
    image_input: Mapping[str, Any] | None = None,
    progress: Progress = None,
) -> ImageExplanation:
    """Shapley values of the segments of images, with standard errors.

    An absent segment shows the baseline image. All outputs of an image come from the same masked images.

    Parameters
    ----------
    model
        A function of images, uint8 of shape (images, height, width, 3), that returns scores of shape (images,) or
        (images, classes); of a detector, for each image a list of detections (class, score, left, top, right, bottom)
        with edges as shares of the width and height, class -1 being padding. Or the path of an ONNX model, or
        ``module:attribute``.
    images
        A list of images, or one: arrays of shape (height, width, 3), (height, width, 4) or (height, width), uint8;
        pictures of Pillow; or paths of JPEG and PNG files. They may differ in size. Transparent parts are laid over
        white.
    num_segments, compactness
        Of SLIC: about how many segments, and how much nearness weighs against color.
    baseline
        What an absent segment shows: an image (array or path), resized where needed; a color (red, green, blue); an
        array of several images of shape (n, height, width, 3), over which scores are averaged. White noise by default,
        drawn anew for each image with its seed.
    labels
        Classes to explain, by position or by name in ``label_headers``. By default the predicted class of each image;
        objects of all classes.
    label_headers
        Names of the classes, in the order of the scores.
    budget, estimator, link, confidence_level
        As for `pellucid.explain`; ``model_calls`` and ``seconds`` are shared evenly by the images. By default 2048 + 2
        x segments samples for each image, and all coalitions where these are no more.
    seed
        An equal seed gives equal numbers. Each image has its own, made of this one and its pixels.
    segments
        Segment of every pixel, whole numbers of shape (height, width): for all images, or a list with one for each.
    detection
        Whether the model is a detector.
    max_objects, probability_threshold
        The best so many objects with at least this score are explained.
    iou_threshold
        Overlap from which on a detection of the same class in a masked image is the same object; else its score is 0.
    context
        1: the whole image takes part. 0: the outside of an object's box always shows the baseline; each object then
        needs masked images of its own.
    batch_images
        Most images per call of the model.
    image_input
        How an ONNX model with an input of floats takes pixels: ``scale`` (1/255 for shares of 1), ``mean`` and ``std``
        of each color, as it was trained: (pixel x scale - mean) / std.
    progress
        As for `pellucid.explain`.

    Returns
    -------
    ImageExplanation
        Frozen; ``found[0].values`` has the shape (segments, outputs), ``found.overlay(0)`` is a picture.

    Raises
    ------
    ConfigError
        An argument is wrong.
    DataError
        An image cannot be read, or is no array of colors.
    ModelError
        The model does not answer with finite scores or detections.
    MissingExtra
        scikit-image or Pillow is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((1, 2, 3), dtype=np.uint8)
    >>> image[0, 0], image[0, 1] = 100, 50
    >>> brightness = lambda images: images.mean(axis=(1, 2, 3))
    >>> found = explain_images(brightness, [image], baseline=(0, 0, 0), segments=[[0, 1]])
    >>> found[0].values.ravel().tolist(), found[0].base_values.tolist(), found[0].methods
    ([50.0, 25.0], [0.0], ('enumeration',))
    """
    from pellucid.api.explaining import plan_of
    from pellucid.api.steps import steps_told
    from pellucid.argument_kinds import (
        NAMES,
        NAMES_OR_POSITIONS,
        PORTION,
        PROGRESS,
        SWITCH,
        listed,
        mapping,
        number,
        optional,
        other_kinds,
        whole_number,
    )
    from pellucid.jobs.explanations.image_shap import DetectionRequest, ImageRequest, share_of
    from pellucid.models.images import image_model
    from pellucid.results.image_explanation import ImageExplanation

    problems = other_kinds(
        ("num_segments", num_segments, whole_number(1)),
        ("compactness", compactness, number(above=0)),
        ("labels", labels, optional(NAMES_OR_POSITIONS)),
        ("label_headers", label_headers, optional(NAMES)),
        ("detection", detection, SWITCH),
        ("max_objects", max_objects, whole_number(1)),
        ("iou_threshold", iou_threshold, PORTION),
        ("context", context, PORTION),
        ("probability_threshold", probability_threshold, number()),
        ("batch_images", batch_images, whole_number(1)),
        ("image_input", image_input, optional(mapping("numbers", '{"scale": 0.00392157}'))),
        ("progress", progress, PROGRESS),
    )
    plan = plan_of(estimator, budget, seed, link, confidence_level, problems=problems)
    headers = None if label_headers is None else listed(label_headers)
    objects = DetectionRequest(
        max_objects=max_objects,
        iou_threshold=iou_threshold,
        context=context,
        probability_threshold=probability_threshold,
    )
    if detection and link == "logit":
        fix = "An object that is lost scores 0, which has no log-odds. Use 'identity'."
        raise ConfigError(Problem("link", link, fix=fix))
    given, notes = _images(images)
    classes = _classes(labels, headers)
    absent = _baseline(baseline)
    divided = _segments(segments, [pixels for _, pixels in given])
    request = ImageRequest(
        plan=share_of(plan, len(given)),
        link=link,
        num_segments=num_segments,
        compactness=compactness,
        classes=classes,
        label_headers=None if headers is None else tuple(headers),
        detection=objects if detection else None,
        batch_images=batch_images,
    )
    ask = image_model(model, detection=detection, image_input=image_input)
    if absent is None:
        notes.append("Absent segments show white noise, drawn once for each image.")
    with steps_told(progress) as step:
        explained = tuple(_explained(given, divided, absent, ask, request, step))
    return ImageExplanation(
        images=explained,
        seed=int(seed),
        link=link,
        confidence_level=confidence_level,
        notes=tuple(notes),
    )


def _explained(
    given: Sequence[tuple[str, Bytes]],
    divided: Sequence[Any],
    baseline: Bytes | None,
    ask: Ask,
    request: ImageRequest,
    progress: Callable[[str], None],
) -> Iterator[ExplainedImage]:
    """The images by name, each with its segments, explained one after another."""
    from pellucid.api.pace import Pace
    from pellucid.jobs.explanations.image_shap import explained_image

    pace = Pace(len(given), time.monotonic, what="images")
    progress(pace.line("explaining", 0))
    for (name, pixels), segments in zip(given, divided, strict=True):
        try:
            found = explained_image(name, pixels, baseline, ask, request, clock=time.monotonic, segments=segments)
        except ModelError as error:
            raise ModelError(f"{name}: {str(error).replace('predictor.label_headers', 'label_headers')}") from error
        progress(pace.line("explaining", 1))
        yield found


def _images(images: Any) -> tuple[list[tuple[str, Bytes]], list[str]]:
    """The images by name, and notes on how they were converted; every one that cannot be used is reported."""
    import numpy as np

    one = isinstance(images, str | PathLike) or hasattr(images, "convert")
    if not one and (isinstance(images, bytes | Mapping) or not isinstance(images, Iterable)):
        fix = "Give a list of images, or one: an array, a picture of Pillow, or the path of a file."
        raise DataError(Problem("images", type(images).__name__, fix=fix))
    one = one or (isinstance(images, np.ndarray) and images.ndim in (2, 3))
    listed = [images] if one else list(images)
    if isinstance(images, np.ndarray) and images.ndim == 3 and images.shape[2] not in (1, 3, 4):
        if images.shape[0] == 3:
            fix = "Colors come last: use numpy.moveaxis(image, 0, -1). Of three gray images give a list."
            raise DataError(Problem("images", f"{images.dtype} of shape {images.shape}", fix=fix))
        listed = list(images)  # gray images, one after another
    if not listed:
        raise DataError(Problem("images", [], fix="Give at least one image."))
    found: list[tuple[str, Bytes]] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for i, image in enumerate(listed):
        try:
            name, pixels, converted = _image(image, f"images[{i}]")
        except DataError as error:
            problems += error.problems
            continue
        found.append((name, pixels))
        notes += [f"{name}: {converted}"] if converted else []
    if problems:
        raise DataError(problems)
    return found, notes


def _image(image: Any, where: str) -> tuple[str, Bytes, str]:
    """Name, pixels and what was converted."""
    import numpy as np

    from pellucid.datasets.images import as_rgb, read_image

    if isinstance(image, str | PathLike):
        read = read_image(fspath(image))
        return fspath(image), read.pixels, read.converted
    if hasattr(image, "convert"):  # a picture of Pillow
        read = as_rgb(image)
        return where, read.pixels, read.converted
    array = np.asarray(image)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim == 3 and array.shape[2] == 4 and array.dtype == np.uint8 and array.size:
        read = as_rgb(require("PIL.Image", extra="images").fromarray(np.ascontiguousarray(array)))
        return where, read.pixels, read.converted
    if array.ndim != 3 or array.shape[2] not in (1, 3) or array.dtype != np.uint8 or not array.size:
        fix = "Give uint8 arrays of shape (height, width, 3), colors from 0 to 255; or gray ones, (height, width)."
        raise DataError(Problem(where, f"{array.dtype} of shape {np.shape(image)}", fix=fix))
    gray = array.shape[2] == 1
    pixels = np.repeat(array, 3, axis=2) if gray else array
    return where, np.ascontiguousarray(pixels), "gray, shown in three equal colors" if gray else ""


def _classes(labels: Any, label_headers: Sequence[str] | None) -> tuple[int, ...] | None:
    from pellucid.argument_kinds import listed

    if labels is None:
        return None
    wanted, names = listed(labels), label_headers or []
    problems: list[Problem] = []
    for label in wanted:
        if isinstance(label, str) and label not in names:
            problems.append(
                Problem("labels", label, fix=f"Use a position or a label header; {did_you_mean(label, names)}")
            )
        elif not isinstance(label, str) and label < 0:
            problems.append(Problem("labels", label, fix="Use positions of classes, from 0, or their names."))
    if not wanted:
        problems.append(Problem("labels", [], fix="Name at least one class, or leave it out."))
    if problems:
        raise ConfigError(problems)
    return tuple(names.index(label) if isinstance(label, str) else int(label) for label in wanted)


def _baseline(baseline: Any) -> Bytes | None:
    """Baseline images of shape (images, height, width, 3), or None."""
    import numpy as np

    if baseline is None:
        return None
    if isinstance(baseline, str | PathLike) or hasattr(baseline, "convert"):
        try:
            return _image(baseline, "baseline")[1][None]
        except InputError as error:
            raise DataError(Problem("baseline", fix=str(error))) from None
    array = np.asarray(baseline)
    if array.ndim == 1:
        array = array[None, None]
    if array.ndim == 3:
        array = array[None]
    whole = array.dtype.kind in "iu" and array.size and array.min() >= 0 and array.max() <= 255
    if array.ndim != 4 or array.shape[3] != 3 or not whole:
        fix = "Give an image of shape (height, width, 3), a color such as (128, 128, 128), or the path of an image."
        raise ConfigError(Problem("baseline", f"{array.dtype} of shape {np.shape(baseline)}", fix=fix))
    return np.ascontiguousarray(array, dtype=np.uint8)


def _segments(segments: Any, images: Sequence[Bytes]) -> list[Any]:
    """Segments of each image, None where they are to be found."""
    import numpy as np

    from pellucid.explain.segmentation import renumbered

    if segments is None:
        return [None] * len(images)
    try:
        arrays = [np.asarray(own) for own in segments]
        if arrays and all(own.ndim == 1 for own in arrays):
            arrays = [np.stack(arrays)] * len(images)
    except (TypeError, ValueError):
        fix = "Give an array of shape (height, width), the segment of every pixel, or a list of such arrays."
        raise ConfigError(Problem("segments", type(segments).__name__, fix=fix)) from None
    if len(arrays) != len(images):
        fix = f"Give one array for all images, or one for each of the {len(images)} images."
        raise ConfigError(Problem("segments", f"{len(arrays)} arrays", fix=fix))
    found = [renumbered(own) for own in arrays]
    problems = [
        Problem(f"segments[{i}]", own.shape, fix=f"The image has the shape {pixels.shape[:2]}. Give as many pixels.")
        for i, (own, pixels) in enumerate(zip(found, images, strict=True))
        if own.shape != pixels.shape[:2]
    ]
    if problems:
        raise ConfigError(problems)
    return found
