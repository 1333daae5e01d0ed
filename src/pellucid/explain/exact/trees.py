"""Exact interventional Shapley values of tree ensembles, at a cost of rows + background instead of rows x background.

What a leaf adds depends on which features of its path the explained row fails, and which the background row fails
(`leaf_games`). So the background enters by the share of its rows that fail each set, and the attributions of a row are
looked up by the set that it fails itself. The idea is that of WOODELF (arXiv 2511.09376).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.exact.additivity import ExactValues, Floats
from pellucid.explain.exact.leaf_games import attributions, set_weights
from pellucid.explain.exact.tree_ensemble import LEAF, Cells, Integers, TreeEnsemble
from pellucid.explain.exact.tree_paths import Bits, Leaves, Level, failed, levels_of

__all__ = ["TreeGame", "explain_trees", "tree_game"]

# Of the 2**features sets of longer paths few occur; these are met one by one.
_LONGEST_TABLE = 8
_TABLE_BYTES = 256 << 20
_NODES_AT_ONCE = 4096
_SETS_AT_ONCE = 1 << 22

# Nanoseconds, rounded: a slot of a table; a leaf without one, per block of rows, per row, and per row and set; a node
# that a model of any library asks on its way to a leaf.
_TABLE_SLOT = 2.0
_LEAF_OF_BLOCK, _LEAF_OF_ROW, _LEAF_OF_SET = 40_000.0, 60.0, 1.0
_NODE_OF_MODEL = 2.5
_ALWAYS_WORTH = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """Attributions by the set of failed features, shape (leaves, slots of a leaf, sets)."""

    attributions: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Sets:
    """Sets failed by background rows: of each leaf the distinct ones, with their shares of the background."""

    sets: tuple[Bits, ...]
    shares: tuple[Floats, ...]
    leaves: Leaves


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Leaves with what the background does at them.

    ``slots`` are the places of the attributions in a row's flat (outputs, features), shape (leaves, slots of a leaf).
    """

    slots: Integers
    met: _Tables | _Sets


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    levels: tuple[Level, ...]
    nodes: int
    groups: tuple[_Group, ...]

    @property
    def rows_at_once(self) -> int:
        return max(16, _SETS_AT_ONCE // self.nodes)

    def nanoseconds(self, rows: int) -> float:
        """What a row costs about, where so many are explained."""
        of_block = _LEAF_OF_BLOCK / min(rows, self.rows_at_once)
        spent = 0.0
        for group in self.groups:
            if isinstance(group.met, _Tables):
                spent += _TABLE_SLOT * group.slots.size
            else:
                spent += len(group.slots) * (of_block + _LEAF_OF_ROW) + _LEAF_OF_SET * sum(map(len, group.met.sets))
        return spent


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
    """

    ensemble: TreeEnsemble
    base: Floats
    background_rows: int
    chunks: tuple[_Chunk, ...]

    def dearer_than(self, samples: int, rows: int) -> bool:
        """Whether exact values cost more than sampled ones, as of forests grown to the end, whose paths have no tables.

        Counted from the sizes of the trees, so that the answer is the same on every machine. A millisecond for a row
        is always worth it.

        Parameters
        ----------
        samples
            Coalitions of a row.
        rows
            Rows explained together.
        """
        asked = samples * self.background_rows * _nodes_asked(self.ensemble) * _NODE_OF_MODEL
        return sum(chunk.nanoseconds(rows) for chunk in self.chunks) > max(asked, _ALWAYS_WORTH)

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
        ensemble = self.ensemble
        flat = np.zeros((ensemble.outputs * ensemble.features, len(rows)))
        cells = ensemble.cells(rows)
        for chunk in self.chunks:
            block = chunk.rows_at_once
            for start in range(0, len(rows), block):
                some = slice(start, start + block)
                _add_attributions(flat[:, some], ensemble, chunk, _part(cells, some))
        values = flat.reshape(ensemble.outputs, ensemble.features, len(rows)).transpose(2, 1, 0)
        return ExactValues(np.ascontiguousarray(values), self.base)


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


def tree_game(ensemble: TreeEnsemble, background: npt.NDArray[Any]) -> TreeGame:
    """Meet an ensemble with its background once, for many blocks of rows; parameters as those of `explain_trees`."""
    cells = ensemble.cells(background)
    chunks = []
    room = _TABLE_BYTES
    for roots, nodes in _chunks(ensemble):
        levels = levels_of(ensemble, roots)
        groups = []
        for leaves, sets in failed(ensemble, levels, cells):
            group = _group(ensemble, leaves, sets, room)
            room -= group.met.attributions.nbytes if isinstance(group.met, _Tables) else 0
            groups.append(group)
        chunks.append(_Chunk(levels, nodes, tuple(groups)))
    return TreeGame(ensemble, ensemble.scores(background).mean(axis=0), len(background), tuple(chunks))


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


def _part(cells: Cells, some: slice) -> Cells:
    return Cells(cells.numbers[:, some], None if cells.missing is None else cells.missing[:, some])


# --- the background at a leaf ----------------------------------------------------------------------------------------
def _group(ensemble: TreeEnsemble, leaves: Leaves, sets: Bits, room: int) -> _Group:
    width = ensemble.values.shape[1]
    length = leaves.features.shape[1]
    outputs = ensemble.output[leaves.node][:, None] + np.arange(width)
    slots = (outputs[:, :, None] * ensemble.features + leaves.features[:, None, :]).reshape(len(leaves.node), -1)
    if length <= _LONGEST_TABLE and slots.size * 8 << length <= room:
        return _Group(slots, _Tables(_tables(ensemble, leaves, sets)))
    return _Group(slots, _distinct_sets(leaves, sets))


def _tables(ensemble: TreeEnsemble, leaves: Leaves, sets: Bits) -> Floats:
    """Attributions for every set that a row may fail, shape (leaves, width * features, sets)."""
    length = leaves.features.shape[1]
    size = 1 << length
    offset = np.arange(len(leaves.node))[:, None] * size
    counts = np.bincount((sets.astype(np.int64) + offset).ravel(), minlength=offset.size * size).reshape(-1, size)
    weights = set_weights(length)
    shares = counts / sets.shape[1]
    table = _by_value(ensemble.values[leaves.node], (shares @ weights).reshape(-1, length, size))
    paired = leaves.sibling >= 0
    if paired.any():
        # What fails the last feature here meets it at the sibling, and the other way round.
        mirrored = (_other_half(shares[paired]) @ weights).reshape(-1, length, size)
        table[paired] += _by_value(ensemble.values[leaves.sibling[paired]], _other_half(mirrored))
    return table


def _by_value(values: Floats, attributions: Floats) -> Floats:
    """Attributions of a leaf of value 1, times the values of its outputs."""
    leaves, _, sets = attributions.shape
    return (values[:, :, None, None] * attributions[:, None]).reshape(leaves, -1, sets)


def _other_half(by_set: Floats) -> Floats:
    """``by_set`` with the last feature's bit turned round, last axis (sets,)."""
    halves = by_set.reshape(*by_set.shape[:-1], 2, -1)
    return halves[..., ::-1, :].reshape(by_set.shape)


def _distinct_sets(leaves: Leaves, sets: Bits) -> _Sets:
    found = [np.unique(of_leaf, return_counts=True) for of_leaf in sets]
    shares = tuple(counts / sets.shape[1] for _, counts in found)
    return _Sets(tuple(distinct for distinct, _ in found), shares, leaves)


# --- the explained rows ----------------------------------------------------------------------------------------------
def _add_attributions(flat: Floats, ensemble: TreeEnsemble, chunk: _Chunk, cells: Cells) -> None:
    """Add the attributions of a chunk's leaves into ``flat``, shape (outputs * features, rows)."""
    for group, (_, sets) in zip(chunk.groups, failed(ensemble, chunk.levels, cells), strict=True):
        for leaf, (slots, of_leaf) in enumerate(zip(group.slots.tolist(), sets, strict=True)):
            if isinstance(group.met, _Tables):
                found = group.met.attributions[leaf].take(of_leaf.astype(np.intp), axis=1)
            else:
                found = _by_distinct_sets(ensemble, group.met, leaf, of_leaf)
            for slot, values in zip(slots, found, strict=True):
                flat[slot] += values


def _by_distinct_sets(ensemble: TreeEnsemble, met: _Sets, leaf: int, sets: Bits) -> Floats:
    """Attributions at one leaf or pair of rows that fail ``sets``, shape (width * features, rows)."""
    length = met.leaves.features.shape[1]
    background, shares = met.sets[leaf], met.shares[leaf]
    distinct, which = np.unique(sets, return_inverse=True)
    found = attributions(distinct, background, shares, length)
    node, sibling = met.leaves.node[leaf], met.leaves.sibling[leaf]
    values = ensemble.values[node][:, None, None] * found
    if sibling >= 0:
        last = sets.dtype.type(1 << (length - 1))
        values += ensemble.values[sibling][:, None, None] * attributions(
            distinct ^ last, background ^ last, shares, length
        )
    return np.asarray(values.transpose(0, 2, 1).reshape(-1, len(distinct))[:, which])
