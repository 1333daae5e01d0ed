"""What is to be explained, whatever it is made of: a cooperative game per row, and the masker that plays it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = ["Answer", "Asked", "Games", "Masked", "Masker", "Merged", "runs"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]


def runs(places: Integers) -> list[slice]:
    """Where equal places stand one after another; places are 0 or more.

    >>> runs(np.array([4, 4, 7, 4]))
    [slice(0, 2, None), slice(2, 3, None), slice(3, 4, None)]
    """
    begins = [0, *(np.flatnonzero(places[1:] != places[:-1]) + 1).tolist()] if len(places) else []
    return [slice(begin, end) for begin, end in zip(begins, [*begins[1:], len(places)], strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Coalitions whose value is wanted, each in the game of one row.

    Parameters
    ----------
    rows
        Position of each coalition's row, from 0, shape (coalitions,).
    coalitions
        Which players are present, shape (coalitions, players).

    Examples
    --------
    >>> asked = Asked.join([Asked.of(0, np.array([[True, False]])), Asked.of(2, np.array([[True, True]]))])
    >>> asked.rows.tolist(), len(asked[1:])
    ([0, 2], 1)
    """

    rows: Integers
    coalitions: Booleans

    @classmethod
    def of(cls, row: int, coalitions: Booleans) -> Asked:
        """Coalitions in the game of a single row."""
        return cls(np.full(len(coalitions), row, dtype=np.intp), coalitions)

    @classmethod
    def join(cls, parts: Sequence[Asked]) -> Asked:
        """Parts one after another, at least one."""
        if len(parts) == 1:
            return parts[0]
        return cls(np.concatenate([part.rows for part in parts]), np.concatenate([part.coalitions for part in parts]))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: slice) -> Asked:
        return Asked(self.rows[part], self.coalitions[part])

    @classmethod
    def of_active(cls, rows: Integers, active: Integers, coalitions: Booleans, players: int) -> Asked:
        """The same coalitions of each row's active players, row by row; no other player is present.

        Parameters
        ----------
        rows
            Positions, shape (rows,).
        active
            Active players of each row, shape (rows, active).
        coalitions
            Which of the active players are present, shape (coalitions, active).
        players
            Number of all players.

        Examples
        --------
        >>> active, coalitions = np.array([[0, 2], [1, 2]]), np.array([[True, False]])
        >>> Asked.of_active(np.array([4, 6]), active, coalitions, 3).coalitions.tolist()
        [[True, False, False], [False, True, False]]
        """
        of_rows = np.repeat(rows, len(coalitions))
        if (active == active[:1]).all():
            of_one = np.zeros((len(coalitions), players), dtype=bool)
            of_one[:, active[0]] = coalitions
            return cls(of_rows, np.tile(of_one, (len(rows), 1)))
        of_all, every = np.zeros((len(rows), len(coalitions), players), dtype=bool), np.arange(len(rows))
        for of_place, present in zip(active.T, coalitions.T, strict=True):
            of_all[every, :, of_place] = present
        return cls(of_rows, of_all.reshape(-1, players))

    def by_row(self) -> Iterator[tuple[int, slice]]:
        """Each run of coalitions of one row: the row, and where they stand."""
        return ((int(self.rows[part.start]), part) for part in runs(self.rows))


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Values of coalitions, and what they cost.

    Parameters
    ----------
    values
        Shape (coalitions, outputs), in the order in which they were asked.
    model_rows
        Inputs that the model was asked for.
    """

    values: Floats
    model_rows: int


class Games(Protocol):
    """One cooperative game per explained row; all have the same outputs, and places for the same players."""

    @property
    def rows(self) -> int:
        """Number of games."""
        ...

    @property
    def players(self) -> int:
        """Number of players; of the largest game, where games differ."""
        ...

    @property
    def inputs_per_coalition(self) -> int:
        """Model inputs that one coalition costs at most."""
        ...

    @property
    def has_common_base(self) -> bool:
        """Whether the empty coalition is the same for all rows."""
        ...

    def playing(self, rows: Sequence[int]) -> Booleans:
        """Which players the game of each row has, shape (rows, players): a text has as many as it has words."""
        ...

    def active(self, rows: Sequence[int]) -> Booleans:
        """Which players can change anything, shape (rows, players); the others' Shapley value is 0."""
        ...

    def ends(self, rows: Sequence[int]) -> Answer:
        """Values of the empty and of the full coalition, shape (rows, 2, outputs)."""
        ...

    def values(self, asked: Asked) -> Answer:
        """Values of any coalitions.

        Raises
        ------
        ModelError
            The model does not answer, or answers something that is no number.
        """
        ...


class Merged(Protocol):
    """Whom inputs stand for that were found to equal others."""

    def spread(self, scores: Floats) -> Floats:
        """Scores of all inputs, shape (inputs of a coalition, coalitions, outputs), from those of the ones that stand.

        Parameters
        ----------
        scores
            Shape (inputs that stand for all, outputs).
        """
        ...


class Masked(Protocol):
    """The model inputs that some coalitions stand for: equally many consecutive inputs for each coalition."""

    def __len__(self) -> int: ...

    def merged(self) -> tuple[Integers, Merged] | None:
        """Positions of inputs that stand for all, and whom each stands for, where that is known beforehand."""
        ...

    def words(self, inputs: Integers | None = None) -> npt.NDArray[np.int64]:
        """Numbers that are equal for equal inputs and differ for others, shape (inputs, words); None stands for all.

        They are comparable within one call.
        """
        ...

    def batch(self, inputs: Integers | None = None) -> Batch:
        """The inputs themselves, as the model takes them; None stands for all."""
        ...


class Masker(Protocol):
    """Turns (row, coalition) into what the model is asked: columns, words, segments of an image, steps of a series."""

    @property
    def rows(self) -> int:
        """Number of rows that can be masked."""
        ...

    @property
    def players(self) -> int:
        """Number of players; of the row that has most, where rows differ."""
        ...

    @property
    def inputs_per_coalition(self) -> int:
        """Inputs that stand for one coalition; its value is the mean over them."""
        ...

    @property
    def cells_per_input(self) -> int:
        """Values that one input holds, so that memory can be bounded."""
        ...

    @property
    def has_common_base(self) -> bool:
        """Whether the empty coalition is the same for all rows."""
        ...

    def playing(self, rows: Sequence[int]) -> Booleans:
        """Which players each row has, shape (rows, players)."""
        ...

    def active(self, rows: Sequence[int]) -> Booleans:
        """Which of its players can change a row's inputs, shape (rows, players)."""
        ...

    def unmasked(self, rows: Sequence[int]) -> Batch:
        """The rows themselves."""
        ...

    def masked(self, asked: Asked) -> Masked:
        """The inputs of all coalitions asked for, in their order."""
        ...
