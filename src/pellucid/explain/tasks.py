"""The unit of work: rows of a block whose games have equally many players, and so one design and one solver."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, Problem
from pellucid.explain.designs import Design, border, clarify, enumeration, leverage, permutations, stream
from pellucid.explain.odd_terms import can_learn, fit_odd_terms
from pellucid.explain.plan import PER_PLAYER, Plan
from pellucid.explain.solve import solver
from pellucid.explain.standard_errors import standard_errors
from pellucid.protocols.game import Asked

__all__ = ["Estimate", "Task", "tasks_of"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

ENUMERABLE = 20
"""Most players of whom all coalitions are asked."""
GROWTH = 1.5
BORDER, LEVERAGE, CLARIFY, PERMUTATION = range(1, 5)
"""First part of the place of a stream of random numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Shapley values of a task's rows and active players.

    Parameters
    ----------
    values, standard_errors
        Shape (rows, active players, outputs).
    with_odd_terms
        Shape (rows,): whether odd terms were used for any output.
    """

    values: Floats
    standard_errors: Floats
    with_odd_terms: Booleans

    def precise(self, wanted: float) -> Booleans:
        """Rows whose relative error is at most ``wanted`` for every output, shape (rows,); unknown errors are not."""
        met: Booleans = (self.standard_errors**2).sum(axis=1) <= wanted**2 * (self.values**2).sum(axis=1)
        return np.asarray(met.all(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Rows that share a design.

    Parameters
    ----------
    plan
        How to explain.
    place
        Block of the rows; in Clarify's scheme, which draws anew for every row, the row.
    rows
        Positions of the rows, shape (rows,).
    players
        Active players of each row, at least two, shape (rows, active).
    samples, most
        Coalitions to ask, and how many they may grow to.
    design
        The coalitions to ask.
    before, known
        The smaller design asked before, and its values, shape (rows, coalitions, outputs).
    """

    plan: Plan
    place: int
    rows: Integers
    players: Integers
    samples: int
    most: int
    design: Design
    before: Design | None = None
    known: Floats | None = None

    def questions(self, all_players: int) -> list[Asked]:
        """Coalitions of all players whose values are not known yet, row by row."""
        new = self.design.coalitions[self._unknown()]
        if np.array_equal(self.players, np.broadcast_to(np.arange(all_players), (len(self.rows), all_players))):
            return [Asked(row, new) for row in self.rows.tolist()]
        coalitions = np.zeros((len(self.rows), len(new), all_players), dtype=bool)
        np.put_along_axis(
            coalitions, np.broadcast_to(self.players[:, None], (*coalitions.shape[:2], new.shape[1])), new, 2
        )
        return [Asked(row, of_row) for row, of_row in zip(self.rows.tolist(), coalitions, strict=True)]

    def _unknown(self) -> Booleans:
        unknown = np.ones(len(self.design.coalitions), dtype=bool)
        if self.before is not None:
            unknown[self.design.position_of(self.before)] = False
        return unknown

    def all_values(self, new: Floats) -> Floats:
        """Values of the whole design, from those of the questions, shape (rows, coalitions, outputs)."""
        if self.before is None or self.known is None:
            return new
        together = np.empty((len(self.rows), len(self.design.coalitions), new.shape[2]))
        together[:, self.design.position_of(self.before)] = self.known
        together[:, self._unknown()] = new
        return together

    def estimate(self, values: Floats, empty: Floats, full: Floats) -> Estimate:
        """Solve for all rows and outputs at once.

        Parameters
        ----------
        values
            Shape (rows, coalitions, outputs).
        empty, full
            Shape (rows, outputs).
        """
        solved = solver(self.design)
        games = np.moveaxis(values, 2, 1).reshape(-1, values.shape[1])
        shapley = solved.solve(games, empty.ravel(), full.ravel())
        errors = standard_errors(self.design, solved, games, empty.ravel(), shapley)
        better = np.zeros(len(games), dtype=bool)
        if self.plan.estimator == "auto" and can_learn(self.design):
            fit = fit_odd_terms(self.design, solved, games, shapley)
            better = fit.better
            shapley = np.where(better[:, None], fit.shapley, shapley)
            errors = np.where(better[:, None], fit.standard_errors, errors)
        shape = (len(self.rows), -1, self.players.shape[1])
        return Estimate(
            np.moveaxis(shapley.reshape(shape), 2, 1),
            np.moveaxis(errors.reshape(shape), 2, 1),
            np.asarray(better.reshape(len(self.rows), -1).any(axis=1)),
        )

    def grown(self, values: Floats, rows: Booleans) -> Task | None:
        """The task of the chosen rows with more samples, or None if there are none or no more may be asked."""
        if not rows.any() or self.samples >= self.most:
            return None
        samples = min(self.most, int(GROWTH * self.samples))
        design = _design(self.plan, self.place, self.players.shape[1], samples)
        keeps = self.design.scheme == "leverage" and design.scheme == "leverage"
        return replace(
            self,
            rows=self.rows[rows],
            players=self.players[rows],
            samples=samples,
            design=design,
            before=self.design if keeps else None,
            known=values[rows] if keeps else None,
        )


def tasks_of(plan: Plan, rows: Integers, blocks: Integers, active: Booleans, samples: Integers) -> list[Task]:
    """Tasks of the rows that have two active players or more.

    Parameters
    ----------
    rows, blocks
        Positions of the rows and their blocks, shape (rows,).
    active
        Active players, shape (rows, players).
    samples
        Coalitions of each row that the budget allows, shape (rows,).

    Raises
    ------
    ConfigError
        All coalitions of too many players are to be enumerated, or the samples do not make one permutation.
    """
    number = active.sum(axis=1)
    places = rows if plan.estimator == "clarify" else blocks
    tasks = []
    keys = np.column_stack([places, number, samples])
    order = np.lexsort(keys.T[::-1])
    begins = np.flatnonzero((np.diff(keys[order], axis=0) != 0).any(axis=1)) + 1
    for chosen in np.split(order, begins) if len(rows) else ():
        place, players, allowed = keys[chosen[0]].tolist()
        if players >= 2:
            which = np.nonzero(active[chosen])[1].reshape(-1, players)
            first, most = _first_and_most(plan, players, allowed)
            design = _design(plan, place, players, first)
            if design.scheme == "border":
                which = which[:, stream(plan.seed, BORDER, place, players).permutation(players)]
            tasks.append(Task(plan, place, rows[chosen], which, first, most, design))
    return tasks


def _first_and_most(plan: Plan, players: int, samples: int) -> tuple[int, int]:
    most = max(1, min(samples, 2**players - 2))
    return (most if plan.budget.precision is None else min(most, PER_PLAYER * players)), most


def _design(plan: Plan, place: int, players: int, samples: int) -> Design:
    """Coalitions of one task; a design with more samples holds a leverage design with fewer."""
    if plan.estimator == "enumeration" and players > ENUMERABLE:
        fix = f"Use 'auto'; {players} features vary, and all coalitions are asked of at most {ENUMERABLE}."
        raise ConfigError(Problem("estimator", plan.estimator, fix=fix))
    if plan.estimator == "enumeration" or (samples >= 2**players - 2 and players <= ENUMERABLE):
        return enumeration(players)
    match plan.estimator:
        case "clarify":
            return clarify(players, samples, stream(plan.seed, CLARIFY, place))
        case "permutation" if samples < 2 * (players - 1):
            least = 2 * (players - 1)
            fix = f"Use at least {least}, one random order of the {players} features that vary and its reverse."
            raise ConfigError(Problem("budget.samples", samples, fix=fix))
        case "permutation":
            return permutations(players, samples, stream(plan.seed, PERMUTATION, place, players))
        case "leverage" if samples >= 2:
            pass
        case _ if plan.estimator == "border" or samples < PER_PLAYER * players:
            return border(players, samples)
    return leverage(players, samples, lambda size: stream(plan.seed, LEVERAGE, place, players, size))
