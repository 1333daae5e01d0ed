"""Which sets of features explained rows fail at the leaves of a block, and which background sets are disjoint.

A leaf of a deep tree is far from most rows: of the pairs of a set that an explained row fails and one that a background
row fails few are disjoint. They are found by words that hold a bit for each background set.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.exact.leaf_blocks import LeafBlock, Words, distinct, united
from pellucid.explain.exact.tree_ensemble import Integers
from pellucid.explain.exact.tree_paths import Bits
from pellucid.records import dataclass

__all__ = ["FailingSets", "failing_sets"]


@dataclass(frozen=True, slots=True, eq=False)
class FailingSets:
    """Sets that explained rows fail at leaves, of those that some background set is disjoint from; leaf after leaf.

    Parameters
    ----------
    leaf, side
        Shape (sets,).
    sets
        The features of those that siblings share, by places, shape (sets,).
    disjoint
        Bit i of a leaf's words says that its background set i is disjoint in the features that siblings share, shape
        (sets, words).
    rows
        The rows that fail them, set after set, shape (rows of sets,).
    ends
        Position of a set's first row, shape (sets + 1,).
    """

    leaf: Integers
    side: Integers
    sets: Words
    disjoint: Words
    rows: npt.NDArray[np.int32]
    ends: Integers


def failing_sets(block: LeafBlock, sets: Bits) -> FailingSets:
    """The distinct sets that rows fail.

    Parameters
    ----------
    sets
        Shape (leaves, rows).
    """
    ordered, rows = _by_set(sets, len(block.holding) + 1)
    ends = np.append(np.flatnonzero(distinct(ordered)), sets.size)
    leaf = ends[:-1] // sets.shape[1]
    of_leaf = ordered.ravel().take(ends[:-1])
    disjoint = united(block.holding, of_leaf, leaf)
    np.invert(disjoint, out=disjoint)
    disjoint &= block.occurring.take(leaf, axis=0)
    alive = disjoint[:, 0] != 0
    for word in disjoint.T[1:]:
        alive |= word != 0
    kept = np.flatnonzero(alive)
    first = ends.take(kept)
    numbers = ends.take(kept + 1) - first
    ends = np.concatenate([[0], numbers.cumsum()])
    leaf, of_leaf = leaf.take(kept), of_leaf.take(kept)
    side = (of_leaf >> block.above.astype(of_leaf.dtype).take(leaf)) & of_leaf.dtype.type(1)
    # Positions are counted on within a set, and from a set to the next that counts.
    step = np.ones(ends[-1], dtype=np.int32)
    step[ends[:-1]] = np.diff(first, prepend=0) - np.append(0, numbers[:-1] - 1)
    position = step.cumsum(dtype=np.int32)
    rows += (block.part * sets.shape[1]).astype(rows.dtype)[:, None]
    return FailingSets(
        leaf=leaf,
        side=side.astype(np.int64),
        sets=united(block.placing, of_leaf, leaf)[:, 0],
        disjoint=disjoint.take(kept, axis=0),
        rows=rows.ravel().take(position).astype(np.int32, copy=False),
        ends=ends,
    )


def _by_set(sets: Bits, bits: int) -> tuple[Bits, npt.NDArray[Any]]:
    """Sets of at most so many bits in their order at each leaf, and their rows, both of shape (leaves, rows)."""
    rows = sets.shape[1]
    of_row = (rows - 1).bit_length()
    if bits + of_row > 64:
        order = np.argsort(sets, axis=1, kind="stable")
        return np.take_along_axis(sets, order, axis=1), order
    # Numbers are sorted several times as fast as places of numbers.
    number: type[np.unsignedinteger[Any]] = np.uint32 if bits + of_row <= 32 else np.uint64
    both: Bits = sets.astype(number)
    np.left_shift(both, number(of_row), out=both)
    np.bitwise_or(both, np.arange(rows, dtype=number), out=both)
    both.sort(axis=1)
    return np.right_shift(both, number(of_row)), np.bitwise_and(both, number((1 << of_row) - 1))
