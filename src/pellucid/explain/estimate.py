"""Explain rows: choose coalitions, ask the games, solve, say how sure; and go on where the budget wants it.

Rows are worked on in blocks of consecutive rows. Random numbers depend on the seed and the block only (in Clarify's
scheme on the row), so any split of the blocks over workers gives the same numbers. Blocks share requests, not designs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, Problem
from pellucid.explain.apart import RoundsApart, before_each_if_fewer
from pellucid.explain.attributions import Attributions
from pellucid.explain.game import BATCH_ROWS
from pellucid.explain.odd_terms import Prior
from pellucid.explain.one_thread import one_thread
from pellucid.explain.plan import Pace, Plan
from pellucid.explain.results import Results
from pellucid.explain.strata import Background, can_be_stratified, ends_before_each, stratified
from pellucid.explain.tasks import Task, tasks_of
from pellucid.protocols.game import Asked, Games
from pellucid.records import dataclass

__all__ = ["BLOCK_ROWS", "bases_of", "blocks_of", "explain_blocks", "explain_games"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

BLOCK_ROWS = 64
"""Rows that share designs: many enough to make solving cheap, few enough for the errors of a job to average out."""
INPUTS_AT_ONCE = 4 * BATCH_ROWS


def blocks_of(rows: int) -> range:
    """Numbers of the blocks of so many rows.

    >>> list(blocks_of(130))
    [0, 1, 2]
    """
    return range(-(-rows // BLOCK_ROWS))


def bases_of(rows: int, *, common: bool) -> int:
    """How often the empty coalition of so many rows is asked at most: once for each block if all rows share it.

    >>> bases_of(130, common=True), bases_of(130, common=False)
    (3, 130)
    """
    return len(blocks_of(rows)) if common else rows


def explain_games(games: Games, plan: Plan | None = None, *, clock: Callable[[], float] | None = None) -> Attributions:
    """Shapley values of all rows, at least one; see `explain_blocks`.

    Examples
    --------
    >>> from pellucid.explain.game import MaskedGames
    >>> from pellucid.explain.maskers.tabular import TabularMasker
    >>> from pellucid.protocols.model import Batch
    >>> row, zero = Batch({"a": np.array([1.0]), "b": np.array([1.0])}), Batch({"a": np.zeros(1), "b": np.zeros(1)})
    >>> masker = TabularMasker(row, zero, {"a": ("a",), "b": ("b",)})
    >>> games = MaskedGames(masker, lambda batch: batch.columns["a"] * (1 + 2 * batch.columns["b"]))
    >>> explained = explain_games(games)
    >>> explained.values[0, :, 0].tolist(), explained.estimators
    ([2.0, 1.0], ('enumeration',))
    """
    return Attributions.join(list(explain_blocks(games, plan or Plan(), clock=clock)))


def explain_blocks(
    games: Games, plan: Plan, blocks: Sequence[int] | None = None, *, clock: Callable[[], float] | None = None
) -> Iterator[Attributions]:
    """Shapley values block by block, as soon as a block is done.

    Parameters
    ----------
    games
        One game per row.
    plan
        How to explain.
    blocks
        Which blocks, ascending, by default all. Unless the budget is in seconds, the numbers of a block do not depend
        on which others are asked for.
    clock
        Seconds from some moment on, for a budget in seconds.

    Raises
    ------
    ConfigError
        The budget is in seconds and there is no clock, or rows have too many players to enumerate.
    ModelError
        The model does not answer with finite scores.
    """
    if plan.estimator == "surrogate":
        raise ConfigError(Problem("estimator", plan.estimator, fix="It is for columns of tables. Use 'auto'."))
    if plan.budget.seconds is not None and clock is None:
        raise ConfigError(Problem("budget.seconds", plan.budget.seconds, fix="Give a clock as well."))
    left = list(blocks_of(games.rows) if blocks is None else blocks)
    most = _samples_of(games, plan, games.players)
    pace = Pace(plan.budget.seconds, clock, clock() if clock else 0.0)
    tried = None
    while left:
        samples = pace.samples(most, games.players, _rows_of(games, left))
        together = 1 if pace.seconds is not None else _blocks_at_once(games, samples)
        wave = left[:together]
        explained = _explain_wave(games, plan, wave, samples)
        pace = pace.after(sum(int(part.samples.sum()) for part in explained))
        if tried is not None:
            explained[0] = replace(explained[0], model_rows=explained[0].model_rows + tried.model_rows)
            tried = None
        elif pace.allows_more(samples, most, games.players, _rows_of(games, left)):
            # The first block showed how fast the work goes, and gets its share of the time like the others.
            tried = explained[0]
            continue
        left = left[together:]
        yield from explained


def _rows_of(games: Games, blocks: Sequence[int]) -> int:
    return sum(min((block + 1) * BLOCK_ROWS, games.rows) - block * BLOCK_ROWS for block in blocks)


def _samples_of(games: Games, plan: Plan, players: int) -> int:
    """Most coalitions of a row with so many players."""
    return plan.budget.samples_of(
        players=players,
        rows=games.rows,
        inputs_per_coalition=games.inputs_per_coalition,
        bases=bases_of(games.rows, common=games.has_common_base),
    )


def _blocks_at_once(games: Games, samples: int) -> int:
    """Blocks that fill the requests together, at least one."""
    return max(1, INPUTS_AT_ONCE // (BLOCK_ROWS * max(1, samples) * games.inputs_per_coalition))


def _explain_wave(games: Games, plan: Plan, blocks: Sequence[int], samples: int) -> list[Attributions]:
    """Shapley values of some blocks; of those that are played alike, coalitions are asked together."""
    apart, together = dict[int, Booleans](), list[int]()
    for block in blocks:
        # Whether a block is played apart depends on its own rows only, as all its numbers do.
        fewer = before_each_if_fewer(games, _rows_of_block(games, block)) if plan.budget.precision is not None else None
        if fewer is None:
            together.append(block)
        else:
            apart[block] = fewer
    explained = _explain_alike(games, plan, together, samples) if together else []
    if apart:
        explained += _explain_alike(games, plan, list(apart), samples, np.concatenate(list(apart.values())))
    return sorted(explained, key=lambda part: int(part.blocks[0]))


def _rows_of_block(games: Games, block: int) -> Integers:
    return np.arange(block * BLOCK_ROWS, min((block + 1) * BLOCK_ROWS, games.rows))


def _explain_alike(
    games: Games, plan: Plan, blocks: Sequence[int], samples: int, apart: Booleans | None = None
) -> list[Attributions]:
    """Shapley values of some blocks, whose coalitions are asked together.

    Parameters
    ----------
    apart
        Active players before each background row, shape (rows, background, players), if the games before each are
        played apart.
    """
    rows = np.concatenate([_rows_of_block(games, block) for block in blocks])
    playing = games.playing(rows.tolist())
    active = playing if plan.estimator == "clarify" else games.active(rows.tolist())
    number, of_number = np.unique(playing.sum(axis=1), return_inverse=True)
    most = np.array([min(samples, _samples_of(games, plan, players)) for players in number.tolist()])[of_number]
    may_be_stratified = plan.budget.precision is not None and can_be_stratified(games)
    results = (_first_results_of_strata if may_be_stratified else _first_results)(games, rows, active)
    if apart is not None and results.bases is not None and plan.budget.precision is not None:
        RoundsApart.of(games, plan, plan.budget.precision, results, results.bases, apart).finish(most)
        return results.by_block()
    background = Background(games.inputs_per_coalition, may_be_stratified)
    tasks = tasks_of(plan, rows, results.blocks, active, most, background)
    rounds = Rounds(games, plan, results)
    while tasks:
        tasks = rounds.after(tasks)
    return results.by_block()


def _first_results(games: Games, rows: Integers, active: Booleans) -> Results:
    ends = games.ends(rows.tolist())
    return Results(rows, rows // BLOCK_ROWS, active, ends.values[:, 0], ends.values[:, 1], ends.model_rows)


def _first_results_of_strata(games: Games, rows: Integers, active: Booleans) -> Results:
    bases, full, asked = ends_before_each(games, rows)
    return Results(rows, rows // BLOCK_ROWS, active, bases.mean(axis=0), full, asked, bases)


@dataclass(frozen=True, slots=True, eq=False)
class Rounds:
    """Rounds of asking and solving, until tasks are done.

    Parameters
    ----------
    games, plan
        As for `explain_blocks`.
    results
        Where results are entered.
    """

    games: Games
    plan: Plan
    results: Results

    def after(self, tasks: Sequence[Task]) -> list[Task]:
        """Ask, solve and enter the results of all tasks; return those that go on."""
        going_on, priors = [], dict[int, Prior]()
        answered, wanted = self._answered(tasks), self.plan.budget.precision
        with one_thread():
            # Most rows first: they tell best what to believe of all games of their block.
            for task, found in sorted(zip(tasks, answered, strict=True), key=lambda one: -len(one[0].rows)):
                known = task.all_values(found)
                estimate = task.believing(priors.get(task.place)).estimate(known, *self.results.ends(task))
                if estimate.believed is not None:
                    priors.setdefault(task.place, estimate.believed)
                further = None if wanted is None else task.after(known, estimate, wanted)
                self.results.enter(task, estimate, further)
                going_on += [further] if further else []
        return going_on

    def _answered(self, tasks: Sequence[Task]) -> list[Floats]:
        """Values of what the tasks ask, by task; those of equally many strata are asked together."""
        answered: dict[int, Floats] = {}
        for strata in sorted({len(task.designs) for task in tasks}):
            chosen = [place for place, task in enumerate(tasks) if len(task.designs) == strata]
            questions = [tasks[place].question(self.games.players) for place in chosen]
            answer = stratified(self.games, strata).values(Asked.join(questions))
            self.results.model_rows += answer.model_rows
            ends = np.cumsum([len(question) for question in questions])
            answered |= dict(zip(chosen, np.split(answer.values, ends[:-1]), strict=True))
        return [answered[place] for place in range(len(tasks))]
