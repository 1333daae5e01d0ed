"""Images to an endpoint: one JPEG or PNG file a request, or several in an NPY array; scores or detections back."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from pellucid.errors import ModelError, require
from pellucid.explain.detections import DETECTION, as_detections
from pellucid.explain.maskers.image import COLUMN
from pellucid.models.http.answers import json_document, refuse_other_types, shown
from pellucid.models.http.connection import Answer
from pellucid.models.http.extraction import ResponseFormat, WrongCount, extract
from pellucid.models.http.pace import LARGEST_BATCH
from pellucid.protocols.model import Batch, Scores
from pellucid.records import dataclass

__all__ = ["JPEG_QUALITY", "MOST_DETECTIONS", "ImageCodec"]

JPEG_QUALITY = 95
MOST_DETECTIONS = 1000
"""Of an image: answers are padded to so many, that all have one shape."""
NPY = "application/x-npy"


@dataclass(frozen=True, slots=True)
class ImageCodec:
    """Requests that hold images.

    Parameters
    ----------
    content_type
        ``image/jpeg`` (quality 95, all colors kept) or ``image/png``: one image per request. ``application/x-npy``: an
        array of shape (images, height, width, 3), uint8.
    response
        Where scores or detections are in the answer.
    detection
        Whether the model finds objects; its scores are then those of `as_detections`, one row per image.
    """

    content_type: str
    response: ResponseFormat
    detection: bool

    @property
    def most_records(self) -> int:
        """One image, but in NPY format."""
        return LARGEST_BATCH if self.content_type == NPY else 1

    def encode(self, batch: Batch) -> bytes:
        """Body of a request."""
        images, file = batch.columns[COLUMN], io.BytesIO()
        if self.content_type == NPY:
            np.save(file, images, allow_pickle=False)
            return file.getvalue()
        picture = require("PIL.Image", extra="images").fromarray(images[0])
        if self.content_type == "image/png":
            picture.save(file, "PNG", compress_level=1)
        else:
            picture.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        return file.getvalue()

    def decode(self, answer: Answer, records: int) -> Scores:
        """Scores of every image.

        Raises
        ------
        ModelError
            The answer does not fit the format that was configured.
        """
        if not self.detection:
            return extract(answer.body, answer.content_type, records, self.response)
        refuse_other_types(answer.body, answer.content_type, self.response.accept_type)
        found = _located(json_document(answer.body), self.response, answer.body)
        try:
            detections = as_detections(_by_image(found, records, answer.body), records)
        except WrongCount:
            raise
        except ModelError as error:
            raise ModelError(f"{error} The answer: {shown(answer.body)}") from None
        if detections.shape[1] > MOST_DETECTIONS:
            raise ModelError(
                f"The model answered {detections.shape[1]:,} detections for an image, more than {MOST_DETECTIONS:,}. "
                "Let it drop boxes that overlap (non-maximum suppression) and keep the best."
            )
        padded = np.full((records, MOST_DETECTIONS, DETECTION), -1.0)
        padded[:, : detections.shape[1]] = detections
        return Scores(padded.reshape(records, -1))


def _located(document: Any, wanted: ResponseFormat, body: bytes) -> Any:
    """What ``probability``, or else ``label``, points at; without both the whole answer."""
    key = "probability" if wanted.probability is not None else "label"
    path = wanted.probability if wanted.probability is not None else wanted.label
    if path is None:
        return document
    import jmespath

    try:
        found = jmespath.search(str(path), document)
    except jmespath.exceptions.JMESPathError as error:
        raise ModelError(f"predictor.{key}: got {path!r}, which cannot be read from the answer: {error}") from None
    if found is None:
        raise ModelError(
            f"predictor.{key}: got {path!r}, which finds nothing in the answer. Use a JMESPath of the list of "
            f"detections. The answer: {shown(body)}"
        )
    return found


def _by_image(found: Any, images: int, body: bytes) -> Any:
    """A list of detections for each image; that of a single image may come without a list around it."""
    if isinstance(found, dict):
        raise ModelError(
            f"The answer holds an object with the keys {', '.join(map(repr, found))} where detections are expected. "
            "Set predictor.probability to where they are."
        )
    if images == 1 and isinstance(found, list) and not (found and _holds_lists(found[0])):
        return [found]
    if not isinstance(found, list) or len(found) != images:
        number = len(found) if isinstance(found, list) else 1
        raise WrongCount(
            f"The model was asked for {images} images and answered detections of {number}. Let it answer images in "
            f"order, or set predictor.batch_records to 1. The answer: {shown(body)}"
        )
    return found


def _holds_lists(entry: Any) -> bool:
    return isinstance(entry, list) and (not entry or isinstance(entry[0], list))
