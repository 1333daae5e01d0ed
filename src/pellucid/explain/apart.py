"""Rows before single background rows, each a game of its own: of the players whose cells differ there.

The Shapley values of a row are the mean of those before every background row. Before one of them a player who shows
there what the row shows as well changes nothing. Where rows have many cells in common with the background, the games
apart have fewer players than the row has before all of it, so that fewer coalitions tell as much, and all of them are
different inputs. Games of equally many players share a design, whichever rows they are of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, replace

import numpy as np
import numpy.typing as npt

from pellucid.explain.allocation import allocated
from pellucid.explain.fits import Estimate, relative_errors
from pellucid.explain.game import MaskedGames
from pellucid.explain.loadings import all_weights, normalised
from pellucid.explain.maskers.masked_rows import MaskedRows
from pellucid.explain.odd_terms import Prior
from pellucid.explain.one_thread import one_thread
from pellucid.explain.plan import PER_PLAYER, Plan
from pellucid.explain.results import Results
from pellucid.explain.shared_errors import Draw, SumsOfGames, covariances_with_sums
from pellucid.explain.standard_errors import Units
from pellucid.explain.strata import Background, stratified
from pellucid.explain.tasks import ROWS_MET, Task, tasks_of
from pellucid.protocols.game import Asked, Games, runs
from pellucid.records import dataclass

__all__ = ["RoundsApart", "before_each_if_fewer"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Key = tuple[int, int, int, int]
"""Block, number of players, stratum and most samples of a task: no two tasks of a round share them."""

FEWER = 0.85
"""Share of a row's active players that games apart may have, on average, to be worth playing."""
MOST_CELLS = 2**24
"""Players of all coalitions of a block that are asked first, beyond which games apart take too much memory."""
GAMES_OF_A_DESIGN = 128
"""Games, on average, that make a design: more draws average out better, and take longer to solve."""
LEAST_OFF, MOST_OFF = 1.3, 8.0
"""By how much errors are reduced in a round: the least that is worth it, and where they are not known yet."""
ESTIMATORS = ("enumeration", "leverage", "odd terms", "border")
"""What a row is explained by is the last of these that any of its games is."""


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """A task, the values of its coalitions, and the prior that they told."""

    task: Task
    known: Floats
    believed: Prior | None


def before_each_if_fewer(games: Games, rows: Integers) -> Booleans | None:
    """Active players before each background row, shape (rows, background, players), if they are few enough.

    None where games apart have hardly fewer players than those before the whole background, where nobody knows, or
    where so many coalitions are too many to hold.
    """
    if not isinstance(games, MaskedGames) or games.inputs_per_coalition == 1:
        return None
    masked = games.masker.masked(Asked(rows, np.zeros((len(rows), games.players), dtype=bool)))
    if not isinstance(masked, MaskedRows):
        return None
    differing = masked.differing
    apart, together = differing.sum(), differing.any(axis=1).sum() * differing.shape[1]
    cells = PER_PLAYER * apart * games.players
    return differing if apart <= FEWER * together and cells <= MOST_CELLS else None


@dataclass(frozen=True, slots=True, eq=False)
class RoundsApart:
    """Rounds of asking and solving games apart, until all rows are as precise as wanted.

    A game is that of a row before a background row; it stands at ``row * background + background row``.

    Parameters
    ----------
    games
        Of the rows before single background rows.
    plan
        As for `explain_blocks`.
    wanted
        Relative error of the rows.
    results
        Of the rows.
    numbers
        Of the games, ascending, shape (games,).
    active
        Active players, shape (games, players).
    empty
        Values of the empty coalition, shape (games, outputs).
    values
        Shapley values found so far, shape (games, players, outputs).
    odd_parts
        What odd terms add to them, of the same shape.
    samples, ways
        What they were found from, and by which of the estimators, shape (games,).
    """

    games: Games
    plan: Plan
    wanted: float
    results: Results
    numbers: Integers
    active: Booleans
    empty: Floats
    values: Floats
    odd_parts: Floats
    samples: Integers
    ways: Integers
    solved: dict[Key, Solved] = field(init=False, default_factory=dict)
    draws: dict[Key, list[Draw]] = field(init=False, default_factory=dict)
    variances: dict[Key, Floats] = field(init=False, default_factory=dict)

    @classmethod
    def of(
        cls, games: Games, plan: Plan, wanted: float, results: Results, bases: Floats, before_each: Booleans
    ) -> RoundsApart:
        """Rounds of which none was asked yet.

        Parameters
        ----------
        games
            Of the rows.
        bases
            Values of the empty coalition before every background row, shape (background, rows, outputs).
        before_each
            Active players there, shape (rows, background, players).
        """
        background, active = len(bases), before_each.reshape(-1, before_each.shape[2])
        empty = bases.swapaxes(0, 1).reshape(-1, bases.shape[2])
        alone = active & (active.sum(axis=1, keepdims=True) == 1)
        gained = np.repeat(results.full, background, axis=0) - empty
        return cls(
            games=stratified(games, background),
            plan=plan,
            wanted=wanted,
            results=results,
            numbers=(results.rows[:, None] * background + np.arange(background)).ravel(),
            active=active,
            empty=empty,
            # A single player is owed the whole difference.
            values=np.where(alone[:, :, None], gained[:, None], 0.0),
            odd_parts=np.zeros((*active.shape, gained.shape[1])),
            samples=np.zeros(len(active), dtype=np.intp),
            ways=np.zeros(len(active), dtype=np.intp),
        )

    @property
    def background(self) -> int:
        """Background rows."""
        return len(self.numbers) // len(self.results.rows)

    def finish(self, samples: Integers) -> None:
        """Enter the results of all rows, which may be asked so many samples each, shape (rows,)."""
        tasks = self._first(np.repeat(samples, self.background))
        while tasks:
            self._solve(tasks)
            tasks = self._further()
        self._enter()

    def _first(self, most: Integers) -> list[Task]:
        tasks: list[Task] = []
        blocks = np.repeat(self.results.blocks, self.background)
        strata = np.concatenate([self._strata(block) for block in runs(blocks)])
        for stratum in range(int(strata.max()) + 1):
            of = np.flatnonzero(strata == stratum)
            background = Background(parts=self.background, stratum=stratum)
            tasks += tasks_of(self.plan, self.numbers[of], blocks[of], self.active[of], most[of], background)
        return tasks

    def _strata(self, block: slice) -> Integers:
        """Stratum of every game of a block: background rows take turns, and each stratum has designs of its own."""
        sizes = len(np.unique(self.active[block].sum(axis=1)))
        strata = max(1, (block.stop - block.start) // (GAMES_OF_A_DESIGN * sizes))
        return np.asarray(self.numbers[block] % self.background % strata)

    def _solve(self, tasks: Sequence[Task]) -> None:
        """Ask and solve all tasks."""
        questions = [task.question(self.games.players) for task in tasks]
        answer = self.games.values(Asked.join(questions))
        self.results.model_rows += answer.model_rows
        answered = np.split(answer.values, np.cumsum([len(question) for question in questions])[:-1])
        priors: dict[tuple[int, ...], Prior] = {}
        with one_thread():
            # Most games first: they tell best what to believe of all games of their block.
            for task, found in sorted(zip(tasks, answered, strict=True), key=lambda one: -len(one[0].rows)):
                block, kind = (task.place,), (task.place, task.players.shape[1])
                told = priors.get(kind)
                knowing = task.believing(priors.get(block)) if told is None else replace(task, believed=told)
                known, at = task.all_values(found), self._games_of(task)
                of_rows = at // self.background
                estimate = knowing.estimate(known, self.empty[None, at], self.results.full[of_rows])
                if estimate.believed is not None:
                    priors.setdefault(block, estimate.believed)
                    # Strata are alike in what is to be believed of them.
                    priors.setdefault(kind, replace(estimate.believed, settled=True))
                self.solved[_key(task)] = Solved(task, known, estimate.believed)
                self._enter_values(task, at, estimate)
                self._enter_errors(task, of_rows, estimate)

    def _enter_values(self, task: Task, at: Integers, estimate: Estimate) -> None:
        """Enter what was found of a task's games; later rounds replace earlier ones."""
        self.values[at[:, None], task.players] = estimate.values
        self.odd_parts[at[:, None], task.players] = estimate.odd_parts()
        self.samples[at] = len(task.design.coalitions)
        scheme = ESTIMATORS.index("enumeration" if task.design.complete else task.design.scheme)
        self.ways[at] = np.where(estimate.with_odd_terms, ESTIMATORS.index("odd terms"), scheme)

    def _enter_errors(self, task: Task, of_rows: Integers, estimate: Estimate) -> None:
        """Enter the errors of what a task's games add up to, row by row; those of other tasks add to them."""
        rows, row = np.unique(of_rows, return_inverse=True)
        (fit,), everyone, outputs = estimate.fits, *self.results.values.shape[1:]
        sums = [
            SumsOfGames(units, games.reshape(len(row), outputs), row, task.players, everyone)
            for units, games in fit.units_with_games()
            if isinstance(units, Units)
        ]
        draw = Draw(rows, len(task.design.coalitions), sums)
        errors = draw.errors(everyone, outputs)
        if np.isnan(fit.errors).any():
            errors[row[:, None], task.players] = np.nan
        self.variances.setdefault(_key(task), np.zeros(self.results.values.shape))[rows] = errors**2
        # A smaller design is kept for the rows that stopped at it.
        smaller = [one for one in self.draws.get(_key(task), []) if not np.isin(one.rows, rows).all()]
        self.draws[_key(task)] = [*smaller, draw]

    def _games_of(self, task: Task) -> Integers:
        """Where a task's games stand among all."""
        return np.searchsorted(self.numbers, task.rows)

    def _rows_of(self, task: Task) -> Integers:
        """Where the row of each of a task's games stands among all rows."""
        return self._games_of(task) // self.background

    def _further(self) -> list[Task]:
        """Tasks of the rows that are not precise, with more samples."""
        off = relative_errors(*self._together()) / self.wanted
        of_blocks: dict[int, list[Key]] = {}
        for key, task in ((key, one.task) for key, one in self.solved.items()):
            if task.samples < task.most and (~(off[self._rows_of(task)] <= 1)).any():
                of_blocks.setdefault(task.place, []).append(key)
        return [task for keys in of_blocks.values() for task in self._grown(keys, off)]

    def _grown(self, keys: Sequence[Key], off: Floats) -> Iterable[Task]:
        """Tasks of a block that get more samples, for its rows that go on."""
        tasks = [self.solved[key].task for key in keys]
        going_on = [~(off[self._rows_of(task)] <= 1) for task in tasks]
        rows = np.unique(np.concatenate([self._rows_of(task)[on] for task, on in zip(tasks, going_on, strict=True)]))
        variances = np.stack([self.variances[key][rows].sum(axis=(1, 2)) for key in keys])
        total = sum(one[rows].sum(axis=(1, 2)) for one in self.variances.values())
        shares = np.divide(variances, total, out=np.full(variances.shape, 1 / len(keys)), where=total > 0)
        times = np.quantile(np.nan_to_num(off[rows], nan=MOST_OFF), ROWS_MET)
        samples = allocated(
            shares.mean(axis=1),
            np.array([task.samples for task in tasks]),
            np.array([task.most for task in tasks]),
            np.array([on.sum() for on in going_on]),
            max(float(times), LEAST_OFF) ** 2,
        )
        for key, on, enough in zip(keys, going_on, samples.tolist(), strict=True):
            before = self.solved[key]
            if enough > before.task.samples:
                yield before.task.grown(before.known, before.believed, on, enough)

    def _together(self) -> tuple[Floats, Floats]:
        """Values of all rows and their variances, shape (rows, players, outputs)."""
        values = self._of_rows(self.values)
        variances = sum(self.variances.values(), np.zeros(values.shape)) / self.background**2
        return values, variances

    def _of_rows(self, of_games: Floats) -> Floats:
        return np.asarray(of_games.reshape(-1, self.background, *of_games.shape[1:]).mean(axis=1))

    def _enter(self) -> None:
        results, background = self.results, self.background
        results.values, variances = self._together()
        results.errors = np.sqrt(variances)
        results.loadings = self._loadings()
        results.odd_parts = self._of_rows(self.odd_parts)
        results.samples = np.ceil(self.samples.reshape(-1, background).mean(axis=1)).astype(np.intp)
        results.estimators = np.array(ESTIMATORS, dtype=object)[self.ways.reshape(-1, background).max(axis=1)]

    def _loadings(self) -> Floats:
        """Loadings of all rows on the errors of their blocks, shape (aggregations, rows, players, outputs)."""
        weighted = all_weights(self.results.values)
        covariances = np.zeros(weighted.shape)
        # Designs of different numbers of players, and of different strata, are drawn independently.
        for draws in self.draws.values():
            rows = draws[0].rows
            covariances[:, rows] += covariances_with_sums(draws, weighted[:, rows])
        blocks = [normalised(covariances[:, block], weighted[:, block]) for block in runs(self.results.blocks)]
        return np.concatenate(blocks, axis=1) / self.background


def _key(task: Task) -> Key:
    return task.place, task.players.shape[1], task.strata[0], task.most
