"""How scikit-learn searches for the nearest rows, and so which distances it may see as equal."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.records import dataclass

__all__ = ["Floats", "Matrix", "Search"]

Floats = npt.NDArray[np.float64]

Matrix = npt.NDArray[Any]
"""Floats, or integers, which scikit-learn orders among themselves by another route."""

UNIT_ROUNDOFF = 2.0**-53
TOO_LARGE = 1e150
"""Squared distances between larger numbers may overflow; then every row is scikit-learn's to answer."""
SMALLEST_SQUARE = 1e-290
"""Below this, squared distances lose digits to underflow and are all taken for ties."""


@dataclass(frozen=True, slots=True)
class Search:
    """How scikit-learn computes the distances between two matrices.

    Parameters
    ----------
    k
        Neighbours that vote.
    brute_force
        Squared distances come from |x|^2 - 2 x.y + |y|^2 of whole blocks of rows, else from a k-d tree.
    bounded
        ``margin`` bounds the rounding.
    exact
        All numbers are whole, and so small that squared distances are exact in whatever order they are added up.
    per_row
        The answer to a row does not depend on the rows that are asked with it.
    relative, of_norm
        Bounds of the rounding, as parts of the squared distance and of the squared norm of the row asked.
    """

    k: int
    brute_force: bool
    bounded: bool
    exact: bool
    per_row: bool
    relative: float
    of_norm: float

    @classmethod
    def of(cls, known: Matrix, asked: Matrix, k: int) -> Search:
        """Read scikit-learn's choice (``algorithm="auto"``) and its rounding off the matrices."""
        rows, columns = known.shape
        brute_force = columns > 15 or k >= rows // 2
        largest = max(_largest(known), _largest(asked))
        # |x|^2 + 2 |x.y| + |y|^2 <= 4 m largest^2, and sums of whole numbers below 2^53 are exact in any order.
        exact = 2 * math.sqrt(columns) * largest < math.sqrt(2**53) and _whole(known) and _whole(asked)
        rounded = brute_force and not exact
        bounded = largest < TOO_LARGE and (not rounded or known.dtype == asked.dtype == np.float64)
        # Trees add up `columns` squares, and carry bounds down as many as a thousand cuts where rows lie geometrically.
        relative = 64 * (columns + 64) * UNIT_ROUNDOFF
        # |computed - true| <= (2 m + 8) u (|x|^2 + |y|^2) on both sides of a comparison, and |y| <= |x| + distance.
        of_norm = 8 * (2 * columns + 8) * UNIT_ROUNDOFF if rounded else 0.0
        return cls(k, brute_force, bounded, exact, not rounded, relative + of_norm, of_norm)

    def margin(self, squared: Floats, squared_norm: Floats) -> Floats:
        """How far another squared distance must be from ``squared`` to be surely nearer or surely farther."""
        margin: Floats = self.relative * squared + self.of_norm * squared_norm + SMALLEST_SQUARE
        return margin


def _largest(matrix: Matrix) -> float:
    return max(float(matrix.max()), -float(matrix.min())) if matrix.size else 0.0


def _whole(matrix: Matrix) -> bool:
    # Column by column: what is compared is then small beside the matrix.
    return matrix.dtype.kind != "f" or all(bool((column == np.rint(column)).all()) for column in matrix.T)
