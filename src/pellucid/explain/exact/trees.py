"""Exact interventional Shapley values of tree ensembles, at a cost of rows + background instead of rows x background.

What a leaf adds depends on which features of its path the explained row fails, and which the background row fails
(`leaf_games`). So the background enters by the share of its rows that fail each set, and the attributions of a row are
looked up by the set that it fails itself. The idea is that of WOODELF (arXiv 2511.09376).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.exact.additivity import ExactValues, Floats
from pellucid.explain.exact.leaf_attributions import add_attributions, attributions, rows_at_once
from pellucid.explain.exact.leaf_blocks import LeafBlock, LongPaths, leaf_blocks
from pellucid.explain.exact.leaf_games import set_weights
from pellucid.explain.exact.threads import allowed_threads, used_in_order
from pellucid.explain.exact.tree_ensemble import LEAF, Cells, Integers, TreeEnsemble
from pellucid.explain.exact.tree_paths import Bits, Leaves, Level, failed, levels_of
from pellucid.records import dataclass

__all__ = ["TreeGame", "explain_trees", "tree_game"]

# Beyond, tables of all 2**features sets cost more than the few sets that occur.
_LONGEST_TABLE = 6
_TABLE_BYTES = 256 << 20
_NODES_AT_ONCE = 4096
_SETS_AT_ONCE = 1 << 23
_PRODUCTS_AT_ONCE = 1 << 18

# Fewer rows are looked up in all tables at once, more in one table after the other.
_FEW_ROWS = 64

# Nanoseconds, rounded: a slot of a table, for a row and once for many; a block of leaves, and a background set of it,
# once for many rows; a leaf and a background set for a row; a node that a model of any library asks.
_SLOT_OF_ROW, _SLOT_OF_MANY, _SLOT_OF_FEW = 2.0, 1000.0, 15.0
_BLOCK_OF_MANY, _SET_OF_MANY = 200_000.0, 25.0
_LEAF_OF_ROW, _SET_OF_ROW = 10.0, 0.7
_NODE_OF_MODEL = 2.5
# Nanoseconds of work from which on it is divided among threads.
_WORTH_THREADS = 2e7
_ALWAYS_WORTH, _ALWAYS_WORTH_TOGETHER = 1e6, 1e8


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """Leaves with attributions by the set of failed features, shape (leaves, slots of a leaf, sets).

    ``slots`` are the places of the attributions in a row's flat (outputs, players), shape (leaves, slots of a leaf).
    """

    slots: Integers
    attributions: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """Some trees.

    Parameters
    ----------
    levels
        Their paths.
    nodes
        Number of their nodes.
    tables
        Tables of groups of leaves, by the group's place among those of the paths.
    blocks
        The other leaves.
    """

    levels: tuple[Level, ...]
    nodes: int
    tables: Mapping[int, _Tables]
    blocks: tuple[LeafBlock, ...]

    @property
    def rows_at_once(self) -> int:
        return max(16, _SETS_AT_ONCE // self.nodes)

    def nanoseconds(self, rows: int) -> float:
        """What a row costs about, where so many are explained."""
        slots = sum(tables.slots.size for tables in self.tables.values())
        many = min(rows, self.rows_at_once)
        return slots * (_SLOT_OF_ROW + min(_SLOT_OF_FEW, _SLOT_OF_MANY / many)) + self.block_nanoseconds(rows)

    def block_nanoseconds(self, rows: int) -> float:
        """What a row costs about at the blocks."""
        leaves, sets = sum(len(block.leaves) for block in self.blocks), sum(len(block.shares) for block in self.blocks)
        at_once = len(self.blocks) * _BLOCK_OF_MANY + sets * _SET_OF_MANY
        return at_once / min(rows, self.rows_at_once) + leaves * _LEAF_OF_ROW + sets * _SET_OF_ROW


@dataclass(frozen=True, slots=True, eq=False)
class TreeGame:
    """An ensemble prepared for one background; explains any number of rows. Made by `tree_game`.

    Parameters
    ----------
    ensemble
        The trees.
    base
        Mean score over the background, shape (outputs,).
    background_rows
        Rows of the background.
    chunks
        Some trees each.
    players
        Number of players.
    """

    ensemble: TreeEnsemble
    base: Floats
    players: int
    background_rows: int
    chunks: tuple[_Chunk, ...]

    def dearer_than(self, samples: int, rows: int) -> bool:
        """Whether exact values cost more than sampled ones, as of large forests grown to the end.

        Counted from the sizes of the trees, so that the answer is the same on every machine. A millisecond for a row,
        and a tenth of a second for all, is always worth it.

        Parameters
        ----------
        samples
            Coalitions of a row.
        rows
            Rows explained together.
        """
        asked = samples * self.background_rows * _nodes_asked(self.ensemble) * _NODE_OF_MODEL
        worth = max(asked, _ALWAYS_WORTH, _ALWAYS_WORTH_TOGETHER / rows)
        return sum(chunk.nanoseconds(rows) for chunk in self.chunks) > worth

    def explain(self, rows: npt.NDArray[Any]) -> ExactValues:
        """Shapley values of the scores of ``rows``.

        Parameters
        ----------
        rows
            Numbers, shape (rows, features); missing cells are nan.

        Returns
        -------
        ExactValues
            Equal to enumeration up to rounding.
        """
        flat, of_blocks = np.zeros((2, self.ensemble.outputs * self.players, len(rows)))
        used_in_order(
            self._at_blocks(flat, rows),
            lambda task: attributions(task.block, task.sets[task.block.leaves, task.rows]),
            lambda task, found: add_attributions(of_blocks[:, task.explained], task.block, found),
            threads=allowed_threads() if self._block_nanoseconds(len(rows)) > _WORTH_THREADS else 1,
        )
        flat += of_blocks
        values = flat.reshape(self.ensemble.outputs, self.players, len(rows)).transpose(2, 1, 0)
        return ExactValues(np.ascontiguousarray(values), self.base)

    def _block_nanoseconds(self, rows: int) -> float:
        return rows * sum(chunk.block_nanoseconds(max(1, rows)) for chunk in self.chunks)

    def _at_blocks(self, flat: Floats, rows: npt.NDArray[Any]) -> Iterator[_AtBlock]:
        """Rows at blocks; the attributions in tables are added into ``flat``, (outputs * players, rows), on the way."""
        cells = self.ensemble.cells(rows)
        for chunk in self.chunks:
            for some in _slices(len(rows), chunk.rows_at_once):
                sets = _without_tables(flat[:, some], self.ensemble, chunk, _part(cells, some))
                for block in chunk.blocks:
                    for few in _slices(sets.shape[1], rows_at_once(block)):
                        yield _AtBlock(block, sets, few, slice(some.start + few.start, some.start + few.stop))


@dataclass(frozen=True, slots=True, eq=False)
class _AtBlock:
    """Some rows at a block: ``rows`` of those whose ``sets`` they are, shape (leaves, rows), ``explained`` of all."""

    block: LeafBlock
    sets: Bits
    rows: slice
    explained: slice


def explain_trees(ensemble: TreeEnsemble, rows: npt.NDArray[Any], background: npt.NDArray[Any]) -> ExactValues:
    """Interventional Shapley values of the scores of ``rows`` against the whole background.

    Parameters
    ----------
    rows
        Shape (rows, features); missing cells are nan.
    background
        Rows that stand for an absent feature, shape (background rows, features), at least one.

    Raises
    ------
    ModelError
        A path asks for more than 64 features.

    Examples
    --------
    Both features must exceed 0 for a score of 1, and they share it.

    >>> from pellucid.explain.exact.tree_ensemble import Tree, ensemble_of
    >>> both = Tree(np.array([0, -1, 1, -1, -1]), np.zeros(5), np.array([1, 0, 3, 0, 0]), np.array([2, 0, 4, 0, 0]),
    ...             np.zeros(5, bool), np.array([[0.0], [0.0], [0.0], [0.0], [1.0]]))
    >>> ensemble = ensemble_of([both], intercept=[0.0], features=2)
    >>> values, base = explain_trees(ensemble, np.array([[1.0, 1.0]]), np.array([[0.0, 0.0]]))
    >>> values[0, :, 0].tolist(), base.tolist()
    ([0.5, 0.5], [0.0])
    """
    return tree_game(ensemble, background).explain(rows)


def tree_game(
    ensemble: TreeEnsemble,
    background: npt.NDArray[Any],
    owner: npt.NDArray[np.integer] | None = None,
    players: int | None = None,
) -> TreeGame:
    """Meet an ensemble with its background once, for many blocks of rows; parameters as those of `explain_trees`.

    Parameters
    ----------
    owner, players
        The player of each feature, shape (features,), where several features are one player, and the number of
        players; without them each feature is a player.
    """
    player_of = np.arange(ensemble.features) if owner is None else owner.astype(np.int64)
    players = ensemble.features if players is None else players
    base = ensemble.scores(background).mean(axis=0)
    cells = ensemble.cells(background)
    ensemble = replace(ensemble, values=_less_common_values(ensemble))
    chunks = []
    room = _TABLE_BYTES
    for roots, nodes in _chunks(ensemble):
        levels = levels_of(ensemble, roots, player_of, _LONGEST_TABLE + 1)
        tables, long = {}, []
        for place, (leaves, sets) in enumerate(failed(ensemble, levels, cells)):
            found = _tables(ensemble, leaves, sets, players, room)
            if found is None:
                long.append((leaves, sets))
            else:
                tables[place] = found
                room -= found.attributions.nbytes
        chunks.append(_Chunk(levels, nodes, tables, _blocks(ensemble, long, players)))
    return TreeGame(ensemble, base, players, len(background), tuple(chunks))


def _less_common_values(ensemble: TreeEnsemble) -> Floats:
    """Values of leaves less the most common one of each tree: a constant is nobody's, and leaves of 0 cost nothing."""
    values = ensemble.values.copy()
    ends = np.append(ensemble.roots[1:], len(ensemble.feature))
    for root, end in zip(ensemble.roots.tolist(), ends.tolist(), strict=True):
        leaves = root + np.flatnonzero(ensemble.feature[root:end] == LEAF)
        found, number = np.unique(values[leaves], axis=0, return_counts=True)
        if number.max() > 1:
            values[leaves] -= found[number.argmax()]
    return values


def _nodes_asked(ensemble: TreeEnsemble) -> float:
    """Nodes that a prediction asks about: the depth of each tree if its leaves were equally deep."""
    leaves = np.add.reduceat(ensemble.feature == LEAF, ensemble.roots)
    return float(np.log2(np.maximum(leaves, 2)).sum())


def _chunks(ensemble: TreeEnsemble) -> Iterator[tuple[Integers, int]]:
    """Roots of some trees with about `_NODES_AT_ONCE` nodes together, and the number of nodes."""
    ends = np.append(ensemble.roots[1:], len(ensemble.feature))
    number = ensemble.roots // _NODES_AT_ONCE
    for one in np.unique(number):
        some = np.flatnonzero(number == one)
        yield ensemble.roots[some], int(ends[some[-1]] - ensemble.roots[some[0]])


def _slices(rows: int, at_once: int) -> Iterator[slice]:
    return (slice(start, min(start + at_once, rows)) for start in range(0, rows, at_once))


def _part(cells: Cells, some: slice) -> Cells:
    return Cells(cells.numbers[:, some], None if cells.missing is None else cells.missing[:, some])


# --- the background at a leaf ----------------------------------------------------------------------------------------
def _tables(ensemble: TreeEnsemble, leaves: Leaves, sets: Bits, players: int, room: int) -> _Tables | None:
    """Attributions for every set that a row may fail; None where they are too many."""
    length = leaves.features.shape[1]
    size = 1 << length
    width = ensemble.values.shape[1]
    if length > _LONGEST_TABLE or len(leaves.node) * width * length * size * 8 > room:
        return None
    outputs = ensemble.output[leaves.node][:, None] + np.arange(width)
    slots = (outputs[:, :, None] * players + leaves.features[:, None, :]).reshape(len(leaves.node), -1)
    offset = np.arange(len(leaves.node))[:, None] * size
    counts = np.bincount((sets.astype(np.int64) + offset).ravel(), minlength=offset.size * size).reshape(-1, size)
    weights = set_weights(length)
    shares = counts / sets.shape[1]
    table = _by_value(ensemble.values[leaves.node], _weighted(shares, weights).reshape(-1, length, size))
    paired = leaves.sibling >= 0
    if paired.any():
        # What fails the last feature here meets it at the sibling, and the other way round.
        mirrored = _weighted(_other_half(shares[paired]), weights).reshape(-1, length, size)
        table[paired] += _by_value(ensemble.values[leaves.sibling[paired]], _other_half(mirrored))
    return _Tables(slots, table)


def _weighted(shares: Floats, weights: Floats) -> Floats:
    """``shares @ weights``, in pieces that are too small for a linear algebra library to spread over threads.

    Threads would cost more processor time than the product, and their number would show in the last bits.
    """
    sets = len(weights)
    product = np.empty((len(shares), weights.shape[1]))
    leaves = max(1, _PRODUCTS_AT_ONCE // sets**2)
    for start, feature in itertools.product(range(0, len(shares), leaves), range(0, weights.shape[1], sets)):
        some, columns = slice(start, start + leaves), slice(feature, feature + sets)
        np.matmul(shares[some], weights[:, columns], out=product[some, columns])
    return product


def _by_value(values: Floats, attributions: Floats) -> Floats:
    """Attributions of a leaf of value 1, times the values of its outputs."""
    leaves, _, sets = attributions.shape
    return (values[:, :, None, None] * attributions[:, None]).reshape(leaves, -1, sets)


def _other_half(by_set: Floats) -> Floats:
    """``by_set`` with the last feature's bit turned round, last axis (sets,)."""
    halves = by_set.reshape(*by_set.shape[:-1], 2, -1)
    return halves[..., ::-1, :].reshape(by_set.shape)


def _blocks(ensemble: TreeEnsemble, groups: Sequence[tuple[Leaves, Bits]], players: int) -> tuple[LeafBlock, ...]:
    """Leaves without tables, of all groups together."""
    if not groups:
        return ()
    found = [leaves for leaves, _ in groups]
    node = np.concatenate([leaves.node for leaves in found])
    sibling = np.concatenate([leaves.sibling for leaves in found])
    longest = max(leaves.features.shape[1] for leaves in found)
    features = np.concatenate([_padded(leaves.features, longest) for leaves in found])
    paths = LongPaths(
        players=features,
        above=(features != LEAF).sum(axis=1) - (sibling >= 0),
        values=np.stack([ensemble.values[node], np.where((sibling >= 0)[:, None], ensemble.values[sibling], 0.0)]),
        output=ensemble.output[node],
        sets=np.concatenate([sets for _, sets in groups]),
    )
    return tuple(leaf_blocks(paths, players))


def _padded(features: Integers, longest: int) -> Integers:
    padded = np.full((len(features), longest), LEAF)
    padded[:, : features.shape[1]] = features
    return padded


# --- the explained rows ----------------------------------------------------------------------------------------------
def _without_tables(flat: Floats, ensemble: TreeEnsemble, chunk: _Chunk, cells: Cells) -> Bits:
    """The sets that rows fail at leaves without tables, (leaves, rows), when those of the others are looked up."""
    without_tables = [np.empty((0, cells.numbers.shape[1]), dtype=np.uint8)]
    for place, (_, sets) in enumerate(failed(ensemble, chunk.levels, cells)):
        if place in chunk.tables:
            _look_up(flat, chunk.tables[place], sets)
        else:
            without_tables.append(sets)
    return np.concatenate(without_tables)


def _look_up(flat: Floats, tables: _Tables, sets: Bits) -> None:
    if sets.shape[1] < _FEW_ROWS:
        _look_up_few(flat, tables, sets)
        return
    for of_sets, slots, of_leaf in zip(tables.attributions, tables.slots.tolist(), sets, strict=True):
        found = of_sets.take(of_leaf.astype(np.intp), axis=1)
        for slot, values in zip(slots, found, strict=True):
            flat[slot] += values


def _look_up_few(flat: Floats, tables: _Tables, sets: Bits) -> None:
    """The same sums in the same order."""
    rows = sets.shape[1]
    found = tables.attributions[np.arange(len(sets))[:, None], :, sets]
    place = tables.slots[:, None, :] * rows + np.arange(rows)[:, None]
    total = flat.ravel()
    np.add.at(total, place.ravel(), found.ravel())
    flat[:] = total.reshape(flat.shape)
