"""What is to be explained, whatever it is made of: a cooperative game per row, and the masker that plays it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pellucid.protocols.model import Batch

__all__ = ["Answer", "Asked", "Games", "Masked", "Masker"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Coalitions whose value is wanted in the game of one row.

    Parameters
    ----------
    row
        Position of the row, from 0.
    coalitions
        Which players are present, shape (coalitions, players).
    """

    row: int
    coalitions: Booleans


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Values of coalitions, and what they cost.

    Parameters
    ----------
    values
        One array of shape (coalitions, outputs) per question, in the order of the questions.
    model_rows
        Inputs that the model was asked for.
    """

    values: Sequence[Floats]
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

    def playing(self, rows: Sequence[int]) -> Booleans:
        """Which players the game of each row has, shape (rows, players): a text has as many as it has words."""
        ...

    def active(self, rows: Sequence[int]) -> Booleans:
        """Which players can change anything, shape (rows, players); the others' Shapley value is 0."""
        ...

    def ends(self, rows: Sequence[int]) -> Answer:
        """Values of the empty and of the full coalition: one array of shape (2, outputs) per row."""
        ...

    def values(self, asked: Sequence[Asked]) -> Answer:
        """Values of any coalitions.

        Raises
        ------
        ModelError
            The model does not answer, or answers something that is no number.
        """
        ...


class Masked(Protocol):
    """The model inputs that some coalitions stand for: equally many consecutive inputs for each coalition."""

    def __len__(self) -> int: ...

    def words(self, inputs: Integers | None = None) -> npt.NDArray[np.int64]:
        """Numbers that are equal for equal inputs and differ for others, shape (inputs, words); None stands for all."""
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

    def masked(self, asked: Sequence[Asked]) -> Masked:
        """The inputs of all coalitions asked for, question after question."""
        ...
