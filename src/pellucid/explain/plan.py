"""How to explain: the estimator, what it may cost, the seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, fields, replace
from typing import Literal, get_args

from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.explain.budget import Budget
from pellucid.records import dataclass

__all__ = ["BLOCK_ROWS", "PER_PLAYER", "Estimator", "Pace", "Plan", "SurrogateSettings", "rows_of_a_block"]

Estimator = Literal["auto", "enumeration", "border", "leverage", "clarify", "permutation", "surrogate"]

PER_PLAYER = 4
"""Samples per player below which a random design is nearly singular; the border design is taken instead."""


BLOCK_ROWS, MOST_BLOCK_ROWS = 64, 512
"""Rows that share designs, and in large jobs at most: many enough to make solving cheap, few enough for the errors of
designs to average out."""
BLOCKS_OF_A_JOB = 32
"""Blocks of a job with larger ones, at least: so many errors average out, so many processes can have a share, and no
more than a part of so many is lost when a job is killed."""


def rows_of_a_block(rows: int) -> int:
    """Rows that share designs in a job of so many rows.

    >>> [rows_of_a_block(rows) for rows in (10, 4_095, 4_096, 10_000, 1_000_000)]
    [64, 64, 128, 256, 512]
    """
    return min(MOST_BLOCK_ROWS, max(BLOCK_ROWS, 1 << (max(1, rows // BLOCKS_OF_A_JOB).bit_length() - 1)))


SAMPLES_OF_SURROGATE = 20
"""Samples per player by which a surrogate is corrected, unless a budget says how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurrogateSettings:
    """What a surrogate may cost beside the samples of the rows.

    Parameters
    ----------
    training_calls
        Inputs that the model is asked for to fit it, at least 100.
    audit_rows
        Rows that are also computed without it, to tell its error; 0 or more.

    Raises
    ------
    ConfigError
        Numbers are too small.
    """

    training_calls: int = 20_000
    audit_rows: int = 10

    def __post_init__(self) -> None:
        problems = []
        for name, least in (("training_calls", 100), ("audit_rows", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                fix = f"Use an integer of at least {least}."
                problems.append(Problem(f"surrogate.{name}", value, fix=fix))
        if problems:
            raise ConfigError(problems)

    @classmethod
    def of(cls, given: Mapping[str, int] | None) -> SurrogateSettings:
        """Settings by name.

        >>> SurrogateSettings.of({"audit": 5})
        Traceback (most recent call last):
        ...
        pellucid.errors.ConfigError: surrogate: got 'audit'. Use the settings of a surrogate; did you mean 'audit_rows'?
        """
        known = [setting.name for setting in fields(cls)]
        wrong = [name for name in given or () if name not in known]
        if wrong:
            raise ConfigError(
                Problem("surrogate", name, fix=f"Use the settings of a surrogate; {did_you_mean(name, known)}")
                for name in wrong
            )
        return cls(**(given or {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to explain.

    Parameters
    ----------
    estimator
        ``auto``: enumeration where it fits the budget, the border design below 4 samples per player, else leverage
        pairs, with odd terms where these are better. ``leverage`` leaves the odd terms out. ``clarify``: Clarify's own
        scheme. ``permutation``: means along random orders. ``enumeration``: all coalitions, which a budget must allow.
        ``surrogate``: for tables, exact values of a surrogate, corrected by samples of what the model says beyond it.
    budget
        What it may cost.
    seed
        At least 0. An equal seed gives equal numbers.
    surrogate
        For the estimator of this name.
    block_rows
        Rows that share designs: 64 times a power of two.

    Raises
    ------
    ConfigError
        The estimator is unknown, the seed negative, or the budget asks for more than the estimator can do.
    """

    estimator: Estimator = "auto"
    budget: Budget = field(default_factory=Budget)
    seed: int = 0
    surrogate: SurrogateSettings = field(default_factory=SurrogateSettings)
    block_rows: int = BLOCK_ROWS

    def __post_init__(self) -> None:
        known, problems = get_args(Estimator), []
        if self.estimator not in known:
            fix = f"Use one of the estimators; {did_you_mean(self.estimator, known)}"
            problems.append(Problem("estimator", self.estimator, fix=fix))
        elif self.budget.precision is not None and self.estimator not in {"auto", "leverage", "enumeration"}:
            fix = f"The estimator {self.estimator!r} cannot add samples until it is precise. Use 'auto' or 'leverage'."
            problems.append(Problem("budget.precision", self.budget.precision, fix=fix))
        if self.estimator == "surrogate" and self.budget.seconds is not None:
            fix = "A surrogate is corrected by a number of samples. Use 'samples' or 'model_calls'."
            problems.append(Problem("budget.seconds", self.budget.seconds, fix=fix))
        if self.seed < 0:
            problems.append(Problem("seed", self.seed, fix="Use an integer of at least 0."))
        if problems:
            raise ConfigError(problems)

    def of_table(self, rows: int) -> Plan:
        """The same for a table of so many rows, which share designs the more of them there are.

        A budget in seconds has to look at the clock often, and other estimators would gain nothing.
        """
        if self.estimator not in {"auto", "leverage"} or self.budget.seconds is not None:
            return self
        return replace(self, block_rows=rows_of_a_block(rows))

    def samples_beside_surrogate(self, *, players: int, rows: int, background: int = 0) -> int:
        """Coalitions per row that correct a surrogate, each asked before one background row.

        Parameters
        ----------
        players, rows
            Of the games.
        background
            Inputs that are asked to know the base, at most; a job asks them again for each of its parts.

        Raises
        ------
        ConfigError
            They are fewer than 4 per player, and not all coalitions.
        """
        budget = self.budget
        beside = self.surrogate.training_calls + max(rows, background)
        bounds: dict[str, int] = {}
        if budget.samples is not None:
            bounds["samples"] = budget.samples
        if budget.samples_per_player is not None:
            bounds["samples_per_player"] = int(budget.samples_per_player * players)
        if budget.model_calls is not None:
            bounds["model_calls"] = (budget.model_calls - beside) // rows - 1
        samples = min(bounds.values(), default=SAMPLES_OF_SURROGATE * players)
        least = min(PER_PLAYER * players, 2**players - 2)
        enough = {
            "samples": f"{least:,}",
            "samples_per_player": f"{least / players:g}",
            "model_calls": f"{rows * (least + 1) + beside:,}",
        }
        problems = [
            Problem(
                f"budget.{bound}",
                getattr(budget, bound),
                fix=f"Use at least {enough[bound]}: {least} samples for each row correct a surrogate of {players} "
                "features.",
            )
            for bound, allowed in bounds.items()
            if allowed < least
        ]
        if problems:
            raise ConfigError(problems)
        return int(samples)


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

    def allows_more(self, samples: int, most: int, players: int, rows_left: int) -> bool:
        """Whether so few ``samples`` were no more than a trial: the time allows at least twice as many for each row."""
        is_first = self.seconds is not None and samples == min(most, PER_PLAYER * players)
        return is_first and self.samples(most, players, rows_left) >= 2 * samples

    def after(self, asked: int) -> Pace:
        """The pace after ``asked`` further coalitions."""
        return Pace(self.seconds, self.clock, self.started, self.asked + asked)
