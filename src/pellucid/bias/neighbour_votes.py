"""What the nearest rows vote, in any process: blocks of questions are answered one by one, each row for itself.

A tree over the *distinct* rows finds, for each question, which rows are surely among the k, and which are tied for the
last places: at distances that are equal, or so near that rounding decides. Where every choice among the tied rows gives
the same majority the answer is known. Where the choice matters, scikit-learn's own order among ties decides. Its tree
answers each row for itself, so it is asked here; its brute force orders ties by the rows that are asked together, so
those votes are left open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.bias.neighbour_search import Floats, Matrix, Search
from pellucid.bias.neighbour_walk import MOST_ROWS, Walk, walks_alike
from pellucid.records import dataclass

__all__ = ["Voter", "Votes", "Voting", "distinct_rows", "order_of_ties"]

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Votes = npt.NDArray[np.int8]
"""1 where the majority is positive, -1 where it is negative, 0 where the vote is left open."""

BEYOND = (1, 11, 59, 507)
"""Distinct rows asked for beyond the k, in turn, while more of them could settle a vote; then scikit-learn is asked.

One is enough where no distances are equal, and each further one costs.
"""
CELLS = 2**21
"""Distances held at a time, which bounds the memory."""
WORTH_THREADS = 2000
"""Rows below which starting scikit-learn's threads takes longer than they save."""


@dataclass(frozen=True, slots=True, eq=False)
class Voting:
    """The `Recipe` of a process that answers blocks of questions.

    Parameters
    ----------
    known
        Finite numbers, shape (n, m).
    positive
        Shape (n,).
    search
        How scikit-learn would answer all questions.
    ties
        `order_of_ties` of the process that asks. A process with another one leaves open what depends on it.
    """

    known: Matrix
    positive: Booleans
    search: Search
    ties: str

    def opened(self) -> Callable[[Matrix], Votes]:
        """Answers questions, finite numbers of shape (q, m) and the type of all, on one thread."""
        return Voter(self, threads=1)


def order_of_ties() -> str:
    """What the order of scikit-learn among nearly equal distances depends on besides the numbers.

    Processors round in their own ways where they multiply and add in one go.
    """
    import platform
    from importlib.metadata import version

    # Its metadata, since loading scikit-learn takes longer than most flip tests, and often nothing is asked of it.
    return f"scikit-learn {version('scikit-learn')} on {platform.machine()}"


@dataclass(frozen=True, eq=False)
class Voter:
    """Answers questions about the rows of a `Voting`, with the trees that it builds over them.

    Parameters
    ----------
    threads
        Of this process; -1 for one per processor. They change nothing but the time.
    """

    voting: Voting
    threads: int

    def __call__(self, questions: Matrix) -> Votes:
        """The votes of the neighbours of each row of ``questions``, shape (q,)."""
        voting = self.voting
        rows = np.asarray(questions, dtype=np.float64)
        order = _near_each_other(rows)
        votes = np.zeros(len(rows), dtype=np.int8)
        if voting.search.bounded:
            votes[order] = self._settled(rows[order])
        undecided = order[votes[order] == 0]
        if undecided.size and not voting.search.brute_force and voting.ties == order_of_ties():
            votes[undecided] = self._by_order_of_ties(questions[undecided])
        return votes

    def _by_order_of_ties(self, questions: Matrix) -> Votes:
        votes = np.zeros(len(questions), dtype=np.int8) if self._walk is None else self._walk.votes(questions)
        left = np.flatnonzero(votes == 0)
        if left.size:
            # A tree is walked row by row, so threads change nothing but the time.
            self._classifier.n_jobs = self.threads if len(left) >= WORTH_THREADS else None
            votes[left] = np.where(self._classifier.predict(questions[left]), 1, -1)
        return votes

    @cached_property
    def _walk(self) -> Walk | None:
        """For a few votes, which do not need the whole tree."""
        from importlib.metadata import version

        voting = self.voting
        if not (voting.search.exact and len(voting.known) <= MOST_ROWS and walks_alike(version("scikit-learn"))):
            return None
        return Walk(voting.known, voting.positive, voting.search.k)

    @cached_property
    def _classifier(self) -> Any:
        from sklearn.neighbors import KNeighborsClassifier

        return KNeighborsClassifier(self.voting.search.k).fit(self.voting.known, self.voting.positive)

    @cached_property
    def _places(self) -> Places:
        return _places(self.voting.known, self.voting.positive)

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree

        # Cuts in the middle of a cell, not of its rows, halve the time of a query.
        return cKDTree(self._places.rows, leafsize=32, balanced_tree=False)

    def _settled(self, questions: Floats) -> Votes:
        """Votes of the neighbours, 0 where the order among ties decides them."""
        places, search = self._places, self.voting.search
        votes = np.zeros(len(questions), dtype=np.int8)
        pending = np.arange(len(questions))
        for more in BEYOND:
            reach = min(search.k + more, len(places.rows))
            all_seen = reach == len(places.rows)
            unsettled = [pending[:0]]
            for block in _blocks(pending, CELLS // reach):
                x = questions[block]
                distances, nearest = self._tree.query(x, k=np.arange(1, reach + 1), workers=self.threads)
                squared_norm = np.einsum("ij,ij->i", x, x)
                tally = _tally(distances**2, squared_norm, places.n[nearest], places.positive[nearest], search)
                votes[block], settleable = _count(tally, search.k, all_seen=all_seen)
                unsettled.append(block[settleable])
            pending = np.concatenate(unsettled)
            if not pending.size:
                break
        return votes


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
    fingerprints = _fingerprints(matrix)
    ordered = np.sort(fingerprints)  # takes a tenth of the time of finding out which rows are equal
    if (ordered[1:] == ordered[:-1]).any():
        _, first, which = np.unique(fingerprints, return_index=True, return_inverse=True)
        if all(np.array_equal(column[first][which], column) for column in matrix.T):
            return first, which
        # Two other rows share a fingerprint: duplicates only cost time, so keep them all.
    everywhere = np.arange(len(matrix))
    return everywhere, everywhere


def _fingerprints(matrix: Matrix) -> npt.NDArray[np.uint64]:
    """One 64-bit number per row, equal for equal rows: sorting these is far faster than sorting rows."""
    mixed = np.zeros(len(matrix), dtype=np.uint64)
    for column in matrix.T:
        numbers = np.ascontiguousarray(column, dtype=np.float64) + 0.0  # -0.0 becomes 0.0, which has other bits
        mixed = (mixed ^ numbers.view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(32)
    return mixed


# --- votes -----------------------------------------------------------------------------------------------------------
def _near_each_other(questions: Floats) -> Integers:
    """An order in which neighbouring questions walk the same branches of a tree: three times as fast by the caches."""
    from scipy.spatial import cKDTree

    order: Integers = cKDTree(questions, leafsize=256, balanced_tree=False, compact_nodes=False).indices
    return order


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
