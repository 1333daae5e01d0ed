"""Detected objects, and their scores on images that were changed: the outputs of a detector's game.

A detection is a row (class, score, left, top, right, bottom); the edges are shares of the width and height. Rows of
class -1 are padding. Source: AWS developer guide, model response format for object detection.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError
from pellucid.records import dataclass

__all__ = ["DETECTION", "Box", "DetectedObject", "as_detections", "objects_in", "overlaps", "scores_of_objects"]

Floats = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge, as shares of the width and height."""

DETECTION = 6
"""Numbers of a detection."""
PADDING = -1


@dataclass(frozen=True, slots=True)
class DetectedObject:
    """An object that was found in the image as it is.

    Parameters
    ----------
    class_id
        Position of its class, from 0.
    score
        Of the detection.
    box
        Where it is.
    """

    class_id: int
    score: float
    box: Box


def as_detections(answer: object, images: int) -> Floats:
    """What a detector answered, padded to one array of shape (images, detections, 6).

    Parameters
    ----------
    answer
        An array of that shape, or a list with a list of detections for each image.

    Raises
    ------
    ModelError
        It is neither, or a number of a detection is not finite.

    Examples
    --------
    >>> as_detections([[[0, 0.5, 0, 0, 1, 1]], []], images=2).shape
    (2, 1, 6)
    """
    rows = list(answer) if isinstance(answer, list | tuple | np.ndarray) else None
    if rows is None or len(rows) != images:
        found = f"{len(rows)} lists" if rows is not None else type(answer).__name__
        raise ModelError(f"The model was asked for {images} images and answered {found}. {_WANTED}")
    parts = [_of_image(row) for row in rows]
    padded = np.full((images, max((len(part) for part in parts), default=0), DETECTION), float(PADDING))
    for place, part in zip(padded, parts, strict=True):
        place[: len(part)] = part
    return padded


_WANTED = "Return for each image a list of detections [class, score, left, top, right, bottom], edges as shares of 1."


def _of_image(rows: object) -> Floats:
    try:
        found = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError):
        found = None
    if found is not None and not found.size:
        return np.empty((0, DETECTION))
    if found is None or found.ndim != 2 or found.shape[1] != DETECTION:
        shape = "what is no array of numbers" if found is None else f"an array of shape {found.shape}"
        raise ModelError(f"The model answered {shape} for an image. {_WANTED}")
    found = np.asarray(found[found[:, 0] != PADDING])
    if not np.isfinite(found).all():
        wrong = found[~np.isfinite(found).all(axis=1)][0]
        raise ModelError(f"The model answered the detection {wrong.tolist()}. Its numbers must be finite.")
    return found


def objects_in(
    detections: Floats, *, threshold: float, most: int, classes: Sequence[int] | None = None
) -> tuple[DetectedObject, ...]:
    """The objects of one image, the best first.

    Parameters
    ----------
    detections
        Shape (detections, 6).
    threshold
        Least score of an object.
    most
        Most objects.
    classes
        Classes that count; all by default.
    """
    counted = detections[(detections[:, 0] != PADDING) & (detections[:, 1] >= threshold)]
    if classes is not None:
        counted = counted[np.isin(counted[:, 0], list(classes))]
    best = np.argsort(-counted[:, 1], kind="stable")[:most]
    return tuple(
        DetectedObject(int(row[0]), float(row[1]), (float(row[2]), float(row[3]), float(row[4]), float(row[5])))
        for row in counted[best]
    )


def overlaps(boxes: Floats, box: Box) -> Floats:
    """Intersection over union of every box with one, from 0 to 1; 0 where both are empty.

    Parameters
    ----------
    boxes
        Edges, shape (..., 4).

    Examples
    --------
    >>> overlaps(np.array([[0.0, 0.0, 1.0, 0.5], [0.0, 0.0, 1.0, 1.0]]), (0.0, 0.0, 1.0, 1.0)).tolist()
    [0.5, 1.0]
    """
    edges = np.array(box)
    shared = np.clip(np.minimum(boxes[..., 2:], edges[2:]) - np.maximum(boxes[..., :2], edges[:2]), 0, None).prod(-1)
    areas = np.clip(boxes[..., 2:] - boxes[..., :2], 0, None).prod(-1)
    union = areas + np.clip(edges[2:] - edges[:2], 0, None).prod() - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(union), where=union > 0))


def scores_of_objects(detections: Floats, objects: Sequence[DetectedObject], threshold: float) -> Floats:
    """Score of each object on each image, shape (images, objects); 0 where it is not found again.

    It is found again where a detection of its class overlaps its box by ``threshold`` at least; of several, the one
    that overlaps most counts.

    Parameters
    ----------
    detections
        Shape (images, detections, 6).
    threshold
        Intersection over union, from 0 to 1.
    """
    scores = np.zeros((len(detections), len(objects)))
    if not detections.shape[1]:
        return scores
    images = np.arange(len(detections))
    for i, wanted in enumerate(objects):
        overlap = overlaps(detections[:, :, 2:], wanted.box)
        overlap[detections[:, :, 0] != wanted.class_id] = -1
        # Of detections that overlap equally the best one counts, whatever their order.
        best = np.lexsort((detections[:, :, 1], overlap), axis=-1)[:, -1]
        found = overlap[images, best] >= threshold
        # Where the threshold is 0, a detection elsewhere is still another object.
        found &= overlap[images, best] > 0
        scores[found, i] = detections[images, best, 1][found]
    return scores
