"""How far a long step is, how fast it goes and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING

from pellucid.nouns import counted
from pellucid.records import dataclass

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pellucid.explain.game import MaskedGames
    from pellucid.explain.plan import Plan
    from pellucid.protocols.model import Batch

__all__ = ["Pace", "PredictionsTold", "most_predictions"]

EVERY = 2.0
"""Seconds between two lines on the predictions asked for."""


@dataclass(slots=True)
class Pace:
    """Counts rows while they are worked on.

    Parameters
    ----------
    total
        Rows in all.
    clock
        Seconds from some moment on.
    what
        What the rows are, in the plural, which ends in s.

    Examples
    --------
    >>> seconds = iter([0.0, 2.0, 4.0])
    >>> pace = Pace(100, lambda: next(seconds))
    >>> pace.line("explaining", 50, kept=True)
    'explaining: 50 of 100 rows'
    >>> pace.line("explaining", 20)
    'explaining: 70 of 100 rows, 5.0 rows a second, 6 s left'
    >>> Pace(1, lambda: 0.0, what="items").line("explaining", 0)
    'explaining: 0 of 1 item'
    """

    total: int
    clock: Callable[[], float]
    what: str = "rows"
    done: int = field(default=0, init=False)
    _worked: int = field(default=0, init=False)
    _begun: float = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self.clock()

    def line(self, doing: str, rows: int, *, kept: bool = False) -> str:
        """What to tell after ``rows`` further rows; those kept from an earlier run say nothing of the speed."""
        self.done += rows
        self._worked += 0 if kept else rows
        seconds = self.clock() - self._begun
        line = f"{doing}: {self.done:,} of {counted(self.total, self.what.removesuffix('s'))}"
        if not self._worked or seconds <= 0:
            return line
        rate = self._worked / seconds
        left = "" if self.done == self.total else f", {_duration((self.total - self.done) / rate)} left"
        return f"{line}, {_per_second(rate, self.what)}{left}"


@dataclass(slots=True)
class PredictionsTold:
    """Scores of a model, told of every two seconds: a single row may take minutes of a slow model.

    Parameters
    ----------
    predict
        Scores of a batch, one after another.
    tell
        Told of them.
    most
        Predictions that all the work takes at most; None where that is not known.
    at
        How far the work is; it may be changed.
    clock
        Seconds from some moment on.

    Examples
    --------
    >>> seconds = iter([0.0, 1.0, 4.0])
    >>> scores = PredictionsTold(len, print, 1000, "explaining: 0 of 3 rows", lambda: next(seconds))
    >>> scores("a" * 100), scores("b" * 100)
    explaining: 0 of 3 rows, 200 predictions, 50 a second, at most 16 s left
    (100, 100)
    """

    predict: Callable[[Batch], npt.NDArray[np.float64]]
    tell: Callable[[str], None]
    most: int | None
    at: str
    clock: Callable[[], float] = time.monotonic
    _asked: int = field(default=0, init=False)
    _begun: float = field(init=False)
    _told: float = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self._told = self.clock()

    def __call__(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Scores of the batch."""
        scores = self.predict(batch)
        self._asked += len(batch)
        now = self.clock()
        if now - self._told >= EVERY:
            self._told, rate = now, self._asked / (now - self._begun)
            known = self.most is not None and self._asked < self.most
            left = f", at most {_duration(((self.most or 0) - self._asked) / rate)} left" if known else ""
            self.tell(f"{self.at}, {counted(self._asked, 'prediction')}, {_per_second(rate)}{left}")
        return scores


def most_predictions(games: MaskedGames, plan: Plan) -> int | None:
    """Predictions that explaining all rows takes at most; None where a precision or a time decides."""
    import numpy as np

    from pellucid.explain.estimate import bases_of

    if plan.budget.precision is not None or plan.budget.seconds is not None:
        return None
    inputs = games.inputs_per_coalition
    bases = bases_of(games.rows, plan.block_rows, common=games.has_common_base)
    numbers, counts = np.unique(games.playing(range(games.rows)).sum(axis=1), return_counts=True)
    asked = 0
    for players, rows in zip(numbers.tolist(), counts.tolist(), strict=True):
        samples = plan.budget.samples_of(players=players, rows=games.rows, inputs_per_coalition=inputs, bases=bases)
        asked += rows * (min(samples, 2**players) * inputs + 1)
    return asked + bases * inputs


def _per_second(rate: float, what: str = "") -> str:
    """A rate for reading.

    >>> _per_second(0.021, "rows"), _per_second(5.25, "rows"), _per_second(1234.5)
    ('1.3 rows a minute', '5.2 rows a second', '1,234 a second')
    """
    named = f" {what}" if what else ""
    if rate < 0.1:
        return f"{60 * rate:.2g}{named} a minute"
    return f"{rate:,.0f}{named} a second" if rate >= 10 else f"{rate:.1f}{named} a second"


def _duration(seconds: float) -> str:
    """A time for reading.

    >>> _duration(5.6), _duration(90), _duration(7300)
    ('6 s', '2 min', '2.0 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
