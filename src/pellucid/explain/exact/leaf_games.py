"""The game at one leaf of value 1, of a row and a background row that each fail some features of its path.

A coalition reaches the leaf if it holds all features that the background row fails and none that the explained row
fails. If the two sets share a feature no coalition does. Else, with n features failed by the explained row and m by the
background row, a feature of the latter gets ``(m - 1)! n! / (m + n)!`` and one of the former gets
``-m! (n - 1)! / (m + n)!``. Sets are numbers, a bit per feature.

Source: Lundberg et al., *From local explanations to global understanding with explainable AI for trees* (2020),
algorithm 3.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np

from pellucid.explain.exact.additivity import Floats
from pellucid.explain.exact.tree_paths import Bits

__all__ = ["attributions", "parts", "set_weights", "sibling_parts"]


@lru_cache(maxsize=16)
def set_weights(length: int) -> Floats:
    """Attributions at a leaf of value 1, shape (background sets, features * explained sets)."""
    sets = np.arange(1 << length, dtype=np.uint16)
    weights = np.stack([attributions(sets, background, np.ones(1), length) for background in sets[:, None]])
    return np.ascontiguousarray(weights.transpose(0, 2, 1).reshape(len(sets), -1))


def attributions(sets: Bits, background: Bits, shares: Floats, length: int) -> Floats:
    """Attributions at a leaf of value 1 of rows that fail ``sets``, shape (rows, features).

    Parameters
    ----------
    background, shares
        Sets that background rows fail, and their shares of the background, shape (distinct sets,).
    """
    part = parts(length)
    row, other = np.nonzero((sets[:, None] & background) == 0)
    lost, won = np.bitwise_count(sets)[row], np.bitwise_count(background)[other]
    gains = np.zeros((len(sets), len(background)))
    gains[row, other] = shares[other] * part[won, lost]
    losses = np.bincount(row, shares[other] * part[lost, won], minlength=len(sets))
    return np.asarray(gains @ _members(background, length) - losses[:, None] * _members(sets, length))


@lru_cache(maxsize=128)
def parts(length: int) -> Floats:
    """``(m - 1)! n! / (m + n)!`` at [m, n], 0 at m = 0; shape (length + 1, length + 1)."""
    return np.array([[1 / (m * comb(m + n, n)) if m else 0.0 for n in range(length + 1)] for m in range(length + 1)])


@lru_cache(maxsize=128)
def sibling_parts(length: int) -> tuple[Floats, Floats]:
    """What a pair of siblings of values 1 and 0, then 0 and 1, adds, by how many features above are failed, and sides.

    Each has shape (2, cases); a case is a place in (features that the explained row fails, its side, features that the
    background row fails, its side), of shape (length + 1, 2, length + 1, 2). At the other side a row fails the feature
    that parts the siblings, too.

    Returns
    -------
    tuple
        What a feature above gets that the background row fails, and what the parting feature gets.
    """
    part = parts(length + 1)
    above, parting = np.zeros((2, 2, length + 1, 2, length + 1, 2))
    for side in (0, 1):
        above[side, :, side, :, side] = part[:-1, :-1].T
        above[side, :, side, :, 1 - side] = parting[side, :, side, :, 1 - side] = part[1:, :-1].T
        above[side, :, 1 - side, :, side] = part[:-1, 1:].T
        parting[side, :, 1 - side, :, side] = -part[1:, :-1]
    return above.reshape(2, -1), parting.reshape(2, -1)


def _members(sets: Bits, length: int) -> Floats:
    """1 for each feature in a set, shape (sets, features)."""
    bits = (sets[:, None] >> np.arange(length, dtype=sets.dtype)) & sets.dtype.type(1)
    return np.asarray(bits, dtype=np.float64)
