"""Which sets of features explained rows fail at the leaves of a block, and which background sets are disjoint.

A leaf of a deep tree is far from most rows: of the pairs of a set that an explained row fails and one that a background
row fails few are disjoint. They are found by words that hold a bit for each background set.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pellucid.explain.exact.leaf_blocks import LeafBlock, Words
from pellucid.explain.exact.tree_ensemble import Integers
from pellucid.explain.exact.tree_paths import Bits
from pellucid.records import dataclass

__all__ = ["FailingSets", "failing_sets", "octet"]

_Places = npt.NDArray[np.int32]

# Sets of fewer features have a place each in a table of all; longer ones meet in slots of so many bits.
_NUMBERED_BITS, _SLOT_BITS = 12, 12


@dataclass(frozen=True, slots=True, eq=False)
class FailingSets:
    """Sets that explained rows fail at leaves, of those that some background set is disjoint from.

    Parameters
    ----------
    leaf, sets
        Shape (sets,).
    disjoint
        Bit i of a leaf's words says that its background set i is disjoint in the features that siblings share, shape
        (sets, words).
    of_row
        Which of them a row fails at a leaf, -1 for none of them, shape (rows, leaves).
    """

    leaf: Integers
    sets: Bits
    disjoint: Words
    of_row: _Places


@dataclass(frozen=True, slots=True, eq=False)
class _Numbering:
    """Sets by their place in a table of ``size`` places.

    Parameters
    ----------
    leaf, sets, place
        Shape (sets,).
    of_row
        The place of the set that a row fails at a leaf, shape (rows, leaves).
    """

    leaf: Integers
    sets: Bits
    place: Integers
    size: int
    of_row: _Places


def failing_sets(block: LeafBlock, sets: Bits) -> FailingSets:
    """Number the sets that rows fail.

    Parameters
    ----------
    sets
        Shape (rows, leaves).
    """
    bits = len(block.holding) + 1
    found = _numbered(sets, bits) if bits < _NUMBERED_BITS else _met(sets)
    disjoint = _disjoint(block, found.leaf, found.sets)
    alive = disjoint[:, 0] != 0
    for word in disjoint.T[1:]:
        alive |= word != 0
    kept = np.flatnonzero(alive)
    number = np.full(found.size, -1, dtype=np.int32)
    number[found.place.take(kept)] = np.arange(len(kept), dtype=np.int32)
    return FailingSets(
        found.leaf.take(kept), found.sets.take(kept), disjoint.take(kept, axis=0), number.take(found.of_row)
    )


def _numbered(sets: Bits, bits: int) -> _Numbering:
    """Distinct sets, by their places in a table of all."""
    leaves = sets.shape[1]
    of_row = sets.astype(np.int32)
    of_row += (np.arange(leaves) << bits).astype(np.int32)
    occurs = np.zeros(leaves << bits, dtype=np.bool_)
    occurs[of_row] = True
    place = np.flatnonzero(occurs)
    return _Numbering(place >> bits, (place & ((1 << bits) - 1)).astype(sets.dtype), place, occurs.size, of_row)


def _met(sets: Bits) -> _Numbering:
    """Sets by the place of an equal one, if one is found in the slot where both belong.

    Where different sets meet in a slot, one of them may be listed several times, which costs time and nothing else.
    """
    leaves, flat = sets.shape[1], sets.ravel()
    slot = (_folded(sets) + (np.arange(leaves) << _SLOT_BITS).astype(np.int32)).ravel()
    places = np.arange(sets.size, dtype=np.int32)
    last = np.empty(leaves << _SLOT_BITS, dtype=np.int32)
    last[slot] = places
    equal = last.take(slot)
    np.copyto(equal, places, where=flat.take(equal) != flat)
    place = np.flatnonzero(equal == places)
    # Quotients are several times as fast as remainders.
    leaf = place - place // leaves * leaves
    return _Numbering(leaf, flat.take(place), place, sets.size, equal.reshape(sets.shape))


def _folded(sets: Bits) -> _Places:
    """The slots of sets: their bits, those beyond `_SLOT_BITS` laid over the first ones."""
    folded = sets
    for start in range(_SLOT_BITS, 8 * sets.itemsize, _SLOT_BITS):
        folded = folded ^ (sets >> sets.dtype.type(start))
    return folded.astype(np.int32) & np.int32((1 << _SLOT_BITS) - 1)


def _disjoint(block: LeafBlock, leaf: Integers, sets: Bits) -> Words:
    """Which background sets of its leaf each set has no feature in common with, shape (sets, words)."""
    leaves, words = block.occurring.shape
    common = np.zeros((len(sets), words), dtype=np.uint64)
    for start in range(0, len(block.holding), 8):
        holding = block.holding[start : start + 8]
        table = _sharing(holding).reshape(-1, words)
        some = octet(sets, start).astype(np.intp) & ((1 << len(holding)) - 1)
        common |= table.take(some * leaves + leaf, axis=0)
    return block.occurring.take(leaf, axis=0) & ~common


def _sharing(holding: Words) -> Words:
    """Background sets that have a feature in common with each set of at most 8 features, (sets, leaves, words)."""
    table = np.zeros((1 << len(holding), *holding.shape[1:]), dtype=np.uint64)
    for bit, words in enumerate(holding):
        np.bitwise_or(table[: 1 << bit], words, out=table[1 << bit : 2 << bit])
    return table


def octet(sets: Bits, start: int) -> Bits:
    """Eight features of the sets, from bit ``start`` on, as numbers below 256."""
    return np.asarray((sets >> sets.dtype.type(start)) & sets.dtype.type(255))
