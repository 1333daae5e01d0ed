"""Images in segments: connected parts of like color, which are the players of an image's game."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, Problem, require

__all__ = ["renumbered", "slic_segments"]

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.intp]


def slic_segments(image: Bytes, number: int, compactness: float) -> Integers:
    """Segment of every pixel by SLIC (Achanta et al. 2012), shape (height, width), from 0.

    Parameters
    ----------
    image
        Shape (height, width, 3).
    number
        Wanted number of segments, at least 1; SLIC gives about so many.
    compactness
        Above 0. Large values weigh nearness over color and give squares.

    Raises
    ------
    MissingExtra
        scikit-image is not installed.
    """
    segmentation = require("skimage.segmentation", extra="images")
    found = segmentation.slic(image, n_segments=number, compactness=compactness, start_label=0, channel_axis=-1)
    return renumbered(np.asarray(found))


def renumbered(segments: npt.NDArray[np.integer]) -> Integers:
    """The same segments numbered from 0 without gaps, in the order of their numbers.

    Raises
    ------
    ConfigError
        It is no array of whole numbers of shape (height, width).

    Examples
    --------
    >>> renumbered(np.array([[7, 7, 3]])).tolist()
    [[1, 1, 0]]
    """
    array = np.asarray(segments)
    if array.ndim != 2 or array.dtype.kind not in "iub" or not array.size:
        fix = "Give an array of whole numbers of shape (height, width), the segment of every pixel."
        raise ConfigError(Problem("segments", f"{array.dtype} of shape {array.shape}", fix=fix))
    _, numbers = np.unique(array, return_inverse=True)
    return np.asarray(numbers.reshape(array.shape), dtype=np.intp)
