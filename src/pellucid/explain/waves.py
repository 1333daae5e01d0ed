"""How much is asked, and how much at once: as many rows as fill the requests together, by what each will ask for.

A row whose features mostly equal the background asks for all coalitions of the few that differ, which may be a
hundredth of the samples that it is allowed. How many differ is known before anything is asked.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pellucid.explain.budget import Budget
from pellucid.explain.plan import PER_PLAYER, Plan

__all__ = ["asked_together", "inputs_of_rows", "samples_with_few_completed"]

Integers = npt.NDArray[np.intp]

FURTHER_ROUNDS = 64
"""Rows that are asked until they are precise count as a part of the most that they may ask: few ask for all of it, and
the answers to all of it must be held at once."""
EVERY = 40
"""Players beyond which there are more coalitions than anyone asks."""
INPUTS_OF_A_FIT = 8192
"""Inputs that a fast model predicts in about the time in which a design is solved, odd terms and all."""
TIMES_AS_MANY = 2
"""Multiple of the samples up to which all coalitions may be asked instead."""
FURTHER_SHARE = 1 / 16
"""Share of what a block asks that all coalitions of a few of its rows may take beyond it."""


def samples_with_few_completed(
    plan: Plan, blocks: Integers, players: Integers, samples: Integers, inputs_per_coalition: int
) -> Integers:
    """Samples of each row, or all its coalitions where the rest of them costs less than a fit, shape (rows,).

    A design that few rows share takes as long to solve as one of many. Only a budget that nobody set is exceeded, to
    at most twice the samples of a row and by at most a sixteenth of the inputs of its block.

    Parameters
    ----------
    blocks
        Block of each row, of which all rows are given, shape (rows,).
    players, samples, inputs_per_coalition
        As for `inputs_of_rows`.

    Examples
    --------
    Of a block of 32 rows, 2 have 12 players:

    >>> blocks, players = np.zeros(32, dtype=int), np.repeat([12, 13], [2, 30])
    >>> samples_with_few_completed(Plan(), blocks, players, np.full(32, 2076), 1)[:4].tolist()
    [4094, 4094, 2076, 2076]
    """
    if plan.estimator != "auto" or plan.budget != Budget():
        return samples
    every = (1 << np.minimum(players, EVERY)) - 2
    rest, found = every - samples, samples.copy()
    may_be = (rest > 0) & (every <= TIMES_AS_MANY * samples)
    for block in np.unique(blocks[may_be]).tolist():
        of_block = blocks == block
        rows, asked = of_block & may_be, np.minimum(samples, every)[of_block].sum()
        if rest[rows].sum() <= min(INPUTS_OF_A_FIT / inputs_per_coalition, FURTHER_SHARE * asked):
            found[rows] = every[rows]
    return found


def inputs_of_rows(plan: Plan, players: Integers, samples: Integers, inputs_per_coalition: int) -> Integers:
    """Inputs that the model is asked for to explain each row, itself among them, shape (rows,).

    With a budget of precision it is the first round, or a part of the most that all rounds may ask.

    Parameters
    ----------
    players
        Players of each row whose coalitions are asked, shape (rows,).
    samples
        Coalitions that the budget allows each row, shape (rows,).
    inputs_per_coalition
        Model inputs that one coalition costs.

    Examples
    --------
    >>> inputs_of_rows(Plan(), np.array([0, 1, 3, 14]), np.full(4, 2076), 10).tolist()
    [1, 1, 61, 20761]
    """
    every = np.where(players < 2, 0, (1 << np.minimum(players, EVERY)) - 2)
    most = every if plan.estimator == "enumeration" else np.minimum(samples, every)
    asked = most
    if plan.budget.precision is not None:
        asked = np.maximum(np.minimum(most, PER_PLAYER * players), most // FURTHER_ROUNDS)
    return np.asarray(asked * inputs_per_coalition + 1)


def asked_together(inputs: Integers, most: int) -> list[slice]:
    """Consecutive parts that ask for at most so many inputs together; one that asks for more stands alone.

    Parameters
    ----------
    inputs
        Of each part, shape (parts,).
    most
        Inputs of those that are asked together.

    Examples
    --------
    >>> asked_together(np.array([2, 2, 1, 9, 1]), 5)
    [slice(0, 3, None), slice(3, 4, None), slice(4, 5, None)]
    """
    found, begin, together = [], 0, 0
    for place, number in enumerate(inputs.tolist()):
        if place > begin and together + number > most:
            found.append(slice(begin, place))
            begin, together = place, 0
        together += number
    return [*found, slice(begin, len(inputs))] if len(inputs) else []
