"""Attributions at the leaves of a block: disjoint pairs of sets, added up as sparse matrices.

What a pair adds is said in `leaf_games`. Sums are taken in the same order whatever rows are explained together, so that
a row has the same values, bit by bit, in any company.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.exact.additivity import Floats
from pellucid.explain.exact.failing_sets import FailingSets, failing_sets
from pellucid.explain.exact.leaf_blocks import WORD, LeafBlock, Words
from pellucid.explain.exact.leaf_games import sibling_parts
from pellucid.explain.exact.tree_ensemble import Integers
from pellucid.explain.exact.tree_paths import Bits
from pellucid.records import dataclass

__all__ = ["add_attributions", "attributions", "rows_at_once"]

# Pairs of sets that are looked at together.
_BITS_AT_ONCE = 1 << 25

# A table of all sets of so many features stays in a processor's cache.
_MOST_PIECE = 9


def rows_at_once(block: LeafBlock) -> int:
    """How many rows are explained together at a block."""
    return max(16, _BITS_AT_ONCE // (block.occurring.size * WORD))


def attributions(block: LeafBlock, sets: Bits) -> tuple[Floats, ...]:
    """Attributions at the leaves of a block, for each output, shape (parts, rows, places + 1); the last is nobody's.

    Parameters
    ----------
    sets
        Sets that the rows fail at the leaves, shape (leaves, rows).
    """
    failing = failing_sets(block, sets)
    rows, parts = sets.shape[1], len(block.slots)
    by_part = _sums(np.ones(len(failing.rows)), failing.rows, failing.ends, parts * rows).T
    return tuple((by_part @ found).reshape(parts, rows, -1) for found in _attributions(block, failing))


def add_attributions(flat: Floats, block: LeafBlock, attributions: Sequence[Floats]) -> None:
    """Add what `attributions` found to ``flat``, shape (outputs * players, rows)."""
    for output, found in enumerate(attributions):
        for slots, of_part in zip(block.slots, found, strict=True):
            flat[slots[output]] += of_part[:, : slots.shape[1]].T


def _sums(weights: Floats, which: npt.NDArray[np.integer], ends: Integers, columns: int) -> Any:
    """A sparse matrix whose rows, between two ``ends`` each, add up the weighted rows ``which`` of another matrix."""
    from scipy.sparse import csr_array

    narrow = np.int32 if max(columns, len(which)) < 2**31 else np.int64
    of_rows = (weights, which.astype(narrow, copy=False), ends.astype(narrow, copy=False))
    return csr_array(of_rows, shape=(len(ends) - 1, columns))


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Disjoint pairs, by the set that explained rows fail.

    Parameters
    ----------
    other
        Background sets, shape (pairs,).
    case
        Cases of `sibling_parts`, of each leaf behind each other, shape (pairs,).
    ends
        Positions of a set's first pair, shape (sets + 1,).
    """

    other: npt.NDArray[np.int32]
    case: Integers
    ends: Integers


def _pairs(block: LeafBlock, failing: FailingSets, lost: Integers, side: Integers) -> _Pairs:
    """All disjoint pairs of sets that lose ``lost`` features at their ``side``."""
    size, bits_of_set = len(block.holding) + 1, failing.disjoint.shape[1] * WORD
    octets = failing.disjoint.view(np.uint8).ravel()
    at = np.flatnonzero(octets != 0)
    of_set = at // (bits_of_set // 8)
    # Where a set's first bit is among the background sets, less where it is among the unpacked octets.
    shift = (block.first.take(failing.leaf) - np.arange(len(failing.leaf)) * bits_of_set).take(of_set)
    other = np.flatnonzero(np.unpackbits(octets.take(at), bitorder="little").view(np.bool_))
    at -= np.arange(len(at))
    at *= 8
    shift += at
    of_octet = other >> 3
    other += shift.take(of_octet)
    case = (np.bitwise_count(block.above_sets).astype(np.int64) * 2 + block.sides).take(other)
    case += (((failing.leaf * size + lost) * 2 + side) * (2 * size)).take(of_set).take(of_octet)
    numbers = np.zeros(len(failing.leaf), dtype=np.int64)
    for word in failing.disjoint.T:
        numbers += np.bitwise_count(word)
    return _Pairs(other.astype(np.int32), case, np.concatenate([[0], numbers.cumsum()]))


def _attributions(block: LeafBlock, failing: FailingSets) -> Iterator[Floats]:
    """Attributions of rows that fail each set, for each output, shape (sets, places of the block + 1)."""
    leaf, places = failing.leaf, block.places
    lost = np.bitwise_count(failing.sets).astype(np.int64)
    pairs = _pairs(block, failing, lost, failing.side)
    members = _weighted_members(block)
    pieces, members_of_pieces = _in_pieces(failing.sets, places), _members_of_pieces(places)
    piece_ends = np.arange(len(leaf) + 1) * pieces.shape[1]
    parting_place = np.arange(len(leaf)) * (places + 1) + block.parting.take(leaf)
    above, parting = sibling_parts(len(block.holding))
    for values, background in zip(block.values.transpose(2, 1, 0), block.background, strict=True):
        adding = _sums((values @ above).ravel().take(pairs.case), pairs.other, pairs.ends, len(members))
        found: Floats = adding @ members
        adding.data = (values @ parting).ravel().take(pairs.case)
        at_parting = adding @ block.shares
        # All features together get what the row's leaf gives it, which is nothing if it fails one, less what the
        # background has at the leaf. So what each failed one loses follows from what the others get.
        losses = found[:, places] + at_parting
        losses += background.take(leaf)
        losses /= np.maximum(lost, 1)
        losers = _sums(np.repeat(losses, pieces.shape[1]), pieces.ravel(), piece_ends, len(members_of_pieces))
        found -= losers @ members_of_pieces
        found.ravel()[parting_place] += at_parting
        yield found


def _weighted_members(block: LeafBlock) -> Floats:
    """A background set's share at each feature that it holds, lastly as often as it holds some, (sets, places + 1)."""
    sets, bits = block.above_sets, block.places
    held = np.unpackbits(sets.view(np.uint8).reshape(len(sets), -1), axis=1, count=bits, bitorder="little")
    members = np.empty((len(sets), bits + 1))
    np.multiply(held, block.shares[:, None], out=members[:, :bits])
    np.multiply(np.bitwise_count(sets), block.shares, out=members[:, bits])
    return members


def _in_pieces(sets: Words, places: int) -> npt.NDArray[np.int32]:
    """The rows of `_members_of_pieces` that are 1 at the features in each set, shape (sets, pieces)."""
    pieces, width = _pieces(places)
    which = np.empty((len(sets), pieces), dtype=np.int32)
    for piece in range(pieces):
        which[:, piece] = (sets >> np.uint64(piece * width)) & np.uint64((1 << width) - 1)
        which[:, piece] += piece << width
    return which


def _pieces(places: int) -> tuple[int, int]:
    """Pieces of equal width in which sets are looked up."""
    pieces = -(-places // _MOST_PIECE)
    return pieces, -(-places // pieces)


@lru_cache(maxsize=64)
def _members_of_pieces(places: int) -> Floats:
    """1 where a feature is in each set of a piece, one piece after the other, shape (sets of pieces, places + 1).

    The last column is 0, as wide as `_weighted_members`.
    """
    pieces, width = _pieces(places)
    table = np.zeros((pieces, 1 << width, places + 1))
    for piece in range(pieces):
        features = np.arange(min(width, places - width * piece))
        table[piece, :, width * piece + features] = (np.arange(1 << width) >> features[:, None]) & 1
    return table.reshape(-1, places + 1)
