"""The majority of the nearest rows: scikit-learn's k-nearest-neighbours answer, to the row and mostly without its work.

Questions are answered in blocks, by this process or by others, each row for itself, so that it does not matter how they
are divided. What brute force decides by the rows that are asked together is settled here, with all of them at hand.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pellucid.bias.neighbour_search import Matrix, Search
from pellucid.bias.neighbour_votes import Voter, Votes, Voting, distinct_rows, order_of_ties
from pellucid.protocols.pool import Workers, in_order

__all__ = ["majority_of_neighbours"]

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

BLOCK_ROWS = 2**16
"""Questions that this process answers at a time: neighbouring ones walk the same branches of a tree."""
SENT_ROWS = 2**13
"""Questions that go to another process at a time; no more than these are not worth sending."""


def majority_of_neighbours(
    known: Matrix,
    positive: Booleans,
    asked: Matrix,
    k: int,
    *,
    workers: Workers | None = None,
    block: int | None = None,
) -> Booleans:
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
        Finite numbers, shape (q, m) with q >= 1.
    k
        Odd, so that no vote is even.
    workers
        Other processes, which answer all where there is more than one block.
    block
        Rows that are answered at a time, at least 1; changes nothing but time and memory.

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
    votes = np.zeros(len(first), dtype=np.int8)
    if search.bounded:
        votes = _votes(Voting(known, positive, search, order_of_ties()), asked, first, workers, block)
    undecided = np.flatnonzero(votes == 0)
    if undecided.size:
        settled = _ask_scikit_learn(known, positive, asked, first[undecided], search)
        votes[undecided] = np.where(settled, 1, -1)
    majority: Booleans = votes[question] > 0
    return majority


# --- blocks ----------------------------------------------------------------------------------------------------------
def _votes(voting: Voting, asked: Matrix, rows: Integers, workers: Workers | None, block: int | None) -> Votes:
    """Votes on ``rows`` of ``asked``, 0 where they are left open."""
    if workers is None or len(rows) <= (block or SENT_ROWS):
        vote = Voter(voting, threads=-1)
        return np.concatenate([vote(asked[part]) for part in _blocks(rows, block or BLOCK_ROWS)])
    with workers(voting) as pool:
        return np.concatenate(list(in_order(pool, (asked[part] for part in _blocks(rows, block or SENT_ROWS)))))


def _blocks(rows: Integers, size: int) -> Iterator[Integers]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


# --- scikit-learn ----------------------------------------------------------------------------------------------------
def _ask_scikit_learn(known: Matrix, positive: Booleans, asked: Matrix, rows: Integers, search: Search) -> Booleans:
    """scikit-learn's answers to ``rows`` of ``asked``, in their order."""
    from sklearn.neighbors import KNeighborsClassifier

    # A tree is walked row by row, so threads change nothing but the time; brute force has threads of its own.
    classifier = KNeighborsClassifier(search.k, n_jobs=None if search.brute_force else -1)
    together = _asked_alike(rows, len(asked), search) if search.brute_force else rows
    answers = np.zeros(len(asked), dtype=bool)
    # It adds up and squares what may leave the range of floats, and warns of that.
    with np.errstate(over="ignore", invalid="ignore"):
        answers[together] = classifier.fit(known, positive).predict(np.ascontiguousarray(asked[together]))
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
