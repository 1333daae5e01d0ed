"""Attributions at leaves of long paths, some leaves at once, by the sets of features that rows fail there.

Of the 2**features sets of a long path few occur, and of the pairs of a set that an explained row fails and one that a
background row fails few are disjoint, as a leaf of a deep tree is far from most rows. So both kinds of sets are
numbered per leaf; the disjoint pairs are found by words that hold a bit for each background set, and added up as sparse
matrices. What a pair adds is said in `leaf_games`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.exact.additivity import Floats
from pellucid.explain.exact.leaf_games import parts
from pellucid.explain.exact.tree_ensemble import Booleans, Integers
from pellucid.explain.exact.tree_paths import Bits

__all__ = ["LeafBlock", "LongPaths", "add_attributions", "leaf_blocks"]

Words = npt.NDArray[np.uint64]

# Sets of so many features are numbered by a table of all of them.
_MOST_NUMBERED = 12
_LEAVES_AT_ONCE, _PLAYERS_AT_ONCE = 128, 64
_TABLE_SLOTS = 1 << 16
# Pairs of sets that are looked at together.
_BITS_AT_ONCE = 1 << 25
_WORD = 64
_BITS = ((np.arange(256)[:, None] >> np.arange(8)) & 1).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class LongPaths:
    """Leaves with the sets of features that background rows fail.

    Parameters
    ----------
    players
        Features of the paths, which are equally many, the one of bit 0 first, shape (leaves, features).
    values
        What the leaves add, shape (leaves, width).
    output
        The first output they add to, shape (leaves,).
    sets
        Sets that background rows fail, shape (leaves, background rows).
    """

    players: Integers
    values: Floats
    output: Integers
    sets: Bits


@dataclass(frozen=True, slots=True, eq=False)
class LeafBlock:
    """Some leaves whose paths have equally many features, and the distinct sets that background rows fail there.

    Parameters
    ----------
    leaves
        Their positions among those given, shape (leaves,).
    slots
        Places of the players in a row's flat (outputs, players), shape (width, players of the block).
    local
        Which of the block's players a bit of a leaf is, shape (leaves, features).
    values
        Shape (leaves, width).
    first
        Position of a leaf's first background set, shape (leaves + 1,).
    sets, shares
        Background sets and their shares of the background, leaf after leaf.
    occurring, holding
        Bit i of a leaf's words says that it has a background set i, shape (leaves, words), and that this one holds a
        feature, shape (features, leaves, words).
    """

    leaves: Integers
    slots: Integers
    local: Integers
    values: Floats
    first: Integers
    sets: Bits
    shares: Floats
    occurring: Words
    holding: Words


def leaf_blocks(paths: LongPaths, players: int) -> Iterator[LeafBlock]:
    """Leaves in blocks that have few players together."""
    length = paths.players.shape[1]
    most = max(4, min(_LEAVES_AT_ONCE, _TABLE_SLOTS >> min(length, _MOST_NUMBERED)))
    # A block has as many words as the leaf with the most background sets.
    words = (_distinct(np.sort(paths.sets, axis=1)).sum(axis=1) - 1) // _WORD
    for output in np.unique(paths.output).tolist():
        left = np.flatnonzero((paths.output == output) & paths.values.any(axis=1))
        left = left[np.argsort(words[left], kind="stable")]
        while left.size:
            leaves = left[: _together(paths.players[left[:most]])]
            left = left[len(leaves) :]
            yield _block(paths, leaves, output, players)


def _together(players: Integers) -> int:
    """How many of the first leaves have few players together, at least one."""
    _, first = np.unique(players, return_index=True)
    new = np.bincount(first // players.shape[1], minlength=len(players))
    return max(1, int(np.count_nonzero(new.cumsum() <= _PLAYERS_AT_ONCE)))


def _block(paths: LongPaths, leaves: Integers, output: int, players: int) -> LeafBlock:
    present, local = np.unique(paths.players[leaves], return_inverse=True)
    width = paths.values.shape[1]
    ordered = np.sort(paths.sets[leaves], axis=1)
    new = _distinct(ordered)
    starts = np.flatnonzero(new)
    sets, numbers = ordered.ravel()[starts], new.sum(axis=1)
    words = _words(sets, numbers, paths.players.shape[1])
    return LeafBlock(
        leaves=leaves,
        slots=(output + np.arange(width))[:, None] * players + present,
        local=local.reshape(len(leaves), -1),
        values=paths.values[leaves],
        first=np.concatenate([[0], numbers.cumsum()]),
        sets=sets,
        shares=np.diff(np.append(starts, ordered.size)) / ordered.shape[1],
        occurring=words[-1],
        holding=words[:-1],
    )


def _words(sets: Bits, numbers: Integers, length: int) -> Words:
    """Which sets of a leaf hold each feature, and lastly which there are, shape (features + 1, leaves, words)."""
    leaf = np.repeat(np.arange(len(numbers)), numbers)
    position = np.arange(len(sets)) - np.repeat(numbers.cumsum() - numbers, numbers)
    held = np.zeros((length + 1, len(numbers), -(-int(numbers.max()) // _WORD) * _WORD), dtype=np.bool_)
    for bit in range(length):
        held[bit, leaf, position] = sets & sets.dtype.type(1 << bit)
    held[length, leaf, position] = True
    return np.packbits(held, axis=2, bitorder="little").view(np.uint64)


def _distinct(ordered: Bits) -> Booleans:
    """Whether a set is the first of its kind, of ordered sets of some leaves."""
    new = np.ones(ordered.shape, dtype=np.bool_)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    return new


@dataclass(frozen=True, slots=True, eq=False)
class _Failing:
    """Distinct sets that explained rows fail at leaves, of those that some background set is disjoint from.

    Parameters
    ----------
    leaf, sets
        Shape (distinct sets,).
    disjoint
        Bit i of a leaf's words says that its background set i is disjoint, shape (distinct sets, words).
    of_row
        Which of them a row fails at a leaf, -1 for none of them, shape (rows, leaves).
    """

    leaf: Integers
    sets: Bits
    disjoint: Words
    of_row: npt.NDArray[np.int32]


def add_attributions(flat: Floats, block: LeafBlock, sets: Bits) -> None:
    """Add the attributions at the leaves of a block.

    Parameters
    ----------
    flat
        Added to, shape (outputs * players, rows).
    sets
        Sets that the rows fail at the leaves, shape (leaves, rows).
    """
    at_once = max(16, _BITS_AT_ONCE // (block.occurring.size * _WORD))
    for start in range(0, sets.shape[1], at_once):
        some = slice(start, start + at_once)
        _add_some(flat[:, some], block, np.ascontiguousarray(sets[:, some].T))


def _add_some(flat: Floats, block: LeafBlock, sets: Bits) -> None:
    """Add the attributions of few rows, with sets of shape (rows, leaves)."""
    failing = _failing(block, sets)
    if not len(failing.leaf):
        return
    found = _attributions(block, failing)
    rows, leaves = failing.of_row.shape
    known = np.flatnonzero(failing.of_row >= 0)
    ends = np.searchsorted(known, np.arange(rows + 1) * leaves)
    by_row = _sums(np.ones(len(known)), failing.of_row.ravel().take(known), ends, len(found))
    players = block.slots.shape[1]
    place = block.local.take(failing.leaf, axis=0) + (np.arange(len(found)) * players)[:, None]
    for slots, values in zip(block.slots, block.values.T, strict=True):
        at_players = np.zeros((len(found), players))
        at_players.ravel()[place] = found * values[failing.leaf][:, None]
        flat[slots] += (by_row @ at_players).T


def _sums(weights: Floats, which: npt.NDArray[np.integer], ends: Integers, columns: int) -> Any:
    """A sparse matrix whose rows, between two ``ends`` each, add up the weighted rows ``which`` of another matrix."""
    from scipy.sparse import csr_array

    narrow = np.int32 if max(columns, len(which)) < 2**31 else np.int64
    of_rows = (weights, which.astype(narrow, copy=False), ends.astype(narrow, copy=False))
    return csr_array(of_rows, shape=(len(ends) - 1, columns))


def _failing(block: LeafBlock, sets: Bits) -> _Failing:
    length, leaves = block.local.shape[1], np.arange(len(block.leaves))
    if length > _MOST_NUMBERED:
        numbers = np.arange(sets.size)
        place = numbers.reshape(sets.shape)
        leaf, distinct = np.tile(leaves, len(sets)), sets.ravel()
        number = np.full(sets.size, -1, dtype=np.int32)
    else:
        place = sets.astype(np.int32) + (leaves << length).astype(np.int32)
        number = np.full(len(leaves) << length, -1, dtype=np.int32)
        number[place] = 0
        numbers = np.flatnonzero(number == 0)
        leaf, distinct = numbers >> length, (numbers & ((1 << length) - 1)).astype(sets.dtype)
    disjoint = _disjoint(block, leaf, distinct)
    alive = disjoint[:, 0].copy()
    for word in range(1, disjoint.shape[1]):
        alive |= disjoint[:, word]
    kept = np.flatnonzero(alive)
    number[numbers] = -1
    number[numbers[kept]] = np.arange(len(kept), dtype=np.int32)
    return _Failing(leaf[kept], distinct[kept], disjoint.take(kept, axis=0), number.take(place))


def _disjoint(block: LeafBlock, leaf: Integers, sets: Bits) -> Words:
    """Which background sets of its leaf each set has no feature in common with, shape (sets, words)."""
    leaves, words = block.occurring.shape
    common = np.zeros((len(sets), words), dtype=np.uint64)
    for start in range(0, len(block.holding), 8):
        table = _sharing(block.holding[start : start + 8]).reshape(-1, words)
        common |= table.take(_octet(sets, start).astype(np.intp) * leaves + leaf, axis=0)
    return block.occurring.take(leaf, axis=0) & ~common


def _sharing(holding: Words) -> Words:
    """Background sets that have a feature in common with each set of at most 8 features, (sets, leaves, words)."""
    table = np.zeros((1 << len(holding), *holding.shape[1:]), dtype=np.uint64)
    for bit, words in enumerate(holding):
        np.bitwise_or(table[: 1 << bit], words, out=table[1 << bit : 2 << bit])
    return table


def _octet(sets: Bits, start: int) -> Bits:
    """Eight features of the sets, as numbers below 256."""
    return np.asarray((sets >> sets.dtype.type(start)) & sets.dtype.type(255))


def _attributions(block: LeafBlock, failing: _Failing) -> Floats:
    """Attributions at leaves of value 1 of rows that fail each set, shape (distinct sets, features of a path)."""
    length = block.local.shape[1]
    lost = np.bitwise_count(failing.sets).astype(np.int32)
    won = np.bitwise_count(block.sets).astype(np.int32)
    numbers = np.zeros(len(lost), dtype=np.intp)
    for word in failing.disjoint.T:
        numbers += np.bitwise_count(word)
    bits = np.unpackbits(failing.disjoint.view(np.uint8), bitorder="little").view(np.bool_)
    # Bits are counted over all sets: the first one of a set stands at a multiple of the width of its words.
    first = block.first[failing.leaf] - np.arange(len(lost)) * (failing.disjoint.shape[1] * _WORD)
    other = np.flatnonzero(bits)
    other += np.repeat(first, numbers)
    kind = won.take(other)
    kind += np.repeat(lost * np.int32(length + 1), numbers)
    ends = np.concatenate([[0], numbers.cumsum()])
    pairs = _sums(parts(length).T.ravel().take(kind), other, ends, len(block.sets))
    found: Floats = pairs @ (block.shares[:, None] * _members(block.sets, length))
    # What the leaf gives to all features together is 1 if the row is there, less the background's share that is.
    there = np.zeros(len(block.leaves))
    inside = np.flatnonzero(won == 0)
    there[np.searchsorted(block.first, inside, side="right") - 1] = block.shares[inside]
    losses = (found @ np.ones(length) + there[failing.leaf]) / np.maximum(lost, 1)
    found -= losses[:, None] * _members(failing.sets, length)
    return found


def _members(sets: Bits, length: int) -> Floats:
    """1 where a feature is in a set, shape (sets, features)."""
    members = [_BITS[:, : length - start].take(_octet(sets, start), axis=0) for start in range(0, length, 8)]
    return members[0] if len(members) == 1 else np.concatenate(members, axis=1)
