"""What explaining some rows gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import numpy.typing as npt

from pellucid.explain.loadings import AGGREGATIONS, Aggregation, all_moving_together, moving_together
from pellucid.records import dataclass

__all__ = ["Attributions"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

MOST_FOLLOWED = 0.5
"""Share of its noise that a linear fit of 4 samples for each player follows."""


@dataclass(frozen=True, slots=True, eq=False)
class Attributions:
    """Shapley values of some rows, with errors and with what they cost.

    Parameters
    ----------
    values
        Shape (rows, players, outputs); over the players they add up to ``predictions - base_values``.
    standard_errors
        Shape (rows, players, outputs): 0 where exact, nan where the design gives none. They cover the sampling of
        coalitions, not the choice of the background.
    base_values, predictions
        Values of the empty and of the full coalition, shape (rows, outputs).
    samples
        Coalitions asked of each row besides the empty and the full one, shape (rows,).
    blocks
        Block of each row, shape (rows,): rows of a block share coalitions.
    estimators
        Of each row: ``enumeration``, ``border``, ``leverage``, ``odd terms``, ``clarify``, ``permutation``,
        ``surrogate``, or ``exact:`` and the name of a formula.
    model_rows
        Inputs that the model was asked for.
    loadings
        Of each row's error on the error of its block, as `pellucid.explain.loadings` has them, for each of
        ``AGGREGATIONS``, shape (rows, players, outputs, aggregations), nan where errors are; they belong to whole
        blocks. None where the errors of a block are taken to move together, or are 0.
    odd_parts
        What odd terms add to the values of the linear fit, of the shape of the values; None where there are none.
    """

    values: Floats
    standard_errors: Floats
    base_values: Floats
    predictions: Floats
    samples: Integers
    blocks: Integers
    estimators: tuple[str, ...]
    model_rows: int
    loadings: npt.NDArray[np.float32] | None = None
    odd_parts: npt.NDArray[np.float32] | None = None

    @property
    def relative_errors(self) -> Floats:
        """Root of the summed squared standard errors over that of the values, shape (rows, outputs); 0 where exact."""
        errors, sizes = (self.standard_errors**2).sum(axis=1), (self.values**2).sum(axis=1)
        found: Floats = np.sqrt(np.divide(errors, sizes, out=np.where(errors > 0, np.inf, errors), where=sizes > 0))
        return found

    @property
    def learnt(self) -> npt.NDArray[np.bool_]:
        """Rows with odd terms, shape (rows,)."""
        return np.array([way == "odd terms" for way in self.estimators], dtype=bool)

    @property
    def noise_shares(self) -> Floats:
        """Shares of the squared standard errors that are noise, shape (rows,).

        Left-out residuals are larger than those of a fit that follows every value a little, and so are the errors from
        them: the more, the fewer pairs there are for every player. Where odd terms are used, that is taken off already.
        """
        players = (self.standard_errors > 0).any(axis=2).sum(axis=1)
        followed = 2 * np.maximum(players - 1, 0) / np.maximum(self.samples, 1)
        linear = np.array([way == "leverage" for way in self.estimators], dtype=bool)
        return np.where(linear, 1 - np.minimum(followed, MOST_FOLLOWED), 1.0)

    def in_order(self, order: Integers) -> Attributions:
        """The same rows in another order: positions, shape (rows,)."""
        return Attributions(
            values=self.values[order],
            standard_errors=self.standard_errors[order],
            base_values=self.base_values[order],
            predictions=self.predictions[order],
            samples=self.samples[order],
            blocks=self.blocks[order],
            estimators=tuple(self.estimators[place] for place in order.tolist()),
            model_rows=self.model_rows,
            loadings=None if self.loadings is None else self.loadings[order],
            odd_parts=None if self.odd_parts is None else self.odd_parts[order],
        )

    def loadings_for(self, method: Aggregation) -> npt.NDArray[np.floating]:
        """Loadings for one aggregation, shape (rows, players, outputs)."""
        if self.loadings is None:
            return moving_together(self.values, self.standard_errors, method)
        return self.loadings[..., AGGREGATIONS.index(method)]

    def of_outputs(self, positions: Sequence[int]) -> Attributions:
        """The same rows with some of the outputs only."""
        chosen = list(positions)
        return replace(
            self,
            values=self.values[:, :, chosen],
            standard_errors=self.standard_errors[:, :, chosen],
            base_values=self.base_values[:, chosen],
            predictions=self.predictions[:, chosen],
            loadings=None if self.loadings is None else self.loadings[:, :, chosen],
            odd_parts=None if self.odd_parts is None else self.odd_parts[:, :, chosen],
        )

    @staticmethod
    def join(parts: Sequence[Attributions]) -> Attributions:
        """Parts one after another, at least one."""
        names = ("values", "standard_errors", "base_values", "predictions", "samples", "blocks")
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        return Attributions(
            **arrays,
            estimators=tuple(chain.from_iterable(part.estimators for part in parts)),
            model_rows=sum(part.model_rows for part in parts),
            loadings=_joined_loadings(parts),
            odd_parts=_joined_odd_parts(parts),
        )


def _joined_loadings(parts: Sequence[Attributions]) -> npt.NDArray[np.float32] | None:
    if all(part.loadings is None for part in parts):
        return None
    return np.concatenate([_all_loadings(part) for part in parts])


def _all_loadings(part: Attributions) -> npt.NDArray[np.float32]:
    if part.loadings is not None:
        return part.loadings
    return np.moveaxis(all_moving_together(part.values, part.standard_errors), 0, -1).astype(np.float32)


def _joined_odd_parts(parts: Sequence[Attributions]) -> npt.NDArray[np.float32] | None:
    if all(part.odd_parts is None for part in parts):
        return None
    none = (np.zeros(part.values.shape, np.float32) if part.odd_parts is None else part.odd_parts for part in parts)
    return np.concatenate(list(none))
