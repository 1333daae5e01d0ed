"""Small images with known answers."""

import numpy as np


def quarters(size=16):
    """An image of four plain squares: red, green, blue, white."""
    image = np.zeros((size, size, 3), dtype=np.uint8)
    half = size // 2
    image[:half, :half] = (250, 0, 0)
    image[:half, half:] = (0, 250, 0)
    image[half:, :half] = (0, 0, 250)
    image[half:, half:] = 250
    return image


def quarter_segments(size=16):
    half = size // 2
    rows = np.repeat([0, 1], half)
    return 2 * rows[:, None] + rows[None, :]
