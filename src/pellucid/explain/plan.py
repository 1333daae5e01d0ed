"""How to explain: the estimator, what it may cost, the seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.explain.budget import Budget

__all__ = ["PER_PLAYER", "Estimator", "Pace", "Plan"]

Estimator = Literal["auto", "enumeration", "border", "leverage", "clarify", "permutation"]

PER_PLAYER = 4
"""Samples per player below which a random design is nearly singular; the border design is taken instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to explain.

    Parameters
    ----------
    estimator
        ``auto``: enumeration where it fits the budget, the border design below 4 samples per player, else leverage
        pairs, with odd terms where these are better. ``leverage`` leaves the odd terms out. ``clarify``: Clarify's own
        scheme. ``permutation``: means along random orders. ``enumeration``: all coalitions, whatever the budget.
    budget
        What it may cost.
    seed
        At least 0. An equal seed gives equal numbers.

    Raises
    ------
    ConfigError
        The estimator is unknown, the seed negative, or the budget asks for more than the estimator can do.
    """

    estimator: Estimator = "auto"
    budget: Budget = field(default_factory=Budget)
    seed: int = 0

    def __post_init__(self) -> None:
        known, problems = get_args(Estimator), []
        if self.estimator not in known:
            fix = f"Use one of the estimators; {did_you_mean(self.estimator, known)}"
            problems.append(Problem("estimator", self.estimator, fix=fix))
        elif self.budget.precision is not None and self.estimator not in {"auto", "leverage", "enumeration"}:
            fix = f"The estimator {self.estimator!r} cannot add samples until it is precise. Use 'auto' or 'leverage'."
            problems.append(Problem("budget.precision", self.budget.precision, fix=fix))
        if self.seed < 0:
            problems.append(Problem("seed", self.seed, fix="Use an integer of at least 0."))
        if problems:
            raise ConfigError(problems)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the work went so far, and so how much each further row may cost.

    Parameters
    ----------
    seconds
        Time for the whole work; None for no bound.
    clock
        Seconds from some moment on.
    started
        What the clock said at the start.
    asked
        Coalitions asked since.
    """

    seconds: float | None
    clock: Callable[[], float] | None
    started: float
    asked: int = 0

    def samples(self, most: int, players: int, rows_left: int) -> int:
        """Coalitions per row: ``most``, or what the time left allows, but at least one per player."""
        if self.seconds is None or self.clock is None:
            return most
        if not self.asked:
            return min(most, PER_PLAYER * players)
        spent = self.clock() - self.started
        affordable = (self.seconds - spent) * self.asked / max(spent, 1e-9) / rows_left
        return min(most, max(players, int(affordable)))

    def after(self, asked: int) -> Pace:
        """The pace after ``asked`` further coalitions."""
        return Pace(self.seconds, self.clock, self.started, self.asked + asked)
