"""The unit of work: rows whose games have equally many players and share a design, and so a solver."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, Problem
from pellucid.explain.allocation import MOST_GROWTH
from pellucid.explain.designs import Design, Scheme, border, clarify, enumeration, leverage, permutations, stream
from pellucid.explain.fits import Estimate, Fit
from pellucid.explain.odd_terms import OddFit, Prior, can_learn, fit_odd_terms
from pellucid.explain.plan import PER_PLAYER, Plan
from pellucid.explain.solve import solver
from pellucid.explain.standard_errors import sampling_errors
from pellucid.explain.strata import Background
from pellucid.protocols.game import Asked, runs
from pellucid.records import dataclass

__all__ = ["ROWS_MET", "Task", "tasks_of"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

ENUMERABLE = 20
"""Most players of whom all coalitions are asked."""
LEAST_GROWTH = 1.25
"""Least multiple to which samples grow in a round where a precision is wanted."""
POWER_WITH_ODD_TERMS = 0.75
"""Samples grow by this power of how far off errors are: those of odd terms fall faster than samples grow, and samples
that were asked cannot be taken back."""
HOPELESS = 2.0
"""Errors of the linear fit beyond which odd terms would not make a first, small design precise enough: multiples of
what is wanted."""
FROM_LINEAR = 0.6
"""Share of the samples by which the linear fit would grow in proportion to its error that is asked for odd terms."""
POWER_FROM_LINEAR = 0.7
"""Power of that error by which they are asked for, where it is far off."""
FEW_MORE = 3
"""Multiple of the first samples up to which as many as there may be are asked at once."""
INPUTS_OF_A_ROUND = 8192
"""Inputs that take as long to predict as another round for each design."""
ROWS_MET = 0.75
"""Share of the rows that go on that are to be precise after the next round, as far as can be foretold."""
BORDER, LEVERAGE, CLARIFY, PERMUTATION = range(1, 5)
"""First part of the place of a stream of random numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Rows that share a design.

    Parameters
    ----------
    plan
        How to explain.
    place
        Block of the rows; in Clarify's scheme, which draws anew for every row, the row. Rows of all blocks share a
        design that is not drawn, an enumeration or a border; the place is the first of them then.
    rows
        Positions of the rows, shape (rows,).
    parts
        Rows of one block each. They go through matrix products on their own, whose last digits depend on what is
        multiplied together, so that no number depends on which blocks are asked for at the same time.
    players
        Active players of each row, at least two, shape (rows, active).
    samples, most
        Coalitions to ask, and how many they may grow to.
    designs, strata
        The coalitions to ask, of one size and scheme: a design for each stratum of the background, or a single one for
        all of it; and which streams of random numbers they are drawn from, one for each design.
    background
        What a coalition costs.
    before, known, believed
        The smaller designs asked before, their values, shape (designs, rows, coalitions, outputs), and the prior of
        their odd terms, or of those of other rows.
    """

    plan: Plan
    place: int
    rows: Integers
    parts: Sequence[slice]
    players: Integers
    samples: int
    most: int
    designs: Sequence[Design]
    strata: Sequence[int]
    background: Background
    before: Sequence[Design] | None = None
    known: Floats | None = None
    believed: Prior | None = None

    @property
    def design(self) -> Design:
        """The first design, which tells the sizes and the scheme of all."""
        return self.designs[0]

    def question(self, all_players: int) -> Asked:
        """Coalitions of all players whose values are not known yet, design by design and row by row."""
        unknown, strata = self._unknown(), len(self.designs)
        return Asked.join(
            [
                Asked.of_active(self.rows * strata + stratum, self.players, design.coalitions[unknown], all_players)
                for stratum, design in enumerate(self.designs)
            ]
        )

    def _unknown(self) -> Booleans:
        unknown = np.ones(len(self.design.coalitions), dtype=bool)
        if self.before is not None:
            unknown[self.design.position_of(self.before[0])] = False
        return unknown

    def believing(self, prior: Prior | None) -> Task:
        """The same task with a prior for its odd terms, unless it has one of its own."""
        return self if prior is None or self.believed is not None else replace(self, believed=prior)

    def all_values(self, answered: Floats) -> Floats:
        """Values of the whole designs, from answers to the question, shape (designs, rows, coalitions, outputs)."""
        new = answered.reshape(len(self.designs), len(self.rows), -1, answered.shape[1])
        if self.before is None or self.known is None:
            return new
        together = np.empty((*new.shape[:2], len(self.design.coalitions), new.shape[3]))
        together[:, :, self.design.position_of(self.before[0])] = self.known
        together[:, :, self._unknown()] = new
        return together

    def estimate(self, values: Floats, empty: Floats, full: Floats) -> Estimate:
        """Solve for all rows and outputs at once.

        Parameters
        ----------
        values
            Shape (designs, rows, coalitions, outputs).
        empty
            Shape (designs, rows, outputs).
        full
            Shape (rows, outputs).
        """
        fits = [self._linear(*of_one, full) for of_one in zip(self.designs, values, empty, strict=True)]
        linear = self._mean(fits)
        if self.plan.estimator != "auto" or not can_learn(self.design) or self._is_hopeless(linear):
            return linear
        found = [self._odd_terms(0, fits[0], self.believed)]
        # Strata are alike in what is to be believed of them.
        believed = replace(found[0].prior, settled=True)
        found += [self._odd_terms(stratum, fit, believed) for stratum, fit in enumerate(fits[1:], start=1)]
        refined = [fit.refined(odd) for fit, odd in zip(fits, found, strict=True)]
        return replace(self._mean(refined), believed=found[0].prior)

    def _odd_terms(self, stratum: int, fit: Fit, believed: Prior | None) -> OddFit:
        return fit_odd_terms(self.designs[stratum], fit.solver, fit.games, fit.shapley, believed)

    def _linear(self, design: Design, values: Floats, empty: Floats, full: Floats) -> Fit:
        solved, outputs = solver(design), values.shape[2]
        games = np.moveaxis(values, 2, 1).reshape(-1, values.shape[1])
        parts = [slice(part.start * outputs, part.stop * outputs) for part in self.parts]
        shapley = solved.solve(games, empty.ravel(), full.ravel(), parts)
        errors, units = sampling_errors(design, solved, games, empty.ravel(), shapley)
        return Fit(solved, games, shapley, errors, np.zeros(len(games), dtype=bool), units)

    def _mean(self, fits: Sequence[Fit]) -> Estimate:
        """Of fits to designs that were drawn independently of each other."""
        shape = (len(self.rows), -1, self.players.shape[1])
        shapley, errors, odd = fits[0].shapley, fits[0].errors, fits[0].with_odd_terms
        if len(fits) > 1:
            shapley = np.mean([fit.shapley for fit in fits], axis=0)
            errors = np.sqrt(np.mean([fit.errors**2 for fit in fits], axis=0) / len(fits))
            odd = np.any([fit.with_odd_terms for fit in fits], axis=0)
        return Estimate(
            np.moveaxis(shapley.reshape(shape), 2, 1),
            np.moveaxis(errors.reshape(shape), 2, 1),
            np.asarray(odd.reshape(len(self.rows), -1).any(axis=1)),
            fits,
        )

    def _is_hopeless(self, linear: Estimate) -> bool:
        """Whether more will be asked anyway, so that odd terms need not be learnt from the first samples."""
        wanted = self.plan.budget.precision
        if wanted is None or self.before is not None or self.samples >= self.most:
            return False
        return bool(np.median(linear.errors()) > HOPELESS * wanted * math.sqrt(self.background.parts))

    def after(self, values: Floats, estimate: Estimate, wanted: float) -> Task | None:
        """The task of the rows whose relative error is above what is wanted, with more samples.

        None if there are no such rows, or no more samples may be asked.
        """
        off = estimate.errors() / wanted
        rows = ~(off <= 1)
        if not rows.any() or self.samples >= self.most:
            return None
        return self.grown(values, estimate.believed, rows, self._enough(estimate, rows, off[rows]))

    def grown(self, values: Floats, believed: Prior | None, rows: Booleans, samples: int) -> Task:
        """The task of some rows with more samples.

        Parameters
        ----------
        values
            Of the coalitions, as for the estimate.
        believed
            What they told of odd terms.
        rows
            Which rows go on, shape (rows,).
        samples
            At most as many as there may be.
        """
        players = self.players.shape[1]
        # All coalitions are a leverage design as well, which holds the smaller one.
        scheme = "leverage" if self.design.scheme == "leverage" else _scheme(self.plan, players, samples)
        designs = _designs(self.plan, scheme, self.place, players, samples, self.strata)
        keeps = self.design.scheme == "leverage" and scheme == "leverage"
        return replace(
            self,
            rows=self.rows[rows],
            parts=(slice(0, int(rows.sum())),),
            players=self.players[rows],
            samples=samples,
            designs=designs,
            before=self.designs if keeps else None,
            known=values[:, rows] if keeps else None,
            believed=believed,
        )

    def _enough(self, estimate: Estimate, rows: Booleans, off: Floats) -> int:
        """Samples that three quarters of some rows need, or all, where the others are not worth another round."""
        off = np.nan_to_num(off, nan=MOST_GROWTH)
        if estimate.with_odd_terms[rows].mean() > 0.5:
            off = off**POWER_WITH_ODD_TERMS
        elif self.plan.estimator == "auto" and can_learn(self.design) and estimate.believed is None:
            off = np.minimum(FROM_LINEAR * off, off**POWER_FROM_LINEAR)
        needed = np.minimum(self.most, self.samples * np.clip(off, LEAST_GROWTH, MOST_GROWTH))
        wasted = (needed.max() - needed).sum() * self.background.inputs
        if wasted <= INPUTS_OF_A_ROUND * len(self.designs):
            return int(needed.max())
        return int(np.quantile(needed, ROWS_MET))


def tasks_of(
    plan: Plan, rows: Integers, blocks: Integers, active: Booleans, samples: Integers, background: Background
) -> list[Task]:
    """Tasks of the rows that have two active players or more.

    Parameters
    ----------
    rows, blocks
        Positions of the rows and their blocks, shape (rows,).
    active
        Active players, shape (rows, players).
    samples
        Coalitions of each row that the budget allows, shape (rows,).
    background
        What coalitions are asked before.

    Raises
    ------
    ConfigError
        All coalitions of too many players are to be enumerated, or of more than the budget allows; or the samples do
        not make one permutation.
    """
    number = active.sum(axis=1)
    places = rows if plan.estimator == "clarify" else blocks
    tasks = []
    of_place, keys = _random_keys(plan, places, active.shape[1])
    for players, allowed in sorted(set(zip(number.tolist(), samples.tolist(), strict=True))):
        if players < 2:
            continue
        _refuse_more_than_allowed(plan, players, allowed)
        chosen = np.flatnonzero((number == players) & (samples == allowed))
        which = np.nonzero(active[chosen])[1].reshape(-1, players)
        first, most = _first_and_most(plan, players, allowed)
        scheme, parts = _scheme(plan, players, first), runs(places[chosen])
        if scheme == "border":
            which = np.take_along_axis(which, keys[of_place[chosen], :players].argsort(axis=1, kind="stable"), 1)
        parts_of_tasks = [parts] if scheme in ("border", "enumeration") else [[part] for part in parts]
        for of_task in parts_of_tasks:
            begin, end = of_task[0].start, of_task[-1].stop
            place = int(places[chosen[begin]])
            strata = range(background.stratum, background.stratum + background.strata(end - begin, first))
            tasks.append(
                Task(
                    plan=plan,
                    place=place,
                    rows=rows[chosen[begin:end]],
                    parts=[slice(part.start - begin, part.stop - begin) for part in of_task],
                    players=which[begin:end],
                    samples=first,
                    most=most,
                    designs=_designs(plan, scheme, place, players, first, strata),
                    strata=strata,
                    background=background,
                )
            )
    return tasks


def _refuse_more_than_allowed(plan: Plan, players: int, samples: int) -> None:
    """Raise where all coalitions of so many players are wanted, and a budget allows ``samples`` only."""
    if plan.estimator == "enumeration" and plan.budget.is_bounded and samples < 2**players - 2:
        every = f"{players} features that vary have {2**players - 2:,} coalitions"
        fix = f"Use 'auto', or a larger budget: {every}, and it allows {samples:,} for a row."
        raise ConfigError(Problem("estimator", plan.estimator, fix=fix))


def _random_keys(plan: Plan, places: Integers, players: int) -> tuple[Integers, Floats]:
    """Numbers that put the players of a border in order, shape (places, players), and which of them each row has."""
    distinct, of_row = np.unique(places, return_inverse=True)
    keys = [stream(plan.seed, BORDER, place).random(players) for place in distinct.tolist()]
    return of_row, np.stack(keys)


def _first_and_most(plan: Plan, players: int, samples: int) -> tuple[int, int]:
    most = max(1, min(samples, 2**players - 2))
    few = PER_PLAYER * players
    return (most if plan.budget.precision is None or most <= FEW_MORE * few else few), most


def _scheme(plan: Plan, players: int, samples: int) -> Scheme:
    """How the coalitions of so many players are chosen."""
    if plan.estimator == "enumeration" and players > ENUMERABLE:
        fix = f"Use 'auto'; {players} features vary, and all coalitions are asked of at most {ENUMERABLE}."
        raise ConfigError(Problem("estimator", plan.estimator, fix=fix))
    if plan.estimator == "enumeration" or (samples >= 2**players - 2 and players <= ENUMERABLE):
        return "enumeration"
    match plan.estimator:
        case "clarify":
            return "clarify"
        case "permutation" if samples < 2 * (players - 1):
            raise ConfigError(_too_few_for_an_order(plan, players, samples))
        case "permutation":
            return "permutation"
        case "leverage" if samples >= 2:
            return "leverage"
        case _ if plan.estimator == "border" or samples < PER_PLAYER * players:
            return "border"
    return "leverage"


def _too_few_for_an_order(plan: Plan, players: int, samples: int) -> Problem:
    """What is wrong with the bound that allows so few samples."""
    least = f"at least {2 * (players - 1)}"
    order = f"one random order of the {players} features that vary and its reverse"
    for bound in ("model_calls", "samples_per_player"):
        given = getattr(plan.budget, bound)
        if given is not None and samples != plan.budget.samples:
            fix = f"Use more: it allows {samples} samples for a row, which needs {least}, {order}."
            return Problem(f"budget.{bound}", given, fix=fix)
    return Problem("budget.samples", samples, fix=f"Use {least}, {order}.")


def _designs(
    plan: Plan, scheme: Scheme, place: int, players: int, samples: int, strata: Sequence[int]
) -> tuple[Design, ...]:
    """Coalitions of one task, for each stratum if they are drawn; more samples hold a leverage design with fewer."""
    match scheme:
        case "enumeration":
            return (enumeration(players),)
        case "border":
            return (border(players, samples),)
        case "clarify":
            return (clarify(players, samples, stream(plan.seed, CLARIFY, place)),)
        case "permutation":
            return (permutations(players, samples, stream(plan.seed, PERMUTATION, place, players)),)
        case "leverage":
            return tuple(
                leverage(players, samples, partial(_stream_of_size, plan.seed, place, players, stratum))
                for stratum in strata
            )


def _stream_of_size(seed: int, place: int, players: int, stratum: int, size: int) -> np.random.Generator:
    return stream(seed, LEVERAGE, place, players, size, *((stratum,) if stratum else ()))
