"""Time series as games: what is absent shows the baseline; players are time steps, or single values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from pellucid.protocols.forecaster import Cell, SeriesRecord
from pellucid.records import dataclass

__all__ = ["Direction", "SeriesMasker", "TimeGranularity"]

Booleans = npt.NDArray[np.bool_]
Direction = Literal["chronological", "anti_chronological", "bidirectional"]
TimeGranularity = Literal["timewise", "fine_grained"]


@dataclass(frozen=True, slots=True, eq=False)
class SeriesMasker:
    """The game of one item's forecast.

    Players of ``fine_grained`` are the values of the target over time, then of each related series over time, then the
    static covariates. Players of ``timewise`` are the time steps; static covariates are switched together with the
    first step that is, so that the values of the steps add up.

    Parameters
    ----------
    actual
        The item.
    absent
        The same with baseline values.

    Examples
    --------
    >>> actual = SeriesRecord(
    ...     item_id="A", timestamps=(1, 2, 3), target=np.array([5.0, 6.0]), related=np.array([[0.0, 1.0, 2.0]])
    ... )
    >>> absent = SeriesRecord(item_id="A", timestamps=(1, 2, 3), target=np.zeros(2), related=np.zeros((1, 3)))
    >>> masker = SeriesMasker(actual, absent, "timewise")
    >>> [record] = masker.records(np.array([[False, True, True]]))
    >>> record.target.tolist(), record.related.tolist()
    ([0.0, 6.0], [[0.0, 1.0, 2.0]])
    """

    actual: SeriesRecord
    absent: SeriesRecord
    granularity: TimeGranularity

    @property
    def steps(self) -> int:
        """Time steps that hold a value."""
        return len(self.actual.timestamps) if len(self.actual.related) else len(self.actual.target)

    @property
    def players(self) -> int:
        """Number of players."""
        if self.granularity == "timewise":
            return self.steps
        return len(self.actual.target) + self.actual.related.size + len(self.actual.static)

    def active(self) -> Booleans:
        """Which players can change anything, shape (players,)."""
        target, related, static = self._differing()
        if self.granularity == "fine_grained":
            return np.concatenate([target, related.ravel(), static])
        active = np.zeros(self.steps, dtype=bool)
        if len(related):
            active |= related.any(axis=0)
        active[: len(target)] |= target
        if static.any():
            active[[0, -1]] = True
        return active

    def sequences(self, direction: Direction) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """Groups of players in the order in which they are switched, for each order of time.

        >>> masker = SeriesMasker(
        ...     SeriesRecord(item_id=1, timestamps=(1, 2), target=np.ones(1), related=np.ones((1, 2)), static=(7,)),
        ...     SeriesRecord(item_id=1, timestamps=(1, 2), target=np.zeros(1), related=np.zeros((1, 2)), static=(0,)),
        ...     "fine_grained",
        ... )
        >>> masker.sequences("chronological")
        (((3,), (0, 1), (2,)),)
        """
        forward = self._steps_and_static() if self.granularity == "fine_grained" else [(t,) for t in range(self.steps)]
        return {
            "chronological": (tuple(forward),),
            "anti_chronological": (tuple(forward[::-1]),),
            "bidirectional": (tuple(forward), tuple(forward[::-1])),
        }[direction]

    def records(self, coalitions: Booleans) -> list[SeriesRecord]:
        """What the model is asked with for each coalition, shape (coalitions, players)."""
        observed, series = len(self.actual.target), self.actual.related
        if self.granularity == "timewise":
            target = coalitions[:, :observed]
            related = np.zeros((len(coalitions), *series.shape), dtype=bool)
            if len(series):
                related[:] = coalitions[:, None, :]
            static = np.repeat(coalitions.sum(axis=1)[:, None] > 0, len(self.actual.static), axis=1)
        else:
            target, flat, static = np.split(coalitions, [observed, observed + series.size], axis=1)
            related = flat.reshape(len(coalitions), *series.shape)
        targets = np.where(target, self.actual.target, self.absent.target)
        relateds = np.where(related, self.actual.related, self.absent.related)
        return [
            SeriesRecord(
                item_id=self.actual.item_id,
                timestamps=self.actual.timestamps,
                target=targets[i],
                related=relateds[i],
                static=_chosen(static[i], self.actual.static, self.absent.static),
                integers=self.actual.integers,
            )
            for i in range(len(coalitions))
        ]

    def _differing(self) -> tuple[Booleans, Booleans, Booleans]:
        """Which values of target, related series and covariates differ from the baseline."""
        static = [here != absent for here, absent in zip(self.actual.static, self.absent.static, strict=True)]
        return (
            _differ(self.actual.target, self.absent.target),
            _differ(self.actual.related, self.absent.related),
            np.array(static, dtype=bool),
        )

    def _steps_and_static(self) -> list[tuple[int, ...]]:
        """Players of the static covariates, then those of each step."""
        observed, (series, steps) = len(self.actual.target), self.actual.related.shape
        end = observed + series * steps
        static = tuple(range(end, end + len(self.actual.static)))
        at_steps = [
            (*((t,) if t < observed else ()), *(observed + one * steps + t for one in range(series)))
            for t in range(self.steps)
        ]
        return [group for group in (static, *at_steps) if group]


def _differ(here: npt.NDArray[np.float64], absent: npt.NDArray[np.float64]) -> Booleans:
    return np.asarray((here != absent) & ~(np.isnan(here) & np.isnan(absent)))


def _chosen(present: Booleans, here: Sequence[Cell], absent: Sequence[Cell]) -> tuple[Cell, ...]:
    return tuple(one if on else other for on, one, other in zip(present.tolist(), here, absent, strict=True))
