"""A background in strata: other coalitions are asked before each of them, which gives more precision for the same cost.

A Shapley value is the mean of those before single background rows. What a design leaves unknown of them is much alike
for all rows that share it, so that it hardly gets less by their number; of designs drawn independently it averages out.
A stratum is some rows of the background. The design of one is as large as the design of the whole background would be,
so that all strata together cost as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pellucid.explain.game import MaskedGames
from pellucid.explain.maskers.part import RowsOfMasker
from pellucid.protocols.game import Answer, Asked, Games, Masked
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = ["Background", "can_be_stratified", "ends_before_each", "strata_of", "stratified"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

MOST_STRATA = 10
"""Strata beyond which more designs to solve take longer than they save."""
INPUTS_OF_A_STRATUM = 16_384
"""Inputs, at first, that make a stratum: the design of one takes as long to solve as thousands of inputs to predict."""


def strata_of(background: int, inputs: int) -> int:
    """Strata of so many background rows, all of one size, of rows that are asked so many inputs at first.

    >>> [strata_of(background, 10**6) for background in (1, 10, 12, 13, 100)], strata_of(10, 40_000)
    ([1, 10, 6, 1, 10], 2)
    """
    most = min(MOST_STRATA, inputs // INPUTS_OF_A_STRATUM)
    return max((strata for strata in range(1, most + 1) if background % strata == 0), default=1)


@dataclass(frozen=True, slots=True)
class Background:
    """What coalitions are asked before.

    Parameters
    ----------
    inputs
        Of a coalition.
    may_be_stratified
        Whether coalitions can be asked before a part of it.
    parts
        Games of which the mean is wanted: those before parts of the background.
    stratum
        The first stratum of the games; others have designs of their own.
    """

    inputs: int = 1
    may_be_stratified: bool = False
    parts: int = 1
    stratum: int = 0

    def strata(self, rows: int, samples: int) -> int:
        """Strata for so many rows that are asked so many coalitions at first."""
        return strata_of(self.inputs, self.inputs * rows * samples) if self.may_be_stratified else 1


def stratified(games: Games, strata: int) -> Games:
    """Games of rows before each stratum; that of a row before a stratum stands at ``row * strata + stratum``."""
    if strata == 1 or not isinstance(games, MaskedGames):
        return games
    return replace(games, masker=StratifiedMasker(games.masker, strata))


def can_be_stratified(games: Games) -> bool:
    """Whether a masker plays the games, which can show part of the background."""
    return isinstance(games, MaskedGames) and games.inputs_per_coalition > 1


def ends_before_each(games: Games, rows: Integers) -> tuple[Floats, Answer]:
    """Values of the empty coalition before every single background row, and of the full one with the cost of both.

    Returns
    -------
    array, Answer
        Shape (background rows, rows, outputs) and (rows, outputs).
    """
    background, based = games.inputs_per_coalition, rows[:1] if games.has_common_base else rows
    each = stratified(games, background)
    before = based * background + np.arange(background)[:, None]
    empty = Asked(before.ravel(), np.zeros((before.size, games.players), dtype=bool))
    full = Asked(rows * background, np.ones((len(rows), games.players), dtype=bool))
    # In one call of the model.
    asked = each.values(Asked.join([empty, full]))
    bases, of_rows = np.split(asked.values, [before.size])
    values = bases.reshape(background, len(based), -1)
    return np.broadcast_to(values, (background, len(rows), values.shape[2])), Answer(of_rows, asked.model_rows)


@dataclass(frozen=True, slots=True, eq=False)
class StratifiedMasker(RowsOfMasker):
    """A masker of rows before each stratum of the background, whose inputs are those of another masker.

    Players are active that can change anything before the whole background, so that strata can share a solver.

    Parameters
    ----------
    masker
        Has the rows and the whole background.
    strata
        How many; they divide the inputs of a coalition.
    """

    strata: int

    @property
    def rows(self) -> int:
        """Rows before strata."""
        return self.masker.rows * self.strata

    @property
    def inputs_per_coalition(self) -> int:
        """Background rows of a stratum."""
        return self.masker.inputs_per_coalition // self.strata

    @property
    def has_common_base(self) -> bool:
        """Strata differ in what is shown of absent players."""
        return False

    def masked(self, asked: Asked) -> StratumInputs:
        """The inputs of every coalition before the background rows of its stratum."""
        row, stratum = np.divmod(asked.rows, self.strata)
        first = np.arange(len(asked)) * self.masker.inputs_per_coalition + stratum * self.inputs_per_coalition
        inputs = (first[:, None] + np.arange(self.inputs_per_coalition)).ravel()
        return StratumInputs(self.masker.masked(Asked(row, asked.coalitions)), inputs)

    def _positions(self, rows: Sequence[int]) -> list[int]:
        return [row // self.strata for row in rows]


@dataclass(frozen=True, slots=True, eq=False)
class StratumInputs:
    """Some of the inputs of coalitions, those at the positions given."""

    masked: Masked
    inputs: Integers

    def __len__(self) -> int:
        return len(self.inputs)

    def merged(self) -> None:
        """Nothing is known beforehand."""

    def words(self, inputs: Integers | None = None) -> npt.NDArray[np.int64]:
        """Numbers that are equal for equal inputs and differ for others, shape (inputs, words)."""
        return self.masked.words(self.inputs if inputs is None else self.inputs[inputs])

    def batch(self, inputs: Integers | None = None) -> Batch:
        """The inputs themselves."""
        return self.masked.batch(self.inputs if inputs is None else self.inputs[inputs])
