"""Local values as aggregates take them: rows in pieces.

Rows are summed in pieces of a length that depends on their width alone. So rows that are read back from a file give the
same bits as rows in memory, however they came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from pellucid.records import dataclass

__all__ = ["LocalRows", "Pieces", "rows_of_a_piece"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

PIECE_VALUES = 2**18
"""Values of a piece: 2 MB, and some ten times that while they are summed."""


def rows_of_a_piece(players: int, outputs: int) -> int:
    """Rows that are summed at once.

    >>> rows_of_a_piece(players=14, outputs=1), rows_of_a_piece(players=10**6, outputs=1)
    (18724, 1)
    """
    return max(1, PIECE_VALUES // max(1, players * outputs))


@dataclass(frozen=True, slots=True, eq=False)
class LocalRows:
    """Local values of some rows.

    Parameters
    ----------
    values, errors
        Shape (rows, players, outputs).
    loadings
        Of the rows' errors on those of their blocks, for the aggregation, shape (rows, players, outputs).
    odd_parts
        What was learnt of other coalitions adds to the values, shape (rows, players, outputs).
    learnt
        Rows whose values rest on what was learnt of other coalitions, shape (rows,).
    noise_shares
        Shares of the squared errors that are noise, shape (rows,).
    blocks
        Block of every row, ascending, shape (rows,); None where rows are independent.
    """

    values: Floats
    errors: Floats
    loadings: npt.NDArray[np.floating]
    odd_parts: npt.NDArray[np.floating]
    learnt: Booleans
    noise_shares: Floats
    blocks: Integers | None = None

    @property
    def noise(self) -> Floats:
        """Variance of the noise of every value, shape (rows, players, outputs)."""
        return self.errors**2 * self.noise_shares[:, None, None]

    def pieces(self) -> Iterator[LocalRows]:
        """The same rows, `rows_of_a_piece` at a time."""
        step = rows_of_a_piece(*self.values.shape[1:])
        for start in range(0, len(self.values), step):
            part = slice(start, start + step)
            blocks = None if self.blocks is None else self.blocks[part]
            yield LocalRows(
                self.values[part],
                self.errors[part],
                self.loadings[part],
                self.odd_parts[part],
                self.learnt[part],
                self.noise_shares[part],
                blocks,
            )


Pieces = Callable[[], Iterable[LocalRows]]
