"""Attributions at the leaves of a block: disjoint pairs of sets, added up as sparse matrices.

What a pair adds is said in `leaf_games`. Sums are taken in the same order whatever rows are explained together, so that
a row has the same values, bit by bit, in any company.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.exact.additivity import Floats
from pellucid.explain.exact.failing_sets import FailingSets, failing_sets, octet
from pellucid.explain.exact.leaf_blocks import WORD, LeafBlock
from pellucid.explain.exact.leaf_games import sibling_parts
from pellucid.explain.exact.tree_ensemble import Integers
from pellucid.explain.exact.tree_paths import Bits
from pellucid.records import dataclass

__all__ = ["add_attributions"]

# Pairs of sets that are looked at together.
_BITS_AT_ONCE = 1 << 25


def add_attributions(flat: Floats, block: LeafBlock, sets: Bits) -> None:
    """Add the attributions at the leaves of a block.

    Parameters
    ----------
    flat
        Added to, shape (outputs * players, rows).
    sets
        Sets that the rows fail at the leaves, shape (leaves, rows).
    """
    at_once = max(16, _BITS_AT_ONCE // (block.occurring.size * WORD))
    for start in range(0, sets.shape[1], at_once):
        some = slice(start, start + at_once)
        _add_some(flat[:, some], block, np.ascontiguousarray(sets[:, some].T))


def _add_some(flat: Floats, block: LeafBlock, sets: Bits) -> None:
    """Add the attributions of few rows, with sets of shape (rows, leaves)."""
    failing = failing_sets(block, sets)
    if not len(failing.leaf):
        return
    rows, leaves = failing.of_row.shape
    known = np.flatnonzero(failing.of_row.ravel() >= 0)
    ends = np.searchsorted(known, np.append(np.arange(rows)[:, None] * leaves + block.starts, rows * leaves))
    by_part = _sums(np.ones(len(known)), failing.of_row.ravel().take(known), ends, len(failing.leaf))
    for output, at_places in enumerate(_attributions(block, failing)):
        found = (by_part @ at_places).reshape(rows, len(block.starts), block.places)
        for part, slots in enumerate(block.slots):
            flat[slots[output]] += found[:, part, : slots.shape[1]].T


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
    shift += 8 * (at - np.arange(len(at)))
    other = np.flatnonzero(np.unpackbits(octets.take(at), bitorder="little").view(np.bool_))
    of_octet = other >> 3
    other += shift.take(of_octet)
    case = (np.bitwise_count(block.above_sets).astype(np.int64) * 2 + block.sides).take(other)
    case += (((failing.leaf * size + lost) * 2 + side) * (2 * size)).take(of_set).take(of_octet)
    numbers = np.zeros(len(failing.leaf), dtype=np.int64)
    for word in failing.disjoint.T:
        numbers += np.bitwise_count(word)
    return _Pairs(other.astype(np.int32), case, np.concatenate([[0], numbers.cumsum()]))


def _attributions(block: LeafBlock, failing: FailingSets) -> Iterator[Floats]:
    """Attributions of rows that fail each set, for each output, shape (sets, places of the block)."""
    leaf, bits = failing.leaf, len(block.holding)
    sets, side = block.parted(failing.sets, leaf)
    lost = np.bitwise_count(sets).astype(np.int64)
    pairs = _pairs(block, failing, lost, side)
    members = _weighted_members(block)
    losers = _members(sets, bits)
    above, parting = sibling_parts(bits)
    for values in block.values.transpose(2, 1, 0):
        adding = _sums((values @ above).ravel().take(pairs.case), pairs.other, pairs.ends, len(members))
        found: Floats = adding @ members
        adding.data = (values @ parting).ravel().take(pairs.case)
        at_parting = adding @ block.shares
        # All features together get what the row's leaf gives it, which is nothing if it fails one, less what the
        # background has at the leaf. So what each failed one loses follows from what the others get.
        losses = found[:, bits] + at_parting
        losses += _background_scores(block, values).take(leaf)
        losses /= np.maximum(lost, 1)
        losers.data = np.repeat(losses, len(losers.data) // len(leaf))
        found -= losers @ _octet_members(bits)
        yield _at_places(block, leaf, found, at_parting)


def _background_scores(block: LeafBlock, values: Floats) -> Floats:
    """What each leaf adds to the mean score of the background, shape (leaves,), with values of shape (leaves, 2)."""
    of_set = values[np.repeat(np.arange(len(values)), np.diff(block.first)), block.sides] * block.shares
    return np.add.reduceat(np.where(block.above_sets == 0, of_set, 0.0), block.first[:-1])


def _at_places(block: LeafBlock, leaf: Integers, found: Floats, at_parting: Floats) -> Floats:
    """Attributions by bit, and those of the parting features, by their places in the block."""
    start = np.arange(len(leaf)) * block.places
    at_places = np.zeros((len(leaf), block.places))
    at_places[:, : block.common] = found[:, : block.common]
    further = block.local[:, block.common :].take(leaf, axis=0)
    further += start[:, None]
    at_places.ravel()[further] = found[:, block.common : -1]
    at_places.ravel()[block.parting.take(leaf) + start] = at_parting
    return at_places


def _weighted_members(block: LeafBlock) -> Floats:
    """A background set's share at each feature that it holds, lastly as often as it holds some, (sets, bits + 1)."""
    sets, bits = block.above_sets, len(block.holding)
    held = np.unpackbits(sets.view(np.uint8).reshape(len(sets), -1), axis=1, count=bits, bitorder="little")
    members = np.empty((len(sets), bits + 1))
    np.multiply(held, block.shares[:, None], out=members[:, :bits])
    np.multiply(np.bitwise_count(sets), block.shares, out=members[:, bits])
    return members


def _members(sets: Bits, bits: int) -> Any:
    """A sparse matrix that adds up, for each set, rows of `_octet_members` to 1 at each feature in the set."""
    octets = -(-bits // 8)
    which = np.empty((len(sets), octets), dtype=np.int32)
    for place in range(octets):
        which[:, place] = octet(sets, 8 * place)
        which[:, place] += 256 * place
    return _sums(np.ones(which.size), which.ravel(), np.arange(len(sets) + 1) * octets, 256 * octets)


@lru_cache(maxsize=64)
def _octet_members(bits: int) -> Floats:
    """1 where a feature is in each set of eight features, one octet after the other, shape (256 * octets, bits + 1).

    The last column is 0, as wide as `_weighted_members`.
    """
    octets = -(-bits // 8)
    table = np.zeros((octets, 256, bits + 1))
    for place in range(octets):
        features = np.arange(min(8, bits - 8 * place))
        table[place, :, 8 * place + features] = (np.arange(256) >> features[:, None]) & 1
    return table.reshape(-1, bits + 1)
