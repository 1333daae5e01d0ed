"""The walk of scikit-learn through its k-d tree, of which only the branches that are walked are built.

Among rows at equal distances the one that is met first stays, mostly: the order depends on how the whole tree was cut.
Building it takes longer than all else where only a few votes depend on that order. Each cut is scikit-learn's own, made
by its tree over the one column that is cut; the distances must be exact, so that they are the same however they are
added up.

Source: ``sklearn/neighbors/_binary_tree.pxi.tp`` and ``sklearn/utils/_heap.pyx`` of scikit-learn.
"""

from __future__ import annotations

import math
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.bias.neighbour_search import Floats, Matrix
from pellucid.records import dataclass

__all__ = ["MOST_ROWS", "Walk", "walks_alike"]

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Votes = npt.NDArray[np.int8]

LEAF_ROWS = 30
"""Of the trees of ``KNeighborsClassifier``."""
MOST_ROWS = 2**26
"""Numbers whose squared distances are exact fit into a float together with the place of their row among so many."""
ROWS_PER_VISIT = 100
"""Of the tree, so many rows of which scikit-learn cuts in the time that one look at a node takes here, at least."""
VERSIONS = ((1, 1), (1, 9))
"""The first and the last release of scikit-learn that is known to walk like this."""


def walks_alike(version: str) -> bool:
    """Whether scikit-learn of this version walks as `Walk` does.

    Examples
    --------
    >>> walks_alike("1.9.1"), walks_alike("1.10.0"), walks_alike("nightly")
    (True, False, False)
    """
    release = version.split(".")[:2]
    if len(release) < 2 or not all(number.isdecimal() for number in release):
        return False
    return VERSIONS[0] <= (int(release[0]), int(release[1])) <= VERSIONS[1]


@dataclass(eq=False)
class Walk:
    """Answers questions as ``KNeighborsClassifier(k)`` does by its tree, as long as that takes less time than the tree.

    Parameters
    ----------
    known
        Whole numbers, shape (n, m), n > k, n <= `MOST_ROWS`, whose squared distances from the questions are exact.
    positive
        Shape (n,).
    k
        Odd, so that no vote is even.
    visits
        Looks at nodes before it gives up; by default so many as take less time than the tree.

    Examples
    --------
    >>> walk = Walk(np.arange(3000.0)[:, None], np.arange(3000) > 9, k=3)
    >>> walk.votes(np.array([[9.0], [11.0]]))
    array([-1,  1], dtype=int8)
    """

    known: Matrix
    positive: Booleans
    k: int
    visits: int | None = None

    def __post_init__(self) -> None:
        self._visits_left = len(self.known) // ROWS_PER_VISIT if self.visits is None else self.visits

    @cached_property
    def _root(self) -> _Node:
        columns = np.ascontiguousarray(self.known.T, dtype=np.float64)
        return _Node(columns, np.arange(len(self.known)), self._levels)

    @property
    def _levels(self) -> int:
        return int(math.log2(max(1.0, (len(self.known) - 1) / LEAF_ROWS)))

    def votes(self, questions: Floats) -> Votes:
        """What the neighbours of each row of ``questions``, shape (q, m), vote; 0 where asking the tree is faster."""
        votes = np.zeros(len(questions), dtype=np.int8)
        if 2 * self._levels * len(questions) <= self._visits_left:
            for place, x in enumerate(questions):
                votes[place] = self._vote(x)
        return votes

    def _vote(self, x: Floats) -> int:
        nearest = _Nearest(self.k)
        ahead = [(self._root, 0.0)]
        while ahead:
            node, bound = ahead.pop()
            if bound > nearest.farthest:
                continue
            if node.levels:
                self._visits_left -= 2
                if self._visits_left < 0:
                    return 0
                below = [(half, half.squared_distance(x)) for half in node.halves]
                # What is pushed last is walked first: the nearer half, and the left one of two as near.
                ahead += below[::-1] if below[0][1] <= below[1][1] else below
            else:
                squared = ((node.columns - x[:, None]) ** 2).sum(axis=0)
                for place in np.flatnonzero(squared < nearest.farthest):
                    nearest.push(float(squared[place]), int(node.rows[place]))
        return 1 if 2 * int(np.count_nonzero(self.positive[nearest.rows])) > self.k else -1


@dataclass(frozen=True, slots=True, eq=False)
class _Box:
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class _Node:
    """Some rows of the tree in scikit-learn's order, and the ``levels`` below them.

    Parameters
    ----------
    columns
        Of these rows, shape (m, rows).
    rows
        Their places in the whole, shape (rows,).
    """

    columns: Floats = field(repr=False)
    rows: Integers
    levels: int

    @cached_property
    def _box(self) -> _Box:
        return _Box(self.columns.min(axis=1), self.columns.max(axis=1))

    @cached_property
    def halves(self) -> tuple[_Node, _Node]:
        """The rows cut in two at the middle of the column with the widest range."""
        from sklearn.neighbors import KDTree

        box, n = self._box, len(self.rows)
        widest = self.columns[int(np.argmax(box.high - box.low))]
        # scikit-learn orders by the value, then by the place: distinct numbers that are ordered so are cut alike.
        ordered = widest * (float(self.rows.max()) + 1) + self.rows
        cut: Any = KDTree(ordered[:, None], leaf_size=(n - 1) // 2).get_arrays()[1]
        left, right = np.asarray(cut[: n // 2]), np.asarray(cut[n // 2 :])
        return self._part(left), self._part(right)

    def _part(self, places: Integers) -> _Node:
        return _Node(self.columns.take(places, axis=1), self.rows.take(places), self.levels - 1)

    def squared_distance(self, x: Floats) -> float:
        """From ``x`` to the nearest point of the box around the rows."""
        gap = np.maximum(np.maximum(self._box.low - x, x - self._box.high), 0.0)
        return float(gap @ gap)


class _Nearest:
    """scikit-learn's heap of the nearest rows so far, with the farthest of them on top."""

    def __init__(self, k: int) -> None:
        self._squared = [math.inf] * k
        self.rows = [0] * k

    @property
    def farthest(self) -> float:
        """Squared distance that a row must be nearer than."""
        return self._squared[0]

    def push(self, squared: float, row: int) -> None:
        """Put ``row`` in the place of the farthest one, if it is nearer."""
        heap = self._squared
        if squared >= heap[0]:
            return
        place = 0
        while (child := 2 * place + 1) < len(heap):
            if child + 1 < len(heap) and heap[child + 1] > heap[child]:
                child += 1
            if squared >= heap[child]:
                break
            heap[place], self.rows[place] = heap[child], self.rows[child]
            place = child
        heap[place], self.rows[place] = squared, row
