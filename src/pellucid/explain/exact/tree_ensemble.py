"""Decision trees as plain arrays: what every library's ensemble becomes before it is explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pellucid.explain.exact.additivity import Floats
from pellucid.records import dataclass

__all__ = ["LEAF", "Booleans", "Cells", "Integers", "Tree", "TreeEnsemble", "TreeLink", "ensemble_of"]

TreeLink = Literal["identity", "logit", "log", "softmax"]
"""What turns a model's predictions into sums of leaves; ``softmax`` cannot be undone."""

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

LEAF = -1
"""The feature of a node that asks nothing."""

# LightGBM takes what is nearer to zero for zero; its constant is a float32.
_NEARLY_ZERO = float(np.float32(1e-35))


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """One tree. Node 0 is the root; a row goes left where its cell is at most the threshold or in the categories.

    Parameters
    ----------
    feature
        Position of the feature asked for, `LEAF` at a leaf, shape (nodes,).
    threshold
        Largest number that goes left, shape (nodes,); a library that asks for ``<`` gets the next smaller number.
    left, right
        Children, shape (nodes,); not read at a leaf.
    missing_left
        Whether a missing cell goes left, shape (nodes,).
    values
        What a leaf adds to the outputs, shape (nodes, width); not read elsewhere.
    output
        The first output added to; the following ``width - 1`` are the others.
    zero_is_missing
        Nodes that take zero for a missing cell, shape (nodes,); none by default.
    categories
        Categories that go left, by node; all others go right. Such a node has no threshold, and all nodes of its
        feature are such.
    """

    feature: Integers
    threshold: Floats
    left: Integers
    right: Integers
    missing_left: Booleans
    values: Floats
    output: int = 0
    zero_is_missing: Booleans | None = None
    categories: Mapping[int, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Rows as an ensemble compares them.

    Parameters
    ----------
    numbers
        Shape (features, rows); categories are numbered as in `TreeEnsemble.known_categories`.
    missing
        Shape (features, rows); None where nothing is missing.
    """

    numbers: Floats
    missing: Booleans | None


@dataclass(frozen=True, slots=True, eq=False)
class TreeEnsemble:
    """A sum of trees that compares as the library does: precision, missing cells and categories. See `ensemble_of`.

    Parameters
    ----------
    roots
        Node of each tree's root, shape (trees,); a tree's nodes stand together, in the order of the trees.
    feature, threshold, left, right, missing_left, zero_is_missing, values
        As those of `Tree`, with the nodes of all trees behind each other.
    output
        The first output that a leaf adds to, shape (nodes,).
    goes_left_by_category
        Whether a category goes left, shape (nodes that ask for categories, categories + 1); the last is any other.
    category_row
        Row of a node in it, shape (nodes,); -1 for a node that asks for a number.
    known_categories
        Sorted categories of each feature that has some, by its position.
    intercept, features, single_precision, whole_categories, link
        As those of `ensemble_of`.
    """

    roots: Integers
    feature: Integers
    threshold: Floats
    left: Integers
    right: Integers
    missing_left: Booleans
    zero_is_missing: Booleans
    values: Floats
    output: Integers
    goes_left_by_category: Booleans
    category_row: Integers
    known_categories: Mapping[int, Floats]
    intercept: Floats
    features: int
    single_precision: bool
    whole_categories: bool
    link: TreeLink

    @property
    def outputs(self) -> int:
        """Number of scores of a row."""
        return len(self.intercept)

    def cells(self, rows: npt.NDArray[Any]) -> Cells:
        """``rows`` as they are compared.

        Parameters
        ----------
        rows
            Numbers, shape (rows, features); missing cells are nan.
        """
        numbers = np.array(rows.T, dtype=np.float64, order="C")
        if self.single_precision:
            with np.errstate(over="ignore"):
                numbers = numbers.astype(np.float32).astype(np.float64)
        missing = np.isnan(numbers)
        for feature, known in self.known_categories.items():
            numbers[feature] = self._numbered(numbers[feature], known)
        return Cells(numbers, missing if missing.any() else None)

    def _numbered(self, column: Floats, known: Floats) -> Floats:
        found = np.trunc(column) if self.whole_categories else column
        place = np.minimum(np.searchsorted(known, found), len(known) - 1)
        unknown = self.goes_left_by_category.shape[1] - 1
        return np.where(known[place] == found, place, unknown).astype(np.float64)

    def goes_left(self, nodes: Integers, cells: Cells) -> Booleans:
        """Whether each row goes left at each of ``nodes``, shape (nodes, rows).

        Parameters
        ----------
        nodes
            Shape (nodes,), all asked of each row; or (nodes, rows), those asked of each row.
        """
        each = np.arange(cells.numbers.shape[1])
        asked = (self.feature[nodes],) if nodes.ndim == 1 else (self.feature[nodes], each)
        at = nodes[:, None] if nodes.ndim == 1 else nodes
        numbers = cells.numbers[asked]
        left: Booleans = numbers <= self.threshold[at]
        if self.known_categories:
            row = self.category_row[at]
            category = np.where(row < 0, 0, numbers).astype(np.int64)
            left = np.where(row < 0, left, self.goes_left_by_category[row, category])
        missing = None if cells.missing is None else cells.missing[asked]
        if self.zero_is_missing[nodes].any():
            zero = self.zero_is_missing[at] & (np.abs(numbers) <= _NEARLY_ZERO)
            missing = zero if missing is None else missing | zero
        return left if missing is None else np.where(missing, self.missing_left[at], left)

    def scores(self, rows: npt.NDArray[Any]) -> Floats:
        """Sums of leaves in double precision, shape (rows, outputs), before the inverse of the link.

        Parameters
        ----------
        rows
            Numbers, shape (rows, features); missing cells are nan.

        Examples
        --------
        >>> stump = Tree(np.array([0, -1, -1]), np.array([0.5, 0, 0]), np.array([1, 0, 0]), np.array([2, 0, 0]),
        ...              np.array([True, False, False]), np.array([[0.0], [1.0], [2.0]]))
        >>> ensemble_of([stump], intercept=[10.0], features=1).scores(np.array([[0.5], [0.6], [np.nan]])).ravel()
        array([11., 12., 11.])
        """
        cells = self.cells(rows)
        at = np.repeat(self.roots[:, None], len(rows), axis=1)
        while (asking := np.flatnonzero((self.feature[at] != LEAF).any(axis=1))).size:
            nodes = at[asking]
            following = np.where(self.goes_left(nodes, cells), self.left[nodes], self.right[nodes])
            at[asking] = np.where(self.feature[nodes] == LEAF, nodes, following)
        total = np.tile(self.intercept, (len(rows), 1))
        for leaves, first in zip(at, self.output[self.roots].tolist(), strict=True):
            total[:, first : first + self.values.shape[1]] += self.values[leaves]
        return total

    def predictions(self, rows: npt.NDArray[Any]) -> Floats:
        """What the library predicts, but in double precision, shape (rows, outputs); ``rows`` as for `scores`."""
        scores = self.scores(rows)
        match self.link:
            case "identity":
                return scores
            case "logit":
                with np.errstate(over="ignore"):
                    return np.asarray(1 / (1 + np.exp(-scores)))
            case "log":
                return np.asarray(np.exp(scores))
            case "softmax":
                odds = np.exp(scores - scores.max(axis=1, keepdims=True))
                return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def ensemble_of(
    trees: Sequence[Tree],
    *,
    intercept: Sequence[float] | Floats,
    features: int,
    single_precision: bool = False,
    whole_categories: bool = False,
    link: TreeLink = "identity",
) -> TreeEnsemble:
    """Lay trees behind each other.

    Parameters
    ----------
    trees
        At least one; all add to equally many outputs.
    intercept
        What is added to the sum of the leaves, shape (outputs,).
    features
        Number of features of a row.
    single_precision
        Whether the library rounds cells to float32 before it compares.
    whole_categories
        Whether the library cuts off the fraction of a category.
    link
        What turns the library's predictions into sums of leaves.
    """
    sizes = [len(tree.feature) for tree in trees]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    by_node = {
        int(root) + node: np.asarray(categories, dtype=np.float64)
        for root, tree in zip(roots, trees, strict=True)
        for node, categories in tree.categories.items()
    }
    feature = np.concatenate([tree.feature for tree in trees]).astype(np.int64)
    known, category_row, goes_left_by_category = _numbered_categories(by_node, feature)
    return TreeEnsemble(
        roots=roots,
        feature=feature,
        threshold=np.concatenate([tree.threshold for tree in trees]).astype(np.float64),
        left=np.concatenate([tree.left + root for tree, root in zip(trees, roots, strict=True)]).astype(np.int64),
        right=np.concatenate([tree.right + root for tree, root in zip(trees, roots, strict=True)]).astype(np.int64),
        missing_left=np.concatenate([tree.missing_left for tree in trees]).astype(np.bool_),
        zero_is_missing=np.concatenate([_zero_is_missing(tree) for tree in trees]),
        values=np.concatenate([tree.values for tree in trees]).astype(np.float64),
        output=np.repeat([tree.output for tree in trees], sizes),
        goes_left_by_category=goes_left_by_category,
        category_row=category_row,
        known_categories=known,
        intercept=np.asarray(intercept, dtype=np.float64),
        features=features,
        single_precision=single_precision,
        whole_categories=whole_categories,
        link=link,
    )


def _zero_is_missing(tree: Tree) -> Booleans:
    return np.zeros(len(tree.feature), dtype=np.bool_) if tree.zero_is_missing is None else tree.zero_is_missing


def _numbered_categories(
    by_node: Mapping[int, Floats], feature: Integers
) -> tuple[dict[int, Floats], Integers, Booleans]:
    """Categories of each feature, each node's row in the table of those that go left, and the table."""
    of_feature: dict[int, list[Floats]] = {}
    for node, categories in by_node.items():
        of_feature.setdefault(int(feature[node]), []).append(categories)
    known = {position: np.unique(np.concatenate(found)) for position, found in of_feature.items()}
    category_row = np.full(len(feature), -1, dtype=np.int64)
    goes_left = np.zeros((len(by_node), max(map(len, known.values()), default=0) + 1), dtype=np.bool_)
    for row, (node, categories) in enumerate(by_node.items()):
        category_row[node] = row
        goes_left[row, np.searchsorted(known[int(feature[node])], categories)] = True
    return known, category_row, goes_left
