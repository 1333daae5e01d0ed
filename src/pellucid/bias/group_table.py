"""The counts that one comparison of two groups rests on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pellucid.counts import Counts, Number
from pellucid.records import dataclass

__all__ = ["A", "D", "GroupTable", "counts_of"]

A, D = 0, 1
"""Positions of the two groups on the first axis: everyone else, and the sensitive group."""


def counts_of(cells: npt.NDArray[np.float64]) -> Counts:
    """Counts from cells whose last two axes are observed (negative, positive) and predicted (negative, positive).

    >>> counts_of(np.array([[11.0, 1.0], [2.0, 6.0]]))
    Counts(tp=6.0, fp=1.0, fn=2.0, tn=11.0)
    """

    def cell(observed: int, predicted: int) -> Number:
        part = cells[..., observed, predicted]
        return part if part.ndim else float(part)

    return Counts(tp=cell(1, 1), fp=cell(0, 1), fn=cell(1, 0), tn=cell(0, 0))


@dataclass(frozen=True, slots=True, eq=False)
class GroupTable:
    """Rows by group, stratum, observed and predicted outcome.

    Arrays have the shape (2, strata, 2, 2): group (a, d), stratum, observed (negative, positive), predicted (negative,
    positive). Without predictions all rows stand under predicted negative and only label metrics may be computed.

    Parameters
    ----------
    rows
        Number of rows.
    weight, weight_squared
        Sum of the row weights and of their squares; both equal ``rows`` without weights.
    without_stratum
        Whether the last stratum holds the rows that have no value of the group variable: conditional metrics leave
        them out.
    """

    rows: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    weight_squared: npt.NDArray[np.float64]
    without_stratum: bool = False

    @property
    def groups(self) -> tuple[Counts, Counts]:
        """Weighted counts of ``a`` and of ``d``."""
        totals = self.weight.sum(axis=1)
        return counts_of(totals[A]), counts_of(totals[D])

    @property
    def strata(self) -> tuple[Counts, Counts]:
        """Weighted counts of ``a`` and of ``d`` by stratum, fields of shape (strata,)."""
        cells = self.weight[:, :-1] if self.without_stratum else self.weight
        return counts_of(cells[A]), counts_of(cells[D])

    @property
    def group_rows(self) -> tuple[int, int]:
        """Number of rows of ``a`` and of ``d``."""
        return int(self.rows[A].sum()), int(self.rows[D].sum())

    def effective(self, part: Callable[[Counts], float]) -> tuple[Counts, Counts]:
        """Counts of ``a`` and of ``d``, each scaled so that ``part`` of it adds up to the rows it is worth.

        Weighted rows are worth (sum w)^2 / sum w^2 rows (Kish, 1965, *Survey Sampling*). Without weights these are the
        rows themselves.

        Parameters
        ----------
        part
            The rows that a metric is measured on, such as those observed positive.
        """
        squares = self.weight_squared.sum(axis=1)
        a, d = self.groups
        return _worth(a, part(a), part(counts_of(squares[A]))), _worth(d, part(d), part(counts_of(squares[D])))

    @property
    def effective_together(self) -> tuple[Counts, Counts]:
        """Counts of ``a`` and of ``d``, scaled alike, so that together they add up to the rows they are worth."""
        weight, square = float(self.weight.sum()), float(self.weight_squared.sum())
        a, d = self.groups
        return _worth(a, weight, square), _worth(d, weight, square)

    @property
    def effective_strata(self) -> tuple[Counts, Counts]:
        """`strata`, scaled alike, so that together they add up to the rows they are worth."""
        squares = self.weight_squared[:, :-1] if self.without_stratum else self.weight_squared
        a, d = self.strata
        weight, square = float(np.sum((a + d).n)), float(squares.sum())
        return _worth(a, weight, square), _worth(d, weight, square)


def _worth(counts: Counts, weight: float, square: float) -> Counts:
    """``counts`` scaled by (sum w)^2 / sum w^2 over sum w."""
    factor = weight / square if square else 1.0
    return Counts(counts.tp * factor, counts.fp * factor, counts.fn * factor, counts.tn * factor)
