"""Which coalitions show the same before a background row that is like the explained row in some columns.

A player whose columns have equal values on both sides shows them, present or not. So only the players that differ
count, and coalitions that agree about these are one input. Rows share coalitions, and pairs of rows often differ in the
same players, so what was found once is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

import numpy as np
import numpy.typing as npt

from pellucid.records import dataclass

__all__ = ["FEW", "Merged", "Projection", "Projections"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

FEW = 16
"""Differing players up to which coalitions are compared: of more, samples hardly agree by chance."""
KEPT = 2**21
"""Coalitions of all projections from which on they are forgotten: 32 MiB at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Coalitions as some players see them.

    Parameters
    ----------
    first
        Positions of coalitions that differ in these players, one of each kind.
    which
        For every coalition which of those it agrees with, shape (coalitions,).
    """

    first: Integers
    which: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """Inputs that stand for all, in the order of rows and background rows.

    Parameters
    ----------
    pairs
        Of every row and background row, where the coalitions of the row stand, and which of them show the same.
    copies, coalitions
        Number of background rows and of coalitions.
    """

    pairs: Sequence[tuple[slice, Projection]]
    copies: int
    coalitions: int

    def spread(self, scores: Floats) -> Floats:
        """Scores of all inputs, shape (copies, coalitions, outputs), from those that stand for them."""
        found, begin = np.empty((self.copies, self.coalitions, scores.shape[1])), 0
        for position, (part, shown) in enumerate(self.pairs):
            end = begin + len(shown.first)
            of_pair = found[position % self.copies, part]
            scores[begin:end].take(shown.which, axis=0, out=of_pair, mode="clip")
            begin = end
        return found


@dataclass(slots=True, eq=False)
class Projections:
    """Projections of coalitions on players, of which as many are kept as memory allows."""

    known: dict[bytes, dict[bytes, Projection]] = field(default_factory=dict)
    size: int = 0

    def of(self, coalitions: Booleans, differing: Booleans) -> tuple[list[Projection], Integers]:
        """Projections on several sets of players.

        Parameters
        ----------
        coalitions
            Shape (coalitions, players).
        differing
            The players that count, shape (sets, players).

        Returns
        -------
        list of Projection, ndarray
            Those of the distinct sets, and which of them belongs to each set, shape (sets,).

        Examples
        --------
        >>> coalitions = np.array([[True, False], [False, True], [True, True]])
        >>> (found,), _ = Projections().of(coalitions, np.array([[True, False]]))
        >>> found.which[0] == found.which[2] != found.which[1], len(found.first)
        (np.True_, 2)
        """
        keys = [one.tobytes() for one in np.packbits(differing, axis=1)]
        place = {key: position for position, key in enumerate(dict.fromkeys(keys))}
        known = self.known.setdefault(coalitions.tobytes(), {})
        missing = {key: one for key, one in zip(keys, differing, strict=True) if key not in known}
        if missing:
            known.update(zip(missing, _projected(coalitions, np.array(list(missing.values()))), strict=True))
            self.size += len(missing) * len(coalitions)
        found = [known[key] for key in place]
        if self.size > KEPT:
            self.known, self.size = {}, 0
        return found, np.array([place[key] for key in keys], dtype=np.intp)


def _projected(coalitions: Booleans, sets: Booleans) -> list[Projection]:
    players = sets.sum(axis=1)
    everything = np.arange(len(coalitions))
    # Bits of the players that count make a number below 2^FEW, by the fast product of matrices of doubles.
    bits = np.where(sets & (players <= FEW)[:, None], np.exp2(np.cumsum(sets, axis=1) - 1.0), 0.0)
    numbers = (bits @ coalitions.T.astype(np.float64)).astype(np.intp)
    return [
        _of_numbers(number, 1 << many) if many <= FEW else Projection(everything, everything)
        for number, many in zip(numbers, players.tolist(), strict=True)
    ]


def _of_numbers(numbers: Integers, below: int) -> Projection:
    table = np.zeros(below, dtype=np.intp)
    table[numbers] = 1
    which = (np.cumsum(table) - 1).take(numbers)
    first = np.empty(np.count_nonzero(table), dtype=np.intp)
    first[which] = np.arange(len(numbers))
    return Projection(first, which)
