"""Standard error of a weighted sum of rows: what their blocks err by on their own, and what all of them miss alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from pellucid.explain.local_rows import LocalRows
from pellucid.records import dataclass

__all__ = ["ErrorOfSum"]

Floats = npt.NDArray[np.float64]

ALIKE = 0.3
"""Share of the variance of values with odd terms that is believed to be the same in all blocks: what their prior did
not expect."""
LEAST_BLOCKS = 5
"""Blocks below which their spread tells too little."""


@dataclass(slots=True, eq=False)
class ErrorOfSum:
    """Standard error of a sum over blocks that err independently of each other, but for what a prior does to all.

    Parameters
    ----------
    variance
        Variance of a block, shape (blocks, players, outputs), from sums over its rows, shape (sums, ...); the first
        sum is of the weighted loadings.
    """

    variance: Callable[[Floats], Floats]
    _closed: Floats | float = 0.0
    _alike: Floats | float = 0.0
    _odd: Floats | float = 0.0
    _odd_squares: Floats | float = 0.0
    _blocks: int = 0  # with odd parts
    _open: Floats | None = None
    _block: int = -1

    def add(
        self, weighted: Floats, part: LocalRows, others: Sequence[Floats] = (), *, along: Floats | None = None
    ) -> None:
        """Add further rows; all arrays have the shape (rows, players, outputs).

        Parameters
        ----------
        weighted
            Weights of the rows in the sum.
        others
            Terms of other sums.
        along
            Weights that do not follow the noise of the rows, by default the same. Odd terms are surest of what noise
            there is: what they take off would look like what they miss.
        """
        moved, blocks = weighted * part.loadings, part.blocks
        rows = np.stack(
            [
                moved * part.learnt[:, None, None],
                (weighted if along is None else along) * part.odd_parts,
                moved,
                *others,
            ]
        )
        if blocks is None:
            self._add_blocks(rows)
            return
        starts = np.flatnonzero(np.diff(blocks, prepend=blocks[0] - 1))
        sums = np.add.reduceat(rows, starts, axis=1)
        if self._open is not None and self._block == blocks[0]:
            sums[:, :1] += self._open
        else:
            self._close()
        self._add_blocks(sums[:, :-1])
        self._open, self._block = sums[:, -1:], int(blocks[-1])

    def _add_blocks(self, sums: Floats) -> None:
        self._closed = self._closed + (self.variance(sums[2:]) - ALIKE * sums[0] ** 2).sum(axis=0)
        self._alike = self._alike + np.abs(sums[0]).sum(axis=0)
        self._odd = self._odd + sums[1].sum(axis=0)
        self._odd_squares = self._odd_squares + (sums[1] ** 2).sum(axis=0)
        self._blocks += int(sums[1].any(axis=(1, 2)).sum())

    def _close(self) -> None:
        if self._open is not None:
            self._add_blocks(self._open)
        self._open = None

    def result(self, off: Floats) -> Floats:
        """Standard error of the sum of all rows with a systematic error, shape (players, outputs).

        A linear fit misses something too, if less: as much as was seen to be `missed` may be missed once more.
        """
        self._close()
        missed, variance = self._missed()
        return np.asarray(np.sqrt(np.maximum(self._closed + variance + missed**2 + off**2, 0.0)))

    def missed(self) -> Floats:
        """How much larger the odd terms of all rows make the sum than it is, as far as can be told."""
        self._close()
        return self._missed()[0]

    def _missed(self) -> tuple[Floats, Floats]:
        """How much larger odd terms make the sum, and the variance of what is not known of it.

        The odd parts of all rows move the sum by what their prior misses and by chance, which the spread of the blocks
        tells. Of few blocks, or where odd parts are not known, all that is known is how much is believed beforehand.
        """
        believed, odd = np.asarray(ALIKE * np.square(self._alike)), np.asarray(self._odd)
        if self._blocks < LEAST_BLOCKS:
            return np.zeros(believed.shape), believed
        chance = (self._odd_squares - odd**2 / self._blocks) * self._blocks / (self._blocks - 1)
        prior = np.maximum(believed, odd**2 - 2 * chance)  # what is no more than chance may make of it says nothing
        share = np.divide(prior, prior + chance, out=np.ones(prior.shape), where=prior + chance > 0)
        known = np.asarray(self._odd_squares) > 0
        return np.where(known, odd * share, 0.0), np.where(known, chance * share, believed)
