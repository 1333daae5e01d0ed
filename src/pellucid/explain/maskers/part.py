"""Maskers whose rows are those of another masker, known by other positions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pellucid.protocols.game import Asked, Masked, Masker
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = ["PartMasker", "RowsOfMasker"]

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class RowsOfMasker(ABC):
    """What such a masker passes on.

    Parameters
    ----------
    masker
        Has the rows.
    """

    masker: Masker

    @property
    def players(self) -> int:
        """Number of players."""
        return self.masker.players

    @property
    def cells_per_input(self) -> int:
        """Values that one input holds."""
        return self.masker.cells_per_input

    def playing(self, rows: Sequence[int]) -> Booleans:
        """Which players each row has."""
        return self.masker.playing(self._positions(rows))

    def active(self, rows: Sequence[int]) -> Booleans:
        """Which of its players can change a row's inputs."""
        return self.masker.active(self._positions(rows))

    def unmasked(self, rows: Sequence[int]) -> Batch:
        """The rows themselves."""
        return self.masker.unmasked(self._positions(rows))

    @abstractmethod
    def _positions(self, rows: Sequence[int]) -> list[int]:
        """Where the rows stand in the other masker."""


@dataclass(frozen=True, slots=True, eq=False)
class PartMasker(RowsOfMasker):
    """A masker of consecutive rows, asked by their positions among all; random numbers and budgets depend on these.

    Parameters
    ----------
    masker
        Has the rows of the part only.
    first
        Position of the first of them among all.
    rows
        Number of all rows.
    """

    first: int
    rows: int

    @property
    def inputs_per_coalition(self) -> int:
        """Inputs that stand for one coalition."""
        return self.masker.inputs_per_coalition

    @property
    def has_common_base(self) -> bool:
        """Whether the empty coalition is the same for all rows."""
        return self.masker.has_common_base

    def masked(self, asked: Asked) -> Masked:
        """The inputs of all coalitions asked for."""
        return self.masker.masked(Asked(asked.rows - self.first, asked.coalitions))

    def _positions(self, rows: Sequence[int]) -> list[int]:
        return [row - self.first for row in rows]
