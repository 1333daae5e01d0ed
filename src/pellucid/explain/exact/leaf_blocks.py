"""Leaves of long paths in blocks, with the sets of features that background rows fail there.

Of the 2**features sets of a long path few occur, so they are numbered per leaf. Leaves that stand together in a tree
make a block, as they have most features in common; siblings that the last feature parts come as one leaf with two
sides. What a block adds for explained rows is in `leaf_attributions`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pellucid.explain.exact.additivity import Floats
from pellucid.explain.exact.tree_ensemble import LEAF, Booleans, Integers
from pellucid.explain.exact.tree_paths import Bits
from pellucid.records import dataclass

__all__ = ["WORD", "LeafBlock", "LongPaths", "Words", "distinct", "leaf_blocks", "united"]

Words = npt.NDArray[np.uint64]
WORD = 64
"""Bits of a word."""

# The square of a leaf's background sets tells how many pairs it has. Blocks of about so many stay in a processor's
# cache, and have from 32 to 128 leaves.
_PAIRS_AT_ONCE = 1 << 18
_FEWEST_PAIRS, _MOST_PAIRS = 1 << 11, 1 << 13
# A place is a column of all sums of its part. With fewer places there are more parts, whose sums are added one by one.
_PLAYERS_AT_ONCE = 18
# Unions are looked up in tables of so many bits.
_UNITED_AT_ONCE = 6


@dataclass(frozen=True, slots=True, eq=False)
class LongPaths:
    """Leaves, or pairs of siblings, with the sets of features that background rows fail.

    The last feature of a pair parts the siblings: a row that fails it is at the right one's side.

    Parameters
    ----------
    players
        Features of the paths, the one of bit 0 first, filled up by `LEAF`, shape (leaves, most features).
    above
        Features that siblings share, or all of a single leaf, shape (leaves,).
    values
        What the two sides add, 0 for the right one of a single leaf, shape (2, leaves, width).
    output
        The first output they add to, shape (leaves,).
    sets
        Sets that background rows fail, shape (leaves, background rows).
    """

    players: Integers
    above: Integers
    values: Floats
    output: Integers
    sets: Bits


@dataclass(frozen=True, slots=True, eq=False)
class LeafBlock:
    """Some leaves, or pairs of siblings, and the distinct sets that background rows fail there.

    The leaves come in parts that have few players together, each of which has a place there, the same at all leaves of
    the part. So sets come in two ways: by the bits of the leaf's path, and by places.

    Parameters
    ----------
    leaves
        Their positions among those given, shape (leaves,), part after part.
    part
        The part of each leaf, shape (leaves,).
    slots
        Where the players of each part, by place, stand in a row's flat (outputs, players), shape (width, players).
    places
        Number of places, the same for all parts; the number itself is the place of no player.
    parting
        The place of the player that parts siblings, no player's at a single leaf, shape (leaves,).
    above
        Features that siblings share, shape (leaves,): the bit of the feature that parts them.
    values
        As those of `LongPaths`.
    background
        What each leaf adds to the mean score of the background, shape (width, leaves).
    first
        Position of a leaf's first background set, shape (leaves + 1,).
    above_sets, sides, shares
        Background sets, leaf after leaf: the features of those that siblings share, by places; the side; the share of
        the background.
    occurring
        Bit i of a leaf's words says that it has a background set i, shape (leaves, words).
    holding
        By the bit of a feature that siblings share, which background sets hold it, shape (bits, leaves, words).
    placing
        By the bit of a feature that siblings share, its place, as a set, shape (bits, leaves, 1).
    """

    leaves: Integers
    part: Integers
    slots: tuple[Integers, ...]
    places: int
    parting: Integers
    above: Integers
    values: Floats
    background: Floats
    first: Integers
    above_sets: Words
    sides: Integers
    shares: Floats
    occurring: Words
    holding: Words
    placing: Words


def leaf_blocks(paths: LongPaths, players: int) -> Iterator[LeafBlock]:
    """Leaves in blocks.

    Parameters
    ----------
    players
        Number of players of the game.
    """
    ordered = np.sort(paths.sets, axis=1)
    pairs = np.clip(distinct(ordered).sum(axis=1) ** 2, _FEWEST_PAIRS, _MOST_PAIRS)
    for output in np.unique(paths.output).tolist():
        some = np.flatnonzero((paths.output == output) & paths.values.any(axis=(0, 2)))
        # Neighbours in the order of their paths are neighbours in a tree.
        some = some[np.lexsort(paths.players[some].T[::-1])]
        number = (pairs[some].cumsum() - pairs[some]) // _PAIRS_AT_ONCE
        for leaves in np.split(some, np.flatnonzero(np.diff(number)) + 1) if len(some) else ():
            yield _block(paths, leaves, ordered[leaves], output * players, players)


def _block(paths: LongPaths, leaves: Integers, ordered: Bits, start: int, players: int) -> LeafBlock:
    above, width = paths.above[leaves], paths.values.shape[2]
    bits, each = max(1, int(above.max())), np.arange(len(leaves))
    starts, present, places = _places(paths.players[leaves])
    no_player = places[0, -1]
    is_new = distinct(ordered)
    firsts, numbers = np.flatnonzero(is_new), is_new.sum(axis=1)
    leaf = np.repeat(each, numbers)
    sets, sides = _parted(ordered.ravel()[firsts], above[leaf])
    words = _words(sets, numbers, bits)
    shared = np.arange(bits)[:, None] < above
    placing = np.where(shared, np.uint64(1) << places[:, :bits].T.astype(np.uint64), np.uint64(0))[:, :, None]
    above_sets, values = united(placing, sets, leaf)[:, 0], paths.values[:, leaves]
    shares = np.diff(np.append(firsts, ordered.size)) / ordered.shape[1]
    return LeafBlock(
        leaves=leaves,
        part=np.searchsorted(starts, each, side="right") - 1,
        slots=tuple(start + np.arange(width)[:, None] * players + some for some in present),
        places=int(no_player),
        parting=places[each, above],
        above=above,
        values=values,
        background=_background_scores(values, leaf, above_sets, sides, shares),
        first=np.concatenate([[0], numbers.cumsum()]),
        above_sets=above_sets,
        sides=sides,
        shares=shares,
        occurring=words[-1],
        holding=words[:-1],
        placing=placing,
    )


def _background_scores(values: Floats, leaf: Integers, above_sets: Words, sides: Integers, shares: Floats) -> Floats:
    """What each leaf adds to the mean score of the background, shape (width, leaves)."""
    there = np.flatnonzero(above_sets == 0)
    of_leaf = leaf[there]
    parts = (values[sides[there], of_leaf] * shares[there, None]).T
    return np.stack([np.bincount(of_leaf, part, minlength=values.shape[1]) for part in parts])


def united(words: Words, sets: Bits, leaf: Integers) -> Words:
    """The union of the words of all bits in a set, shape (sets, words).

    Parameters
    ----------
    words
        Words of each bit, shape (bits, leaves, words).
    sets, leaf
        Sets by the bits of their leaf's path, shape (sets,).
    """
    bits = -(-len(words) // -(-len(words) // _UNITED_AT_ONCE))
    found = np.zeros((len(sets), words.shape[2]), dtype=np.uint64)
    for start in range(0, len(words), bits):
        table = _unions(words[start : start + bits])
        place = (sets >> sets.dtype.type(start)).astype(np.int64)
        place &= len(table) - 1
        place *= words.shape[1]
        place += leaf
        found |= table.reshape(-1, words.shape[2]).take(place, axis=0)
    return found


def _unions(words: Words) -> Words:
    """The unions of the words of few bits, shape (sets, leaves, words)."""
    table = np.zeros((1 << len(words), *words.shape[1:]), dtype=np.uint64)
    for bit, of_bit in enumerate(words):
        np.bitwise_or(table[: 1 << bit], of_bit, out=table[1 << bit : 2 << bit])
    return table


def _places(players: Integers) -> tuple[Integers, tuple[Integers, ...], Integers]:
    """Part leaves by their players of shape (leaves, most features).

    Returns
    -------
    tuple
        First leaf of each part, players of each part by place, and places of shape (leaves, most features + 1), where
        the last one is no player's.
    """
    starts, present, where = [0], [], []
    while starts[-1] < len(players):
        left = players[starts[-1] :]
        firsts = np.full(int(left.max()) + 2, left.size)
        np.minimum.at(firsts, left.ravel(), np.arange(left.size))
        found = np.flatnonzero(firsts[:-1] < left.size)
        first = firsts[found]
        new = np.bincount(first // players.shape[1], minlength=len(left)).cumsum()
        leaves = max(1, int(np.count_nonzero(new <= _PLAYERS_AT_ONCE)))
        present.append(found[first < leaves * players.shape[1]])
        starts.append(starts[-1] + leaves)
        place = np.full(int(found.max()) + 2, LEAF)
        place[present[-1]] = np.arange(len(present[-1]))
        where.append(place[left[:leaves]])
    places = np.full((len(players), players.shape[1] + 1), LEAF)
    np.concatenate(where, out=places[:, :-1])
    return np.array(starts[:-1]), tuple(present), np.where(places == LEAF, max(map(len, present)), places)


def _parted(sets: Bits, above: Integers) -> tuple[Bits, Integers]:
    """The features below bit ``above`` of each set, and whether it holds the feature of that bit."""
    one, bit = sets.dtype.type(1), above.astype(sets.dtype)
    # A shift by all bits of a number gives 0, of which the mask of all bits is made.
    return sets & ((one << bit) - one), np.asarray((sets >> bit) & one, dtype=np.int64)


def _words(sets: Bits, numbers: Integers, bits: int) -> Words:
    """Which sets of a leaf hold each feature, and lastly which there are, shape (bits + 1, leaves, words)."""
    leaf = np.repeat(np.arange(len(numbers)), numbers)
    position = np.arange(len(sets)) - np.repeat(numbers.cumsum() - numbers, numbers)
    padded = np.zeros((len(numbers), -(-int(numbers.max()) // WORD) * WORD), dtype=sets.dtype)
    padded[leaf, position] = sets
    held = np.zeros((bits + 1, *padded.shape), dtype=np.bool_)
    for bit in range(bits):
        np.not_equal(padded & sets.dtype.type(1 << bit), 0, out=held[bit])
    held[bits, leaf, position] = True
    return np.packbits(held, axis=2, bitorder="little").view(np.uint64)


def distinct(ordered: Bits) -> Booleans:
    """Whether a set is the first of its kind, of ordered sets of some leaves."""
    new = np.ones(ordered.shape, dtype=np.bool_)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    return new
