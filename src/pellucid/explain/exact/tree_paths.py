"""Which features keep a row from a leaf: one bit per feature of the path, for all leaves of some trees at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError
from pellucid.explain.exact.tree_ensemble import LEAF, Booleans, Cells, Integers, TreeEnsemble
from pellucid.records import dataclass

__all__ = ["Bits", "Leaves", "Level", "failed", "levels_of"]

Bits = npt.NDArray[Any]
"""Unsigned integers, of the least size that holds a bit for each feature of any path."""

_MOST_FEATURES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """Leaves of one depth whose paths ask for equally many features, or for many each.

    Two sibling leaves parted by a feature that is asked for nowhere above come as one: a row fails that feature, the
    last bit, at exactly one of them.

    Parameters
    ----------
    at
        Positions among the children of the level, shape (leaves,).
    node
        Shape (leaves,).
    sibling
        The right one of a pair whose left one is ``node``, shape (leaves,); -1 where there is no pair.
    features
        Features of the path, the one of bit 0 first, filled up by `LEAF`, shape (leaves, most features asked for).
    """

    at: Integers
    node: Integers
    sibling: Integers
    features: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The nodes of one depth that ask, with their children: all left ones, then all right ones.

    Parameters
    ----------
    parent
        Positions of the nodes among the children of the level above, or among the roots, shape (nodes,).
    node
        Shape (nodes,).
    bit
        The bit of each node's feature, shape (nodes,).
    leaves
        Those among the children.
    """

    parent: Integers
    node: Integers
    bit: Bits
    leaves: tuple[Leaves, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Frontier:
    """Nodes of one depth and the features asked for above them, shape (nodes, depth), filled up by `LEAF`."""

    node: Integers
    features: Integers
    count: Integers


def levels_of(ensemble: TreeEnsemble, roots: Integers, owner: Integers, many: int) -> tuple[Level, ...]:
    """The paths of the trees at ``roots``, level by level.

    Parameters
    ----------
    owner
        The player of each feature, shape (features,): it is the players that have bits.
    many
        Leaves whose paths ask for so many features come together, others by their number.

    Raises
    ------
    ModelError
        A path asks for more than 64 features.
    """
    frontier = _Frontier(roots, np.empty((len(roots), 0), dtype=np.int64), np.zeros(len(roots), dtype=np.int64))
    levels = []
    longest = 0
    while (parent := np.flatnonzero(ensemble.feature[frontier.node] != LEAF)).size:
        node = frontier.node[parent]
        place, is_new, children = _children(ensemble, frontier, parent, owner)
        longest = max(longest, int(children.count.max()))
        levels.append((parent, node, place, tuple(_leaves(ensemble, children, is_new, many))))
        frontier = children
    bits = _bit_type(longest)
    return tuple(
        Level(parent, node, np.left_shift(bits(1), place.astype(bits)), leaves)
        for parent, node, place, leaves in levels
    )


def failed(ensemble: TreeEnsemble, levels: tuple[Level, ...], cells: Cells) -> Iterator[tuple[Leaves, Bits]]:
    """For each group of leaves, the features whose conditions a row does not meet, shape (leaves, rows).

    A row is at a leaf where it fails none.
    """
    if not levels:
        return
    # Roots that are leaves need no pattern.
    roots = int(levels[0].parent.max()) + 1
    pattern = np.zeros((roots, cells.numbers.shape[1]), dtype=levels[0].bit.dtype)
    for level in levels:
        left = ensemble.goes_left(level.node, cells)
        bit = level.bit[:, None]
        children = np.empty((2, *left.shape), dtype=pattern.dtype)
        np.multiply(bit, left, out=children[1])
        np.subtract(bit, children[1], out=children[0])
        children |= pattern[level.parent]
        pattern = children.reshape(-1, left.shape[1])
        for leaves in level.leaves:
            yield leaves, pattern[leaves.at]


def _children(
    ensemble: TreeEnsemble, frontier: _Frontier, parent: Integers, owner: Integers
) -> tuple[Integers, Booleans, _Frontier]:
    """Place of each node's player among those of its path, whether it is the first to ask for it, its children."""
    node, count = frontier.node[parent], frontier.count[parent]
    asked = owner[ensemble.feature[node]]
    same = frontier.features[parent] == asked[:, None]
    is_new = ~same.any(axis=1)
    place = np.where(is_new, count, same.argmax(axis=1) if same.shape[1] else 0)
    features = np.full((len(parent), same.shape[1] + 1), LEAF)
    features[:, :-1] = frontier.features[parent]
    features[np.arange(len(parent)), place] = asked
    children = _Frontier(
        np.concatenate([ensemble.left[node], ensemble.right[node]]),
        np.tile(features, (2, 1)),
        np.tile(count + is_new, 2),
    )
    return place, is_new, children


def _leaves(ensemble: TreeEnsemble, children: _Frontier, is_new: Booleans, many: int) -> Iterator[Leaves]:
    """The leaves among ``children``, by the number of features of their paths, those of ``many`` together."""
    is_leaf = ensemble.feature[children.node] == LEAF
    paired = is_new & is_leaf[: len(is_new)] & is_leaf[len(is_new) :]
    sibling = np.full(len(children.node), -1, dtype=np.int64)
    sibling[: len(is_new)][paired] = children.node[len(is_new) :][paired]
    is_leaf[len(is_new) :][paired] = False
    group = np.minimum(children.count, many)
    for number in np.unique(group[is_leaf]).tolist():
        at = np.flatnonzero(is_leaf & (group == number))
        most = int(children.count[at].max())
        yield Leaves(at, children.node[at], sibling[at], children.features[at, :most])


def _bit_type(features: int) -> type[np.unsignedinteger[Any]]:
    for size, bits in ((8, np.uint8), (16, np.uint16), (32, np.uint32), (_MOST_FEATURES, np.uint64)):
        if features <= size:
            return bits
    raise ModelError(
        f"tree ensemble: one path asks for {features} different features, and exact values are computed for at most"
        f" {_MOST_FEATURES}. Explain by sampling."
    )
