"""How much is asked at once: as many rows as fill the requests together, by what each of them will ask for.

A row whose features mostly equal the background asks for all coalitions of the few that differ, which may be a
hundredth of the samples that it is allowed. How many differ is known before anything is asked.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pellucid.explain.plan import PER_PLAYER, Plan

__all__ = ["asked_together", "inputs_of_rows"]

Integers = npt.NDArray[np.intp]

FURTHER_ROUNDS = 64
"""Rows that are asked until they are precise count as a part of the most that they may ask: few ask for all of it, and
the answers to all of it must be held at once."""
EVERY = 40
"""Players beyond which there are more coalitions than anyone asks."""


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
