"""What explaining some rows gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import numpy.typing as npt

from pellucid.records import dataclass

__all__ = ["Attributions"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]


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
    """

    values: Floats
    standard_errors: Floats
    base_values: Floats
    predictions: Floats
    samples: Integers
    blocks: Integers
    estimators: tuple[str, ...]
    model_rows: int

    @property
    def relative_errors(self) -> Floats:
        """Root of the summed squared standard errors over that of the values, shape (rows, outputs); 0 where exact."""
        errors, sizes = (self.standard_errors**2).sum(axis=1), (self.values**2).sum(axis=1)
        found: Floats = np.sqrt(np.divide(errors, sizes, out=np.where(errors > 0, np.inf, errors), where=sizes > 0))
        return found

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
        )

    def of_outputs(self, positions: Sequence[int]) -> Attributions:
        """The same rows with some of the outputs only."""
        chosen = list(positions)
        return replace(
            self,
            values=self.values[:, :, chosen],
            standard_errors=self.standard_errors[:, :, chosen],
            base_values=self.base_values[:, chosen],
            predictions=self.predictions[:, chosen],
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
        )
