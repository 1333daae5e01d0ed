"""What an absent part of an image looks like: a baseline image in the size of the explained one, or white noise."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from pellucid.errors import require

__all__ = ["background_for", "image_seed", "resized", "within_context"]

Box = tuple[float, float, float, float]
Bytes = npt.NDArray[np.uint8]

NOISE = 1
"""Place of the stream of random numbers that white noise is drawn from."""


def image_seed(seed: int, pixels: Bytes) -> int:
    """Seed of one image: equal images get equal numbers, whatever their names and whichever others are explained.

    Parameters
    ----------
    seed
        Of the job, at least 0.
    pixels
        Shape (height, width, 3).
    """
    digest = hashlib.sha256(f"{seed} {pixels.shape} ".encode() + np.ascontiguousarray(pixels).tobytes()).digest()
    return int.from_bytes(digest[:6], "big")


def background_for(pixels: Bytes, baseline: Bytes | None, seed: int) -> Bytes:
    """Baseline images in the size of ``pixels``, shape (images, height, width, 3).

    Parameters
    ----------
    baseline
        Shape (images, height, width, 3) in any size, or None for white noise: every color of every pixel drawn evenly
        from 0 to 255.
    seed
        Of the noise.
    """
    if baseline is None:
        rng = np.random.default_rng([seed, NOISE])
        return rng.integers(0, 256, size=(1, *pixels.shape), dtype=np.uint8)
    return np.stack([resized(image, *pixels.shape[:2]) for image in baseline])


def resized(image: Bytes, height: int, width: int) -> Bytes:
    """The image in another size, by bilinear interpolation; itself where it has the size.

    Raises
    ------
    MissingExtra
        Pillow is not installed.
    """
    if image.shape[:2] == (height, width):
        return image
    images = require("PIL.Image", extra="images")
    picture = images.fromarray(np.ascontiguousarray(image))
    return np.asarray(picture.resize((width, height), images.Resampling.BILINEAR))


def within_context(pixels: Bytes, background: Bytes, box: Box, context: float) -> Bytes:
    """The image, with what lies outside a box blended into the background.

    Parameters
    ----------
    background
        Shape (height, width, 3).
    box
        Left, top, right and bottom edge, as shares of the width and height.
    context
        1 leaves the outside as it is, 0 shows the background there.
    """
    height, width = pixels.shape[:2]
    rows, columns = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    inside = ((rows >= box[1]) & (rows <= box[3]))[:, None] & ((columns >= box[0]) & (columns <= box[2]))[None, :]
    blended = np.rint(context * pixels + (1 - context) * background.astype(float)).astype(np.uint8)
    return np.where(inside[:, :, None], pixels, blended)
