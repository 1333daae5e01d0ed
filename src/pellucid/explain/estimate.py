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
from pellucid.explain.plan import BLOCK_ROWS, Pace, Plan
from pellucid.explain.results import Results
from pellucid.explain.strata import Background, can_be_stratified, ends_before_each, stratified
from pellucid.explain.tasks import Task, tasks_of
from pellucid.explain.waves import asked_together, inputs_of_rows, samples_with_few_completed
from pellucid.protocols.game import Asked, Games, runs
from pellucid.records import dataclass

__all__ = ["bases_of", "blocks_of", "explain_blocks", "explain_games", "rows_of_a_design", "rows_of_block"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

GAMES_OF_A_DESIGN = 2048
"""Games, one for each row and output, beyond which fewer rows share designs, down to the least block: all values of
their coalitions are held at once."""
INPUTS_AT_ONCE = 4 * BATCH_ROWS
"""Inputs that rows ask for together, at most, unless a single block asks for more."""
BLOCKS_LOOKED_AT = 128
"""Blocks of which is found out at a time how much they ask for."""
WAVES_IN_TIME = 8
"""Parts of the rows left, one of which is asked before the time left is looked at again."""


def blocks_of(rows: int, block_rows: int = BLOCK_ROWS) -> range:
    """Numbers of the blocks of so many rows.

    >>> list(blocks_of(130))
    [0, 1, 2]
    """
    return range(-(-rows // block_rows))


def bases_of(rows: int, block_rows: int = BLOCK_ROWS, *, common: bool) -> int:
    """How often the empty coalition of so many rows is asked at most: once for each block if all rows share it.

    >>> bases_of(130, common=True), bases_of(130, common=False)
    (3, 130)
    """
    return len(blocks_of(rows, block_rows)) if common else rows


def rows_of_a_design(block_rows: int, outputs: int) -> int:
    """Rows of a block that share designs, where there are so many outputs.

    >>> [rows_of_a_design(512, outputs) for outputs in (1, 4, 10, 1000)]
    [512, 512, 128, 64]
    """
    rows = block_rows
    while rows > BLOCK_ROWS and rows * outputs > GAMES_OF_A_DESIGN:
        rows //= 2
    return rows


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
    """Shapley values block by block, or in parts of blocks where outputs are many, as soon as a block is done.

    Parameters
    ----------
    games
        One game per row.
    plan
        How to explain.
    blocks
        Which blocks, each of as many rows as the plan says, ascending; by default all. Unless the budget is in seconds,
        the numbers of a block do not depend on which others are asked for.
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
    asked = list(blocks_of(games.rows, plan.block_rows) if blocks is None else blocks)
    most = _samples_of(games, plan, games.players)
    if plan.budget.seconds is not None:
        if clock is None:
            raise ConfigError(Problem("budget.seconds", plan.budget.seconds, fix="Give a clock as well."))
        yield from _explain_in_time(games, plan, asked, most, Pace(plan.budget.seconds, clock, clock()))
        return
    for wave in _waves(games, plan, asked, most):
        yield from _explain_wave(games, plan, wave)


def _explain_in_time(games: Games, plan: Plan, blocks: list[int], most: int, pace: Pace) -> Iterator[Attributions]:
    """Shapley values of all blocks with as many samples, ``most`` at most, as the speed so far leaves time for."""
    left, tried = blocks, None
    while left:
        samples = pace.samples(most, games.players, _rows_of(games, plan, left))
        # The first block goes alone to show how fast the work goes, and later ones still show whether that has changed.
        few = left[: max(1, len(left) // WAVES_IN_TIME)] if pace.asked else left[:1]
        wave = next(_waves(games, plan, few, samples))
        explained = _explain_wave(games, plan, wave)
        pace = pace.after(sum(int(part.samples.sum()) for part in explained))
        if tried is not None:
            explained[0] = replace(explained[0], model_rows=explained[0].model_rows + tried.model_rows)
            tried = None
        elif pace.allows_more(samples, most, games.players, _rows_of(games, plan, left)):
            # What showed the speed gets its share of the time like the others.
            tried = explained[0]
            continue
        left = left[len(explained) :]
        yield from explained


def _rows_of(games: Games, plan: Plan, blocks: Sequence[int]) -> int:
    return sum(len(rows_of_block(games, plan, block)) for block in blocks)


def rows_of_block(games: Games, plan: Plan, block: int) -> range:
    """Positions of the rows of a block."""
    return range(block * plan.block_rows, min((block + 1) * plan.block_rows, games.rows))


def _samples_of(games: Games, plan: Plan, players: int) -> int:
    """Most coalitions of a row with so many players."""
    return plan.budget.samples_of(
        players=players,
        rows=games.rows,
        inputs_per_coalition=games.inputs_per_coalition,
        bases=bases_of(games.rows, plan.block_rows, common=games.has_common_base),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """Rows whose coalitions are asked together.

    Parameters
    ----------
    rows
        Positions of whole blocks of rows, shape (rows,).
    active
        Active players, shape (rows, players).
    samples
        Coalitions that the budget allows, shape (rows,).
    """

    rows: Integers
    active: Booleans
    samples: Integers

    def __getitem__(self, part: slice) -> Wave:
        return Wave(self.rows[part], self.active[part], self.samples[part])

    @staticmethod
    def join(waves: Sequence[Wave]) -> Wave:
        """Waves one after another, at least one."""
        names = ("rows", "active", "samples")
        return Wave(*(np.concatenate([getattr(wave, name) for wave in waves]) for name in names))


def _waves(games: Games, plan: Plan, blocks: Sequence[int], samples: int) -> Iterator[Wave]:
    """The rows of all blocks, as many together as fill the requests, each with so many ``samples`` at most."""
    for start in range(0, len(blocks), BLOCKS_LOOKED_AT):
        some = _rows_with_players(games, plan, blocks[start : start + BLOCKS_LOOKED_AT], samples)
        inputs = inputs_of_rows(plan, some.active.sum(axis=1), some.samples, games.inputs_per_coalition)
        begins = np.flatnonzero(np.diff(some.rows // plan.block_rows, prepend=-1))
        ends = np.append(begins[1:], len(some.rows))
        for part in asked_together(np.add.reduceat(inputs, begins), INPUTS_AT_ONCE):
            yield some[begins[part.start] : ends[part.stop - 1]]


def _rows_with_players(games: Games, plan: Plan, blocks: Sequence[int], samples: int) -> Wave:
    rows = np.concatenate([rows_of_block(games, plan, block) for block in blocks])
    playing = games.playing(rows.tolist())
    active = playing if plan.estimator == "clarify" else games.active(rows.tolist())
    number, of_number = np.unique(playing.sum(axis=1), return_inverse=True)
    most = np.array([min(samples, _samples_of(games, plan, players)) for players in number.tolist()])
    return Wave(rows, active, most[of_number])


def _explain_wave(games: Games, plan: Plan, wave: Wave) -> list[Attributions]:
    """Shapley values block by block; of blocks that are played alike, coalitions are asked together."""
    if plan.budget.precision is None:
        return _explain_alike(games, plan, wave)
    together, apart, before_each = list[Wave](), list[Wave](), list[Booleans]()
    for part in runs(wave.rows // plan.block_rows):
        # Whether a block is played apart depends on its own rows only, as all its numbers do.
        fewer = before_each_if_fewer(games, wave.rows[part])
        if fewer is None:
            together.append(wave[part])
        else:
            apart.append(wave[part])
            before_each.append(fewer)
    explained = _explain_alike(games, plan, Wave.join(together)) if together else []
    if apart:
        explained += _explain_alike(games, plan, Wave.join(apart), np.concatenate(before_each))
    return sorted(explained, key=lambda part: int(part.blocks[0]))


def _explain_alike(games: Games, plan: Plan, wave: Wave, apart: Booleans | None = None) -> list[Attributions]:
    """Shapley values of some blocks, whose coalitions are asked together.

    Parameters
    ----------
    apart
        Active players before each background row, shape (rows, background, players), if the games before each are
        played apart.
    """
    may_be_stratified = plan.budget.precision is not None and can_be_stratified(games)
    results = (_first_results_of_strata if may_be_stratified else _first_results)(games, plan, wave)
    if apart is not None and results.bases is not None and plan.budget.precision is not None:
        RoundsApart.of(games, plan, plan.budget.precision, results, results.bases, apart).finish(wave.samples)
        return results.by_block()
    background = Background(games.inputs_per_coalition, may_be_stratified)
    samples = samples_with_few_completed(
        plan, results.blocks, wave.active.sum(axis=1), wave.samples, games.inputs_per_coalition
    )
    tasks = tasks_of(plan, wave.rows, results.blocks, wave.active, samples, background)
    rounds = Rounds(games, plan, results)
    while tasks:
        tasks = rounds.after(tasks)
    return results.by_block()


def _first_results(games: Games, plan: Plan, wave: Wave) -> Results:
    ends = games.ends(wave.rows.tolist())
    designs = wave.rows // rows_of_a_design(plan.block_rows, ends.values.shape[2])
    return Results(wave.rows, designs, wave.active, ends.values[:, 0], ends.values[:, 1], ends.model_rows)


def _first_results_of_strata(games: Games, plan: Plan, wave: Wave) -> Results:
    bases, full = ends_before_each(games, wave.rows)
    designs = wave.rows // rows_of_a_design(plan.block_rows, full.values.shape[1])
    return Results(wave.rows, designs, wave.active, bases.mean(axis=0), full.values, full.model_rows, bases)


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
