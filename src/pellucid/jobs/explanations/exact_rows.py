"""Rows of a unit that have exact values by a formula of the model, and sampled ones for the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget
from pellucid.explain.estimate import rows_of_a_design
from pellucid.explain.game import MaskedGames
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = ["ExactRows", "Exactly", "bounded_by_samples", "with_exact_rows"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class ExactRows:
    """What a formula says of some rows.

    Parameters
    ----------
    holds
        Whether the formula describes the model at each row, shape (rows,).
    values
        Shape (rows, players, outputs).
    base
        Shape (rows, outputs).
    method
        Name of the estimator, such as ``exact: trees``.
    model_rows
        Inputs that the model was asked for to find out.
    """

    holds: Booleans
    values: Floats
    base: Floats
    method: str
    model_rows: int


Exactly = Callable[[Batch, MaskedGames], ExactRows | None]
"""Exact values of rows that have the games given; None for rows that the formula cannot take."""


def with_exact_rows(
    exact: ExactRows, first: int, block_rows: int, sample: Callable[[Integers], Attributions]
) -> Attributions:
    """Attributions of all rows: exact where the formula holds, else sampled.

    Parameters
    ----------
    exact
        What the formula says of the rows.
    first
        Position of the first row among all, a multiple of the rows of a block.
    block_rows
        Rows of a block.
    sample
        Attributions of the rows at the positions given, which take their blocks from ``first`` on as if no other row
        stood between them.
    """
    left = np.flatnonzero(~exact.holds)
    done = np.flatnonzero(exact.holds)
    # Errors of 0 belong to any block; this one keeps the blocks ascending.
    before = np.cumsum(~exact.holds)[done]
    known = Attributions(
        values=exact.values[done],
        standard_errors=np.zeros(exact.values[done].shape),
        base_values=exact.base[done],
        predictions=exact.base[done] + exact.values[done].sum(axis=1),
        samples=np.zeros(len(done), dtype=np.intp),
        blocks=(first + np.maximum(before - 1, 0)) // rows_of_a_design(block_rows, exact.values.shape[2]),
        estimators=(exact.method,) * len(done),
        model_rows=exact.model_rows,
    )
    if not len(left):
        return known
    return Attributions.join([known, sample(left)]).in_order(np.argsort(np.concatenate([done, left])))


def bounded_by_samples(budget: Budget, total: int, inputs_per_coalition: int, bases: int) -> Budget:
    """The same budget, with a bound on the rows asked in the whole job turned into one on the samples of a row.

    All rows and bases are asked once to find out whether the formula holds, and again with the coalitions.
    """
    if budget.model_calls is None:
        return budget
    share = Budget(model_calls=budget.model_calls)
    samples = share.samples_of(
        players=0,
        rows=total,
        inputs_per_coalition=inputs_per_coalition,
        bases=bases,
        asked=total + bases * inputs_per_coalition,
    )
    return replace(budget, model_calls=None, samples=min(samples, budget.samples or samples))
