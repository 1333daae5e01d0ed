"""How many coalitions a row may cost, and what its numbers are worth then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from numbers import Integral, Real
from typing import Any

from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.records import dataclass

__all__ = ["Budget", "default_samples", "few_samples", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What an explanation may cost. The bound that is met first ends the sampling.

    Parameters
    ----------
    samples
        Coalitions per row besides the empty and the full one, at least 1. Without any bound, 2 M + 2048 for M players,
        or all 4,094 for a few rows of a block with 12 players, see `pellucid.explain.waves`.
    model_calls
        Inputs that the model may be asked for in the whole job, at least 1; every row gets an equal part.
    seconds
        Time for the whole job, above 0; rows get what the speed so far allows, so numbers depend on the machine.
    precision
        Wanted relative standard error, above 0: a row is done when the standard errors of its values, squared and
        summed, are at most ``precision``^2 times the squared values, for every output. Rows grow until then, to four
        times 2 M + 2048 samples if nothing else bounds them. Parts of the background may be asked other coalitions.
    samples_per_player
        Coalitions per row for each player that it has, above 0: a text of twice the length is asked twice as often.

    Raises
    ------
    ConfigError
        A bound is not positive.

    Examples
    --------
    >>> Budget(samples=500).samples_of(players=14, rows=1, inputs_per_coalition=1)
    500
    >>> Budget(model_calls=120_000).samples_of(players=14, rows=100, inputs_per_coalition=10)
    119
    """

    samples: int | None = None
    model_calls: int | None = None
    seconds: float | None = None
    precision: float | None = None
    samples_per_player: float | None = None

    def __post_init__(self) -> None:
        problems = []
        for name, kind, fix in (
            ("samples", Integral, "Use an integer of at least 1."),
            ("model_calls", Integral, "Use an integer of at least 1."),
            ("seconds", Real, "Use a number above 0."),
            ("precision", Real, "Use a number above 0, such as 0.05 for an error of 5 %."),
            ("samples_per_player", Real, "Use a number above 0, such as 10."),
        ):
            value = getattr(self, name)
            fits = isinstance(value, kind) and not isinstance(value, bool)
            if value is not None and not (fits and value > 0):
                problems.append(Problem(f"budget.{name}", value, fix=fix))
            elif hasattr(value, "item"):  # a number of NumPy may have too few bits for what is computed with it
                object.__setattr__(self, name, value.item())
        if problems:
            raise ConfigError(problems)

    @classmethod
    def of(cls, bounds: Mapping[str, Any] | Budget | None) -> Budget:
        """A budget from its bounds by name.

        >>> Budget.of({"sample": 5})
        Traceback (most recent call last):
        ...
        pellucid.errors.ConfigError: budget: got 'sample'. Use the bounds of a budget; did you mean 'samples'?
        """
        if bounds is None or isinstance(bounds, Budget):
            return bounds or cls()
        known = [field.name for field in fields(cls)]
        wrong = [name for name in bounds if name not in known]
        if wrong:
            raise ConfigError(
                Problem("budget", name, fix=f"Use the bounds of a budget; {did_you_mean(name, known)}")
                for name in wrong
            )
        return cls(**bounds)

    @property
    def is_bounded(self) -> bool:
        """Whether coalitions or inputs are bounded by a number."""
        return not (self.samples is None and self.model_calls is None and self.samples_per_player is None)

    def samples_of(self, *, players: int, rows: int, inputs_per_coalition: int, bases: int = 1, asked: int = 0) -> int:
        """Most coalitions per row, at least 1; ``seconds`` is left to the clock.

        Parameters
        ----------
        players, rows, inputs_per_coalition
            Of the games.
        bases
            How often the empty coalition is asked at most, besides the rows themselves and their coalitions.
        asked
            Inputs that the model was asked for before.

        Raises
        ------
        ConfigError
            The model calls do not make one coalition per row.
        """
        bounds = [] if self.samples is None else [self.samples]
        if self.samples_per_player is not None:
            bounds.append(max(1, int(self.samples_per_player * players)))
        if self.model_calls is not None:
            per_row = (self.model_calls - asked - bases * inputs_per_coalition) // rows - 1
            if per_row < inputs_per_coalition:
                least = rows * (inputs_per_coalition + 1) + bases * inputs_per_coalition + asked
                fix = f"Use at least {least}: one coalition for each of {rows} rows, and the predictions themselves."
                raise ConfigError(Problem("budget.model_calls", self.model_calls, fix=fix))
            bounds.append(per_row // inputs_per_coalition)
        if not bounds:
            bounds.append(default_samples(players) * (4 if self.precision is not None else 1))
        return min(bounds)


def default_samples(players: int) -> int:
    """Coalitions per row that Clarify and shap take where nothing is said.

    >>> default_samples(14)
    2076
    """
    return 2 * players + 2048


def few_samples(asked: Iterable[tuple[int, int, str]], estimator: str, precision: float | None) -> str:
    """The `note` on the rows with the most features, and of these the fewest samples; empty where no row needs one.

    None is needed by exact values, which take no samples, by those in two steps, which are of other players in each,
    and by values that were sampled until their errors were as small as wanted, since games of fewer players than the
    row has may have been played.

    Parameters
    ----------
    asked
        Of every row the players that can change the prediction, the samples, and how it was explained.
    estimator, precision
        As `pellucid.explain.plan.Plan` and its budget have them.

    Examples
    --------
    >>> few_samples([(14, 20, "leverage"), (14, 0, "exact: linear")], "auto", precision=0.05)
    ''
    """
    told = {"nested", "enumeration"} if precision is None else {"nested", "enumeration", "leverage", "odd terms"}
    notes = [
        (players, -samples, text)
        for players, samples, way in asked
        if players > 0 and samples > 0 and way not in told and (text := note(players, samples, estimator))
    ]
    return max(notes)[2] if notes else ""


def note(players: int, samples: int, estimator: str = "auto") -> str:
    """What numbers of so few samples are worth; empty where the samples are enough.

    Parameters
    ----------
    players
        Players that can change the prediction.
    samples
        Coalitions per row.
    estimator
        As `pellucid.explain.plan.Plan` takes it.

    Examples
    --------
    >>> note(14, 2076)
    ''
    """
    if samples >= min(4 * players, 2**players - 2):
        return ""
    fewer = "1 sample is fewer" if samples == 1 else f"{samples} samples are fewer"
    if estimator == "clarify" and samples < 2 * (players - 1):
        return (
            f"{fewer} than 2 (M - 1) = {2 * (players - 1)} for M = {players} features: Clarify's "
            "regression is under-determined and spreads the prediction over features that have no effect. Read signs "
            f"and ranks with caution, and use at least {4 * players} samples."
        )
    if samples < 2 * players:
        return (
            f"{fewer} than 2 M = {2 * players} for M = {players} features: not every feature is "
            f"tried both alone and last. The values only screen for large effects; use at least {4 * players} samples."
        )
    if estimator != "auto":
        return ""
    return (
        f"{fewer} than 4 M = {4 * players} for M = {players} features: the values are exact where "
        f"no more than two features interact, and have no standard error. Use at least {4 * players} samples for one."
    )
