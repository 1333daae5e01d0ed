"""What the nearest rows vote: scikit-learn's k-nearest-neighbours answer, to the row and mostly without its work.

The answer needs the majority among the k nearest rows, not the rows themselves. A tree over the *distinct* rows finds,
for each question, which rows are surely among the k, and which are tied for the last places: at distances that are
equal, or so near that rounding decides. Where every choice among the tied rows gives the same majority the answer is
known. Where the choice matters, scikit-learn's own order among ties decides, so scikit-learn is asked about those rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["distinct_rows", "majority_of_neighbours"]

Matrix = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Votes = npt.NDArray[np.int8]
"""1 where the majority is positive, -1 where it is negative, 0 where the order among ties decides."""

UNIT_ROUNDOFF = 2.0**-53
TOO_LARGE = 1e150
"""Squared distances between larger numbers may overflow; then every row is scikit-learn's to answer."""
SMALLEST_SQUARE = 1e-290
"""Below this, squared distances lose digits to underflow and are all taken for ties."""
REACHES = (8, 32, 128, 512)
"""Distinct rows asked for in turn, as long as more of them could settle a vote; then scikit-learn is asked."""
CELLS = 2**21
"""Distances held at a time, which bounds the memory."""
WORTH_THREADS = 2000
"""Rows below which starting scikit-learn's threads takes longer than they save."""


def majority_of_neighbours(known: Matrix, positive: Booleans, asked: Matrix, k: int) -> Booleans:
    """Whether most of the ``k`` rows of ``known`` nearest to each row of ``asked`` are positive.

    Equal in every row to ``KNeighborsClassifier(k).fit(known, positive).predict(asked)`` of scikit-learn: Euclidean
    distance, one vote per row, and its order among equal distances.

    Parameters
    ----------
    known
        Finite numbers, shape (n, m), n >= k, m >= 1. Floats, or integers, which scikit-learn orders among themselves
        by another route.
    positive
        Shape (n,).
    asked
        Finite numbers, shape (q, m).
    k
        Odd, so that no vote is even.

    Returns
    -------
    Shape (q,).

    Examples
    --------
    >>> known, positive = np.array([[0.0], [1.0], [2.0], [9.0]]), np.array([False, False, True, True])
    >>> majority_of_neighbours(known, positive, np.array([[0.5], [8.0]]), k=3)
    array([False,  True])
    """
    if positive.all() or not positive.any():
        return np.full(len(asked), positive[0])
    search = Search.of(known, asked, k)
    if search.per_row:
        first, question = distinct_rows(asked)
    else:
        first = question = np.arange(len(asked))
    questions = np.asarray(asked[first], dtype=np.float64)
    order = _near_each_other(questions)
    votes = np.zeros(len(questions), dtype=np.int8)
    if search.bounded:
        votes[order] = _settled_votes(_places(known, positive), questions[order], search)
    undecided = order[votes[order] == 0]
    if undecided.size:
        rows = first[undecided]
        votes[undecided] = np.where(_ask_scikit_learn(known, positive, asked, rows, search), 1, -1)
    majority: Booleans = votes[question] > 0
    return majority


# --- rounding --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Search:
    """How scikit-learn computes the distances between two matrices, and so which of them it may see as equal.

    Parameters
    ----------
    k
        Neighbours that vote.
    brute_force
        Squared distances come from |x|^2 - 2 x.y + |y|^2 of whole blocks of rows, else from a k-d tree.
    bounded
        ``margin`` bounds the rounding.
    per_row
        The answer to a row does not depend on the rows that are asked with it.
    relative, of_norm
        Bounds of the rounding, as parts of the squared distance and of the squared norm of the row asked.
    """

    k: int
    brute_force: bool
    bounded: bool
    per_row: bool
    relative: float
    of_norm: float

    @classmethod
    def of(cls, known: Matrix, asked: Matrix, k: int) -> Search:
        """Read scikit-learn's choice (``algorithm="auto"``) and its rounding off the matrices."""
        rows, columns = known.shape
        brute_force = columns > 15 or k >= rows // 2
        largest = max(_largest(known), _largest(asked))
        # |x|^2 + 2 |x.y| + |y|^2 <= 4 m largest^2, and sums of whole numbers below 2^53 are exact in any order.
        exact = 2 * math.sqrt(columns) * largest < math.sqrt(2**53) and _whole(known) and _whole(asked)
        rounded = brute_force and not exact
        bounded = largest < TOO_LARGE and (not rounded or known.dtype == asked.dtype == np.float64)
        # Trees add up `columns` squares, and carry bounds down as many as a thousand cuts where rows lie geometrically.
        relative = 64 * (columns + 64) * UNIT_ROUNDOFF
        # |computed - true| <= (2 m + 8) u (|x|^2 + |y|^2) on both sides of a comparison, and |y| <= |x| + distance.
        of_norm = 8 * (2 * columns + 8) * UNIT_ROUNDOFF if rounded else 0.0
        return cls(k, brute_force, bounded, not rounded, relative + of_norm, of_norm)

    def margin(self, squared: Floats, squared_norm: Floats) -> Floats:
        """How far another squared distance must be from ``squared`` to be surely nearer or surely farther."""
        margin: Floats = self.relative * squared + self.of_norm * squared_norm + SMALLEST_SQUARE
        return margin


def _largest(matrix: Matrix) -> float:
    return max(float(matrix.max()), -float(matrix.min())) if matrix.size else 0.0


def _whole(matrix: Matrix) -> bool:
    return matrix.dtype.kind != "f" or bool((matrix == np.rint(matrix)).all())


# --- distinct rows ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Places:
    """The distinct rows, how many rows stand at each, and how many of those are positive."""

    rows: Floats
    n: Integers
    positive: Integers


def _places(known: Matrix, positive: Booleans) -> Places:
    first, place = distinct_rows(known)
    n = np.bincount(place, minlength=len(first))
    return Places(np.asarray(known[first], dtype=np.float64), n, np.bincount(place[positive], minlength=len(first)))


def distinct_rows(matrix: Matrix) -> tuple[Integers, Integers]:
    """Where each distinct row stands first, shape (distinct,), and which of them each row is, shape (rows,).

    Examples
    --------
    >>> first, which = distinct_rows(np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]))
    >>> sorted(first.tolist()), bool(which[0] == which[2])
    ([0, 1], True)
    """
    numbers = np.asarray(matrix, dtype=np.float64) + 0.0  # -0.0 becomes 0.0, which has other bits
    _, first, which = np.unique(_fingerprints(numbers), return_index=True, return_inverse=True)
    if all(np.array_equal(column[first][which], column) for column in numbers.T):
        return first, which
    everywhere = np.arange(len(matrix))  # Two rows share a fingerprint: duplicates only cost time, so keep them all.
    return everywhere, everywhere


def _fingerprints(numbers: Floats) -> npt.NDArray[np.uint64]:
    """One 64-bit number per row, equal for equal rows: sorting these is far faster than sorting rows."""
    mixed = np.zeros(len(numbers), dtype=np.uint64)
    for column in numbers.T:
        mixed = (mixed ^ np.ascontiguousarray(column).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(32)
    return mixed


# --- votes -----------------------------------------------------------------------------------------------------------
def _near_each_other(questions: Floats) -> Integers:
    """An order in which neighbouring questions walk the same branches of a tree: three times as fast by the caches."""
    from scipy.spatial import cKDTree

    order: Integers = cKDTree(questions, leafsize=64, balanced_tree=False).indices
    return order


def _settled_votes(places: Places, questions: Floats, search: Search) -> Votes:
    """Votes of the neighbours, 0 where the order among ties decides them."""
    from scipy.spatial import cKDTree

    # Cuts in the middle of a cell, not of its rows, halve the time of a query.
    tree = cKDTree(places.rows, leafsize=32, balanced_tree=False)
    votes = np.zeros(len(questions), dtype=np.int8)
    pending = np.arange(len(questions))
    for wanted in REACHES:
        reach = min(max(wanted, search.k), len(places.rows))
        all_seen = reach == len(places.rows)
        unsettled = [pending[:0]]
        for block in _blocks(pending, CELLS // reach):
            x = questions[block]
            distances, nearest = tree.query(x, k=np.arange(1, reach + 1), workers=-1)
            squared_norm = np.einsum("ij,ij->i", x, x)
            tally = _tally(distances**2, squared_norm, places.n[nearest], places.positive[nearest], search)
            votes[block], settleable = _count(tally, search.k, all_seen=all_seen)
            unsettled.append(block[settleable])
        pending = np.concatenate(unsettled)
        if not pending.size:
            break
    return votes


def _blocks(indices: Integers, size: int) -> Iterator[Integers]:
    return (indices[start : start + size] for start in range(0, len(indices), size))


@dataclass(frozen=True, slots=True)
class Tally:
    """Of each question: votes of the surely chosen rows, and the rows tied for the seats that are left.

    ``cut_off`` is where even the farthest row seen is tied, so that there may be more.
    """

    positive: Integers
    seats: Integers
    tied_positive: Integers
    tied_negative: Integers
    cut_off: Booleans


def _tally(squared: Floats, squared_norm: Floats, n: Integers, positive: Integers, search: Search) -> Tally:
    kth = (np.cumsum(n, axis=1) >= search.k).argmax(axis=1)
    limit = np.take_along_axis(squared, kth[:, None], axis=1)
    margin = search.margin(limit, squared_norm[:, None])
    nearer = squared < limit - margin
    tied = ~nearer & (squared <= limit + margin)
    tied_positive = (positive * tied).sum(axis=1)
    return Tally(
        positive=(positive * nearer).sum(axis=1),
        seats=search.k - (n * nearer).sum(axis=1),
        tied_positive=tied_positive,
        tied_negative=(n * tied).sum(axis=1) - tied_positive,
        cut_off=tied[:, -1],
    )


def _count(tally: Tally, k: int, *, all_seen: bool) -> tuple[Votes, Booleans]:
    """Votes where they are settled, and where looking farther may settle them."""
    fewest = tally.positive + np.maximum(tally.seats - tally.tied_negative, 0)
    most = tally.positive + np.minimum(tally.seats, tally.tied_positive)
    split = (2 * fewest < k) & (2 * most > k)
    if all_seen:
        return np.where(split, 0, np.where(2 * fewest > k, 1, -1)).astype(np.int8), np.zeros_like(split)
    sure_positive = 2 * np.where(tally.cut_off, tally.positive, fewest) > k
    sure_negative = 2 * np.where(tally.cut_off, tally.positive + tally.seats, most) < k
    votes = sure_positive.astype(np.int8) - sure_negative.astype(np.int8)
    return votes, (votes == 0) & ~split


# --- scikit-learn ----------------------------------------------------------------------------------------------------
def _ask_scikit_learn(known: Matrix, positive: Booleans, asked: Matrix, rows: Integers, search: Search) -> Booleans:
    """scikit-learn's answers to ``rows`` of ``asked``, in their order."""
    from sklearn.neighbors import KNeighborsClassifier

    # A tree is walked row by row, so threads change nothing but the time; brute force has threads of its own.
    threads = -1 if len(rows) >= WORTH_THREADS and not search.brute_force else None
    classifier = KNeighborsClassifier(search.k, n_jobs=threads).fit(known, positive)
    together = _asked_alike(rows, len(asked), search) if search.brute_force else rows
    answers = np.zeros(len(asked), dtype=bool)
    answers[together] = classifier.predict(np.ascontiguousarray(asked[together]))
    return answers[rows]


def _asked_alike(rows: Integers, n: int, search: Search) -> Integers:
    """``rows`` and those to be asked with them, for brute force to order ties as it does when asked all ``n`` rows."""
    from sklearn import get_config
    from threadpoolctl import threadpool_info  # comes with scikit-learn

    if not search.bounded:
        return np.arange(n)
    block = int(get_config()["pairwise_dist_chunk_size"])
    wanted = np.zeros(n, dtype=bool)
    wanted[rows] = True
    if not search.per_row:  # Rounding may differ with a row's place in its block: ask for whole blocks.
        starts = np.arange(0, n, block)
        wanted = np.repeat(np.logical_or.reduceat(wanted, starts), block)[:n]
    # With four blocks or fewer per thread it divides the known rows among the threads instead, and orders ties so.
    threads = max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"), default=1)
    enough = (4 * threads + 1) * block
    if np.count_nonzero(wanted) < enough:
        wanted[:enough] = True
    return np.flatnonzero(wanted)
