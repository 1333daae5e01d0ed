"""Kernel SHAP over all rows of a data set, some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pellucid.explain.attributions import Attributions
from pellucid.explain.estimate import bases_of, explain_blocks
from pellucid.explain.game import BATCH_ROWS, MaskedGames
from pellucid.explain.maskers.part import PartMasker
from pellucid.explain.maskers.tabular import TabularMasker
from pellucid.explain.maskers.text import TextMasker, text_masker
from pellucid.explain.plan import BLOCK_ROWS, Plan
from pellucid.explain.surrogate import Surrogate, explained_by_surrogate
from pellucid.explain.waves import asked_together, inputs_of_rows
from pellucid.jobs.explanations.exact_rows import Exactly, bounded_by_samples, with_exact_rows
from pellucid.jobs.explanations.request import ShapRequest
from pellucid.jobs.explanations.rows import pieces_of
from pellucid.jobs.explanations.texts import TextColumns, text_attributions
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = [
    "ROWS_AT_ONCE",
    "ROWS_BY_FORMULA",
    "Explained",
    "Found",
    "ShapTask",
    "ShapUnit",
    "explained_unit",
    "shap_units",
    "units_expected",
]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

ROWS_AT_ONCE = 128 * BLOCK_ROWS
"""Rows of a unit at most."""
ROWS_BY_FORMULA = 32 * BLOCK_ROWS
"""Rows of a unit that are explained by a formula."""
INPUTS_OF_A_UNIT = BATCH_ROWS
"""Inputs of a unit, unless a single block asks for more: models gain nothing from larger batches, requests are few
already, and a job that is killed loses no more."""
LEAST_UNITS = 8
"""Units of a job of so many blocks or more, so that a few rows of a slow model are shared out evenly, unless no other
process can have a share."""
TEXTS_AT_ONCE = BLOCK_ROWS
"""Rows of a unit with texts: their number of players is not known before they are read, and each may cost thousands of
requests that a killed job should not make again."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShapTask:
    """What is the same for all rows of a job.

    Parameters
    ----------
    features
        Columns that the model is asked with, in order.
    total
        Number of rows.
    baseline
        Rows that show what an absent feature looks like.
    texts
        Columns that are explained by their units; None where there are none.
    by_formula
        Whether rows get exact values where a formula of the model holds.
    surrogate
        What the estimator of this name explains instead of the model.
    asked_here
        Whether the process of the job alone asks the model, as it does where that answers over HTTP.
    """

    features: tuple[str, ...]
    total: int
    baseline: Batch
    request: ShapRequest
    texts: TextColumns | None = None
    by_formula: bool = False
    surrogate: Surrogate | None = None
    asked_here: bool = False

    def features_of(self, rows: Batch) -> Batch:
        """What the model is asked with of rows that may have further columns."""
        return Batch({name: rows.columns[name] for name in self.features})

    @property
    def bases(self) -> int:
        """How often the empty coalition is asked at most; columns of no player make it another one for each row."""
        owned = sum(map(len, self.request.players.values()))
        return bases_of(self.total, self.block_rows, common=owned == len(self.features))

    @property
    def block_rows(self) -> int:
        """Rows of a block."""
        return self.request.plan.block_rows

    @property
    def samples_beside_surrogate(self) -> int:
        """Coalitions of a row that correct a surrogate."""
        return self.request.plan.samples_beside_surrogate(
            players=len(self.request.players), rows=self.total, background=self.bases * len(self.baseline)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShapUnit:
    """Consecutive rows that are explained in one go, wherever that happens.

    Parameters
    ----------
    first
        Position of the first row among all, a multiple of the rows of a block.
    rows
        The features and, if there is one, the join column.
    seconds
        What the unit may take, where the budget is in seconds.
    """

    first: int
    rows: Batch
    seconds: float | None = None

    @property
    def number(self) -> int:
        """A number that no other unit has."""
        return self.first // BLOCK_ROWS


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What explaining a unit gives.

    Parameters
    ----------
    active
        Features that could change the prediction of each row, shape (rows,).
    common_base
        Whether the base values of all rows are the same by construction.
    """

    attributions: Attributions
    active: npt.NDArray[np.intp]
    common_base: bool


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """Some consecutive rows and their attributions.

    Parameters
    ----------
    rows
        The features and, if there is one, the join column.
    active, common_base
        As in `Found`.
    """

    rows: Batch
    attributions: Attributions
    active: npt.NDArray[np.intp]
    common_base: bool


def units_expected(task: ShapTask, first: Callable[[], Batch]) -> int:
    """About how many units all rows make.

    Parameters
    ----------
    first
        Gives the first rows, from which it is told where units differ.

    Raises
    ------
    ConfigError
        The budget does not fit the number of rows or features; keys are named without ``methods.shap``.
    """
    equal = _rows_of_equal_units(task)
    if equal is not None:
        return -(-task.total // equal)
    some = first()[: _most_rows(task)]
    return -(-task.total * len(_parts(some, task)) // len(some))


def shap_units(
    batches: Iterable[Batch],
    task: ShapTask,
    *,
    clock: Callable[[], float],
    rows_at_once: int | None = None,
    at_once: Callable[[], int] = lambda: 1,
) -> Iterator[ShapUnit]:
    """All rows in units.

    Units hold the blocks that ask for `INPUTS_OF_A_UNIT` together, at least one block. In a batch of another length a
    model may give another last digit. So units depend on what is asked only, never on the engine or on the number of
    workers.

    Parameters
    ----------
    batches
        All rows in order, with the features and any other columns.
    clock
        Seconds from some moment on, for a budget in seconds.
    rows_at_once
        Rows of a unit, a multiple of the rows of a block; by default as many as ask for enough.
    at_once
        Units that are being explained at the same time, over which a budget in seconds is stretched.

    Raises
    ------
    ConfigError
        The budget does not fit the number of rows or features; keys are named without ``methods.shap``.
    """
    first, begun = 0, clock()
    for rows in _rows_of_units(batches, task, rows_at_once or _rows_of_equal_units(task)):
        left = task.total - first
        plan = plan_of_part(task.request.plan, min(len(rows) * at_once(), left), left, clock() - begun)
        yield ShapUnit(first=first, rows=rows, seconds=plan.budget.seconds)
        first += len(rows)


def _rows_of_units(batches: Iterable[Batch], task: ShapTask, equal: int | None) -> Iterator[Batch]:
    for piece in pieces_of(batches, equal or _most_rows(task)):
        for part in [slice(0, len(piece))] if equal else _parts(piece, task):
            yield piece[part]


def _rows_of_equal_units(task: ShapTask) -> int | None:
    """Rows of a unit where each has equally many; None where units depend on what their rows ask for."""
    if task.request.plan.budget.seconds is not None:
        return ROWS_AT_ONCE
    if task.texts is not None:
        return TEXTS_AT_ONCE
    if task.by_formula:
        return ROWS_BY_FORMULA
    if task.surrogate is not None:
        asked = max(1, task.samples_beside_surrogate)
        return min(ROWS_AT_ONCE, max(1, INPUTS_OF_A_UNIT // (BLOCK_ROWS * asked)) * BLOCK_ROWS)
    players, samples = np.array([len(task.request.players)]), np.array([_samples_of(task)])
    of_a_row = int(inputs_of_rows(task.request.plan, players, samples, len(task.baseline))[0])
    most = _most_rows(task)
    return most if most * of_a_row <= INPUTS_OF_A_UNIT else None


def _samples_of(task: ShapTask) -> int:
    """Most coalitions of a row."""
    return task.request.plan.budget.samples_of(
        players=len(task.request.players),
        rows=task.total,
        inputs_per_coalition=len(task.baseline),
        bases=task.bases,
    )


def _most_rows(task: ShapTask) -> int:
    """Most rows of a unit: where other processes can have a share, there is one for each of some."""
    share = -(-task.total // (LEAST_UNITS * task.block_rows)) * task.block_rows
    return ROWS_AT_ONCE if task.asked_here else min(ROWS_AT_ONCE, share)


def _parts(rows: Batch, task: ShapTask) -> list[slice]:
    """Parts of consecutive rows, the first of which begins a block, that ask for about as much as a unit should."""
    plan, inputs = task.request.plan, len(task.baseline)
    samples = _samples_of(task)
    masker = TabularMasker(task.features_of(rows), task.baseline, task.request.players)
    asked = inputs_of_rows(plan, _players(masker, plan), np.full(len(rows), samples), inputs)
    of_blocks = np.add.reduceat(asked, np.arange(0, len(rows), task.block_rows))
    return [
        slice(part.start * task.block_rows, min(part.stop * task.block_rows, len(rows)))
        for part in asked_together(of_blocks, INPUTS_OF_A_UNIT)
    ]


def explained_unit(
    unit: ShapUnit,
    task: ShapTask,
    score: Callable[[Batch], Floats],
    *,
    clock: Callable[[], float],
    exactly: Exactly | None = None,
) -> Found:
    """Attributions of the rows of a unit.

    Parameters
    ----------
    score
        Scores of a batch of features, shape (inputs, outputs).
    clock
        Seconds from some moment on, for a budget in seconds.
    exactly
        Exact values where the model has a formula; None samples all rows.

    Raises
    ------
    ConfigError
        The budget does not fit the number of rows or features; keys are named without ``methods.shap``.
    ModelError
        The model does not answer with finite scores.
    """
    rows, request = task.features_of(unit.rows), task.request
    masker, texts = _masker(rows, task), task.texts
    games, plan = MaskedGames(masker, score, request.link), request.plan
    if unit.seconds is not None:
        plan = replace(plan, budget=replace(plan.budget, seconds=unit.seconds))
    exact = None if exactly is None else exactly(rows, games)
    if isinstance(masker, TextMasker) and texts is not None:
        part, blocks = _part(games, unit.first, task.total), _blocks(unit.first, len(rows), plan)
        found = text_attributions(masker, part, plan, blocks, outer=texts.outer, clock=clock)
    elif task.surrogate is not None and isinstance(masker, TabularMasker):
        found = _by_surrogate(masker, task, score, task.surrogate, unit.first)
    elif exact is not None and isinstance(masker, TabularMasker):
        budget = bounded_by_samples(plan.budget, task.total, len(task.baseline), task.bases)
        bounded = replace(plan, budget=budget)

        def sample(left: npt.NDArray[np.intp]) -> Attributions:
            some = replace(games, masker=replace(masker, explained=rows[left]))
            return _sampled(_part(some, unit.first, unit.first + len(left)), bounded, unit.first, len(left), clock)

        found = with_exact_rows(exact, unit.first, plan.block_rows, sample)
    else:
        found = _sampled(_part(games, unit.first, task.total), plan, unit.first, len(rows), clock)
    # The base of a formula differs from the model's own in the last digits.
    common = masker.has_common_base and (exact is None or len(set(exact.holds.tolist())) == 1)
    return Found(found, _players(masker, plan), common)


def _part(games: MaskedGames, first: int, rows: int) -> MaskedGames:
    return replace(games, masker=PartMasker(games.masker, first, rows))


def _sampled(games: MaskedGames, plan: Plan, first: int, rows: int, clock: Callable[[], float]) -> Attributions:
    return Attributions.join(list(explain_blocks(games, plan, _blocks(first, rows, plan), clock=clock)))


def _by_surrogate(
    masker: TabularMasker, task: ShapTask, score: Callable[[Batch], Floats], surrogate: Surrogate, first: int
) -> Attributions:
    plan = task.request.plan
    return explained_by_surrogate(
        masker,
        score,
        surrogate,
        link=task.request.link,
        samples=task.samples_beside_surrogate,
        seed=plan.seed,
        first=first,
    )


def _blocks(first: int, rows: int, plan: Plan) -> range:
    return range(first // plan.block_rows, -(-(first + rows) // plan.block_rows))


def _masker(rows: Batch, task: ShapTask) -> TabularMasker | TextMasker:
    texts, players = task.texts, task.request.players
    if texts is None:
        return TabularMasker(rows, task.baseline, players)
    return text_masker(rows, task.baseline, players, texts.names, texts.split, max_units=texts.max_units)


def _players(masker: TabularMasker | TextMasker, plan: Plan) -> npt.NDArray[np.intp]:
    if plan.estimator == "clarify":
        return np.asarray(masker.playing(range(masker.rows)).sum(axis=1))
    return np.asarray(masker.active(range(masker.rows)).sum(axis=1))


def plan_of_part(plan: Plan, rows: int, left: int, spent: float) -> Plan:
    """The plan for the next ``rows`` of the ``left`` ones, which get their share of the time left."""
    if plan.budget.seconds is None:
        return plan
    seconds = max((plan.budget.seconds - spent) * rows / left, 1e-9)
    return replace(plan, budget=replace(plan.budget, seconds=seconds))
