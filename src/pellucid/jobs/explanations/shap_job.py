"""Kernel SHAP over all rows of a data set, some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pellucid.explain.attributions import Attributions
from pellucid.explain.estimate import BLOCK_ROWS, explain_blocks
from pellucid.explain.game import MaskedGames
from pellucid.explain.maskers.tabular import TabularMasker
from pellucid.explain.plan import Plan
from pellucid.jobs.explanations.request import ShapRequest
from pellucid.jobs.explanations.rows import pieces_of
from pellucid.protocols.game import Answer, Asked
from pellucid.protocols.model import Batch

__all__ = ["ROWS_AT_ONCE", "Explained", "explained_rows"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

ROWS_AT_ONCE = 256 * BLOCK_ROWS
"""Rows held at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """Some consecutive rows and their attributions.

    Parameters
    ----------
    rows
        The features and, if there is one, the join column.
    active
        Features that could change the prediction of each row, shape (rows,).
    common_base
        Whether the base values of all rows are the same by construction.
    """

    rows: Batch
    attributions: Attributions
    active: npt.NDArray[np.intp]
    common_base: bool


def explained_rows(
    batches: Iterable[Batch],
    features: Sequence[str],
    total: int,
    baseline: Batch,
    request: ShapRequest,
    score: Callable[[Batch], Floats],
    *,
    clock: Callable[[], float],
    rows_at_once: int = ROWS_AT_ONCE,
) -> Iterator[Explained]:
    """Attributions of all rows in order, block by block.

    Parameters
    ----------
    batches
        All rows in order, with the features and any other columns.
    features
        Columns that the model is asked with, in order.
    total
        Number of rows.
    baseline
        Rows that show what an absent feature looks like.
    score
        Scores of a batch of features, shape (inputs, outputs).
    clock
        Seconds from some moment on, for a budget in seconds.
    rows_at_once
        Rows held at a time, a multiple of the rows of a block; the numbers do not depend on it unless the budget is in
        seconds.

    Raises
    ------
    ConfigError
        The budget does not fit the number of rows or features; keys are named without ``methods.shap``.
    ModelError
        The model does not answer with finite scores.
    """
    first, begun = 0, clock()
    for rows in pieces_of(batches, rows_at_once):
        masker = TabularMasker(Batch({name: rows.columns[name] for name in features}), baseline, request.players)
        games = _Part(MaskedGames(masker, score, request.link), first, total)
        plan = _for_part(request.plan, len(rows), total - first, clock() - begun)
        blocks = range(first // BLOCK_ROWS, -(-(first + len(rows)) // BLOCK_ROWS))
        active, done = _players(masker, plan), 0
        for found in explain_blocks(games, plan, blocks, clock=clock):
            part = slice(done, done + len(found.values))
            yield Explained(rows[part], found, active[part], masker.has_common_base)
            done = part.stop
        first += len(rows)


def _players(masker: TabularMasker, plan: Plan) -> npt.NDArray[np.intp]:
    if plan.estimator == "clarify":
        return np.full(masker.rows, masker.players)
    return np.asarray(masker.active(range(masker.rows)).sum(axis=1))


def _for_part(plan: Plan, rows: int, left: int, spent: float) -> Plan:
    """The plan for the next ``rows`` of the ``left`` ones, which get their share of the time left."""
    if plan.budget.seconds is None:
        return plan
    seconds = max((plan.budget.seconds - spent) * rows / left, 1e-9)
    return replace(plan, budget=replace(plan.budget, seconds=seconds))


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Games of some rows among many, by their position among all, which random numbers and budgets depend on."""

    games: MaskedGames
    first: int
    rows: int

    @property
    def players(self) -> int:
        return self.games.players

    @property
    def inputs_per_coalition(self) -> int:
        return self.games.inputs_per_coalition

    def active(self, rows: Sequence[int]) -> Booleans:
        return self.games.active([row - self.first for row in rows])

    def ends(self, rows: Sequence[int]) -> Answer:
        return self.games.ends([row - self.first for row in rows])

    def values(self, asked: Sequence[Asked]) -> Answer:
        return self.games.values([Asked(question.row - self.first, question.coalitions) for question in asked])
