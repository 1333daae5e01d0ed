"""Image masker: a player is a segment of an image; an absent one shows the pixels of a baseline image."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = ["COLUMN", "ImageMasker", "MaskedImages"]

Booleans = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.intp]

COLUMN = "image"
"""Name of the one column of a batch of images; its array has the shape (images, height, width, 3)."""
BYTES_PER_CELL = 8
"""Memory is bounded in cells of tables, which are numbers of eight bytes; a color of a pixel is one byte."""


@dataclass(frozen=True, eq=False)
class ImageMasker:
    """One image to explain.

    Parameters
    ----------
    image
        Shape (height, width, 3), 0 to 255.
    background
        Images that show what an absent segment looks like, shape (images, height, width, 3), at least one.
    segments
        Segment of every pixel, shape (height, width): 0 to one less than their number, each at least once.

    Examples
    --------
    >>> white, black = np.full((1, 2, 3), 255, dtype=np.uint8), np.zeros((1, 1, 2, 3), dtype=np.uint8)
    >>> masker = ImageMasker(white, black, segments=np.array([[0, 1]]))
    >>> masked = masker.masked(Asked.of(0, np.array([[True, False]]))).batch()
    >>> masked.columns["image"].tolist()
    [[[[255, 255, 255], [0, 0, 0]]]]
    """

    image: Bytes
    background: Bytes
    segments: Integers

    @property
    def rows(self) -> int:
        """One image."""
        return 1

    @cached_property
    def players(self) -> int:
        """Number of segments."""
        return int(self.segments.max()) + 1

    @property
    def inputs_per_coalition(self) -> int:
        """Number of background images."""
        return len(self.background)

    @property
    def cells_per_input(self) -> int:
        """Size of an image, in numbers of eight bytes."""
        return -(-self.image.size // BYTES_PER_CELL)

    @property
    def has_common_base(self) -> bool:
        """True: nothing of the image is left in the empty coalition."""
        return True

    def playing(self, rows: Sequence[int]) -> Booleans:
        """All segments, shape (rows, segments)."""
        return np.ones((len(rows), self.players), dtype=bool)

    def active(self, rows: Sequence[int]) -> Booleans:
        """Which segments differ from the background in any pixel, shape (rows, segments)."""
        differs = (self.background != self.image).any(axis=(0, 3))
        of_image = np.bincount(self.segments[differs], minlength=self.players) > 0
        return np.repeat(of_image[None, :], len(rows), axis=0)

    def unmasked(self, rows: Sequence[int]) -> Batch:
        """The image itself, once for each row."""
        return Batch({COLUMN: np.repeat(self.image[None], len(rows), axis=0)})

    def masked(self, asked: Asked) -> MaskedImages:
        """Every coalition before every background image, coalition after coalition."""
        return MaskedImages(self, asked.coalitions)

    @cached_property
    def place_of_byte(self) -> Integers:
        """Segment of every byte of the image."""
        return np.repeat(self.segments.ravel(), 3)

    @cached_property
    def differing_bits(self) -> Bytes:
        """Bits in which each background image differs from the image, shape (images, bytes)."""
        return np.bitwise_xor(self.background, self.image).reshape(len(self.background), -1)


@dataclass(frozen=True, eq=False)
class MaskedImages:
    """Images of some coalitions, not yet built.

    Parameters
    ----------
    present
        Which segments show the explained image, shape (coalitions, segments).
    """

    masker: ImageMasker
    present: Booleans

    def __len__(self) -> int:
        return len(self.present) * self.masker.inputs_per_coalition

    def merged(self) -> None:
        """Nothing is known beforehand."""

    def words(self, inputs: Integers | None = None) -> npt.NDArray[np.int64]:
        """Bits of the coalition, and which background image: equal inputs that differ in these are asked twice."""
        coalition, copy = self._coalition_and_copy(inputs)
        bits = np.packbits(self.present[coalition], axis=1)
        padded = np.zeros((len(bits), -(-bits.shape[1] // 8) * 8), dtype=np.uint8)
        padded[:, : bits.shape[1]] = bits
        words = padded.view(np.int64)
        return words if self.masker.inputs_per_coalition == 1 else np.column_stack([words, copy])

    def batch(self, inputs: Integers | None = None) -> Batch:
        """The images, or those at the positions given, shape (inputs, height, width, 3)."""
        masker = self.masker
        coalition, copy = self._coalition_and_copy(inputs)
        hidden = np.where(self.present, np.uint8(0), np.uint8(255))
        pixels = masker.image.ravel()
        built = np.empty((len(coalition), pixels.size), dtype=np.uint8)
        # Flipping the bits in which image and background differ is several times as fast as choosing between them.
        for image, which, background in zip(built, coalition.tolist(), copy.tolist(), strict=True):
            np.take(hidden[which], masker.place_of_byte, out=image, mode="clip")
            image &= masker.differing_bits[background]
            image ^= pixels
        return Batch({COLUMN: built.reshape(-1, *masker.image.shape)})

    def _coalition_and_copy(self, inputs: Integers | None) -> tuple[Integers, Integers]:
        """Coalition and background image of some inputs, or of all."""
        return np.divmod(np.arange(len(self)) if inputs is None else inputs, self.masker.inputs_per_coalition)
