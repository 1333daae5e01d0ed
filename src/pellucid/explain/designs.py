"""Which coalitions are asked: everything, the border, leverage-score pairs, Clarify's own scheme, permutations.

A design depends on the number of players, the number of coalitions and a stream of random numbers only, never on the
row, so rows share designs and the matrices made from them. Complement pairs come first: coalition ``i`` and coalition
``pairs + i`` are complements for ``i < pairs``. Sources: Lundberg and Lee (2017); Covert and Lee (2021), pairs;
Musco and Witter (2025, arXiv 2410.01917), leverage scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from pellucid.records import dataclass

__all__ = [
    "Design",
    "Scheme",
    "border",
    "clarify",
    "enumeration",
    "leverage",
    "pairs_per_size",
    "permutations",
    "stream",
]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Scheme = Literal["enumeration", "border", "leverage", "clarify", "permutation"]

RANKED = 2**62
"""Sizes with fewer subsets than this are drawn by the number of the subset, larger ones member by member."""


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Coalitions, without the empty and the full one.

    Parameters
    ----------
    scheme
        How they were chosen.
    coalitions
        Shape (coalitions, players).
    pairs
        Number of complement pairs; what follows them stands alone.
    weights
        Weight of each coalition in the regression, shape (coalitions,).
    inclusion
        Probability with which the coalition is in the design, shape (coalitions,): 1 where all of its size are, 0
        where coalitions are drawn with replacement.
    per_size
        Pairs of each size from 1, of a leverage design.
    """

    scheme: Scheme
    coalitions: Booleans
    pairs: int
    weights: Floats
    inclusion: Floats
    per_size: tuple[int, ...] = ()

    @property
    def players(self) -> int:
        """Number of players."""
        return int(self.coalitions.shape[1])

    @property
    def complete(self) -> bool:
        """Whether no coalition is missing, so that the Shapley values are exact."""
        return len(self.coalitions) == 2**self.players - 2 and bool(np.all(self.inclusion == 1))

    def position_of(self, smaller: Design) -> npt.NDArray[np.intp]:
        """Where the coalitions of a smaller leverage design of the same stream stand in this one."""
        starts = np.concatenate([[0], np.cumsum(self.per_size)[:-1]])
        half = np.concatenate([start + np.arange(n) for start, n in zip(starts, smaller.per_size, strict=True)])
        return np.concatenate([half, half + self.pairs]).astype(np.intp)


def stream(seed: int, *place: int) -> np.random.Generator:
    """Random numbers that depend on the seed and the place in the work only, not on what was drawn before."""
    return np.random.default_rng([seed, *place])


def kernel(players: int, sizes: Integers) -> Floats:
    """Shapley kernel of one coalition of each size, (M - 1) / (C(M, s) s (M - s)).

    >>> kernel(4, np.array([1, 2, 3])).tolist()
    [0.25, 0.125, 0.25]
    """
    return np.array([(players - 1) / (math.comb(players, s) * s * (players - s)) for s in sizes.tolist()])


@lru_cache(maxsize=12)
def _subsets(players: int) -> Booleans:
    halves = np.arange(2 ** (players - 1), dtype=np.int64)[1:]
    return ((halves[:, None] >> np.arange(players)) & 1).astype(bool)


def enumeration(players: int) -> Design:
    """Every coalition once.

    >>> enumeration(2).coalitions.tolist()
    [[True, False], [False, True]]
    """
    halves = _subsets(players)
    coalitions = np.concatenate([halves, ~halves])
    weights = kernel(players, np.arange(1, players))[coalitions.sum(axis=1) - 1]
    return Design("enumeration", coalitions, len(halves), weights, np.ones(len(coalitions)))


def border(players: int, coalitions: int | None = None) -> Design:
    """Every player alone and everyone but one: 2 M coalitions, exact where no more than two players interact.

    With fewer ``coalitions`` than 2 M the first players come alone and last, the others alone, the last ones not at
    all; so the caller puts the players in a random order.

    >>> border(3).coalitions.astype(int).tolist()
    [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
    """
    alone = np.eye(players, dtype=bool)
    wanted = 2 * players if coalitions is None else min(coalitions, 2 * players)
    # Every player is tried alone before any is tried twice: a player that is never tried only shares what is left.
    tried = min(wanted, players)
    pairs = wanted - tried
    chosen = np.concatenate([alone[:pairs], ~alone[:pairs], alone[pairs:tried]])
    return Design("border", chosen, pairs, np.ones(len(chosen)), np.zeros(len(chosen)))


def capacity(players: int) -> list[int]:
    """Complement pairs of each size from 1 to half of the players.

    >>> capacity(4)
    [4, 3]
    """
    return [math.comb(players, s) // (2 if 2 * s == players else 1) for s in range(1, players // 2 + 1)]


@lru_cache(maxsize=256)
def pairs_per_size(players: int, pairs: int) -> tuple[int, ...]:
    """How many pairs of each size: equal mass per size as leverage scores have it, at most as many as there are.

    Rounded by Sainte-Laguë's divisors, under which no size loses a pair when the total grows.

    >>> pairs_per_size(6, 12)
    (5, 5, 2)
    >>> pairs_per_size(4, 7)
    (4, 3)
    """
    available = np.array([min(n, pairs) for n in capacity(players)], dtype=np.int64)
    share = np.array([1.0 if 2 * s == players else 2.0 for s in range(1, len(available) + 1)])
    if available.sum() <= pairs:
        return tuple(available.tolist())
    low, high = 0.0, float(pairs + 1)
    for _ in range(100):
        middle = (low + high) / 2
        if _rounded(middle, share, available).sum() <= pairs:
            low = middle
        else:
            high = middle
    counts = _rounded(low, share, available)
    # What is left goes to sizes whose quotient ties at the threshold, small sizes first.
    for size in np.flatnonzero(_rounded(high, share, available) > counts)[: pairs - int(counts.sum())]:
        counts[size] += 1
    return tuple(counts.tolist())


def _rounded(multiple: float, share: Floats, available: Integers) -> Integers:
    return np.minimum(available, np.floor(multiple * share + 0.5).astype(np.int64))


def leverage(players: int, coalitions: int, draws: Callable[[int], np.random.Generator]) -> Design:
    """Complement pairs without replacement, stratified by size with equal mass per size.

    Parameters
    ----------
    players
        At least 2.
    coalitions
        Rounded down to an even number; at least 2.
    draws
        Gives the stream of a size; a longer design of the same streams holds every shorter one.

    Examples
    --------
    >>> design = leverage(5, 12, lambda size: stream(0, size))
    >>> design.per_size, design.complete
    ((3, 3), False)
    """
    per_size = pairs_per_size(players, coalitions // 2)
    available = capacity(players)
    halves = _halves(players, per_size, draws)
    sizes = np.repeat(np.arange(1, len(per_size) + 1), per_size)
    inclusion = np.array([n / available[s] for s, n in enumerate(per_size)])[sizes - 1]
    # The kernel over the inclusion, without the number of subsets, which leaves the range of doubles.
    halved = np.where(2 * sizes == players, 0.5, 1.0)
    weights = halved * (players - 1) / (sizes * (players - sizes) * np.array(per_size)[sizes - 1])
    both = np.concatenate([halves, ~halves])
    return Design("leverage", both, len(halves), np.tile(weights, 2), np.tile(inclusion, 2), per_size)


def _halves(players: int, per_size: Sequence[int], draws: Callable[[int], np.random.Generator]) -> Booleans:
    """Distinct uniform subsets, so many of every size from 1, shape (subsets, players).

    Of half of the players those with player 0, as the complements of the others.
    """
    halves = np.zeros((sum(per_size), players), dtype=bool)
    start, ranked, ranks, sizes = 0, [], [], []
    for size, n in enumerate(per_size, start=1):
        part, draw, number = slice(start, start + n), draws(size), math.comb(players, size)
        start += n
        if 2 * size == players:
            halves[part, 0] = True
            halves[part, 1:] = _subsets_of_size(players - 1, size - 1, n, draw)
        elif number >= RANKED:
            halves[part] = _subsets_of_size(players, size, n, draw)
        else:
            ranked.append(part)
            ranks.append(_distinct_ranks(number, n, draw))
            sizes.append(np.full(n, size))
    if ranked:
        # All sizes together: a step for each player costs as much for one subset as for many.
        of_ranked = np.zeros(len(halves), dtype=bool)
        for part in ranked:
            of_ranked[part] = True
        halves[of_ranked] = _subset_of_rank(np.concatenate(ranks), players, np.concatenate(sizes))
    return halves


def _subsets_of_size(players: int, size: int, n: int, draw: np.random.Generator) -> Booleans:
    """``n`` distinct uniform subsets of one size, shape (n, players)."""
    number = math.comb(players, size)
    if number < RANKED:
        return _subset_of_rank(_distinct_ranks(number, n, draw), players, np.full(n, size))
    found: dict[bytes, Booleans] = {}
    endless = _random_subsets(players, size, draw)
    while len(found) < n:
        members = next(endless)
        found[members.tobytes()] = members
    return np.array(list(found.values()), dtype=bool).reshape(-1, players)[:n]


def _random_subsets(players: int, size: int, draw: np.random.Generator) -> Iterator[Booleans]:
    while True:
        rank = draw.random((256, players)).argsort(axis=1).argsort(axis=1)
        yield from rank < size


def _distinct_ranks(number: int, n: int, draw: np.random.Generator) -> Integers:
    """The first ``n`` of a random order of 0 .. number - 1."""
    drawn = min(n, number // 2)
    ranks: dict[int, None] = {}
    chunk = 256
    while len(ranks) < drawn:
        ranks.update(dict.fromkeys(draw.integers(number, size=chunk).tolist()))
        chunk *= 2
    first = np.fromiter(ranks, dtype=np.int64, count=drawn)
    if n <= drawn:
        return first
    # Waiting for the last few to be drawn takes long; the second half of the order is a shuffle of what is left.
    is_left = np.ones(number, dtype=bool)
    is_left[first] = False
    return np.concatenate([first, draw.permutation(np.flatnonzero(is_left))])[:n]


@lru_cache(maxsize=64)
def _combinations(players: int, most: int) -> Integers:
    """How many subsets of each size from 0 to ``most`` fewer players have, shape (players, most + 1).

    Numbers that no rank reaches are capped.
    """
    return np.array([[min(math.comb(number, k), RANKED) for k in range(most + 1)] for number in range(players)])


def _subset_of_rank(ranks: Integers, players: int, sizes: npt.NDArray[np.intp]) -> Booleans:
    """Subsets in the combinatorial number system, each of its size, shape (ranks, players)."""
    subsets = np.zeros((len(ranks), players), dtype=bool)
    combinations = _combinations(players, int(sizes.max(initial=0)))
    left, rank = sizes.copy(), ranks.copy()
    for player in reversed(range(players)):
        without = combinations[player][left]
        taken = (rank >= without) & (left > 0)
        subsets[:, player] = taken
        rank -= np.where(taken, without, 0)
        left -= taken
    return subsets


def clarify(players: int, coalitions: int, draw: np.random.Generator) -> Design:
    """Clarify's own scheme: pairs with replacement, sizes by 1 / (s (M - s)), all weights 1.

    If ``coalitions`` is odd the last complement is left out; if it is 2^M - 2 or more, every coalition is asked.

    >>> clarify(4, 5, stream(0)).coalitions.shape
    (5, 4)
    """
    if coalitions >= 2**players - 2:
        return enumeration(players)
    sizes = np.arange(1, players)
    share = 1 / (sizes * (players - sizes))
    drawn = draw.choice(sizes, size=(coalitions + 1) // 2, p=share / share.sum())
    halves = draw.random((len(drawn), players)).argsort(axis=1).argsort(axis=1) < drawn[:, None]
    pairs = coalitions // 2
    chosen = np.concatenate([halves[:pairs], ~halves[:pairs], halves[pairs:]])
    return Design("clarify", chosen, pairs, np.ones(coalitions), np.zeros(coalitions))


def permutations(players: int, coalitions: int, draw: np.random.Generator) -> Design:
    """Prefixes of random orders and of the same orders reversed: 2 (M - 1) coalitions each, at least one order.

    >>> permutations(3, 4, stream(0)).coalitions.shape
    (4, 3)
    """
    orders = max(1, coalitions // (2 * (players - 1)))
    place = draw.random((orders, players)).argsort(axis=1).argsort(axis=1)
    prefixes = place[:, None, :] < np.arange(1, players)[None, :, None]
    halves = prefixes.reshape(-1, players)
    chosen = np.concatenate([halves, ~halves])
    return Design("permutation", chosen, len(halves), np.ones(len(chosen)), np.zeros(len(chosen)))
